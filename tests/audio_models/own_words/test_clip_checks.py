"""Checks of a user's own clips: each finds what was made odd, says so, and leaves ordinary recordings alone."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_models.errors import ConfigError
from audio_models.features import waveform
from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.own_words.clip_checks import KINDS, Finding, findings, measure, sound_digest, unlike
from audio_models.recognition.embedding import embed_clips
from data.corpus import Clip
from tests.support.sounds import RATE, tone, write


@dataclass
class Own:
    """A clip as a corpus of the user's own keeps it."""

    id: str
    label: str
    sound: str = ""
    seconds: float = 1.0
    speaker: str | None = None
    measures: dict[str, float] = field(default_factory=dict)


def _own(name: str, label: str, samples: np.ndarray, rate: int = RATE) -> Own:
    return Own(name, label, sound_digest(samples, rate), len(samples) / rate, None, measure(samples, rate))


def _noise(seconds: float, decibels: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(0, 10 ** (decibels / 20), round(seconds * RATE)).astype(np.float32)


def _word(decibels: float = -12.0, seed: int = 0, before: float = 0.3, after: float = 0.3) -> np.ndarray:
    """A tone of 0.4 s with soft edges, at a level [dB of full scale], in faint noise."""
    sound = tone(500 + seed, 0.4, amplitude=10 ** (decibels / 20) * 2**0.5)
    ramp = np.minimum(1, np.arange(len(sound)) / 800)
    whole = np.concatenate([np.zeros(round(before * RATE)), sound * ramp * ramp[::-1], np.zeros(round(after * RATE))])
    return (whole + _noise(len(whole) / RATE, -80, seed)).astype(np.float32)


def _kinds(found: list[Finding]) -> dict[str, list[str]]:
    by_clip: dict[str, list[str]] = {}
    for one in found:
        by_clip.setdefault(one.id, []).append(one.kind)
    return by_clip


def test_levels_and_lengths_are_what_was_made() -> None:
    found = measure(_word(-20), RATE)
    assert found["seconds"] == pytest.approx(1.0)
    assert found["loudest"] == pytest.approx(-20, abs=0.3)
    assert found["peak"] == pytest.approx(-17, abs=0.3)
    assert found["noise"] == pytest.approx(-81.5, abs=1.5)  # of the speech band alone
    assert found["sound_seconds"] == pytest.approx(0.43, abs=0.05)
    assert found["starts"] < -50
    assert found["ends"] < -50
    assert found["clipped"] == 0
    assert measure(np.zeros(RATE, np.float32), RATE)["peak"] == -120


def test_time_in_flat_tops_is_counted() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[100:110] = 1.0
    samples[200:206] = -1.0
    samples[300:302] = 1.0  # two in a row: no flat top
    samples[400:404] = [1.0, -1.0, 1.0, -1.0]
    assert measure(samples, RATE)["clipped"] == pytest.approx(16 / RATE)
    loud = np.clip(4 * tone(300, 0.5), -1, 1)
    assert measure(loud, RATE)["clipped"] == pytest.approx(0.5 * 2 * np.arccos(0.99 / 2) / np.pi, rel=0.05)


@settings(max_examples=40)
@given(st.integers(0, 3000), st.sampled_from([4000, 8000, 16000, 44100]), st.floats(0, 2), st.integers(0, 99))
def test_every_clip_has_finite_measures(length: int, rate: int, gain: float, seed: int) -> None:
    samples = (np.random.default_rng(seed).normal(0, 1, length) * gain).astype(np.float32)
    found = measure(samples, rate)
    assert np.isfinite(list(found.values())).all()
    assert json.loads(json.dumps(found)) == found
    findings([_own("a", "word", samples, rate)])
    sound_digest(samples, rate)


def test_the_same_sound_is_known_in_another_file(tmp_path: Path) -> None:
    samples = _word()
    wav = write(tmp_path / "a.wav", samples, subtype="PCM_16")
    flac = write(tmp_path / "a.flac", soundfile.read(wav, dtype="int16")[0])
    padded = write(tmp_path / "b.wav", np.pad(soundfile.read(wav, dtype="int16")[0], (700, 90)))
    digests = {sound_digest(waveform.load(AudioSource(path), RATE), RATE) for path in (wav, flac, padded)}
    assert len(digests) == 1
    assert len(digests.pop()) == 32
    assert sound_digest(samples, RATE) != sound_digest(samples, 8000)
    assert sound_digest(samples, RATE) != sound_digest(samples[:-1], RATE)
    assert sound_digest(samples, RATE) != sound_digest(samples[::-1], RATE)


def test_ordinary_clips_have_nothing_odd() -> None:
    assert findings([_own(str(seed), "stop", _word(-10 - seed, seed)) for seed in range(15)]) == []
    assert findings([]) == []


def test_each_oddity_is_found_alone_and_said_in_a_sentence() -> None:
    odd = {
        "quiet": _word(-45),
        "silent": np.zeros(RATE, np.float32),
        "clipped": np.clip(_word(-3) * 3, -1, 1),
        "cut_off": _word(after=0.0)[: round(0.5 * RATE)],
        "long": np.concatenate([_word(seed=7), _noise(2.5, -80)]),
        "short": _word(before=0.0, after=0.0)[: round(0.2 * RATE)] * np.hanning(round(0.2 * RATE)).astype(np.float32),
    }
    clips = [_own(f"good {seed}", "stop", _word(-12, seed)) for seed in range(8)]
    clips += [_own(kind, "stop", samples) for kind, samples in odd.items()]
    found = findings(clips)
    assert _kinds(found) == {kind: [kind] for kind in odd}
    assert [one.id for one in found] == list(odd), "in the order of the clips"
    for one in found:
        assert one.text[0].isupper()
        assert one.text[-1] in ".?"
        assert "nan" not in one.text
    said = {one.kind: one.text for one in found}
    assert said["quiet"] == "Too quiet: its loudest moment is at -45 dB. Speak nearer to the microphone."
    assert "lasts 3.5 s, the clips of its word usually 1.0 s" in said["long"]
    assert "its end:" in said["cut_off"]


def test_both_ends_may_be_cut_off() -> None:
    found = findings([_own("a", "stop", np.concatenate([tone(500, 0.2), _noise(0.6, -80), tone(400, 0.2)]))])
    assert [one.kind for one in found] == ["cut_off"]
    assert "its beginning and its end" in found[0].text


def test_a_word_is_quiet_beside_louder_ones_only() -> None:
    loud = [_own(str(seed), "stop", _word(-10, seed)) for seed in range(6)]
    softer = _own("soft", "go", _word(-34))
    assert _kinds(findings([*loud, softer])) == {"soft": ["quiet"]}
    assert findings([_own(str(seed), "stop", _word(-34, seed)) for seed in range(6)]) == []


def test_faint_noise_is_silent_and_a_loud_hum_is_not() -> None:
    assert _kinds(findings([_own("hiss", "a", _noise(1.0, -50))])) == {"hiss": ["silent"]}
    assert findings([_own("hum", "a", tone(200, 1.0, amplitude=0.3))]) == []
    assert findings([_own("hiss", "a", _noise(1.0, -20))]) == []


def test_long_and_short_are_measured_by_the_word() -> None:
    lengths = {"slow": [2.4] * 4, "fast": [0.4, 0.4, 0.4, 2.4, 0.12], "few": [2.4, 0.12], "never": [5.5, 0.05]}
    clips = [
        Own(f"{word} {number}", word, seconds=seconds)
        for word, many in lengths.items()
        for number, seconds in enumerate(many)
    ]
    assert _kinds(findings(clips)) == {
        "fast 3": ["long"],
        "fast 4": ["short"],
        "never 0": ["long"],
        "never 1": ["short"],
    }
    assert all("nan" not in one.text for one in findings(clips))


def test_duplicates_name_the_word_and_the_clip() -> None:
    one, two = _word(seed=1), _word(seed=2)
    silence = np.zeros(RATE, np.float32)
    clips = [
        _own("first", "stop", one),
        _own("again", "stop", np.pad(one, (0, 500))),
        _own("alone", "stop", _word(seed=3)),
        _own("here", "stop", two),
        _own("there", "go", two),
        _own("nothing", "go", silence),
        _own("nor here", "go", silence),
    ]
    found = {one.id: one for one in findings(clips) if one.kind == "duplicate"}
    assert found.keys() == {"again", "here", "there"}
    assert found["again"].other == ("first",)
    assert "already under “stop”" in found["again"].text
    assert found["here"].other == ("there",)
    assert "also under “go”" in found["here"].text
    assert "also under “stop”" in found["there"].text


def test_clips_measured_by_an_older_version_have_no_findings_of_what_is_missing() -> None:
    assert findings([Own(str(number), "stop", sound=str(number)) for number in range(5)]) == []


def test_real_recordings_have_few_findings(real_commands: Path) -> None:
    """Strangers before their own microphones: some do speak too softly, and some are cut off by the second's end."""
    every = sorted(path for path in real_commands.glob("*/*.flac") if not path.parent.name.startswith("_"))
    clips = []
    for place in np.random.default_rng(0).permutation(len(every))[:300]:
        samples = waveform.load(AudioSource(every[place]), RATE)
        clips.append(_own(f"{every[place].parent.name}/{every[place].name}", every[place].parent.name, samples))
    found = Counter(one.kind for one in findings(clips))
    assert found.total() <= 0.15 * len(clips)
    for kind in KINDS:
        assert found[kind] <= 0.06 * len(clips), kind


def _swapped(clips: list[Own], share: float, seed: int) -> set[str]:
    """Put some clips under another word; which."""
    random = np.random.default_rng(seed)
    words = sorted({clip.label for clip in clips})
    moved = random.permutation(len(clips))[: round(share * len(clips))]
    for place in moved:
        clips[place].label = str(random.choice([word for word in words if word != clips[place].label]))
    return {clips[place].id for place in moved}


def _heard(paths: list[tuple[str, Path]]) -> tuple[list[tuple[str, str]], np.ndarray]:
    found, skipped = embed_clips(
        runs.find("commands"), [Clip(path, word, "training", 1.0, digest=path.name + word) for word, path in paths]
    )
    assert not skipped
    return [(f"{word}/{path.name}", word) for word, path in paths], found


def _named(clips: list[tuple[str, str]], embeddings: np.ndarray) -> tuple[float, float]:
    """Of the clips put under another word, the share that is named; and of those named, the share that was moved."""
    right = moved = named = 0
    for seed in range(6):
        corpus = [Own(name, word) for name, word in clips]
        wrong = _swapped(corpus, 0.05, seed)
        found = unlike(corpus, embeddings)
        right += len(wrong & {one.id for one in found})
        moved += len(wrong)
        named += len(found)
    return right / moved, right / named


def test_mislabelled_digits_of_one_speaker_are_named(real_digits: Path) -> None:
    paths = [
        (str(digit), path)
        for digit in range(10)
        for path in sorted((real_digits / "recordings").glob(f"{digit}_theo_*.flac"))[:20]
    ]
    clips, embeddings = _heard(paths)
    recall, precision = _named(clips, embeddings)
    assert recall >= 0.8
    assert precision >= 0.9
    assert len(unlike([Own(name, word) for name, word in clips], embeddings)) <= 4, "nothing was moved"


def test_mislabelled_commands_of_strangers_are_named(real_commands: Path) -> None:
    words = ("left", "right", "stop", "up", "down", "go", "off", "on", "zero", "eight")
    clips, embeddings = _heard(
        [(word, path) for word in words for path in sorted((real_commands / word).glob("*.flac"))[:40]]
    )
    recall, precision = _named(clips, embeddings)
    assert recall >= 0.75
    assert precision >= 0.85


def _three_words(count: int = 8) -> tuple[list[Own], np.ndarray]:
    random = np.random.default_rng(0)
    middles = np.eye(3, 12) * 6
    rows = [middles[word] + random.normal(0, 1, 12) for word in range(3) for _ in range(count)]
    clips = [Own(f"{word}{number}", word, sound=f"{word}{number}") for word in "abc" for number in range(count)]
    return clips, np.array(rows, np.float32)


def test_a_clip_under_the_wrong_word_is_named_with_clips_to_compare() -> None:
    clips, embeddings = _three_words()
    assert unlike(clips, embeddings) == []
    clips[2].label = "c"
    (found,) = unlike(clips, embeddings)
    assert (found.id, found.kind) == ("a2", "unlike")
    assert found.text == "Sounds more like “a” than like the other clips of “c”. Listen to it."
    assert len(found.other) == 3
    assert all(name[0] == "a" and name != "a2" for name in found.other)


def test_a_twin_in_the_wrong_word_does_not_excuse_it() -> None:
    """Copies of a mislabelled clip would be its nearest neighbours, and vote for it."""
    clips, embeddings = _three_words()
    clips[2].label = "c"
    for copy in range(3):
        clips.append(Own(f"copy {copy}", "c", sound=clips[2].sound))
    embeddings = np.concatenate([embeddings, embeddings[[2, 2, 2]]])
    assert {"a2", "copy 0", "copy 1", "copy 2"} == {one.id for one in unlike(clips, embeddings)}


def test_scores_are_those_of_a_regression_without_the_clip() -> None:
    """The closed form, beside one fit for each clip."""
    from audio_models.own_words.clip_checks import _RIDGE, _scores

    random = np.random.default_rng(0)
    vectors = random.normal(size=(14, 6))
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 0, 0, 0])
    learned = np.ones(14, bool)
    learned[[4, 9]] = False
    same = [[0, 3, 5]]
    inputs = np.concatenate([vectors / 6**0.5, np.ones((14, 1))], axis=1)
    weights = 14 / 3 / np.bincount(labels[learned])[labels] * learned
    found = _scores(vectors, labels, learned, same)
    for row in range(14):
        others = np.setdiff1d(np.arange(14), same[0] if row in same[0] else [row])
        by_weight = inputs[others].T * weights[others]
        fitted = np.linalg.solve(by_weight @ inputs[others] + _RIDGE * np.eye(7), by_weight @ np.eye(3)[labels[others]])
        np.testing.assert_allclose(found[row], inputs[row] @ fitted, atol=1e-9)


def test_few_clips_one_word_and_unreadable_ones_are_not_judged() -> None:
    clips, embeddings = _three_words(4)
    clips[2].label = "c"
    assert unlike(clips, embeddings) == []
    clips, embeddings = _three_words()
    for clip in clips:
        clip.label = "a"
    assert unlike(clips, embeddings) == []
    assert unlike([], np.zeros((0, 3), np.float32)) == []
    clips, embeddings = _three_words()
    clips[2].label = "c"
    embeddings[5] = np.nan
    assert [one.id for one in unlike(clips, embeddings)] == ["a2"]
    with pytest.raises(ConfigError, match="24 clips need one embedding each"):
        unlike(clips, embeddings[1:])
