"""The view "Units" of Inside: where in a corpus does a unit, or all units of a moment, do the same again?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from audio_models.jobs.runs import Run
from dashboard.lessons import experiment, texts
from dashboard.lessons import unit_charts as charts
from dashboard.lessons.inspected import inspect_clip, network_inside
from dashboard.lessons.texts import show_lesson
from dashboard.shared import address, preload
from dashboard.shared.choose_corpus import corpus_title, loaded_index
from dashboard.shared.clip_source import ChosenClip, corpora_here
from dashboard.shared.example_sounds import spoken_by
from dashboard.shared.feedback import ProgressBar
from dashboard.shared.formatting import as_text, label_text
from dashboard.shared.players import play_samples
from dashboard.shared.show_chart import show_chart
from dashboard.shared.state import Value, selection
from data import catalogue, workspace
from data.corpus import Clip, CorpusReference
from data.own.corpus import OWN_PREFIX

if TYPE_CHECKING:
    from audio_models.lab.unit_search import Activity, Moment, Signal  # brings onnxruntime

_UNIT = Value[int | None]("inside_unit", None)
"""Widget: the number of the unit, from 1; `of` a run."""
_VOICES = 12
_KEPT = 6  # results of some 20 MB
_CARDS = 6
_MOMENT = 0.1  # seconds over which a unit's activity is averaged
_ONE, _PATTERN = "One unit", "All units of a moment"
_SPOKEN = "Synthetic voices, made now"


def where_else(run: Run, clip: ChosenClip) -> None:
    """Draw what a unit does in the clip, and the moments of a corpus in which it does the same."""
    from audio_models.lab import unit_search

    show_lesson(texts.UNITS)
    found = inspect_clip(run, clip)
    network = run.config.network
    known = {one.title: one for one in unit_search.signals(network)}
    what, by, where = st.columns([2, 3, 3], vertical_alignment="bottom")
    address.follow("signal", "inside_signal", list(known))
    signal = known[what.selectbox("Of each unit", list(known), key="inside_signal")]
    address.follow("search", "inside_search", [_ONE, _PATTERN])
    how = by.segmented_control("Search for", [_ONE, _PATTERN], default=_ONE, required=True, key="inside_search")
    with where:
        reference = _choose_corpus(run)
    values = unit_search.activity_in(network, found.trace, signal)
    step = found.gradient_decay.step_seconds
    activity = _activity(run, reference)
    if how == _ONE:
        unit, low = _choose_unit(run, values, step, signal)
        scores = unit_search.unit_scores(activity, signal, unit, low=low)
        here = unit_search.best_moments([-values[:, unit] if low else values[:, unit]], round(_MOMENT / step))
        curves = [one[:, unit] for one in activity.of(signal)]
        title = f"Unit {unit + 1}"
    else:
        first, end, threshold = _choose_moment(values, step)
        wanted = unit_search.pattern(values, signal, first, end, threshold)
        scores = unit_search.pattern_scores(activity, signal, wanted)
        here = [unit_search.Moment(0, first, end, 1.0)]
        curves = scores
        title = f"The {len(wanted.units)} units" if len(wanted.units) > 1 else f"Unit {wanted.units[0] + 1}"
    moments = unit_search.best_moments(scores, here[0].end - here[0].first)
    _results(run, activity, moments, curves, title)


def _choose_unit(run: Run, values: Any, step: float, signal: Signal) -> tuple[int, bool]:
    """Draw the units of the clip and choose one: by a click, or by its number."""
    units = values.shape[1]
    value, chart = _UNIT.of(run.id), f"inside_units-{run.id}-{signal.title}"
    address.follow_number("unit", value.key, 1, units)
    if not 1 <= (value.get() or 0) <= units:
        value.set(int(np.abs(values).mean(axis=0).argmax()) + 1)

    def clicked() -> None:
        if chosen := selection(chart).get("unit", []):
            value.set(int(chosen[0]["unit"]))

    picture, number = st.columns([4, 1])
    with number:
        unit = int(st.number_input("Unit", 1, units, key=value.key, help="Or click it in the picture.")) - 1
        low, high = ("shut", "open") if signal.is_gate else ("lowest", "highest")
        which = st.segmented_control("Where it is", [high, low], default=high, required=True, key=f"inside_{high}")
    with picture:
        show_chart(
            charts.units(values, step, unit),
            f"The activity of every unit over the clip; unit {unit + 1} is chosen.",
            on_select=clicked,
            key=chart,
        )
    return unit, which == low


def _choose_moment(values: Any, step: float) -> tuple[int, int, float]:
    """Choose a moment of the clip and how active a unit must be in it."""
    moment, threshold = st.columns([3, 2])
    steps = len(values)
    times = [round(place * step, 3) for place in range(steps + 1)]
    first, end = moment.select_slider(
        "Moment of this clip",
        times,
        value=(times[steps // 2], times[min(steps, steps // 2 + max(2, round(_MOMENT / step)))]),
        format_func=lambda seconds: f"{seconds:.2f} s",
        key=f"inside_moment-{steps}",
    )
    least = threshold.slider(
        "Least activity", 0.05, 0.95, 0.5, 0.05, key="inside_threshold",
        help="A unit counts if it stays beyond this throughout the moment: above it or below minus it. A gate counts from -1 (shut) to 1 (open).",
    )  # fmt: skip
    begin = times.index(first)
    return begin, max(times.index(end), begin + 1), least


def _results(run: Run, activity: Activity, moments: Sequence[Moment], curves: Sequence[Any], title: str) -> None:
    from audio_models.lab.unit_search import means_by_label

    if not moments:
        st.caption("No clip of this corpus can be read.")
        return
    words, cards = st.columns([1, 3], gap="medium")
    with words:
        st.markdown(f"**{title}, by word**")
        show_chart(
            charts.by_word(means_by_label(activity, moments)),
            "How active the unit is in the clips of each word.",
            key="inside_unit_words",
        )
        read = len(activity.sounds)
        cut = f" of {activity.asked}" if read < activity.asked else ""
        st.caption(f"Mean of the best moment of each clip, {read}{cut} clips read.")
    with cards:
        st.markdown("**Most active here**: the moment is marked; press play to hear the clip.")
        rate = run.config.features.sample_rate
        for row in range(0, min(_CARDS, len(moments)), 3):
            for column, moment in zip(st.columns(3), moments[row : row + 3], strict=False):
                with column:
                    sound = activity.sounds[moment.sound]
                    samples = _samples(sound.source, rate)
                    span = (
                        moment.first * activity.step_seconds,
                        (moment.end - 1) * activity.step_seconds + activity.step_end,
                    )
                    st.markdown(f"**{label_text(sound.label)}** at {span[0]:.2f} s · {moment.score:.2f}")
                    chart = charts.moment(
                        samples, rate, curves[moment.sound], activity.step_seconds, activity.step_end, span
                    )
                    show_chart(
                        chart, "The activity of the unit over this clip.", key=f"inside_moment_{row}_{moment.sound}"
                    )
                    play_samples(samples, rate)
                    st.caption(as_text(sound.name))


def _choose_corpus(run: Run) -> CorpusReference | None:
    """Choose a corpus on this computer; None for synthetic voices that say the run's words now."""
    there = corpora_here(run)
    names = [one.name for one in there]
    address.follow("in", "inside_search_corpus", [_SPOKEN, *names])
    chosen = st.selectbox(
        "In the clips of", [*names, _SPOKEN], key="inside_search_corpus",
        format_func=lambda name: name if name == _SPOKEN else as_text(corpus_title(there[names.index(name)])),
    )  # fmt: skip
    if chosen == _SPOKEN:
        return None
    if chosen not in catalogue.NAMES and not chosen.startswith(OWN_PREFIX):
        address.say("in", "")  # a folder on this computer has no address
    return there[names.index(chosen)]


