"""Scene 1, order matters: a clip with its frames shuffled, through a mean of frames and through a recurrent network."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from audio_models.report.colour import PALETTE, RAMP
from dashboard.learn.parts import columns, guess, network, open_tool, task
from dashboard.lessons.charts import paired_bars
from dashboard.shared import preload
from dashboard.shared.clip_name import of_voice
from dashboard.shared.example_sounds import spoken
from dashboard.shared.formatting import label_text
from dashboard.shared.glossary import term
from dashboard.shared.players import play_samples
from dashboard.shared.show_chart import show_chart
from dashboard.shared.state import Value
from data.corpus import plain_label

_SCENE = "order"
_RECURRENT, _MEAN = "plain-gru", "plain-feed-forward"
_WORDS = ("stop", "left", "right", "up", "down", "go")
_WINDOWS = (1, 2, 4, 8, 16, 0)  # frames; 0 is all of them
_NEAR = 8  # frames; the task allows no wider window

_SHUFFLE = Value[int]("learn_order_shuffle", 0)
"""How often Shuffle again was pressed: the seed."""


def shuffled_within(frames: int, window: int, seed: int) -> NDArray[np.intp]:
    """An order of `frames` frames, shuffled within windows of `window` frames; 0 is all of them, 1 changes nothing."""
    random = np.random.default_rng(seed)
    size = window or max(1, frames)
    return np.concatenate([start + random.permutation(min(size, frames - start)) for start in range(0, frames, size)])


@dataclass(frozen=True)
class _Answers:
    """Probabilities of one network for the clip as spoken and as shuffled, (labels,) each."""

    labels: tuple[str, ...]
    spoken: NDArray[np.float32]
    shuffled: NDArray[np.float32]

    @property
    def words(self) -> tuple[str, str]:
        return self.labels[int(self.spoken.argmax())], self.labels[int(self.shuffled.argmax())]


def draw() -> None:
    """Draw the scene."""
    words, picture = columns()
    with picture:
        word, window = _controls()
        recognizer = preload.recognizer(network(_RECURRENT))
        samples = spoken(word, recognizer.features.sample_rate)
        frames = recognizer.frames(samples)
        order = shuffled_within(len(frames), window, _SHUFFLE.get())
    with words:
        st.latex(r"\begin{aligned} \text{feed-forward:}\quad f(x_i) &\to y_i \\ \text{recurrent:}\quad f(x_t, h_t) &\to (y_t, h_{t+1}) \end{aligned}")  # fmt: skip
        st.markdown(
            f"The {term('feed-forward network')} looks at each frame $x_i$ alone and averages. The {term('recurrent network')} also takes "
            f"its {term('hidden state', 'state')} $h_t$, and passes on a new one."
        )
        seen = guess(
            _SCENE,
            "The frames of a word are shuffled. Whose probabilities change?",
            ["only the feed-forward network's", "only the recurrent network's", "both", "neither"],
            right="only the recurrent network's",
            explanation="A mean is a sum divided by a count, and a sum has no order: it tells which sounds occurred, not which came "
            "first. A *running* mean is no better: every frame adds the same to it, wherever it stands.",
        )
        mean, recurrent = (_answers(name, samples, order) for name in (_MEAN, _RECURRENT))
        if seen:
            task(
                _SCENE,
                f"Make the GRU hear another word although no frame moves further than {_NEAR * 20} ms.",
                solved=1 < window <= _NEAR and recurrent.words[0] != recurrent.words[1],
            )
            open_tool(
                "inside", "Inside: reorder any clip in any network", ":material/visibility:",
                run=_RECURRENT, clip=of_voice(word), view="Order", order="shuffled",
            )  # fmt: skip
    with picture:
        show_chart(
            _moves(frames[:, :13], order),
            "The frames as spoken above the frames as read; a line leads from each to its new place.",
            key="learn_order_moves",
        )
        for column, title, answers in zip(
            st.columns(2), ("Feed-forward: mean", "GRU: state"), (mean, recurrent), strict=True
        ):
            with column:
                st.markdown(f"**{title}**")
                show_chart(
                    _bars(answers, seen),
                    f"{title}: {answers.words[0]} is likeliest as spoken"
                    + (f", {answers.words[1]} as shuffled." if seen else "."),
                    key=f"learn_order_{title}",
                )
                if seen:
                    st.markdown(_verdict(answers))
        rate, hop = recognizer.features.sample_rate, recognizer.features.hop_length
        listen, note = st.columns([2, 3], vertical_alignment="center")
        with listen:
            play_samples(np.concatenate([samples[place * hop : (place + 1) * hop] for place in order]), rate)
        note.caption(
            "The sound in pieces of 20 ms, in this order. Each frame also holds the slope of its MFCC as spoken, a trace of order that both get."
        )


def _controls() -> tuple[str, int]:
    choose, slide, again = st.columns([2, 5, 3], vertical_alignment="bottom")
    word = choose.selectbox("Word", _WORDS, key="learn_order_word", persist_state="session")
    window = slide.select_slider(
        "Shuffle the frames within", _WINDOWS, value=0, key="learn_order_window", persist_state="session",
        format_func=lambda size: {0: "the whole clip", 1: "nothing"}.get(size, f"{20 * size} ms"),
    )  # fmt: skip
    again.button(
        "Shuffle again", icon=":material/shuffle:", key="learn_order_again", width="stretch", disabled=window == 1,
        on_click=lambda: _SHUFFLE.set(_SHUFFLE.get() + 1),
    )  # fmt: skip
    return word, window


def _answers(name: str, samples: NDArray[np.float32], order: NDArray[np.intp]) -> _Answers:
    recognizer = preload.recognizer(network(name))
    frames = recognizer.frames(samples)
    spoken_as, shuffled = recognizer.probabilities([frames, frames[order]])
    return _Answers(recognizer.labels, spoken_as, shuffled)


def _bars(answers: _Answers, seen: bool) -> alt.Chart:
    """The three likeliest labels; the shuffled clip only once it may be seen."""
    both = np.maximum(answers.spoken, answers.shuffled) if seen else answers.spoken
    rows = [
        {"label": plain_label(answers.labels[place]), "frames": name, "probability": float(probabilities[place])}
        for place in map(int, np.argsort(-both)[:3])
        for name, probabilities in (("as spoken", answers.spoken), ("shuffled", answers.shuffled))
        if seen or name == "as spoken"
    ]
    return paired_bars(pd.DataFrame(rows))


def _verdict(answers: _Answers) -> str:
    before, after = (label_text(label) for label in answers.words)
    points = 100 * float(np.abs(answers.spoken - answers.shuffled).max())
    if points < 0.01:
        return f":material/equal: Still **{before}**: no probability changed."
    if before == after:
        return f":material/swap_horiz: Still **{before}**, but probabilities change by up to {points:.0f} points."
    return f":material/swap_horiz: From **{before}** to **{after}**: {points:.0f} points."


def _moves(frames: NDArray[np.float32], order: NDArray[np.intp]) -> alt.LayerChart:
    """Draw the frames as spoken above the frames as read, and a line from each to its new place."""
    low, high = np.percentile(frames, [2, 98], axis=0)
    shades = np.clip((frames - low) / np.maximum(high - low, 1e-6), 0, 1)
    count, width = shades.shape
    frame, row = np.repeat(np.arange(count), width), np.tile(np.arange(width), count)
    cells = pd.DataFrame(  # few columns: what follows from them is computed in the browser
        {
            "place": np.concatenate([frame, np.argsort(order)[frame]]),
            "row": np.concatenate([row, row + 2.5 * width]),
            "shade": np.tile(shades.ravel().round(3), 2),
        }
    )
    lines = pd.DataFrame(
        {
            "frame": np.tile(np.arange(count), 2),
            "seconds": np.concatenate([np.arange(count), np.argsort(order)]) * 0.02 + 0.01,
            "row": np.repeat([width + 0.3, 2.5 * width - 0.3], count),
        }
    )
    y = alt.Scale(domain=[3.5 * width, 0], nice=False)
    strips = alt.Chart(cells).transform_calculate(
        seconds="datum.place * 0.02", end="datum.seconds + 0.02", row_end="datum.row + 1"
    ).mark_rect().encode(
        x=alt.X("seconds:Q", title="seconds", scale=alt.Scale(domain=[0, count * 0.02], nice=False), axis=alt.Axis(grid=False)),
        x2=alt.X2("end:Q"),
        y=alt.Y("row:Q", scale=y, title=None, axis=alt.Axis(values=[width / 2, 3 * width], labelExpr=f"datum.value < {2 * width} ? 'spoken' : 'read'", grid=False, ticks=False, domain=False)),
        y2=alt.Y2("row_end:Q"),
        color=alt.Color("shade:Q", scale=alt.Scale(scheme=RAMP), legend=None),
    )  # fmt: skip
    moved = alt.Chart(lines).mark_line(strokeWidth=1.2, opacity=0.8, color=PALETTE[6]).encode(
        x=alt.X("seconds:Q"), y=alt.Y("row:Q", scale=y), detail=alt.Detail("frame:N")
    )  # fmt: skip
    on_canvas = {"embedOptions": {"renderer": "canvas"}}  # a thousand cells as elements of the page would take too long
    return alt.layer(strips, moved, height=210, usermeta=on_canvas)
