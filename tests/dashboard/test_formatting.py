"""Numbers and users' texts as a page writes them."""

from __future__ import annotations

from dashboard.shared.formatting import as_text, large_type, table_height, without_images
from data.phrases import percent


def test_a_share_keeps_one_decimal() -> None:
    assert [percent(share) for share in (0, 0.9418, 1)] == ["0.0 %", "94.2 %", "100.0 %"]


def test_markdown_in_a_text_is_shown_as_it_is_written() -> None:
    assert as_text("_unknown_ [a](b) $x$ `c` ~d~ <e> :f:") == (r"\_unknown\_ \[a\](b) \$x\$ \`c\` \~d\~ \<e> \:f\:")
    assert as_text("naïve 東京, left!") == "naïve 東京, left!"


def test_html_in_an_answer_is_shown_as_it_is_written() -> None:
    made = large_type("<script>alert(1)</script> & more")
    assert "<script" not in made
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in made


def test_a_table_is_as_high_as_its_rows_up_to_a_limit() -> None:
    """A speaker alone stood above seven empty rows."""
    assert table_height(1, 8) < table_height(8, 8) < table_height(9, 8) == table_height(900, 8)
    assert table_height(9, 8) < table_height(9, 9), "half a row tells that there are more"


def test_an_image_in_a_card_of_elsewhere_becomes_a_link() -> None:
    card = "![a map](https://elsewhere.example/a.png) ![b][1] [![c](d)](e)\n\n[1]: https://elsewhere.example/b.png\nWow! [f](g)"
    made = without_images(card)
    assert made == card.replace("![", "[")
    assert "Wow! [f](g)" in made
