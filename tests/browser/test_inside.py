"""Inside in a real Chromium: moved through without asking the server, linked to, and with a network from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.shared.address import link_to
from tests.support.browsing import PATIENCE, drawn, frames_sent, quiet
from tests.support.served import Served

pytestmark = pytest.mark.browser


def test_the_stepper_moves_without_asking_the_server(page: Page, served: Served, tmp_path: Path) -> None:
    sent = frames_sent(page)
    page.goto(f"{served.url}/inside")
    expect(page.get_by_text("If the clip ended here:")).to_be_visible(timeout=PATIENCE)
    where = page.locator(".stepper .where")
    expect(where).to_contain_text(re.compile(r"frame (\d+) of \1"))
    expect(page.locator(".stepper .heard")).to_have_text("stop")
    drawn(page)
    quiet(page, sent)

    page.get_by_label("frame", exact=True).press("ArrowLeft")
    frames = int(re.search(r"of (\d+)", where.inner_text())[1])  # type: ignore[index]
    expect(where).to_contain_text(f"frame {frames - 1} of {frames}")
    strip = page.locator(".stepper canvas").nth(1)
    strip.evaluate('one => one.scrollIntoView({ block: "center" })')
    plot = strip.bounding_box()
    assert plot is not None
    page.mouse.move(plot["x"] + 0.5 * plot["width"], plot["y"] + 10)
    page.mouse.down()
    page.mouse.move(plot["x"] + 0.02 * plot["width"], plot["y"] + 10, steps=5)
    page.mouse.up()
    expect(where).to_contain_text(re.compile(r"frame [12] of"))
    expect(page.locator(".stepper .heard")).not_to_have_text("stop")
    expect(page.locator(".stepper .words li")).to_have_count(3)
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(where).to_contain_text(f"frame {frames} of {frames}", timeout=20_000)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert not sent, "the cursor asks the server for nothing, so nothing is drawn anew"

    # the handout does the same without a server
    with page.expect_download() as loading:
        page.get_by_role("button", name="Save as a handout").click()
    file = tmp_path / "handout.html"
    loading.value.save_as(file)
    page.context.set_offline(True)
    page.goto(file.as_uri())
    expect(page.locator(".stepper .heard")).to_have_text("stop")
    page.get_by_label("frame", exact=True).press("Home")
    expect(where).to_contain_text("frame 1 of")
    expect(page.locator("math").first).to_be_visible()


def test_a_link_opens_inside_at_its_frame_and_back_goes_back(page: Page, served: Served) -> None:
    where = page.locator(".stepper .where")
    page.goto(f"{served.url}{link_to('inside', run='plain-gru', clip='voice:left', view='Step by step', frame=12)}")
    expect(where).to_contain_text("frame 13 of", timeout=PATIENCE)
    page.get_by_label("frame", exact=True).press("ArrowRight")
    expect(page).to_have_url(re.compile("frame=13"))
    page.get_by_role("radio", name="Gradient").click()
    expect(page).to_have_url(re.compile("view=gradient"))
    page.go_back()
    expect(where).to_contain_text("frame 14 of")
    page.get_by_role("link", name="Evaluate", exact=True).click()
    page.get_by_role("tab", name="Per class").click(timeout=PATIENCE)
    expect(page).to_have_url(re.compile("/evaluate.*tab=Per"))
    page.reload()
    expect(page.get_by_role("tab", name="Per class")).to_have_attribute("aria-selected", "true", timeout=PATIENCE)
    page.get_by_role("link", name="Inside", exact=True).click()
    expect(page).to_have_url(re.compile("/inside.*view=step-by-step"), timeout=PATIENCE)


def test_the_cell_by_hand_opens_from_a_link_and_asks_nothing_of_the_server(page: Page, served: Served) -> None:
    sent = frames_sent(page)
    page.goto(f"{served.url}/inside?run=plain-lstm&clip=voice:stop&view=cell&frame=20&unit=12&part=output")
    title = page.locator(".cell-by-hand .formula h4")
    expect(title).to_have_text("Output gate, unit 12", timeout=PATIENCE)
    expect(page.locator(".cell-by-hand .where")).to_contain_text("step 21 of")
    drawn(page)
    quiet(page, sent)
    gate = page.get_by_role("button", name="Forget gate")
    gate.focus()
    gate.press("Enter")
    gate.press("ArrowRight")
    gate.press("ArrowDown")
    expect(title).to_have_text("Forget gate, unit 13")
    expect(page.locator(".cell-by-hand .where")).to_contain_text("step 22 of")
    page.wait_for_url(re.compile("frame=21.*unit=13.*part=forget"))
    assert not sent, "everything is computed in the browser"
    page.get_by_role("radio", name="Small GRU").click()
    page.get_by_role("button", name="Odd or even").click()
    page.get_by_role("button", name="Update gate").click()
    weight = page.get_by_label("weight of x")
    weight.fill("0")
    expect(page.locator(".cell-by-hand .formula p")).to_contain_text("keeps 99 %")


def test_a_network_trained_elsewhere_is_opened_by_keyboard_and_looked_into(
    page: Page, served: Served, tmp_path: Path
) -> None:
    import keras

    model = keras.Sequential(
        [keras.Input((None, 13)), keras.layers.LSTM(6), keras.layers.Dense(2, activation="softmax")]
    )
    model.save(tmp_path / "student.keras")
    (tmp_path / "other.keras").write_bytes(b"no network")

    page.goto(f"{served.url}/inside")
    page.get_by_role("button", name="Open a keras file").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.locator("input[type=file]").set_input_files(tmp_path / "other.keras")
    expect(dialog.get_by_text("other.keras is neither a .keras nor an .h5 file")).to_be_visible()
    dialog.locator("input[type=file]").set_input_files(tmp_path / "student.keras")
    expect(dialog.get_by_text("LSTM of 6 units")).to_be_visible(timeout=PATIENCE)
    labels = dialog.get_by_role("textbox", name="in the order of its outputs")
    labels.fill("left, right")
    labels.press("Tab")
    opens = dialog.get_by_test_id("stBaseButton-primary").last
    expect(opens).to_be_enabled()
    opens.press("Enter")
    expect(dialog).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_role("combobox", name="Model")).to_have_value(
        re.compile("opened from student.keras"), timeout=PATIENCE
    )
    expect(page.get_by_text("6 units").first).to_be_visible(timeout=PATIENCE)
