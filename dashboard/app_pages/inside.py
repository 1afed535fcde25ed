"""Inside: step through a clip frame by frame, reorder its frames, unroll the loop, follow the gradient back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from audio_models.config import CELL_TITLES
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import handout, stepper, texts, unrolled
from dashboard.lessons.texts import show_lesson
from dashboard.shared import inline_svg, preload
from dashboard.shared.choose_model import choose_model, describe_run, usable_runs
from dashboard.shared.clip_source import ChosenClip, choose_clip
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text, percent
from dashboard.shared.players import play_samples
from dashboard.shared.state import INSIDE_RUN

_VIEWS = ("Step by step", "Order", "Unrolled", "Gradient")
_CELLS_TO_COMPARE = ("plain-simple-rnn", "plain-lstm", "plain-gru")


def _inspect(run: Run, clip: ChosenClip, order: str = "spoken", seed: int = 0):  # type: ignore[no-untyped-def]
    return _inspected(str(run.folder), run.model_path.stat().st_mtime_ns, clip.samples, clip.label, order, seed)


@st.cache_data(show_spinner=False, max_entries=40)  # type: ignore[untyped-decorator]
def _inspected(folder: str, changed: int, samples, label, order: str, seed: int):  # type: ignore[no-untyped-def]  # noqa: ARG001
    from audio_models.lab.inspection import inspect  # brings onnxruntime

    run = Run(Path(folder))
    recognizer = preload.recognizer(run)
    label = label if label in recognizer.labels else None
    return inspect(run, samples, label, order=order, seed=seed, recognizer=recognizer)  # type: ignore[arg-type]


def _step_by_step(run: Run, clip: ChosenClip) -> None:
    found = _inspect(run, clip)
    show_lesson(texts.STEP if found.trace.layers else texts.STEP_ALONE)
    changes = ", then ".join(f"**{as_text(label)}** from {at:.2f} s" for at, label in found.changes[-4:])
    st.markdown(f"The answer settles after **{found.settled:.2f} s**: {changes}.")
    stepper.show(found, key="stepper")
    with st.expander("Formula of one step"):
        st.latex(texts.as_latex(texts.FORMULAS[found.cell]))
        st.caption(
            "W, U and b are the same at every frame. σ maps to 0..1, tanh to -1..1; ⊙ multiplies element by element."
        )


def _order(run: Run, clip: ChosenClip) -> None:
    show_lesson(texts.ORDER)
    order, again = st.columns([3, 2], vertical_alignment="bottom")
    how = order.segmented_control(
        "Order of the frames", ["spoken", "reversed", "shuffled"], default="reversed", required=True, key="order"
    )
    seed = int(again.number_input("Shuffle number", 0, 999, 0, key="shuffle", disabled=how != "shuffled"))
    alone = [other for other in _alike(run) if other.config.network.cell == "feed_forward"]
    pair = [run, *([alone[0]] if alone and run.config.network.cell != "feed_forward" else [])]
    for column, one in zip(st.columns(len(pair)), pair, strict=True):
        with column:
            spoken, other = _inspect(one, clip), _inspect(one, clip, how, seed)
            st.subheader(CELL_TITLES[one.config.network.cell])
            st.caption(as_text(describe_run(one)))
            moved = float(np.abs(spoken.prefix_probabilities[-1] - other.prefix_probabilities[-1]).max())
            bars = _both_orders(spoken, other, how)
            st.altair_chart(bars, key=f"order-{one.id}")
            if moved < 1e-4:
                st.markdown(":material/equal: No probability changed.")
            else:
                st.markdown(
                    f":material/swap_horiz: Probabilities change by up to **{100 * moved:.0f}** points, and the answer from "
                    f"**{as_text(spoken.answer)}** to **{as_text(other.answer)}**."
                    if other.answer != spoken.answer
                    else f":material/swap_horiz: Probabilities change by up to **{100 * moved:.0f}** points; the answer stays the same."
                )
    if len(pair) == 1 and run.config.network.cell != "feed_forward":
        st.caption("To compare with a network without memory, train a feed-forward network on the same words.")


def _both_orders(spoken, other, how: str):  # type: ignore[no-untyped-def]
    ranked = np.argsort(-np.maximum(spoken.prefix_probabilities[-1], other.prefix_probabilities[-1]))[:5]
    rows = [
        {
            "label": spoken.labels[int(number)],
            "frames": name,
            "probability": float(found.prefix_probabilities[-1][number]),
        }
        for number in ranked
        for name, found in (("as spoken", spoken), (how if how != "spoken" else "again", other))
    ]
    return lesson_charts.paired_bars(pd.DataFrame(rows))


def _alike(run: Run) -> list[Run]:
    """List runs with the same labels: this one, then the user's own, then those that come with Echoic."""
    same = [one for one in runs.usable() if one.config.task.classes == run.config.task.classes and one.id != run.id]
    return [run, *same]


def _unrolled(run: Run, clip: ChosenClip) -> None:
    found = _inspect(run, clip)
    show_lesson(texts.UNROLLED)
    svg = unrolled.picture(found)
    inline_svg.show(svg, key="unrolled")
    steps = len(found.trace.hidden)
    if found.trace.layers:
        st.markdown(
            f"For this clip the unrolled network is **{steps} layers** deep. They share the **{found.cell_weights:,} weights** of the "
            f"cell; separately they would need {found.cell_weights * steps:,}."
        )
    network = run.config.network
    if network.bidirectional or network.layers > 1:
        st.caption(
            "The picture shows the first layer, reading forward."
            + (" A second cell reads backward." if network.bidirectional else "")
            + (f" {network.layers - 1} more layers lie above it." if network.layers > 1 else "")
        )
    st.download_button(
        "Save the picture", svg, f"unrolled-{run.id}.svg", "image/svg+xml", icon=":material/image:", on_click="ignore"
    )


