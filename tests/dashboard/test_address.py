"""Addresses: a link restores what a page showed, and what is not there any more is said in one sentence."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from audio_models.jobs.runs import Run
from audio_models.own_words.intake import new_clip
from dashboard.shared import clip_name
from dashboard.shared.address import file_of, link_to
from dashboard.shared.parameters import PARAMETERS, parameters_of
from data import catalogue
from data.corpus import CorpusReference
from data.own import corpus as own_corpus
from tests.conftest import PROJECT, Trained
from tests.support.pages import healthy, open_page, text_of, wav
from tests.support.sounds import chirp, glides


def follow(link: str) -> AppTest:
    """Open a link as another visitor would."""
    parts = urlsplit(link)
    app = AppTest.from_file(str(PROJECT / "dashboard" / "app.py"), default_timeout=60)
    if parts.path == "/data":
        app.run()  # before that, an `AppTest` finds only pages that are called as their files are
    app.switch_page(file_of(parts.path.strip("/") or "predict"))
    app.query_params.update(dict(parse_qsl(parts.query)))
    app.run()
    healthy(app)
    return app


def address_of(app: AppTest) -> dict[str, str]:
    return {name: text if isinstance(text, str) else text[0] for name, text in app.query_params.items()}


def test_a_link_is_made_of_words_that_the_table_knows() -> None:
    link = link_to("inside", run="plain-gru", clip="voice:left", view="Step by step", frame=12)
    assert link == "/inside?run=plain-gru&clip=voice:left&view=step-by-step&frame=12"
    assert link_to("memory", cells=["gru", "lstm"], bias=2.0) == "/memory?cells=gru,lstm&bias=2"
    assert link_to("predict") == "/"
    with pytest.raises(ValueError, match=r"The page 'memory' has no parameter 'clip'. It has: view, task, cells"):
        link_to("memory", clip="voice:left")
    for one in PARAMETERS:
        for page in one.pages:
            assert (PROJECT / "dashboard" / file_of(page)).is_file()


def test_every_parameter_is_documented() -> None:
    page = (PROJECT / "docs" / "addresses.md").read_text(encoding="utf-8")
    for one in PARAMETERS:
        assert f"| `{one.name}` | {', '.join(one.pages)} | {one.title} |" in page, one.name


def test_a_link_opens_inside_in_its_state_and_the_address_follows_the_page() -> None:
    app = follow(link_to("inside", run="plain-gru", clip="voice:left", view="Order", order="shuffled", shuffle=7))
    assert app.selectbox(key="inside_run").value == "plain-gru"
    assert "A synthetic voice says “left”" in text_of(app)
    assert app.segmented_control(key="order").value == "shuffled"
    assert app.number_input(key="shuffle").value == 7
    assert address_of(app) == {
        "run": "plain-gru", "clip": "voice:left", "view": "order", "order": "shuffled", "shuffle": "7"
    }  # fmt: skip
    app.segmented_control(key="inside_view").set_value("Gradient").run()
    app.selectbox(key="inside_word").set_value("right").run()
    healthy(app)
    assert address_of(app)["view"] == "gradient"
    assert address_of(app)["clip"] == "voice:right"
    app.query_params.update({"view": "order", "clip": "voice:left"})  # the browser's Back
    app.run()
    assert app.segmented_control(key="inside_view").value == "Order"
    assert app.selectbox(key="inside_word").value == "left"


def test_inside_goes_back_to_earlier_epochs_and_holds_gates() -> None:
    app = follow(link_to("inside", epoch="2", hold=["forget shut"]))
    assert app.select_slider(key="inside_epoch-plain-lstm").value == 2
    assert "Recognised: **stop**" not in text_of(app)
    assert "After epoch 2:" in text_of(app)
    app.query_params.update({"epoch": "final", "hold": "forget open"})
    app.run()
    held_open = text_of(app)
    app.button_group(key="inside_hold-lstm").set_value([]).run()
    healthy(app)
    assert "Recognised: **stop**" in text_of(app)
    assert text_of(app) != held_open
    assert "hold" not in app.query_params
    app.select_slider(key="inside_epoch-plain-lstm").set_value(0).run()
    healthy(app)
    assert "random weights" in text_of(app)
    assert "Recognised: **stop**" not in text_of(app)
    app.selectbox(key="inside_run").set_value("plain-gru").run()
    healthy(app)
    assert "turn on **Keep epochs**" in text_of(app)


def test_a_link_within_the_session_wins_over_what_was_chosen_before() -> None:
    app = follow(link_to("inside", run="plain-lstm", view="Gradient"))
    app.switch_page("app_pages/memory.py")
    app.run()
    assert address_of(app)["task"] == "recall"
    app.switch_page("app_pages/inside.py")
    app.run()
    assert app.segmented_control(key="inside_view").value == "Gradient", "from the menu: as it was left"
    app.switch_page("app_pages/memory.py")
    app.run()
    app.switch_page("app_pages/inside.py")
    app.query_params["view"] = "step-by-step"
    app.run()
    assert app.segmented_control(key="inside_view").value == "Step by step", "also a view that comes first anyway"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"run": "gone"}, "The model “gone” that the link asks for is not here any more."),
        ({"clip": "voice:banana"}, "The clip “voice:banana” that the link asks for is not here any more."),
        ({"clip": "fsdd/../../../etc/passwd"}, "The clip “fsdd/../../../etc/passwd” that the link asks for"),
        ({"view": "soup"}, "The view “soup” that"),
        ({"view": "order", "shuffle": "-3"}, "The number of the shuffle “-3” that"),
    ],
)
def test_what_is_not_there_any_more_is_one_sentence(state: dict, said: str) -> None:
    app = follow("/inside?" + "&".join(f"{name}={text}" for name, text in state.items()))
    assert [one.value for one in app.warning if said in one.value.replace("\\", "")]
    assert len(app.warning) == 1
    assert "Recognised: **" in text_of(app), "the page shows something all the same"


def test_a_clip_of_a_corpus_is_found_by_its_name(home: Path, trained: Trained) -> None:
    run = trained.folder.name
    app = follow(link_to("inside", run=run))
    app.segmented_control(key="inside_source").set_value("Corpus").run()
    app.number_input(key="inside_number").set_value(2).run()
    healthy(app)
    name = address_of(app)["clip"]
    shown = next(one.value for one in app.caption if "clip " in one.value)
    assert not name.startswith("/")
    assert str(home) not in name
    again = follow(link_to("inside", run=run, clip=name))
    assert again.number_input(key="inside_number").value == 2
    assert shown in [one.value for one in again.caption]
    gone = follow(link_to("inside", run=run, clip=name.rsplit("/", 1)[0] + "/gone.wav"))
    assert ["gone.wav” that the link asks for is not here" in one.value for one in gone.warning] == [True]


def test_the_name_of_a_clip_leads_back_to_it(tmp_path: Path) -> None:
    glides(tmp_path / "sounds", speakers=2)
    reference = CorpusReference(str(tmp_path / "sounds"))
    clips = catalogue.open_corpus(reference).index().clips
    names = [clip_name.of_clip(clip, reference) for clip in clips]
    assert all(name.startswith("sounds/") for name in names)
    assert len(set(names)) == len(clips)
    for name, clip in zip(names, clips, strict=True):
        assert clip_name.corpus_of(name, [CorpusReference("fsdd"), reference]) == reference
        assert clip_name.find_clip(name, clips, reference) == clip


def test_memory_compare_and_evaluate_have_addresses(home: Path) -> None:
    app = follow(link_to("memory", task="parity", cells=["gru"], bias=2, seed=5))
    assert app.segmented_control(key="memory_task").value == "parity"
    assert app.slider(key="memory_bias").value == 2.0
    assert app.number_input(key="memory_seed").value == 5
    assert address_of(app)["cells"] == "gru"
    app = follow(link_to("compare", cells=["gru", "lstm"], trainings=2, epochs=9))
    assert app.slider(key="compare_seeds").value == 2
    assert app.slider(key="compare_epochs").value == 9
    assert address_of(app)["cells"] == "gru,lstm"
    app = follow(link_to("compare", question="last-state-or-mean", budget="time", seconds=60, rates=["0.001", "0.004"]))
    assert app.segmented_control(key="compare_question").value == "Last state or mean?"
    assert app.slider(key="compare_seconds").value == 60
    assert "the best of 0.001, 0.004 on validation clips" in text_of(app)
    assert address_of(app)["result"] == "last-or-mean"
    app = follow(link_to("evaluate", split="validation", tab="Per class", matrix="shares"))
    assert "accuracy on **validation**" in text_of(app)
    assert address_of(app)["matrix"] == "shares"
    assert address_of(app)["tab"] == "Per class"
    assert app.session_state["tab"] == "Per class"
    app = follow(link_to("evaluate", corpus="own:gone"))
    assert any("The corpus “own:gone” that" in one.value.replace("\\", "") for one in app.warning)


def test_a_name_means_one_thing_on_a_page() -> None:
    """The search of Inside had vanished behind that of Compare: both are called so."""
    names = [(page, one.name) for one in PARAMETERS for page in one.pages]
    assert len(names) == len(set(names))
    assert parameters_of("inside")["search"].is_label
    assert not parameters_of("compare")["search"].is_label


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (link_to("predict", run="plain-gru", clip="voice:left"), "A synthetic voice says “left”"),
        (link_to("predict", run="plain-gru", clip="noise:1"), "Noise"),
    ],
)
def test_a_link_opens_predict_with_its_clip(link: str, said: str) -> None:
    app = follow(link)
    assert app.selectbox(key="predict_run").value == "plain-gru"
    assert said in [one.value for one in app.caption]
    assert link_to("predict", **address_of(app)) == link
    app.switch_page("app_pages/live.py").run()
    app.switch_page("app_pages/predict.py").run()
    assert said in [one.value for one in app.caption], "from the menu: as it was left"


@pytest.mark.parametrize("clip", ["fsdd/0_theo_3.wav", "voice:" + 61 * "a", "voice:", "noise:-1", "noise:x"])
def test_predict_says_that_a_clip_is_not_there(clip: str) -> None:
    app = follow(f"/?clip={clip}")
    assert ["that the link asks for is not here any more" in one.value for one in app.warning] == [True]
    assert address_of(app).keys() == {"run"}


def test_back_leads_to_what_the_address_left_out() -> None:
    """Back from the first example wrote it into the address again: it had to be pressed twice to leave the page."""
    app = follow(link_to("predict", run="plain-gru", clip="voice:left"))
    del app.query_params["clip"]
    app.run()
    assert not [one for one in app.caption if "A synthetic voice says" in one.value]
    assert address_of(app) == {"run": "plain-gru"}
    app = follow(link_to("data", corpus="synthetic_voices"))
    del app.query_params["corpus"]
    assert [one.label for one in app.run().text_input] == ["Folder"]


def test_train_data_and_compare_have_addresses(trained: Trained, home: Path) -> None:
    run = trained.folder.name
    app = follow(link_to("train", corpus="synthetic_voices", cell="lstm", recipe="plain", run=run))
    assert app.session_state["train_cell"] == "lstm"
    assert app.session_state["train_recipe"] == "plain"
    assert [one.value for one in app.subheader] == [Run(home / "runs" / run).name]
    assert address_of(app) == {"corpus": "synthetic_voices", "cell": "lstm", "recipe": "plain", "run": run}
    app = follow(link_to("train", run="gone", cell="soup"))
    said = " ".join(one.value for one in app.warning)
    assert "The cell “soup” that" in said
    assert "The model “gone” that" in said
    app = follow(link_to("data", corpus="soup"))
    assert ["The corpus “soup” that" in one.value for one in app.warning] == [True]
    assert address_of(app) == {"corpus": "synthetic_voices"}
    app = follow(link_to("compare", corpus="synthetic_voices"))
    assert address_of(app)["corpus"] == "synthetic_voices"


def test_data_shows_the_tab_and_the_word_of_a_link(trained: Trained) -> None:
    app = open_page("corpora")
    app.selectbox(key="corpus-box-data").set_value("a folder on this computer").run()
    app.text_input(key="data_folder").set_value(str(trained.corpus)).run()
    app.selectbox(key="data_word").set_value("rise").run()
    assert address_of(app)["word"] == "rise"
    app = follow(link_to("data", tab="Listen", word="hum"))
    assert app.session_state["tab"] == "Listen"
    assert app.selectbox(key="data_word").value == "hum"
    app.switch_page("app_pages/evaluate.py").run()
    healthy(app)
    app.switch_page("app_pages/corpora.py").run()
    assert (app.session_state["tab"], app.selectbox(key="data_word").value) == ("Listen", "hum")


def test_your_words_open_at_their_section(workspace_folder: Path) -> None:
    app = follow(link_to("words", corpus="gone"))
    assert ["The corpus “gone” that" in one.value for one in app.warning] == [True]
    own_corpus.create("first")
    second = own_corpus.create("second")
    second.add([new_clip(wav(chirp(400, 2200)), label, None, "upload", "a.wav") for label in ("lamp", "door")])
    app = follow(link_to("words", corpus="second", section="Clips", word="door"))
    assert app.selectbox(key="own_choice").value == "second"
    assert app.dataframe[0].value["word"].tolist() == ["door"]
    assert address_of(app) == {"corpus": "second", "section": "clips", "view": "list", "word": "door"}
    for page in ("predict", "words"):
        app.switch_page(f"app_pages/{page}.py").run()
    assert app.dataframe[0].value["word"].tolist() == ["door"]
    clip = second.clips()[1]
    second.keep([clip.id])
    app = follow(link_to("words", corpus="second", section="Clips", view="One by one", clip=clip.id))
    app.run()
    assert "**lamp** · unknown speaker" in text_of(app), "kept or not"
    assert address_of(app)["clip"] == clip.id
    app = follow(link_to("words", corpus="second", section="Clips", view="One by one", clip="gone"))
    assert ["The clip “gone” that" in one.value for one in app.warning] == [True]
