"""Recognise words with a network exported from Echoic. Needs only numpy, soundfile and onnxruntime.

python listen.py clip.wav                 classify a clip: one line of JSON
python listen.py --listen recording.wav   find words: a line of JSON for each, with its start and end [s]
python listen.py --listen -               the same from a pipe: 16-bit little-endian mono, at the network's rate
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import soundfile

Array = np.ndarray[Any, np.dtype[Any]]

SLOPE_REACH = 2  # frames before and after a frame that its slope looks at
SHORTEST_WINDOW = 0.3  # seconds of sound before a sliding window gives its first answer
UNKNOWN = "_unknown_"  # the label of other speech
NO_WORDS = {UNKNOWN: "other", "_silence_": "silence"}  # labels that are no word, and the kind of answer they make
WORD_SECONDS = 0.5  # the context of a word ends so long before its end
RECORDING = 1.5  # so many training clips are a recording with a word somewhere in it
SHORTEST_CLIP = 0.1  # seconds that a word takes at least
CANCELLING = 0.1  # channels cancel if their average keeps less than this share of what that of unrelated ones keeps


# Samples to frames


class Features:
    """Turns samples into the frames that the network reads: mel bands in decibels, or their MFCC."""

    def __init__(self, settings: dict[str, Any], normalisation: dict[str, list[float]]) -> None:
        self.sample_rate: int = settings["sample_rate"]
        self.frame_length: int = round(self.sample_rate * settings["frame_ms"] / 1000)
        self.hop_length: int = round(self.sample_rate * settings["hop_ms"] / 1000)
        self.reach = SLOPE_REACH if settings["deltas"] else 0
        self.mean = np.array(normalisation["mean"], np.float32)
        self.std = np.array(normalisation["std"], np.float32)
        self.window = hann_window(self.frame_length)
        self.mel_filters = mel_filters(
            self.sample_rate, self.frame_length, settings["n_mels"], settings["fmin"], settings["fmax"]
        )
        # Models made before `kind` existed say cepstrum: true for MFCC.
        kind = settings.get("kind", "mfcc" if settings.get("cepstrum") else "log_mel")
        self.cosines = cosine_transform(settings["n_mels"], settings["n_mfcc"]) if kind == "mfcc" else None

    def bands(self, samples: Array) -> Array:
        """Mel bands [dB] or MFCC of every whole frame of (samples,), without slopes, not normalised."""
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.frame_length)[:: self.hop_length]
        power = np.abs(np.fft.rfft(frames * self.window)) ** 2 @ self.mel_filters
        decibels = 10 * np.log10(np.maximum(power, 1e-10))
        return np.asarray(decibels if self.cosines is None else decibels @ self.cosines)

    def frames(self, bands: Array) -> Array:
        """Append slopes where the network reads them, then normalise. The first and last `reach` frames are lost."""
        if self.reach:
            slopes = (bands[3:-1] - bands[1:-3] + 2 * (bands[4:] - bands[:-4])) / 10
            bands = np.concatenate([bands[2:-2], slopes], axis=1)
        return np.asarray((bands - self.mean) / self.std, np.float32)

    def end_of(self, frame: int) -> float:
        """End of the sound that a frame depends on, slopes included [s]."""
        return ((frame + self.reach) * self.hop_length + self.frame_length) / self.sample_rate

    def of_clip(self, samples: Array) -> Array:
        """The frames of a whole clip, (frames, width). Its first and last frame are repeated for the slopes."""
        padded = np.pad(samples, (0, max(0, self.frame_length - len(samples))))
        bands = np.pad(self.bands(padded), ((self.reach, self.reach), (0, 0)), mode="edge")
        return self.frames(bands)


def hann_window(length: int) -> Array:
    """A periodic Hann window."""
    phase = 2 * np.pi * np.arange(length) / length
    return np.asarray(0.5 - 0.5 * np.cos(phase), np.float32)


def mel_filters(sample_rate: int, frame_length: int, count: int, fmin: float, fmax: float) -> Array:
    """Triangular bands of area 1, evenly spaced in mel, (frequencies, count)."""
    mels = np.linspace(hertz_to_mel(fmin), hertz_to_mel(fmax), count + 2)
    edges = mel_to_hertz(mels)
    frequencies = np.fft.rfftfreq(frame_length, 1 / sample_rate)[:, None]
    widths = np.diff(edges)
    rising = (frequencies - edges[:-2]) / widths[:-1]
    falling = (edges[2:] - frequencies) / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * 2 / (edges[2:] - edges[:-2]), np.float32)


# Slaney's mel scale: linear below 1,000 Hz, logarithmic above.
MEL_STEP = math.log(6.4) / 27


def hertz_to_mel(hertz: float) -> float:
    """A frequency [Hz] on Slaney's mel scale."""
    return 3 * hertz / 200 if hertz < 1000 else 15 + math.log(hertz / 1000) / MEL_STEP


