"""Networks in keras files answer here as they do in keras; what is no network, or is meant to harm, gets one sentence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from audio_models.config import AugmentationConfig, FeatureConfig, RunConfig, TrainingConfig
from audio_models.errors import ConfigError, KerasFileError, RunError
from audio_models.features.waveform import AudioSource
from audio_models.keras_files import opening, reading
from audio_models.lab import inspection
from audio_models.listening.network_stream import NetworkStream
from audio_models.recognition import learned
from audio_models.recognition.recognizer import Recognizer
from tests.conftest import Done
from tests.support.sounds import tone, write

FEATURES = FeatureConfig(deltas=False)
WIDTH = FEATURES.width


def _randomised(model: keras.Model) -> keras.Model:
    random = np.random.default_rng(0)
    for variable in model.weights:
        if "float" in variable.dtype:
            value = random.normal(0, 0.5, variable.shape)
            variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
    return model


def _sequential(*parts: keras.layers.Layer) -> keras.Model:
    return _randomised(keras.Sequential([keras.Input((None, WIDTH)), *parts]))


def _functional(*parts: keras.layers.Layer) -> keras.Model:
    start = hidden = keras.Input((20, WIDTH))
    for part in parts:
        hidden = part(hidden)
    return _randomised(keras.Model(start, hidden))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "simple_rnn": lambda: _sequential(layers.SimpleRNN(5), layers.Dense(3, activation="softmax")),
    "lstm": lambda: _functional(
        layers.Masking(), layers.LSTM(7, return_sequences=True), layers.Dropout(0.3), layers.LSTM(5, use_bias=False),
        layers.Dense(8, activation="relu"), layers.BatchNormalization(), layers.Dense(3, activation="softmax"),
    ),
    "gru": lambda: _sequential(
        layers.Normalization(mean=np.arange(WIDTH) / 9, variance=np.full(WIDTH, 2.0)), layers.Masking(),
        layers.Bidirectional(layers.GRU(4, return_sequences=True)), layers.BatchNormalization(),
        layers.Bidirectional(layers.GRU(6, return_sequences=True)), layers.GlobalAveragePooling1D(),
        layers.Dense(9), layers.BatchNormalization(), layers.ReLU(), layers.Dense(4), layers.Dense(3), layers.Softmax(),
    ),
    "gru_of_two": lambda: _functional(
        layers.BatchNormalization(), layers.GRU(4, name="mine"), layers.Dense(1, activation="sigmoid")
    ),
    "lstm_logits": lambda: _sequential(layers.Rescaling(0.1, offset=0.3), layers.LSTM(4), layers.Dense(3)),
}  # fmt: skip


def _expected(model: keras.Model, frames: np.ndarray) -> np.ndarray:
    """What keras answers: probabilities of the classes."""
    found = np.asarray(model(frames[None], training=False), np.float64)[0]
    if len(found) == 1:
        return np.array([1 - found[0], found[0]])
    is_logits = getattr(model.layers[-1], "activation", None) is keras.activations.linear
    return np.exp(found) / np.exp(found).sum() if is_logits else found


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[keras.Model, str], Path]:
    def save(model: keras.Model, kind: str = "keras") -> Path:
        path = tmp_path / f"net.{kind}"
        model.save(path)
        return path

    return save


@pytest.mark.parametrize("kind", ["keras", "h5"])
@pytest.mark.parametrize("name", MODELS)
def test_an_opened_network_answers_as_it_does_in_keras(
    name: str, kind: str, saved: Callable[[keras.Model, str], Path]
) -> None:
    model = MODELS[name]()
    network = opening.read_file(saved(model, kind))
    labels = ("up", "_unknown_", "down")[: network.classes] if network.classes == 3 else ("up", "down")
    run = opening.open_network(network, "net.keras", opening.Origin(labels, FEATURES))

    frames = np.random.default_rng(5).normal(size=(20, WIDTH)).astype(np.float32)
    expected = _expected(model, frames)
    recognizer = Recognizer.of_run(run)
    got = dict(zip(recognizer.labels, recognizer.probabilities([frames])[0], strict=True))
    np.testing.assert_allclose([got[label] for label in labels], expected, atol=1e-5)
    assert np.ptp(expected) > 0.05, "equal answers would prove little"
    seen = inspection.network_of(run).read(recognizer.normalise(frames))
    np.testing.assert_allclose(seen.probabilities, recognizer.probabilities([frames])[0], atol=1e-5)
    assert recognizer.parameters == model.count_params()


def test_files_of_older_versions_do_not_note_the_layers_names(saved: Callable[[keras.Model], Path]) -> None:
    path = saved(MODELS["lstm"]())
    expected = opening.read_file(path).weights

    def without_names(content: bytes) -> bytes:
        changed = io.BytesIO(content)
        with h5py.File(changed, "r+") as file:
            file.visititems(lambda _, one: one.attrs.pop("name", None) and None)
        return changed.getvalue()

    _replace(path, "model.weights.h5", without_names)
    found = opening.read_file(path).weights
    assert all(np.array_equal(found[name], value) for name, value in expected.items())


def test_what_the_user_names_becomes_part_of_the_run(
    saved: Callable[[keras.Model], Path], tmp_path: Path, command: Callable[..., Done]
) -> None:
    model = MODELS["lstm_logits"]()
    path = saved(model)
    arguments = ["import", path, "--no-deltas", "--mean=-3.5", "--std", "2", "--name", "mine", "--json"]
    said = command(*arguments, "--labels", "up,down")
    assert (said.returncode, said.stderr.count("\n")) == (1, 1)
    assert "3 numbers" in said.stderr
    done = command(*arguments, "--labels", "up,down,go")
    assert done.returncode == 0, done.stderr
    clip = write(tmp_path / "clip.wav", tone(500))
    (answer,) = json.loads(command("predict", "mine", clip, "--json").stdout)
    run = opening.runs.find("mine")
    recognizer = Recognizer.of_run(run)
    frames = (recognizer.frames(recognizer.load(AudioSource(clip))) + 3.5) / 2
    np.testing.assert_allclose(list(answer["probabilities"].values()), _expected(model, frames), atol=1e-5)
    assert "Opened from net.keras" in run.card
    assert run.state.status == "finished"
    assert learned.load(run) is None, "nobody knows what it was trained on"
    assert command("inspect", "mine", clip).returncode == 0
    assert "opened from net.keras" in command("script", "mine", "--to", tmp_path / "script").stderr


REFUSED: dict[str, tuple[Callable[[], keras.Model], str]] = {
    "no recurrent layer": (lambda: _sequential(layers.GlobalAveragePooling1D(), layers.Dense(3)), "must follow a recurrent"),
    "Conv1D": (lambda: _sequential(layers.Conv1D(4, 3), layers.LSTM(4), layers.Dense(3)), "is a Conv1D"),
    "Lambda": (lambda: _sequential(layers.Lambda(lambda x: x), layers.LSTM(4), layers.Dense(3)), "is a Lambda"),
    "relu": (lambda: _sequential(layers.SimpleRNN(4, activation="relu"), layers.Dense(3)), "activation=relu"),
    "reset_after": (lambda: _sequential(layers.GRU(4, reset_after=False), layers.Dense(3)), "reset_after=False"),
    "mixed": (
        lambda: _sequential(layers.GRU(4, return_sequences=True), layers.LSTM(4), layers.Dense(3)), "differ in cell"
    ),
    "Flatten": (
        lambda: _functional(layers.LSTM(4, return_sequences=True), layers.Flatten(), layers.Dense(3)), "side by side"
    ),
    "all states": (lambda: _sequential(layers.LSTM(4, return_sequences=True), layers.Dense(3)), "on every frame"),
    "axis of time": (
        lambda: _functional(layers.BatchNormalization(axis=1), layers.LSTM(4), layers.Dense(3)), "axis=1"
    ),
    "no answer": (lambda: _sequential(layers.LSTM(4)), "last layer is not a Dense"),
    "five layers": (
        lambda: _sequential(*(layers.GRU(2, return_sequences=n < 4) for n in range(5)), layers.Dense(3)), "layers is 5"
    ),
    "not finite": (
        lambda: _with_nan(_sequential(layers.GRU(2), layers.Dense(3))), "not finite"
    ),
}  # fmt: skip


def _with_nan(model: keras.Model) -> keras.Model:
    model.weights[0].assign(np.full(model.weights[0].shape, np.nan))
    return model


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_named(name: str, saved: Callable[[keras.Model], Path]) -> None:
    make, says = REFUSED[name]
    path = saved(make())
    with pytest.raises(KerasFileError, match=says) as told:
        opening.read_file(path)
    assert str(told.value).startswith("net.keras cannot be opened: ")
    assert "\n" not in str(told.value)


def _replace(path: Path, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Change one entry of a .keras file; return the file."""
    with zipfile.ZipFile(path) as archive:
        entries = {one: archive.read(one) for one in archive.namelist()}
    entries[name] = change(entries[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in entries.items():
            if content:
                archive.writestr(one, content)
    return path.read_bytes()


def _in_config(change: Callable[[dict], object]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        config = json.loads(content)
        change(config)
        return json.dumps(config).encode()

    return changed


def _in_weights(change: Callable[[h5py.File], object]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        made = io.BytesIO(content)
        with h5py.File(made, "r+") as file:
            change(file)
        return made.getvalue()

    return changed


KERNEL = "layers/gru/cell/vars/0"


def _stored_anew(**how: object) -> Callable[[h5py.File], object]:
    def change(file: h5py.File) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, **how)

    return change


def _linked(file: h5py.File) -> None:
    del file[KERNEL]
    file[KERNEL] = h5py.ExternalLink("/etc/hostname", "/x")


HOSTILE: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "bomb in the configuration": ("config.json", lambda _: b" " * (6 << 20)),
    "bomb in the weights": ("model.weights.h5", lambda _: b"\0" * (reading.LARGEST_FILE + 1)),
    "nested too deeply": ("config.json", lambda _: b"[" * 100_000),
    "no configuration": ("config.json", lambda _: b""),
    "no weights": ("model.weights.h5", lambda _: b""),
    "weights cut off": ("model.weights.h5", lambda content: content[: len(content) // 2]),
    "a list": ("config.json", lambda _: b"[]"),
    "a class of its own": ("config.json", _in_config(lambda one: one.update(class_name="Evil", module="os"))),
    "a layer of its own": ("config.json", _in_config(lambda one: one["config"]["layers"][1].update(module="os"))),
    "a billion units": ("config.json", _in_config(lambda one: one["config"]["layers"][1]["config"].update(units=10**9))),
    "units in words": ("config.json", _in_config(lambda one: one["config"]["layers"][1]["config"].update(units="many"))),
    "no weights of a layer": ("model.weights.h5", _in_weights(lambda file: file["layers"].pop("gru"))),
    "absurd shape": ("model.weights.h5", _in_weights(_stored_anew(shape=(10**9, 10**9), dtype="f4"))),
    "compressed": ("model.weights.h5", _in_weights(_stored_anew(shape=(WIDTH, 12), dtype="f4", compression="gzip"))),
    "texts": ("model.weights.h5", _in_weights(_stored_anew(data=[b"x"]))),
    "elsewhere": (
        "model.weights.h5", _in_weights(_stored_anew(shape=(4,), dtype="f4", external=[("/etc/hostname", 0, 16)]))
    ),
    "a link": ("model.weights.h5", _in_weights(_linked)),
}  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "net.keras"
    _sequential(layers.GRU(4), layers.Dense(3)).save(path)
    return path.read_bytes()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_one_sentence(name: str, sound: bytes, tmp_path: Path) -> None:
    entry, change = HOSTILE[name]
    path = tmp_path / "net.keras"
    path.write_bytes(sound)
    content = _replace(path, entry, change)
    with pytest.raises(KerasFileError) as told:
        opening.read_network(content, "net.keras")
    assert str(told.value).startswith("net.keras ")
    assert "\n" not in str(told.value)


def test_damaged_and_foreign_files_get_one_sentence(sound: bytes, tmp_path: Path) -> None:
    for content in (b"", b"RIFF", b"PK\x03\x04", sound[:1000], b"\x89HDF\r\n\x1a\n" + b"\0" * 100):
        with pytest.raises(KerasFileError):
            opening.read_network(content, "net.keras")
    with pytest.raises(KerasFileError, match="cannot be opened"):
        opening.read_file(tmp_path / "missing.keras")
    model = _sequential(layers.GRU(4), layers.Dense(3))
    model.save_weights(tmp_path / "net.weights.h5")
    with pytest.raises(KerasFileError, match="weights alone"):
        opening.read_file(tmp_path / "net.weights.h5")


def test_branches_are_refused(saved: Callable[[keras.Model], Path]) -> None:
    start = keras.Input((None, WIDTH))
    both = layers.Concatenate()([layers.GRU(4)(start), layers.LSTM(4)(start)])
    with pytest.raises(KerasFileError, match="2 inputs"):
        opening.read_file(saved(keras.Model(start, layers.Dense(3)(both))))


def test_a_network_on_frames_that_need_the_whole_clip_does_not_listen(saved: Callable[[keras.Model], Path]) -> None:
    network = opening.read_file(saved(MODELS["simple_rnn"]()))
    features = FeatureConfig(deltas=False, centred=True, top_db=80)
    run = opening.open_network(network, "net.keras", opening.Origin(("a", "b", "c"), features))
    assert "centred, floor 80 dB below the loudest" in run.card
    recognizer = Recognizer.of_run(run)
    assert recognizer.features == features
    with pytest.raises(RunError, match="cannot listen to a stream, nor be exported"):
        NetworkStream(run)
    with pytest.raises(ConfigError, match="turn centred frames off"):
        RunConfig(
            run.config.corpus, run.config.task, features=features, training=TrainingConfig(clips_per_sequence=2),
            augmentation=AugmentationConfig(augment=True),
        )  # fmt: skip


def test_features_and_labels_must_fit(saved: Callable[[keras.Model], Path]) -> None:
    network = opening.read_file(saved(MODELS["simple_rnn"]()))
    with pytest.raises(KerasFileError, match="frames of 13 numbers, and these features have 26"):
        opening.open_network(network, "net.keras", opening.Origin(("a", "b", "c"), FeatureConfig()))
    with pytest.raises(KerasFileError, match="2 means were given; expected none, one for all, or 13"):
        opening.open_network(network, "net.keras", opening.Origin(("a", "b", "c"), FEATURES, mean=(1.0, 2.0)))
    with pytest.raises(KerasFileError, match="larger than 0"):
        opening.open_network(network, "net.keras", opening.Origin(("a", "b", "c"), FEATURES, std=(0.0,)))
