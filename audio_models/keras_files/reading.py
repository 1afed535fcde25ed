"""Read a .keras or .h5 file: the configuration of its layers, and their weights.

Nothing in the file is run: it is JSON and arrays of numbers to this module, which imports neither keras nor pickle. What
is read is bounded before it is allocated: entries of the archive, text, number and size of arrays.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audio_models.errors import KerasFileError
from audio_models.keras_files.arrays import MOST_LAYERS, Array, Arrays, opened

LARGEST_FILE = 128 << 20
"""Bytes of a file."""

_LARGEST_TEXT = 4 << 20  # characters of the configuration
_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
_SAVE = "Save the whole model with model.save('model.keras')."


@dataclass(frozen=True)
class Layer:
    """One layer as the file describes it.

    Attributes:
        kind: its class, such as "LSTM".
        name: its name.
        config: its settings, JSON values.
        weights: its arrays in keras' order; of a Bidirectional those of the forward layer, then the backward one's.
    """

    kind: str
    name: str
    config: dict[str, Any]
    weights: tuple[Array, ...] = ()


def read(content: bytes, called: str) -> tuple[Layer, ...]:
    """Read the layers of a network, from its input to its output.

    Args:
        content: of the file.
        called: the file's name, for messages.

    Raises:
        KerasFileError: it is no keras file, is damaged or too large, holds no configuration or lacks weights, or its
            layers do not follow each other in one line.
    """
    if len(content) > LARGEST_FILE:
        raise KerasFileError(f"{called} has {len(content) >> 20} MB; at most {LARGEST_FILE >> 20} MB can be read.")
    try:
        if content.startswith(_ZIP):
            return _read_archive(content)
        if content.startswith(_HDF5):
            return _read_hdf5(content)
    except KerasFileError as error:
        raise KerasFileError(f"{called} cannot be opened: {error}") from error
    except Exception as error:  # zipfile, json and h5py raise nearly anything for a damaged file
        raise KerasFileError(
            f"{called} is damaged ({type(error).__name__}). Copy it again, or save the model anew."
        ) from error
    raise KerasFileError(f"{called} is neither a .keras nor an .h5 file. {_SAVE}")


def _read_archive(content: bytes) -> tuple[Layer, ...]:
    """A .keras file: a zip with config.json and model.weights.h5."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        if missing := [name for name in ("config.json", "model.weights.h5") if name not in names]:
            raise KerasFileError(f"it has no {missing[0]}. {_SAVE}")
        described = _entry(archive, "config.json", _LARGEST_TEXT)
        weights = _entry(archive, "model.weights.h5", LARGEST_FILE)
    layers, all_of_model = _in_line(_parsed(described.decode("utf-8")))
    with opened(weights) as file:
        store = Arrays(file)
        group = store.group("layers", "_layer_checkpoint_dependencies")
        stored_as = _stored_names(store, group, all_of_model)
        return tuple(
            _with_weights(layer, [store.numbered(f"{stored_as[layer.name]}{part}/vars") for part in _parts(layer)])
            for layer in layers
        )


def _read_hdf5(content: bytes) -> tuple[Layer, ...]:
    """An .h5 file: the configuration is an attribute, the weights are named after their layers."""
    with opened(content) as file:
        described = file.attrs.get("model_config")
        if described is None:
            raise KerasFileError(f"it holds weights alone, without the layers' configuration. {_SAVE}")
        text = described.decode("utf-8") if isinstance(described, bytes) else str(described)
        layers, _ = _in_line(_parsed(text))
        store = Arrays(file)
        return tuple(_with_weights(layer, [store.listed(f"model_weights/{layer.name}")]) for layer in layers)


def _with_weights(layer: Layer, found: Sequence[Sequence[Array]]) -> Layer:
    return Layer(layer.kind, layer.name, layer.config, tuple(array for arrays in found for array in arrays))


def _parts(layer: Layer) -> tuple[str, ...]:
    """Where a .keras file has a layer's arrays, below its group."""
    if layer.kind == "Bidirectional":
        return "/forward_layer/cell", "/backward_layer/cell"
    return ("/cell",) if layer.kind in ("SimpleRNN", "LSTM", "GRU") else ("",)


