"""Train: what it starts, what it shows of a run, and how it is cancelled."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from audio_models.config import CELLS, RECIPES, AugmentationConfig, Cell, FeatureConfig, NetworkConfig, TrainingConfig
from audio_models.jobs import launch, runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Epoch, Run
from audio_models.recipes import default_negatives, default_run
from dashboard.train import form
from dashboard.train.first_run import quick_config
from data import workspace
from tests.conftest import Trained
from tests.support.pages import button, healthy, open_page, text_of
from tests.support.sounds import tone, write


def test_train_plays_a_clip_before_and_after(trained: Trained) -> None:
    app = open_page("train")
    app.selectbox(key="corpus-box-train").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value(str(trained.corpus)).run()
    healthy(app)
    assert len(app.get("audio")) == 0, "not before it is asked for"
    button(app, "Play an example").click().run()
    healthy(app)
    assert len(app.get("audio")) == 2
    assert "Augmented" in text_of(app)
    assert "About " in text_of(app), "how long it will take"
    next(one for one in app.toggle if one.label == "Augment training clips").set_value(False).run()
    healthy(app)
    assert len(app.get("audio")) == 0


def test_train_starts_what_was_chosen(trained: Trained, started: list) -> None:
    app = open_page("train")
    app.selectbox(key="corpus-box-train").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value(str(trained.corpus)).run()
    app.multiselect[0].set_value(["rise", "fall"]).run()
    app.toggle(key="train-unknown").set_value(True).run()
    app.get("button_group")[0].set_value("simple_rnn").run()
    app.get("button_group")[1].set_value("plain").run()
    next(one for one in app.number_input if one.label == "Units").set_value(32).run()
    app.text_input(key="name").set_value("my run").run()
    button(app, "Start training").click().run()
    healthy(app)
    (config,) = started
    assert config.corpus.name == str(trained.corpus)
    assert config.task.classes == ("rise", "fall", "_unknown_")
    assert (config.network.cell, config.network.units, config.network.readout) == ("simple_rnn", 32, "mean")
    assert config.training.learning_rate == 1e-3
    assert (config.network.convolutions, config.augmentation.augment) == (0, False), "the plain cell and nothing else"
    assert config.name == "my run"
    assert "my run" in text_of(app)


def test_train_starts_what_each_recipe_says_where_nothing_is_changed(started: list) -> None:
    app = open_page("train")
    for cell in CELLS:
        app.get("button_group")[0].set_value(cell).run()
        for recipe in RECIPES:
            app.get("button_group")[1].set_value(recipe).run()
            button(app, "Start training").click().run()
            healthy(app)
            config = started[-1]
            assert config == default_run(config.corpus, config.task, cell, recipe, name=config.name)
    assert len(started) == len(CELLS) * len(RECIPES)


@pytest.mark.parametrize("cell", ["gru", "feed_forward"])
def test_train_loses_nothing_that_a_recipe_sets(monkeypatch: pytest.MonkeyPatch, started: list, cell: Cell) -> None:
    """Guards against a form that makes its settings from scratch: what it did not show went back to the plain default."""
    features = FeatureConfig(8000, 25.0, 10.0, 30, 12, 50.0, 3900.0, deltas=False, kind="log_mel")
    network = NetworkConfig(cell, 7, 2, False, 0.1, "mean", filters=5, causal=True)
    training = TrainingConfig(3, 5, 0.01, 2, 0.5, 9, "cosine", 0.2, 0.75, 0.4, 4)
    augmentation = AugmentationConfig(False, 0.1, 50.0, 3.0, 0.3, 1.0, 11.0, "/noise", 0.2, 6.0, 0.1, 1, 20.0, 3, 4)
    monkeypatch.setattr(form, "default_features", lambda _: features)
    monkeypatch.setattr(form, "default_network", lambda *_: network)
    monkeypatch.setattr(form, "default_training", lambda *_: training)
    monkeypatch.setattr(form, "default_augmentation", lambda _: augmentation)
    app = open_page("train")
    app.get("button_group")[0].set_value(cell).run()
    next(one for one in app.number_input if one.label == "Epochs").set_value(8).run()
    button(app, "Start training").click().run()
    healthy(app)
    (config,) = started
    assert (config.features, config.network, config.augmentation) == (features, network, augmentation)
    assert config.training == replace(training, epochs=8)


def test_train_says_which_settings_do_not_go_together_and_keeps_the_others(started: list) -> None:
    app = open_page("train")
    next(one for one in app.number_input if one.label == "Coefficients").set_value(41).run()
    next(one for one in app.number_input if one.label == "Time masks").set_value(5).run()
    healthy(app)
    assert [error.value for error in app.error] == ["Coefficients is 41; expected a number from 1 to 40."]
    assert button(app, "Start training").disabled
    next(one for one in app.number_input if one.label == "Coefficients").set_value(40).run()
    button(app, "Start training").click().run()
    healthy(app)
    assert (started[0].features.n_mfcc, started[0].augmentation.time_masks) == (40, 5)


def test_train_asks_for_two_words(trained: Trained) -> None:
    app = open_page("train")
    app.multiselect[0].set_value(["left"]).run()
    healthy(app)
    assert "at least two words" in text_of(app)
    assert button(app, "Start training").disabled


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State("queued"), "Starting"),
        (
            State("running", "Training", 64, 960, "clips", 2, 2100.0, 42.0),
            "Epoch 3 of 12 · 2,100 clips/s · at most 42 seconds left",
        ),
        (State("running", "Downloading", 5 * 10**6, 10**7, "bytes"), "Downloading: 5.0 of 10.0 MB"),
        (State("finished", epoch=2), "Best: **60.0 %** on validation"),
        (State("failed", error="The disk is full."), "The disk is full."),
        (State("cancelled", epoch=2), "Cancelled after 2 epochs"),
        (State("interrupted", epoch=2), "its process was killed"),
    ],
    ids=lambda value: value.status if isinstance(value, State) else "",
)
def test_train_shows_every_state(state: State, said: str) -> None:
    run = runs.create(quick_config())
    run.write_history([Epoch(1, 1.0, 0.4, 1.0, 0.5, 1), Epoch(2, 0.8, 0.5, 0.9, 0.6, 1)])
    if state.status == "interrupted":
        run.write_state(State("running", epoch=2))
        (run.folder / "process.json").unlink()
    else:
        run.write_state(state)
    app = open_page("train")
    progress = [element.proto.text for element in app.get("progress")]
    assert said in text_of(app) + "\n".join(progress)
    labels = [button.label for button in app.button]
    assert ("Cancel" in labels) == (state.status in ("queued", "running"))
    assert ("Resume" in labels) == (state.status in ("failed", "cancelled", "interrupted"))


def test_an_epoch_whose_state_is_not_written_yet_counts_already() -> None:
    run = runs.create(quick_config())
    run.write_history([Epoch(number, 1.0, 0.4, 1.0 / number, 0.5, 1) for number in (1, 2, 3)])
    run.write_state(State("running", "Training", epoch=2))
    assert "epoch 3 of 3" in text_of(open_page("train"))


def test_train_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create(quick_config())
    run.write_state(State("running"))
    asked: list[Run] = []
    monkeypatch.setattr(launch, "cancel", asked.append)
    monkeypatch.setattr(launch, "wait_until_stopped", lambda *_: True)
    app = open_page("train")
    button(app, "Cancel").click().run()
    healthy(app)
    assert asked == [run]


def test_train_takes_other_recordings_to_learn_to_refuse(trained: Trained, tmp_path: Path, started: list) -> None:
    for number in range(5):
        write(tmp_path / "reading" / f"{number + 1}-7-0000.wav", tone(500 + 50 * number, 2))
    app = open_page("train")
    app.selectbox(key="corpus-box-train").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value(str(trained.corpus)).run()
    assert not app.text_area, "only for a network that rejects other words"
    app.toggle(key="train-unknown").set_value(True).run()
    app.text_area(key="other-folders").set_value(f"{tmp_path / 'reading'}\n").run()
    healthy(app)
    assert "reading: 5 recordings of speech (10 s), 5 speakers. Split by speaker: 6 s for training, 2 s" in text_of(
        app
    ).replace("\\", "")
    button(app, "Start training").click().run()
    healthy(app)
    assert started[0].negatives == replace(default_negatives("strong"), other=(str(tmp_path / "reading"),))
    assert started[0].task.unknown, "though every word of the corpus is listed"
    assert "Other words also from" in text_of(app)

    app.text_area(key="other-folders").set_value(str(tmp_path / "nowhere")).run()
    healthy(app)
    assert [error.value.replace("\\", "") for error in app.error] == [
        f"{tmp_path / 'nowhere'} does not exist. Give a folder of recordings of other speech or of noise."
    ]
    assert button(app, "Start training").disabled
    app.get("button_group")[1].set_value("plain").run()
    healthy(app)
    assert not app.text_area
    assert "Every word of the corpus is listed" in app.error[0].value


def test_another_cell_keeps_what_was_changed_and_another_recipe_does_not(started: list) -> None:
    """Epochs went back to the default with each cell that was tried."""
    app = open_page("train")

    def epochs() -> int:
        return next(one for one in app.number_input if one.label == "Epochs").value

    default = epochs()
    next(one for one in app.number_input if one.label == "Epochs").set_value(7).run()
    for name in ("lstm", "feed_forward", "gru"):
        app.get("button_group")[0].set_value(name).run()
        healthy(app)
        assert epochs() == 7, name
    next(one for one in app.number_input if one.label == "Epochs").set_value(default).run()
    app.get("button_group")[0].set_value("lstm").run()
    assert epochs() == default, "what is set back is no change"
    next(one for one in app.number_input if one.label == "Epochs").set_value(7).run()
    app.get("button_group")[1].set_value("plain").run()
    assert epochs() != 7, "a recipe sets everything"
    button(app, "Start training").click().run()
    assert started[-1] == default_run(started[-1].corpus, started[-1].task, "lstm", "plain", name=started[-1].name)


def test_a_refresh_forgets_neither_folder_nor_cell_nor_recipe(trained: Trained) -> None:
    app = open_page("train")
    app.selectbox(key="corpus-box-train").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value(str(trained.corpus)).run()
    app.get("button_group")[0].set_value("lstm").run()
    app.get("button_group")[1].set_value("plain").run()
    healthy(app)
    again = open_page("train")
    assert again.text_input(key="train_folder").value == str(trained.corpus)
    assert again.multiselect[0].value == ["fall", "hum", "rise"]
    assert again.get("button_group")[0].value == "lstm"
    assert again.get("button_group")[1].value == "plain"
    (workspace.root() / "choices.json").write_text('{"corpus": 5}')
    healthy(open_page("train"))


def test_a_folder_that_is_not_there_is_said_without_the_shells_names() -> None:
    app = open_page("train")
    app.selectbox(key="corpus-box-train").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value("/nowhere/at/all").run()
    healthy(app)
    assert [error.value for error in app.error] == ["There is no folder /nowhere/at/all. Check the path."]


def test_a_training_that_waits_does_not_hide_the_one_that_runs() -> None:
    """Three queued trainings were shown one by one, and nothing said which one ran."""
    first, *waiting = (runs.create(replace(quick_config(), name=name)) for name in ("first", "second", "third"))
    first.write_process(os.getpid(), queue=True)
    first.write_state(State("running", "Training", epoch=2))
    for run in waiting:
        run.write_process(os.getpid(), queue=True)
        run.write_state(State("queued"))
    app = open_page("train")
    app.session_state["watched_run"] = waiting[-1].id
    app.run()
    healthy(app)
    assert [element.proto.text for element in app.get("progress")] == [
        "Waiting: 2 trainings ahead", "Now: first, epoch 3 of 12"
    ]  # fmt: skip
    button(app, "Show it").click().run()
    assert app.session_state["watched_run"] == first.id
