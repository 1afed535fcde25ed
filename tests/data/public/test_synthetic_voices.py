"""Synthetic voices: any word, the same every time, in a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from data.errors import CorpusError
from data.public import espeak, synthetic_voices
from data.public.espeak import Synthesiser
from data.public.synthetic_voices import SAMPLE_RATE, TAKES, SyntheticVoices, voices
from tests.conftest import PROJECT


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    some = voices()[::9]
    monkeypatch.setattr(synthetic_voices, "voices", lambda: some)
    monkeypatch.setattr(synthetic_voices, "DEFAULT_WORDS", ("yes", "no"))


def _contents(corpus: SyntheticVoices) -> dict[str, bytes]:
    return {str(path.relative_to(corpus.path)): path.read_bytes() for path in sorted(corpus.path.glob("[!.]*/*.wav"))}


def test_a_hundred_voices_differ() -> None:
    everyone = voices()  # as it was imported, before `few` took its place
    assert len(everyone) == 100
    assert len({voice.speaker for voice in everyone}) == 100
    assert len({(voice.pitch, voice.pace) for voice in everyone}) > 90
    alike = [replace(voice, pitch=50, pace=150) for voice in everyone if voice.timbre == "m1"]
    assert len({synthetic_voices.say("on", voice, 0).tobytes() for voice in alike}) == 5, "each accent sounds otherwise"


def test_the_same_words_give_the_same_bytes_alone_or_with_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = SyntheticVoices(["lamp"])
    first.load()
    one = _contents(first)
    monkeypatch.setenv("ECHOIC_HOME", str(tmp_path / "elsewhere"))
    second = SyntheticVoices(["door", "lamp"])
    second.load()
    other = _contents(second)
    assert len(one) == 3 * len(synthetic_voices.voices()) * TAKES
    assert {name: content for name, content in other.items() if not name.startswith("door/")} == one


def test_clips_sound_fill_their_bounds_and_differ() -> None:
    corpus = SyntheticVoices()
    corpus.load()
    clips = corpus.index().clips
    heard = [soundfile.read(clip.path, dtype="float32") for clip in clips]
    for samples, rate in heard:
        assert rate == SAMPLE_RATE
        assert samples.ndim == 1
        assert 0.15 < np.abs(samples).max() < 1.0
        assert 0.2 * rate < len(samples) < 3 * rate
    assert len({samples.tobytes() for samples, _ in heard}) == len(heard)
    assert {clip.split for clip in clips} == {"training", "validation", "test"}
    assert corpus.index().speaker_disjoint is True


@pytest.mark.parametrize("word", ["don't", "ice cream", "שלום", "a/b", "été", "№5", "%41", "x" * 40, "CON"])
def test_any_word_has_a_folder_inside_and_keeps_its_spelling(word: str) -> None:
    assert word in SyntheticVoices([word]).words
    folder = synthetic_voices._folder_name(word)
    assert "/" not in folder
    assert folder not in ("", ".", "..")
    assert synthetic_voices.unquote(folder) == word


def test_a_typed_word_is_a_label_as_it_was_typed() -> None:
    corpus = SyntheticVoices(["ice cream", "c++"])
    corpus.load()
    assert {"ice cream", "c++"} <= set(corpus.index().labels)
    assert "c++" in SyntheticVoices().words, "what was made once stays in the corpus"
    assert set(SyntheticVoices(["ice cream"]).index().labels) == {"yes", "no", "ice cream"}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("", "hold letters"),
        ("a\nb", "no line breaks"),
        ("x" * 41, "41 characters"),
        ("?!", "no letter or digit"),
        ("..", "no letter or digit"),
    ],
)
def test_a_word_that_cannot_be_spoken_is_explained(word: str, said: str) -> None:
    with pytest.raises(CorpusError, match=said):
        SyntheticVoices([word])


def test_a_synthesiser_that_dies_is_told_and_leaves_nothing_half_done(monkeypatch: pytest.MonkeyPatch) -> None:
    say = Synthesiser.say

    def dying(self, text, voice, rate, pitch):
        self._process.kill()
        self._process.wait()
        return say(self, text, voice, rate, pitch)

    monkeypatch.setattr(Synthesiser, "say", dying)
    with pytest.raises(CorpusError, match="synthesiser"):
        SyntheticVoices().load()
    assert not SyntheticVoices().is_loaded()
    assert [path for path in SyntheticVoices().path.iterdir() if path.name != ".lock"] == []


def test_a_synthesiser_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "_PATIENCE", 0.3)
    speaker = Synthesiser()
    os.kill(speaker._process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(CorpusError, match="synthesiser"):
            speaker.say("yes", "en+m1", 150, 50)
    finally:
        speaker.stop()


def test_the_library_stays_in_its_own_process() -> None:
    code = (
        "import sys; from data.public.synthetic_voices import SyntheticVoices; SyntheticVoices(['hello']);"
        "print('espeakng_loader' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