def mel_to_hertz(mels: Array) -> Array:
    """The frequencies [Hz] of places on Slaney's mel scale."""
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(MEL_STEP * (mels - 15)))


def cosine_transform(bands: int, coefficients: int) -> Array:
    """The orthonormal DCT-II that turns mel bands into MFCC, (bands, coefficients)."""
    band = np.arange(bands)[:, None] + 0.5
    order = np.arange(coefficients)
    scale = np.sqrt(np.where(order == 0, 1, 2) / bands)
    return np.asarray(np.cos(np.pi * order * band / bands) * scale, np.float32)


# Frames to probabilities


class Network:
    """An exported graph and its metadata."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # one step is so short that more threads slow it down
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        metadata = {name: json.loads(text) for name, text in self.session.get_modelmeta().custom_metadata_map.items()}
        self.features = Features(metadata["features"], metadata["normalisation"])
        self.labels: list[str] = metadata["labels"]
        self.threshold: float = metadata["threshold"]
        self.clip_seconds: float = metadata["clip_seconds"]
        self.detection: dict[str, float] = metadata["detection"]
        self.frames_per_step: int = metadata["frames_a_step"]
        self.frames_per_answer: int = metadata["frames_an_answer"]

    @property
    def width(self) -> int:
        """Numbers in a frame."""
        return len(self.features.mean)

    @property
    def answer_seconds(self) -> float:
        """Time from one answer to the next [s]."""
        return self.frames_per_answer * self.features.hop_length / self.features.sample_rate

    def initial_states(self) -> dict[str, Array]:
        """Zeros for each state of a streaming graph; none for a graph of whole clips."""
        inputs = self.session.get_inputs()[1:]
        return {one.name: np.zeros(one.shape, np.float32) for one in inputs if one.name != "lengths"}

    def probabilities(self, frames: Array) -> Array:
        """The probability of each label, for the frames of one clip, (frames, width)."""
        inputs = {"frames": frames[None], "lengths": np.array([len(frames)], np.int32)}
        return np.asarray(self.session.run(["probabilities"], inputs)[0][0])

    def classify(self, samples: Array) -> dict[str, Any]:
        """The kind of answer to a clip, its most probable label, its confidence, and the probability of each label.

        Of a clip much longer than those it was trained on, only the loudest stretch counts.
        """
        length = round(self.clip_seconds * self.features.sample_rate)
        if len(samples) > RECORDING * length:
            samples = loudest(samples, length)
        probabilities = self.probabilities(self.features.of_clip(samples)).tolist()
        confidence = max(probabilities)
        label = self.labels[probabilities.index(confidence)]
        return {
            "kind": self.kind_of(label, confidence),
            "label": label,
            "confidence": confidence,
            "sure": confidence >= self.threshold,
            "probabilities": dict(zip(self.labels, probabilities, strict=True)),
        }

    def kind_of(self, label: str, confidence: float) -> str:
        """Tell "word", "other" (not one of its words), "silence" (no word) and "unsure" apart.

        A word below the threshold is "other" to a network that learned other words, and "unsure" to one that did not.
        """
        if label in NO_WORDS:
            return NO_WORDS[label]
        return "word" if confidence >= self.threshold else "other" if UNKNOWN in self.labels else "unsure"


# A stream: samples arrive in pieces, probabilities come out


class FrameStream:
    """Computes each frame once, whatever the pieces that the samples arrive in."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self.samples: Array = np.empty(0, np.float32)  # not read yet
        self.skip = 0  # samples to skip before the next frame, if the hop is longer than a frame
        self.context: Array | None = None  # bands of the last frames, for the slopes of those to come

    def feed(self, samples: Array) -> Array:
        """The frames that these samples complete, (frames, width)."""
        features = self.features
        self.samples = np.concatenate([self.samples, samples])
        count = 1 + (len(self.samples) - self.skip - features.frame_length) // features.hop_length
        if count < 1:
            return np.empty((0, len(features.mean)), np.float32)
        bands = features.bands(self.samples[self.skip :])
        read = self.skip + count * features.hop_length
        self.skip = max(0, read - len(self.samples))
        self.samples = self.samples[read:]
        if self.context is None:
            self.context = np.repeat(bands[:1], features.reach, axis=0)
        bands = np.concatenate([self.context, bands])
        self.context = bands[max(0, len(bands) - 2 * features.reach) :]
        return features.frames(bands)


