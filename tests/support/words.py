"""What the tests of the page Your words share: opening its sections, recordings and clips to bring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from streamlit.testing.v1 import AppTest

from audio_models.own_words.intake import new_clip
from data.own.new_clips import NewClip
from tests.support.pages import healthy, open_page, text_of, wav
from tests.support.sounds import chirp, said_with_pauses, tone

TONES = (500, 700, 900, 1100)  # Hz; each take is told by its own


def open_words(section: str = "Record") -> AppTest:
    app = open_page("words")
    return app if section == "Record" else go(app, section)


def go(app: AppTest, section: str) -> AppTest:
    app.segmented_control(key="own_section").set_value(section).run()
    healthy(app)
    return app


def read(app: AppTest) -> str:
    """What is read, without the signs that keep Markdown from reading it."""
    return text_of(app).replace("\\", "")


def labels(app: AppTest) -> list[str]:
    return [one.label for one in app.button]


def keyed(elements: Sequence, key: str):
    """The one whose key begins so; a corpus or its version may follow."""
    return next(one for one in elements if one.key.startswith(key))


def incoming(home: Path) -> list[Path]:
    return list((home / "incoming").glob("*"))


def record(app: AppTest, samples: np.ndarray, word: str = "", speaker: str = "") -> AppTest:
    """Fill in what there is to fill in, and record."""
    if word:
        keyed(app.text_input, "record_word").set_value(word)
        app.text_input(key="record_speaker").set_value(speaker).run()
        healthy(app)
    app.audio_input[0].upload("recording.wav", wav(samples)).run()
    healthy(app)
    return app


def tones(*hertz: float) -> np.ndarray:
    return said_with_pauses([tone(one, 0.35) for one in hertz], 30, seed=int(sum(hertz)))[0]


def hertz_of(path: Path) -> int:
    """The loudest frequency of a clip, in hundreds."""
    samples, rate = soundfile.read(path)
    return round(int(np.abs(np.fft.rfft(samples)).argmax()) * rate / len(samples) / 100) * 100


def sound(hertz: float, seconds: float = 0.4) -> bytes:
    return wav(tone(hertz, seconds))


def upload(app: AppTest, *files: tuple[str, bytes], chooser: int = 0) -> AppTest:
    app.file_uploader[chooser].set_value([(name, content, "") for name, content in files]).run()
    healthy(app)
    return app


def clips_of(word: str, count: int, speaker: str | None = "anna", first: int = 0) -> list[NewClip]:
    """Clips of one word, none like another."""
    seed = sum(word.encode())
    return [
        new_clip(
            wav(np.pad(chirp(300 + 40 * number, 1000 + seed, 0.5, seed=seed + number) * 0.9, 2000)), word, speaker,
            "upload", f"{word}/{speaker}-{number}.wav",
        )
        for number in range(first, first + count)
    ]  # fmt: skip


def select(app: AppTest, *rows: int) -> AppTest:
    """Choose rows of the table as clicks would."""
    app.session_state[app.dataframe[0].key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    app.run()
    healthy(app)
    return app
