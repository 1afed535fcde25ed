"""The pure parts of the open-set benchmark; what it measures takes minutes."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio_models.pretrained.build import WORDS
from audio_models.recognition.learned import Learned
from benchmarks import open_set
from benchmarks.open_set import Alarms, Heard, Material, Share
from data.corpus import SILENCE, UNKNOWN, Clip, Index
from data.errors import CorpusError
from data.task import Task, held_out_words
from tests.support.sounds import tone, write

LABELS = ("go", "up", UNKNOWN, SILENCE)


def _clip(name: str, label: str, word: str = "", speaker: str = "ann") -> Clip:
    return Clip(Path(f"{name}.wav"), label, "test", 1.0, speaker, name, word=word)


def _heard(*rows: tuple[Clip, str, float]) -> Heard:
    return Heard({clip: (label, score) for clip, label, score in rows})


def test_the_threshold_accepts_as_many_words_as_the_other_network() -> None:
    scores = np.array([0.9, 0.0, 0.6, 0.8, 0.7])  # one is heard as another word
    for count in (1, 2, 3, 4):
        threshold = open_set.threshold_accepting(scores, count)
        assert (scores >= threshold).sum() == count
        assert ((scores >= np.nextafter(threshold, 1)) & (scores > 0)).sum() == count - 1, "it is the highest"


def test_a_network_that_hears_fewer_words_right_accepts_all_of_them_but_no_wrong_one() -> None:
    assert open_set.threshold_accepting(np.array([0.9, 0.0, 0.6]), 3) == 0.6
    assert open_set.threshold_accepting(np.array([0.0, 0.0]), 2) == 1.0


def test_a_word_counts_if_it_is_right_and_sure_and_other_sound_unless_it_is_a_sure_word() -> None:
    sure, unsure, wrong = _clip("a", "go"), _clip("b", "go"), _clip("c", "up")
    taken, doubted, refused, still = (_clip(name, UNKNOWN, "dog") for name in "defg")
    silent = _clip("h", SILENCE)
    heard = _heard(
        (sure, "go", 0.9), (unsure, "go", 0.4), (wrong, "go", 0.9), (taken, "up", 0.7), (doubted, "up", 0.6),
        (refused, UNKNOWN, 0.9), (still, SILENCE, 0.9), (silent, SILENCE, 0.5),
    )  # fmt: skip
    material = Material([sure, unsure, wrong, refused, silent], {"dog": [taken, doubted, refused, still]})
    assert heard.figures(material, 0.7) == {
        "test list, right": Share(4, 5),
        "own words accepted and right": Share(1, 3),
        "rejected: dog": Share(3, 4),
    }
    assert heard.figures(material, 0.0)["own words accepted and right"] == Share(2, 3), "a wrong word is never accepted"


def test_answers_are_the_most_probable_labels() -> None:
    one, other = _clip("a", "go"), _clip("b", UNKNOWN, "dog")
    heard = Heard.of([one, other], np.array([[0.75, 0.25, 0, 0], [0.25, 0.25, 0.5, 0]], np.float32), LABELS)
    assert heard.answers == {one: ("go", 0.75), other: (UNKNOWN, 0.5)}
    assert heard.own_scores([one]).tolist() == [0.75]


def test_words_never_taught_are_those_that_no_network_noted() -> None:
    words = ("go", "up", "bed", "cat", "dog", "six", "two")
    index = Index(tuple(replace(_clip(word, word), split="training") for word in words))
    wanted = Task(("go", "up"), unknown=True)
    noted = Learned(words=frozenset({"bed", "cat", "six"}))
    assert open_set.words_never_taught(index, wanted, noted) == {"dog", "two"}
    assert open_set.words_never_taught(index, wanted, Learned()) == held_out_words(index, wanted) != set()


def test_speakers_count_if_they_say_every_word_often_enough() -> None:
    def said(speaker: str, takes: int) -> list[Clip]:
        return [
            _clip(f"{speaker}{word}{take}", word, "", speaker) for word in ("a", "b", "c", "d") for take in range(takes)
        ]

    clips = [*said("ann", 6), *said("bob", 7), *said("eve", 5)]
    assert {clip.speaker for clip in open_set.complete_takes(clips, "here")} == {"ann", "bob"}
    with pytest.raises(CorpusError, match="1 speaker in here said each of 4 words more than 5 times"):
        open_set.complete_takes([*said("ann", 6), *said("eve", 5)], "here")


def test_a_table_has_a_row_for_each_figure_with_counts_and_interval() -> None:
    table: open_set.Table = {
        "commands": (0.7, {"right": Share(93, 100), "alarms": Alarms(2, 0.5, {"go": 2})}),
        "tutorial": (0.85, {"right": Share(50, 100), "none": Share(0, 0)}),
    }
    assert open_set.markdown(table).splitlines() == [
        "|  | commands | tutorial |",
        "| --- | --- | --- |",
        "| threshold | 0.700 | 0.850 |",
        "| right | 93.0% (86.3% to 96.6%), 93 of 100 | 50.0% (40.4% to 59.6%), 50 of 100 |",
        "| alarms | 4.0 (0.5 to 14.4), 2 in 0.50 h |  |",
        "| none |  | no clips |",
    ]
    found = json.loads(json.dumps(open_set.numbers(table)))
    assert found["commands"]["figures"]["alarms"] == {
        "count": 2, "hours": 0.5, "words": {"go": 2}, "interval": pytest.approx([0.4844, 14.4494], abs=1e-3)
    }  # fmt: skip
    assert list(found["tutorial"]["figures"]) == ["right"]


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
