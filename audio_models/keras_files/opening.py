"""Open a network that was trained elsewhere: a run folder made from a keras file.

The folder holds the network as model.onnx, with the features and labels that the user names, so that every page and
command takes it for a run. Its card says where it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio_models.config import FeatureConfig, RunConfig, TrainingConfig
from audio_models.errors import KerasFileError
from audio_models.features.filters import designed
from audio_models.features.sequences import Normalisation
from audio_models.jobs import runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Run
from audio_models.keras_files.reading import LARGEST_FILE, read
from audio_models.keras_files.translation import ReadNetwork, translate
from audio_models.networks.model_metadata import ModelMetadata
from data.corpus import SILENCE, UNKNOWN, CorpusReference
from data.names import composed
from data.phrases import plural
from data.task import Task

_CORPUS = CorpusReference("synthetic_voices")
_SECONDS = 1.0  # of a clip, if the file does not tell
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Origin:
    """What a keras file does not say about its network.

    Attributes:
        labels: its classes, in the order of its outputs.
        features: how it was given sound.
        mean, std: subtracted from and divided into each number of a frame before the network read it: one number for all,
            or one for each; empty for none.
        corpus: where clips to evaluate it on are.
        name: of the run.
    """

    labels: tuple[str, ...]
    features: FeatureConfig
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    corpus: CorpusReference = _CORPUS
    name: str = ""


def read_file(path: Path) -> ReadNetwork:
    """Read the network in a keras file.

    Raises:
        KerasFileError: see `read_network`; or it cannot be opened.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise KerasFileError(f"{path.name} is larger than {LARGEST_FILE >> 20} MB.")
        content = path.read_bytes()
    except OSError as error:
        raise KerasFileError(f"{path} cannot be opened ({error.strerror or error}).") from error
    return read_network(content, path.name)


def read_network(content: bytes, called: str) -> ReadNetwork:
    """Read the network in the content of a keras file; nothing in it is run.

    Args:
        called: the file's name, for messages.

    Raises:
        KerasFileError: the file is damaged, or its network cannot be shown; one sentence says why.
    """
    layers = read(content, called)
    try:
        return translate(layers)
    except KerasFileError as error:
        raise KerasFileError(f"{called} cannot be opened: {str(error)[0].lower()}{str(error)[1:]}") from error
    except (TypeError, ValueError, KeyError, ArithmeticError) as error:
        raise KerasFileError(f"{called} is damaged: the settings of a layer are of the wrong type.") from error


def open_network(network: ReadNetwork, called: str, origin: Origin) -> Run:
    """Store a network that was read as a run in the workspace.

    Args:
        called: the name of its file.

    Raises:
        KerasFileError: labels, features or normalisation do not fit the network.
        CorpusError, ConfigError: a label is given twice, or a setting is out of range.
        WorkspaceError: the workspace cannot be written to.
    """
    from audio_models.networks import onnx_graph

    labels = tuple(composed(label.strip()) for label in origin.labels if label.strip())
    if len(labels) != network.classes:
        raise KerasFileError(
            f"{called} answers with {network.classes} numbers, and {plural(len(labels), 'label')} "
            f"{'was' if len(labels) == 1 else 'were'} given. Name one for each output, in their order."
        )
    words = tuple(label for label in labels if label not in (UNKNOWN, SILENCE))
    task = Task(words, unknown=UNKNOWN in labels, silence=SILENCE in labels)
    features = origin.features
    if features.width != network.width:
        raise KerasFileError(
            f"{called} reads frames of {network.width} numbers, and these features have {features.width}. "
            "Change the coefficients, the mel bands or the deltas."
        )
    places = [labels.index(label) for label in task.classes]
    weights = network.weights | {
        "output/kernel": network.weights["output/kernel"][:, places],
        "output/bias": network.weights["output/bias"][places],
    }
    metadata = ModelMetadata(
        task.classes, features, _normalisation(network, origin), network.parameters, _clip_seconds(network, features),
        filters=designed(features),
    )  # fmt: skip
    config = RunConfig(
        origin.corpus, task, origin.name or Path(called).stem[:_LONGEST_NAME], features, network.config,
        TrainingConfig(epochs=1), opened_from=called,
    )  # fmt: skip
    graph = onnx_graph.build(network.config, network.width, weights, metadata)
    return runs.create(
        config,
        State("finished", "Opened", epoch=0),
        {"model.onnx": graph.SerializeToString(), "card.md": card(config, network).encode("utf-8")},
    )


def card(config: RunConfig, network: ReadNetwork) -> str:
    """The model card, Markdown."""
    features, frames = config.features, network.frames
    kind = (
        f"{features.n_mfcc} MFCC of {features.n_mels} mel bands"
        if features.kind == "mfcc"
        else f"{features.n_mels} log-mel bands"
    )
    lines = [
        f"# {config.name}",
        "",
        f"Opened from {config.opened_from}. Echoic did not train this network, so it does not know its training clips.",
        "",
        f"- **Network**: {network.config.summary}; {network.parameters:,} parameters.",
        f"- **Features**, as named when it was opened: {kind}{' with deltas' if features.deltas else ''}, {features.sample_rate:,} Hz, "
        f"frames of {features.frame_ms:g} ms every {features.hop_ms:g} ms{', centred' if features.centred else ''}"
        f"{f', floor {features.top_db:g} dB below the loudest' if features.top_db else ''}, {features.fmin:g} to {features.fmax:g} Hz.",
        f"- **Labels**: {', '.join(config.task.classes)}.",
        *([f"- **Length**: it was trained on {frames} frames; other lengths may be answered worse."] if frames else []),
    ]
    if not network.masks:
        lines.append("- **Padding**: it does not mask padding. Echoic gives it each clip at its own length.")
    return "\n".join(lines) + "\n"


def _normalisation(network: ReadNetwork, origin: Origin) -> Normalisation:
    """Mean and standard deviation that do what the user's and the network's own normalisation do, one after the other."""
    mean, std = _each("means", origin.mean, 0.0, network.width), _each("deviations", origin.std, 1.0, network.width)
    if not (std > 0).all():
        raise KerasFileError("A standard deviation must be larger than 0.")
    if network.front is not None:  # scale ((x - mean) / std) + shift = (x - (mean - shift std / scale)) / (std / scale)
        mean, std = mean - network.front.shift * std / network.front.scale, std / network.front.scale
    return Normalisation(tuple(map(float, mean)), tuple(map(float, std)))


def _each(
    what: str, values: Sequence[float], default: float, width: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if len(values) not in (0, 1, width) or not np.isfinite(values).all():
        raise KerasFileError(f"{len(values)} {what} were given; expected none, one for all, or {width} numbers.")
    return np.array(np.broadcast_to(np.asarray(values or [default], np.float64), width))


def _clip_seconds(network: ReadNetwork, features: FeatureConfig) -> float:
    if network.frames is None:
        return _SECONDS
    samples = (network.frames - 1) * features.hop_length + (0 if features.centred else features.frame_length)
    return round(samples / features.sample_rate, 3)
