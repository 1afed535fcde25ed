"""Build the graph of a stateful network: f(x_t, state_t) -> (y_t, state_t+1), nothing computed twice.

The state holds all that a step needs of the past: the state of each cell, and the last frames within reach of a
convolution. Convolutions are causal, so an answer does not wait for later sound.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from audio_models.config import REACH, NetworkConfig
from audio_models.errors import RunError
from audio_models.networks.model_metadata import ModelMetadata
from audio_models.networks.onnx_graph import Graph


def build_streaming(
    config: NetworkConfig,
    width: int,
    weights: Mapping[str, NDArray[np.float32]],
    metadata: ModelMetadata | None = None,
) -> onnx.ModelProto:
    """Build the streaming graph of a trained network.

    Args:
        config: its shape.
        width: numbers in a frame.
        weights: by name, see `keras_model.weights` and `onnx_graph.weights`.
        metadata: stored in the file.

    Returns:
        a graph with the inputs `frames` (1, n * frames_a_step, width) float32 and one for each state, and the outputs
        `probabilities` (n, classes) float32 and the next value of each state, in the inputs' order. All states begin as
        zeros. Frames of zeros are ignored, so pad the very first input with `frames_a_step - 1` of them in front.

    Raises:
        RunError: the network cannot be stateful.
    """
    if not config.streams:
        raise RunError(why_not(config))
    graph = _StreamingGraph(weights)
    hidden = "frames"
    if config.convolutions:
        hidden = graph.streaming_convolutions(hidden, config, width)  # (1, steps, bands * filters)
    hidden = graph.node("Transpose", hidden, perm=[1, 0, 2])  # (steps, 1, inputs)
    for number in range(1, config.layers + 1):
        hidden = graph.streaming_cell(hidden, f"layer_{number}", config)  # (steps, 1, units)
    units = graph.constant("units", np.array([-1, config.units], np.int64))
    graph.answer(graph.node("Reshape", hidden, units), config)
    classes = len(weights["output/bias"])
    return graph.model(
        config.cell,
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, [1, "time", width]), *graph.states],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["steps", classes]),
            *graph.next_states,
        ],
        metadata,
    )


def why_not(config: NetworkConfig) -> str:
    """Explain why a network is not stateful; one whose layers allow it was trained on single clips."""
    if config.bidirectional:
        reason = "it also reads from the end of a clip"
    elif config.cell == "feed_forward" or config.readout != "last":
        reason = (
            f"it answers from {'all frames' if config.readout == 'mean' else 'a weighted mean of all frames'} of a clip"
        )
    elif config.streams:
        reason = "it was trained on single clips, so its state would drift"
    else:
        reason = "its convolutions look ahead"
    return f"This network cannot carry its state along a stream: {reason}."


class _StreamingGraph(Graph):
    """A graph with states: `states` are its inputs and `next_states` its outputs for them."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        super().__init__(weights)
        self.states: list[onnx.ValueInfoProto] = []
        self.next_states: list[onnx.ValueInfoProto] = []

    def _state(self, name: str, *shape: int) -> tuple[str, str]:
        """Add a state; return the names of its input and output."""
        after = f"{name}/next"
        self.states.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        self.next_states.append(helper.make_tensor_value_info(after, TensorProto.FLOAT, shape))
        return name, after

    def streaming_convolutions(self, frames: str, config: NetworkConfig, width: int) -> str:
        """(1, frames, width) -> (1, fewer frames, fewer bands * filters)."""
        channel, last_axis = (self.constant(f"axis_{axis}", np.array([axis], np.int64)) for axis in (1, 2))
        loudest = self.node("ReduceMax", self.node("Abs", frames), axes=[2], keepdims=0)  # (1, frames)
        # 1 for a frame, 0 before the first
        there = self.node("Sign", self.node("Unsqueeze", self.node("Unsqueeze", loudest, channel), self._axis_3()))
        hidden = self.node("Unsqueeze", frames, channel)  # (1, 1, frames, bands)
        bands, channels = width, 1
        for number, stride in enumerate(config.strides, 1):
            before, after = self._state(f"convolution_{number}/seen", 1, channels, REACH - stride, bands)
            seen = self.node("Concat", before, hidden, axis=2)
            self._last(seen, REACH - stride, after)
            if stride > 1:  # keep the last of every `stride` frames, where an output ends
                there = self._every(there, stride, last_axis)
            hidden = self.node("Mul", self.node("Relu", self.convolution(seen, number, stride, 0, 0)), there)
            bands, channels = -(-bands // stride), config.filters
        return self.one_row(hidden)

    def streaming_cell(self, hidden: str, layer: str, config: NetworkConfig) -> str:
        """(steps, 1, inputs) -> (steps, 1, units)."""
        before, after = self._state(f"{layer}/state", 1, 1, self.units(layer))
        inputs, outputs = ["", before], [f"{layer}/states", after]
        if config.cell == "lstm":
            before, after = self._state(f"{layer}/cell_state", 1, 1, self.units(layer))
            inputs.append(before)
            outputs.append(after)
        self.cell(hidden, layer, config, *inputs, outputs=outputs)
        return self.node("Squeeze", f"{layer}/states", self.constant("axis_1", np.array([1], np.int64)))

    def _axis_3(self) -> str:
        return self.constant("axis_3", np.array([3], np.int64))

    def _last(self, value: str, count: int, name: str) -> None:
        """Output the last `count` frames, along the third axis, as `name`."""
        first = self.constant(f"minus_{count}", np.array([-count], np.int64))
        end = self.constant("end", np.array([np.iinfo(np.int64).max], np.int64))
        axis = self.constant("axis_2", np.array([2], np.int64))
        self.node("Slice", value, first, end, axis, outputs=[name])

    def _every(self, value: str, stride: int, axis: str) -> str:
        first = self.constant(f"from_{stride}", np.array([stride - 1], np.int64))
        end = self.constant("end", np.array([np.iinfo(np.int64).max], np.int64))
        return self.node("Slice", value, first, end, axis, self.constant(f"by_{stride}", np.array([stride], np.int64)))
