"""Look inside a network while it reads a clip: states, gates, the answer after each frame, and how far gradients reach.

A `NumpyNetwork` with the run's weights gives the inner values, onnxruntime the answers; no tensorflow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from audio_models.config import Cell, FeatureConfig, NetworkConfig
from audio_models.errors import ConfigError, RunError
from audio_models.features.mfcc import Frames
from audio_models.features.waveform import Waveform
from audio_models.jobs.runs import Run
from audio_models.networks import kept_epochs
from audio_models.networks.cells import FORWARD, GATES, ForcedGate, Numbers
from audio_models.networks.initial_weights import fresh_weights, weight_shapes
from audio_models.networks.numpy_network import NumpyNetwork, Trace, Weights
from audio_models.recognition.recognizer import Recognizer
from audio_models.settings import within

Order = Literal["spoken", "reversed", "shuffled"]
ORDERS: tuple[Order, ...] = get_args(Order)
_FADED = 0.1  # share of a gradient at which its moment counts as forgotten


@dataclass(frozen=True)
class GradientDecay:
    """How a gradient decays from the end of a clip to its beginning.

    Attributes:
        step_seconds: time from one step of the cell to the next [s].
        frame_seconds: the same for the frames [s].
        frames: norm of d loss / d frame_t, (frames,).
        states: norm of d loss / d state_t of the top layer that reads forward, (steps,): of the hidden state, or of
            an LSTM's cell state.
        memory: the same for the gradient that enters at the last state alone, (steps,).
    """

    step_seconds: float
    frame_seconds: float
    frames: Numbers
    states: Numbers
    memory: Numbers

    @property
    def memory_length(self) -> float | None:
        """Time back from the last state until the gradient has fallen to a tenth [s].

        Infinite if it stays above a tenth: then the memory is longer than the clip. None if it cannot be measured.
        """
        return memory_length(self.memory, self.step_seconds)


def memory_length(norms: Numbers, step_seconds: float) -> float | None:
    """Time back from the last step until the norm has fallen to a tenth [s], log-linear between steps.

    Infinite if it stays above a tenth; None with a single step or no gradient.
    """
    if len(norms) < 2 or not np.isfinite(norms).all() or norms[-1] <= 0:
        return None
    shares = np.maximum(norms[::-1] / norms[-1], 1e-300)  # from the last step back
    below = np.flatnonzero(shares <= _FADED)
    if not len(below):
        return math.inf
    first = int(below[0])
    high, low = np.log(shares[first - 1]), np.log(shares[first])
    part = (high - np.log(_FADED)) / (high - low)
    return float((first - 1 + part) * step_seconds)


@dataclass(frozen=True)
class Inspection:
    """All inner values of one run for one clip.

    Attributes:
        run: its id.
        network, features: its configuration.
        labels: its classes, in the order of its probabilities.
        samples: the waveform, (samples,), as spoken.
        order: the order in which the network read the frames.
        trace: states, gates and probabilities.
        prefix_probabilities: the probabilities if the clip ended after each frame, (frames, labels).
        label: the class of the loss whose gradient is computed: the true one if known, else the answer.
        gradient_decay: how that gradient decays.
        cell_weights: weights of one cell of the first layer, shared by all steps; 0 without a cell.
        epoch: the epoch whose weights it read with; None for the run's network.
        forced: the gates that were held open or shut.
    """

    run: str
    network: NetworkConfig
    features: FeatureConfig
    labels: tuple[str, ...]
    samples: Waveform
    order: Order
    trace: Trace
    prefix_probabilities: NDArray[np.float32]
    label: str
    gradient_decay: GradientDecay
    cell_weights: int
    epoch: int | None = None
    forced: tuple[ForcedGate, ...] = ()

    @property
    def cell(self) -> Cell:
        return self.network.cell

    @property
    def answer(self) -> str:
        """The label after the last frame."""
        return self.labels[int(self.prefix_probabilities[-1].argmax())]

    @property
    def frame_seconds(self) -> float:
        """Time from one frame to the next [s]."""
        return self.features.hop_length / self.features.sample_rate

    @property
    def settled(self) -> float:
        """Time of the last change of the answer [s]: the end of the frame that caused it."""
        answers = self.prefix_probabilities.argmax(axis=1)
        other = np.flatnonzero(answers != answers[-1])
        frame = int(other[-1]) + 1 if len(other) else 0
        return (frame * self.features.hop_length + self.features.first_end) / self.features.sample_rate

    @property
    def changes(self) -> list[tuple[float, str]]:
        """Each change of the answer: its time [s] and the new label; the first entry is the first answer."""
        answers = self.prefix_probabilities.argmax(axis=1)
        places = [0, *(np.flatnonzero(np.diff(answers)) + 1)]
        offset = self.features.first_end / self.features.sample_rate
        return [(float(place * self.frame_seconds + offset), self.labels[int(answers[place])]) for place in places]


def put_in_order(frames: Frames, order: Order, seed: int = 0) -> Frames:
    """Put the frames in the order spoken, reversed, or shuffled by a seed.

    Raises:
        ConfigError: there is no such order.
    """
    if order not in ORDERS:
        raise ConfigError(f"There is no order '{order}'; choose one of {', '.join(ORDERS)}.")
    within("The seed", seed, 0, 2**32 - 1)
    if order == "reversed":
        return frames[::-1]
    return np.random.default_rng(seed).permutation(frames) if order == "shuffled" else frames


def network_of(run: Run) -> NumpyNetwork:
    """Load the trained network of a run, in numpy.

    Raises:
        RunError: it has none, or it is damaged.
    """
    from audio_models.networks import onnx_graph

    try:
        return _checked(run, onnx_graph.weights_of(run.model_path, run.config.network))
    except Exception as error:  # onnx has no common error of its own
        raise RunError(
            f"The network in {run.model_path} is not the one that {run.folder / 'config.json'} describes. Copy the run's folder again."
        ) from error


def epochs_of(run: Run) -> tuple[int, ...]:
    """The epochs of a run's training whose weights were kept, in their order; 0 is before the first."""
    return kept_epochs.listing(run.epochs_folder)


