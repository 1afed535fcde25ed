"""One clip answered in the shell, from the start of the process to its end, against librosa and onnxruntime by hand."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from audio_models.jobs import runs
from benchmarks.clips import kind, some_clips
from data import workspace

_ROUNDS = 7
_MODEL = "commands"
_PLAIN = """
import json, sys
import librosa, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
said = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
samples, rate = librosa.load(sys.argv[2], sr=16000)
power = librosa.feature.melspectrogram(
    y=samples, sr=rate, n_fft=512, hop_length=320, n_mels=40, fmin=20, fmax=7600, center=False
)
bands = librosa.power_to_db(power, top_db=None).T
frames = (bands - numpy.array(said["normalisation"]["mean"])) / numpy.array(said["normalisation"]["std"])
lengths = numpy.array([len(frames)], numpy.int32)
(answer,) = session.run(["probabilities"], {"frames": frames[None].astype(numpy.float32), "lengths": lengths})
print(said["labels"][answer[0].argmax()])
"""


def main(corpus: str) -> None:
    """Print the seconds of both, in alternating rounds after one that warms the disk, and the median ratio."""
    clips = some_clips(corpus, 1)
    path, model = clips[0].path, runs.find(_MODEL).model_path
    times = [(_seconds(["-c", _PLAIN, str(model), str(path)]), _answer(path)) for _ in range(_ROUNDS + 1)][1:]
    plain, ours = (statistics.median(column) for column in zip(*times, strict=True))
    ratios = [plain / ours for plain, ours in times]
    print(f"start: {kind(clips)}, from the start of the process to its end, median of {_ROUNDS} alternating rounds")
    print(f"  import librosa, onnxruntime; one answer          {plain:8.2f} s")
    print(f"  python -m audio_models predict {_MODEL}          {ours:8.2f} s")
    print(
        f"  ratio                                            {statistics.median(ratios):8.1f}  ({min(ratios):.1f} to {max(ratios):.1f})"
    )


def _answer(path: Path) -> float:
    return _seconds(["-m", "audio_models", "predict", _MODEL, str(path)])


def _seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=workspace.PROJECT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(sys.argv[1])
