"""The pure parts of the open-set benchmark; what it measures takes minutes."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_models.listening.false_alarms import AlarmRate
from audio_models.pretrained.build import WORDS
from audio_models.recognition.evaluation_result import ClipPrediction
from audio_models.recognition.learned import Learned
from audio_models.recognition.metrics import share_interval
from audio_models.recognition.open_set import Rate
from benchmarks import own_words_open_set
from benchmarks.open_set import __main__ as open_set
from benchmarks.open_set import clips as clips_table
from benchmarks.open_set import material, tables
from benchmarks.open_set.clips import Answers, Kind, Questions
from benchmarks.own_words_open_set import Outcome
from data.corpus import SILENCE, UNKNOWN, Clip, CorpusReference, Index
from data.errors import CorpusError
from data.task import Task, held_out_words
from tests.support.sounds import tone, write


def _clip(name: str, label: str, word: str = "", speaker: str | None = "ann") -> Clip:
    return Clip(Path(f"{name}.wav"), label, "test", 1.0, speaker, name, word=word)


def _rate(hits: int, clips: int) -> Rate:
    return Rate(hits, clips, share_interval(hits, clips))


def _answers(*rows: tuple[str, str, float]) -> Answers:
    """Answers to clips of the test list: label, answer, confidence."""
    clips = [_clip(str(number), label) for number, (label, _, _) in enumerate(rows)]
    heard = [ClipPrediction(clip, label, score, 0.5) for clip, (_, label, score) in zip(clips, rows, strict=True)]
    return Answers(Questions(clips, []), heard, set())


def test_the_threshold_accepts_as_many_words_as_the_other_network() -> None:
    answers = _answers(*[("go", "go", score) for score in (0.9, 0.6, 0.8, 0.7)], ("go", "up", 0.95))
    for count in (1, 2, 3, 4):
        threshold = answers.threshold_accepting(count)
        assert answers.accepted(threshold) == count
        assert answers.accepted(float(np.nextafter(threshold, 1))) == count - 1, "it is the highest"


def test_a_network_that_hears_fewer_words_right_accepts_all_of_them_but_no_wrong_one() -> None:
    assert _answers(("go", "go", 0.9), ("go", "up", 0.7), ("go", "go", 0.6)).threshold_accepting(3) == 0.6
    assert _answers(("go", "up", 0.9), ("go", UNKNOWN, 0.6)).threshold_accepting(2) == 1.0


def test_a_word_counts_if_it_is_right_and_sure_and_other_sound_unless_it_is_a_sure_word() -> None:
    sure, unsure, wrong = _clip("a", "go"), _clip("b", "go"), _clip("c", "up")
    taken, doubted, refused, still = (_clip(name, UNKNOWN, "dog") for name in "defg")
    silent = _clip("h", SILENCE)
    heard = [
        ClipPrediction(clip, label, score, 0.5)
        for clip, label, score in (
            (sure, "go", 0.9), (unsure, "go", 0.4), (wrong, "go", 0.9), (taken, "up", 0.7), (doubted, "up", 0.6),
            (refused, UNKNOWN, 0.9), (still, SILENCE, 0.9), (silent, SILENCE, 0.5),
        )
    ]  # fmt: skip
    questions = Questions([sure, unsure, wrong, refused, silent], [Kind("dog", [taken, doubted, refused, still])])
    answers = Answers(questions, heard, set())
    found = {title: (rate.hits, rate.clips) for title, rate in answers.column(0.7).figures.items()}
    assert found == {"test list, right": (4, 5), "own words accepted and right": (1, 3), "rejected: dog": (3, 4)}
    loose = answers.column(0.0).figures["own words accepted and right"]
    assert (loose.hits, loose.clips) == (2, 3), "a wrong word is never accepted"


def test_a_row_of_words_never_learned_is_left_out_for_a_network_that_learned_one_of_them() -> None:
    bed = _clip("a", UNKNOWN, "bed")
    questions = Questions([_clip("b", "go")], [Kind("never learned", [bed], frozenset({"bed", "cat"}))])
    heard = [ClipPrediction(clip, "go", 0.9, 0.9) for clip in questions.clips]
    assert "rejected: never learned" in Answers(questions, heard, {"bed", "cat", "wow"}).column(0.5).figures
    assert "rejected: never learned" not in Answers(questions, heard, {"cat", "wow"}).column(0.5).figures


def test_clips_that_cannot_be_read_are_asked_of_no_network() -> None:
    one, other, third = (_clip(name, UNKNOWN, "dog") for name in "abc")
    asked = Questions([one, other], [Kind("dog", [other, third])]).only({one, third})
    assert (asked.listed, asked.other[0].clips, asked.clips) == ([one], [third], [one, third])


def test_words_never_learned_are_those_held_out_that_no_network_noted() -> None:
    words = ("go", "up", "bed", "cat", "dog", "six", "two")
    index = Index(tuple(replace(_clip(word, word), split="training") for word in words))

    def never(wanted: Task, *noted: str) -> set[str]:
        known = Learned(words=frozenset(noted))
        some = material.Material(CorpusReference("here"), index, (), known, (), material.Size())
        return clips_table.words_never_learned(some, wanted)

    named = Task(("go", "up"), unknown=True, held_out=("dog", "two"))
    assert never(named, "bed") == {"dog", "two"}
    assert never(named, "dog") == {"two"}, "learned from another folder"
    unnamed = Task(("go", "up"), unknown=True)
    assert never(unnamed) == held_out_words(index, unnamed) != set()


def test_draws_are_pooled_by_kind_and_a_kind_without_clips_has_no_row() -> None:
    clip = _clip("a", "go")
    found = own_words_open_set.pooled(
        [Outcome({"later": [(clip, True), (clip, False)], "none": []}, 1, 1), Outcome({"later": [(clip, True)]}, 1, 1)]
    )
    assert {kind: (rate.hits, rate.clips) for kind, rate in found.items()} == {"later": (2, 3)}


def test_a_draw_teaches_five_takes_and_answers_later_ones() -> None:
    clips = [
        _clip(f"/takes/{word}/{speaker}_{take}", word, "", speaker)
        for speaker in ("ann", "bob") for word in ("a", "b", "c", "d") for take in range(12)
    ]  # fmt: skip
    draw = own_words_open_set.draw_clips(clips, {"there": [_clip("x", "a"), _clip("y", "z")]}, 1, "one", 3)
    words = {clip.label for clip in draw.taught}
    assert {clip.speaker for clip in draw.taught} == {"bob"}
    assert (len(draw.taught), len(words)) == (15, 3)
    later = draw.accepted["own words, later takes"]
    assert {clip.label for clip in later} == words
    assert {clip.path.stem for clip in later} == {f"bob_{take}" for take in range(5, 12)}
    for kind, rejected in draw.rejected.items():
        assert not words & {clip.label for clip in rejected}, kind
    assert "z" in {clip.label for clip in draw.rejected["other words, there"]}


def test_speakers_count_if_they_say_every_word_often_enough() -> None:
    def said(speaker: str, takes: int) -> list[Clip]:
        return [
            _clip(f"{speaker}{word}{take}", word, "", speaker) for word in ("a", "b", "c", "d") for take in range(takes)
        ]

    clips = [*said("ann", 6), *said("bob", 7), *said("eve", 5)]
    assert {clip.speaker for clip in material.complete_takes(clips, "here")} == {"ann", "bob"}
    with pytest.raises(CorpusError, match="1 speaker in here said each of 4 words more than 5 times"):
        material.complete_takes([*said("ann", 6), *said("eve", 5)], "here")


def test_a_table_has_a_row_for_each_figure_with_counts_and_interval() -> None:
    alarms = AlarmRate("reading", "speech", 0.5, 2, {"go": 2})
    table = {
        "commands": tables.Column(0.7, {"right": _rate(93, 100), "alarms": alarms}),
        "tutorial": tables.Column(0.85, {"right": _rate(50, 100)}),
    }
    assert tables.as_markdown(table).splitlines() == [
        "|  | commands | tutorial |",
        "| --- | --- | --- |",
        "| threshold | 0.700 | 0.850 |",
        "| right | 93.0 % (86.3 % to 96.6 %), 93 of 100 clips | 50.0 % (40.4 % to 59.6 %), 50 of 100 clips |",
        "| alarms | 4.0 (0.5 to 14.4), 2 alarms in 0.50 hours |  |",
    ]
    found = json.loads(json.dumps(tables.as_numbers(table)))
    assert found["commands"]["figures"]["alarms"] == {
        "name": "reading", "kind": "speech", "hours": 0.5, "alarms": 2, "words": {"go": 2},
        "interval": pytest.approx([0.4844, 14.4494], abs=1e-3),
    }  # fmt: skip
    assert list(found["tutorial"]["figures"]) == ["right"]
    assert "threshold" not in tables.as_markdown({"taught": tables.Column(None, {"right": _rate(1, 2)})})


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--corpus", "nowhere"], "There is no folder"),
        (["--corpus", "corpus", "--other", "nowhere"], "does not exist. Give a folder of recordings"),
        (["--corpus", "empty"], "empty"),
    ],
)
def test_a_bad_folder_is_told_in_one_sentence(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    corpus_of_commands: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["open_set", "--only", "clips,listening", *arguments])
    assert open_set.main() == 1
    told = capsys.readouterr().err.splitlines()
    assert complaint in told[-1]
    assert told[-1].startswith("echoic: ")


@pytest.fixture
def corpus_of_commands(tmp_path: Path) -> Path:
    """A clip of each word of `commands`, all in the test list."""
    names = [f"{word}/{number}_nohash_0.wav" for number, word in enumerate(WORDS)]
    for number, name in enumerate(names):
        write(tmp_path / "corpus" / name, tone(200 + 50 * number))
    (tmp_path / "corpus" / "testing_list.txt").write_text("\n".join(names))
    return tmp_path / "corpus"