def _entry(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Unpack an entry of the archive, but not more of it than its bound, whatever its header says."""
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise KerasFileError(f"its {name} unpacks to more than {most >> 20} MB.")
    return content


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > _LARGEST_TEXT:
        raise KerasFileError(f"its configuration has more than {_LARGEST_TEXT >> 20} MB.")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise KerasFileError("its configuration is not that of a model.")
    return found


def _in_line(model: dict[str, Any]) -> tuple[list[Layer], list[Layer]]:
    """The layers from the input to the output, and all layers in the file's order."""
    kind, config = model.get("class_name"), model.get("config")
    if kind == "Sequential" and isinstance(config, list):
        config = {"layers": config}  # as early keras 2 wrote it
    if kind not in ("Sequential", "Functional", "Model") or not isinstance(config, dict):
        raise KerasFileError(f"it is a '{str(kind)[:40]}'; only a Sequential or a functional model can be read.")
    rows = config.get("layers")
    if not isinstance(rows, list) or not rows or len(rows) > MOST_LAYERS:
        raise KerasFileError(f"it lists no layers, or more than {MOST_LAYERS}.")
    by_name = {_name(row): row for row in rows}
    if len(by_name) != len(rows):
        raise KerasFileError("two of its layers have the same name.")
    order = list(by_name) if kind == "Sequential" else _chain(config, by_name)
    return [_layer(by_name[name]) for name in order], [_layer(row) for row in rows if _is_layer(row)]


def _name(row: Any) -> str:
    config = row.get("config") if isinstance(row, dict) else None
    if not isinstance(config, dict):
        raise KerasFileError("a layer's configuration is damaged.")
    return str(config.get("name", row.get("name", "")))


def _is_layer(row: dict[str, Any]) -> bool:
    """Whether keras counts it as a layer, not as an operation such as `keras.ops.any`."""
    return ".ops" not in str(row.get("module", ""))


def _layer(row: dict[str, Any]) -> Layer:
    kind, module = str(row.get("class_name", "")), row.get("module")
    if module is not None and not str(module).startswith("keras"):
        kind = f"{module}.{kind}"  # a class of the user's own, whatever its name
    return Layer(kind, _name(row), row["config"])


def _chain(config: dict[str, Any], by_name: dict[str, Any]) -> list[str]:
    """The names of the layers of a functional model, which must follow each other in one line."""
    (name,) = _layer_names(config.get("output_layers"), "outputs")
    (first,) = _layer_names(config.get("input_layers"), "inputs")
    order = [name]
    while order[-1] != first:
        inputs = _inputs(by_name[order[-1]])
        if len(inputs) != 1 or len(order) > len(by_name):
            raise KerasFileError(f"its layer '{order[-1]}' has {len(inputs)} inputs; each may have one.")
        order.append(inputs[0])
    return order[::-1]


def _layer_names(value: Any, what: str) -> list[str]:
    rows = [value] if isinstance(value, list) and value and isinstance(value[0], str) else value
    if not isinstance(rows, list) or len(rows) != 1:
        raise KerasFileError(f"it has several {what}; a network with one can be read.")
    return [str(rows[0][0])]


def _inputs(row: dict[str, Any]) -> list[str]:
    """The names of the layers that a layer reads; its mask does not count."""
    nodes = row.get("inbound_nodes") or []
    if len(nodes) != 1:
        raise KerasFileError(f"its layer '{_name(row)}' is used {len(nodes)} times; each may be used once.")
    node = nodes[0]
    if isinstance(node, list):  # keras 2: [[name, node, tensor, {}], ...]
        rows = [node] if node and isinstance(node[0], str) else node
        return [str(one[0]) for one in rows]
    others = {key: value for key, value in node.get("kwargs", {}).items() if key != "mask"}
    return [*_tensors(node.get("args", [])), *_tensors(list(others.values()))]


def _tensors(values: list[Any]) -> list[str]:
    found = []
    for value in values:
        if isinstance(value, list):
            found += _tensors(value)
        elif isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            found.append(str(value["config"]["keras_history"][0]))
    return found


def _stored_names(store: Arrays, group: str, layers: Sequence[Layer]) -> dict[str, str]:
    """The path of each layer's group by the layer's name: noted in the file, or in older ones numbered by class."""
    noted = store.noted_names(group)
    count: Counter[str] = Counter()
    found = {}
    for layer in layers:
        kind = _snake_case(layer.kind)
        numbered = f"{kind}_{count[kind]}" if count[kind] else kind
        count[kind] += 1
        found[layer.name] = f"{group}/{noted.get(layer.name, numbered)}"
    return found


def _snake_case(name: str) -> str:
    """As keras names the groups: "SimpleRNN" -> "simple_rnn"."""
    parts = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parts).lower()
