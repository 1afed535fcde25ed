"""Look for what keeps Echoic from working on this computer, and say how to mend it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import psutil

from audio_models.jobs import runs
from data import command, workspace
from data.audio_file import encode_wav
from data.av_process import AvRecording, Unreadable
from data.errors import EchoicError, WorkspaceError
from data.own import corpus as own_corpus
from data.own.corpus import OwnCorpus
from data.phrases import plural
from data.public import synthetic_voices

_RATE = 16_000  # Hz, of the sound that is tried
_DISK = 1e9  # bytes: a large corpus and its features
_MEMORY = 1.5e9  # bytes: tensorflow and the clips of a training
_OLDEST, _NEWEST = (3, 11), (3, 13)
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;#]+)")


@dataclass(frozen=True)
class Finding:
    """What was found about one thing.

    Attributes:
        about: the thing, such as "Workspace".
        is_good: whether nothing has to be done.
        found: one sentence.
        remedy: what to do; empty if nothing.
    """

    about: str
    is_good: bool
    found: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at one thing after the other; takes a few seconds."""
    for about, look in _LOOKS.items():
        try:
            found, remedy = look()
        except (EchoicError, Unreadable, OSError) as error:
            found, remedy = str(error), f"Install Echoic again, in its source folder: {_INSTALL}"
        yield Finding(about, not remedy, found, remedy)


_INSTALL = "make run" if workspace.is_checkout() else "pip install --force-reinstall ."

Found = tuple[str, str]  # what was found, and the remedy: empty if none is needed


def _system() -> Found:
    found = f"Echoic {command.VERSION}, Python {platform.python_version()}, {platform.platform(terse=True)}."
    if _OLDEST <= sys.version_info[:2] <= _NEWEST:
        return found, ""
    return found, "Install Python 3.11, 3.12 or 3.13, then Echoic with it."


def _packages() -> Found:
    pinned = dict(_pinned())
    others = []
    for name, version in pinned.items():
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed != version:
            others.append(f"{name} is {installed}, tested with {version}")
    if others:
        return f"{'; '.join(others)}.", f"Install what was tested, in the source folder of Echoic: {_INSTALL}"
    return f"{plural(len(pinned), 'package')}, each in the version that was tested.", ""


def _pinned() -> Iterator[tuple[str, str]]:
    """Name and version of each package that Echoic pins, from its source or from what pip knows of it."""
    source = workspace.PROJECT / "requirements.txt"
    lines = source.read_text(encoding="utf-8").splitlines() if workspace.is_checkout() else []
    for line in lines or importlib.metadata.requires("echoic") or []:
        if match := _PIN.match(line):
            yield match[1], match[2]


def _workspace() -> Found:
    root = workspace.root()
    try:
        path = workspace.folder() / ".doctor"
        workspace.write_atomically(path, b"")
        path.unlink()
    except WorkspaceError as error:
        return str(error), "Check its permissions, or set ECHOIC_HOME to a folder that you can write to."
    return f"{root} can be written to.", ""


def _disk() -> Found:
    there = next(path for path in (workspace.root(), *workspace.root().parents) if path.exists())
    free = shutil.disk_usage(there).free
    found = f"{free / 1e9:,.1f} GB are free where the workspace is."
    return found, "" if free > _DISK else "Free some disk space, or set ECHOIC_HOME to a folder on another disk."


def _memory() -> Found:
    free, cores = psutil.virtual_memory().available, os.cpu_count() or 1
    found = f"{free / 1e9:.1f} GB of memory and {plural(cores, 'processor core')} are there."
    return found, "" if free > _MEMORY else "Close other programs before you train: a training takes about 1.5 GB."


def _stored() -> Found:
    kept, names = runs.listing(), own_corpus.listing()
    damaged = [f"{one.id}: {damage}" for one in kept if (damage := one.damage)]
    for name in names:
        try:
            OwnCorpus(name).version  # noqa: B018
        except EchoicError as error:
            damaged.append(str(error))
    if damaged:
        return " ".join(damaged), "Restore it from a backup, or delete it: the rest works without it."
    return f"{plural(len(kept), 'run')} and {plural(len(names), 'corpus', 'corpora')} of yours can be read.", ""


def _network() -> Found:
    from audio_models.recognition.recognizer import Recognizer  # brings onnxruntime

    recognizer = Recognizer.of_run(runs.find("commands"))
    sound = np.zeros(_RATE, np.float32)
    recognizer.classify(sound)
    began = time.perf_counter()
    recognizer.classify(sound)
    return f"commands answers a clip in {1000 * (time.perf_counter() - began):.0f} ms.", ""


def _decoder() -> Found:
    with_sound = AvRecording(encode_wav(np.zeros(_RATE, np.float32), _RATE), "a test")
    try:
        heard = len(with_sound.read(_RATE))
    finally:
        with_sound.close()
    return f"M4A, WebM and the like are decoded: {heard / _RATE:.1f} of 1.0 s.", ""


def _voices() -> Found:
    voice = synthetic_voices.voices()[0]
    return (
        f"Synthetic voices speak: {len(synthetic_voices.say('one', voice)) / synthetic_voices.SAMPLE_RATE:.1f} s of 'one'.",
        "",
    )


_LOOKS: dict[str, Callable[[], Found]] = {
    "System": _system,
    "Packages": _packages,
    "Workspace": _workspace,
    "Disk": _disk,
    "Memory": _memory,
    "Your data": _stored,
    "Networks": _network,
    "Formats": _decoder,
    "Voices": _voices,
}
