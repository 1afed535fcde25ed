"""Compare: train every cell on the user's clips several times, and test which one is better."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from audio_models.config import CELL_TITLES, CELLS
from audio_models.jobs.job_folder import ACTIVE, State
from audio_models.jobs.progress import format_duration
from audio_models.lab import comparison
from audio_models.lab.comparison import CellResult, Comparison, ComparisonConfig
from audio_models.training import estimate
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import handout, texts
from dashboard.lessons.texts import show_lesson
from dashboard.shared import address, charts, job_panel
from dashboard.shared.choose_corpus import corpus_title
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.glossary import TERMS
from dashboard.shared.task_form import choose_task, clips_per_word, rounded
from data.phrases import plural


def _form() -> None:
    """Draw the form; start a comparison when its button is pressed."""
    chosen = choose_task("compare")
    if chosen is None:
        return
    address.follow_many("cells", "compare_cells", CELLS)
    cells = st.pills(
        "Cells",
        CELLS,
        selection_mode="multi",
        default=CELLS,
        format_func=lambda cell: CELL_TITLES[cell],
        key="compare_cells",
        wrap=True,
    )
    one, two = st.columns(2)
    address.follow_number("trainings", "compare_seeds", 1, 10)
    seeds = one.slider(
        "Trainings per cell", 1, 10, 3, key="compare_seeds",
        help="Every training depends on chance: initial weights, order of the clips. Several per cell show how much.",
    )  # fmt: skip
    address.follow_number("epochs", "compare_epochs", 2, 60)
    epochs = two.slider("Epochs at most", 2, 60, 20, key="compare_epochs")
    if not chosen.is_enough or len(cells) < 2:
        st.button("Compare", type="primary", icon=":material/compare_arrows:", disabled=True)
        st.caption("Choose at least two words and two cells.")
        return
    config = ComparisonConfig(chosen.reference, chosen.task, tuple(cells), seeds=seeds, epochs=epochs)
    seconds = sum(
        estimate.training_seconds(config.run_config(cell, seed), clips_per_word(chosen.index, chosen.labels))
        for cell, seed in config.jobs
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Compare", type="primary", icon=":material/compare_arrows:")
        st.caption(f"About {format_duration(rounded(seconds))}, less if trainings stop early.")
    if pressed:
        job_panel.begin(comparison.create(config), "compare")


def _result(made: Comparison, state: State) -> None:
    found = _results(str(made.folder), _done(made))
    if not found:
        st.caption("The first result appears after the first training." if state.status in ACTIVE else "No results.")
        return
    config = made.config
    told = comparison.findings(found)
    for one in told:
        icon = ":material/check_circle:" if one.is_significant else ":material/balance:"
        st.markdown(f"{icon} {one.summary()}")
    chart = lesson_charts.compared_accuracies(
        pd.DataFrame(
            [
                {"cell": CELL_TITLES[r.cell], "accuracy": r.accuracy, "low": r.interval.low, "high": r.interval.high}
                for r in found
            ]
        ),
        pd.DataFrame([{"cell": CELL_TITLES[r.cell], "accuracy": each} for r in found for each in r.each]),
    )
    st.altair_chart(chart, key=f"accuracies-{made.id}")
    over = "the speakers and trainings" if found[0].interval.over == "speakers" else "the clips and trainings"
    speakers = len(set(found[0].speakers) - {None})
    what = (
        f"Bar: 95 % interval over {over}. Large dot: mean. Small dots: single trainings. "
        f"{corpus_title(config.corpus)}, {config.recipe} recipe, {len(found[0].each)} of {config.seeds} trainings each, "
        f"{found[0].correct.shape[1]} {found[0].split} clips"
        + (f" by {plural(speakers, 'speaker')}." if speakers else ".")
    )
    if found[0].split != "test":
        st.warning(
            "This corpus has no test clips. The validation clips, which also chose the epochs, take their place, so every accuracy is optimistic.",
            icon=":material/warning:",
        )
    st.caption(as_text(what), help=TERMS["interval"])
    table = _table(found)
    st.dataframe(table, hide_index=True, column_config={"cell": st.column_config.TextColumn(width="medium")})
    if state.status not in ACTIVE and st.button(
        "Save as a handout", icon=":material/description:", key=f"save-{made.id}"
    ):
        content = handout.compared([one.summary() for one in told], chart, table, what)
        st.download_button("Download", content, f"cells-{made.id}.html", "text/html", on_click="ignore")
    with st.expander("Learning curves"):
        histories = {
            CELL_TITLES[row.cell]: pd.DataFrame([vars(epoch) for epoch in made.run(row.cell, 0).history])
            for row in found
        }
        st.altair_chart(charts.compared_curves(histories), key=f"curves-{made.id}")
        st.caption("First training of each cell.")


def _done(made: Comparison) -> int:
    """Count the finished trainings; results are recomputed only when there is one more."""
    return sum(made.measures(*job) is not None for job in made.config.jobs)


@st.cache_data(show_spinner=False, max_entries=20)  # type: ignore[untyped-decorator]
def _results(folder: str, done: int) -> list[CellResult]:  # noqa: ARG001
    return comparison.results(Comparison(Path(folder)))


def _table(found: list[CellResult]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "cell": CELL_TITLES[row.cell],
                "parameters": f"{row.parameters:,}",
                "epoch": f"{row.epoch_seconds:.1f} s",
                "epochs": round(row.epochs, 1),
                "answer": row.measures.latency_text,
                "memory length": row.measures.memory_text,
            }
            for row in found
        ]
    )


def _page() -> None:
    st.title("Which cell should I use?")
    show_lesson(texts.COMPARE)
    form, picture = st.columns([2, 3], gap="large")
    with form, show_errors():
        _form()
    with picture, show_errors():
        known = comparison.listing()
        if not known:
            st.info("No results yet. Choose words and cells, and press Compare.", icon=":material/compare_arrows:")
            return
        job_panel.choose_and_watch(known, "compare", "Comparison", _name, _result)


def _name(made: Comparison) -> str:
    config = made.config
    return f"{corpus_title(config.corpus)}, {len(config.task.classes)} classes, {made.created_text}"


_page()
