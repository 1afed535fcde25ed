"""A clip is trimmed to a stretch, undone, and seen."""

from __future__ import annotations

import numpy as np
import pytest

from audio_models.errors import AudioError
from audio_models.own_words import trimming
from audio_models.own_words.intake import new_clip
from audio_models.own_words.trimming import cut, spectrogram, whole_recording
from data.own.corpus import OwnCorpus, create
from data.own.records import OwnClip
from tests.support.pages import wav
from tests.support.sounds import RATE, tone


def _corpus() -> tuple[OwnCorpus, OwnClip]:
    """A corpus with one clip: half a second of nothing, as long a tone, and nothing again."""
    corpus = create("kitchen")
    corpus.add([new_clip(wav(np.pad(tone(500, 0.5), RATE // 2)), "lamp", "anna", "upload", "a.wav")])
    return corpus, corpus.clips()[0]


def test_a_trimmed_clip_is_its_stretch_and_the_whole_stays() -> None:
    corpus, clip = _corpus()
    recording = whole_recording(clip)
    change = corpus.trim(clip.id, cut(clip, recording, 0.5, 1.0), 0.5, 1.0)
    assert change.text == "1 clip trimmed to 0.50 s"
    [trimmed] = corpus.clips()
    assert (trimmed.id, trimmed.label, trimmed.speaker, trimmed.original) == (clip.id, "lamp", "anna", "a.wav")
    assert (trimmed.seconds, trimmed.whole_seconds, trimmed.trim, trimmed.whole) == (0.5, 1.5, (0.5, 1.0), clip.path)
    assert trimmed.measures["starts"] > -6 > clip.measures["starts"], "measured anew"
    [indexed] = corpus.index().clips
    assert (indexed.path, indexed.seconds, indexed.digest) == (trimmed.path, 0.5, trimmed.digest)
    np.testing.assert_array_equal(
        trimming.read_recording(trimming.AudioSource(trimmed.path)).samples, recording.samples[RATE // 2 : RATE]
    )
    wider = cut(trimmed, whole_recording(trimmed), 0.25, 1.5)
    corpus.trim(clip.id, wider, 0.25, 1.5)
    assert corpus.clips()[0].seconds == 1.25, "out of the whole, not out of the stretch"
    corpus.undo()
    assert corpus.clips() == (trimmed,)
    assert corpus.purge() == 1, "the stretch that nothing names any more"
    assert (corpus.clips()[0].path.is_file(), clip.path.is_file()) == (True, True)
    assert corpus.untrim([clip.id]).text == "1 clip as long as recorded again"
    assert corpus.clips() == (clip,)


def test_a_stretch_too_short_to_be_a_word_changes_nothing() -> None:
    corpus, clip = _corpus()
    for start, end in ((0.5, 0.55), (1.45, 9), (2, 3)):
        with pytest.raises(AudioError, match=r"at least 0\.1 s"):
            cut(clip, whole_recording(clip), start, end)
    assert corpus.clips() == (clip,)


def test_a_spectrogram_shows_a_tone_where_it_is() -> None:
    picture = spectrogram(np.pad(tone(2000, 0.5), RATE // 2), RATE)
    assert picture.shape == (150, 64)
    columns, rows = np.nonzero(picture > 200)
    assert (columns.min() / 150, columns.max() / 150) == (
        pytest.approx(1 / 3, abs=0.02),
        pytest.approx(2 / 3, abs=0.02),
    )
    mel = 2595 * np.log10(1 + np.array([60, 2000, 8000]) / 700)
    assert np.median(rows) == pytest.approx(63 * (mel[1] - mel[0]) / (mel[2] - mel[0]), abs=1)
    assert spectrogram(np.zeros(10, np.float32), RATE).max() == 0
