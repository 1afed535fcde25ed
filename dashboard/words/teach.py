"""Teach: train a network on the user's words, cross-validate it, and suggest next steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from audio_models.config import Recipe, RunConfig
from audio_models.jobs import runs
from audio_models.jobs.job_folder import State, readable
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from audio_models.recipes import FOLDS, default_run, tuned_run
from audio_models.recognition.cross_validation import FEWEST_CLIPS
from audio_models.recognition.evaluation_result import CROSS_VALIDATED
from audio_models.report import matrix
from audio_models.training import estimate
from audio_models.training.other_folders import folders_here
from dashboard.shared import job_panel, remembered
from dashboard.shared.export_button import export_button
from dashboard.shared.formatting import as_text, large_type, on_dark
from dashboard.shared.freshness import is_current
from dashboard.shared.glossary import TERMS
from dashboard.shared.players import play
from dashboard.shared.show_chart import show_chart
from dashboard.shared.state import CHOSEN_RUN
from dashboard.shared.task_form import rounded
from dashboard.words.embeddings import LISTENER
from data.corpus import SILENCE, UNKNOWN, CorpusReference
from data.own.corpus import OwnCorpus
from data.own.records import Snapshot
from data.phrases import isolated, percent, plural
from data.task import Task

if TYPE_CHECKING:
    from audio_models.recognition.evaluation_result import Evaluation
    from audio_models.recognition.headline import Figure

_CLIPS, _LISTENING = "Single clips", "Listening"
_USES = {
    _CLIPS: "Answers one clip at a time: Predict, or a button in your program.",
    _LISTENING: "Finds your words in long recordings and live, without a button: Listen and Live.",
}
_NETWORKS = {_CLIPS: LISTENER, _LISTENING: "commands-streaming"}
_TRAINED, _SCRATCH = "From a trained network", "From scratch"
_STARTS = {
    _TRAINED: "Starts from “{}”, which knows speech, and adapts it to your words.",
    _SCRATCH: "Starts from random weights: takes longer and needs many more clips.",
}
_SCRATCH_EPOCHS = 20
_PLAYERS = 4


def show(corpus: OwnCorpus, now: Snapshot) -> None:
    """Draw the section."""
    counts = Counter(clip.label for clip in now.clips)
    words = [label for label, count in counts.items() if count >= FEWEST_CLIPS and label not in (UNKNOWN, SILENCE)]
    form, watch = st.columns([2, 3], gap="large")
    with form:
        few = {
            label: count for label, count in counts.items() if count < FEWEST_CLIPS and label not in (UNKNOWN, SILENCE)
        }
        if few:
            st.caption(
                f"{', '.join(f'{as_text(label)} ({count})' for label, count in list(few.items())[:8])}: a word needs at least {FEWEST_CLIPS} clips."
            )
        if len(words) < 2:
            st.markdown(f"Record or upload at least two words with {FEWEST_CLIPS} clips each; ten are better.")
            return
        _form(corpus, now, words, counts)
    with watch:
        known = _runs_of(corpus.name)
        if known:
            job_panel.choose_and_watch(known, "teach", "Network", _title, _draw)
        else:
            st.markdown("##### Not taught yet")
            st.markdown("Trial networks measure the accuracy; yours then learns from all clips.")


def _form(corpus: OwnCorpus, now: Snapshot, words: list[str], counts: Counter[str]) -> None:
    remembered.follow(f"teach-words-{now.version}", list, words)
    for key, kind, options in (
        ("teach_silence", bool, None),
        ("teach_unknown", bool, None),
        ("teach_use", str, _USES),
        ("teach_start", str, _STARTS),
    ):
        remembered.follow(key, kind, options)
    chosen = st.multiselect("Words", words, default=words, key=f"teach-words-{now.version}")
    silence = st.toggle(
        "Recognise silence", value=True, key="teach_silence",
        help="Adds the class \\_silence\\_, learned from background noise. Without it, the network hears a word in every noise.",
    )  # fmt: skip
    if silence and not now.noise:
        st.caption("Uses synthetic noise. Your own room works better: see Record, Background noise.")
    left = sorted(set(counts) - set(chosen) - {UNKNOWN, SILENCE})
    unknown = st.toggle(
        "Reject other words", value=True, key="teach_unknown",
        help="Adds the class \\_unknown\\_, learned from parts of your words, synthetic voices and other recordings on this computer"
        + (f", and from the words you leave out: {as_text(', '.join(left[:8]))}." if left else ".")
        + " Without it, the network takes every word for one of yours.",
    )  # fmt: skip
    here = folders_here() if unknown else ()
    remembered.follow("teach_other", list, here)
    other = (
        st.multiselect(
            "Other recordings", here, default=here, format_func=lambda folder: Path(folder).name, key="teach_other",
            help="Folders on this computer from which it learns what is none of your words; recordings that name one of them are left out.",
        )
        if here
        else []
    )  # fmt: skip
    use = st.segmented_control("For", list(_USES), default=_CLIPS, required=True, key="teach_use") or _CLIPS
    st.caption(_USES[use])
    start = st.segmented_control("Start", list(_STARTS), default=_TRAINED, required=True, key="teach_start") or _TRAINED
    st.caption(_STARTS[start].format(_NETWORKS[use]))
    if len(chosen) < 2:
        st.caption("Choose at least two words.")
        return
    config = _config(corpus, now, Task(tuple(chosen), unknown=unknown, silence=silence), use, start, other)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Teach", type="primary", icon=":material/school:", key="teach")
        seconds = estimate.training_seconds(config, sum(counts[word] for word in chosen) / len(chosen))
        st.caption(f"About {format_duration(rounded(seconds))}.")
    if pressed:
        run = runs.create(config)
        job_panel.begin(run, "teach")
        CHOSEN_RUN.set(run.id)
        st.rerun()


def _config(corpus: OwnCorpus, now: Snapshot, task: Task, use: str, start: str, other: Sequence[str]) -> RunConfig:
    reference = CorpusReference(corpus.name)
    name = runs.next_name(corpus.title[:50])
    if start == _TRAINED:
        voices = {clip.speaker for clip in now.clips} - {None}
        trained = runs.bundled_run(_NETWORKS[use])
        return tuned_run(
            reference, task, trained.reference, trained.config, speakers=len(voices), name=name, other=other
        )
    recipe: Recipe = "streaming" if use == _LISTENING else "strong"
    base = default_run(reference, task, "gru", recipe, name=name, epochs=_SCRATCH_EPOCHS)
    return replace(
        base, training=replace(base.training, folds=FOLDS), negatives=replace(base.negatives, other=tuple(other))
    )


def _runs_of(corpus: str) -> list[Run]:
    """List the cross-validated runs trained on a corpus, the newest first."""
    return [run for run in readable(runs.listing()) if run.config.corpus.name == corpus and run.config.training.folds]


def _title(run: Run) -> str:
    return f"{isolated(run.name)} · {_start_of(run)} · {run.created_text}"


def _start_of(run: Run) -> str:
    return f"from {run.start_name}" if run.start else "from scratch"


def _draw(run: Run, state: State) -> None:
    if state.status != "finished":
        return
    from audio_models.recognition import advice, evaluation

    result = evaluation.load_cached(run, None, CROSS_VALIDATED)
    if result is None:
        st.warning("Its evaluation is missing. Press Teach to train it again.", icon=":material/warning:")
        return
    _headline(result)
    speakers = f", {plural(len(result.per_speaker), 'speaker')}" if result.per_speaker else ""
    st.caption(
        f"Cross-validated on {plural(result.clips, 'clip')}{speakers}; accuracy {percent(result.accuracy)}. Took {format_duration(state.seconds)}.",
        help=f"{result.split_rule} {TERMS['interval']}",
    )
    if not is_current(run, None, result):
        st.warning(
            "The clips have changed since. Press Teach to train on those you have now.", icon=":material/update:"
        )
    with st.container(horizontal=True):
        if st.button("Try it", type="primary", icon=":material/mic:", key=f"speak-{run.id}"):
            CHOSEN_RUN.set(run.id)
            st.switch_page("app_pages/predict.py")
        if st.button("Evaluate", icon=":material/grid_on:", key=f"errs-{run.id}"):
            CHOSEN_RUN.set(run.id)
            st.switch_page("app_pages/evaluate.py")
        export_button(run)
    found = advice.advice(result)
    st.markdown("##### Next steps")
    for sentence in found or ["Nothing stands out: try it."]:
        st.markdown(f"- {as_text(sentence)}")
    _beside_others(run, result)
    show_chart(
        matrix.confusion_matrix(np.array(result.confusion), result.labels, shares=False, on_dark=on_dark()),
        matrix.matrix_in_words(np.array(result.confusion), result.labels), key=f"teach-matrix-{run.id}"
    )  # fmt: skip


def _headline(result: Evaluation) -> None:
    """The two figures that count, equally large: how often it hears the words, and how often it takes others for them."""
    from audio_models.recognition import headline

    hears, false = st.columns(2)
    with hears:
        _figure(headline.heard(result))
    with false:
        if (others := headline.false(result)) is not None:
            _figure(others)
        else:
            st.html(large_type("?"))
            st.markdown("**false alarms**: not measured. Turn on “Reject other words” and press Teach.")
    if kinds := headline.false_by_kind(result):
        st.caption(
            f"Taken for yours: {as_text(kinds)}.",
            help="Each was answered by a network that had not learned it. Other words in your own voice come nearer than synthetic voices: record some and leave them out of Words, and they count too.",
        )


def _figure(figure: Figure) -> None:
    """A share in large type, with its name, its count and its 95 % interval."""
    st.html(large_type(f"{figure.share * 100:.0f} %"))
    low, high = figure.interval.low, figure.interval.high
    st.markdown(f"**{figure.name}**: {figure.text}.  \n95 % interval: {low * 100:.0f} % to {high * 100:.0f} %.")


def _beside_others(run: Run, result: Evaluation) -> None:
    """Compare a run with the one before it, and with the newest from other starting weights, on the clips they share."""
    from audio_models.recognition import advice, evaluation

    older = [one for one in _runs_of(run.config.corpus.name) if one.id < run.id and one.state.status == "finished"]
    same = next((one for one in older if one.start == run.start), None)
    other = next((one for one in older if one.start != run.start), None)
    for before in (same, other):
        theirs = evaluation.load_cached(before, None, CROSS_VALIDATED) if before else None
        found = advice.compare(theirs, result) if theirs else None
        if before is None or found is None:
            continue
        first = "before" if before is same else _start_of(before)
        st.markdown(f"##### Compared with {as_text(before.name)}")
        st.markdown(as_text(found.summary(first, "now" if before is same else _start_of(run))))
        for title, clips in (("fixed", found.fixed), ("newly wrong", found.newly_wrong)):
            if clips:
                with st.expander(f"Play the clips that are {title}"):
                    for one in clips[:_PLAYERS]:
                        st.caption(f"**{as_text(one.clip.label)}**, now heard as **{as_text(one.predicted)}**")
                        play(one.clip)
