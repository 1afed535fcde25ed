"""What a network from Echoic hears; needs numpy, soundfile and onnxruntime, and nothing of Echoic.

python listen.py clip.wav                 one answer to the whole clip, a line of JSON
python listen.py --listen recording.wav   a line of JSON for each word that is heard, from when to when [s]
python listen.py --listen -               the same from a pipe: 16 bits, little-endian, mono, the network's rate
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import soundfile

Array = np.ndarray[Any, np.dtype[Any]]


class Network:
    """A graph, what its file says of it, and the way from sound (samples,) to frames (frames, width) that it reads."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a step is so short that threads cost more than they give
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        said = {name: json.loads(text) for name, text in self.session.get_modelmeta().custom_metadata_map.items()}
        self.step, self.first, f = said["frames_an_answer"], said["frames_a_step"], said["features"]
        self.clip_seconds, self.threshold, self.detection = said["clip_seconds"], said["threshold"], said["detection"]
        self.mean, self.std = (np.array(said["normalisation"][one], np.float32) for one in ("mean", "std"))
        self.labels, self.rate, self.reach = said["labels"], f["sample_rate"], 2 if f["deltas"] else 0
        self.size, self.hop = (round(self.rate * f[one] / 1000) for one in ("frame_ms", "hop_ms"))
        self.window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.size) / self.size)).astype(np.float32)  # Hann
        # Mel bands: triangles of area 1, even on Slaney's scale of pitch, which is straight below 1000 Hz.
        step = np.log(6.4) / 27
        low, high = (3 * hz / 200 if hz < 1000 else 15 + np.log(hz / 1000) / step for hz in (f["fmin"], f["fmax"]))
        mels = np.linspace(low, high, f["n_mels"] + 2)
        edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(step * (mels - 15)))
        hertz, width = np.fft.rfftfreq(self.size, 1 / self.rate)[:, None], np.diff(edges)
        triangles = np.minimum((hertz - edges[:-2]) / width[:-1], (edges[2:] - hertz) / width[1:])
        self.mel = (np.maximum(0, triangles) * 2 / (edges[2:] - edges[:-2])).astype(np.float32)
        band, order = np.arange(f["n_mels"])[:, None] + 0.5, np.arange(f["n_mfcc"])  # DCT-II, orthonormal, for MFCC
        cosine = np.cos(np.pi * order * band / len(band)) * np.sqrt(np.where(order == 0, 1, 2) / len(band))
        self.cosine = (cosine if f["cepstrum"] else np.eye(len(band))).astype(np.float32)

    def bands(self, sound: Array) -> Array:
        """Decibels in each mel band of each stretch of sound, or their MFCC."""
        stretches = np.lib.stride_tricks.sliding_window_view(sound, self.size)[:: self.hop] * self.window
        power = np.abs(np.fft.rfft(stretches)) ** 2 @ self.mel
        return np.asarray(10 * np.log10(np.maximum(power, 1e-10)) @ self.cosine)  # less is no sound

    def frames(self, bands: Array) -> Array:
        """Normalised, with slopes over five frames where the network wants them: none for two frames at each end."""
        if self.reach:
            slopes = (bands[3:-1] - bands[1:-3] + 2 * (bands[4:] - bands[:-4])) / 10
            bands = np.concatenate([bands[2:-2], slopes], axis=1)
        return np.asarray((bands - self.mean) / self.std, np.float32)

    def answer(self, frames: Array) -> Array:  # the probability of each label
        inputs = {"frames": frames[None], "lengths": np.array([len(frames)], np.int32)}
        return np.asarray(self.session.run(["probabilities"], inputs)[0][0])

    def hear(self, sound: Array) -> dict[str, Any]:
        """One answer to a whole clip."""
        bands = self.bands(np.pad(sound, (0, max(0, self.size - len(sound)))))
        shares = self.answer(self.frames(np.pad(bands, ((self.reach, self.reach), (0, 0)), mode="edge"))).tolist()
        label, each = self.labels[shares.index(top := max(shares))], dict(zip(self.labels, shares, strict=True))
        return {"label": label, "confidence": top, "sure": top >= self.threshold, "probabilities": each}


