"""Predict in a real Chromium: a word spoken into the microphone, and clips dropped, good and bad.

The microphone is Chromium's fake device, fed with a synthetic voice.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from playwright.sync_api import FilePayload, Page, expect

from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.recognition.recognizer import Recognizer
from data.public.synthetic_voices import SAMPLE_RATE, say, voices
from tests.support.browsing import choose, drawn
from tests.support.served import Served
from tests.support.sounds import write

pytestmark = pytest.mark.browser


def test_a_word_spoken_into_the_microphone_is_understood(
    hearing: Callable[[Path], Page], served: Served, tmp_path: Path
) -> None:
    recognizer = Recognizer.of_run(runs.find("commands"))
    # the clearest of ten voices: this is a test of the microphone, not of the network
    said_by_each = [say("stop", voice, 0) for voice in voices()[::10]]
    samples = max(said_by_each, key=lambda sound: recognizer.classify(sound).probabilities["stop"])
    spoken = soxr.resample(samples, SAMPLE_RATE, 48_000)
    silence = np.zeros(48_000, np.float32)
    file = tmp_path / "spoken.wav"
    soundfile.write(file, np.concatenate([silence, spoken, silence, silence]), 48_000)
    page = hearing(file)
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

    webm, mp4 = (base64.b64decode(one) for one in page.evaluate(RECORD, ["audio/webm", "audio/mp4"]))
    assert webm.startswith(b"\x1a\x45\xdf\xa3")
    assert mp4[4:8] == b"ftyp"
    for content in (webm, mp4):
        samples = recognizer.load(AudioSource(content))
        first, last = recognizer.word_in(samples)
        assert recognizer.classify(samples[first:last]).label == "stop"
    page.locator("input[type=file]").set_input_files(
        [FilePayload(name="a.webm", mimeType="", buffer=webm), FilePayload(name="a.mp4", mimeType="", buffer=mp4)]
    )
    expect(page.get_by_text("Select a row to see the evidence")).to_be_visible()
    drawn(page)
    expect(answer).to_have_text("stop")
    expect(page.get_by_text(re.compile("This is the loudest second of your [23]"))).to_be_visible()


# Two recordings of the same sound, as web pages and browser extensions make them: base64 by type.
RECORD = """async types => {
    const stream = await navigator.mediaDevices.getUserMedia({audio: true});
    const recorded = await Promise.all(types.map(type => new Promise(done => {
        const recorder = new MediaRecorder(stream, {mimeType: type}), parts = [];
        recorder.ondataavailable = event => parts.push(event.data);
        recorder.onstop = () => {
            const reader = new FileReader();
            reader.onload = () => done(reader.result.split(",")[1]);
            reader.readAsDataURL(new Blob(parts));
        };
        recorder.start(500);
        setTimeout(() => recorder.stop(), 3000);
    })));
    stream.getTracks().forEach(track => track.stop());
    return recorded;
}"""


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
