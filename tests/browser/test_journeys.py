"""The journeys of a newcomer in a real Chromium: load, train, watch, evaluate, listen, speak; and what goes wrong.

The microphone is Chromium's fake device, fed with a synthetic voice. Each journey can be run alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
import soxr
from playwright.sync_api import Browser, Page, expect

from audio_models.config import NetworkConfig
from audio_models.jobs import runs
from audio_models.jobs.job_folder import State
from audio_models.recognition.recognizer import Recognizer
from dashboard.shared.address import link_to
from data.corpus import CorpusReference
from data.phrases import plural
from data.public.synthetic_voices import SAMPLE_RATE, say, voices
from data.workspace import PROJECT
from tests.support.browsing import choose, drawn
from tests.support.served import Served, dashboard, fake_microphone
from tests.support.sounds import glides, write
from tests.support.tone_network import HIGH, LOW, tone_run, tones
from tests.support.untrained import untrained_run
from tests.support.voices import said

pytestmark = pytest.mark.browser

PATIENCE = 120_000  # milliseconds, for a training
CUT_OFF = """groups => groups.flatMap((group) => [...group.querySelectorAll("button")])
    .filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.textContent)"""
PAGES = ("", "listen", "live", "words", "data", "train", "evaluate", "learn", "inside", "memory", "compare")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two runs: `untrained`, which guesses at rises and falls, and one that hears tones."""
    made = tmp_path_factory.mktemp("browser")
    corpus = glides(tmp_path_factory.mktemp("glides"), speakers=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHOIC_HOME", str(made))
        guesses = untrained_run(
            NetworkConfig("gru", 8), corpus=CorpusReference(str(corpus)), words=("rise", "fall"), scale=9
        )
        for run in (guesses, tone_run()):
            run.write_state(State("finished"))  # or a training would wait for them
    return made


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    with dashboard(home, at_most=480) as made:
        yield made


@pytest.fixture(scope="module")
def first_visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """A dashboard on a workspace that holds nothing, and that workspace."""
    home = tmp_path_factory.mktemp("first")
    with dashboard(home, at_most=480) as made:
        yield made, home


def _run_folders(home: Path) -> list[Path]:
    return [path for path in (home / "runs").glob("*") if path.is_dir() and not path.name.startswith(".")]


def test_first_visit_to_a_trained_network(page: Page, first_visit: tuple[Served, Path]) -> None:
    served, home = first_visit
    page.goto(served.url)
    expect(page.get_by_text("It knows:")).to_contain_text("left")

    page.get_by_role("link", name="Data", exact=True).click()
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text("Speaker-disjoint")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("4,000")).to_be_visible()

    page.get_by_role("link", name="Train", exact=True).click()
    began = time.monotonic()
    page.get_by_role("button", name="Train a first model").click()
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 12"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2, timeout=PATIENCE)
    page.reload()  # it is still there
    expect(page.get_by_text("finished")).to_be_visible(timeout=PATIENCE)
    assert time.monotonic() - began < 60, "under a minute is promised"
    best = page.get_by_text(re.compile("^Best(?: so far)?: "))
    expect(best).to_have_count(1)  # what was drawn before is gone
    expect(best).to_contain_text("validation")
    [folder] = _run_folders(home)
    assert runs.Run(folder).state.status == "finished"


def test_a_wrong_cell_plays_its_clips(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/evaluate")
    choose(page, "Model", "untrained")
    expect(page.get_by_text("Click a cell to hear its clips")).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="all").click()
    expect(page.get_by_text("all, 120 clips").first).to_be_visible(timeout=PATIENCE)
    cells = page.locator('path[aria-roledescription="rect mark"]')
    expect(cells).to_have_count(16)  # rise, fall, unknown and silence
    # the tabs behind it are drawn too: a click while the page is still being drawn is lost now and then
    drawn(page)
    wrong = None
    for label in [cells.nth(number).get_attribute("aria-label") or "" for number in range(16)]:
        parts = dict(part.split(": ") for part in label.split("; "))
        if parts["spoken"] != parts["heard as"] and int(parts["clips"]):
            wrong = parts
    assert wrong is not None, "it guesses"
    spoken, heard = wrong["spoken"], wrong["heard as"]
    cell = page.locator(f'path[aria-label^="heard as: {heard}; spoken: {spoken};"]').first
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # on the number, as a user does
    heading = page.get_by_role("heading", name=f"{spoken} heard as {heard}: {plural(int(wrong['clips']), 'time')}")
    expect(heading).to_be_visible(timeout=20_000)
    players = page.locator("audio:visible")
    expect(players).to_have_count(min(9, int(wrong["clips"])))
    players.first.evaluate("player => player.load()")
    page.wait_for_function("() => document.querySelector('audio').duration > 0.2")


