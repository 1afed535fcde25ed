"""Show and download a run as a program in plain keras."""

from __future__ import annotations

import streamlit as st

from audio_models.jobs.runs import Run
from dashboard.shared.feedback import ProgressBar, show_errors
from dashboard.shared.formatting import as_text


def script_button(run: Run) -> None:
    """Draw a button that opens a run as a program; none for a network that Echoic did not train."""
    if not run.config.opened_from and st.button(
        "Script",
        icon=":material/code:",
        key=f"script-{run.id}",
        help="This run as a Python program and a notebook in plain keras and librosa.",
    ):
        _dialog(run)


@st.dialog("This run as a script", width="large", icon=":material/code:")  # type: ignore[untyped-decorator]
def _dialog(run: Run) -> None:
    from audio_models.export import script  # brings the preparation of clips

    with show_errors():
        bar = ProgressBar()
        made = script.script(run, bar.report)
        bar.clear()
        if made.left_out:
            st.warning(
                as_text(f"Not the whole run, which also {'; '.join(made.left_out)}. Expect another accuracy."),
                icon=":material/info:",
            )
        else:
            st.markdown(
                "The same features, network and training in plain keras and librosa. It reaches the same accuracy, up to "
                "the chance in training."
            )
        for remark in made.remarks:
            st.info(as_text(remark), icon=":material/download:")
        st.download_button(
            "Download program, notebook and list of clips", script.zipped(made), f"{script.NAME}.zip", "application/zip",
            icon=":material/download:", type="primary", on_click="ignore", key="script_download",
        )  # fmt: skip
        st.code(made.program, language="python", height=480)
