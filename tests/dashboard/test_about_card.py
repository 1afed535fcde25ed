"""Cards of one's own corpora and models: filled in on the page, shown where they stand, exported."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from streamlit.testing.v1 import AppTest

from audio_models.export import model_folder
from audio_models.jobs import runs
from audio_models.report import evaluation_page
from data.card import Card
from data.own import corpus as own_corpus
from data.own.new_clips import NewClip
from tests.support.pages import button, healthy, open_page, text_of
from tests.support.sounds import tone, write


def test_a_corpus_is_described_on_data_and_shown_on_train(home: Path, tmp_path: Path) -> None:
    made = own_corpus.create("lights")
    clip = write(tmp_path / "a.wav", tone(300))
    made.add([NewClip("on", None, "upload", "a.wav", clip, ".wav", 1.0)])
    app = open_page("corpora")
    app.selectbox(key="corpus-box-data").set_value("own:lights").run()
    assert button(app, "Describe this corpus")
    form = AppTest.from_function(_form).run()  # in the dialog of that button, which no test without a browser can open
    _type(form, "Made by", "Ann *Smith*")
    _type(form, "Notes", "in the kitchen")
    button(form, "Save").click().run()
    healthy(form)
    assert made.card == Card(made_by="Ann *Smith*", notes="in the kitchen")
    app.run()
    assert button(app, "Change")
    assert "**Made by**: Ann \\*Smith\\*" in text_of(app)
    app.switch_page("app_pages/train.py").run()
    assert "**Notes**: in the kitchen" in text_of(app)


def test_a_model_takes_its_card_along(home: Path) -> None:
    (run,) = runs.listing()
    assert run.about == Card(), "a run of before has none, and opens"
    run.write_about(Card(made_by="Ann", licence="CC BY 4.0\nwith a line"))
    text = text_of(open_page("evaluate"))
    assert "**Made by**: Ann" in text
    with zipfile.ZipFile(io.BytesIO(model_folder.zipped(run))) as packed:
        card = packed.read("echoic-model/README.md").decode("utf-8")
    assert "- **Made by**: Ann\n- **Licence**: CC BY 4.0 with a line\n" in card
    assert "<dt>Made by</dt><dd>Ann</dd>" in str(evaluation_page.templates.render("evaluation.html", **_page(run)))


def _page(run: runs.Run) -> dict[str, object]:
    """The values of a report that has nothing but the network."""
    return {
        "title": "", "accuracy": "", "lead": "", "remarks": (), "parts": (), "corpus": {}, "settings": {}, "origin": "",
        "network": evaluation_page._network(run),
    }  # fmt: skip


def _form() -> None:
    from dashboard.shared import about_card
    from data.own.corpus import OwnCorpus

    corpus = OwnCorpus("lights")
    about_card.form("lights", corpus.card, corpus.write_card, "corpus")


def _type(app: AppTest, label: str, text: str) -> None:
    next(one for one in (*app.text_input, *app.text_area) if one.label == label).set_value(text)
