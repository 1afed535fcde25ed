"""Forms are found again as they were left, after a visit to another page and after a reload; so are folders used before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shared import remembered
from dashboard.shared.formatting import as_text
from data import workspace
from data.corpus import CorpusReference
from tests.conftest import Trained
from tests.support.pages import button, healthy, open_page
from tests.support.sounds import glides, write
from tests.support.tone_network import LOW, tone_run, tones


def _train_on(folder: Path) -> AppTest:
    app = open_page("train")
    app.selectbox(key="corpus-box-train").set_value("a folder on this computer").run()
    app.text_input(key="train_folder").set_value(str(folder)).run()
    healthy(app)
    return app


def _number(app: AppTest, label: str):
    return next(one for one in app.number_input if one.label == label)


def _labels(app: AppTest) -> list[str]:
    return [one.label for one in app.button]


def test_the_whole_form_of_train_is_found_again(trained: Trained, started: list, tmp_path: Path) -> None:
    """Only the corpus, the cell and the recipe were; words, settings, name and other recordings began anew."""
    other = write(tmp_path / "speech" / "talk.wav", tones((0.0, LOW), seconds=2)).parent
    app = _train_on(trained.corpus)
    app.multiselect[0].set_value(["rise", "hum"]).run()
    app.toggle(key="train-unknown").set_value(True).run()
    app.toggle(key="train-silence").set_value(True).run()
    app.text_area(key="other-folders").set_value(str(other)).run()
    app.text_input(key="name").set_value("evening").run()
    _number(app, "Epochs").set_value(7).run()
    next(one for one in app.selectbox if one.label == "Schedule").set_value("constant").run()
    healthy(app)

    def check(app: AppTest) -> None:
        healthy(app)
        assert app.multiselect[0].value == ["rise", "hum"]
        assert app.toggle(key="train-unknown").value
        assert app.toggle(key="train-silence").value
        assert app.text_area(key="other-folders").value == str(other)
        assert app.text_input(key="name").value == "evening"
        assert _number(app, "Epochs").value == 7
        assert next(one for one in app.selectbox if one.label == "Schedule").value == "constant"

    for page in ("predict", "train"):
        app.switch_page(f"app_pages/{page}.py").run()
    check(app)
    again = open_page("train")
    check(again)
    button(again, "Start training").click().run()
    healthy(again)
    assert (started[-1].name, started[-1].training.epochs, started[-1].negatives.other) == ("evening", 7, (str(other),))
    assert again.text_input(key="name").value == "", "the next one has a name of its own"
    assert remembered.recent("other_folders") == (str(other),)


def test_what_was_kept_and_cannot_be_chosen_any_more_is_left_out(trained: Trained) -> None:
    app = _train_on(trained.corpus)
    app.multiselect[0].set_value(["rise", "hum"]).run()
    file = workspace.root() / "choices.json"
    kept = json.loads(file.read_text())
    words = next(name for name, value in kept["kept"].items() if value == ["rise", "hum"])
    kept["kept"] |= {words: ["hum", "gone"], "train-unknown": "yes", "changed_settings-strong": {"epochs": "many"}}
    file.write_text(json.dumps(kept))
    again = open_page("train")
    assert again.multiselect[0].value == ["hum"]
    assert again.toggle(key="train-unknown").value is False
    assert _number(again, "Epochs").value > 1


def test_a_folder_used_before_is_one_click_away_until_it_is_forgotten(trained: Trained, tmp_path: Path) -> None:
    first, second = trained.corpus, glides(tmp_path / "second", speakers=4)
    app = _train_on(first)
    app.text_input(key="train_pattern").set_value(r"^(s\d+)_").run()
    assert _labels(app).count(as_text(f"…/{first.parent.name}/{first.name}")) == 1
    app.text_input(key="train_folder").set_value(str(second)).run()
    app.text_input(key="train_pattern").set_value("").run()
    healthy(app)
    assert [one.name for one in remembered.recent("corpora")] == [str(second), str(first)]
    app.button(key="train_folder-recent-1").click().run()
    healthy(app)
    assert app.text_input(key="train_folder").value == str(first)
    assert app.text_input(key="train_pattern").value == r"^(s\d+)_", "with its speakers"
    app.switch_page("app_pages/corpora.py").run()
    assert app.text_input(key="data_folder").value == str(first)
    app.button(key="data_folder-forget-1").click().run()
    healthy(app)
    assert [one.name for one in remembered.recent("corpora")] == [str(first)]


def test_a_recording_heard_before_is_offered(tmp_path: Path) -> None:
    tone_run()
    path = write(tmp_path / "a day.wav", tones((1.0, LOW), seconds=4), 16_000)
    app = open_page("listen")
    app.get("button_group")[0].set_value("On this computer").run()
    app.text_input(key="listen_path").set_value(str(path)).run()
    assert not remembered.recent("recordings"), "not before it is heard"
    button(app, "Listen").click().run()
    healthy(app)
    again = open_page("listen")
    again.get("button_group")[0].set_value("On this computer").run()
    assert again.text_input(key="listen_path").value == str(path)
    again.text_input(key="listen_path").set_value("").run()
    again.button(key="listen_path-recent-0").click().run()
    assert again.text_input(key="listen_path").value == str(path)
    again.button(key="listen_path-forget-0").click().run()
    assert remembered.recent("recordings") == ()


def test_few_are_kept_and_the_last_comes_first(workspace_folder: Path) -> None:
    for number in [*range(12), 5]:
        remembered.use("other_folders", f"/clips/{number}")
    assert remembered.recent("other_folders") == tuple(f"/clips/{number}" for number in (5, 11, 10, 9, 8, 7, 6, 4))
    remembered.use("corpora", CorpusReference("/clips/1"))
    remembered.use("corpora", CorpusReference("/clips/1", speaker_pattern="^(.)"))
    assert remembered.recent("corpora") == (CorpusReference("/clips/1", speaker_pattern="^(.)"),), "one for a folder"


def test_choices_kept_before_there_were_folders_open_unchanged(workspace_folder: Path) -> None:
    workspace.folder()
    (workspace.root() / "choices.json").write_text(
        '{"corpus": {"name": "fsdd", "speaker_pattern": null, "split_by": null}, "cell": "lstm", "recipe": "plain"}'
    )
    assert remembered.load() == remembered.Choices(CorpusReference("fsdd"), "lstm", "plain")


def test_a_full_disk_stops_no_page(monkeypatch: pytest.MonkeyPatch, workspace_folder: Path) -> None:
    def full(*_: object) -> None:
        raise remembered.WorkspaceError("the disk is full")

    monkeypatch.setattr(workspace, "write_json", full)
    remembered.use("recordings", "/a.wav")
    assert remembered.recent("recordings") == ()