class StatefulReader:
    """Reads each block of frames once; the state holds what came before."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.states = network.initial_states()
        self.at_start = True

    def read(self, block: Array) -> Array:
        """The probabilities after a block of frames."""
        if self.at_start:  # only frame 0 is known; zeros fill the step before it
            block = block[-self.network.frames_per_step :]
            self.at_start = False
        inputs = {"frames": block[None], **self.states}
        probabilities, *states = self.network.session.run(None, inputs)
        self.states = dict(zip(self.states, states, strict=True))
        return np.asarray(probabilities[-1])


class SlidingWindowReader:
    """Reads a window as long as a clip again with each block, for a network trained on single clips."""

    def __init__(self, network: Network) -> None:
        self.network = network
        frames_per_second = network.features.sample_rate / network.features.hop_length
        self.longest = max(network.frames_per_answer, round(network.clip_seconds * frames_per_second))
        self.shortest = min(self.longest, round(SHORTEST_WINDOW * frames_per_second))
        self.window = np.empty((0, network.width), np.float32)
        self.frames_read = 1 - network.frames_per_answer  # the first block is zeros and frame 0

    def read(self, block: Array) -> Array | None:
        """The probabilities after a block of frames; none until there is enough sound."""
        self.frames_read += len(block)
        frames = np.concatenate([self.window, block])
        self.window = frames[-min(self.longest, self.frames_read) :]
        return self.network.probabilities(self.window) if len(self.window) >= self.shortest else None


def probabilities_over_time(network: Network, pieces: Iterable[Array]) -> Iterator[tuple[float, Array]]:
    """Yield after each step the end of the sound read so far [s], and the probability of each label.

    Some silence is appended, so a word at the very end is still detected.
    """
    features = network.features
    stream = FrameStream(features)
    reader = StatefulReader(network) if network.initial_states() else SlidingWindowReader(network)
    block_length = network.frames_per_answer
    waiting = np.zeros((block_length - 1, network.width), np.float32)  # the first block ends with frame 0
    last_frame = -block_length
    seconds = 0.0
    silence = np.zeros((smoothing_steps(network) + 2) * block_length * features.hop_length, np.float32)
    for samples, is_sound in with_silence(pieces, silence):
        if is_sound:
            seconds += len(samples) / features.sample_rate
        waiting = np.concatenate([waiting, stream.feed(samples)])
        while len(waiting) >= block_length:
            block, waiting = waiting[:block_length], waiting[block_length:]
            last_frame += block_length
            probabilities = reader.read(block)
            if probabilities is not None:
                yield round(min(seconds, features.end_of(last_frame)), 4), probabilities


def with_silence(pieces: Iterable[Array], silence: Array) -> Iterator[tuple[Array, bool]]:
    """The pieces of a sound, then the silence after it; each with whether it belongs to the sound."""
    for piece in pieces:
        yield piece, True
    yield silence, False


# Probabilities to words


def smoothing_steps(network: Network) -> int:
    """Number of answers to average."""
    return max(1, round(network.detection["smoothing_ms"] / 1000 / network.answer_seconds))


class Detector:
    """Reports a word when its average probability reaches the threshold.

    Other speech just before lowers that average: nobody gives a command in the middle of a sentence. The same word is not
    reported again until it has faded, and no word for a while after the last one.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.threshold = network.detection["threshold"]
        self.pause = network.detection["refractory_ms"] / 1000
        self.is_word = np.array([label not in NO_WORDS for label in network.labels])
        self.recent: deque[Array] = deque(maxlen=smoothing_steps(network))
        # Models made before there was a context have none.
        context_seconds = network.detection.get("context_ms", 0.0) / 1000
        self.unknown = network.labels.index(UNKNOWN) if UNKNOWN in network.labels and context_seconds else None
        self.gap = round(WORD_SECONDS / network.answer_seconds)
        context_steps = max(1, round(context_seconds / network.answer_seconds))
        self.before: deque[float] = deque(maxlen=context_steps + self.gap)  # probabilities of other speech
        self.last_time = -np.inf
        self.sounding: int | None = None  # the word reported last, until it fades

    def feed(self, time: float, probabilities: Array) -> dict[str, Any] | None:
        """The word that is detected at this step, if any."""
        self.recent.append(probabilities)
        average = np.mean(self.recent, axis=0) * self.after_speech(probabilities)
        if self.sounding is not None and average[self.sounding] < self.threshold / 2:
            self.sounding = None
        best = int(np.where(self.is_word, average, -1).argmax())
        is_detected = (
            self.is_word[best]
            and average[best] >= self.threshold
            and best != self.sounding
            and time - self.last_time >= self.pause
        )
        if not is_detected:
            return None
        self.last_time, self.sounding = time, best
        return {
            "start": round(max(0.0, time - self.network.clip_seconds), 4),
            "end": time,
            "label": self.network.labels[best],
            "confidence": min(1.0, float(average[best])),
        }

    def after_speech(self, probabilities: Array) -> np.float32:
        """What remains of a word's probability after other speech: 1 after silence."""
        if self.unknown is None:
            return np.float32(1)
        self.before.append(float(probabilities[self.unknown]))
        context = list(self.before)[: max(0, len(self.before) - self.gap)]
        share = sum(context) / len(context) if context else 0.0
        return np.float32(math.sqrt(max(0.0, 1 - share)))