def test_a_word_spoken_into_the_microphone_is_understood(
    launch: Callable[..., Browser], served: Served, tmp_path: Path
) -> None:
    recognizer = Recognizer.of_run(runs.find("commands"))
    # the clearest of ten voices: this is a test of the microphone, not of the network
    said_by_each = [say("stop", voice, 0) for voice in voices()[::10]]
    samples = max(said_by_each, key=lambda sound: recognizer.classify(sound).probabilities["stop"])
    spoken = soxr.resample(samples, SAMPLE_RATE, 48_000)
    silence = np.zeros(48_000, np.float32)
    file = tmp_path / "spoken.wav"
    soundfile.write(file, np.concatenate([silence, spoken, silence, silence]), 48_000)
    page = _with_microphone(launch, file)
    page.goto(served.url)
    choose(page, "Model", "commands")
    drawn(page)
    microphone = page.get_by_test_id("stAudioInput")
    microphone.get_by_role("button", name="Record").click(timeout=30_000)
    page.wait_for_timeout(3_500)
    microphone.get_by_role("button", name="Stop recording").click()
    answer = page.locator(".echoic-answer")
    expect(answer).to_be_visible(timeout=30_000)
    expect(answer).to_have_text("stop")
    expect(page.get_by_text("Your recording")).to_be_visible()
    expect(page.get_by_text(re.compile("This is the loudest second of your [34]"))).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    _close(page)


def _with_microphone(launch: Callable[..., Browser], recording: Path) -> Page:
    """A page of a browser whose microphone hears a recording, from its start each time."""
    browser = launch(*fake_microphone(recording))
    return browser.new_context(permissions=["microphone"], viewport={"width": 1440, "height": 900}).new_page()


def _close(page: Page) -> None:
    browser = page.context.browser
    assert browser is not None
    browser.close()


def test_own_words_are_brought_recorded_taught_and_understood(
    launch: Callable[..., Browser], served: Served, tmp_path: Path
) -> None:
    file = tmp_path / "music.wav"
    seconds = said(["music"] * 6, file)
    page = _with_microphone(launch, file)
    page.set_default_timeout(30_000)
    page.goto(f"{served.url}/words")
    page.get_by_role("button", name="Begin").click()
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Upload").click()
    clips = [write(tmp_path / f"lamp-{take}.wav", say("lamp", voices()[12], take)) for take in range(6)]
    for label, text in (("Word", "lamp"), ("Speaker", "anna")):
        page.get_by_role("textbox", name=label).fill(text)
        page.get_by_role("textbox", name=label).press("Enter")
        drawn(page)
    page.locator("input[type=file]").first.set_input_files(clips)
    page.get_by_role("button", name="Add 6 clips").click()
    expect(page.get_by_text("6 clips added.")).to_be_visible()

    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Record").click()
    # Upload has a field "Word" too: what is typed before the section has changed is lost
    expect(page.get_by_text("Type a word to record it.")).to_be_visible()
    drawn(page)
    for label, text in (("Word", "music"), ("Speaker", "anna")):
        page.get_by_role("textbox", name=label).fill(text)
        page.get_by_role("textbox", name=label).press("Enter")
        drawn(page)
    expect(page.get_by_text("Say “music” ten times")).to_be_visible()
    microphone = page.get_by_test_id("stAudioInput")
    microphone.get_by_role("button", name="Record").click()
    page.wait_for_timeout(1000 * seconds)  # as long as they are said
    microphone.get_by_role("button", name="Stop recording").click()
    keep = page.get_by_role("button", name=re.compile(r"Keep [67] takes"))
    expect(keep).to_be_visible(timeout=PATIENCE)
    keep.click()
    expect(page.get_by_text(re.compile("[67] takes of “music” kept"))).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Clips").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Map").click()
    expect(page.get_by_text("nearest neighbours are the same word")).to_be_visible(timeout=PATIENCE)
    point = page.locator('path[aria-roledescription="point"]').first
    point.click(force=True)  # its neighbour may lie on it
    expect(page.locator("audio")).to_have_count(1, timeout=30_000)

    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Teach").click()
    page.get_by_test_id("stMain").get_by_role("button", name="Teach").click()
    expect(page.get_by_text("cross-validated")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("All clips are by one speaker, anna")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Try it").click()
    microphone = page.get_by_test_id("stAudioInput")
    microphone.get_by_role("button", name="Record").click()
    page.wait_for_timeout(1_700)  # the first take
    microphone.get_by_role("button", name="Stop recording").click()
    expect(page.locator(".echoic-answer")).to_have_text("music", timeout=PATIENCE)
    _close(page)


def test_clips_are_dropped_good_and_bad(page: Page, served: Served, tmp_path: Path) -> None:
    good = write(tmp_path / "good.wav", say("left", voices()[12], 0))
    bad = tmp_path / "<b>_renamed_.wav"
    bad.write_text("this is no sound")
    page.goto(served.url)
    page.locator("input[type=file]").set_input_files(bad)
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("<b>_renamed_.wav cannot be read as audio")
    page.reload()
    page.locator("input[type=file]").set_input_files([good, bad])
    expect(page.get_by_text("Select a row to see the evidence")).to_be_visible()
    expect(page.locator(".echoic-answer")).to_be_visible()


def test_a_killed_training_is_interrupted_and_resumes(page: Page, first_visit: tuple[Served, Path]) -> None:
    served, home = first_visit
    before = set(_run_folders(home))
    page.goto(f"{served.url}/train")
    page.get_by_role("radio", name="Plain cell").click()
    expect(page.get_by_text("the textbook network")).to_be_visible()
    page.get_by_text("More settings").click()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(r"Epoch ([3-9]|\d\d) of 30"))).to_be_in_viewport(timeout=PATIENCE)
    [folder] = set(_run_folders(home)) - before
    run = runs.Run(folder)
    process = next(one for one in psutil.process_iter(["cmdline"]) if str(folder) in (one.info["cmdline"] or []))
    process.kill()
    expect(page.get_by_text("its process was killed")).to_be_visible(timeout=5_000)
    epoch = run.state.epoch
    assert epoch >= 2
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(re.compile(rf"Epoch ({epoch + 2}|{epoch + 3}) of 30"))).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled after")).to_be_visible(timeout=5_000)
    assert run.state.status == "cancelled"
    assert [row.epoch for row in run.history] == list(range(1, len(run.history) + 1))
    assert run.has_model


