"""Few clips are evaluated honestly: each by a network that has not learned it, nor its speaker where there are several."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.config import NetworkConfig, TrainingConfig
from audio_models.errors import TrainingError
from audio_models.jobs import runs
from audio_models.networks import keras_model
from audio_models.recognition import advice, evaluation
from audio_models.recognition.cross_validation import NEVER, make_folds
from audio_models.recognition.evaluation_result import CROSS_VALIDATED, SYNTHETIC_WORDS, ClipPrediction, Evaluation
from audio_models.recognition.metrics import (
    accuracy_interval,
    class_scores,
    confusion_matrix,
    sign_test,
    speaker_scores,
)
from audio_models.recognition.recognizer import Recognizer
from audio_models.training.batches import Examples, FixedBatches
from audio_models.training.loop import Training
from data.corpus import SILENCE, UNKNOWN, Clip, CorpusReference
from tests.conftest import in_this_process
from tests.support.sounds import chirp, tone, write


def _clips(words: str, each: int, speakers: list[str | None]) -> list[Clip]:
    return [
        Clip(Path(f"{word}{number}.wav"), word, "training", 1.0, speakers[number % len(speakers)], f"{word}{number}")
        for word in words
        for number in range(each)
    ]


@given(
    st.integers(2, 4), st.integers(5, 12), st.integers(2, 6),
    st.sampled_from([[None], ["a"], ["a", "b"], ["a", "b", "c"], list("abcdefgh"), ["a", None, "c", "d"]]),
)  # fmt: skip
def test_every_clip_is_held_back_once_and_no_fold_is_empty(
    words: int, each: int, folds: int, speakers: list[str | None]
) -> None:
    clips = _clips("abcd"[:words], each, speakers)
    dealt = make_folds(clips, folds)
    assert set(dealt.fold_of_clip) == set(range(dealt.count))
    voices = Counter(clip.speaker for clip in clips)
    assert dealt.by_speaker == (None not in speakers and len(voices) >= 3)
    if dealt.by_speaker:
        splits = {(clip.speaker, fold) for clip, fold in zip(clips, dealt.fold_of_clip, strict=True)}
        assert len(splits) == len({clip.speaker for clip in clips})
    else:
        for word in "abcd"[:words]:  # of each word equally many, but for one
            counts = Counter(
                fold for clip, fold in zip(clips, dealt.fold_of_clip.tolist(), strict=True) if clip.label == word
            )
            held = [counts[fold] for fold in range(dealt.count)]
            assert max(held) - min(held) <= 1


@pytest.mark.parametrize(
    ("speakers", "by_speaker"),
    [
        (["anna"] * 8 + ["ben"] * 8 + ["carla"] * 8, True),
        (["anna"] * 20 + ["ben"] * 2 + ["carla"] * 2, False),  # without anna hardly a clip is left
    ],
)
def test_a_speaker_who_says_most_is_not_held_back_as_a_whole(speakers: list[str], by_speaker: bool) -> None:
    clips = [
        Clip(Path(f"{number}.wav"), "ab"[number % 2], "training", 1.0, speaker, str(number))
        for number, speaker in enumerate(speakers)
    ]
    assert make_folds(clips, 5).by_speaker is by_speaker


def test_a_word_that_one_speaker_says_alone_is_not_held_back_with_them() -> None:
    clips = [*_clips("ab", 12, ["x", "y", "z"]), *_clips("c", 6, ["x"])]
    dealt = make_folds(clips, 3)
    assert not dealt.by_speaker
    for fold in range(3):
        learned = {clip.label for clip, held in zip(clips, dealt.fold_of_clip, strict=True) if held != fold}
        assert learned == {"a", "b", "c"}


def test_two_who_share_a_fold_leave_their_word_in_another() -> None:
    clips = [*_clips("a", 30, list("uvwxyz")), *_clips("b", 10, ["y", "z"])]
    dealt = make_folds(clips, 5)
    for fold in range(dealt.count):
        assert {clip.label for clip, held in zip(clips, dealt.fold_of_clip, strict=True) if held != fold} == {"a", "b"}


def test_there_are_no_more_folds_than_clips() -> None:
    dealt = make_folds(_clips("ab", 5, [None]), 20)
    assert dealt.count == 10
    assert set(dealt.fold_of_clip) == set(range(10))


def test_the_same_file_five_times_is_one_clip() -> None:
    copies = [Clip(Path(f"{number}.wav"), "b", "training", 1.0, "x", "same") for number in range(5)]
    with pytest.raises(TrainingError, match="“b” has 1 of the 5 different clips"):
        make_folds([*_clips("a", 5, ["x"]), *copies], 5)


def test_the_order_of_the_clips_does_not_matter() -> None:
    clips = _clips("abc", 9, ["x", "y"])
    order = np.random.default_rng(0).permutation(len(clips))
    dealt = make_folds(clips, 4).fold_of_clip
    assert (make_folds([clips[place] for place in order], 4).fold_of_clip == dealt[order]).all()


@given(
    st.lists(st.tuples(st.integers(0, 17), st.sampled_from([None, *"abcdef"])), max_size=12),
    st.sampled_from([[None], ["a"], list("abcdef")]), st.integers(2, 6),
)  # fmt: skip
def test_copies_are_in_one_fold_whoever_is_said_to_speak(
    copies: list[tuple[int, str | None]], speakers: list[str | None], folds: int
) -> None:
    clips = _clips("abc", 6, speakers)
    clips += [replace(clips[place], path=Path("copy.wav"), speaker=speaker) for place, speaker in copies]
    fold_of: dict[str, int] = {}
    dealt = make_folds(clips, folds)
    assert NEVER not in dealt.fold_of_clip
    for clip, fold in zip(clips, dealt.fold_of_clip.tolist(), strict=True):
        assert fold_of.setdefault(clip.content, fold) == fold


def test_the_same_sound_is_never_learned_and_evaluated() -> None:
    clips = _clips("ab", 6, ["x"])
    twins = [Clip(Path("again.wav"), clip.label, "training", 1.0, "x", clip.digest) for clip in clips]
    dealt = make_folds([*clips, *twins], 5).fold_of_clip
    assert (dealt[: len(clips)] == dealt[len(clips) :]).all()


def test_silence_is_learned_from_and_not_evaluated() -> None:
    clips = [*_clips("ab", 5, ["x"]), Clip(Path("noise.wav"), SILENCE, "training", 1.0, None, "n")]
    assert make_folds(clips, 5).fold_of_clip[-1] == NEVER


def test_words_with_hardly_a_clip_are_refused() -> None:
    with pytest.raises(TrainingError, match="“b” has 4 of the 5 different clips"):
        make_folds([*_clips("a", 5, ["x"]), *_clips("b", 4, ["x"])], 5)


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of three sounds that the bundled network never heard, by one speaker, taught from it in the shell."""
    home, corpus = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("corpus")
    for take in range(6):
        write(corpus / "up" / f"me_nohash_{take}.wav", chirp(300 + 30 * take, 2500, 0.6, seed=take))
        write(corpus / "down" / f"me_nohash_{take}.wav", chirp(2500, 300 + 30 * take, 0.6, seed=take))
        write(corpus / "hum" / f"me_nohash_{take}.wav", tone(200 + 15 * take, 0.6))
    done = in_this_process(
        "train", "--corpus", corpus, "--from", "commands", "--silence", "--epochs", 2, "--folds", 2, "--name", "mine", "--json",
        home=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return home, Path(json.loads(done.stdout)["path"])


def test_a_trained_network_is_taught_new_words(taught: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    home, folder = taught
    monkeypatch.setenv("ECHOIC_HOME", str(home))
    run = runs.Run(folder)
    recognizer = Recognizer.of_run(run)
    assert recognizer.labels == ("down", "hum", "up", UNKNOWN, SILENCE), "it rejects by default"
    assert recognizer.normalisation == Recognizer.of_run(runs.find("commands")).normalisation
    evaluated = evaluation.load_cached(run, None, CROSS_VALIDATED)
    assert evaluated is not None
    assert evaluated.clips == 18
    assert evaluated.accuracy >= 0.9
    assert [(one.folder, len(one.predictions)) for one in evaluated.other_sound] == [(SYNTHETIC_WORDS, 40 * 2)]
    assert len(run.history) == 2
    best = run.best_epoch
    assert best is not None
    assert best.validation_accuracy == pytest.approx(evaluated.accuracy), "the stored epoch is the evaluated one"


def test_it_is_not_tested_on_what_it_learned(taught: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    home, folder = taught
    monkeypatch.setenv("ECHOIC_HOME", str(home))
    run = runs.Run(folder)
    with pytest.raises(TrainingError, match="was trained on all clips"):
        evaluation.evaluate(run, None, "test")
    done = in_this_process("evaluate", "mine", "--json", home=home)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["split"], found["clips"]) == ("cross-validated", 18)
    with pytest.raises(TrainingError, match="was not cross-validated"):
        evaluation.evaluate(runs.find("commands"), None, CROSS_VALIDATED)


def test_a_copied_run_keeps_its_evaluation(
    taught: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = taught
    monkeypatch.setenv("ECHOIC_HOME", str(home))
    shutil.copytree(folder, tmp_path / "copy")
    run = runs.Run(tmp_path / "copy")
    for path in run.evaluations_folder.iterdir():
        os.utime(path, (0, 0))  # a copy need not keep which file was newer
    evaluated = evaluation.evaluate(run, None, CROSS_VALIDATED)
    assert evaluated.clips == 18
    assert SILENCE not in {score.label for score in evaluated.per_class}, "it was not evaluated, so it has no score"


def test_naming_its_own_corpus_does_not_let_it_be_tested_on_what_it_learned(
    taught: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = taught
    monkeypatch.setenv("ECHOIC_HOME", str(home))
    run = runs.Run(folder)
    for corpus in (run.config.corpus, CorpusReference(run.config.corpus.name, split_by="clip")):
        with pytest.raises(TrainingError, match="was trained on all clips"):
            evaluation.evaluate(run, corpus, "all")


def test_a_changed_corpus_makes_a_cross_validation_out_of_date(
    taught: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = taught
    monkeypatch.setenv("ECHOIC_HOME", str(home))
    run = runs.Run(folder)
    found = evaluation.load_or_evaluate(run, None, CROSS_VALIDATED)
    assert evaluation.is_current(run, found)
    assert evaluation.is_current(run, dataclasses.replace(found, fingerprint="")), "stored before it had one"
    added = write(Path(run.config.corpus.name) / "up" / "me_nohash_7.wav", chirp(310, 2400, 0.6))
    assert not evaluation.is_current(run, found)
    assert evaluation.load_or_evaluate(run, None, CROSS_VALIDATED) == found, "what cannot be made again stays"
    added.write_bytes(added.read_bytes()[:200])
    assert evaluation.is_current(run, found), "a clip that cannot be read was not evaluated before either"
    added.unlink()


def test_a_cross_validation_of_the_first_version_is_found(
    taught: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = taught
    monkeypatch.setenv("ECHOIC_HOME", str(home))
    run = runs.Run(shutil.copytree(folder, tmp_path / "copy"))
    [path] = run.evaluations_folder.glob("cross-validated-*.json")
    values = json.loads(path.read_text())
    path.unlink()
    text = f"CorpusReference(name={run.config.corpus.name!r}, speaker_pattern=None, split_by=None)"
    old = run.evaluations_folder / f"held-back-{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}.json"
    old.write_text(json.dumps({**values, "split": "held back"}))
    found = evaluation.load_cached(run, None, CROSS_VALIDATED)
    assert found is not None
    assert (found.split, found.clips) == (CROSS_VALIDATED, 18)
    evaluation.forget_cross_validated(run)
    assert evaluation.load_cached(run, None, CROSS_VALIDATED) is None


def test_a_wav_and_its_flac_copy_lie_in_one_fold() -> None:
    clips = [
        Clip(Path(f"{number}.{ending}"), label, "training", 1.0, None, f"{label}{number}{ending}", sound=f"{label}{number}")
        for label in ("a", "b")
        for number in range(8)
        for ending in ("wav", "flac")
    ]  # fmt: skip
    folds = make_folds(clips, 4).fold_of_clip
    assert {len({int(folds[place]) for place in range(first, first + 2)}) for first in range(0, len(clips), 2)} == {1}
    with pytest.raises(TrainingError, match="“a” has 4, “b” has 4 of the 5 different clips"):
        make_folds([clip for clip in clips if int(clip.path.stem) < 4], 4)


def test_the_running_mean_of_the_weights_takes_up_the_new_last_layer() -> None:
    batches = FixedBatches(
        Examples([np.full((3, 2), value, np.float32) for value in (0.5, 2.0)] * 4, np.array([0, 1] * 4), list("ab") * 4), 4, 4, 0
    )  # fmt: skip
    network = NetworkConfig("gru", 4, readout="mean")
    first = Training(network, TrainingConfig(epochs=1), 2, 2)
    tuned = Training(network, TrainingConfig(epochs=2, ema_decay=0.99), 2, 2, keras_model.weights(first.model))
    row = tuned.run_epoch(batches, batches.examples, lambda _: None)
    assert row.validation_loss == pytest.approx(row.loss, rel=1e-4)
    assert row.validation_accuracy == 1


def test_settings_of_the_network_stay_as_they_are(taught: tuple[Path, Path]) -> None:
    home, folder = taught
    corpus = json.loads((folder / "config.json").read_text())["corpus"]["name"]
    done = in_this_process("train", "--corpus", corpus, "--from", "commands", "--units", 8, home=home)
    assert done.returncode == 1
    assert "other network or feature settings" in done.stderr


def _evaluation(pairs: dict[tuple[str, str], int], speakers: list[str | None], start: int = 0) -> Evaluation:
    labels = tuple(sorted({label for pair in pairs for label in pair}))
    heard = []
    for (said, predicted), count in pairs.items():
        for _ in range(count):
            number = start + len(heard)
            clip = Clip(Path(f"{number}.wav"), said, "training", 1.0, speakers[number % len(speakers)], str(number))
            heard.append(ClipPrediction(clip, predicted, 0.9, 0.9 if said == predicted else 0.1))
    true = np.array([labels.index(one.clip.label) for one in heard])
    predicted_ = np.array([labels.index(one.predicted) for one in heard])
    confusion = confusion_matrix(true, predicted_, len(labels))
    correct = true == predicted_
    voices = [one.clip.speaker for one in heard]
    return Evaluation(
        "run", "corpus", CROSS_VALIDATED, labels, float(correct.mean()), accuracy_interval(correct, voices),
        confusion.tolist(), class_scores(confusion, labels), speaker_scores(correct, voices), [], heard,
    )  # fmt: skip


def test_advice_names_the_words_that_are_mixed_up() -> None:
    told = advice.advice(_evaluation({("start", "start"): 15, ("start", "stop"): 5, ("stop", "stop"): 20}, ["anna"]))
    assert told[0].startswith("“start” and “stop” are confused in 5 of 40 clips")
    assert any("one speaker, anna" in sentence for sentence in told)


def test_advice_has_nothing_to_say_where_all_is_well() -> None:
    evaluated = _evaluation({("start", "start"): 60, ("stop", "stop"): 60}, ["a", "b", "c", "d"])
    assert advice.advice(evaluated) == []
    few = _evaluation({("start", "start"): 60, ("stop", "stop"): 6}, ["a", "b", "c"])
    assert any("“stop” (6)" in sentence for sentence in advice.advice(few))
    quiet = _evaluation({("start", "start"): 60, ("start", SILENCE): 3, ("stop", "stop"): 60}, ["a", "b", "c"])
    assert any("taken for silence" in sentence for sentence in advice.advice(quiet))
    unknown = _evaluation({("start", "start"): 60, ("stop", "stop"): 60}, [None])
    assert any("have no speaker" in sentence for sentence in advice.advice(unknown))
    worse = _evaluation({("start", "start"): 60, ("stop", "start"): 20, ("stop", "stop"): 40}, ["a", "b", "c"])
    assert any("confused in" in sentence for sentence in advice.advice(worse))


def test_two_networks_are_compared_on_the_clips_that_both_were_evaluated_on() -> None:
    before = _evaluation({("a", "a"): 5, ("a", "b"): 5, ("b", "b"): 10}, ["x"])
    after = _evaluation({("a", "a"): 10, ("b", "b"): 9, ("b", "a"): 1, ("c", "c"): 5}, ["x"])
    found = advice.compare(before, after)
    assert found is not None
    assert (found.clips, found.before, found.after) == (20, 0.75, 0.95)
    assert (len(found.fixed), len(found.newly_wrong)) == (5, 1)
    assert found.p == pytest.approx(14 / 64)
    assert found.summary() == (
        "Same 20 clips: 75.0 % before, 95.0 % now; 5 fixed, 1 newly wrong. Too close to call (p = 0.22)."
    )
    assert advice.compare(before, _evaluation({("a", "a"): 3}, ["x"], start=100)) is None


def test_the_sign_test_is_the_binomial_one() -> None:
    assert sign_test(0, 0) == 1
    assert sign_test(0, 5) == pytest.approx(2 / 32)
    assert sign_test(3, 3) == 1
    assert sign_test(5, 1) == sign_test(1, 5)
