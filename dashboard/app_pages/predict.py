"""Predict: a clip or the microphone in, a word out, and the evidence for it."""

from __future__ import annotations

import streamlit as st

from audio_models.config import FeatureConfig
from dashboard.shared import preload
from dashboard.shared.choose_model import choose_model, usable_runs
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text, large_type, percent
from dashboard.shared.glossary import TERMS
from dashboard.shared.players import play_samples
from dashboard.shared.state import INPUTS_SEEN, NEWEST_INPUT
from data.errors import EchoicError

_SHOWN_AT_ONCE = 8


def _answer(recognizer, name: str, content: bytes, key: str, *, find: bool = False) -> None:  # type: ignore[no-untyped-def]
    """One clip: the word in large type, the runners-up, and the evidence under it.

    With `find` the word is looked for: a recording begins before it and ends after it.
    """
    # librosa and altair take seconds to import; `warm` does it once the page is drawn
    from audio_models.features.mfcc import mfcc
    from audio_models.features.waveform import AudioSource, loudest
    from dashboard.shared import charts

    try:
        samples = recognizer.load(AudioSource(content, name))
        rate = recognizer.features.sample_rate
        first, last = loudest(samples, rate, recognizer.clip_seconds) if find else (0, len(samples))
        heard = samples[first:last]
        answer = recognizer.hear(heard)
    except EchoicError as error:
        st.error(as_text(str(error)), icon=":material/error:")
        return
    words, bars = st.columns([2, 3], vertical_alignment="center")
    with words:
        st.caption(as_text(name))
        st.html(large_type(answer.label if answer.sure else "not sure"))
        if answer.sure:
            st.markdown(f"**{percent(answer.confidence)}** sure", help=TERMS["confidence"])
        else:
            st.markdown(
                f"Perhaps **{as_text(answer.label)}**: {percent(answer.confidence)}, and below "
                f"{percent(recognizer.threshold)} it does not commit itself.",
                help=TERMS["confidence"],
            )
        play_samples(samples, rate)
    with bars:
        st.altair_chart(charts.probability_bars(answer.probabilities), key=f"bars-{key}")
    frames = recognizer.normalise(mfcc(heard, recognizer.features))
    hop = recognizer.features.hop_length / rate
    rows = "coefficient" if recognizer.features.kind == "mfcc" else "mel band"
    st.altair_chart(charts.evidence(heard, rate, frames, hop, rows, start=first / rate), key=f"evidence-{key}")
    where = (
        f"The word was looked for in the {len(samples) / rate:.1f} s of the recording: this is its loudest part. "
        if last - first < len(samples)
        else ""
    )
    st.caption(
        f"{where}Above the waveform, below what the network reads from left to right, {len(frames)} frames of {_frame_in_words(recognizer.features)}.",
        help=TERMS["MFCC" if recognizer.features.kind == "mfcc" else "mel band"],
    )


def _frame_in_words(features: FeatureConfig) -> str:
    is_mfcc = features.kind == "mfcc"
    kind = f"{features.n_mfcc} coefficients" if is_mfcc else f"{features.n_mels} mel bands, low sounds below"
    return kind + (", and above them their slopes" if features.deltas else "")


def _several(recognizer, files) -> None:  # type: ignore[no-untyped-def]
    """Many clips: a table of answers, then the one that was chosen."""
    from audio_models.features.waveform import AudioSource

    rows = []
    for file in files:
        try:
            answer = recognizer.hear(recognizer.load(AudioSource(file.getvalue(), file.name)))
            heard = answer.label if answer.sure else f"not sure (perhaps {answer.label})"
            rows.append({"clip": file.name, "heard": heard, "confidence": answer.confidence, "problem": ""})
        except EchoicError as error:
            rows.append({"clip": file.name, "heard": "", "confidence": None, "problem": str(error)})
    columns = {
        "confidence": st.column_config.ProgressColumn("confidence", format="percent", min_value=0, max_value=1),
        "problem": st.column_config.TextColumn("problem", width="large"),
    }
    order = ["clip", "heard", "confidence", *(["problem"] if any(row["problem"] for row in rows) else [])]
    st.caption("Choose a row to see why.")
    event = st.dataframe(
        rows, column_config=columns, column_order=order, on_select="rerun", selection_mode="single-row", hide_index=True,
        height=min(36 * (len(rows) + 1) + 4, 36 * (_SHOWN_AT_ONCE + 1)), key="answers",
    )  # fmt: skip
    chosen = event.selection.rows[0] if event.selection.rows else 0
    _answer(recognizer, files[chosen].name, files[chosen].getvalue(), f"file-{chosen}")


def _page() -> None:
    st.title("Speak, and see what is heard")
    models = usable_runs()
    with show_errors():
        model, words = st.columns([2, 3], vertical_alignment="center")
        with model:
            run = choose_model(models, "predict_run")
        with words:
            st.markdown("It knows: " + ", ".join(f"**{as_text(label)}**" for label in run.config.task.classes))
            if run.config.corpus.name == "synthetic_voices":
                st.caption("Trained on synthetic voices only: expect mistakes on a real one.")
            if run.card:
                with st.popover("About this model", icon=":material/info:"):
                    st.markdown(run.card)
        record, upload = st.columns(2)
        with record:
            recording = st.audio_input("Say one of its words", sample_rate=16_000, key="recording")
        with upload:
            files = st.file_uploader(
                "… or choose clips", type=["wav", "flac", "ogg", "mp3"], accept_multiple_files=True, key="clips"
            )
        recognizer = preload.recognizer(run)  # last: the page is drawn by then, and the first time takes seconds
        newest = _newest(recording, files)
        if newest == "recording":
            _answer(recognizer, "Your recording", recording.getvalue(), "recording", find=True)
        elif newest == "files" and len(files) == 1:
            _answer(recognizer, files[0].name, files[0].getvalue(), "file")
        elif newest == "files":
            _several(recognizer, files)


def _newest(recording, files) -> str | None:  # type: ignore[no-untyped-def]
    """Which input changed last: that one is answered."""
    seen = {"recording": recording.file_id if recording else None, "files": tuple(file.file_id for file in files)}
    before = INPUTS_SEEN.get()
    for kind in ("recording", "files"):
        if seen[kind] != before[kind] and seen[kind]:
            NEWEST_INPUT.set(kind)
    INPUTS_SEEN.set(seen)
    newest = NEWEST_INPUT.get()
    if newest is not None and not seen[newest]:
        newest = next((kind for kind in ("recording", "files") if seen[kind]), None)
    return newest


_page()
