"""The parameters of the addresses: one line each, with the pages that have it and what it means.

docs/addresses.md holds the same table for readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """A parameter of an address.

    Attributes:
        name: in the address.
        pages: those that have it, by their path.
        title: what it means; also in the sentence that says a link's value is not there.
        is_label: whether its values are labels of a widget; the address has them in lower case with hyphens.
        remembered: whether the page finds it again by itself after another page.
    """

    name: str
    pages: tuple[str, ...]
    title: str
    is_label: bool = False
    remembered: bool = False


TAB = "tab"
"""Key of the tabs of a page, which Streamlit keeps in the address."""
FRAME = "frame"
"""The frame at the cursor, which the browser writes: moving the cursor asks nothing of the server."""

PARAMETERS = (
    Parameter("scene", ("learn",), "scene of the course"),
    Parameter("term", ("learn",), "term of the glossary"),
    Parameter("run", ("predict", "listen", "live", "train", "inside", "evaluate"), "model", remembered=True),
    Parameter("clip", ("predict", "words", "inside"), "clip"),
    Parameter("source", ("listen",), "source of the recording", is_label=True),
    Parameter("from", ("listen",), "start of the closer look [s]", remembered=True),
    Parameter("length", ("listen",), "length of the closer look [s]", remembered=True),
    Parameter("threshold", ("listen", "evaluate"), "threshold", remembered=True),
    Parameter("smoothing", ("listen",), "smoothing [ms]", remembered=True),
    Parameter("pause", ("listen",), "pause between words [ms]", remembered=True),
    Parameter("context", ("listen",), "context [ms]", remembered=True),
    Parameter("view", ("words", "inside", "memory"), "view", is_label=True),
    Parameter("epoch", ("inside",), "epoch of the training"),
    Parameter("hold", ("inside",), "gates that are held"),
    Parameter("signal", ("inside",), "what its units do", is_label=True),
    Parameter("search", ("inside",), "what is searched for", is_label=True),
    Parameter("in", ("inside",), "clips that are searched", is_label=True),
    Parameter(FRAME, ("inside",), "frame at the cursor, from 0"),
    Parameter("unit", ("inside",), "unit of the cell, from 1"),
    Parameter("part", ("inside",), "part of the cell whose formula is shown"),
    Parameter("order", ("inside",), "order of the frames", is_label=True),
    Parameter("shuffle", ("inside",), "number of the shuffle"),
    Parameter("networks", ("inside",), "networks whose gradients are compared"),
    Parameter("gradient", ("inside",), "what the gradient is taken with respect to", is_label=True),
    Parameter("task", ("memory",), "task", is_label=True),
    Parameter("cells", ("memory", "compare"), "cells"),
    Parameter("cell", ("train", "inside", "memory"), "cell"),
    Parameter("recipe", ("train",), "recipe"),
    Parameter("length", ("memory",), "length"),
    Parameter("rate", ("memory",), "learning rate"),
    Parameter("activation", ("memory",), "activation"),
    Parameter("scale", ("memory",), "factor on the initial recurrent weights"),
    Parameter("answers", ("memory",), "when the answer is told", is_label=True),
    Parameter("initial", ("memory",), "initial recurrent weights"),
    Parameter("bias", ("memory",), "initial gate bias"),
    Parameter("clipping", ("memory",), "gradient clipping"),
    Parameter("units", ("memory",), "units"),
    Parameter("steps", ("memory",), "training steps"),
    Parameter("seed", ("memory",), "seed"),
    Parameter("question", ("compare",), "question", is_label=True),
    Parameter("readout", ("compare",), "readout"),
    Parameter("trainings", ("compare",), "trainings per cell"),
    Parameter("epochs", ("compare",), "epochs"),
    Parameter("budget", ("compare",), "what is the same: epochs or time"),
    Parameter("seconds", ("compare",), "seconds per training"),
    Parameter("rates", ("compare",), "learning rates to try"),
    Parameter("search", ("compare",), "epochs of a short training"),
    Parameter("result", ("words", "memory", "compare"), "result", remembered=True),
    Parameter("split", ("evaluate",), "split", is_label=True),
    Parameter("corpus", ("words", "data", "train", "evaluate", "compare"), "corpus", remembered=True),
    Parameter("section", ("words",), "section", is_label=True),
    Parameter("word", ("words", "data"), "word"),
    Parameter("draft", ("words",), "unfinished batch"),
    Parameter(TAB, ("data", "evaluate"), "tab"),
    Parameter("matrix", ("evaluate",), "unit of the confusion matrix", is_label=True),
    Parameter("mistake", ("evaluate",), "cell of the confusion matrix: word, answer"),
    Parameter("compared", ("evaluate",), "models compared"),
)

_OF_PAGE: Mapping[str, Mapping[str, Parameter]] = {
    page: {one.name: one for one in PARAMETERS if page in one.pages}
    for page in dict.fromkeys(page for one in PARAMETERS for page in one.pages)
}


def parameters_of(page: str) -> Mapping[str, Parameter]:
    """The parameters of a page, by name; a name may mean one thing on one page and another on the next."""
    return _OF_PAGE.get(page, {})