def network_after(run: Run, epoch: int, temperature: float = 1.0) -> NumpyNetwork:
    """Load the network of a run as it was after an epoch of its training.

    Args:
        temperature: divides the logits; that of the trained network makes their confidence comparable.

    Raises:
        RunError: that epoch was not kept, or its file is damaged.
    """
    weights = kept_epochs.load(run.epochs_folder, epoch)
    for name in ("output/kernel", "output/bias"):
        if name in weights:
            weights[name] = weights[name] / np.float32(temperature)
    try:
        return _checked(run, weights)
    except ValueError as error:
        raise RunError(
            f"The weights after epoch {epoch} in {run.epochs_folder} are not those of this network. Copy the run's folder again."
        ) from error


def _checked(run: Run, weights: Weights) -> NumpyNetwork:
    """The network of these weights; `ValueError` if they have other shapes than the run's configuration."""
    config = run.config
    found = {name: values.shape for name, values in weights.items()}
    if found != weight_shapes(config.network, config.features.width, len(config.task.classes)):
        raise ValueError("weights of other shapes")
    return NumpyNetwork(config.network, weights)


def untrained(run: Run) -> NumpyNetwork:
    """An untrained network of the same shape as a run's: not its own initial weights, but drawn in the same way."""
    config = run.config
    weights = fresh_weights(config.network, config.features.width, len(config.task.classes), config.training.seed)
    return NumpyNetwork(config.network, weights)


def inspect(
    run: Run,
    samples: Waveform,
    label: str | None = None,
    *,
    order: Order = "spoken",
    seed: int = 0,
    recognizer: Recognizer | None = None,
    epoch: int | None = None,
    forced: Sequence[ForcedGate] = (),
) -> Inspection:
    """Read a clip with the network of a run, and record all inner values.

    Args:
        samples: (samples,) float32 at the run's sample rate.
        label: the true label, if known.
        order: of the frames; `seed` is that of the shuffling.
        recognizer: that of the same run, if there is one already.
        epoch: read with the weights that were kept after this epoch; None: with the run's network.
        forced: gates to hold open or shut.

    Raises:
        RunError: the run has no network, or did not keep that epoch.
        ConfigError: it does not know the label, or has no such gate.
    """
    recognizer = recognizer or Recognizer.of_run(run)
    labels = recognizer.labels
    if label is not None and label not in labels:
        raise ConfigError(f"This network does not know '{label}'; it knows {', '.join(labels)}.")
    frames = put_in_order(recognizer.frames(samples), order, seed)
    network = network_of(run) if epoch is None else network_after(run, epoch, recognizer.temperature)
    trace = network.read(recognizer.normalise(frames), forced)
    if epoch is None and not forced:
        prefix_probabilities = recognizer.probabilities([frames[:end] for end in range(1, len(frames) + 1)])
    else:
        prefix_probabilities = network.prefix_probabilities(trace, forced).astype(np.float32)
    label = label or labels[int(prefix_probabilities[-1].argmax())]
    return Inspection(
        run.id,
        run.config.network,
        recognizer.features,
        labels,
        samples,
        order,
        trace,
        prefix_probabilities,
        label,
        gradient_decay(network, trace, labels.index(label), recognizer.features),
        0 if run.config.network.cell == "feed_forward" else network.cell_weights(1).size,
        epoch,
        tuple(forced),
    )