def _gradient(run: Run, clip: ChosenClip) -> None:
    show_lesson(texts.FADING)
    usable = {one.id: one for one in _alike(run) if one.config.network.cell != "feed_forward"}
    chosen = st.multiselect(
        "Networks",
        list(usable),
        default=_compared_with(run, usable),
        format_func=lambda one: describe_run(usable[one]),
        max_selections=4,
        key=f"gradient_runs_{run.id}",
    )
    what = st.segmented_control(
        "Gradient with respect to",
        ["the state, through memory only", "the state", "the frame"],
        default="the state, through memory only",
        required=True,
        key="gradient_of",
        help="Through memory only: the gradient that enters at the last state and travels back from there. The other two include what a mean or attention takes from each frame directly.",
    )
    if not chosen:
        st.caption("Choose at least one network.")
        return
    table, lengths = _fadings([usable[one] for one in chosen], clip, what)
    names = list(dict.fromkeys(table["network"]))
    st.altair_chart(lesson_charts.fading(table, names), key="fading")
    st.dataframe(
        lengths, hide_index=True,
        column_config={
            "trained": st.column_config.TextColumn("memory length, trained"),
            "before training": st.column_config.TextColumn("memory length, before training"),
        },
    )  # fmt: skip
    st.caption(
        "Memory length: how far before the end of the clip the gradient has fallen to a tenth. For an LSTM it is the gradient "
        "of the cell state, which carries the memory."
    )
    with st.expander("Formula"):
        st.latex(texts.as_latex(texts.GRADIENT))


def _compared_with(run: Run, usable: dict[str, Run]) -> list[str]:
    """List the three plain cells and the chosen network."""
    plain = [one for one in _CELLS_TO_COMPARE if one in usable] or list(usable)[:3]
    return list(dict.fromkeys([*([run.id] if run.id in usable else []), *plain]))


def _fadings(chosen: list[Run], clip: ChosenClip, what: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    from audio_models.lab.inspection import gradient_decay, in_words, untrained

    rows, lengths = [], []
    for run in chosen:
        found = _inspect(run, clip)
        network = untrained(run)
        before = gradient_decay(
            network, network.read(found.trace.frames), found.labels.index(found.label), found.features
        )
        name = f"{run.name} · {CELL_TITLES[run.config.network.cell]}"
        if sum(one.name == run.name for one in chosen) > 1:
            name += f" · {run.id}"
        for weights, fade in (("trained", found.gradient_decay), ("before training", before)):
            norms, step = {
                "the state": (fade.states, fade.step_seconds),
                "the frame": (fade.frames, fade.frame_seconds),
            }.get(what, (fade.memory, fade.step_seconds))
            shares = np.maximum(norms / max(float(norms[-1]), 1e-300), 1e-12)
            rows.append(
                pd.DataFrame(
                    {"seconds": np.arange(len(norms)) * step, "share": shares, "network": name, "weights": weights}
                )
            )
        lengths.append(
            {"network": name, "trained": in_words(found.gradient_decay.memory_length), "before training": in_words(before.memory_length)}
        )  # fmt: skip
    return pd.concat(rows), pd.DataFrame(lengths)


def _save(run: Run, clip: ChosenClip) -> None:
    """Draw the handout button; the file is made on demand, which takes a second."""
    with st.popover("Save as a handout", icon=":material/description:"):
        st.markdown("One HTML file with the stepper, charts, texts and formulas. It opens anywhere, without Echoic.")
        if st.button("Make it", type="primary", key="make_handout"):
            remembers = run.config.network.cell != "feed_forward"
            table, lengths = _fadings([run], clip, "") if remembers else (None, None)
            content = handout.inside(_inspect(run, clip), run.name, clip.name, table, lengths)
            st.download_button("Download", content, f"inside-{run.id}.html", "text/html", on_click="ignore")


def _page() -> None:
    st.title("Look inside a network")
    models = usable_runs()
    with show_errors():
        left, right = st.columns([2, 3])
        with left:
            run = choose_model(models, "inside_run", memory=INSIDE_RUN)
        recognizer = preload.recognizer(run)
        with right:
            clip = choose_clip(run, recognizer, "inside")
        if clip is None:
            return
        player, heard, save = st.columns([2, 2, 1], vertical_alignment="center")
        with player:
            play_samples(clip.samples, recognizer.features.sample_rate)
        with heard:
            st.caption(as_text(clip.name))
            _answer(run, clip)
        with save:
            _save(run, clip)
        view = st.segmented_control(
            "View", _VIEWS, default=_VIEWS[0], required=True, key="inside_view", label_visibility="collapsed"
        )
        {"Step by step": _step_by_step, "Order": _order, "Unrolled": _unrolled, "Gradient": _gradient}[view](run, clip)


def _answer(run: Run, clip: ChosenClip) -> None:
    found = _inspect(run, clip)
    sure = float(found.prefix_probabilities[-1].max())
    right = ""
    if clip.label is not None:
        right = (
            " :material/check:" if clip.label == found.answer else f", but it is {as_text(clip.label)} :material/close:"
        )
    st.markdown(f"Recognised: **{as_text(found.answer)}**, confidence {percent(sure)}{right}")


_page()
