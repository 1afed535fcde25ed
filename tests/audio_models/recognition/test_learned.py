"""What a run learned from is never counted as a test clip: whatever its name, format, folder or split."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
import soundfile

from audio_models.config import RunConfig
from audio_models.errors import TrainingError
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation, learned
from audio_models.recognition.learned import Learned
from data.corpus import Clip, CorpusReference
from data.folder import FolderCorpus
from data.task import Task
from tests.conftest import Trained, in_this_process
from tests.support.sounds import glides, tone, write


@pytest.fixture
def run(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    workspace = shutil.copytree(trained.workspace, tmp_path / "workspace of the run")
    monkeypatch.setenv("ECHOIC_HOME", str(workspace))
    return Run(shutil.copytree(trained.folder, tmp_path / trained.folder.name))


@pytest.fixture(params=["noted", "found again"])
def either(request: pytest.FixtureRequest, run: Run) -> Run:
    """A run that noted what it learned from, and one from before that was done."""
    if request.param == "found again":
        (run.folder / "learned.json").unlink()
    return run


def _splits(folder: Path) -> dict[str, str]:
    return {clip.content: clip.split for clip in FolderCorpus(folder).index().clips}


def test_a_training_notes_its_clips(run: Run, trained: Trained) -> None:
    found = learned.load(run)
    assert found is not None
    splits = _splits(trained.corpus)
    assert {splits[one] for one in splits if one in found.training} == {"training"}
    assert {splits[one] for one in splits if one in found.validation} == {"validation"}
    assert found.noise
    assert not found.unknown


def test_its_own_splits_are_counted_as_before(either: Run) -> None:
    for split in ("test", "validation", "training", "all"):
        result = evaluation.evaluate(either, split=split)
        assert (result.skipped, result.unchecked) == ([], "")


def test_another_split_of_the_same_folder_counts_no_clip_that_was_learned(either: Run, trained: Trained) -> None:
    """The same folder split clip by clip gave training clips as test clips, without a word."""
    splits = _splits(trained.corpus)
    for split in ("test", "all"):
        result = evaluation.evaluate(either, CorpusReference(str(trained.corpus), split_by="clip"), split)
        met = {splits[one.clip.content] for one in result.predictions if one.clip.whole}
        assert met <= {"test"}
        if split == "all":
            assert met == {"test"}
            noise = [one.clip for one in result.predictions if not one.clip.whole]
            assert {clip.split for clip in noise} <= {"test"}, "a stretch of noise that it was trained with"
        reasons = Counter(one.reason for one in result.skipped)
        assert reasons["The network was trained on this recording."] > 0
        assert set(reasons) <= {
            "The network was trained on this recording.",
            "The network was selected on this recording: it was a validation clip.",
            "The network was trained with this stretch of noise.",
        }


def test_a_copy_in_another_folder_format_and_name_is_recognised(either: Run, trained: Trained, tmp_path: Path) -> None:
    splits = _splits(trained.corpus)
    here = {"training": 0, "test": 0}
    for clip in FolderCorpus(trained.corpus).index().clips:
        if clip.label == "rise" and clip.split in here:
            samples, rate = soundfile.read(clip.path, dtype="int16")
            here[clip.split] += 1
            path = tmp_path / "copies" / "rise" / f"{clip.split} {here[clip.split]}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, samples, rate)
    result = evaluation.evaluate(either, CorpusReference(str(tmp_path / "copies")), "all")
    assert {splits[one.clip.content] for one in result.predictions} == {"test"}
    assert result.clips == here["test"]
    assert len(result.skipped) == here["training"] > 0


def test_a_corpus_that_was_learned_as_a_whole_tests_nothing(run: Run, trained: Trained, tmp_path: Path) -> None:
    for clip in FolderCorpus(trained.corpus).index().clips:
        if clip.label == "fall" and clip.split == "training":
            (tmp_path / "copies" / "fall").mkdir(parents=True, exist_ok=True)
            shutil.copy(clip.path, tmp_path / "copies" / "fall" / clip.path.name)
    with pytest.raises(TrainingError, match=r"was trained on all .*, so they cannot test it"):
        evaluation.evaluate(run, CorpusReference(str(tmp_path / "copies")), "all")


def test_other_recordings_are_all_counted(either: Run, tmp_path: Path) -> None:
    result = evaluation.evaluate(either, CorpusReference(str(glides(tmp_path / "other", 4, seed=1))), "all")
    assert (result.clips, result.skipped, result.unchecked) == (36, [], "")


def test_what_cannot_be_checked_is_said(run: Run, tmp_path: Path) -> None:
    (run.folder / "learned.json").unlink()
    config = json.loads((run.folder / "config.json").read_text())
    config["corpus"]["name"] = str(tmp_path / "gone")
    (run.folder / "config.json").write_text(json.dumps(config))
    result = evaluation.evaluate(run, CorpusReference(str(glides(tmp_path / "other", 4, seed=1))), "all")
    assert result.unchecked.startswith("The training clips of glides are not on this computer")


def test_what_the_network_learned_that_it_started_from_counts_too(run: Run, tmp_path: Path) -> None:
    before = learned.load(run)
    assert before is not None
    second = runs.create(
        RunConfig(CorpusReference(str(tmp_path)), Task(("a", "b")), start=run.reference),
    )
    learned.store(second, [Clip(Path("a.wav"), "a", "training", 1.0, None, "new file", sound="new sound")])
    after = learned.load(second)
    assert after is not None
    assert after.training == before.training | {"new sound"}
    assert after.validation == before.validation
    learned.store(second, [Clip(Path("b.wav"), "a", "training", 1.0, None, "newer")])
    resumed = learned.load(second)
    assert resumed is not None
    assert resumed.training == after.training | {"newer"}, "a resumed training has learned from both"
    third = runs.create(RunConfig(CorpusReference(str(tmp_path)), Task(("a", "b")), start="bundled:commands"))
    learned.store(third, [])
    assert learned.load(third) == learned.load(runs.bundled_run("commands"))
    fourth = runs.create(RunConfig(CorpusReference(str(tmp_path)), Task(("a", "b")), start=second.reference))
    shutil.rmtree(second.folder)
    learned.store(fourth, [])
    assert learned.load(fourth) == Learned(unknown=frozenset({fourth.start_name}))


def test_a_start_that_leads_back_to_itself_ends(run: Run) -> None:
    config = json.loads((run.folder / "config.json").read_text())
    (run.folder / "config.json").write_text(json.dumps({**config, "start": str(run.folder)}))
    (run.folder / "learned.json").unlink()
    found = learned.load(run)
    assert found is not None
    assert found.unknown == {"glides"}


def test_a_damaged_note_is_as_good_as_none(run: Run) -> None:
    noted = learned.load(run)
    (run.folder / "learned.json").write_text('{"training": "all"}')
    found = learned.load(run)
    assert noted is not None
    assert found is not None
    assert noted.training <= found.training


def test_copies_that_lists_put_into_training_and_test_are_not_counted(tmp_path: Path) -> None:
    """22 of 24 test clips had their copy in training, which nothing said."""
    folder, home = tmp_path / "clips", tmp_path / "home"
    for label, hertz in (("low", 300), ("high", 2000)):
        for number in range(12):
            write(folder / label / f"{number}.wav", tone(hertz + 20 * number, 0.3))
            samples, rate = soundfile.read(folder / label / f"{number}.wav", dtype="int16")
            soundfile.write(folder / label / f"copy {number}.flac", samples, rate)
    (folder / "validation_list.txt").write_text("low/0.wav\nlow/copy 0.wav\nhigh/0.wav\nhigh/copy 0.wav\n")
    (folder / "testing_list.txt").write_text("low/1.wav\nlow/2.wav\nlow/copy 2.wav\nhigh/1.wav\nhigh/2.wav\n")
    done = in_this_process(
        "train", "--corpus", folder, "--recipe", "plain", "--cell", "gru", "--units", 8, "--epochs", 1, "--json", home=home
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = in_this_process("evaluate", json.loads(done.stdout)["run"], "--json", home=home)
    found = json.loads(done.stdout)
    assert (found["clips"], found["unchecked"]) == (2, "")
    assert sorted(Path(one["path"]).name for one in found["skipped"]) == ["1.wav", "1.wav", "2.wav"]
    assert {one["reason"] for one in found["skipped"]} == {"The network was trained on this recording."}
    (folder / "testing_list.txt").write_text("low/1.wav\nhigh/1.wav\n")
    done = in_this_process(
        "train", "--corpus", folder, "--recipe", "plain", "--cell", "gru", "--units", 8, "--epochs", 1, "--json", home=home
    )  # fmt: skip
    assert json.loads(done.stdout)["state"] == "finished", "a test split that tests nothing does not spoil a training"
    done = in_this_process("evaluate", json.loads(done.stdout)["run"], "--split", "test", home=home)
    assert (done.returncode, "so they cannot test it" in done.stderr) == (1, True)


def test_noise_of_the_test_stretch_is_not_learned() -> None:
    noise = [Clip(Path("n.wav"), "_silence_", split, 1.0, None, "noise", whole=False) for split in ("training", "test")]
    found = Learned.of(noise)
    assert [bool(found.reason(clip)) for clip in noise] == [True, False]
    assert found.reason(Clip(Path("x.wav"), "a", "test", 1.0)) == "", "nothing is known of it"
