"""Pieces that several pages show: choosing a run or a corpus, players, terms, progress, faults."""

from __future__ import annotations

import contextlib
import html
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import streamlit as st

from audio_models.config import CELL_TITLES, FeatureConfig, NetworkConfig, RunConfig, TrainingConfig
from audio_models.jobs import runs
from audio_models.jobs.progress import format_duration, format_stage
from audio_models.jobs.runs import Run
from dashboard.shared.state import CHOSEN_LISTENER, CHOSEN_RUN, CORPUS, CORPUS_BOX, Value
from data import catalogue
from data.corpus import Clip, Corpus, CorpusReference, Index, Progress
from data.errors import EchoicError
from data.own import corpus as own_corpus
from data.own.corpus import OWN_PREFIX
from data.task import Task

TERMS = {
    "MFCC": "Mel-frequency cepstral coefficients: a few numbers that describe the shape of the sound's spectrum in one short stretch (a frame), on a scale of pitch like the ear's.",
    "mel band": "How loud the sound is in one range of pitch during one short stretch (a frame), in decibels; the ranges are as wide as the ear tells them apart.",
    "split": "Clips are divided into three sides. The network learns from training clips, validation clips tell when to stop, and test clips, which it never met, tell how good it is.",
    "interval": "The accuracy was measured on a limited number of clips. Measured again on other clips of the same kind, it would lie in this range 95 times out of 100.",
    "unknown": "A class for words that are none of yours, so that the network can say so. It is learned from the corpus' other words.",
    "silence": "A class for background noise with no word in it, so that the network does not hear words in nothing.",
    "confidence": "How probable the network holds its answer. It was calibrated on validation clips: of the answers that are 80 % sure, about 80 in 100 are right. Below a threshold, also found there, the answer is only a guess.",
    "speaker-disjoint": "No speaker is on two sides: the network is judged by voices it has never heard.",
}

QUICK_WORDS = ("left", "right", "up", "down", "go", "stop")

STATUS_ICONS = {
    "queued": ":material/hourglass_empty:",
    "running": ":material/play_circle:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "interrupted": ":material/power_off:",
}


@contextlib.contextmanager
def show_errors() -> Iterator[None]:
    """Show what the user can mend as a sentence, instead of a traceback."""
    try:
        yield
    except EchoicError as error:
        st.error(as_text(str(error)), icon=":material/error:")


def quick_config() -> RunConfig:
    """The short first training: synthetic voices, six words, a small GRU."""
    return RunConfig(
        corpus=CorpusReference("synthetic_voices"),
        task=Task(QUICK_WORDS, unknown=False, silence=False),
        name=runs.next_name("First words"),
        features=FeatureConfig(),
        network=NetworkConfig("gru", units=48),
        training=TrainingConfig(epochs=12, patience=4),
    )


def choose_run(
    candidates: Sequence[Run], key: str, label: str = "Model", *, memory: Value[str | None] = CHOSEN_RUN
) -> Run:
    """A select box of runs in their order; the choice holds across the pages that share a `memory`."""
    by_id = {run.id: run for run in candidates}
    remembered = memory.get()
    place = list(by_id).index(remembered) if remembered in by_id else 0
    chosen = st.selectbox(label, list(by_id), index=place, format_func=lambda one: describe_run(by_id[one]), key=key)
    memory.set(chosen)
    return by_id[chosen]


def choose_listener(candidates: Sequence[Run], key: str) -> Run:
    """A select box of runs for a page that listens without end.

    At first it is the user's own run that was chosen on another page, or else one that goes on from step to step.
    """
    chosen = CHOSEN_RUN.get()
    wished = sorted(candidates, key=lambda run: (run.is_bundled or run.id != chosen, not run.config.streams))
    return choose_run(wished, key, memory=CHOSEN_LISTENER)


def listens_for(run: Run) -> str:
    """The words that a run's network reports, as Markdown."""
    return "It listens for: " + ", ".join(f"**{as_text(label)}**" for label in run.config.task.labels)


def export_button(run: Run) -> None:
    """A button that saves the run's network and all that it needs to hear elsewhere."""

    def zipped() -> bytes:  # when it is asked for: onnx takes a moment to import
        from audio_models.export import model_folder

        return model_folder.zipped(run)

    st.download_button(
        "Take it away", zipped, "echoic-model.zip", "application/zip", icon=":material/download:", key=f"away-{run.id}",
        on_click="ignore", help="A folder that hears without Echoic: the network as ONNX, a program of 150 lines, and a card.",
    )  # fmt: skip


def usable_runs() -> list[Run]:
    """The runs that can answer, the newest first; where there is none, the page tells what to do and ends here."""
    found = runs.usable()
    if not found:
        st.markdown("There is no model yet.")
        st.page_link("app_pages/train.py", label="Train one", icon=":material/model_training:")
        st.stop()
    return found


def describe_run(run: Run) -> str:
    """One line: its name, cell, and what it learned from."""
    try:
        config = run.config
        of = "comes with Echoic" if run.is_bundled else corpus_title(config.corpus)
        return f"{run.name} · {CELL_TITLES[config.network.cell]} {config.network.units} · {of}"
    except EchoicError:
        return f"{run.id} (damaged)"


