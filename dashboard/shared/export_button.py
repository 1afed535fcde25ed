"""Export a model from a page."""

from __future__ import annotations

import streamlit as st

from audio_models.jobs.runs import Run


def export_button(run: Run) -> None:
    """Draw a button that downloads a run's model as a folder that runs without Echoic."""

    def zipped() -> bytes:  # on demand: importing onnx takes a moment
        from audio_models.export import model_folder

        return model_folder.zipped(run)

    st.download_button(
        "Export", zipped, "echoic-model.zip", "application/zip", icon=":material/download:", key=f"export-{run.id}",
        on_click="ignore", disabled=run.config.features.needs_whole_clip,
        help="A folder that runs without Echoic: the network as ONNX, a small program, and a model card.",
    )  # fmt: skip
