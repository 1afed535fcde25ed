"""What Compare shows of a comparison: a verdict, the accuracies, all pairs, and how the cells were trained."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from audio_models.jobs.job_folder import ACTIVE, State
from audio_models.lab import comparison_results, verdict
from audio_models.lab.bundled import is_bundled, origin
from audio_models.lab.comparison import Comparison
from audio_models.lab.comparison_results import CellResult
from audio_models.lab.verdict import Finding
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import handout
from dashboard.lessons.comparison_form import describe, describe_exceptions
from dashboard.shared import save
from dashboard.shared.cells import compared_curves
from dashboard.shared.charts import curves_in_words
from dashboard.shared.choose_corpus import corpus_title
from dashboard.shared.formatting import as_text
from dashboard.shared.glossary import TERMS
from dashboard.shared.save import Download
from dashboard.shared.show_chart import show_chart
from data.phrases import plural


def show_comparison(made: Comparison, state: State) -> None:
    """Draw what a comparison has found so far."""
    found = _results(str(made.folder), _done(made))
    if not found:
        st.caption("The first result appears after the first training." if state.status in ACTIVE else "No results.")
        _show_search(made)
        return
    place = save.begin()
    told = verdict.findings(found)
    is_over = state.status not in ACTIVE
    if told:
        st.markdown(f"#### {verdict.verdict(found, told)}" if is_over else "#### So far, before the last training")
    chart = _accuracies(found)
    show_chart(
        chart,
        "Accuracy of each cell with its interval; the verdict and the tables say the same.",
        key=f"accuracies-{made.id}",
        title="Accuracy of each cell",
    )
    what = _caption(made, found)
    if found[0].split != "test":
        st.warning(
            "This corpus has no test clips. The validation clips, which also chose the epochs, take their place, so every accuracy is optimistic.",
            icon=":material/warning:",
        )
    st.caption(as_text(what), help=TERMS["interval"])
    if told:
        _show_pairs(told, made.id)
    table = _table(found)
    st.markdown("**How they were trained**")
    st.caption(as_text(f"{describe(made.config)} {describe_exceptions(made.config)}"))
    st.table(table, border="horizontal")
    with st.expander("Learning curves"):
        in_order = [row for variant in made.config.variants for row in found if row.variant == variant]
        histories = {
            row.variant.title: pd.DataFrame(
                {"epoch": range(1, len(row.curves[0]) + 1), "validation_accuracy": row.curves[0]}
            )
            for row in in_order
        }
        show_chart(
            compared_curves(histories, [row.cell for row in in_order]),
            curves_in_words(histories),
            key=f"curves-{made.id}",
            title="Learning curves",
        )
        st.caption("First training of each cell.")
    _show_search(made)
    if is_over:
        findings = [verdict.verdict(found, told), *(one.summary() for one in told)]
        downloads = (
            Download(
                "Handout", f"cells-{made.id}.html", lambda: handout.compared(findings, chart, table.reset_index(), what),
                "A worksheet with questions and an answer key.",
            ),
            *save.table("Cells", f"cells-{made.id}", lambda: comparison_results.as_numbers(found), "A row for each cell."),
            *save.table("Pairs", f"pairs-{made.id}", lambda: verdict.as_numbers(told), "A row for each pair of cells."),
        )  # fmt: skip
        save.offer(place, downloads, made.id)


def _accuracies(found: list[CellResult]):  # type: ignore[no-untyped-def]
    return lesson_charts.compared_accuracies(
        pd.DataFrame(
            [
                {"name": r.variant.title, "accuracy": r.accuracy, "low": r.interval.low, "high": r.interval.high}
                for r in found
            ]
        ),
        pd.DataFrame([{"name": r.variant.title, "accuracy": each} for r in found for each in r.each]),
        [r.cell for r in found],
    )


def _caption(made: Comparison, found: list[CellResult]) -> str:
    """What the chart shows, of which clips, and where it is from."""
    config = made.config
    over = "the speakers and trainings" if found[0].interval.over == "speakers" else "the clips and trainings"
    speakers = len(set(found[0].speakers) - {None})
    trainings = len(found[0].each)
    part = "A part of " if is_bundled(made) else ""
    by = f" by {plural(speakers, 'speaker')}" if speakers else ""
    text = (
        f"Bar: 95 % interval over {over}. Large mark: mean. Small rings: single trainings. "
        f"{part}{corpus_title(config.corpus)} ({', '.join(config.task.classes)}), {config.recipe} recipe, {trainings} of {plural(config.seeds, 'training')} each, "
        f"{plural(found[0].correct.shape[1], f'{found[0].split} clip')}{by}."
    )
    return f"{text} This {origin(made)}." if is_bundled(made) else text


def _show_pairs(told: list[Finding], name: str) -> None:
    """Draw a row for each pair; the numbers of the test only when asked for."""
    shows_numbers = st.toggle(
        "Statistics", key=f"statistics-{name}",
        help="A paired test on the same clips, clustered by speaker, with the variance between trainings; p-values are corrected for the number of pairs (Holm 1979), intervals too (Bonferroni).",
    )  # fmt: skip
    rows = []
    for one in told:
        row = {"pair": f"{one.one.title} and {one.other.title}", "difference": one.points, "verdict": one.outcome}
        if shows_numbers:
            row |= {
                "95 % interval [points]": one.interval or "not known",
                "p": _unbroken(one.p_text.removeprefix("p ").removeprefix("= ")),
            }  # fmt: skip
        rows.append(row)
    st.table(pd.DataFrame(rows).set_index("pair"), border="horizontal")


def _unbroken(numbers: str) -> str:
    """A text that no narrow column breaks; "not known" for an empty one."""
    return numbers.replace(" ", "\u00a0") or "not known"


def _table(found: list[CellResult]) -> pd.DataFrame:
    """How each variant was trained, and what else was measured; no column that nothing is known of."""
    rows = []
    for row in found:
        shown = {
            "cell": row.variant.title,
            "parameters": f"{row.parameters:,}",
            "learning rate": f"{row.learning_rate:g}",
            "epochs": f"{row.epochs:g}",
        }
        if row.epoch_seconds is not None:
            shown |= {"epoch": f"{row.epoch_seconds:.1f} s", "answer": row.measures.latency_text}
        rows.append({**shown, "memory length": row.measures.memory_text})
    return pd.DataFrame(rows).set_index("cell")


def _show_search(made: Comparison) -> None:
    """Draw the short trainings of the search: a row for each learning rate."""
    trials = made.trials
    if len({trial.rate for trial in trials}) < 2:
        return
    variants = {variant.key: variant for variant in made.config.variants}
    best = {key: made.planned(variant, 0).training.learning_rate for key, variant in variants.items()}
    rows: dict[str, dict[str, str]] = {}
    for trial in sorted(trials, key=lambda one: one.rate):
        loss = "diverged" if trial.loss is None else f"{trial.loss:.3f}"
        row = rows.setdefault(variants[trial.variant].title, {})
        row[f"{trial.rate:g}"] = f"{loss} ✓" if trial.rate == best[trial.variant] else loss
    with st.expander("Learning rates tried"):
        st.table(pd.DataFrame(rows).T.fillna(""), border="horizontal")
        edges = {min(made.config.rates, default=0.0), max(made.config.rates, default=0.0)}
        at_edge = [
            variants[key].title for key in dict.fromkeys(trial.variant for trial in trials) if best[key] in edges
        ]
        text = f"Lowest validation loss in {plural(made.config.search_epochs, 'epoch')}; ✓: the rate that was used. Test clips are not read."
        if at_edge and made.state.status not in ACTIVE:
            text += f" At the edge of the rates tried, so another might be better still: {', '.join(at_edge)}."
        st.caption(text)


def _done(made: Comparison) -> int:
    """Count the finished trainings; results are recomputed only when there is one more."""
    return sum(made.measures(*job) is not None for job in made.config.jobs)


@st.cache_data(show_spinner=False, max_entries=20)  # type: ignore[untyped-decorator]
def _results(folder: str, done: int) -> list[CellResult]:  # noqa: ARG001
    return comparison_results.results(Comparison(Path(folder)))
