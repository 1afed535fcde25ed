"""LiteRT files: they answer like the network, or it is said why there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audio_models.config import FeatureConfig, NetworkConfig
from audio_models.errors import RunError
from audio_models.export import model_folder
from tests.conftest import PROJECT
from tests.support.untrained import untrained_run

STREAMS = NetworkConfig("gru", 9, convolutions=2, filters=4, causal=True)
WINDOW = NetworkConfig("lstm", 8, bidirectional=True, readout="attention", convolutions=2, filters=4)


def test_litert_answers_like_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command) -> None:
    """Each cell, both ways and with convolutions, in one process; then the command with what that made."""
    networks = [NetworkConfig("simple_rnn", 6, 2, readout="mean"), STREAMS, WINDOW, NetworkConfig("feed_forward", 6)]
    few = FeatureConfig(hop_ms=80, deltas=False, kind="log_mel")  # frames, each unrolled
    made = [
        (untrained_run(network, few, seed=place), tmp_path / f"{place}.tflite")
        for place, network in enumerate(networks)
    ]
    arguments = [str(one) for run, path in made for one in (run.folder, path)]
    done = subprocess.run(
        [sys.executable, "-m", "audio_models.export.litert_process", *arguments],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["frames"] for row in found] == [13] * len(networks)
    assert max(row["difference"] for row in found) < 1e-4
    assert not any(b"Flex" in path.read_bytes() for _, path in made)

    monkeypatch.setattr(subprocess, "run", lambda asked, **_: _converted(asked, made[1][1], found[1]))
    shown = command("export", made[1][0].id, "--format", "litert", "--to", tmp_path / "away")
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "away" / "model.tflite").read_bytes() == made[1][1].read_bytes()
    settings = json.loads((tmp_path / "away" / "settings.json").read_text())
    assert (settings["frames"], settings["labels"][0]) == (13, "left")
    assert "needs no Flex operators" in (tmp_path / "away" / "README.md").read_text()


def _converted(asked: list[str], from_file: Path, found: dict) -> subprocess.CompletedProcess[str]:
    Path(asked[-1]).write_bytes(from_file.read_bytes())
    return subprocess.CompletedProcess(asked, 0, json.dumps(found), "")


def test_litert_says_why_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    run = untrained_run(NetworkConfig("gru", 4), FeatureConfig(hop_ms=4, deltas=False))
    done = subprocess.CompletedProcess([], 1, "", "something\nbroke")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(RunError, match=r"could not make a LiteRT file of untrained \(broke\)"):
        model_folder.contents(run, kind="litert")
    from audio_models.export import litert_process

    with pytest.raises(RunError, match=r"243 frames.*too many"):
        litert_process.convert(run)
