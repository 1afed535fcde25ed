"""Recordings in every format that Echoic reads, written by soundfile and PyAV themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

from data.audio_formats import FORMATS


@dataclass(frozen=True)
class Encoding:
    """How a format is written: PyAV's encoder and container, or libsndfile's names of both."""

    container: str
    codec: str
    rate: int = 16_000
    libsndfile: bool = False


ENCODINGS = {
    ".wav": Encoding("WAV", "PCM_16", libsndfile=True),
    ".flac": Encoding("FLAC", "PCM_16", libsndfile=True),
    ".ogg": Encoding("OGG", "VORBIS", libsndfile=True),
    ".opus": Encoding("ogg", "libopus", 48_000),
    ".mp3": Encoding("MP3", "MPEG_LAYER_III", libsndfile=True),
    ".aiff": Encoding("AIFF", "PCM_16", libsndfile=True),
    ".caf": Encoding("CAF", "PCM_16", libsndfile=True),
    ".au": Encoding("AU", "PCM_16", libsndfile=True),
    ".w64": Encoding("W64", "PCM_16", libsndfile=True),
    ".m4a": Encoding("ipod", "aac"),
    ".aac": Encoding("adts", "aac"),
    ".mp4": Encoding("mp4", "aac", 44_100),
    ".webm": Encoding("webm", "libopus", 48_000),
    ".amr": Encoding("amr", "libopencore_amrnb", 8_000),
    ".wma": Encoding("asf", "wmav2", 44_100),
}
"""The first ending of each format, or for a container the one that is common."""

assert set(ENCODINGS) == {one.endings[0] for one in FORMATS}, "one file of every format"


def encode(path: Path, samples: np.ndarray, rate: int, **options: str) -> Path:
    """Write (samples,) float32 of `rate` [Hz] in the format of the path's ending, at a rate that it can have.

    Args:
        options: of the container, for PyAV.
    """
    import soxr

    encoding = ENCODINGS[path.suffix]
    samples = soxr.resample(samples.astype(np.float32), rate, encoding.rate)
    path.parent.mkdir(parents=True, exist_ok=True)
    if encoding.libsndfile:
        soundfile.write(path, samples, encoding.rate, format=encoding.container, subtype=encoding.codec)
    else:
        _encode(path, samples, encoding, options)
    return path


def _encode(path: Path, samples: np.ndarray, encoding: Encoding, options: dict[str, str]) -> None:
    with av.open(str(path), "w", format=encoding.container, options=options) as container:
        stream: Any = container.add_stream(encoding.codec, rate=encoding.rate)
        stream.codec_context.layout = "mono"
        stream.codec_context.bit_rate = 12_200 if encoding.rate == 8_000 else 64_000
        whole = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        whole.sample_rate = encoding.rate
        stream.codec_context.open()
        resampler = av.AudioResampler(format=stream.codec_context.format.name, layout="mono", rate=encoding.rate)
        fifo = av.AudioFifo()
        for frame in resampler.resample(whole):
            fifo.write(frame)
        size = stream.codec_context.frame_size or 1024
        while (part := fifo.read(size) or fifo.read(size, partial=True)) is not None:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
