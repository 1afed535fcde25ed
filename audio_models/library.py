"""Echoic in a Python program: load a model, ask it, let it listen, train one. `from audio_models import load, train`.

Everything here does what the shell does, with the same answers; docs/library.md shows it.
"""

from __future__ import annotations

import difflib
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import ArrayLike, NDArray

from audio_models.config import (
    AugmentationConfig,
    FeatureConfig,
    NegativesConfig,
    NetworkConfig,
    Recipe,
    TrainingConfig,
)
from audio_models.errors import AudioError, ConfigError, TrainingError
from audio_models.features import waveform
from audio_models.features.waveform import AudioSource, Waveform
from audio_models.jobs import launch, runs
from audio_models.jobs.job_folder import ACTIVE
from audio_models.jobs.progress import format_epoch
from audio_models.jobs.runs import Run
from audio_models.listening import detection, recordings
from audio_models.listening.detection import DetectionConfig, Event
from audio_models.listening.listener import Listener
from audio_models.options import changed
from audio_models.recognition import evaluation
from audio_models.recognition.answer import Answer
from audio_models.recognition.evaluation_result import Evaluation
from audio_models.recognition.recognizer import Recognizer
from audio_models.settings import settings_of
from audio_models.training import configure
from data import catalogue

Sound = str | Path | ArrayLike
"""A file, or samples: (n,) or (n, channels), floats in -1..1 or 16-bit or 32-bit integers."""

_KINDS = (NetworkConfig, TrainingConfig, AugmentationConfig, NegativesConfig, FeatureConfig)
_POLL = 0.2  # seconds between two looks at a training


def load(name: str | Path) -> Model:
    """Load a trained network.

    Args:
        name: one that comes with Echoic, such as "commands"; the name or id of a run of yours; or a folder, of a run
            or of an exported model.

    Raises:
        RunError: there is none, it has no network yet, or its file is damaged.
    """
    return Model(runs.find(str(name)))


def train(
    folder: str | Path,
    *,
    start: str | Path = "",
    recipe: Recipe = "strong",
    name: str = "",
    labels: Sequence[str] = (),
    unknown: bool | None = None,
    silence: bool | None = None,
    report: Callable[[str], object] | None = None,
    **settings: Any,
) -> Model:
    """Train a network on a folder of clips, `word/clip.wav`, and wait for it; Ctrl-C cancels it.

    The training is a process of its own, stored as a run in the workspace like one of the shell or the Train page.

    Args:
        folder: the clips; or the name of a corpus, which is downloaded if necessary.
        start: the network to go on from, as for `load`: a few clips of each word are then enough. The recipe is that
            of fine-tuning, and other words and silence are rejected.
        recipe: sets all defaults: "plain", "strong" or "streaming".
        name: what to call the run.
        labels: words to tell apart; all of the folder by default.
        unknown, silence: whether to add the classes `_unknown_` and `_silence_`; by default only with `start`.
        report: called with one line of text after each epoch, such as `print`.
        settings: any setting of docs/settings.md, with underscores: `cell="lstm", units=64, epochs=10`.

    Raises:
        ConfigError: there is no such setting, or a value is out of range.
        CorpusError: the folder cannot be used.
        TrainingError: the training failed.
    """
    _check_names(settings, _KINDS)
    opened = catalogue.open_corpus(catalogue.refer(str(folder)))
    if not opened.is_loaded():
        opened.load()
    config = configure.run_config(
        catalogue.refer(str(folder)), opened.index, settings, recipe=recipe, start=str(start), name=name, labels=labels,
        unknown=unknown, silence=silence,
    )  # fmt: skip
    run = launch.start(config)
    try:
        _follow(run, report)
    except KeyboardInterrupt:
        launch.cancel(run)
        launch.wait_until_stopped(run, seconds=10)
        raise
    if run.state.status != "finished":
        raise TrainingError(run.state.error or f"The training was {run.state.status}; its log is {run.log_path}.")
    return Model(run)


