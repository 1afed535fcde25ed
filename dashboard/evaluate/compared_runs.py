"""Several runs side by side: settings, accuracies and learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from audio_models.config import CELL_TITLES
from audio_models.jobs import runs
from audio_models.jobs.progress import format_duration
from audio_models.jobs.runs import Run
from audio_models.recognition import evaluation
from audio_models.recognition.evaluation_result import EvaluationSplit
from dashboard.shared import address, preload
from dashboard.shared.cells import compared_curves
from dashboard.shared.charts import curves_in_words
from dashboard.shared.choose_corpus import corpus_title
from dashboard.shared.choose_model import describe_run
from dashboard.shared.formatting import as_text
from dashboard.shared.freshness import is_current
from dashboard.shared.show_chart import show_chart
from data.errors import EchoicError
from data.phrases import percent

_MOST = 6
_SHARE = st.column_config.NumberColumn(format="percent")


def show(models: Sequence[Run], split: EvaluationSplit) -> None:
    """Draw the runs that the user chooses, each on its own corpus."""
    by_id = runs.by_id(models)
    address.follow_many("compared", "compared", list(by_id))
    chosen = st.multiselect(
        "Runs",
        list(by_id),
        default=list(by_id)[:3],
        max_selections=_MOST,
        format_func=lambda one: describe_run(by_id[one]),
        key="compared",
    )
    rows, histories, cells = [], {}, []
    for run in (by_id[one] for one in chosen):
        try:
            rows.append(_row(run, split))
            if history := run.history:
                histories[f"{run.name} ({run.id[-4:]})"] = pd.DataFrame([asdict(epoch) for epoch in history])
                cells.append(run.config.network.cell)
        except EchoicError as error:
            st.warning(as_text(str(error)), icon=":material/warning:")
    if not rows:
        st.caption("Choose runs to compare.")
        return
    columns = {
        "validation": _SHARE, split: _SHARE, "parameters": st.column_config.NumberColumn(format="localized"),
        "interval": st.column_config.TextColumn(f"95 % interval, {split}"),
    }  # fmt: skip
    st.dataframe(rows, hide_index=True, column_config=columns, placeholder="")
    if len({row["corpus"] for row in rows}) > 1 or len({row["classes"] for row in rows}) > 1:
        st.caption("These runs have different corpora or words, so their accuracies cannot be compared.")
    if histories:
        show_chart(compared_curves(histories, cells), curves_in_words(histories), title="Learning curves")


def _row(run: Run, split: EvaluationSplit) -> dict[str, Any]:
    config, best = run.config, run.best_epoch
    result = evaluation.load_cached(run, None, split)
    if result and not is_current(run, None, result):
        result, interval = None, "out of date"
    else:
        interval = f"{percent(result.interval.low)} to {percent(result.interval.high)}" if result else "not evaluated"
    return {
        "name": run.name, "cell": CELL_TITLES[config.network.cell], "units": config.network.units,
        "layers": config.network.layers, "corpus": corpus_title(config.corpus), "classes": len(config.task.classes),
        "parameters": preload.recognizer(run).parameters, "learning rate": config.training.learning_rate,
        "epochs": len(run.history), "time": format_duration(run.state.seconds),
        "validation": best.validation_accuracy if best else None,
        split: result.accuracy if result else None, "interval": interval,
    }  # fmt: skip
