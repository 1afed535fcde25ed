"""Open a network that was trained elsewhere: a keras file, and what the file does not say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from audio_models.config import FeatureConfig
from audio_models.errors import ConfigError
from dashboard.shared import settings_form
from dashboard.shared.choose_corpus import choose_corpus
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.state import OPENED_RUN, Value
from data.corpus import CorpusReference

if TYPE_CHECKING:
    from audio_models.keras_files.translation import ReadNetwork

_LIBROSA = FeatureConfig(22_050, n_mels=128, fmin=0, fmax=11_025, deltas=False, centred=True, top_db=80)
_STARTS = {"Echoic's defaults": (FeatureConfig(), 512, 320), "librosa's defaults": (_LIBROSA, 2048, 512)}
_ASKED = ("sample_rate", "kind", "n_mfcc", "n_mels", "fmin", "fmax", "deltas", "centred", "top_db")
_CORPUS = Value[CorpusReference | None]("open_keras_corpus", None)
"""The corpus chosen for the network that is being opened."""


def title_with_open_button(title: str) -> None:
    """Draw a page's title, and beside it a button that opens a keras file as a model."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(title, width="content")
        if st.button(
            "Open a keras file",
            icon=":material/upload_file:",
            type="tertiary",
            key="open_keras",
            help="A network that you trained elsewhere: .keras or .h5. Nothing in the file is run.",
        ):
            _dialog()


@st.dialog("Open a network trained elsewhere", width="large", icon=":material/upload_file:")  # type: ignore[untyped-decorator]
def _dialog() -> None:
    ask()


def ask() -> None:
    """Draw the form: a file, and below it what the file does not say; its button makes a run and draws the page anew."""
    uploaded = st.file_uploader(
        "A .keras or .h5 file", type=["keras", "h5", "hdf5"], key="open_keras_file",
        help="A whole model, as model.save writes it. Its weights and its configuration are read; nothing in it is run.",
    )  # fmt: skip
    if uploaded is None:
        st.caption(
            "SimpleRNN, LSTM or GRU, also Bidirectional, and Dense layers after them. What cannot be read is named."
        )
        return
    with show_errors():
        from audio_models.keras_files import opening  # brings onnx later

        network = opening.read_network(uploaded.getvalue(), uploaded.name)
        st.markdown(
            f":material/check: {as_text(network.config.summary)}. It reads frames of **{network.width}** numbers and answers with "
            f"**{network.classes}**."
        )
        values = _form(network, uploaded.name)
        if st.button("Open", type="primary", icon=":material/login:", key="open_keras_now", disabled=values is None):
            OPENED_RUN.set(opening.open_network(network, uploaded.name, opening.Origin(**values or {})).id)
            st.rerun()


def _form(network: ReadNetwork, called: str) -> dict[str, Any] | None:
    """Ask for what the file does not say, the fields of an `Origin`; None until it is complete."""
    key = f"{called}-{network.width}"
    left, right = st.columns([3, 1])
    labels = left.text_input(
        f"Its {network.classes} labels, in the order of its outputs", placeholder="zero, one, two", key=f"labels-{key}",
        help="`_unknown_` and `_silence_` may be among them.",
    )  # fmt: skip
    name = right.text_input("Name", value=Path(called).stem[:60], key=f"name-{key}")
    title, choice = st.columns([3, 2], vertical_alignment="center")
    title.markdown("**The features it was trained on**")
    start = choice.segmented_control(
        "Start from", list(_STARTS), default=next(iter(_STARTS)), required=True, key=f"start-{key}", wrap=True,
        label_visibility="collapsed", help="Whose defaults to start from.",
    )  # fmt: skip
    usual, usual_length, usual_step = _STARTS[start]
    features = settings_form.edit(_likely(usual, network.width), f"open-{start}-{key}", only=_ASKED)
    frame, hop = st.columns(2)
    length = frame.number_input(
        "Frame (n_fft) [samples]", 16, 9600, usual_length, key=f"frame-{start}-{key}",
        help="The stretch of sound that a frame describes.",
    )  # fmt: skip
    step = hop.number_input(
        "Hop (hop_length) [samples]", 8, 9600, usual_step, key=f"hop-{start}-{key}", help="From one frame to the next."
    )
    per_sample = 1000 / features.sample_rate
    features = replace(features, frame_ms=length * per_sample, hop_ms=step * per_sample)
    if features.width == network.width:
        st.caption(f":material/check: frames of {features.width} numbers.")
    else:
        st.caption(
            f":material/error: These features have {features.width} numbers in a frame; the network reads {network.width}."
        )
    first, second = st.columns(2)
    mean = first.text_input(
        "Mean", placeholder="nothing is subtracted", key=f"mean-{key}",
        help="Subtracted from each number of a frame: one for all, or one for each. A normalising layer is in the file.",
    )  # fmt: skip
    std = second.text_input(
        "Standard deviation", placeholder="nothing is divided", key=f"std-{key}", help="What is then divided by."
    )
    st.markdown("**Clips to evaluate it on**")
    corpus = choose_corpus("open_keras", memory=_CORPUS)
    if corpus is None or not labels.strip():
        return None
    return {
        "labels": tuple(labels.split(",")), "features": features, "mean": _numbers(mean, "Mean"),
        "std": _numbers(std, "Standard deviation"), "corpus": corpus,
        "name": name.strip(),
    }  # fmt: skip


def _likely(usual: FeatureConfig, width: int) -> FeatureConfig:
    """Features with so many numbers in a frame, to start from."""
    if width == usual.width or not 1 <= width <= 256:
        return usual
    return replace(usual, deltas=False, n_mfcc=width, n_mels=max(usual.n_mels, width))


def _numbers(text: str, called: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.strip(" []()").replace(",", " ").split())
    except ValueError as error:
        raise ConfigError(f"{called}: '{text[:40]}' is not a list of numbers, such as -3.5, 0.2.") from error
