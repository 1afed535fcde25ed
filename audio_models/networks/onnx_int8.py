"""Quantise the weights of a graph to 8 bits: a quarter of the file size, nearly the same answers.

onnxruntime's own quantisation skips the operators RNN and GRU. Here each kernel is int8 with one scale per channel, and
a DequantizeLinear before its operator restores float32. This saves disk space only; the arithmetic stays in float32.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_LARGEST = 127  # symmetric: zero stays zero


def with_int8_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Quantise the kernels of a graph of `onnx_graph` or `onnx_streaming`; biases, inputs and metadata do not change."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    constants, nodes = [], []
    for constant in model.graph.initializer:
        name = constant.name
        if not (name.endswith("kernel") and constant.data_type == TensorProto.FLOAT):
            constants.append(constant)
            continue
        value = numpy_helper.to_array(constant)
        axis = 0 if value.ndim == 4 else 1  # (filters, ...), (directions, gates * units, inputs), (inputs, outputs)
        whole, scale = rounded(value, axis)
        constants += [numpy_helper.from_array(whole, f"{name}/int8"), numpy_helper.from_array(scale, f"{name}/scale")]
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}/int8", f"{name}/scale"], [name], axis=axis))
    nodes += model.graph.node
    for field, values in (("initializer", constants), ("node", nodes)):
        made.graph.ClearField(field)
        getattr(made.graph, field).extend(values)
    onnx.checker.check_model(made)
    return made


def rounded(value: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round weights to integers from -127 to 127, with a scale for each channel along `axis`: value = integer * scale."""
    others = tuple(other for other in range(value.ndim) if other != axis)
    scale = np.abs(value).max(axis=others, keepdims=True) / _LARGEST
    scale[scale == 0] = 1  # a channel of zeros
    return np.round(value / scale).astype(np.int8), scale.reshape(-1).astype(np.float32)
