"""Altair charts from arrays; no Streamlit and no state.

Time runs left to right in seconds. Categories use a palette safe for the colour-blind (Okabe and Ito 2008)
and also differ in shape or dash; magnitudes use one perceptual colour map.
"""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audio_models.report.colour import ACCENT, PALETTE, RAMP
from data.phrases import percent

_MOST_COLUMNS = 220  # more columns than pixels show nothing more

SPLIT_COLOURS = {"training": PALETTE[0], "validation": PALETTE[4], "test": PALETTE[1]}


def waveform_envelope(samples: NDArray[np.float32], sample_rate: int, columns: int = 400) -> pd.DataFrame:
    """Reduce a waveform to the lowest and highest sample of at most `columns` stretches: `seconds`, `low`, `high`."""
    stretches = min(columns, len(samples))
    edges = np.linspace(0, len(samples), stretches, endpoint=False).astype(int)
    return pd.DataFrame(
        {
            "seconds": edges / sample_rate,
            "low": np.minimum.reduceat(samples, edges),
            "high": np.maximum.reduceat(samples, edges),
        }
    )


def evidence(
    samples: NDArray[np.float32],
    sample_rate: int,
    frames: NDArray[np.float32],
    hop_seconds: float,
    rows: str,
    start: float = 0.0,
) -> alt.VConcatChart:
    """Draw a waveform above its frames, on one time axis.

    Args:
        samples: (samples,) in -1..1.
        frames: (frames, width), normalised.
        hop_seconds: time between frames [s].
        rows: what a row of the frames is: "coefficient" or "mel band".
        start: where in the recording it begins [s].
    """
    seconds = len(samples) / sample_rate
    time = alt.Scale(domain=[start, start + seconds], nice=False)
    envelope = waveform_envelope(samples, sample_rate)
    envelope["seconds"] += start
    wave = (
        alt.Chart(envelope)
        .mark_area(color=ACCENT, stroke=ACCENT, strokeWidth=1)  # the stroke keeps silence visible
        .encode(
            x=alt.X("seconds:Q", scale=time, axis=alt.Axis(labels=False, ticks=False, title=None, grid=False)),
            y=alt.Y("low:Q", title="amplitude", axis=alt.Axis(tickCount=3, grid=False)),
            y2="high:Q",
        )
        .properties(height=90, width="container")
    )
    step = -(-len(frames) // _MOST_COLUMNS)
    columns = [frames[first : first + step].mean(axis=0) for first in range(0, len(frames), step)]
    width = frames.shape[1]
    table = pd.DataFrame(
        {
            "start": start + np.repeat(np.arange(len(columns)) * step * hop_seconds, width),
            "coefficient": np.tile(np.arange(width), len(columns)),
            "value": np.concatenate(columns).round(3),
        }
    )
    table["end"] = (table["start"] + step * hop_seconds).clip(upper=start + seconds)
    table["above"] = table["coefficient"] + 1
    mfcc = (
        alt.Chart(table)
        .mark_rect()
        .encode(
            x=alt.X("start:Q", scale=time, title="seconds", axis=alt.Axis(grid=False, tickCount=10)),
            x2="end:Q",
            y=alt.Y(
                "coefficient:Q",
                title=rows,
                scale=alt.Scale(domain=[0, width], nice=False),
                axis=alt.Axis(grid=False, tickCount=4),
            ),
            y2="above:Q",
            color=alt.Color("value:Q", scale=alt.Scale(scheme=RAMP), legend=None),
            stroke=alt.Stroke("value:Q", scale=alt.Scale(scheme=RAMP), legend=None),  # hides the seams
            tooltip=[
                alt.Tooltip("start:Q", title="from [s]", format=".2f"),
                alt.Tooltip("coefficient:Q", title=rows),
                alt.Tooltip("value:Q", title="value", format=".2f"),
            ],
        )
        .properties(height=150, width="container")
    )
    return alt.vconcat(wave, mfcc, spacing=6).resolve_scale(x="shared")


def probability_bars(probabilities: Mapping[str, float], most: int = 5) -> alt.LayerChart:
    """Draw the most probable labels as bars with their percentages, the answer in the accent colour."""
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])[:most]
    table = pd.DataFrame(
        [{"label": label, "share": share, "answer": place == 0} for place, (label, share) in enumerate(ranked)]
    )
    base = alt.Chart(table).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=140)),
        x=alt.X("share:Q", title=None, scale=alt.Scale(domain=[0, 1.12]), axis=None),
    )
    bars = base.mark_bar(cornerRadiusEnd=3, height=16).encode(
        color=alt.condition("datum.answer", alt.value(ACCENT), alt.value("#9aa7ad")),
        tooltip=[alt.Tooltip("label:N"), alt.Tooltip("share:Q", format=".1%", title="probability")],
    )
    numbers = base.mark_text(align="left", dx=5).encode(text=alt.Text("share:Q", format=".0%"))
    return (bars + numbers).properties(height=26 * len(table) + 28)


def curves_in_words(histories: Mapping[str, pd.DataFrame]) -> str:
    """Say where each curve of validation accuracy is highest."""
    best = (f"{name}: {percent(one['validation_accuracy'].max())} at best" for name, one in histories.items())
    return f"Validation accuracy over the epochs. {'; '.join(best)}."


def label_counts(table: pd.DataFrame) -> alt.Chart:
    """Draw the number of clips per label and split. Columns `label`, `split`, `clips`."""
    return (
        alt.Chart(table)
        .mark_bar(height={"band": 0.75})
        .encode(
            y=alt.Y("label:N", sort="-x", title=None, axis=alt.Axis(ticks=False, domain=False)),
            x=alt.X("clips:Q", title="clips", axis=alt.Axis(tickMinStep=1, tickCount=6)),
            color=alt.Color("split:N", title=None, scale=split_scale(), legend=alt.Legend(orient="top")),
            order=alt.Order("order:Q"),
            tooltip=["label:N", "split:N", "clips:Q"],
        )
        .transform_calculate(order="indexof(['training', 'validation', 'test'], datum.split)")
        .properties(height=alt.Step(22))
    )


def epoch_axis(last: int) -> alt.X:
    """A horizontal axis of epochs up to `last`."""
    return alt.X(
        "epoch:Q",
        title="epoch",
        axis=alt.Axis(tickMinStep=1, format="d", grid=False),
        scale=alt.Scale(domain=[1, max(2, last)], nice=False),
    )


def split_scale(*splits: str) -> alt.Scale:
    """The colours of some splits; of all by default."""
    splits = splits or tuple(SPLIT_COLOURS)
    return alt.Scale(domain=list(splits), range=[SPLIT_COLOURS[split] for split in splits])