def answers(n: Network, pieces: Iterable[Array], silence: Array) -> Iterator[tuple[float, Array]]:
    """Step after step, from sound in pieces of any size: until when was heard [s], and the probabilities then."""
    states = {one.name: np.zeros(one.shape, np.float32) for one in n.session.get_inputs()[1:] if one.name != "lengths"}
    longest, fewest = max(n.step, round(n.clip_seconds * n.rate / n.hop)), round(0.3 * n.rate / n.hop)
    waiting = np.zeros((n.step - 1, len(n.mean)), np.float32)  # frames of the next step; the first ends with frame 0
    sound, skip, given, seen, edge, seconds = np.empty(0, np.float32), 0, 1 - n.step, waiting[:0], waiting[:0], 0.0
    for piece in (one for part in (pieces, [silence]) for one in part):
        seconds += len(piece) / n.rate * (piece is not silence)
        sound = np.concatenate([sound, piece])
        count = 1 + (len(sound) - skip - n.size) // n.hop
        if count > 0:
            bands, read = n.bands(sound[skip:]), skip + count * n.hop
            sound, skip = sound[read:], max(0, read - len(sound))  # where frames lie apart, some samples are skipped
            bands = np.concatenate([edge if len(edge) else np.repeat(bands[:1], n.reach, axis=0), bands])
            edge = bands[max(0, len(bands) - 2 * n.reach) :]  # for the slopes of the frames that come
            waiting = np.concatenate([waiting, n.frames(bands)])
        while len(waiting) >= n.step:
            block, waiting, given = waiting[: n.step], waiting[n.step :], given + n.step
            if states:  # what the network remembers
                every, *after = n.session.run(None, {"frames": block[None, 0 if given > 1 else -n.first :], **states})
                states, shares = dict(zip(states, after, strict=True)), every[-1]
            else:  # it reads a window, which slides
                seen = np.concatenate([seen, block])[-min(longest, given) :]
                shares = n.answer(seen) if len(seen) >= min(longest, fewest) else None
            if shares is not None:
                yield round(min(seconds, ((given - 1 + n.reach) * n.hop + n.size) / n.rate), 4), shares


def words(n: Network, pieces: Iterable[Array]) -> Iterator[dict[str, Any]]:
    """A word is heard when it is probable on average over the last steps; once until it fades, and not too soon."""
    threshold, refractory = n.detection["threshold"], n.detection["refractory_ms"] / 1000
    steps = max(1, round(n.detection["smoothing_ms"] / 1000 / (n.step * n.hop / n.rate)))
    is_word = np.array([label not in ("_unknown_", "_silence_") for label in n.labels])
    recent, last, holding = np.empty((0, len(n.labels)), np.float32), -np.inf, -1
    silence = np.zeros((steps + 2) * n.step * n.hop, np.float32)  # for a word that ends with the sound
    for time, shares in answers(n, pieces, silence):
        recent = np.concatenate([recent, shares[None]])[-steps:]
        mean = recent.mean(axis=0)
        holding = -1 if mean[holding] < threshold / 2 else holding
        best = int(np.where(is_word, mean, -1).argmax())
        if is_word[best] and mean[best] >= threshold and best != holding and time - last >= refractory:
            last, holding, start = time, best, round(max(0.0, time - n.clip_seconds), 4)
            yield {"start": start, "end": time, "label": n.labels[best], "confidence": min(1.0, float(mean[best]))}


def pieces_of(source: str, rate: int) -> Iterator[Array]:
    """A pipe, or a file brought to `rate` [Hz] by its spectrum: of ten seconds at a time and one more to either side."""
    while source == "-" and len(raw := sys.stdin.buffer.read(2 * (rate // 10))) > 1:
        yield np.frombuffer(raw, "<i2", len(raw) // 2).astype(np.float32) / 32768
    if source == "-":
        return
    with soundfile.SoundFile(source) as file:
        file.seekable, there = lambda: False, file.samplerate  # soundfile seeks after reading, which spoils an MP3
        block = sound = np.zeros(there)
        while len(block):
            block = file.read(10 * there, dtype="float32", always_2d=True).mean(axis=1)
            if not file.frames or not np.isfinite(block).all():
                raise ValueError(f"{source} holds {'values that are not numbers' if file.frames else 'no sound'}")
            sound = np.concatenate([sound[-2 * there :], block if len(block) else np.zeros(there)])
            same = np.fft.irfft(np.fft.rfft(sound, norm="forward"), round(len(sound) * rate / there), norm="forward")
            yield np.asarray(same[rate:-rate], np.float32)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="WAV, FLAC, OGG or MP3; - for a pipe")
    parser.add_argument("--listen", action="store_true", help="find words in a recording or a stream")
    parser.add_argument("--int8", action="store_true", help="take the networks whose weights have 8 bits")
    options, folder = parser.parse_args(), Path(sys.argv[0]).resolve().parent
    try:
        name = "streaming" if options.listen and (folder / "streaming.onnx").is_file() else "model"
        network = Network(folder / f"{name}{'.int8' * options.int8}.onnx")
        pieces = pieces_of(options.source, network.rate)
        for one in words(network, pieces) if options.listen else [network.hear(np.concatenate(list(pieces)))]:
            print(json.dumps(one, ensure_ascii=False), flush=True)
    except (Exception, KeyboardInterrupt) as error:  # a sentence for whatever it is: onnxruntime's have no common kind
        sys.exit(f"listen.py: {error}" if str(error) else 1)
