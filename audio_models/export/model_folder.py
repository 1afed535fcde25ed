"""Export a network as a folder that runs without Echoic.

    echoic-model/
      model.onnx            one clip in, probabilities out; labels, features, normalisation and thresholds in its metadata
      streaming.onnx        the same network step by step, if it is stateful
      model.int8.onnx       both with 8-bit weights, on request
      streaming.int8.onnx
      model.tflite          one clip for LiteRT, on request, with
      settings.json         the metadata, which a LiteRT file cannot hold
      listen.py             a program that needs numpy, soundfile and onnxruntime
      README.md             the model card

The folder appears only when it is complete.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import onnx
from onnx import helper

from audio_models.errors import RunError
from audio_models.export import int8_agreement
from audio_models.export.int8_agreement import Int8Agreement
from audio_models.export.model_card import card
from audio_models.jobs.runs import Run
from audio_models.listening import detection
from audio_models.listening.network_stream import NetworkStream
from audio_models.networks import onnx_graph
from audio_models.networks.model_metadata import ModelMetadata, StreamingMetadata
from audio_models.networks.onnx_int8 import with_int8_weights
from audio_models.networks.onnx_streaming import build_streaming
from data import workspace
from data.corpus import Progress, Report, no_progress
from data.errors import Cancelled, EchoicError, WorkspaceError

Format = Literal["onnx", "litert"]

NAME = "echoic-model"
"""Default name of the folder."""

READER = workspace.PROJECT / "audio_models" / "export" / "listen.py"
_NAMES = {
    "model.onnx", "streaming.onnx", "model.int8.onnx", "streaming.int8.onnx", "model.tflite", "settings.json",
    "listen.py", "README.md",
}  # fmt: skip


@dataclass(frozen=True)
class Exported:
    """An export.

    Attributes:
        files: content of each file, by name.
        remarks: notes for the user, one sentence each.
        int8: comparison with 8-bit weights, if it was asked for and possible.
    """

    files: dict[str, bytes]
    remarks: tuple[str, ...] = ()
    int8: Int8Agreement | None = None


def export(
    run: Run, folder: Path, *, kind: Format = "onnx", int8: bool = False, report: Report = no_progress
) -> Exported:  # fmt: skip
    """Export a run's network to a folder, in place of an older export there.

    Args:
        kind: "litert" adds model.tflite.
        int8: add the graphs with 8-bit weights, and compare their answers.

    Raises:
        RunError: the run has no network, or it cannot be converted to LiteRT.
        WorkspaceError: the folder is something else, or cannot be written.
        Cancelled: `report` raised it; nothing is left.
    """
    folder = Path(os.path.expanduser(folder)).absolute()  # unlike `Path.expanduser`, no error for ~nobody
    _check_place(folder)
    made = contents(run, kind=kind, int8=int8, report=report)
    _write(folder, made.files)
    return made


def zipped(run: Run) -> bytes:
    """Export a run's network as the bytes of a zip file, in the ONNX format.

    Raises:
        RunError: the run has no network, or it is damaged.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, file in contents(run).files.items():
            packed.writestr(f"{NAME}/{name}", file)
    return content.getvalue()


def contents(run: Run, *, kind: Format = "onnx", int8: bool = False, report: Report = no_progress) -> Exported:
    """Make the files of an export, see `export`."""
    stream = NetworkStream(run)  # refuses a run without a sound network
    graph = onnx.load_model(run.model_path)
    metadata = _metadata(run, stream)
    helper.set_model_props(graph, metadata.to_props())
    graphs, remarks = {"model": graph}, []
    if stream.mode == "stateful":
        network, width = run.config.network, stream.recognizer.features.width
        graphs["streaming"] = build_streaming(network, width, onnx_graph.weights(graph, network), metadata)
    files = {f"{name}.onnx": one.SerializeToString() for name, one in graphs.items()}
    agreement = None
    if int8:
        files |= {f"{name}.int8.onnx": with_int8_weights(one).SerializeToString() for name, one in graphs.items()}
        try:
            agreement = int8_agreement.measure(run, files["model.int8.onnx"], report)
            remarks.append(agreement.summary)
        except Cancelled:
            raise
        except EchoicError as error:  # the export works without it
            remarks.append(str(error))
    if kind == "litert":
        report(Progress("Making the LiteRT file", 0, None, "files"))
        files["model.tflite"], frames = _litert(run)
        settings = {name: json.loads(text) for name, text in metadata.to_props().items()} | {"frames": frames}
        files["settings.json"] = json.dumps(settings, ensure_ascii=False, indent=1).encode("utf-8")
    files["listen.py"] = READER.read_bytes()
    files["README.md"] = card(run, stream, files, agreement).encode("utf-8")
    return Exported(files, tuple(remarks), agreement)


def _metadata(run: Run, stream: NetworkStream) -> ModelMetadata:
    """The run's metadata, including what a program needs to listen to a stream."""
    features = stream.recognizer.features
    streaming = StreamingMetadata(
        asdict(detection.load_settings(run)),
        run.config.network.frames_a_step,
        round(stream.step_seconds * features.sample_rate / features.hop_length),
    )
    return replace(stream.recognizer.metadata, threshold=stream.recognizer.threshold, streaming=streaming)


def _litert(run: Run) -> tuple[bytes, int]:
    """Make model.tflite in a separate process, which may import tensorflow; return it and its number of frames."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        done = subprocess.run(
            [sys.executable, "-m", "audio_models.export.litert_process", str(run.folder.absolute()), str(path)],
            cwd=workspace.PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = done.stdout.strip().splitlines()
        if done.returncode == 0:
            found: dict[str, Any] = json.loads(lines[-1])
            return path.read_bytes(), int(found["frames"])
    reason = done.stderr.strip().splitlines()[-1:] or ["no reason was given"]
    raise RunError(
        lines[-1] if lines else f"tensorflow could not make a LiteRT file of {run.name} ({reason[0][:200]})."
    )


def _check_place(folder: Path) -> None:
    if os.path.isdir(folder) and not folder.is_symlink() and {path.name for path in folder.iterdir()} <= _NAMES:
        return
    if os.path.lexists(folder):
        raise WorkspaceError(
            f"{folder} exists and is not an export of Echoic. Name another folder, or remove this one."
        )


def _write(folder: Path, files: dict[str, bytes]) -> None:
    workspace.made(folder.parent)
    with workspace.replacing(folder) as made:
        made.mkdir()
        for name, content in files.items():
            (made / name).write_bytes(content)