def _samples(source: Clip | Any, rate: int) -> Any:
    from audio_models.features.clip_audio import load_clip

    return load_clip(source, rate) if isinstance(source, Clip) else source


def _activity(run: Run, reference: CorpusReference | None) -> Activity:
    """What the units do in the clips of a corpus, kept for the network as it stands on the page."""
    stood = experiment.chosen_epoch(run), experiment.held_gates(run)
    key = (workspace.root(), str(run.folder), run.model_path.stat().st_mtime_ns, reference, *stood)
    kept: dict[Any, Activity] = _kept()
    found = kept.get(key)
    if found is None:
        found = kept[key] = _read_all(run, reference)
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)), None)
    return found


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _kept() -> dict[Any, Activity]:
    """The newest results. Streamlit's own cache would draw the progress again with each of them."""
    return {}


def _read_all(run: Run, reference: CorpusReference | None) -> Activity:
    from audio_models.lab.unit_search import Sound, read_all, spread

    recognizer = preload.recognizer(run)
    if reference is None:
        rate = recognizer.features.sample_rate
        spoken = spoken_by(run.config.task.labels, _VOICES, rate)
        sounds = [Sound(word, name, samples) for word, name, samples in spoken]
    else:
        index = loaded_index(catalogue.open_corpus(reference))
        sounds = [Sound(clip.label, f"{clip.split} clip {clip.path.name}", clip) for clip in spread(index.clips)]
    bar = ProgressBar()
    try:
        return read_all(network_inside(run), recognizer, sounds, bar.report, forced=experiment.held_gates(run))
    finally:
        bar.clear()
