"""Sound that comes at another rate than was said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from audio_models.features.bandwidth import narrow_note
from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.listening import recordings
from audio_models.listening.rate_check import RateCheck
from data.public.synthetic_voices import SAMPLE_RATE, say, voices
from tests.conftest import Done
from tests.support.sounds import RATE, tone, write


def _hints(samples: np.ndarray, rate: int = RATE) -> list[str]:
    check = RateCheck(rate)
    pcm = np.round(samples * 32767).astype(np.int16).astype(np.float32) / 32768
    return [hint for first in range(0, len(pcm), 999) if (hint := check.feed(pcm[first : first + 999]))]


def _spoken() -> np.ndarray:
    words = [say(word, voices()[place]) for word in ("left", "stop", "yes") for place in (12, 15, 40)]
    return soxr.resample(np.concatenate(words), SAMPLE_RATE, RATE)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_higher_rate_is_noticed_once(rate: int) -> None:
    (hint,) = _hints(soxr.resample(_spoken(), RATE, rate))
    assert "holds nothing above 6,800 Hz" in hint
    assert "--rate 48000" in hint


def test_the_right_rate_is_not_doubted() -> None:
    spoken = _spoken()
    assert _hints(spoken) == []
    assert _hints(soxr.resample(spoken, RATE, 8_000), 8_000) == []
    assert _hints(np.zeros(20 * RATE, np.float32)) == [], "silence tells nothing"
    assert _hints(soxr.resample(spoken, RATE, 48_000)[: 2 * RATE]) == [], "nor do two seconds"


def test_sound_that_ends_far_below_what_a_network_reads_is_told() -> None:
    spoken = _spoken()
    assert narrow_note(spoken, RATE, RATE / 2) == ""
    telephone = soxr.resample(soxr.resample(spoken, RATE, 8_000), 8_000, RATE)
    assert narrow_note(telephone, RATE, RATE / 2).startswith("It holds nothing above 4,000 Hz, like telephone sound")
    assert narrow_note(telephone, RATE, 4_000) == "", "a network that reads no further misses nothing"
    wide = soxr.resample(telephone, RATE, 48_000)
    assert "nothing above 4,000 Hz" in narrow_note(wide, 48_000, RATE / 2), "whatever the rate of the file"
    assert narrow_note(tone(440, 1.0), RATE, RATE / 2) == "", "a hum is no speech"
    assert narrow_note(telephone[:2000], RATE, RATE / 2) == "", "nor does an eighth of a second tell"


def test_a_recording_that_ends_there_is_told_on_pages_and_in_the_shell(
    tmp_path: Path, command: Callable[..., Done], workspace_folder: Path
) -> None:
    telephone = soxr.resample(soxr.resample(_spoken(), RATE, 8_000), 8_000, 44_100)
    path = write(tmp_path / "call.wav", telephone, 44_100)
    (note,) = recordings.listen(runs.find("commands-streaming"), AudioSource(path)).notes
    assert "holds nothing above 4,000 Hz" in note
    assert note in command("listen", "commands-streaming", path).stderr
    assert note in command("predict", "commands", path).stdout


def test_real_voices_are_not_doubted(real_digits: Path) -> None:
    clips = sorted(real_digits.rglob("*.flac"))
    for first in range(0, len(clips), len(clips) // 8):
        samples = np.concatenate([soundfile.read(path)[0] for path in clips[first : first + 12]])
        assert _hints(samples, 8_000) == []
