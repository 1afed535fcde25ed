"""The formats of recordings that Echoic reads: one table for pages, shell, corpora and imports.

libsndfile decodes what it can; the rest, and what it stumbles over, goes to PyAV (see `data.sound_file`). An ending only
tells which files of a folder are recordings; how one is decoded follows from its content.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AudioFormat:
    """One format.

    Attributes:
        name: what pages and messages call it.
        endings: of its files, in lower case.
        origin: who writes such files, for the documentation.
    """

    name: str
    endings: tuple[str, ...]
    origin: str


FORMATS = (
    AudioFormat("WAV", (".wav", ".wave", ".bwf", ".rf64"), "recorders, editors, corpora"),
    AudioFormat("FLAC", (".flac",), "recorders, archives"),
    AudioFormat("OGG", (".ogg", ".oga"), "Firefox, Audacity, Telegram"),
    AudioFormat("Opus", (".opus",), "WhatsApp"),
    AudioFormat("MP3", (".mp3", ".mp2"), "dictaphones, podcasts"),
    AudioFormat("AIFF", (".aiff", ".aif", ".aifc"), "Macs"),
    AudioFormat("CAF", (".caf",), "Macs, iPhones"),
    AudioFormat("AU", (".au", ".snd"), "Unix, Java"),
    AudioFormat("W64", (".w64",), "recorders, for long recordings"),
    AudioFormat("M4A", (".m4a", ".m4b"), "iPhones, Macs, Windows"),
    AudioFormat("AAC", (".aac",), "Android, radio streams"),
    AudioFormat("MP4", (".mp4", ".m4v", ".mov", ".3gp", ".3g2"), "phones and cameras: the sound of a video"),
    AudioFormat("WebM", (".webm", ".weba", ".mka", ".mkv"), "browsers"),
    AudioFormat("AMR", (".amr", ".awb"), "older phones"),
    AudioFormat("WMA", (".wma", ".asf"), "Windows"),
)

ENDINGS = tuple(ending for one in FORMATS for ending in one.endings)
"""What the names of recordings end in, in lower case."""

NAMES = f"{', '.join(one.name for one in FORMATS[:-1])} and {FORMATS[-1].name}"
"""All formats, for a sentence."""


def is_audio(name: str) -> bool:
    """Whether a file's name ends like that of a recording."""
    return name.lower().endswith(ENDINGS)
