"""Evaluate: how good a run is, where it errs, and how runs compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from audio_models.config import CELL_TITLES
from audio_models.jobs import runs
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation, metrics
from audio_models.recognition.evaluation_result import (
    CROSS_VALIDATED,
    EVALUATION_SPLITS,
    ClipPrediction,
    Evaluation,
    EvaluationSplit,
)
from dashboard.evaluate import streaming
from dashboard.shared import charts, preload
from dashboard.shared.choose_corpus import choose_corpus, corpus_title
from dashboard.shared.choose_model import choose_model, describe_run, usable_runs
from dashboard.shared.export_button import export_button
from dashboard.shared.feedback import ProgressBar, show_errors
from dashboard.shared.formatting import as_text, large_type, percent
from dashboard.shared.glossary import TERMS
from dashboard.shared.players import play
from dashboard.shared.state import EVALUATION_CORPUS, USE_EVALUATION_CORPUS
from data import catalogue
from data.corpus import CorpusReference, reasons
from data.errors import EchoicError
from data.phrases import plural

_PLAYERS = 9
_MOST_COMPARED = 6


def _evaluation(run: Run, corpus: CorpusReference | None, split: EvaluationSplit) -> Evaluation:
    """The kept one, else made now."""
    kept = evaluation.load_cached(run, corpus, split)
    if kept is not None:
        return kept
    bar = ProgressBar()
    try:
        return evaluation.evaluate_and_store(run, corpus, split, bar.report)
    finally:
        bar.clear()


def _headline(result: Evaluation) -> None:
    low, high = result.interval.low, result.interval.high
    number, text = st.columns([1, 2], vertical_alignment="center")
    number.html(large_type(percent(result.accuracy)))
    speakers = f", {plural(len(result.per_speaker), 'speaker')}" if result.per_speaker else ""
    text.markdown(
        f"of the clips are heard right: **{result.split}**, {plural(result.clips, 'clip')}{speakers}.  \n"
        f"95 % interval: {percent(low)} to {percent(high)}, over {result.interval.over}.",
        help=TERMS["interval"],
    )
    if result.split in ("training", "all"):
        st.warning(
            "The network has learned from these clips, or some of them: on new ones it does worse.",
            icon=":material/school:",
        )
    elif result.split == CROSS_VALIDATED:
        st.caption(as_text(result.split_rule))
    elif result.split == "validation":
        st.caption("Validation clips chose the epoch that was kept, so this flatters a little; test clips do not.")
    if result.speaker_disjoint is False:
        st.caption("Speakers of these clips are in the training too: strangers may be understood less well.")
    if result.skipped:
        with st.expander(f"{plural(len(result.skipped), 'clip')} left out"):
            st.dataframe(
                [{"clips": count, "reason": reason} for reason, count in reasons(result.skipped)], hide_index=True
            )


def _confusion(result: Evaluation) -> None:
    matrix, clips = st.columns([3, 2], gap="large")
    with matrix:
        unit = st.segmented_control(
            "Cells show", ["counts", "shares"], default="counts", required=True, key="matrix_unit"
        )
        event = st.altair_chart(
            charts.confusion_matrix(np.array(result.confusion), result.labels, shares=unit == "shares"),
            on_select="rerun",
            key=f"matrix-{result.run}-{result.corpus}-{result.split}",
        )
        st.caption(
            "Each row is a word as it was said, each column a word as it was heard. The darker a cell, the larger that error's share of its row."
        )
    with clips:
        cell = event.selection.get("cell") or []
        if not cell:
            st.markdown("##### Click a cell to hear its clips")
            worst = sorted(
                (
                    (result.confusion[row][column], result.labels[row], result.labels[column])
                    for row in range(len(result.labels))
                    for column in range(len(result.labels))
                    if row != column and result.confusion[row][column]
                ),
                reverse=True,
            )[:3]
            for count, said, heard in worst:
                st.markdown(f"- {count} × **{as_text(said)}** heard as **{as_text(heard)}**")
            if not worst:
                st.markdown("No mistakes on these clips.")
            return
        said, heard = cell[0]["said"], cell[0]["heard"]
        found = result.cell(said, heard)
        st.markdown(f"##### {len(found)} × {as_text(said)}, heard as {as_text(heard)}")
        _play_all(found)


def _play_all(found: Sequence[ClipPrediction]) -> None:
    for one in found[:_PLAYERS]:
        who = f" · {as_text(one.clip.speaker)}" if one.clip.speaker else ""
        sure = (
            f"heard {as_text(one.predicted)}, {one.confidence:.0%} sure"
            if not one.correct
            else f"{one.confidence:.0%} sure"
        )
        st.caption(f"said {as_text(one.clip.label)}, {sure}{who} · {one.clip.split}")
        play(one.clip)
    if len(found) > _PLAYERS:
        st.caption(f"… and {len(found) - _PLAYERS} more.")


def _per_class(result: Evaluation) -> None:
    table = pd.DataFrame([asdict(row) for row in result.per_class])
    long = table.melt("label", ["precision", "recall", "f1"], "measure", "score")
    long["measure"] = long["measure"].replace({"f1": "F1"})
    left, right = st.columns(2, gap="large")
    left.altair_chart(charts.score_bars(long))
    share = st.column_config.NumberColumn(format="percent")
    right.dataframe(
        table.rename(columns={"support": "clips", "f1": "F1"}),
        hide_index=True,
        column_config={"precision": share, "recall": share, "F1": share},
    )
    st.caption(
        "**Precision**: of all clips heard as this word, the share that was it. **Recall**: of all clips of this word, the share that was heard. **F1** is low when either is."
    )


def _per_speaker(result: Evaluation) -> None:
    if not result.per_speaker:
        st.caption("The speakers of these clips are not known.")
        return
    table = pd.DataFrame([asdict(row) for row in result.per_speaker])
    left, right = st.columns(2, gap="large")
    left.altair_chart(charts.speaker_accuracies(table))
    right.dataframe(
        table, hide_index=True, height=300, column_config={"accuracy": st.column_config.NumberColumn(format="percent")}
    )


def _mistakes(result: Evaluation) -> None:
    found = result.mistakes()
    if not found:
        st.markdown("No mistakes on these clips.")
        return
    st.caption(f"{len(found)} mistakes, those it was most sure of first. Some are wrong labels: listen.")
    columns = st.columns(3)
    for number, one in enumerate(found[:_PLAYERS]):
        with columns[number % 3]:
            st.markdown(
                f"said **{as_text(one.clip.label)}**, heard **{as_text(one.predicted)}**, {one.confidence:.0%} sure"
            )
            play(one.clip)


def _confidence(result: Evaluation) -> None:
    confidences = np.array([one.confidence for one in result.predictions])
    correct = np.array([one.correct for one in result.predictions])
    bins = metrics.reliability(confidences, correct)
    picture, words = st.columns([3, 2], gap="large")
    picture.altair_chart(charts.reliability(pd.DataFrame([asdict(one) for one in bins]), result.threshold))
    sure = confidences >= result.threshold
    with words:
        st.markdown(
            "Each dot stands for the answers of about one confidence, its size for how many they are. On the line, "
            "confidence means what it says: of the answers that are 80 % sure, 80 in 100 are right.",
            help=TERMS["confidence"],
        )
        st.markdown(
            f"On average confidence and accuracy lie **{percent(metrics.calibration_error(bins))}** apart "
            f"({result.split}, {result.clips:,} clips)."
        )
        if result.threshold and sure.any():
            st.markdown(
                f'Below **{percent(result.threshold)}** the answer is "not sure". That leaves {percent(sure.mean())} '
                f"of the clips, of which **{percent(correct[sure].mean())}** are heard right."
            )
        if new := result.rejection:
            st.markdown(
                f"Words that were in no training clip (*{as_text(', '.join(new.words))}*): **{new.rejected} of "
                f"{new.clips}** clips were rejected, as unknown or as not sure."
            )


def _compare(models: Sequence[Run], split: EvaluationSplit) -> None:
    by_id = runs.by_id(models)
    chosen = st.multiselect(
        "Runs",
        list(by_id),
        default=list(by_id)[:3],
        max_selections=_MOST_COMPARED,
        format_func=lambda one: describe_run(by_id[one]),
        key="compared",
    )
    rows, histories = [], {}
    for one in chosen:
        run = by_id[one]
        try:
            config, best, history = run.config, run.best_epoch, run.history
            evaluated = evaluation.load_cached(run, None, split)
            rows.append(
                {
                    "name": run.name, "cell": CELL_TITLES[config.network.cell], "units": config.network.units,
                    "layers": config.network.layers, "corpus": corpus_title(config.corpus),
                    "classes": len(config.task.classes), "parameters": preload.recognizer(run).parameters,
                    "learning rate": config.training.learning_rate, "epochs": len(history),
                    "time": format_duration(run.state.seconds),
                    "validation": best.validation_accuracy if best else None,
                    split: evaluated.accuracy if evaluated else None,
                    "interval": f"{percent(evaluated.interval.low)} to {percent(evaluated.interval.high)}" if evaluated else "not judged yet",
                }
            )  # fmt: skip
            if history:
                histories[f"{run.name} ({run.id[-4:]})"] = pd.DataFrame([asdict(row) for row in history])
        except EchoicError as error:
            st.warning(as_text(str(error)), icon=":material/warning:")
    if not rows:
        st.caption("Choose runs to see them side by side.")
        return
    share = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "validation": share,
            split: share,
            "interval": st.column_config.TextColumn(f"95 % interval, {split}"),
        },
    )
    if len({row["corpus"] for row in rows}) > 1 or len({row["classes"] for row in rows}) > 1:
        st.caption("These runs learned other corpora or other words: their accuracies do not compare.")
    if histories:
        st.altair_chart(charts.compared_curves(histories))


def _page() -> None:
    st.title("How good it is, and where it errs")
    models = usable_runs()
    with show_errors():
        left, right, away = st.columns([5, 4, 2], vertical_alignment="bottom")
        with left:
            run = choose_model(models, "evaluate_run")
        with away, st.container(horizontal=True, horizontal_alignment="right"):
            export_button(run)
        own_splits = evaluation.splits_of(run)
        splits = EVALUATION_SPLITS if USE_EVALUATION_CORPUS.get() or CROSS_VALIDATED not in own_splits else own_splits
        first: EvaluationSplit = "test" if "test" in splits else splits[0]
        split: EvaluationSplit = (
            right.segmented_control(
                "Clips", splits, default=first, required=True, key=f"side-{len(splits)}", help=TERMS["split"]
            )
            or first
        )
        corpus: CorpusReference | None = None
        other = USE_EVALUATION_CORPUS.get()
        title = "another corpus" if other else as_text(corpus_title(run.config.corpus))
        with st.expander(f"Judged by: {title}", expanded=other):  # open while it says which
            if st.toggle("Judge by another corpus than its own", key=USE_EVALUATION_CORPUS.key):
                corpus = choose_corpus("evaluate", memory=EVALUATION_CORPUS)
                if corpus is None:
                    return
        asked = corpus or run.config.corpus
        there = evaluation.load_cached(run, corpus, split) is not None  # also of a corpus that was deleted since
        if not there:
            opened = catalogue.open_corpus(asked)
            # synthetic voices are made in seconds; a download waits for a click on the Data page
            there = opened.is_loaded() or opened.description.synthetic
        if run.card:
            with st.expander(
                "About this model: on what it was trained, and how well it hears",
                expanded=not there,
                icon=":material/info:",
            ):
                st.markdown(run.card)
        if not there:
            st.info(
                f"{as_text(corpus_title(asked))} is not on this computer, so nothing can be judged by it yet. Load it on "
                "the Data page, or judge by another corpus above: a folder of clips will do.",
                icon=":material/download:",
            )
            st.page_link("app_pages/corpora.py", label="To the Data page", icon=":material/library_music:")
            streaming.show_kept(run, split)
            return
        with st.container():  # of one place, however much is in it: what moves the tabs puts them back to the first
            result = _evaluation(run, corpus, split)
            _headline(result)
        matrix, classes, speakers, confidence, listening, mistakes, compared = st.tabs(
            [
                "Confusion matrix",
                "Per class",
                "Per speaker",
                "Confidence",
                "Listening",
                "Most confident mistakes",
                "Runs compared",
            ],
            key="evaluate_tabs",
        )
        with matrix:
            _confusion(result)
        with classes:
            _per_class(result)
        with speakers:
            _per_speaker(result)
        with confidence:
            _confidence(result)
        with listening, show_errors():
            streaming.show(run, corpus, split)
        with mistakes:
            _mistakes(result)
        with compared:
            _compare(models, split)


_page()
