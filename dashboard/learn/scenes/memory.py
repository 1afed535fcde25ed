"""Scene 2, sequential memory: cut the beginning of a word away, and see what its state no longer holds at the end."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.learn import charts
from dashboard.learn.parts import columns, guess, open_tool, task
from dashboard.learn.reading import Reading, Word, word
from dashboard.shared.clip_name import of_voice
from dashboard.shared.formatting import label_text
from dashboard.shared.glossary import term
from dashboard.shared.players import play_samples
from dashboard.shared.show_chart import show_chart
from data.corpus import plain_label
from data.phrases import percent

_SCENE = "memory"
_NETWORKS = {"GRU": "plain-gru", "LSTM": "plain-lstm"}
_WORDS = ("stop", "left", "right", "up", "down", "go")
_CUT = 15  # frames, 0.3 s: “st” of “stop”


def latest_start(read: Word) -> int:
    """The last frame from which the network still gives the answer that it gives to the whole clip."""
    whole = read.answer(read.trace.probabilities)
    starts = range(len(read.frames))
    return max(start for start in starts if read.answer(read.read(start).probabilities[-1]) == whole)


def draw() -> None:
    """Draw the scene."""
    words, picture = columns()
    with words:
        st.markdown(
            f"A {term('GRU')} reads a word frame by frame. All it knows of what it has read is in its {term('hidden state')} $h_t$: "
            f"numbers handed on from frame to frame. This is {term('sequential memory')}."
        )
        asked = word(_NETWORKS["GRU"], "stop")
        right = plain_label(asked.answer(asked.read(_CUT).probabilities[-1]))
        seen = guess(
            _SCENE,
            f"It begins to read “stop” after {_CUT * asked.frame_seconds:.1f} s, and so misses the “st”. What does it answer at the end?",
            [*dict.fromkeys(["stop", "up", "off", "silence", right])],
            right=right,
            explanation="From there on both readings get the same frames. They differ in the state alone: one holds “st”, the other "
            "began with zeros. So the state carried “st” to the end of the word.",
        )
    with picture:
        kind, label, first, last, read = _controls(seen)
    whole = read.trace.probabilities
    cut = read.read(first, last)
    with words:
        if seen:
            task(
                _SCENE,
                "Take another word than “stop”, read to its end. Find the latest start at which the answer is still right.",
                solved=label != "stop" and last == len(read.frames) and first == latest_start(read)
                and read.answer(whole) == label,
            )  # fmt: skip
            open_tool(
                "inside", "Inside: every frame of this clip", ":material/visibility:",
                run=_NETWORKS[kind], clip=of_voice(label), view="Step by step",
            )  # fmt: skip
    with picture:
        _picture(read, cut, first, last, seen)


def _controls(seen: bool) -> tuple[str, str, int, int, Word]:
    """Draw the network, the word and, once the answer is revealed, the cut; return them and the word."""
    network, choose, slide = st.columns([3, 2, 5], vertical_alignment="bottom")
    kind = network.segmented_control(
        "Network", list(_NETWORKS), default="GRU", required=True, key="learn_memory_network", persist_state="session"
    )
    label = choose.selectbox("Word", _WORDS, key="learn_memory_word", persist_state="session")
    read = word(_NETWORKS[kind], label)
    frames = len(read.frames)
    first, last = 0, frames
    if seen:
        hop = read.frame_seconds
        begin, end = slide.slider(
            "It reads", 0.0, frames * hop, (_CUT * hop, frames * hop), hop, format="%.2f s", key=f"learn_memory_cut_{label}", persist_state="session"
        )  # fmt: skip
        first = min(round(begin / hop), frames - 1)
        last = max(round(end / hop), first + 1)
    return kind, label, first, last, read


def _picture(read: Word, cut: Reading, first: int, last: int, seen: bool) -> None:
    hop = read.frame_seconds
    whole = read.read()
    st.markdown("**The answer, had the clip ended here**")
    lanes: list[charts.Lane] = [
        charts.Waveform(read.samples, read.rate, first * hop, last * hop),
        charts.Answers("all of it", whole.probabilities, read.labels, hop),
    ]
    alike = _similarity(whole.vectors[first:last], cut.vectors)
    if seen:
        times = (np.arange(first, last) + 0.5) * hop
        lanes += [
            charts.Answers("cut", cut.probabilities, read.labels, hop, first),
            charts.Curves({"how alike their states are (cosine)": (times, alike)}, low=-0.25),
        ]
    show_chart(
        charts.stacked(lanes, read.seconds),
        charts.in_words(lanes),
        key="learn_memory_picture",
    )
    if seen:
        before, after = (label_text(read.answer(reading.probabilities[-1])) for reading in (whole, cut))
        st.markdown(
            f"At the end: **{before}** from all of it, **{after}** from the cut clip. Their states are {percent(alike[-1], 0)} alike."
        )
    piece = round(hop * read.rate)
    play_samples(read.samples[first * piece : last * piece], read.rate)


def _similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The cosine of the angle between the states after each frame, (frames,)."""
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / np.maximum(norms, 1e-12))
