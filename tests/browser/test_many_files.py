"""A folder or many files on Your words' upload boxes in a real Chromium: packed there, and understood as they came."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.words.many_files import MOST_FILES
from data.own import corpus as own_corpus
from tests.support.brought import packed_zip
from tests.support.pages import wav
from tests.support.served import Served
from tests.support.sounds import tone

pytestmark = pytest.mark.browser

MANY = MOST_FILES + 10
LONG = "灯" * 30 + "-" * 60  # 150 bytes, more than a tar's header holds


@pytest.fixture
def page(page: Page, served: Served, no_own_words: None) -> Page:
    """The section Upload of an empty corpus."""
    own_corpus.create("Mine")
    page.goto(f"{served.url}/words")
    page.get_by_role("radio", name="Upload").click()
    expect(page.locator("input[type=file]")).to_have_count(2)
    page.wait_for_timeout(500)  # for the listener
    return page


def _folder(folder: Path, count: int) -> Path:
    """Clips of the words `left` and `right`, the first with a long name, and a hidden file far down."""
    for number in range(count):
        path = folder / ("left", "right")[number % 2] / f"ann_nohash_{number}{LONG if number == 0 else ''}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav(tone(300 + number, 0.4)))
    deep = folder / ".git" / "/".join("abcdefghij") / "x"  # more levels than an archive may have
    deep.parent.mkdir(parents=True)
    deep.write_bytes(b"hidden")
    return folder


def _sent(page: Page) -> list[str]:
    """The files that the page sends from now on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    return sent


def _add(page: Page, count: int) -> None:
    page.get_by_role("button", name=f"Add {count} clips").click()
    expect(page.get_by_text(f"{count} clips added.")).to_be_visible()


def test_a_chosen_folder_arrives_as_one_file_and_each_clip_as_it_was(page: Page, tmp_path: Path) -> None:
    """One request a file froze the tab for minutes with 2,000 of them."""
    folder = _folder(tmp_path / "words", MANY)
    sent = _sent(page)
    page.locator("input[type=file]").nth(1).set_input_files(folder)
    _add(page, MANY)
    assert len(sent) == 1
    clips = own_corpus.OwnCorpus("Mine").clips()
    assert {clip.original: clip.path.read_bytes() for clip in clips} == {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.wav")
    }
    assert {(clip.label, clip.speaker) for clip in clips} == {("left", "ann"), ("right", "ann")}


def test_a_dropped_folder_keeps_its_words(page: Page, tmp_path: Path) -> None:
    """Dropped files come without their folders in Streamlit's box, so their words were lost."""
    folder = _folder(tmp_path / "words", 4)
    box = page.get_by_test_id("stFileUploaderDropzone").nth(1).bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 20, "y": box["y"] + 20, "data": data})
    _add(page, 4)
    assert {clip.label for clip in own_corpus.OwnCorpus("Mine").clips()} == {"left", "right"}
    expect(page.get_by_text("Drag and drop")).to_have_count(0)


def test_many_chosen_files_arrive_as_one_beside_an_archive(page: Page, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "words", MANY)
    packed = tmp_path / "more.zip"
    packed_zip(packed, {"up/x.wav": wav(tone(900, 0.4))})
    page.get_by_role("textbox", name="Word").fill("lamp")
    page.get_by_role("textbox", name="Word").press("Enter")
    sent = _sent(page)
    page.locator("input[type=file]").nth(0).set_input_files([*folder.rglob("*.wav"), packed])
    _add(page, MANY + 1)
    assert len(sent) == 2
    labels = [clip.label for clip in own_corpus.OwnCorpus("Mine").clips()]
    assert (labels.count("lamp"), labels.count("up")) == (MANY, 1)


def test_a_few_files_arrive_one_by_one(page: Page, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "words", 3)
    sent = _sent(page)
    page.locator("input[type=file]").nth(1).set_input_files(folder)
    expect(page.get_by_role("button", name=re.compile("Add 3 clips"))).to_be_visible()
    assert len(sent) == 3
