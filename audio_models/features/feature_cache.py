"""The MFCC sequences of many clips: computed in batches on all cores, cached on disk by content and configuration."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
from threadpoolctl import threadpool_limits

from audio_models.config import FeatureConfig
from audio_models.errors import AudioError
from audio_models.features.clip_audio import load_clip
from audio_models.features.mfcc import Frames, mfcc_batch
from audio_models.features.waveform import Waveform
from audio_models.settings import to_dict
from data import workspace
from data.corpus import Clip, Progress, Report, Skipped, no_progress
from data.errors import WorkspaceError

_BATCH = 16  # clips per task
# Reading a WAV file is so quick that threads only contend for the interpreter: one at a time, while another computes,
# is a quarter faster. FLAC, OGG and MP3 are decoded outside the interpreter.
_READ_ONE_AT_A_TIME = threading.Lock()
_CACHE_VERSION = 3  # increase it when the numbers of a configuration change


def clip_features(
    clips: Sequence[Clip],
    config: FeatureConfig,
    report: Report = no_progress,
    on_decoded: Callable[[Clip, Waveform], None] | None = None,
) -> tuple[list[Frames | None], list[Skipped]]:
    """The MFCC sequence of each clip, read from the cache, or computed and stored there.

    Args:
        on_decoded: called with each clip that is decoded and its waveform, from several threads.

    Returns:
        for each clip (frames, config.width) float32, or None if it cannot be read; and the reasons.

    Raises:
        Cancelled: `report` raised it; what was computed by then stays in the cache.
    """
    keys = [_key(clip) for clip in clips]
    found: list[Frames | None] = [None] * len(clips)
    skipped: list[Skipped] = []
    with closing(_Cache(config)) as cache:
        known = cache.read(keys)
        missing = []
        for position, key in enumerate(keys):
            found[position] = known.get(key)
            if found[position] is None:
                missing.append(position)
        done = len(clips) - len(missing)
        report(Progress("Computing features", done, len(clips)))
        for part in _in_parallel(clips, missing, config, on_decoded):
            fresh = []
            for position, result in part:
                if isinstance(result, AudioError):
                    skipped.append(Skipped(clips[position].path, str(result)))
                else:
                    found[position] = result
                    fresh.append((keys[position], result))
            cache.write(fresh)
            done += len(part)
            report(Progress("Computing features", done, len(clips)))
    return found, skipped


def compute_features(clips: Sequence[Clip], config: FeatureConfig) -> list[Frames | AudioError]:
    """The MFCC sequence of each clip, or why it cannot be read; the cache is left alone."""
    found: dict[int, Frames | AudioError] = {}
    for part in _in_parallel(clips, range(len(clips)), config):
        found.update(part)
    return [found[position] for position in range(len(clips))]


_Result = list[tuple[int, Frames | AudioError]]


def _in_parallel(
    clips: Sequence[Clip],
    positions: Sequence[int],
    config: FeatureConfig,
    on_decoded: Callable[[Clip, Waveform], None] | None = None,
) -> Iterator[_Result]:
    """Batches of results in the order of `positions`, from threads: decoding and numpy release the interpreter."""
    if not positions:
        return

    def compute(part: Sequence[int]) -> _Result:
        results: dict[int, Frames | AudioError] = {}
        waveforms: dict[int, Waveform] = {}
        wav = all(clips[position].path.suffix.lower() == ".wav" for position in part)
        with _READ_ONE_AT_A_TIME if wav else contextlib.nullcontext():
            for position in part:
                try:
                    waveforms[position] = load_clip(clips[position], config.sample_rate)
                except AudioError as error:
                    results[position] = error
        if on_decoded:
            for position, samples in waveforms.items():
                on_decoded(clips[position], samples)
        if waveforms:
            results.update(zip(waveforms, mfcc_batch(list(waveforms.values()), config), strict=True))
        return sorted(results.items())

    parts = [positions[first : first + _BATCH] for first in range(0, len(positions), _BATCH)]
    # The matrices of a clip are small: threads of the linear algebra library would only wait for each other.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            yield from pool.map(compute, parts)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _key(clip: Clip) -> bytes:
    stretch = f"{clip.digest}|{clip.whole}|{clip.start}|{clip.seconds if not clip.whole else ''}|{clip.gain}"
    return hashlib.blake2b(stretch.encode(), digest_size=16).digest()


class _Cache:
    """One SQLite file per feature configuration; its errors are ignored, they only cost time."""

    def __init__(self, config: FeatureConfig) -> None:
        self._width = config.width
        settings = json.dumps([_CACHE_VERSION, to_dict(config)], sort_keys=True)
        name = hashlib.blake2b(settings.encode(), digest_size=8).hexdigest()
        self._file: sqlite3.Connection | None = None
        try:
            path = workspace.folder("features") / f"{name}.sqlite"
            self._file = _open(path)
        except (sqlite3.Error, OSError, WorkspaceError):
            self._file = None

    def read(self, keys: Sequence[bytes]) -> dict[bytes, Frames]:
        if self._file is None:
            return {}
        try:
            wanted = set(keys)
            # One pass over the table beats a query per clip when most of it is needed.
            if len(wanted) < 50:
                rows: Iterator[tuple[bytes, bytes]] = (
                    row
                    for key in wanted
                    for row in self._file.execute("SELECT key, frames FROM features WHERE key = ?", (key,))
                )
            else:
                rows = iter(self._file.execute("SELECT key, frames FROM features"))
            return {
                key: np.frombuffer(frames, np.float32).reshape(-1, self._width) for key, frames in rows if key in wanted
            }
        except (sqlite3.Error, ValueError):
            return {}

    def write(self, sequences: Sequence[tuple[bytes, Frames]]) -> None:
        if self._file is None or not sequences:
            return
        try:
            with self._file:
                self._file.executemany(
                    "INSERT OR REPLACE INTO features VALUES (?, ?)",
                    [(key, frames.astype(np.float32).tobytes()) for key, frames in sequences],
                )
        except sqlite3.Error:  # such as a full disk: continue without the cache
            self.close()
            self._file = None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _open(path: os.PathLike[str]) -> sqlite3.Connection:
    """Open the cache; a damaged file is deleted, as its contents can be computed again."""
    for attempt in range(2):
        connection = sqlite3.connect(path, timeout=10)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("CREATE TABLE IF NOT EXISTS features (key BLOB PRIMARY KEY, frames BLOB) WITHOUT ROWID")
            return connection
        except sqlite3.DatabaseError as error:
            connection.close()
            if attempt or isinstance(error, sqlite3.OperationalError):
                raise
            os.unlink(path)
    raise AssertionError("unreachable")
