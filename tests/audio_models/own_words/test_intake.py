"""What a user brings is decoded once; what cannot be used is refused with a reason; and the shell does all of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_models.errors import AudioError
from audio_models.own_words import intake
from data.corpus import BACKGROUND_NOISE
from data.own import corpus as own_corpus
from data.own.layouts import ImportBatch, ImportItem
from data.own.records import OwnClip
from tests.conftest import Done
from tests.support.sounds import RATE, glides, tone, write


def _examined(*paths: Path, label: str | None = "lamp") -> intake.Intake:
    return intake.examine(
        ImportBatch(tuple(ImportItem(path, None, "anna", path.name) for path in paths)), label, "upload"
    )


def test_what_cannot_be_used_is_refused_and_the_rest_is_not(tmp_path: Path) -> None:
    good = write(tmp_path / "good.wav", tone(500, 0.5))
    cut_off = tmp_path / "cut.wav"
    cut_off.write_bytes(good.read_bytes()[:6000])
    text = tmp_path / "text.wav"
    text.write_bytes(b"no sound at all")
    empty = tmp_path / "empty.wav"
    empty.write_bytes(b"")
    found = _examined(good, cut_off, text, empty)
    assert [clip.original for clip in found.clips] == ["good.wav"]
    reasons = {one.path.name: one.reason for one in found.refused}
    assert "cut off" in reasons["cut.wav"]
    assert "cannot be read as audio" in reasons["text.wav"]
    assert "holds no bytes" in reasons["empty.wav"]


def test_a_name_that_is_no_text_is_a_clip_like_another(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    path.write_bytes(write(tmp_path / "a.wav", tone(500, 0.5)).read_bytes())
    found = _examined(path)
    own_corpus.create("mine").add(found.clips)
    assert len(own_corpus.OwnCorpus("mine").clips()) == 1


def test_samples_beyond_all_bounds_are_measured(tmp_path: Path) -> None:
    loud = write(tmp_path / "loud.wav", np.full(8000, 1e38, np.float32), subtype="FLOAT")
    with np.errstate(all="raise"):
        found = _examined(loud)
    assert len(found.clips) + len(found.refused) == 1


def test_a_clip_is_measured_when_it_comes_in(tmp_path: Path) -> None:
    samples = (tone(500, 0.5) * 32767).astype(np.int16)
    wav, flac = write(tmp_path / "a.wav", samples), write(tmp_path / "b.flac", samples)
    one, other = _examined(wav, flac).clips
    assert one.seconds == pytest.approx(0.5)
    assert one.sound == other.sound, "the same sound in two files"
    assert one.measures["peak"] == pytest.approx(-6.02, abs=0.1)
    assert (one.ending, other.ending) == (".wav", ".flac")


def test_a_file_whose_word_is_not_known_is_refused(tmp_path: Path) -> None:
    found = _examined(write(tmp_path / "a.wav", tone(500)), label=None)
    assert found.clips == ()
    assert "Its word is not known" in found.refused[0].reason


def test_long_recordings_are_offered_for_cutting_and_noise_is_kept_whole(tmp_path: Path) -> None:
    long = write(tmp_path / "long.wav", tone(500, 40))
    assert [one.original for one in _examined(long).long] == ["long.wav"]
    noise = _examined(long, label=BACKGROUND_NOISE)
    assert noise.long == ()
    assert noise.clips[0].seconds == pytest.approx(40)
    with pytest.raises(AudioError, match="may last up to 5"):
        intake.new_clip(write(tmp_path / "x.wav", np.zeros(4000 * 301, np.float32), 4000), BACKGROUND_NOISE, None, "upload", "x.wav")  # fmt: skip


def test_a_corpus_in_the_shell_from_the_first_clip_to_the_zip_and_back(
    tmp_path: Path, command: Callable[..., Done]
) -> None:
    corpus = glides(tmp_path / "glides", speakers=3, takes=2)
    assert command("corpus", "create", "meine Wörter").returncode == 0
    done = command("corpus", "import", "meine Wörter", corpus, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["labels"] == {"fall": 6, "hum": 6, "rise": 6}
    quiet = write(tmp_path / "quiet.wav", np.concatenate([np.zeros(RATE // 4), tone(500, 0.4) * 0.012]))
    done = command("corpus", "add", "meine Wörter", quiet, tmp_path / "glides" / "rise" / "s00_nohash_0.wav", "--label", "x/y", "--speaker", "me")  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = command("corpus", "check", "meine Wörter", "--json")
    kinds = {(one["original"], one["kind"]) for one in json.loads(done.stdout)["findings"]}
    assert ("quiet.wav", "quiet") in kinds
    assert any(kind == "duplicate" for _, kind in kinds)
    listed = json.loads(command("corpora", "--json").stdout)
    assert [row["title"] for row in listed if row["name"] == "own:meine Wörter"] == ["meine Wörter"]
    before = own_corpus.OwnCorpus("meine Wörter").clips()
    done = command("corpus", "export", "meine Wörter", tmp_path / "out.zip")
    assert done.returncode == 0, done.stderr
    assert command("corpus", "create", "copy").returncode == 0
    done = command("corpus", "import", "copy", tmp_path / "out.zip")
    assert done.returncode == 0, done.stderr
    after = own_corpus.OwnCorpus("copy").clips()

    def kept(clips: tuple[OwnClip, ...]) -> list[tuple[object, ...]]:
        return sorted(
            (one.label, one.speaker or "", one.source, one.added, one.original, one.digest, one.sound, one.split or "")
            for one in clips
        )

    assert kept(after) == kept(before)
    assert soundfile.info(after[0].path).samplerate == RATE
    done = command("corpus", "undo", "copy")
    assert done.returncode == 0, done.stderr
    assert own_corpus.OwnCorpus("copy").clips() == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "mine"], "needs the clips"),
        (["check", "nowhere"], "nowhere"),
        (["check", "mine", "x.wav"], "takes no file"),
        (["record-split", "mine", "x.wav"], "--label"),
        (["export", "mine", "a.zip", "b.zip"], "one zip"),
        (["import", "mine", "/no/such/folder"], "/no/such/folder"),
        (["create", "mine"], "mine"),
        (["create", "../mine"], "mine"),
        (["undo", "mine"], "undo"),
        (["add", "mine", ""], "empty file name"),
        (["add", "mine", "x" * 300 + ".wav"], "There is no folder and no file"),
        (["export", "mine", "."], "No zip file can be written to"),
        (["export", "mine", "/dev/null"], "No zip file can be written to"),
    ],
)
def test_one_sentence_for_what_cannot_be(arguments: list[str], said: str, command: Callable[..., Done]) -> None:
    own_corpus.create("mine")
    done = command("corpus", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
