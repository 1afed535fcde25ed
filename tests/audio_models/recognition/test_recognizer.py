"""A run answers clips: right, alike alone and in a batch, and with a sentence where it cannot."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile

from audio_models.config import NetworkConfig
from audio_models.errors import AudioError, RunError
from audio_models.features.mfcc import mfcc
from audio_models.features.sequences import Normalisation
from audio_models.features.waveform import AudioSource
from audio_models.jobs.runs import Run
from audio_models.recognition.recognizer import Recognizer
from data.audio_file import encode_wav
from tests.conftest import Trained
from tests.support.sounds import RATE, chirp, tone, write
from tests.support.untrained import untrained_run


@pytest.fixture(scope="module")
def recognizer(trained: Trained) -> Recognizer:
    return Recognizer.of_run(Run(trained.folder))


def test_it_hears_what_it_was_trained_on(recognizer: Recognizer) -> None:
    rise = recognizer.classify(chirp(410, 2220, (512 + 320 * 17) / RATE, seed=999))
    fall = recognizer.classify(chirp(410, 2220, (512 + 320 * 17) / RATE, seed=998)[::-1].copy())
    assert (rise.label, fall.label) == ("rise", "fall")
    assert rise.confidence == max(rise.probabilities.values())
    assert list(rise.probabilities) == ["rise", "fall", "_unknown_", "_silence_"]
    assert sum(rise.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_a_batch_answers_as_each_clip_alone(recognizer: Recognizer) -> None:
    clips = [chirp(300, 2000, seconds) for seconds in (0.05, 0.3, 1.0, 2.5)] * 40
    sequences = [mfcc(clip, recognizer.features) for clip in clips]
    together = recognizer.probabilities(sequences)
    for clip, row in zip(clips, together, strict=True):
        np.testing.assert_allclose(list(recognizer.classify(clip).probabilities.values()), row, atol=1e-5)


def test_the_graph_equals_the_keras_model_on_clips(trained: Trained, recognizer: Recognizer) -> None:
    import keras

    model = keras.models.load_model(trained.folder / "model.keras", compile=False)  # written by this test's own run
    paths = sorted(trained.corpus.glob("*/s0[0-3]*.wav"))
    assert len(paths) == 36
    for path in paths:
        frames = mfcc(recognizer.load(AudioSource(path)), recognizer.features)
        expected = np.asarray(model(recognizer.normalise(frames)[None]))[0]
        np.testing.assert_allclose(recognizer.probabilities([frames])[0], expected, atol=1e-5)


def test_a_silent_clip_is_silence_to_a_network_that_knows_it(recognizer: Recognizer) -> None:
    answer = recognizer.classify(recognizer.load(AudioSource(encode_wav(np.zeros(RATE, np.float32), RATE))))
    assert answer.label == "_silence_"


def test_a_silent_clip_is_refused_where_silence_is_no_class(recognizer: Recognizer, monkeypatch) -> None:
    monkeypatch.setattr(recognizer, "labels", ("rise", "fall", "_unknown_", "other"))
    with pytest.raises(AudioError, match=r"nothing\.wav is silent"):
        recognizer.load(AudioSource(encode_wav(np.zeros(RATE, np.float32), RATE), "nothing.wav"))


def test_it_works_where_the_folder_is_copied_to(trained: Trained, tmp_path: Path, recognizer: Recognizer) -> None:
    copy = shutil.copytree(trained.folder, tmp_path / "copy")
    clip = chirp(300, 2000)
    assert Recognizer.of_run(Run(copy)).classify(clip) == recognizer.classify(clip)


@pytest.mark.parametrize("content", [b"", b"not a graph", None, "half", "no normalisation"])
def test_a_missing_or_mangled_graph_is_one_sentence(trained: Trained, tmp_path: Path, content: object) -> None:
    copy = Run(shutil.copytree(trained.folder, tmp_path / "copy"))
    whole = copy.model_path.read_bytes()
    if content is None:
        copy.model_path.unlink()
    elif content == "half":
        copy.model_path.write_bytes(whole[: len(whole) // 2])
    elif content == "no normalisation":
        copy.model_path.write_bytes(
            whole.replace(b'"normalisation"', b'"normalisatiom"').replace(b"normalisation", b"normalisatiom")
        )
    else:
        copy.model_path.write_bytes(content)
    with pytest.raises(RunError, match="no network yet" if content is None else "is damaged") as caught:
        Recognizer.of_run(copy)
    assert "\n" not in str(caught.value)


def test_a_model_is_opened_from_its_file_alone(trained: Trained, tmp_path: Path, recognizer: Recognizer) -> None:
    path = Path(shutil.copy(trained.folder / "model.onnx", tmp_path / "renamed.onnx"))
    assert Recognizer(path).classify(chirp(300, 2000)) == recognizer.classify(chirp(300, 2000))
    with pytest.raises(RunError, match=r"gone\.onnx"):
        Recognizer(tmp_path / "gone.onnx")


SHAPES = [NetworkConfig("gru", 4), NetworkConfig("lstm", 4, readout="attention", convolutions=1, filters=2)]


@pytest.mark.parametrize("network", SHAPES, ids=lambda one: one.cell)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_refused(network: NetworkConfig, value: float) -> None:
    """Such a network answers with any word, or the same word always, and looks sure."""
    run = untrained_run(network)
    model = onnx.load_model(run.model_path)
    for constant in model.graph.initializer:
        if constant.data_type != onnx.TensorProto.FLOAT:
            continue
        whole = onnx.numpy_helper.to_array(constant)
        spoiled = whole.copy()
        spoiled.flat[spoiled.size // 2] = value
        for raw in (True, False):
            if raw:
                constant.CopyFrom(onnx.numpy_helper.from_array(spoiled, constant.name))
            else:
                constant.CopyFrom(onnx.helper.make_tensor(constant.name, 1, spoiled.shape, spoiled.ravel()))
            onnx.save_model(model, run.model_path)
            with pytest.raises(RunError, match="not finite"):
                Recognizer.of_run(run)
        constant.CopyFrom(onnx.numpy_helper.from_array(whole, constant.name))
    onnx.save_model(model, run.model_path)
    assert np.isfinite(list(Recognizer.of_run(run).classify(tone(300)).probabilities.values())).all()


@pytest.mark.parametrize("labels", [("left",), ("left", "right", "_unknown_", "_silence_", "up")])
def test_labels_that_do_not_fit_the_outputs_are_refused(labels: tuple[str, ...]) -> None:
    run = untrained_run(SHAPES[0])
    metadata = replace(Recognizer.of_run(run).metadata, labels=labels)
    model = onnx.load_model(run.model_path)
    onnx.helper.set_model_props(model, metadata.to_props())
    onnx.save_model(model, run.model_path)
    with pytest.raises(RunError, match=f"{len(labels)} labels for 4 outputs"):
        Recognizer.of_run(run)


def test_features_that_do_not_fit_the_inputs_are_refused() -> None:
    run = untrained_run(SHAPES[0])
    metadata = Recognizer.of_run(run).metadata
    narrow = replace(metadata.features, n_mels=20)
    normalisation = Normalisation((0.0,) * narrow.width, (1.0,) * narrow.width)
    model = onnx.load_model(run.model_path)
    onnx.helper.set_model_props(model, replace(metadata, features=narrow, normalisation=normalisation).to_props())
    onnx.save_model(model, run.model_path)
    with pytest.raises(RunError, match="is damaged"):
        Recognizer.of_run(run)


def test_real_speech_is_decoded_to_the_network_s_rate(recognizer: Recognizer, real_digits: Path) -> None:
    path = sorted(real_digits.rglob("*.flac"))[0]
    as_it_is = soundfile.info(path)
    assert (as_it_is.samplerate, recognizer.features.sample_rate) == (8000, 16_000)
    samples = recognizer.load(AudioSource(path))
    assert len(samples) / 16_000 == pytest.approx(as_it_is.duration, abs=0.001)
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    above = np.fft.rfftfreq(len(samples), 1 / 16_000) > 4200
    assert spectrum[above].sum() < 0.01 * spectrum.sum(), "there was nothing above 4 kHz, and nothing is made up"
    assert set(recognizer.classify(samples).probabilities) == set(recognizer.labels)


def test_loading_a_clip_names_it(recognizer: Recognizer, tmp_path: Path) -> None:
    path = write(tmp_path / "long.wav", tone(300, 31.0))
    with pytest.raises(AudioError, match=r"^long\.wav "):
        recognizer.load(AudioSource(path))