def test_every_page_fits_a_phone_in_both_schemes_tells_no_traceback_and_asks_nothing_of_another_host(
    browser: Browser, served: Served
) -> None:
    asked: list[str] = []
    phones = {}
    for scheme in ("light", "dark"):
        phones[scheme] = browser.new_context(viewport={"width": 420, "height": 900}, color_scheme=scheme).new_page()
        phones[scheme].on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        for page in phones.values():
            page.goto(f"{served.url}/{path}", wait_until="commit")
        for scheme, page in phones.items():
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
            drawn(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 420, path
            cut_off = page.get_by_test_id("stButtonGroup").evaluate_all(CUT_OFF)
            assert cut_off == [], (path, "choices that lie beyond the right edge")
            assert page.get_by_test_id("stException").count() == 0
            background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
            darkness = sum(int(part) for part in re.findall(r"\d+", background)[:3])
            assert (darkness < 150) == (scheme == "dark")
            assert page.get_by_text("Deploy").count() == 0
    assert [url for url in asked if not url.startswith((served.url, "data:", "blob:"))] == []
    for page in phones.values():
        page.context.close()


def test_a_chosen_event_is_played_and_listening_can_be_cancelled(page: Page, served: Served, tmp_path: Path) -> None:
    recording = write(
        tmp_path / "a day.wav", tones((1.0, LOW), (3.0, HIGH), (5.0, LOW), seconds=20, rate=44_100), 44_100
    )
    long = write(tmp_path / "long.wav", np.zeros(60 * 60 * 8000, np.float32), 8000)
    page.set_viewport_size({"width": 1200, "height": 1600})
    page.goto(f"{served.url}/listen")
    choose(page, "Model", "tones")
    page.get_by_text("On this computer").click()
    path = page.get_by_role("textbox", name="Path of a recording")
    start = page.get_by_role("button", name="Listen", exact=True)

    path.fill(str(long))
    path.press("Enter")
    start.click()
    page.get_by_text("seconds of sound").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Stopped before the end").wait_for()

    path.fill(str(recording))
    path.press("Enter")
    expect(page.get_by_text("Stopped before the end")).to_have_count(0)
    start.click()
    table = page.get_by_test_id("stDataFrame")
    table.wait_for()
    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").nth(2).wait_for()
    drawn(page)
    before, box = None, table.bounding_box()
    while box is None or box != before:  # the charts above it get their height one after the other
        page.wait_for_timeout(300)
        before, box = box, table.bounding_box()
    page.mouse.click(box["x"] + 18, box["y"] + 2.5 * 35)  # the box of the second row
    expect(page.get_by_label("Seconds shown")).to_have_value("2.5")
    assert float(page.get_by_label("From second").input_value()) == pytest.approx(1.7, abs=0.3)
    page.wait_for_function("[...document.querySelectorAll('audio')].some(one => one.currentTime > 0.1)")


def test_a_second_dashboard_on_the_same_port_says_so(served: Served, home: Path) -> None:
    port = served.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "dashboard", "--port", port], cwd=PROJECT, capture_output=True, text=True, timeout=30, check=False
    )  # fmt: skip
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_server_never_imports_tensorflow_and_listens_on_this_computer_only(served: Served) -> None:
    addresses = {
        connection.laddr.ip for connection in served.process.net_connections() if connection.status == "LISTEN"
    }
    assert addresses == {"127.0.0.1"}
    loaded = {Path(entry.path).name for entry in served.process.memory_maps()}
    assert not [name for name in loaded if "tensorflow" in name]


