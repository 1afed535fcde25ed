"""The dashboard's pages, which served.py puts behind its door: `python -m dashboard`, or `make run`."""

from __future__ import annotations

import streamlit as st

from dashboard import door, visitor
from dashboard.shared import address, preload, remembered
from data import command, log, workspace

# Streamlit leaves a quarter of a small screen empty above the title, and a wide table of a model card runs off a phone.
# Where the menu is open at the side, the bar above the page is empty, and the page may begin beside it.
_STYLE = """<style>
.stMainBlockContainer { padding-top: 4.5rem; padding-bottom: 3rem; max-width: 1400px; }
@media (min-width: 768px) {
  .stMainBlockContainer { padding-left: 3rem; padding-right: 3rem; }
  .stApp:has(.stSidebar[data-collapsed="false"]) .stMainBlockContainer { padding-top: 2.5rem; }
}
.stSidebar a:focus-visible, .stPageLink a:focus-visible { outline: 3px solid currentColor; outline-offset: -1px; }
/* Streamlit shows hardly, or not at all, that these have the focus; a chart's buttons could be reached unseen */
.stApp :is(.stAudioInput, .stElementToolbar) button:focus-visible, .stApp .stCheckbox label:has(input:focus-visible) { outline: 3px solid currentColor; outline-offset: 1px; }
.stApp .stDataFrame:has(canvas:focus-visible) { outline: 2px solid currentColor; }
.stApp .stElementToolbar:focus-within { opacity: 1; }
/* White on the dark page's blue has a contrast of 2.6:1 */
.stApp button[data-testid^="stBaseButton-primary"], .stApp button[data-testid^="stBaseButton-primary"] *,
.stApp .stMultiSelect [data-tag], .stApp .stMultiSelect [data-tag] * { color: light-dark(#ffffff, #0b1216); }
.stApp button[data-testid^="stBaseButton-primary"]:disabled, .stApp button[data-testid^="stBaseButton-primary"]:disabled * { color: light-dark(#5f696e, #a3adb1); }
@media (max-width: 500px) { .st-key-own_section span:has(> [data-testid="stIconMaterial"]) { display: none; } }
/* Captions have a contrast of 4.3:1 on the light page, the keys on buttons of 3.1:1 */
.stApp [data-testid="stCaptionContainer"] { opacity: 0.7; }
.stApp button kbd { opacity: 0.95; }
.stMarkdown table { display: block; overflow-x: auto; }
</style>"""

st.set_page_config(
    page_title="Echoic",
    page_icon=str(workspace.PROJECT / "dashboard" / "icon.svg"),
    layout="wide",
    initial_sidebar_state=200,
)
st.logo(workspace.PROJECT / "dashboard" / "logo.svg", size="large")

if "Host" in st.context.headers and door.USER not in st.context.headers:
    st.error(f"Started like this, Echoic would obey any page in this browser. Start it with: {command.dashboard(8501)}")
    st.stop()

st.html(_STYLE)
visitor.admit()
address.keep_history_short()
st.html(
    f"<script>{(workspace.PROJECT / 'dashboard' / 'shared' / 'popovers.js').read_text(encoding='utf-8')}</script>",
    unsafe_allow_javascript=True,
)

page = st.navigation(
    {
        "Use": [
            st.Page("app_pages/predict.py", title="Predict", icon=":material/mic:", default=True),
            st.Page("app_pages/listen.py", title="Listen", icon=":material/hearing:", url_path="listen"),
            st.Page("app_pages/live.py", title="Live", icon=":material/graphic_eq:", url_path="live"),
        ],
        "Build": [
            st.Page("app_pages/words.py", title="Your words", icon=":material/record_voice_over:", url_path="words"),
            st.Page("app_pages/corpora.py", title="Data", icon=":material/library_music:", url_path="data"),
            st.Page("app_pages/train.py", title="Train", icon=":material/model_training:", url_path="train"),
            st.Page("app_pages/evaluate.py", title="Evaluate", icon=":material/grid_on:", url_path="evaluate"),
            st.Page("app_pages/compare.py", title="Compare", icon=":material/compare_arrows:", url_path="compare"),
        ],
        "Understand": [
            st.Page("app_pages/learn.py", title="Learn", icon=":material/school:", url_path="learn"),
            st.Page("app_pages/inside.py", title="Inside", icon=":material/visibility:", url_path="inside"),
            st.Page("app_pages/memory.py", title="Memory", icon=":material/science:", url_path="memory"),
        ],
    },
)
try:
    address.begin(page.url_path or "predict")
    page.run()
    address.write()
except Exception as error:  # a fault of Echoic: Streamlit shows a sentence
    log.write_fault("page failed", error, page=page.url_path or "predict")
    raise
finally:  # also when the page stops or reruns
    remembered.write()
    preload.start()  # last, so the first page does not wait for imports it does not need
