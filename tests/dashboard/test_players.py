"""What a player is given: 16-bit WAV, at the clip's own rate and level, whatever the file is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from dashboard.shared import players
from data.corpus import Clip
from tests.support.sounds import tone, write


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The files that players were given."""
    given: list[bytes] = []
    monkeypatch.setattr(players.st, "audio", lambda content, **_: given.append(content))
    return given


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.wav", {"subtype": "PCM_24"}), ("a.wav", {"subtype": "FLOAT"}), ("a.flac", {}), ("a.ogg", {}), ("a.mp3", {})],
)
def test_every_format_is_played_as_wav(tmp_path: Path, played: list[bytes], name: str, options: dict[str, str]) -> None:
    quiet = tone(440, 0.3, 22_050, 0.1)
    players.play(Clip(write(tmp_path / name, quiet, 22_050, **options), "left", "test", 0.3))
    [content] = played
    about = soundfile.info(io.BytesIO(content))
    assert (about.format, about.subtype, about.samplerate) == ("WAV", "PCM_16", 22_050)
    samples, _ = soundfile.read(io.BytesIO(content))
    assert len(samples) / 22_050 == pytest.approx(0.3, abs=0.06), "an MP3 has padding"
    assert np.abs(samples).max() == pytest.approx(0.1, abs=0.02), "a quiet clip stays quiet"


def test_a_stretch_of_a_recording_is_played_alone(tmp_path: Path, played: list[bytes]) -> None:
    sound = np.concatenate([tone(300, 1.0), np.zeros(8000, np.float32), tone(300, 1.0)])
    path = write(tmp_path / "long.flac", sound)
    players.play(Clip(path, "left", "test", 0.5, start=1.0, whole=False))
    [content] = played
    samples, rate = soundfile.read(io.BytesIO(content))
    assert len(samples) == rate / 2
    assert not samples.any(), "the half second between the tones"


def _page(path: str) -> None:
    from pathlib import Path

    from dashboard.shared.players import play
    from data.corpus import Clip

    play(Clip(Path(path), "left", "test", 0.3))


@pytest.mark.parametrize(("content", "said"), [(b"fLaC no sound", "is damaged or cut off"), (None, "cannot be opened")])
def test_a_clip_that_cannot_play_says_so(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "bad_.flac"
    if content is not None:
        path.write_bytes(content)
    app = AppTest.from_function(_page, args=(str(path),)).run()
    assert not app.exception
    assert not app.get("audio")
    [caption] = app.caption
    assert caption.value.startswith("This clip cannot be played: bad\\_.flac")
    assert said in caption.value
