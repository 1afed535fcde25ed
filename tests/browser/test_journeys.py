"""The journeys of a newcomer in a real Chromium: load, train, watch, evaluate, listen, speak; and what goes wrong.

The microphone is Chromium's fake device, fed with a synthetic voice. Needs Chromium; `ECHOIC_REQUIRE_BROWSER=1` makes
its absence a failure.
"""

from __future__ import annotations

import os
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

from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.recognition.recognizer import Recognizer
from data.workspace import PROJECT
from tests.conftest import shell
from tests.support.served import CHROMIUM, CHROMIUM_ARGUMENTS, Served, dashboard, fake_microphone
from tests.support.voices import said

if not CHROMIUM.exists() and os.environ.get("ECHOIC_REQUIRE_BROWSER") != "1":
    pytest.skip(f"no Chromium at {CHROMIUM}", allow_module_level=True)

from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.browser

PATIENCE = 120_000  # milliseconds, for a training
PAGES = ("", "listen", "live", "words", "data", "train", "evaluate", "inside", "memory", "compare")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one trained run, so that each journey can be run alone and in any order."""
    made = tmp_path_factory.mktemp("browser")
    done = shell(
        "train", "--recipe", "plain", "--labels", "left,right,up,down,go,stop", "--units", 64, "--epochs", 16, "--patience", 4,
        "--name", "words", "--json", home=made,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    with dashboard(home, at_most=480) as made:
        yield made


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts Chromium with arguments of its own; all are closed at the end."""
    with sync_playwright() as playwright:

        def start(*arguments: str) -> Browser:
            return playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGUMENTS, *arguments])

        yield start


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser]) -> Browser:
    return launch()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    made = context.new_page()
    made.set_default_timeout(30_000)
    yield made
    context.close()


def _words(home: Path) -> runs.Run:
    """The run that the workspace began with."""
    return next(run for run in map(runs.Run, _run_folders(home)) if run.name == "words")


def _choose(page: Page, name: str) -> None:
    """Choose a run by its name."""
    box = page.get_by_test_id("stSelectbox").filter(has_text="Model")
    box.get_by_role("combobox").click()
    page.get_by_role("option", name=re.compile(rf"^{name} ")).first.click()


def _run_folders(home: Path) -> list[Path]:
    return [path for path in (home / "runs").iterdir() if path.is_dir() and not path.name.startswith(".")]


@pytest.fixture
def first_visit(tmp_path: Path) -> Iterator[tuple[Served, Path]]:
    """A dashboard on a workspace that holds nothing, and that workspace."""
    home = tmp_path / "first"
    with dashboard(home, at_most=240) as made:
        yield made, home


def test_first_visit_to_a_trained_network(page: Page, first_visit: tuple[Served, Path]) -> None:
    served, home = first_visit
    page.goto(served.url)
    expect(page.get_by_text("It knows")).to_contain_text("left")

    page.get_by_role("link", name="Data").click()
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
    _choose(page, "words")
    expect(page.get_by_text("Click a cell to hear its clips")).to_be_visible(timeout=PATIENCE)
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name="all").click()
    expect(page.get_by_text("all, 1,200 clips").first).to_be_visible(timeout=PATIENCE)
    cells = page.locator('path[aria-roledescription="rect mark"]')
    expect(cells).to_have_count(36)
    # the tabs behind it are drawn too: a click while the page is still being drawn is lost now and then
    expect(page.get_by_text("Choose validation or test clips above")).to_be_attached(timeout=PATIENCE)
    page.wait_for_timeout(1_000)
    wrong = None
    for label in [cells.nth(number).get_attribute("aria-label") or "" for number in range(36)]:
        parts = dict(part.split(": ") for part in label.split("; "))
        if parts["spoken"] != parts["heard as"] and int(parts["clips"]):
            wrong = parts
    assert wrong is not None, "of 1,200 clips some are heard wrong"
    spoken, heard = wrong["spoken"], wrong["heard as"]
    cell = page.locator(f'path[aria-label^="heard as: {heard}; spoken: {spoken};"]').first
    cell.scroll_into_view_if_needed()
    box = cell.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # on the number, as a user does
    heading = page.get_by_role("heading", name=f"{wrong['clips']} × {spoken}, heard as {heard}")
    expect(heading).to_be_visible(timeout=20_000)
    players = page.locator("audio:visible")
    expect(players).to_have_count(min(9, int(wrong["clips"])))
    players.first.evaluate("player => player.load()")
    page.wait_for_function("() => document.querySelector('audio').duration > 0.2")


def test_a_word_spoken_into_the_microphone_is_understood(
    launch: Callable[..., Browser], served: Served, home: Path, tmp_path: Path
) -> None:
    recognizer = Recognizer.of_run(_words(home))
    clips = sorted((home / "corpora" / "synthetic_voices" / "stop").glob("*.wav"))
    # the clearest of the word's clips: this is a test of the microphone, not of the network
    clip = max(clips, key=lambda path: recognizer.hear(recognizer.load(AudioSource(path))).probabilities["stop"])
    samples, rate = soundfile.read(clip, dtype="float32")
    spoken = soxr.resample(samples, rate, 48_000)
    silence = np.zeros(48_000, np.float32)
    file = tmp_path / "spoken.wav"
    soundfile.write(file, np.concatenate([silence, spoken, silence, silence]), 48_000)
    page = _with_microphone(launch, file)
    page.goto(served.url)
    _choose(page, "words")
    microphone = page.get_by_test_id("stAudioInput")
    microphone.get_by_role("button", name="Record").click(timeout=30_000)
    page.wait_for_timeout(3_500)
    microphone.get_by_role("button", name="Stop recording").click()
    answer = page.locator(".echoic-answer")
    expect(answer).to_be_visible(timeout=30_000)
    expect(answer).to_have_text("stop")
    expect(page.get_by_text("Your recording")).to_be_visible()
    expect(page.get_by_text("this is its loudest part")).to_be_visible()
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


