"""The evaluation that the page shows, and its headline: accuracy, interval, and what they do not say."""

from __future__ import annotations

import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation_result import CROSS_VALIDATED, Evaluation, EvaluationSplit
from dashboard.evaluate import rejection
from dashboard.shared import save
from dashboard.shared.feedback import ProgressBar
from dashboard.shared.formatting import as_text, large_type
from dashboard.shared.freshness import is_current
from dashboard.shared.glossary import TERMS
from dashboard.shared.save import Download
from data.corpus import CorpusReference, reasons
from data.phrases import percent, plural


def load_or_evaluate(run: Run, corpus: CorpusReference | None, split: EvaluationSplit) -> Evaluation:
    """The stored evaluation, or a new one, with progress, where there is none or the corpus has changed.

    Raises:
        EchoicError: see `evaluation.evaluate`.
    """
    found = evaluation.load_cached(run, corpus, split)
    if found is not None and (split == CROSS_VALIDATED or is_current(run, corpus, found)):
        return found
    bar = ProgressBar()
    try:
        return evaluation.evaluate_and_store(run, corpus, split, bar.report)
    finally:
        bar.clear()


def headline(run: Run, corpus: CorpusReference | None, result: Evaluation) -> None:
    """Draw the accuracy in large type, and below it what limits it."""
    number, text = st.columns([1, 2], vertical_alignment="center")
    number.html(large_type(percent(result.accuracy)))
    speakers = f", {plural(len(result.per_speaker), 'speaker')}" if result.per_speaker else ""
    what = "**cross-validated** accuracy" if result.split == CROSS_VALIDATED else f"accuracy on **{result.split}**"
    text.markdown(
        f"{what}, {plural(result.clips, 'clip')}{speakers}.  \n"
        f"95 % interval: {percent(result.interval.low)} to {percent(result.interval.high)}, over {result.interval.over}.",
        help=TERMS["interval"],
    )
    if both := rejection.in_one_line(result):
        st.markdown(both)
    _warn_of_optimism(result, is_own=corpus is None or corpus == run.config.corpus)
    if result.split == CROSS_VALIDATED and not is_current(run, corpus, result):
        st.warning(
            "The corpus has changed since this evaluation. Train again to evaluate the clips that it has now.",
            icon=":material/update:",
        )
    if result.unchecked:
        st.warning(as_text(result.unchecked), icon=":material/help:")
    if result.skipped:
        with st.expander(f"{plural(len(result.skipped), 'clip')} left out"):
            st.dataframe(
                [{"clips": count, "reason": reason} for reason, count in reasons(result.skipped)], hide_index=True
            )


def downloads(run: Run, corpus: CorpusReference | None, result: Evaluation) -> tuple[Download, ...]:
    """What can be saved of an evaluation: the report, a row for each clip, the matrix."""
    from audio_models.report import rows

    def report() -> str:
        from audio_models.report import evaluation_page

        return evaluation_page.page(run, result, corpus)

    name = f"{result.split}-{run.id}"
    matrix = Download(
        "Confusion matrix, CSV",
        f"matrix-{name}.csv",
        lambda: rows.as_csv(rows.of_matrix(result)),
        "Rows: spoken words.",
    )
    return (
        Download("Report", f"report-{name}.html", report, "One page to read, print and hand in, with all figures, charts and settings."),
        *save.table("Answers", f"answers-{name}", lambda: rows.of_clips(result), "A row for each clip."),
        matrix,
    )  # fmt: skip


def _warn_of_optimism(result: Evaluation, *, is_own: bool) -> None:
    if result.split == CROSS_VALIDATED:
        st.caption(as_text(result.split_rule))
    elif is_own and result.split in ("training", "all"):
        st.warning(
            "The network learned from some or all of these clips. On new clips it does worse.", icon=":material/school:"
        )
    elif is_own and result.split == "validation":
        st.caption("Validation clips chose the epoch, so this accuracy is slightly too high. Test clips did not.")
    if result.speaker_disjoint is False:
        st.caption("Speakers appear in several splits. Accuracy on new speakers can be lower.")
