"""`corpus` in the shell: what was added, what was left out and why, and the exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audio_models.cli.terminal import complain_left_out
from data.corpus import Skipped
from data.own.corpus import OwnCorpus
from tests.conftest import Done
from tests.support.sounds import RATE, chirp, write


def _skipped(*counts: int) -> list[Skipped]:
    return [
        Skipped(Path("a"), f"Reason {number}.") for number, count in enumerate(counts, start=1) for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("counts", "last"),
    [
        ((1,), "echoic: 1 file left out: Reason 1."),
        ((3, 2, 2, 2, 2), "echoic: 2 files left out: Reason 5."),
        ((2, 2, 2, 2, 2, 1), "echoic: and 1 more file left out, for 1 other reason; --json lists them all."),
        ((1,) * 9, "echoic: and 4 more files left out, for 4 other reasons; --json lists them all."),
    ],
)
def test_five_reasons_are_told_and_how_many_more_there_are(counts: tuple, last: str, capsys) -> None:
    """Guards against nine refused files of which five were told, as if there were no more."""
    complain_left_out(_skipped(*counts), "file")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == min(6, len(counts))
    assert lines[-1] == last


def test_a_refused_file_makes_the_exit_status_1_and_the_others_are_added(
    mine: OwnCorpus, tmp_path: Path, command: Callable[..., Done]
) -> None:
    good = write(tmp_path / "good.wav", chirp(400, 2200, seed=3))
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    empty = write(tmp_path / "short.wav", np.zeros(0, np.float32), RATE)
    done = command("corpus", "add", mine.title, good, bad, empty, "--label", "rise", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["added"] == 1
    assert {Path(row["path"]).name for row in found["refused"]} == {"bad.wav", "short.wav"}
    assert done.stderr.count("1 file left out: ") == 2
    assert [clip.label for clip in mine.clips()] == ["rise"]

    sound = chirp(300, 2000, seed=4)
    again = write(tmp_path / "again.wav", np.stack([sound, -sound], axis=1))
    done = command("corpus", "add", mine.title, again, "--label", "rise")
    assert done.returncode == 0
    assert "again.wav: Its channels cancel each other out" in done.stdout
    assert "echoic:" not in done.stderr
    assert done.stdout.splitlines()[0] == f"1 clip added to {mine.title}."


def test_nothing_added_is_exit_status_1(mine: OwnCorpus, tmp_path: Path, command: Callable[..., Done]) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    done = command("corpus", "add", mine.title, bad, "--label", "rise")
    assert done.returncode == 1
    assert "Error opening" not in done.stderr, "libsndfile names the file in Python's notation"
    hollow = tmp_path / "hollow"
    hollow.mkdir()
    done = command("corpus", "import", mine.title, hollow)
    assert done.returncode == 1
    assert f"echoic: {hollow} holds no clip." in done.stderr, "an exit status of 1 has its sentence"
