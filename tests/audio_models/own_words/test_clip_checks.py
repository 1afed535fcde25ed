"""Possible problems of clips: each that was made is found, one sentence says so, and ordinary recordings have none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from audio_models.features import waveform
from audio_models.features.waveform import AudioSource
from audio_models.own_words.clip_checks import KINDS, Finding, findings
from tests.support.own_sounds import OwnSound, noise, own, word
from tests.support.sounds import RATE, tone


def _kinds(found: list[Finding]) -> dict[str, list[str]]:
    by_clip: dict[str, list[str]] = {}
    for one in found:
        by_clip.setdefault(one.id, []).append(one.kind)
    return by_clip


def test_ordinary_clips_have_nothing_odd() -> None:
    assert findings([own(str(seed), "stop", word(-10 - seed, seed)) for seed in range(15)]) == []
    assert findings([]) == []


def test_each_oddity_is_found_alone_and_said_in_a_sentence() -> None:
    odd = {
        "quiet": word(-45),
        "silent": np.zeros(RATE, np.float32),
        "clipped": np.clip(word(-3) * 3, -1, 1),
        "cut_off": word(after=0.0)[: round(0.5 * RATE)],
        "long": np.concatenate([word(seed=7), noise(2.5, -80)]),
        "short": word(before=0.0, after=0.0)[: round(0.2 * RATE)] * np.hanning(round(0.2 * RATE)).astype(np.float32),
    }
    clips = [own(f"good {seed}", "stop", word(-12, seed)) for seed in range(8)]
    clips += [own(kind, "stop", samples) for kind, samples in odd.items()]
    found = findings(clips)
    assert _kinds(found) == {kind: [kind] for kind in odd}
    assert [one.id for one in found] == list(odd), "in the order of the clips"
    for one in found:
        assert one.text[0].isupper()
        assert one.text[-1] in ".?"
        assert "nan" not in one.text
    said = {one.kind: one.text for one in found}
    assert said["quiet"] == "Too quiet: at most -45 dB. Speak closer to the microphone."
    assert "Long: 3.5 s; clips of this word usually last 1.0 s." in said["long"]
    assert "at the end:" in said["cut_off"]


def test_both_ends_may_be_cut_off() -> None:
    found = findings([own("a", "stop", np.concatenate([tone(500, 0.2), noise(0.6, -80), tone(400, 0.2)]))])
    assert [one.kind for one in found] == ["cut_off"]
    assert "at the beginning and the end" in found[0].text


def test_a_word_is_quiet_beside_louder_ones_only() -> None:
    loud = [own(str(seed), "stop", word(-10, seed)) for seed in range(6)]
    softer = own("soft", "go", word(-34))
    assert _kinds(findings([*loud, softer])) == {"soft": ["quiet"]}
    assert findings([own(str(seed), "stop", word(-34, seed)) for seed in range(6)]) == []


def test_faint_noise_is_silent_and_a_loud_hum_is_not() -> None:
    assert _kinds(findings([own("hiss", "a", noise(1.0, -50))])) == {"hiss": ["silent"]}
    assert findings([own("hum", "a", tone(200, 1.0, amplitude=0.3))]) == []
    assert findings([own("hiss", "a", noise(1.0, -20))]) == []


def test_long_and_short_are_measured_by_the_word() -> None:
    lengths = {"slow": [2.4] * 4, "fast": [0.4, 0.4, 0.4, 2.4, 0.12], "few": [2.4, 0.12], "never": [5.5, 0.05]}
    clips = [
        OwnSound(f"{word} {number}", word, seconds=seconds)
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
    one, two = word(seed=1), word(seed=2)
    silence = np.zeros(RATE, np.float32)
    clips = [
        own("first", "stop", one),
        own("again", "stop", np.pad(one, (0, 500))),
        own("alone", "stop", word(seed=3)),
        own("here", "stop", two),
        own("there", "go", two),
        own("nothing", "go", silence),
        own("nor here", "go", silence),
    ]
    found = {one.id: one for one in findings(clips) if one.kind == "duplicate"}
    assert found.keys() == {"again", "here", "there"}
    assert found["again"].other == ("first",)
    assert "already in “stop”" in found["again"].text
    assert found["here"].other == ("there",)
    assert "also labelled “go”" in found["here"].text
    assert "also labelled “stop”" in found["there"].text


def test_clips_measured_by_an_older_version_have_no_findings_of_what_is_missing() -> None:
    assert findings([OwnSound(str(number), "stop", sound=str(number)) for number in range(5)]) == []


def test_real_recordings_have_few_findings(real_commands: Path) -> None:
    """Strangers before their own microphones: some do speak too softly, and some are cut off by the second's end."""
    every = sorted(path for path in real_commands.glob("*/*.flac") if not path.parent.name.startswith("_"))
    clips = []
    for place in np.random.default_rng(0).permutation(len(every))[:300]:
        samples = waveform.load(AudioSource(every[place]), RATE)
        clips.append(own(f"{every[place].parent.name}/{every[place].name}", every[place].parent.name, samples))
    found = Counter(one.kind for one in findings(clips))
    assert found.total() <= 0.15 * len(clips)
    for kind in KINDS:
        assert found[kind] <= 0.06 * len(clips), kind