def test_own_words_are_recorded_taught_and_understood(
    launch: Callable[..., Browser], first_visit: tuple[Served, Path], tmp_path: Path
) -> None:
    served, _ = first_visit
    for number, word in enumerate(("lamp", "music")):
        file = tmp_path / f"{word}.wav"
        seconds = said([word] * 6, file)
        page = _with_microphone(launch, file)
        page.set_default_timeout(30_000)
        page.goto(f"{served.url}/words")
        if number == 0:
            page.get_by_role("button", name="Begin").click()
        for label, text in (("Word", word), ("Speaker", "anna")):
            page.get_by_role("textbox", name=label).fill(text)
            page.get_by_role("textbox", name=label).press("Enter")
        expect(page.get_by_text(f"Say “{word}” ten times")).to_be_visible()
        microphone = page.get_by_test_id("stAudioInput")
        microphone.get_by_role("button", name="Record").click()
        page.wait_for_timeout(1000 * seconds)
        microphone.get_by_role("button", name="Stop recording").click()
        keep = page.get_by_role("button", name=re.compile(r"Keep [67] takes"))
        expect(keep).to_be_visible(timeout=PATIENCE)
        keep.click()
        expect(page.get_by_text(re.compile(rf"[67] takes of “{word}” kept"))).to_be_visible()
        if number == 0:
            _close(page)
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


def test_clips_are_dropped_good_and_bad(page: Page, served: Served, home: Path, tmp_path: Path) -> None:
    voices = home / "corpora" / "synthetic_voices"
    good = sorted((voices / "left").glob("*.wav"))[0]
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


def test_a_killed_training_is_interrupted_and_resumes(page: Page, served: Served, home: Path) -> None:
    before = set(_run_folders(home))
    page.goto(f"{served.url}/train")
    page.get_by_role("radio", name="Plain cell").click()
    expect(page.get_by_text("the network of the textbook")).to_be_visible()
    page.get_by_text("More settings").click()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(r"Epoch ([3-9]|\d\d) of 30"))).to_be_in_viewport(timeout=PATIENCE)
    [folder] = set(_run_folders(home)) - before
    run = runs.Run(folder)
    process = next(one for one in psutil.process_iter(["cmdline"]) if str(folder) in (one.info["cmdline"] or []))
    process.kill()
    expect(page.get_by_text("Its process is gone")).to_be_visible(timeout=5_000)
    epoch = run.state.epoch
    assert epoch >= 2
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text(re.compile(rf"Epoch ({epoch + 2}|{epoch + 3}) of 30"))).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled after")).to_be_visible(timeout=5_000)
    assert run.state.status == "cancelled"
    assert [row.epoch for row in run.history] == list(range(1, len(run.history) + 1))
    assert run.has_model


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_tells_no_traceback_and_asks_nothing_of_another_host(
    browser: Browser, served: Served, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": 420, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        page.goto(f"{served.url}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
        page.wait_for_timeout(1_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 420, path
        assert page.get_by_test_id("stException").count() == 0
        background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
        darkness = sum(int(part) for part in re.findall(r"\d+", background)[:3])
        assert (darkness < 150) == (scheme == "dark")
        assert page.get_by_text("Deploy").count() == 0
    assert [url for url in asked if not url.startswith((served.url, "data:", "blob:"))] == []
    context.close()


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
    page.wait_for_timeout(1500)  # what the page still says to the server when it opens
    sent.clear()

    page.get_by_label("frame", exact=True).press("ArrowLeft")
    frames = int(re.search(r"of (\d+)", where.inner_text())[1])  # type: ignore[index]
    expect(where).to_contain_text(f"frame {frames - 1} of {frames}")
    plot = page.locator(".stepper canvas").nth(1).bounding_box()
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
    page.get_by_role("button", name="Save as a handout").click()
    page.get_by_role("button", name="Make it").click()
    with page.expect_download() as loading:
        page.get_by_role("button", name="Download").click()
    file = tmp_path / "handout.html"
    loading.value.save_as(file)
    page.context.set_offline(True)
    page.goto(file.as_uri())
    expect(page.locator(".stepper .heard")).to_have_text("stop")
    page.get_by_label("frame", exact=True).press("Home")
    expect(where).to_contain_text("frame 1 of")
    expect(page.locator("math").first).to_be_visible()


def test_the_memory_lab_measures_in_front_of_the_user(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/memory")
    page.get_by_text("Settings", exact=True).click()
    lengths = page.get_by_label("Lengths T", exact=True)
    lengths.fill("3, 60")
    lengths.press("Enter")
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible(timeout=PATIENCE)  # after the first points
    expect(page.get_by_text(re.compile(r"\d of 6 points"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile(r"(remembers|fails at) \d+ steps|remembers all")).first).to_be_visible(
        timeout=30_000
    )
    page.reload()
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible(timeout=30_000)
