"""Predict: recognise a clip or a recording, and show the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from audio_models.config import FeatureConfig
from audio_models.jobs.runs import Run
from dashboard.shared import address, clip_name, preload, save
from dashboard.shared.about_card import draw_model_card
from dashboard.shared.choose_model import choose_model, usable_runs
from dashboard.shared.clip_answer import ClipAnswer, answer_clip
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import ROWS_BY_KEYBOARD, as_text, large_type, table_height
from dashboard.shared.glossary import TERMS
from dashboard.shared.players import play_samples
from dashboard.shared.save import Download
from dashboard.shared.show_chart import show_chart
from dashboard.shared.state import EXAMPLE, EXAMPLES_HEARD, INPUTS_SEEN, NEWEST_INPUT
from dashboard.shared.welcome import not_news, welcome
from data.audio_file import encode_wav
from data.audio_formats import NAMES
from data.corpus import UNKNOWN, plain_label
from data.errors import CorpusError
from data.names import clean_label
from data.phrases import isolated, percent

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from audio_models.recognition.answer import Answer
    from audio_models.recognition.recognizer import Recognizer

_SHOWN_AT_ONCE = 8
_EXAMPLES = {"known": "a word it knows", "unknown": "a word it does not know", "noise": "noise"}
_FOREIGN_WORDS = ("music", "seven", "tree", "elephant", "window", "yes", "house", "no", "happy", "computer")


def _show(recognizer: Recognizer, name: str, found: ClipAnswer | str, key: str) -> None:
    """Draw one clip: the word in large type, the runners-up, and the evidence under it."""
    from dashboard.shared import charts  # altair takes a second to import; `preload` does it once the page is drawn

    if isinstance(found, str):
        st.error(as_text(found), icon=":material/error:")
        return
    answer, rate = found.answer, recognizer.features.sample_rate
    words, bars = st.columns([2, 3], vertical_alignment="center")
    with words:
        st.caption(as_text(name))
        st.html(large_type(answer.text))
        st.markdown(_reason(answer), help=TERMS["confidence" if answer.kind == "word" else "rejected"])
        play_samples(found.samples, rate)
    with bars:
        ranked = sorted(answer.probabilities.items(), key=lambda one: -one[1])[:5]
        shares = {plain_label(label, answer.probabilities): share for label, share in ranked}
        said = isolated(", ".join(f"{label} {percent(share, 0)}" for label, share in shares.items()))
        show_chart(charts.probability_bars(shares), f"Most probable: {said}.", key=f"bars-{key}", title="Answer")
    hop = recognizer.features.hop_length / rate
    rows = "coefficient" if recognizer.features.kind == "mfcc" else "mel band"
    show_chart(
        charts.evidence(found.stretch, rate, found.frames, hop, rows, start=found.first / rate),
        f"The waveform, and below it the {len(found.frames)} frames that the network reads.",
        key=f"evidence-{key}",
        title="Waveform and frames",
    )
    loudest = ""
    if len(found.stretch) < len(found.samples):
        length = f"{len(found.stretch) / rate:.1f} s"
        loudest = f"This is the loudest {'second' if length == '1.0 s' else length} of your {len(found.samples) / rate:.1f} s recording. "
    for note in found.notes:
        st.caption(f":material/info: {as_text(note)}")
    st.caption(
        f"{loudest}Top: the waveform. Bottom: what the network reads, {len(found.frames)} frames of {_describe_frame(recognizer.features)}.",
        help=TERMS["MFCC" if recognizer.features.kind == "mfcc" else "mel band"],
    )


def _reason(answer: Answer) -> str:
    """How sure the answer is, and for one that is no word, which came closest."""
    word, share = answer.closest
    if answer.kind == "word" or answer.kind == "silence":
        return f"**{percent(answer.confidence)}** confident"
    if answer.label == UNKNOWN:
        return f"**{percent(answer.confidence)}** sure of another word.  \nClosest: {as_text(word)}, {percent(share)}."
    return f"Closest: **{as_text(word)}**, {percent(share)}; it needs {percent(answer.threshold)}."


def _describe_frame(features: FeatureConfig) -> str:
    kind = (
        f"{features.n_mfcc} coefficients"
        if features.kind == "mfcc"
        else f"{features.n_mels} mel bands, low pitch at the bottom"
    )
    return kind + (", their slopes above" if features.deltas else "")


def _several(run: Run, recognizer: Recognizer, files: Sequence[UploadedFile]) -> None:
    """Draw a table of answers, which can be saved, then the clip of the chosen row."""
    answers = [answer_clip(run, file.name, file.getvalue()) for file in files]
    rows = [_row(file.name, found) for file, found in zip(files, answers, strict=True)]
    columns = {
        "confidence": st.column_config.ProgressColumn("confidence", format="percent", min_value=0, max_value=1),
        "problem": st.column_config.TextColumn("problem", width="large"),
    }
    order = ["clip", "answer", "confidence", *(["problem"] if any(row["problem"] for row in rows) else [])]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption("Select a row to see the evidence.", width="content", help=ROWS_BY_KEYBOARD)
        place = save.begin()
    event = st.dataframe(
        rows, column_config=columns, column_order=order, on_select="rerun", selection_mode="single-row", hide_index=True,
        height=table_height(len(rows), _SHOWN_AT_ONCE), key="answers", placeholder="",
    )  # fmt: skip
    chosen = event.selection.rows[0] if event.selection.rows else 0
    _show(recognizer, files[chosen].name, answers[chosen], f"file-{chosen}")
    save.offer(place, _downloads(files, answers, run.id), run.id)


def _downloads(files: Sequence[UploadedFile], answers: Sequence[ClipAnswer | str], about: str) -> tuple[Download, ...]:
    """The table of answers: the rows that the shell prints."""

    def made() -> list[dict[str, Any]]:
        from audio_models.report import rows

        return [
            rows.of_answer(file.name, found if isinstance(found, str) else found.answer) | {"note": _notes(found)}
            for file, found in zip(files, answers, strict=True)
        ]

    return save.table("Answers", f"answers-{about}", made, "A row for each clip, with every probability.")


def _notes(found: ClipAnswer | str) -> str:
    return "" if isinstance(found, str) else " ".join(found.notes)


def _row(name: str, found: ClipAnswer | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"clip": name, "answer": "", "confidence": None, "problem": found}
    answer = found.answer
    text = (
        answer.text if answer.kind in ("word", "silence") else isolated(f"{answer.text} (closest: {answer.closest[0]})")
    )
    return {"clip": name, "answer": text, "confidence": answer.confidence, "problem": _notes(found)}


def _page() -> None:
    st.title("Recognise a word")
    welcome()
    models = usable_runs()
    with show_errors():
        model, words = st.columns([2, 3], vertical_alignment="center")
        with model:
            run = choose_model(models, "predict_run")
        with words:
            task = run.config.task
            rejects = ". Any other word is not one of its words." if task.unknown else ""
            st.markdown("It knows: " + ", ".join(f"**{as_text(label)}**" for label in task.labels) + rejects)
            if run.config.corpus.name == "synthetic_voices":
                st.caption("Trained on synthetic voices only: expect mistakes on a real one.")
            if run.card:
                with st.popover("About this model", icon=":material/info:"):
                    draw_model_card(run)
        record, upload = st.columns(2)
        with record:
            recording = st.audio_input("Say one of its words", sample_rate=16_000, key="recording")
        with upload:
            files = st.file_uploader(
                "… or choose clips", accept_multiple_files=True, key="clips", help=f"{NAMES}. Up to 30 seconds each."
            )
        _offer_examples(run)
        recognizer = preload.recognizer(run)  # last, when the page is drawn: it imports onnxruntime
        newest, example = _newest(recording, files), EXAMPLE.get()
        if newest:
            not_news()
        address.say("clip", example if newest == "example" and example else "")  # a recording or a file has none
        if newest == "files" and len(files) > 1:
            _several(run, recognizer, files)
            return
        clip = st.container()
        place = save.begin()  # below the clip: its charts are all there is to save
        with clip:
            if newest == "recording":
                found = answer_clip(run, "Your recording", recording.getvalue(), loudest=True)
                _show(recognizer, "Your recording", found, "recording")
            elif newest == "files":
                _show(recognizer, files[0].name, answer_clip(run, files[0].name, files[0].getvalue()), "file")
            elif newest == "example" and example:
                name, content = _example(recognizer, example)
                _show(recognizer, name, answer_clip(run, name, content), "example")
        save.offer(place, (), run.id)


def _offer_examples(run: Run) -> None:
    """Draw a row of buttons, each with a sound for those who have no microphone at hand; a link may ask for one."""
    if address.is_left_out("clip"):
        EXAMPLE.set(None)
    elif wanted := address.take("clip"):
        if _is_example(wanted):
            _choose_example(wanted)
        else:
            address.explain("clip", wanted)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("No microphone? Try", width="content")
        for kind, title in _EXAMPLES.items():
            if st.button(title, type="tertiary", icon=":material/play_circle:", key=f"example-{kind}"):
                turns = EXAMPLES_HEARD.of(kind)
                _choose_example(_name_example(kind, turns.get(), run.config.task.labels))
                turns.set(turns.get() + 1)


def _name_example(kind: str, turn: int, labels: Sequence[str]) -> str:
    """The name of an example of a kind; another one each turn."""
    if kind == "noise":
        return clip_name.of_noise(turn)
    words = labels if kind == "known" else [word for word in _FOREIGN_WORDS if word not in labels]
    return clip_name.of_voice(words[turn % len(words)])


def _choose_example(name: str) -> None:
    EXAMPLE.set(name)
    NEWEST_INPUT.set("example")


def _is_example(name: str) -> bool:
    """Whether a clip's name is one of an example that can be made."""
    word = clip_name.spoken_word(name)
    if word is None:
        return clip_name.noise_number(name) is not None
    try:
        return clean_label(word) == word
    except CorpusError:
        return False


def _example(recognizer: Recognizer, name: str) -> tuple[str, bytes]:
    """Make an example: what it is, and the content of a WAV file."""
    from dashboard.shared.example_sounds import noise, spoken

    rate, word = recognizer.features.sample_rate, clip_name.spoken_word(name)
    if word is None:
        return "Noise", encode_wav(noise(clip_name.noise_number(name) or 0, rate), rate)
    return f"A synthetic voice says “{word}”", encode_wav(spoken(word, rate), rate)


def _newest(recording, files) -> str | None:  # type: ignore[no-untyped-def]
    """The input that changed last: that one is answered."""
    seen = {
        "recording": recording.file_id if recording else None,
        "files": tuple(file.file_id for file in files),
        "example": EXAMPLE.get(),
    }
    before = INPUTS_SEEN.get()
    for kind in seen:
        if seen[kind] != before[kind] and seen[kind]:
            NEWEST_INPUT.set(kind)
    INPUTS_SEEN.set(seen)
    newest = NEWEST_INPUT.get()
    if newest is not None and not seen[newest]:
        newest = next((kind for kind in seen if seen[kind]), None)
    return newest


_page()
