"""Charts of a training."""

from __future__ import annotations

import altair as alt
import pandas as pd

from audio_models.report.colour import DASHES
from dashboard.shared.charts import epoch_axis, split_scale

_LEGEND = alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolSize=300)


def learning_curves(history: pd.DataFrame, epochs: int) -> tuple[alt.LayerChart, alt.LayerChart]:
    """Draw loss and accuracy of both splits over the epochs.

    Args:
        history: columns `epoch`, `loss`, `accuracy`, `validation_loss`, `validation_accuracy`.
        epochs: end of the axis.
    """
    best = history.loc[history["validation_loss"].idxmin(), "epoch"] if len(history) else None
    charts = []
    for measure, title, form in (("accuracy", "accuracy", "%"), ("loss", "loss (cross-entropy)", "~g")):
        table = history[["epoch", measure, f"validation_{measure}"]].rename(
            columns={measure: "training", f"validation_{measure}": "validation"}
        )
        table = table.melt("epoch", var_name="split", value_name="value")
        lines = (
            alt.Chart(table)
            .mark_line(point=alt.OverlayMarkDef(size=22), strokeWidth=2)
            .encode(
                x=epoch_axis(epochs),
                y=alt.Y(
                    "value:Q",
                    title=title,
                    axis=alt.Axis(
                        format=form, values=[0, 0.2, 0.4, 0.6, 0.8, 1] if measure == "accuracy" else alt.Undefined
                    ),
                    scale=alt.Scale(domain=[0, 1]) if measure == "accuracy" else alt.Scale(zero=True),
                ),
                color=alt.Color("split:N", title=None, scale=split_scale("training", "validation"), legend=_LEGEND),
                strokeDash=alt.StrokeDash(
                    "split:N", title=None, scale=alt.Scale(domain=["training", "validation"], range=DASHES[:2])
                ),
                tooltip=["epoch:Q", "split:N", alt.Tooltip("value:Q", format=".3f", title=measure)],
            )
        )
        layers = [lines]
        if best is not None:
            mark = alt.Chart(pd.DataFrame({"epoch": [best]})).mark_rule(color="#7c878c", strokeDash=[3, 3])
            layers.append(mark.encode(x="epoch:Q", tooltip=alt.value(f"best: epoch {best}")))
        charts.append(alt.layer(*layers).properties(height=300, width="container"))
    return charts[0], charts[1]