def detect_words(network: Network, pieces: Iterable[Array]) -> Iterator[dict[str, Any]]:
    """Yield the words in a sound that arrives in pieces, each as soon as it is detected."""
    detector = Detector(network)
    for time, probabilities in probabilities_over_time(network, pieces):
        word = detector.feed(time, probabilities)
        if word is not None:
            yield word


# Files and pipes to samples


def read_pipe(sample_rate: int) -> Iterator[Array]:
    """Samples in -1..1 from standard input, a tenth of a second at a time."""
    bytes_per_sample = 2
    while len(raw := sys.stdin.buffer.read(bytes_per_sample * (sample_rate // 10))) >= bytes_per_sample:
        whole_samples = np.frombuffer(raw, "<i2", len(raw) // bytes_per_sample)
        yield whole_samples.astype(np.float32) / 32768


def read_file(path: str, sample_rate: int) -> Iterator[Array]:
    """Samples of an audio file at `sample_rate` [Hz] as one channel, about ten seconds at a time.

    Channels are averaged, unless they cancel: then only the loudest is heard. Each stretch is resampled by its spectrum,
    which wraps around: a second is added at both ends and cut off again.
    """
    with open_file(path) as file:
        if not file.frames:
            raise ValueError(f"{path} holds no sound")
        second = file.samplerate
        mix = np.ones(1) if file.channels == 1 else mix_of_channels(path)
        stretch = np.zeros(second)
        at_end = False
        while not at_end:
            block = file.read(10 * second, dtype="float32", always_2d=True) @ mix
            if not np.isfinite(block).all():
                raise ValueError(f"{path} holds values that are not numbers")
            at_end = len(block) == 0
            stretch = np.concatenate([stretch[-2 * second :], np.zeros(second) if at_end else block])
            yield resample(stretch, second, sample_rate)[sample_rate:-sample_rate]


def open_file(path: str) -> soundfile.SoundFile:
    """Open an audio file to be read from its start to its end."""
    file = soundfile.SoundFile(path)
    file.seekable = lambda: False  # soundfile would seek after each read, which spoils an MP3
    return file


def mix_of_channels(path: str) -> Array:
    """The share of each channel in what is heard: equal ones, or only the loudest of channels that cancel each other out."""
    with open_file(path) as file:
        count, power, power_of_mean = file.channels, np.zeros(file.channels), 0.0
        while len(block := file.read(10 * file.samplerate, always_2d=True)):
            power += (block**2).sum(axis=0)
            power_of_mean += (block.mean(axis=1) ** 2).sum()
    if not count * power_of_mean < CANCELLING * power.mean():  # so also if some are not numbers
        return np.full(count, 1 / count)
    print("listen.py: channels cancel each other out (one is inverted); only the loudest is heard", file=sys.stderr)
    return np.asarray(np.eye(count)[power.argmax()])


def whole_clip(pieces: Iterable[Array], sample_rate: int) -> Array:
    """All samples of a clip, (samples,), if a word fits into them."""
    samples = np.concatenate([np.empty(0, np.float32), *pieces])
    if len(samples) < SHORTEST_CLIP * sample_rate:
        milliseconds = 1000 * len(samples) / sample_rate
        raise ValueError(
            f"a clip of {milliseconds:.3g} ms is too short for a word, which takes {1000 * SHORTEST_CLIP:g} ms at least"
        )
    return samples


def loudest(samples: Array, length: int) -> Array:
    """The loudest stretch of so many samples, moved until its sound is in its middle."""
    energy = (samples - samples.mean()).astype(np.float64) ** 2
    total = np.concatenate([[0.0], np.cumsum(energy)])
    within = total[length:] - total[:-length]
    first = int(within.argmax())
    if within[first] > 0:
        middle = first + float(np.average(np.arange(length), weights=energy[first : first + length]))
        first = int(np.clip(middle - length / 2, 0, len(samples) - length))
    return samples[first : first + length]


def resample(samples: Array, rate: int, new_rate: int) -> Array:
    """Change the rate of (samples,) by cutting or extending their spectrum."""
    length = round(len(samples) * new_rate / rate)
    spectrum = np.fft.rfft(samples, norm="forward")
    return np.asarray(np.fft.irfft(spectrum, length, norm="forward"), np.float32)


def main() -> None:
    """Parse the arguments; print a line of JSON for each answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a WAV, FLAC, OGG or MP3 file; - for a pipe")
    parser.add_argument("--listen", action="store_true", help="find words in a recording or a stream")
    parser.add_argument("--int8", action="store_true", help="use the network with 8-bit weights")
    options = parser.parse_args()

    folder = Path(sys.argv[0]).resolve().parent
    streams = options.listen and (folder / "streaming.onnx").is_file()
    network = Network(folder / f"{'streaming' if streams else 'model'}{'.int8' if options.int8 else ''}.onnx")
    sample_rate = network.features.sample_rate
    pieces = read_pipe(sample_rate) if options.source == "-" else read_file(options.source, sample_rate)
    if options.listen:
        answers = detect_words(network, pieces)
    else:
        answers = iter([network.classify(whole_clip(pieces, sample_rate))])
    for answer in answers:
        print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (Exception, KeyboardInterrupt) as error:  # onnxruntime's errors have no common class
        sys.exit(f"listen.py: {error}" if str(error) else 1)
