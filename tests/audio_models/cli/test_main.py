"""The shell: what is printed, where, and with which exit status."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audio_models.cli import main
from audio_models.features.waveform import AudioSource
from audio_models.jobs import launch, runs
from audio_models.networks import kept_epochs
from audio_models.recognition.recognizer import Recognizer
from data import catalogue
from tests.conftest import PROJECT, Done, Trained
from tests.support.sounds import RATE, chirp, glides, write


def _line(text: str) -> str:
    """The complaint: exactly one line, without a traceback."""
    lines = [line for line in text.splitlines() if line.startswith("echoic: ")]
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """A command in this process, which is quicker; those that train run in one of their own."""
    status = main.main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_train_prints_one_document(trained: Trained) -> None:
    assert set(trained.printed) == {"run", "path", "state", "validation_accuracy", "epochs", "seconds", "parameters"}
    assert trained.printed["state"] == "finished"
    assert 0 < trained.printed["epochs"] <= 12
    assert trained.printed["parameters"] > 1000
    assert Path(trained.printed["path"]).name == trained.printed["run"]


def test_evaluate(home: Path, trained: Trained, tmp_path: Path, capsys) -> None:
    status, out, _ = _run(capsys, "evaluate", "glides", "--json")
    found = json.loads(out)
    assert status == 0
    assert {
        "run", "corpus", "split", "labels", "clips", "accuracy", "accuracy_interval", "confusion", "per_class",
        "per_speaker", "skipped",
    } <= set(found)  # fmt: skip
    assert found["split"] == "test"
    assert found["labels"] == ["rise", "fall", "_unknown_", "_silence_"]
    assert np.array(found["confusion"]).sum() == found["clips"]
    assert found["accuracy_interval"][0] <= found["accuracy"] <= found["accuracy_interval"][1]
    wanted = {"--report": "r.html", "--table": "t.json", "--matrix": "m.csv"}
    files = [part for option, name in wanted.items() for part in (option, tmp_path / name)]
    assert _run(capsys, "evaluate", "glides", "--json", *files)[:2] == (0, out), "stdout stays one document"
    assert f"{100 * found['accuracy']:.1f} %" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert len(json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))) == found["clips"]
    assert (
        (tmp_path / "m.csv").read_text(encoding="utf-8-sig").splitlines()[0].endswith("rise,fall,_unknown_,_silence_")
    )
    status, _, err = _run(capsys, "evaluate", "glides", "--report", tmp_path / "nowhere" / "r.html")
    assert status == 1
    assert "There is no folder" in _line(err)
    assert set(found["per_class"][0]) == {"label", "precision", "recall", "f1", "support"}
    assert set(found["per_speaker"][0]) == {"speaker", "clips", "accuracy"}
    status, out, _ = _run(capsys, "evaluate", "glides", "--corpus", trained.corpus, "--split", "all", "--json")
    assert json.loads(out)["clips"] == 240, "20 speakers, 3 words, 3 takes, and silence: its own corpus, named or not"
    status, out, err = _run(
        capsys, "evaluate", "glides", "--corpus", trained.corpus, "--split-by", "clip", "--split", "all"
    )
    assert "left out: The network was trained on this recording." in err
    write(tmp_path / "others" / "rise" / "one.wav", chirp(310, 2100, seed=77))
    out = _run(capsys, "evaluate", "glides", "--corpus", tmp_path / "others", "--split", "all")[1]
    assert "all, 1 clip\n" in out, "where speakers are unknown there are not 0 of them"
    status, out, _ = _run(capsys, "evaluate", "glides")
    assert status == 0
    assert "test, " in out
    assert "%" in out


def test_predict_answers_the_rest_where_one_cannot_be_read(home: Path, tmp_path: Path, capsys) -> None:
    good = write(tmp_path / "good.wav", chirp(400, 2200, seed=5))
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    status, out, err = _run(capsys, "predict", "glides", good, bad, tmp_path / "missing.wav", good, "--json")
    rows = json.loads(out)
    assert status == 1
    assert [row["path"] for row in rows] == [str(good), str(bad), str(tmp_path / "missing.wav"), str(good)]
    assert set(rows[0]) == {"path", "kind", "label", "confidence", "probabilities", "sure"}
    assert rows[0] == rows[3]
    assert set(rows[1]) == {"path", "error"}
    assert "bad.wav cannot be read as audio" in rows[1]["error"]
    assert err.count("echoic: ") == 2
    assert _run(capsys, "predict", "glides", good, "--json")[0] == 0


def test_predict_says_what_is_not_one_of_its_words(home: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    from audio_models.recognition.answer import Answer
    from audio_models.recognition.recognizer import Recognizer

    clip = write(tmp_path / "a.wav", chirp(400, 2200))
    for shares, kind, line in (
        ({"rise": 0.41, "fall": 0.39, "_unknown_": 0.2}, "other", "not one of its words  (closest: rise 41.0 %; it needs 70.0 %)"),
        ({"rise": 0.1, "_unknown_": 0.9}, "other", "not one of its words  (_unknown_ 90.0 %; closest: rise 10.0 %)"),
        ({"rise": 0.1, "_silence_": 0.9}, "silence", "no word  (_silence_ 90.0 %; closest: rise 10.0 %)"),
        ({"rise": 0.41, "fall": 0.59}, "unsure", "not sure  (closest: fall 59.0 %; it needs 70.0 %)"),
        ({"rise": 0.8, "fall": 0.2}, "word", "rise 80.0 %  (fall 20.0 %)"),
    ):  # fmt: skip
        label = max(shares, key=lambda one: shares[one])
        answer = Answer(label, shares[label], shares, np.zeros((1, 26), np.float32), 0.7)
        monkeypatch.setattr(Recognizer, "classify", lambda self, samples, answer=answer: answer)
        assert _run(capsys, "predict", "glides", clip)[1] == f"{clip}: {line}\n"
        [row] = json.loads(_run(capsys, "predict", "glides", clip, "--json")[1])
        assert (row["kind"], row["sure"]) == (kind, shares[label] >= 0.7)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "nobody", "a.wav"], "There is no run 'nobody'"),
        (["evaluate", "glides", "--split", "tset"], "There is no split 'tset'. Choose one of training"),
        (["evaluate", "glides", "--corpus", "/nowhere"], "no corpus and no folder '/nowhere'"),
        (["evaluate", "glides", "--speaker-pattern", "(.)"], "name it too"),
        (["train", "--units", "0"], "Units is 0"),
        (["train", "--units", "many"], "Argument --units: invalid int value: 'many'"),
        (["train", "--cell", "transformer"], "invalid choice: 'transformer'"),
        (
            ["train", "--labels", "left", "right"],
            "Unrecognized arguments: right. See: python -m audio_models train --help",
        ),
        (["train", "--labels", "left"], "1 class to tell apart"),
        (["train", "--labels", "left,left"], "left is given twice"),
        (["train", "--labels", "left,_silence_"], "add that class with --silence"),
        (["train", "--name", "a/b"], "cannot name a run"),
        (["train", "--other", "/nowhere"], "/nowhere does not exist. Give a folder of recordings"),
        (["train", "--partial-words", "0.9"], "of the unknown clips; their shares may add up"),
        (["fetch", "nothing_of_that_name"], "no corpus and no folder"),
        (["fetch", "x" * 300], "xxx'. The corpora are"),  # more than a name may have
        (["fetch", "~nobody_here/clips"], "no corpus and no folder '~nobody_here/clips'"),
        (["fetch", "a\nb"], "b'. The corpora are"),
        (["evaluate", "glides", "--corpus", "x" * 5000], "xxx'. The corpora are"),
        (["export", "glides", "--to", "x" * 300], "could not be written"),
        (["cancel", "glides"], "is finished; only a queued or running"),
        (["resume", "glides"], "is finished; there is nothing to resume"),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_status_1(home: Path, capsys, arguments: list[str], said: str) -> None:
    if arguments and arguments[0] in ("evaluate", "predict", "train", "cancel"):
        arguments = [*arguments, "--json"]
    status, out, err = _run(capsys, *arguments)
    assert status == 1
    assert out == ""
    assert said in _line(err)


@pytest.mark.parametrize("how", [["train"], ["train", "--from", "commands"], ["compare"]])
def test_words_that_make_no_task_are_refused_before_the_corpus_is_read(
    capsys, monkeypatch: pytest.MonkeyPatch, how: list[str]
) -> None:
    """Synthetic voices were made for seconds before the line that asks for other words."""
    monkeypatch.setattr(catalogue, "open_corpus", lambda *_: pytest.fail("the corpus was opened"))
    status, _, err = _run(capsys, *how, "--labels", "left,left")
    assert status == 1
    assert "left is given twice" in _line(err)


@pytest.mark.parametrize("name", ["config.json", "model.onnx", "state.json"])
@pytest.mark.parametrize("content", [None, b"\x00\x01"])
def test_a_damaged_run_is_one_line_and_the_list_goes_on(home: Path, trained: Trained, capsys, name, content) -> None:
    path = home / "runs" / trained.folder.name / name
    path.unlink() if content is None else path.write_bytes(content)
    status, out, _ = _run(capsys, "runs", "--json")
    assert status == 0
    assert len(json.loads(out)) == 1
    status, _, err = _run(capsys, "evaluate", home / "runs" / trained.folder.name)
    if name == "state.json":
        assert status == 0, "it is judged without"
    else:
        assert status == 1
        _line(err)


def test_runs_lists_names_states_and_scores(home: Path, trained: Trained, capsys) -> None:
    (row,) = json.loads(_run(capsys, "runs", "--json")[1])
    assert row["run"] == trained.printed["run"]
    assert (row["name"], row["state"], row["cell"]) == ("glides", "finished", "gru")
    assert row["validation_accuracy"] == trained.printed["validation_accuracy"]
    assert "glides" in _run(capsys, "runs")[1]


def test_corpora_are_described(capsys) -> None:
    rows = json.loads(_run(capsys, "corpora", "--json")[1])
    assert [row["name"] for row in rows] == ["synthetic_voices", "speech_commands", "mini_speech_commands", "fsdd"]
    assert all(row["licence"] and row["holds"] and row["loaded"] is False for row in rows)


def test_fetch_a_folder(tmp_path: Path, capsys) -> None:
    folder = glides(tmp_path / "glides", speakers=4)
    status, out, _ = _run(capsys, "fetch", folder, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["labels"] == {"fall": 12, "hum": 12, "rise": 12}
    assert found["speaker_disjoint"] is True
    assert sum(found["splits"].values()) == found["clips"] == 36


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--from", "commands-lstm"], ("lstm", 0.0, "log_mel", 3)),  # its cell was replaced by the default one
        (["--from", "commands", "--averaging", "0.5", "--folds", "4"], ("gru", 0.5, "log_mel", 4)),
        (["--recipe", "plain"], ("gru", 0.0, "mfcc", 0)),
        (["--recipe", "plain", "--no-cepstrum", "--cell", "lstm", "--averaging", "0.5"], ("lstm", 0.5, "log_mel", 0)),
        (["--cepstrum", "--ema-decay", "0"], ("gru", 0.0, "mfcc", 0)),
    ],
)
def test_train_takes_a_recipe_or_a_run_and_changes_what_is_asked(
    tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch, options: list[str], expected: tuple
) -> None:
    monkeypatch.setattr(launch, "spawn", lambda _: None)
    folder = glides(tmp_path / "glides", speakers=2)
    assert _run(capsys, "train", "--corpus", folder, "--background", *options)[0] == 0
    config = runs.listing()[0].config
    assert (config.network.cell, config.training.ema_decay, config.features.kind, config.training.folds) == expected


def test_sequences_of_clips_are_asked_for_by_the_new_name_and_the_old(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(launch, "spawn", lambda _: None)
    folder = glides(tmp_path / "glides", speakers=2)
    for option in ("--clips-per-sequence", "--clips-in-a-row"):
        _run(capsys, "train", "--corpus", folder, "--background", "--recipe", "streaming", option, 5)
        assert runs.listing()[0].config.training.clips_per_sequence == 5


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    def helped(*arguments: str) -> str:
        with pytest.raises(SystemExit) as done:
            main.main([*arguments, "--help"])
        assert done.value.code == 0
        return capsys.readouterr().out

    whole = helped()
    for command in main.COMMANDS:
        assert command in whole
        assert ("--json" in helped(command)) == (command not in ("dashboard", "password")), "they answer nothing"
    assert main.main([]) == 0
    assert capsys.readouterr().out == whole, "the program alone lists its commands"


def test_nothing_but_the_document_is_on_stdout_and_no_chatter_on_stderr(trained: Trained) -> None:
    assert trained.stdout.count("\n") == 1
    assert "epoch 1 of 12" in trained.stderr
    assert not re.search(r"WARNING|oneDNN|cuda|absl", trained.stderr)


def test_control_c_keeps_the_best_weights_and_tells_how_to_go_on(tmp_path: Path) -> None:
    folder = glides(tmp_path / "glides", speakers=5)
    process = subprocess.Popen(
        [sys.executable, "-m", "audio_models", "train", "--recipe", "plain", "--corpus", folder, "--units", "4", "--epochs", "1000",
         "--patience", "0", "--keep-epochs", "--json"],
        cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("epoch 2 "):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    found = json.loads(out)
    assert process.returncode == 1
    assert found["state"] == "cancelled"
    assert (Path(found["path"]) / "model.onnx").is_file()
    run = runs.Run(Path(found["path"]))
    assert kept_epochs.listing(run.epochs_folder) == kept_epochs.wanted(len(run.history))
    assert f"resume {found['run']}" in _line(err)


def test_control_c_while_tensorflow_is_imported_leaves_at_once_and_tells_how_to_go_on(tmp_path: Path) -> None:
    folder = glides(tmp_path / "glides", speakers=5)
    process = subprocess.Popen(
        [sys.executable, "-m", "audio_models", "train", "--recipe", "plain", "--corpus", folder, "--epochs", "1000", "--json"],
        cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        began = time.monotonic()
        while not any(run.state.stage == "Starting tensorflow" for run in runs.listing()):
            assert process.poll() is None
            assert time.monotonic() - began < 60
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    found = json.loads(out)
    assert found["state"] == "cancelled"
    assert f"resume {found['run']}" in _line(err)


def test_background_returns_at_once_and_cancel_stops_it(command: Callable[..., Done], tmp_path: Path) -> None:
    folder = glides(tmp_path / "glides", speakers=5)
    done = command("train", "--corpus", folder, "--epochs", 1000, "--name", "behind", "--background", "--json")
    assert json.loads(done.stdout)["state"] == "queued"
    began = time.monotonic()
    while runs.find("behind").state.status == "queued":  # its process is starting: seconds, on a busy machine
        assert time.monotonic() - began < 90
        time.sleep(0.05)
    cancelled = command("cancel", "behind", "--json")
    assert cancelled.returncode == 0, cancelled.stderr
    assert json.loads(cancelled.stdout)["state"] == "cancelled"


def test_a_full_disk_is_one_line(command: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace lies below a file, as good a place that cannot be written to as a full disk."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ECHOIC_HOME", str(tmp_path / "file" / "home"))
    done = command("train", "--labels", "left,right")
    assert done.returncode == 1
    assert "cannot be created" in _line(done.stderr)


def test_a_reader_that_has_enough_is_no_fault(home: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "audio_models", "corpora"]
    done = subprocess.run(command, cwd=PROJECT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_predict_imports_no_tensorflow(home: Path, tmp_path: Path) -> None:
    clip = write(tmp_path / "clip.wav", chirp(400, 2200), RATE)
    code = (
        "import sys; from audio_models.cli.main import main; "
        f"status = main(['predict', 'glides', {str(clip)!r}]); "
        "print(status, 'tensorflow' in sys.modules, 'keras' in sys.modules, 'streamlit' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0 False False False", done.stderr


def test_copies_of_a_recording_are_counted(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    for label, top in (("left", 900), ("right", 1900)):
        for number in range(4):
            write(tmp_path / label / f"{number}.wav", chirp(300 + 50 * number, top))
            shutil.copy(tmp_path / label / f"{number}.wav", tmp_path / label / f"copy of {number}.wav")
    told = "8 clips repeat another recording in the corpus; copies stay in one split."
    status, out, _ = _run(capsys, "fetch", tmp_path)
    assert (status, told in out) == (0, True)
    status, out, _ = _run(capsys, "fetch", tmp_path, "--json")
    assert json.loads(out)["copies"] == {"clips": 8, "apart": 0}
    monkeypatch.setattr(launch, "spawn", lambda run: None)
    status, _, err = _run(capsys, "train", "--corpus", tmp_path, "--background")
    assert (status, told in err) == (0, True)


def test_inspect_reads_with_an_earlier_epoch_and_holds_gates_as_the_page_does(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from audio_models.lab.inspection import inspect
    from audio_models.networks.cells import ForcedGate

    clip = write(tmp_path / "clip.wav", chirp(500, 1500))
    status, out, _ = _run(capsys, "inspect", "plain-lstm", clip, "--epoch", 2, "--hold", "forget shut", "--json")
    assert status == 0
    shown = json.loads(out)
    assert (shown["epoch"], shown["held"]) == (2, ["forget shut"])
    run = runs.bundled_run("plain-lstm")
    samples = Recognizer.of_run(run).load(AudioSource(clip))
    found = inspect(run, samples, epoch=2, forced=[ForcedGate("forget", open=False)])
    np.testing.assert_allclose(shown["probabilities"]["values"], found.prefix_probabilities, atol=1e-5)

    status, out, _ = _run(capsys, "inspect", "plain-lstm", clip, "--hold", "forget shut", "--hold", "output open")
    assert "held shut: forget gate" in out
    assert "held open: output gate" in out
    for wrong, said in (("forget", "'forget' holds no gate"), ("reset shut", "has no gate 'reset'")):
        status, _, err = _run(capsys, "inspect", "plain-lstm", clip, "--hold", wrong)
        assert status == 1
        assert said in _line(err)
    assert "epoch 3" in _line(_run(capsys, "inspect", "plain-lstm", clip, "--epoch", 3)[2])
