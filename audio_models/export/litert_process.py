"""Convert networks to LiteRT, for phones and small boards: `python -m audio_models.export.litert_process RUN FILE [RUN FILE ...]`.

LiteRT has no recurrent operator that keras' layers map to, and a loop would need TensorFlow's own operators ("Flex"). So the
shape is fixed at one clip and the cell is unrolled over its steps. Imports tensorflow, so it is a process of its own. For
each run it prints one JSON line: the frames that the file takes, and the largest difference to the run's own answers.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audio_models.errors import RunError
from audio_models.features.mfcc import frame_count
from audio_models.features.sequences import PADDING
from audio_models.jobs.runs import Run
from audio_models.networks import onnx_graph
from audio_models.recognition.recognizer import Recognizer
from data import workspace
from data.errors import EchoicError

if TYPE_CHECKING:
    import keras

MOST_STEPS = 200
_CLOSE = 1e-4  # largest difference of probabilities that is rounding


def frames_of(recognizer: Recognizer) -> int:
    """The number of frames in a clip of `clip_seconds`."""
    return frame_count(round(recognizer.clip_seconds * recognizer.features.sample_rate), recognizer.features)


def convert(run: Run) -> tuple[bytes, int, float]:
    """Convert a run's network to LiteRT: (1, frames, width) float32, padded with zeros -> (1, labels).

    Returns:
        the file's content, the frames that it takes, and the largest difference to the probabilities of the run's graph,
        on random clips of several lengths.

    Raises:
        RunError: the run has no network, its clips are too long, or the file's answers differ from the network's.
    """
    recognizer = Recognizer.of_run(run)
    network, frames = run.config.network, frames_of(recognizer)
    if network.cell != "feed_forward" and frames / network.frames_a_step > MOST_STEPS:
        raise RunError(
            f"The clips of {run.name} have {frames} frames. A LiteRT file has the cell unrolled over each step, and "
            f"{frames // network.frames_a_step} steps are too many (at most {MOST_STEPS}). Use the ONNX files."
        )
    _quiet()
    content = _converted(_unrolled(run, recognizer), frames, recognizer.features.width)
    difference = _difference(content, recognizer, frames)
    if not difference < _CLOSE:
        raise RunError(
            f"The answers of the LiteRT file would differ from those of {run.name} by {difference:.2g}, so it is not written. Use the ONNX files."
        )
    return content, frames, difference


def _quiet() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")


def _unrolled(run: Run, recognizer: Recognizer) -> keras.Model:
    """Rebuild the network of a run's graph in keras, each of its cells unrolled over the steps."""
    import keras

    from audio_models.networks import keras_model

    config = run.config.network
    trained = onnx_graph.weights_of(run.model_path, config)
    model = keras_model.build(config, recognizer.features.width, len(recognizer.labels))
    keras_model.load_weights(model, trained)
    output = model.get_layer("output")
    output.kernel.assign(trained["output/kernel"])
    output.bias.assign(trained["output/bias"])
    for layer in model.layers:
        both_ways = isinstance(layer, keras.layers.Bidirectional)
        for one in (layer.forward_layer, layer.backward_layer) if both_ways else (layer,):
            if isinstance(one, keras.layers.RNN):
                one.unroll = True
                # Unrolled, keras 3.15 zeroes the backward states by the mask of the forward ones. The states of
                # masked frames are never read: the layers above have the mask too.
                one.zero_output_for_mask = False
    return model


def _converted(model: keras.Model, frames: int, width: int) -> bytes:
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    shape = tf.TensorSpec((1, frames, width), tf.float32, name="frames")
    traced = tf.function(lambda clip: model(clip, training=False), input_signature=[shape])
    # otherwise the weights of a network without recurrent layers stay variables, which the file cannot hold
    constant = convert_variables_to_constants_v2(traced.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([constant])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]  # an error where it needs Flex
    content: bytes = converter.convert()
    return content


def _difference(content: bytes, recognizer: Recognizer, frames: int) -> float:
    import tensorflow as tf

    interpreter: Any = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (input_,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    random, largest = np.random.default_rng(0), 0.0
    for length in (frames, frames, max(1, frames // 2), 1):
        clip = np.full(input_["shape"], PADDING, np.float32)
        clip[0, :length] = random.normal(size=clip[0, :length].shape)
        interpreter.set_tensor(input_["index"], clip)
        interpreter.invoke()
        found = interpreter.get_tensor(output["index"])[0]
        largest = max(largest, float(np.abs(found - recognizer.answer(clip[0, :length])).max()))
    return largest


def main(arguments: list[str]) -> int:
    """Convert run folders to files; on an error print it on stdout and stop."""
    for folder, path in zip(arguments[::2], arguments[1::2], strict=True):
        try:
            content, frames, difference = convert(Run(Path(folder)))
            workspace.write_atomically(Path(path), content)
        except EchoicError as error:
            print(error)
            return 1
        print(json.dumps({"frames": frames, "difference": difference}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