def gradient_decay(network: NumpyNetwork, trace: Trace, label: int, features: FeatureConfig) -> GradientDecay:
    """Measure how the gradient of a label's loss decays over a clip."""
    frame_seconds = features.hop_length / features.sample_rate
    whole = network.gradients(trace, label)
    step_seconds = frame_seconds * network.config.frames_a_step
    if network.config.cell == "feed_forward":
        norms = np.linalg.norm(whole.frames, axis=1)
        # frames are independent: no gradient flows from the last one to another
        alone = np.where(np.arange(len(norms)) == len(norms) - 1, norms, 0)
        return GradientDecay(step_seconds, frame_seconds, norms, norms, alone)
    top = f"layer_{network.config.layers}/{FORWARD}"
    # with this readout the whole gradient enters at the last state
    last = whole if network.config.readout == "last" else network.gradients(trace, label, only_last=True)

    def of_states(layers: Any) -> Numbers:
        back = layers[top]
        remembered = back.states if back.cell_states is None else back.cell_states
        return np.asarray(np.linalg.norm(remembered, axis=1))

    return GradientDecay(
        step_seconds,
        frame_seconds,
        np.asarray(np.linalg.norm(whole.frames, axis=1)),
        of_states(whole.layers),
        of_states(last.layers),
    )


def as_numbers(found: Inspection) -> dict[str, Any]:
    """The inspection as JSON values; an array is {"axes": [...], "shape": [...], "values": nested lists}."""
    layers = {}
    for layer in found.trace.layers:
        layers[layer.name] = {
            "hidden": _array(layer.hidden, "steps", "units"),
            **({"cell_state": _array(memory, "steps", "units")} if (memory := layer.cell_states) is not None else {}),
            "gates": {name: _array(layer.gate(name), "steps", "units") for name in GATES[found.cell]},
        }
    fade = found.gradient_decay
    return {
        "run": found.run,
        "cell": found.cell,
        "labels": list(found.labels),
        "order": found.order,
        "epoch": found.epoch,
        "held": [one.name for one in found.forced],
        "answer": found.answer,
        "settled_seconds": round(found.settled, 4),
        "answers": [{"seconds": round(seconds, 4), "label": label} for seconds, label in found.changes],
        "frame_seconds": found.frame_seconds,
        "frames_a_step": found.network.frames_a_step,
        "frames": _array(found.trace.frames, "frames", "coefficients"),
        "probabilities": _array(found.prefix_probabilities, "frames", "labels"),
        "attention": None if found.trace.attention is None else _array(found.trace.attention, "steps"),
        "layers": layers,
        "gradient": {
            "label": found.label,
            "loss": float(-np.log(max(float(found.trace.probabilities[found.labels.index(found.label)]), 1e-300))),
            "frames": _array(fade.frames, "frames"),
            "states": _array(fade.states, "steps"),
            "memory": _array(fade.memory, "steps"),
            "memory_seconds": fade.memory_length if math.isfinite(fade.memory_length or 0) else None,
            "memory_is_longer_than_the_clip": math.isinf(fade.memory_length or 0),
        },
    }


def _array(values: Numbers, *axes: str) -> dict[str, Any]:
    def rounded(row: Any) -> Any:
        return [rounded(one) for one in row] if isinstance(row, list) else float(f"{row:.6g}")

    return {"axes": list(axes), "shape": list(values.shape), "values": rounded(values.tolist())}


def gate_means(found: Inspection) -> dict[str, Numbers]:
    """The mean of each gate over the units of the top layer that reads forward, (steps,) each."""
    layer = [one for one in found.trace.layers if one.direction == FORWARD][-1:]
    names: Sequence[str] = [name for name in GATES.get(found.cell, ()) if name != "candidate"]
    return {name: np.asarray(one.gate(name).mean(axis=1)) for one in layer for name in names}


def format_memory_length(length: float | None) -> str:
    """Format a memory length."""
    if length is None:
        return "cannot be measured"
    return "longer than the clip" if math.isinf(length) else f"{length:.2f} s"
