"""Look for what keeps Echoic from working on this computer, on a page."""

from __future__ import annotations

import streamlit as st

from audio_models import doctor
from dashboard.shared.formatting import as_text


@st.fragment  # type: ignore[untyped-decorator]
def check_computer() -> None:
    """A button, and behind it what was found and how to mend it."""
    with st.expander("Does all of Echoic work on this computer?", icon=":material/stethoscope:"):
        if not st.button("Check it", key="doctor"):
            return
        for one in doctor.examine():
            icon = ":material/check_circle:" if one.is_good else ":material/warning:"
            remedy = f"  \n{as_text(one.remedy)}" if one.remedy else ""
            st.markdown(f"{icon} **{one.about}** {as_text(one.found)}{remedy}")
