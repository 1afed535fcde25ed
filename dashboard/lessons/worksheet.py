"""The questions of a handout, each with its answer, computed from the networks that the handout shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from audio_models.networks.cells import FORWARD
from data.corpus import plain_label
from data.phrases import percent

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings librosa and onnxruntime, which take seconds


@dataclass(frozen=True)
class Question:
    """A question of a worksheet.

    Attributes:
        text: what is asked.
        answer: for the key.
        lines: of space to write in.
    """

    text: str
    answer: str
    lines: int = 3


def about_clip(found: Inspection, lengths: pd.DataFrame | None) -> tuple[Question, ...]:
    """Questions about one clip in one network.

    Args:
        lengths: memory lengths of the gradient; columns `trained`, `before training`. None without a memory.
    """
    return (*_about_answer(found), *(_about_memory_of(found, lengths) if found.trace.layers else (_without_memory(),)))


def _about_answer(found: Inspection) -> tuple[Question, ...]:
    half = max(1, len(found.prefix_probabilities) // 2)
    at = _end_of_frame(found, half - 1)
    early, late = (found.prefix_probabilities[place] for place in (half - 1, -1))
    changes = found.changes
    last = (
        f"At {changes[-1][0]:.2f} s it changes to “{plain_label(changes[-1][1])}” for the last time."
        if len(changes) > 1
        else f"It never changes: it is “{plain_label(found.answer)}” from the first frame on."
    )
    return (
        Question(
            f"Guess before you move the cursor: what would the network answer if the clip ended at {at:.2f} s, and what at the end? "
            "Then look.",
            f"At {at:.2f} s: “{plain_label(found.labels[int(early.argmax())])}”, {percent(early.max(), 0)}. At the end: “{plain_label(found.answer)}”, {percent(late.max(), 0)}.",
        ),
        Question("When does the answer change for the last time? Is that where you hear the word?", last),
    )


def _about_memory_of(found: Inspection, lengths: pd.DataFrame | None) -> tuple[Question, ...]:
    steps, weights = len(found.trace.hidden), found.cell_weights
    questions = [
        Question(
            "Which parts of the formula change from frame to frame, and which stay the same?",
            f"The frame and the state change{', and with them the gates' if found.cell in ('lstm', 'gru') else ''}. The weights W and U "
            "and the biases are the same at every frame.",
        ),
        *_about_gates(found),
        Question(
            f"The first cell has {weights:,} weights. Unrolled over this clip, how many layers deep is the network, and how many weights "
            "would those layers need if they did not share them?",
            f"{steps} layers, and {steps} × {weights:,} = {steps * weights:,} weights.",
        ),
    ]
    if lengths is not None and len(lengths):
        row = lengths.iloc[0]
        questions.append(
            Question(
                "How far before the end of the clip has the gradient fallen to a tenth? What did training change?",
                f"Trained: {row['trained']}. Before training: {row['before training']}.",
            )
        )
    return tuple(questions)


def _about_gates(found: Inspection) -> tuple[Question, ...]:
    layer = next(one for one in found.trace.layers if one.direction == FORWARD)
    if found.cell == "lstm":
        drops = 1 - layer.gate("forget").mean(axis=1)
        asked, said = (
            "does the LSTM delete most of its cell state",
            "The forget gate drops {} there, averaged over the units",
        )
    elif found.cell == "gru":
        drops = 1 - layer.gate("update").mean(axis=1)
        asked, said = (
            "does the GRU renew most of its state",
            "The update gate renews {} there, averaged over the units",
        )
    else:
        return ()
    step = int(drops.argmax())
    end = _end_of_frame(found, (step + 1) * found.network.frames_a_step - 1)
    return (
        Question(
            f"At which time {asked}? Which sound of the word ends or begins there?",
            f"At {end:.2f} s. {said.format(percent(drops[step], 0))}.",
        ),
    )


def _without_memory() -> Question:
    return Question(
        "Does the hidden layer of any frame depend on the frames before it? What becomes of the answer if the frames are shuffled?",
        "No: each frame is read alone. The answer is a mean over the frames, and a mean has no order, so it stays the same.",
    )


def _end_of_frame(found: Inspection, frame: int) -> float:
    """When a frame ends [s]."""
    return (frame * found.features.hop_length + found.features.first_end) / found.features.sample_rate


def about_memory(findings: str, chance: float, forget_bias: float, cells: Sequence[str]) -> tuple[Question, ...]:
    """Questions about a measurement of memory.

    Args:
        findings: how many steps each cell remembers.
        chance: accuracy of a guess.
        forget_bias: initial bias of the forget gate.
        cells: that were measured, by their titles.
    """
    opened = 1 / (1 + math.exp(-forget_bias))
    gate = Question(
        f"Before training, an LSTM's forget gate is open about σ({forget_bias:g}). How much is that? How much of what stood in the "
        "cell is left after 20 steps?",
        f"σ({forget_bias:g}) = {opened:.2f}, and {opened:.2f} to the power of 20 is {opened**20:.2g}.",
    )
    return (
        Question("Read from the chart: how many steps does each cell remember?", findings),
        Question(
            "Which accuracy has a network that remembers nothing?",
            f"That of a guess, {percent(chance, 0)}: the dotted line.",
            2,
        ),
        *((gate,) if "LSTM" in cells else ()),
        Question(
            "Which setting could make a SimpleRNN remember longer? Say why, then measure it.",
            "Initial recurrent weights that keep the length of the gradient (orthogonal, identity), though the slopes of tanh, at most "
            "one, still shrink it. Clipping does not help: it stops a gradient that explodes, not one that vanishes.",
            4,
        ),
    )


def about_comparison(findings: Sequence[str]) -> tuple[Question, ...]:
    """Questions about a comparison of cells with these findings."""
    return (
        Question("Which cell is best on these clips, or is it too close to call?", " ".join(findings)),
        Question(
            "Why is each cell trained several times?",
            "Every training depends on chance: the initial weights and the order of the clips. Several show how much.",
        ),
        Question(
            "What does a bar of 95 % say, and what does it not say?",
            "Of many bars made in this way from new samples, about 95 in 100 would cover the true accuracy. It is not the probability "
            "that the true accuracy lies in this bar.",
            4,
        ),
    )