class Model:
    """A trained network.

    Attributes:
        run: its folder and all that is stored there.
        labels: what it can answer; `_unknown_` and `_silence_` may be among them.
        sample_rate: of the sound that it reads [Hz]; sound at other rates is resampled.
        threshold: the confidence that a word needs.
    """

    def __init__(self, run: Run) -> None:
        self._recognizer = Recognizer.of_run(run)
        self.run = run
        self.labels: tuple[str, ...] = self._recognizer.labels
        self.sample_rate: int = self._recognizer.features.sample_rate
        self.threshold: float = self._recognizer.threshold

    def __repr__(self) -> str:
        return f"<Model {self.run.id}: {', '.join(self.labels)}>"

    def answer(self, sound: Sound, rate: int | None = None) -> Answer:
        """Recognise a clip of up to 30 seconds; of one much longer than a word, the loudest stretch.

        Args:
            rate: sample rate of an array [Hz].

        Raises:
            AudioError: it cannot be read, or an array has no rate.
        """
        samples = self._recognizer.load(_source(sound, rate))
        first, last = self._recognizer.word_in(samples)
        return self._recognizer.classify(samples[first:last])

    def listen(self, sound: Sound, rate: int | None = None, **settings: Any) -> tuple[Event, ...]:
        """Find the words in a recording of up to two hours.

        Args:
            rate: sample rate of an array [Hz].
            settings: when a word is reported: `threshold`, `smoothing_ms`, `context_ms`, `refractory_ms`.

        Raises:
            AudioError: it cannot be read, or an array has no rate.
        """
        return recordings.listen(self.run, _source(sound, rate), self._detection(settings)).events

    def stream(self, rate: int, **settings: Any) -> Stream:
        """Listen to sound as it comes, at `rate` [Hz]; settings as for `listen`."""
        return Stream(Listener(self.run, self._detection(settings), rate))

    def train(self, folder: str | Path, **arguments: Any) -> Model:
        """Teach this network the words of a folder: `train` with this one to start from. Returns the new network."""
        return train(folder, start=self.run.reference, **arguments)

    def evaluate(self, folder: str | Path = "", split: str = "") -> Evaluation:
        """Measure the accuracy on clips that it has not learned from.

        Args:
            folder: other clips, or the name of a corpus; those it was trained on by default.
            split: "validation" or "test" of that corpus, or "all"; "cross-validated" for a network taught from few
                clips. The last two words are the default where they apply.

        Raises:
            EchoicError: these clips cannot be evaluated.
        """
        chosen = evaluation.split_of(split) if split else "test" if folder else evaluation.splits_of(self.run)[0]
        return evaluation.evaluate_and_store(self.run, catalogue.refer(str(folder)) if folder else None, chosen)

    def _detection(self, settings: dict[str, Any]) -> DetectionConfig:
        _check_names(settings, (DetectionConfig,))
        return changed(detection.load_settings(self.run), settings)


class Stream:
    """A network that listens: chunks of any length go in, words come out as soon as they are detected.

    Attributes:
        seconds: length of the sound so far [s].
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def seconds(self) -> float:
        return self._listener.seconds

    def feed(self, chunk: ArrayLike) -> tuple[Event, ...]:
        """Read the next samples (n,); return the words detected in them.

        Raises:
            AudioError: they are not samples of one channel.
        """
        return self._listener.feed(_mono(chunk)).events

    def finish(self) -> tuple[Event, ...]:
        """Return the words that the end of the sound completes, and begin anew."""
        events = self._listener.feed(np.empty(0, np.float32), last=True).events
        self._listener.reset()
        return events


def _source(sound: Sound, rate: int | None) -> AudioSource:
    """A file as it is, an array as the WAV file that holds it: both are heard alike, and refused alike."""
    if isinstance(sound, str | Path):
        if rate is not None:
            raise AudioError(f"{sound} is a file, which has its own sample rate; leave rate out.")
        return AudioSource(Path(sound).expanduser())
    if rate is None:
        raise AudioError("An array does not tell its sample rate. Give it too: answer(samples, rate=16000).")
    if not waveform.MIN_RATE <= rate <= waveform.MAX_RATE:
        raise AudioError(
            f"The rate is {rate} samples a second; between {waveform.MIN_RATE} and {waveform.MAX_RATE} can be read."
        )
    samples = _samples(sound)
    content = io.BytesIO()
    kept = {"int16": "PCM_16", "int32": "PCM_32"}.get(samples.dtype.name, "FLOAT")
    soundfile.write(content, samples, int(rate), format="WAV", subtype=kept)
    return AudioSource(content.getvalue(), "The array")


def _samples(sound: ArrayLike) -> NDArray[Any]:
    """An array as soundfile takes it: int16, int32 or float32."""
    samples = np.asarray(sound)
    if samples.ndim not in (1, 2):
        raise AudioError(f"The array has the shape {samples.shape}; expected (samples,) or (samples, channels).")
    if samples.dtype in (np.int16, np.int32):
        return samples
    if not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(
            f"The array is of type {samples.dtype}; expected floats in -1..1, or integers of 16 or 32 bits (int16, int32)."
        )
    return samples.astype(np.float32)


def _mono(chunk: ArrayLike) -> Waveform:
    """A chunk as float32 in -1..1, (n,)."""
    samples = _samples(chunk)
    if samples.ndim == 2 and samples.shape[1] == 1:
        samples = samples[:, 0]
    if samples.ndim != 1:
        raise AudioError(f"The chunk has {samples.shape[1]} channels; choose one, such as chunk[:, 0].")
    if np.issubdtype(samples.dtype, np.integer):
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    if not np.isfinite(samples).all():
        raise AudioError("The chunk holds values that are not numbers (NaN or infinite).")
    return samples


def _check_names(settings: dict[str, Any], kinds: Sequence[type[Any]]) -> None:
    """Refuse the name of a setting that there is not."""
    known = [row.name for kind in kinds for row in settings_of(kind)]
    for name in settings:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"There is no setting '{name}'."
                + (f" Did you mean '{near[0]}'?" if near else f" There are: {', '.join(known)}.")
            )


def _follow(run: Run, report: Callable[[str], object] | None) -> None:
    """Wait until a training has stopped; report each of its epochs."""
    told = 0
    while True:
        active = run.state.status in ACTIVE
        for row in run.history[told:]:
            told = row.epoch
            if report:
                report(format_epoch(row, run.config.training.epochs))
        if not active:
            return
        time.sleep(_POLL)