def test_the_stepper_moves_without_asking_the_server(page: Page, served: Served, tmp_path: Path) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{served.url}/inside")
    expect(page.get_by_text("If the clip ended here:")).to_be_visible(timeout=PATIENCE)
    where = page.locator(".stepper .where")
    expect(where).to_contain_text(re.compile(r"frame (\d+) of \1"))
    expect(page.locator(".stepper .heard")).to_have_text("stop")
    drawn(page)
    before = -1
    while before != len(sent):  # what the page still says to the server when it opens
        before = len(sent)
        page.wait_for_timeout(500)
    sent.clear()

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
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{served.url}/inside?run=plain-lstm&clip=voice:stop&view=cell&frame=20&unit=12&part=output")
    title = page.locator(".cell-by-hand .formula h4")
    expect(title).to_have_text("Output gate, unit 12", timeout=PATIENCE)
    expect(page.locator(".cell-by-hand .where")).to_contain_text("step 21 of")
    drawn(page)
    before = -1
    while before != len(sent):  # what the page still says to the server when it opens
        before = len(sent)
        page.wait_for_timeout(500)
    sent.clear()
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


def test_the_memory_lab_measures_in_front_of_the_user(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/memory")
    page.get_by_text("Settings", exact=True).click()
    lengths = page.get_by_label("Lengths T", exact=True)
    lengths.fill("3, 60")
    lengths.press("Enter")
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_text(re.compile(r"[1-6] of 6 points"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile(r"(remembers|fails at) \d+ steps|remembers all")).first).to_be_visible(
        timeout=30_000
    )
    page.reload()
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible(timeout=30_000)


def test_a_small_training_is_steered_and_a_bit_is_flipped_by_keyboard(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/memory?view=one-cell-trained-now&length=60&rate=0.0001")
    page.get_by_role("button", name="Train", exact=True).press("Enter")
    expect(page.get_by_text("is learning to remember 60 steps")).to_be_visible()
    length = page.get_by_role("slider", name="Length T")
    for _ in range(3):
        length.press("ArrowLeft")
    expect(page.get_by_text("is learning to remember 57 steps")).to_be_visible()
    page.get_by_role("button", name="Stop").press("Enter")
    expect(page.get_by_text("does not remember 57 steps")).to_be_visible()
    expect(page).to_have_url(re.compile("length=57"))
    page.get_by_role("button", name="Train on").press("Enter")  # and is left while it runs
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.goto(f"{served.url}/learn?scene=any_algorithm")
    bit = page.get_by_role("button", name="bit 2 is 0")
    expect(bit).to_be_visible()
    answers = page.locator(".machine tr").last.locator("td")
    before = answers.all_text_contents()
    bit.press("Space")
    flipped = page.get_by_role("button", name="bit 2 is 1")
    expect(flipped).to_be_focused()
    odd_for_even = {"odd": "even", "even": "odd"}
    assert answers.all_text_contents() == before[:2] + [odd_for_even[one] for one in before[2:]]


def test_compare_answers_both_questions_at_once_by_keyboard(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/compare")
    expect(page.get_by_role("heading", name=re.compile(r"(Too close to call|most accurate)"))).to_be_visible()
    page.get_by_role("radio", name="Last state or mean?").press("Enter")
    expect(page.get_by_role("heading", name=re.compile("is better for SimpleRNN"))).to_be_visible()
    expect(page.get_by_role("rowheader", name=re.compile("SimpleRNN, mean and"))).to_be_visible()
    page.get_by_role("switch", name="Statistics").press("Space")
    expect(page.get_by_role("columnheader", name="95 % interval [points]")).to_be_visible()
    expect(page).to_have_url(re.compile("question=last-state-or-mean"))


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