def corpus_title(reference: CorpusReference) -> str:
    """How pages call a corpus: its title, or the folder's name."""
    if reference.name in catalogue.NAMES:
        return catalogue.open_corpus(reference.name).description.title
    return (
        reference.name.removeprefix(OWN_PREFIX) if reference.name.startswith(OWN_PREFIX) else Path(reference.name).name
    )


def choose_corpus(
    key: str,
    default: CorpusReference | None = None,
    *,
    memory: Value[CorpusReference | None] = CORPUS,
) -> CorpusReference | None:
    """Choose a corpus by name or a folder by path; None until a folder is named.

    Args:
        key: of the page.
        default: what is chosen at first.
        memory: where the choice is kept; pages that share it follow each other.
    """
    folder = "a folder on this computer"
    own = [OWN_PREFIX + name for name in own_corpus.listing()]
    names = [*own, *catalogue.NAMES, folder]
    titles = {one.name: one.title for one in catalogue.descriptions()}
    titles |= {name: f"{name.removeprefix(OWN_PREFIX)} (your own)" for name in own}
    remembered = memory.get() or default
    if remembered is not None and remembered.name.startswith(OWN_PREFIX) and remembered.name not in own:
        remembered = default  # deleted meanwhile
    place = len(own)
    if remembered is not None:
        place = names.index(remembered.name) if remembered.name in names else len(names) - 1
    is_folder = remembered is not None and remembered.name not in names
    box = CORPUS_BOX.of(key)
    columns = st.columns([2, 3]) if (box.get() or names[place]) == folder else [st.container()]
    name = columns[0].selectbox(
        "Corpus",
        names,
        index=place,
        format_func=lambda one: titles.get(one, "A folder on this computer …"),
        key=box.key,
    )
    if name != folder:
        reference = CorpusReference(name)
    else:
        path = columns[-1].text_input(
            "Folder",
            value=remembered.name if is_folder and remembered else "",
            placeholder="/home/me/clips",
            help="A folder of label/clip.wav (also FLAC, OGG, MP3), or one in the layout of Speech Commands.",
            key=f"{key}_folder",
        )
        if not path.strip():
            st.caption("Name a folder that holds one folder for each word: `left/clip1.wav`, `right/clip7.flac` …")
            return None
        with st.expander("How speakers are known and sides are made"):
            pattern = st.text_input(
                "Speaker pattern",
                value=(remembered.speaker_pattern or "") if is_folder and remembered else "",
                placeholder=r"^([a-z]+)_",
                help="A regular expression with one group, found in each file name: the group is the speaker. Names with _nohash_ are known already.",
                key=f"{key}_pattern",
            )
            rules = {
                "": "The best that the folder has",
                "lists": "Its own lists",
                "speaker": "Speaker-disjoint",
                "clip": "Clip by clip",
            }
            kept = (remembered.split_by or "") if is_folder and remembered else ""
            rule = st.selectbox(
                "Sides",
                list(rules),
                index=list(rules).index(kept),
                format_func=rules.__getitem__,
                help=TERMS["split"],
                key=f"{key}_rule",
            )
        reference = catalogue.refer(path.strip(), speaker_pattern=pattern or None, split_by=rule or None)
    memory.set(reference)
    return reference


class ProgressBar:
    """Progress and time left of work that this page does; any click elsewhere stops it."""

    def __init__(self) -> None:
        self._bar = st.empty()
        self._began: dict[str, tuple[float, int]] = {}

    def report(self, progress: Progress) -> None:
        """A `Report`."""
        began, first = self._began.setdefault(progress.stage, (time.monotonic(), progress.done))
        text = format_stage(progress)
        share = 0.0
        if progress.total:
            share = min(1.0, progress.done / progress.total)
            spent, gained = time.monotonic() - began, progress.done - first
            if spent > 1 and gained > 0:
                text += f", about {format_duration(spent * (progress.total - progress.done) / gained)} left"
        self._bar.progress(share, text)

    def clear(self) -> None:
        self._bar.empty()


def loaded_index(corpus: Corpus) -> Index:
    """The index of a loaded corpus, with progress where it has to be read anew."""
    bar = ProgressBar()
    try:
        return corpus.index(bar.report)
    finally:
        bar.clear()


def play(clip: Clip) -> None:
    """A player for a clip; for a stretch of a recording, that stretch alone."""
    from audio_models.features.clip_audio import load_clip

    try:
        if clip.whole:
            st.audio(clip.path.read_bytes(), format=_MIME.get(clip.path.suffix.lower(), "audio/wav"))
        else:
            st.audio(load_clip(clip, 16_000), sample_rate=16_000)
    except (EchoicError, OSError) as error:
        st.caption(f"This clip cannot be played: {as_text(str(error))}")


_MIME = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}


def percent(share: float) -> str:
    """0.9418 -> "94.2 %"."""
    return f"{share * 100:.1f} %"


def as_text(text: str) -> str:
    """A user's text, or a label like `_unknown_`, for a place that reads Markdown: shown as it is written."""
    return re.sub(r"([\\`*_\[\]<$~:])", r"\\\1", text)


def large_type(text: str) -> str:
    """HTML of the one thing that a page answers; `text` may come from a file's name."""
    style = "font-size:3.4rem;font-weight:700;line-height:1.1;overflow-wrap:anywhere"
    return f'<div class="echoic-answer" style="{style}">{html.escape(text)}</div>'
