"""Build an ONNX graph from trained weights, with ONNX's own RNN, LSTM and GRU operators.

onnxruntime runs it on a clip in a fraction of a millisecond, without tensorflow. Layouts follow the ONNX operator
specification (RNN-22, LSTM-22, GRU-22) and keras' recurrent layers: a kernel is (inputs, gates * units) in keras and
(directions, gates * units, inputs) in ONNX, with the gates in another order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from audio_models.config import REACH, NetworkConfig
from audio_models.networks.model_metadata import ModelMetadata

OPSET = 17
IR_VERSION = 8  # what every onnxruntime since 1.12 reads

_EPSILON = 1e-3  # of keras' batch normalisation
_OPERATOR = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
# Positions of ONNX' gates among keras': LSTM is i f c o in keras and i o f c in ONNX; GRU is z r h in both.
_GATES = {"simple_rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (0, 1, 2)}


def build(
    config: NetworkConfig,
    width: int,
    weights: Mapping[str, NDArray[np.float32]],
    metadata: ModelMetadata | None = None,
) -> onnx.ModelProto:
    """Build the graph of a trained network.

    Args:
        config: its shape.
        width: numbers in a frame.
        weights: by name, see `keras_model.weights`.
        metadata: stored in the file.

    Returns:
        a graph with the inputs `frames` (batch, frames, width) float32 and `lengths` (batch,) int32, and the output
        `probabilities` (batch, classes) float32. Frames from `lengths` on are not read.
    """
    graph = Graph(weights)
    hidden = "frames"  # (batch, frames, width)
    if config.cell == "feed_forward":
        for number in range(1, config.layers + 1):
            hidden = graph.node("Relu", graph.dense(hidden, f"layer_{number}"))
        hidden = graph.mean_over_frames(hidden)
    else:
        if config.convolutions:
            hidden = graph.convolutions(hidden, config)  # (batch, fewer frames, bands * filters)
        hidden = graph.node("Transpose", hidden, perm=[1, 0, 2])  # (frames, batch, width)
        for number in range(1, config.layers + 1):
            every_frame, last = graph.recurrent(hidden, f"layer_{number}", config)
            hidden = every_frame
        if config.readout == "last":
            hidden = last
        else:
            by_clip = graph.node("Transpose", every_frame, perm=[1, 0, 2])  # (batch, frames, states)
            hidden = graph.mean_over_frames(by_clip) if config.readout == "mean" else graph.attention(by_clip)
    graph.answer(hidden, config)

    classes = len(weights["output/bias"])
    return graph.model(
        config.cell,
        [
            helper.make_tensor_value_info("frames", TensorProto.FLOAT, ["batch", "time", width]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes])],
        metadata,
    )


def weights(model: onnx.ModelProto, config: NetworkConfig) -> dict[str, NDArray[np.float32]]:
    """Read the weights of a graph made by `build`, in keras' layout and under keras' names.

    A normalisation stays folded into the convolution before it, and a SimpleRNN or LSTM has one bias instead of two.
    """
    constants = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    found = {
        name: value
        for name, value in constants.items()
        if name.startswith(("attention", "dense_", "output/"))
        or (config.cell == "feed_forward" and name.startswith("layer_"))
    }
    for number in range(1, config.convolutions + 1):
        found[f"convolution_{number}/kernel"] = constants[f"convolution_{number}/kernel"].transpose(2, 3, 1, 0)
        found[f"convolution_{number}/bias"] = constants[f"convolution_{number}/bias"]
    for number in range(1, config.layers + 1) if config.cell != "feed_forward" else ():
        for place, way in enumerate(["forward", "backward"] if config.bidirectional else ["forward"]):
            for part in ("kernel", "recurrent_kernel", "bias"):
                found[f"layer_{number}/{way}/{part}"] = _keras_layout(
                    constants[f"layer_{number}/{part}"][place], part, config
                )
    return found


def weights_of(path: Path, config: NetworkConfig) -> dict[str, NDArray[np.float32]]:
    """`weights` of the graph in a file."""
    return weights(onnx.load_model(path), config)


def _keras_layout(value: NDArray[np.float32], part: str, config: NetworkConfig) -> NDArray[np.float32]:
    gates = _GATES[config.cell]
    keras_order = np.argsort(gates)
    if part != "bias":
        blocks = np.split(value, len(gates))  # each (units, inputs)
        return np.concatenate([blocks[place].T for place in keras_order], axis=1)
    both = [np.split(row, len(gates)) for row in np.split(value, 2)]  # the input's bias and the state's
    rows = np.stack([np.concatenate([row[place] for place in keras_order]) for row in both])
    return rows if config.cell == "gru" else np.asarray(rows.sum(axis=0))


class Graph:
    """Collects nodes and constants; values get numbered names."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._weights = weights
        self._lengths = "lengths"  # frames of each clip at this depth; strides reduce them

    def node(self, operator: str, *inputs: str, outputs: list[str] | None = None, **attributes: object) -> str:
        """Add a node; return the name of its first output."""
        outputs = outputs or [f"{operator.lower()}_{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0]

    def model(
        self,
        name: str,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Sequence[onnx.ValueInfoProto],
        metadata: ModelMetadata | None,
    ) -> onnx.ModelProto:
        """The nodes as a checked model."""
        made = helper.make_model(
            helper.make_graph(self.nodes, name, inputs, outputs, self.constants),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="echoic",
        )
        helper.set_model_props(made, metadata.to_props() if metadata else {})
        onnx.checker.check_model(made)
        return made

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        if all(constant.name != name for constant in self.constants):
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def dense(self, hidden: str, layer: str) -> str:
        """(..., inputs) -> (..., outputs)."""
        kernel = self.constant(f"{layer}/kernel", self._weights[f"{layer}/kernel"])
        bias = self.constant(f"{layer}/bias", self._weights[f"{layer}/bias"])
        return self.node("Add", self.node("MatMul", hidden, kernel), bias)

    def answer(self, hidden: str, config: NetworkConfig) -> None:
        """(..., states) -> probabilities (..., classes), the output."""
        for number in range(1, len(config.dense) + 1):
            hidden = self.node("Relu", self.dense(hidden, f"dense_{number}"))
        self.node("Softmax", self.dense(hidden, "output"), outputs=["probabilities"], axis=-1)

    def recurrent(self, hidden: str, layer: str, config: NetworkConfig) -> tuple[str, str]:
        """(frames, batch, inputs) -> the states (frames, batch, states), and those after the last frame (batch, states)."""
        states, last = f"{layer}/states", f"{layer}/last"
        self.cell(hidden, layer, config, self._lengths, outputs=[states, last])
        size = self.units(layer) * (2 if config.bidirectional else 1)
        # states: (frames, directions, batch, units); last: (directions, batch, units)
        merged = self.constant(f"states_{size}", np.array([0, 0, size], np.int64))
        merged_last = self.constant(f"last_{size}", np.array([-1, size], np.int64))
        return (
            self.node("Reshape", self.node("Transpose", states, perm=[0, 2, 1, 3]), merged),
            self.node("Reshape", self.node("Transpose", last, perm=[1, 0, 2]), merged_last),
        )

    def units(self, layer: str) -> int:
        """Size of the state of a layer."""
        return len(self._weights[f"{layer}/forward/recurrent_kernel"])

    def cell(self, hidden: str, layer: str, config: NetworkConfig, *inputs: str, outputs: list[str]) -> None:
        """Add the operator of a layer's cell over (frames, batch, inputs); `inputs` follow its weights."""
        directions = ["forward", "backward"] if config.bidirectional else ["forward"]
        tensors = []
        for part in ("kernel", "recurrent_kernel", "bias"):
            stacked = np.stack([self._onnx_layout(f"{layer}/{way}/", part, config) for way in directions])
            tensors.append(self.constant(f"{layer}/{part}", stacked))
        attributes: dict[str, object] = {
            "hidden_size": self.units(layer),
            "direction": "bidirectional" if config.bidirectional else "forward",
        }
        if config.cell == "gru":
            attributes["linear_before_reset"] = 1  # keras' reset_after
        self.node(_OPERATOR[config.cell], hidden, *tensors, *inputs, outputs=outputs, **attributes)

    def _onnx_layout(self, prefix: str, part: str, config: NetworkConfig) -> NDArray[np.float32]:
        value = self._weights[prefix + part]
        gates = _GATES[config.cell]
        if part != "bias":
            blocks = np.split(value, len(gates), axis=1)  # each (inputs, units)
            return np.concatenate([blocks[gate].T for gate in gates])
        # ONNX wants the bias of the input and of the state; keras has both for GRU, (2, gates * units), else their sum.
        both = value if value.ndim == 2 else np.stack([value, np.zeros_like(value)])
        return np.concatenate([np.split(row, len(gates))[gate] for row in both for gate in gates])

    def convolutions(self, frames: str, config: NetworkConfig) -> str:
        """(batch, frames, width) -> (batch, fewer frames, fewer bands * filters), zeros after a clip's end."""
        hidden = self.node("Unsqueeze", frames, self.constant("axis_1", np.array([1], np.int64)))  # one channel, first
        for number, stride in enumerate(config.strides, 1):
            before, after = config.reach_back
            convolved = self.convolution(hidden, number, stride, before, after)
            if stride > 1:  # ceil(lengths / stride)
                more = self.constant(f"less_{stride}", np.array(stride - 1, np.int32))
                divisor = self.constant(f"stride_{stride}", np.array(stride, np.int32))
                self._lengths = self.node("Div", self.node("Add", self._lengths, more), divisor)
            frames_axis = self.constant("two", np.array(2, np.int64))
            mask = self.node(
                "Unsqueeze", self._mask(convolved, frames_axis), self.constant("axis_1", np.array([1], np.int64))
            )  # (batch, 1, frames, 1)
            hidden = self.node("Mul", self.node("Relu", convolved), mask)
        return self.one_row(hidden)

    def convolution(self, hidden: str, number: int, stride: int, before: int, after: int) -> str:
        """(batch, channels, frames, bands) -> (batch, filters, fewer frames, fewer bands), zero-padded.

        A normalisation is folded into the kernel: gamma (k * x - mean) / sqrt(variance + epsilon) + beta. Weights without
        one are folded already.
        """
        kernel = self._weights[f"convolution_{number}/kernel"]  # (reach, reach, channels, filters)
        if f"normalisation_{number}/gamma" in self._weights:
            gamma, beta, mean, variance = (
                self._weights[f"normalisation_{number}/{part}"]
                for part in ("gamma", "beta", "moving_mean", "moving_variance")
            )
            scale = gamma / np.sqrt(variance + _EPSILON)
            kernel, offset = kernel * scale, beta - mean * scale
        else:
            offset = self._weights[f"convolution_{number}/bias"]
        return self.node(
            "Conv", hidden,
            self.constant(f"convolution_{number}/kernel", kernel.transpose(3, 2, 0, 1)),
            self.constant(f"convolution_{number}/bias", offset),
            kernel_shape=[REACH, REACH], strides=[stride, stride], pads=[before, REACH // 2, after, REACH // 2],
        )  # fmt: skip

    def one_row(self, hidden: str) -> str:
        """(batch, filters, frames, bands) -> (batch, frames, bands * filters)."""
        last = self.node("Transpose", hidden, perm=[0, 2, 3, 1])
        return self.node("Reshape", last, self.constant("one_row", np.array([0, 0, -1], np.int64)))

    def attention(self, hidden: str) -> str:
        """(batch, frames, states) -> (batch, states): a mean with learned weights over each clip's own frames."""
        score = self.node("Tanh", self.dense(hidden, "attention"))
        query = self.constant("attention_score/kernel", self._weights["attention_score/kernel"])
        score = self.node("MatMul", score, query)  # (batch, frames, 1)
        far_below = self.constant("far_below", np.array(1e9, np.float32))
        unit = self.constant("unit", np.array(1, np.float32))
        masked = self.node("Mul", self.node("Sub", unit, self._mask(hidden)), far_below)
        share = self.node("Softmax", self.node("Sub", score, masked), axis=1)
        frames_axis = self.constant("axis_1", np.array([1], np.int64))
        return self.node("ReduceSum", self.node("Mul", share, hidden), frames_axis, keepdims=0)

    def mean_over_frames(self, hidden: str) -> str:
        """(batch, frames, states) -> (batch, states), the mean over each clip's own frames."""
        frames_axis = self.constant("axis_1", np.array([1], np.int64))
        total = self.node("ReduceSum", self.node("Mul", hidden, self._mask(hidden)), frames_axis, keepdims=0)
        return self.node("Div", total, self.node("Cast", self._per_clip(), to=TensorProto.FLOAT))

    def _per_clip(self) -> str:
        """Frames of each clip, (batch, 1) int64."""
        frames_axis = self.constant("axis_1", np.array([1], np.int64))
        return self.node("Unsqueeze", self.node("Cast", self._lengths, to=TensorProto.INT64), frames_axis)

    def _mask(self, hidden: str, axis: str = "") -> str:
        """1 for each frame of a clip, 0 after its end: (batch, frames, 1) float32; frames lie along the second axis."""
        zero = self.constant("zero", np.array(0, np.int64))
        one = self.constant("one", np.array(1, np.int64))
        last_axis = self.constant("axis_2", np.array([2], np.int64))
        frames = self.node("Gather", self.node("Shape", hidden), axis or one)
        positions = self.node("Range", zero, frames, one)  # (frames,)
        is_frame = self.node("Less", positions, self._per_clip())  # (batch, frames)
        return self.node("Unsqueeze", self.node("Cast", is_frame, to=TensorProto.FLOAT), last_axis)
