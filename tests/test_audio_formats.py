"""Every format in every place: what one reads, all read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_models import load
from audio_models.features import waveform
from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.listening import recordings
from audio_models.own_words import intake, recording
from audio_models.recognition.recognizer import Recognizer
from data import audio_formats
from data.folder import FolderCorpus
from data.other_recordings import scan
from data.own import corpus as own_corpus
from data.own import export, incoming
from data.public.synthetic_voices import SAMPLE_RATE, say, voices
from tests.conftest import PROJECT, Done
from tests.support.encoded import ENCODINGS, encode
from tests.support.pages import healthy, open_page, text_of

WORD = "right"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A word in every format, by the ending."""
    folder = tmp_path_factory.mktemp("formats") / WORD
    silence = np.zeros(SAMPLE_RATE // 4, np.float32)
    samples = np.concatenate([silence, say(WORD, voices()[12]), silence])
    return {ending: encode(folder / f"clip{ending}", samples, SAMPLE_RATE) for ending in ENCODINGS}


def test_the_shell_answers_all(spoken: dict[str, Path], command: Callable[..., Done]) -> None:
    done = command("predict", "commands", *spoken.values(), "--json")
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert {Path(row["path"]).suffix: row["label"] for row in answers} == dict.fromkeys(spoken, WORD)


def test_the_page_answers_all(spoken: dict[str, Path], workspace_folder: Path) -> None:
    app = open_page()
    assert not app.file_uploader[0].proto.type, "the box refuses no name: the reason would be hidden in it"
    app.file_uploader[0].set_value([(path.name, path.read_bytes(), "") for path in spoken.values()]).run()
    healthy(app)
    answers = {row["clip"]: row["answer"] for row in app.dataframe[0].value.to_dict("records")}
    assert answers == {path.name: WORD for path in spoken.values()}


def test_a_folder_holds_all(spoken: dict[str, Path], workspace_folder: Path) -> None:
    folder = next(iter(spoken.values())).parent.parent
    index = FolderCorpus(folder).index()
    assert index.skipped == ()
    assert {clip.path.suffix for clip in index.clips} == set(spoken)
    lengths = [clip.seconds for clip in index.clips]
    assert max(lengths) - min(lengths) < 0.2, "some formats fill their last block"
    assert all(clip.sound for clip in index.clips)
    others = scan(folder)
    assert {one.reason for one in others.skipped} == {"It repeats another recording."}, "the lossless ones are alike"
    assert {one.path.suffix for one in (*others.recordings, *others.skipped)} == set(spoken)


def test_an_own_corpus_takes_keeps_exports_and_imports_all(
    spoken: dict[str, Path], tmp_path: Path, workspace_folder: Path
) -> None:
    made = own_corpus.create("mine")
    batch = incoming.from_folder(next(iter(spoken.values())).parent.parent)
    found = intake.examine(batch, None, "upload")
    assert found.refused == ()
    made.add(found.clips)
    assert {clip.path.read_bytes() for clip in made.clips()} == {path.read_bytes() for path in spoken.values()}
    assert len(made.index().clips) == len(spoken)
    assert export.export(made, tmp_path / "mine.zip") == ()
    again = own_corpus.create("again")
    with incoming.staging() as staged:
        again.add(intake.examine(incoming.collect(tmp_path / "mine.zip", staged), None, "import").clips)
    assert {clip.path.suffix for clip in again.clips()} == set(spoken)


def test_listen_hears_all(spoken: dict[str, Path]) -> None:
    run = runs.find("commands-streaming")
    heard = {}
    for ending, path in spoken.items():
        from_file = recordings.listen(run, AudioSource(path))
        from_memory = recordings.listen(run, AudioSource(path.read_bytes()))
        assert from_file.events == from_memory.events
        heard[ending] = [event.label for event in from_file.events]
    assert heard == {ending: [WORD] for ending in spoken}


def test_a_recording_in_any_format_is_cut_into_takes(spoken: dict[str, Path]) -> None:
    for path in spoken.values():
        made = recording.read_recording(AudioSource(path))
        assert len(made.takes) == 1, path.name
        whole = waveform.load(AudioSource(made.flac()), made.sample_rate)
        assert len(whole) == len(made.samples)


def test_every_name_that_counts_is_read_by_its_content(spoken: dict[str, Path], tmp_path: Path) -> None:
    """An M4A that is called .wav, and one of each other ending."""
    content = spoken[".m4a"].read_bytes()
    expected = waveform.load(AudioSource(content), 16_000)
    for ending in audio_formats.ENDINGS:
        assert audio_formats.is_audio(f"A{ending.upper()}")
        (tmp_path / f"a{ending}").write_bytes(content)
        np.testing.assert_array_equal(waveform.load(AudioSource(tmp_path / f"a{ending}"), 16_000), expected)


def test_what_is_read_is_written_down() -> None:
    for name in ("shell.md", "listening.md"):
        assert "corpora.md#formats" in (PROJECT / "docs" / name).read_text()
    table = (PROJECT / "docs" / "corpora.md").read_text()
    for one in audio_formats.FORMATS:
        row = f"| {one.name} | {', '.join(f'`{ending}`' for ending in one.endings)} | {one.origin} |"
        assert row in table


def test_an_inverted_stereo_clip_is_the_word_that_was_said(
    tmp_path: Path, command: Callable[..., Done], workspace_folder: Path
) -> None:
    """It was silence, 98.6 % sure."""
    samples = say(WORD, voices()[12])
    soundfile.write(tmp_path / "inverted.wav", np.stack([samples, -0.9 * samples], axis=1), SAMPLE_RATE)
    notes: list[str] = []
    recognizer = Recognizer.of_run(runs.find("commands"))
    assert recognizer.classify(recognizer.load(AudioSource(tmp_path / "inverted.wav"), notes.append)).label == WORD
    assert notes == [
        "Its channels cancel each other out (one is inverted), so only the louder one is heard: channel 1."
    ]
    done = command("predict", "commands", tmp_path / "inverted.wav")
    assert notes[0] in done.stdout
    app = open_page()
    app.file_uploader[0].upload("inverted.wav", (tmp_path / "inverted.wav").read_bytes(), "audio/wav").run()
    assert "cancel each other out" in text_of(app)


def test_what_is_no_recording_is_refused_in_sight(workspace_folder: Path) -> None:
    app = open_page()
    app.file_uploader[0].upload("notes.txt", b"hello " * 50, "text/plain").run()
    (error,) = [one.value for one in app.error]
    assert "notes.txt cannot be read as audio" in error
    assert "M4A" in error


def test_a_word_in_a_longer_recording_is_found_everywhere(
    spoken: dict[str, Path], tmp_path: Path, command: Callable[..., Done], workspace_folder: Path
) -> None:
    """A telephone records from the touch of a button to the next; the whole of that is no clip."""
    sound, rate = soundfile.read(spoken[".wav"], dtype="float32")
    hiss = np.random.default_rng(0).normal(0, 0.002, 2 * rate).astype(np.float32)
    path = tmp_path / "long.wav"
    soundfile.write(path, np.concatenate([hiss, sound, hiss]), rate)
    recognizer = Recognizer.of_run(runs.find("commands"))
    samples = recognizer.load(AudioSource(path))
    first, last = recognizer.word_in(samples)
    assert (last - first) / rate == recognizer.clip_seconds
    assert 2 * rate - last / 2 < first < 2 * rate + len(sound)
    expected = recognizer.classify(samples[first:last])
    (row,) = json.loads(command("predict", "commands", path, "--json").stdout)
    assert (row["label"], row["confidence"]) == (WORD, pytest.approx(expected.confidence, abs=1e-3))
    assert row["note"].startswith("The answer is to its loudest 1.0 s, from 2.")
    assert load("commands").answer(path).label == WORD
    app = open_page()
    app.file_uploader[0].upload("long.wav", path.read_bytes(), "audio/wav").run()
    assert "This is the loudest second of your" in text_of(app)
