"""The course: its overview, its frame, and each scene as a student walks through it, without a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from audio_models.jobs.runs import bundled_run
from audio_models.recognition.recognizer import Recognizer
from dashboard.learn import charts, lanes, progress
from dashboard.learn.course import SCENES, Scene
from dashboard.learn.reading import word
from dashboard.learn.scenes.memory import latest_start
from dashboard.learn.scenes.order import shuffled_within
from dashboard.shared.glossary import TERMS, slug, term
from tests.support.pages import button, healthy, open_page, text_of


def _open_scene(slug: str) -> AppTest:
    app = open_page("learn")
    app.query_params["scene"] = slug
    app.run()
    healthy(app)
    return app


def _reveal(app: AppTest, scene: str, place: int = 0) -> None:
    radio = app.radio(key=f"learn_guess-{scene}")
    radio.set_value(radio.options[place]).run()
    button(app, "Reveal").click().run()
    healthy(app)


@pytest.mark.parametrize("scene", SCENES, ids=[scene.slug for scene in SCENES])
def test_a_scene_asks_before_it_answers_and_keeps_the_guess(scene: Scene, home: Path) -> None:
    app = _open_scene(scene.slug)
    assert not app.error
    assert app.subheader[0].value == scene.title
    assert "You guessed" not in text_of(app)
    assert button(app, "Reveal").disabled, "nothing is chosen yet"
    chosen = app.radio(key=f"learn_guess-{scene.slug}").options[-1]
    _reveal(app, scene.slug, -1)
    assert "You guessed" in text_of(app)
    assert not app.error
    assert progress.read().of(scene.slug).guess == chosen
    assert "You guessed" in text_of(_open_scene(scene.slug)), "another day too"


def test_a_guess_can_be_changed_before_it_is_revealed_and_made_again_after(home: Path) -> None:
    app = _open_scene("order")
    app.radio(key="learn_guess-order").set_value("both").run()
    _reveal(app, "order", 3)
    assert progress.read().of("order").guess == "neither"
    button(app, "Guess again").click().run()
    healthy(app)
    assert "You guessed" not in text_of(app)
    assert "From **stop** to **up**" not in text_of(app), "the answer is hidden again"
    assert progress.read().of("order").guess == "neither", "it stays until there is another"
    _reveal(app, "order", 1)
    assert "You guessed right" in text_of(app)
    assert progress.read().of("order").guess == "only the recurrent network's"


def test_the_verdict_on_the_gru_comes_after_the_guess(home: Path) -> None:
    app = _open_scene("gru")
    assert "Supported" not in text_of(app)
    _reveal(app, "gru")
    assert "Supported, by counting" in text_of(app)


@pytest.mark.parametrize(("scene", "terms"), [
    ("vanishing", ("vanishing gradient", "backpropagation through time")), ("in_keras", ("LSTM", "gate")),
    ("any_algorithm", ("Turing completeness", "recurrent network")),
])  # fmt: skip
def test_terms_lead_into_the_glossary(scene: str, terms: tuple[str, ...], home: Path) -> None:
    app = _open_scene(scene)
    _reveal(app, scene)
    for name in terms:
        assert f"](learn?term={slug(name)})" in text_of(app), name


def test_the_overview_counts_what_is_done_and_can_start_over(home: Path) -> None:
    progress.update(SCENES[0].slug, guess="both", solved=True)
    app = open_page("learn")
    assert f"1 of {len(SCENES)} scenes done" in app.get("progress")[0].proto.text
    button(app, "Start over").click().run()
    healthy(app)
    assert f"0 of {len(SCENES)} scenes done" in app.get("progress")[0].proto.text
    assert progress.read() == progress.Progress()


def test_a_damaged_file_of_progress_is_named(home: Path) -> None:
    progress.update("order", guess="both")
    (home / "learn" / "progress.json").write_text("[]")
    app = open_page("learn")
    assert "progress.json is damaged" in app.error[0].value


def test_shuffling_moves_every_frame_within_its_window() -> None:
    for window in (1, 3, 8, 0):
        order = shuffled_within(21, window, seed=3)
        assert sorted(order) == list(range(21))
        assert np.abs(order - np.arange(21)).max() < (window or 21)
    assert list(shuffled_within(21, 1, 0)) == list(range(21))


def test_order_moves_the_gru_and_not_the_mean_and_its_task_can_be_solved(home: Path) -> None:
    app = _open_scene("order")
    _reveal(app, "order", 1)
    assert "You guessed right" in text_of(app)
    assert "Still **stop**: no probability changed." in text_of(app)
    assert "From **stop** to **up**" in text_of(app)
    assert not progress.read().of("order").solved, "its window is too wide"
    app.select_slider(key="learn_order_window").set_value(8).run()
    assert "Solved" in text_of(app)
    app.select_slider(key="learn_order_window").set_value(1).run()
    healthy(app)
    assert text_of(app).count("no probability changed") == 2
    assert progress.read().of("order").done


def test_the_state_holds_the_beginning_of_the_word(home: Path) -> None:
    """Without “st” the GRU hears “up” in “stop”; the task is solved at the latest start of another word, not before it."""
    app = _open_scene("memory")
    _reveal(app, "memory", 1)
    assert "You guessed right" in text_of(app)
    assert "**stop** from all of it, **up** from the cut clip" in text_of(app)
    app.selectbox(key="learn_memory_word").set_value("go").run()
    healthy(app)
    read = word("plain-gru", "go")
    latest = latest_start(read)
    assert read.answer(read.read(latest).probabilities[-1]) == "go"
    assert read.answer(read.read(latest + 1).probabilities[-1]) != "go"
    cut = app.slider(key="learn_memory_cut_go")
    cut.set_value(((latest - 1) * read.frame_seconds, cut.max)).run()
    assert not progress.read().of("memory").solved
    cut.set_value((latest * read.frame_seconds, cut.max)).run()
    healthy(app)
    assert progress.read().of("memory").done


def test_a_reading_in_numpy_answers_as_the_served_network_does(home: Path) -> None:
    """Also of a clip whose beginning is cut away: it begins with a state of zeros."""
    read = word("plain-lstm", "left")
    recognizer = Recognizer.of_run(bundled_run("plain-lstm"))
    frames = recognizer.frames(read.samples)
    for first in (0, 7):
        [expected] = recognizer.probabilities([frames[first:]])
        np.testing.assert_allclose(read.read(first).probabilities[-1], expected, atol=1e-4)


def test_a_block_is_a_run_of_equal_answers_and_can_be_read_without_seeing_it() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    lane = charts.Answers("cut", probabilities, ["a", "_unknown_"], 0.02, first=5)
    assert lane.says == "The answer, cut: a to 0.14 s, another word to 0.16 s."
    assert charts.in_words([lane, lane]) == f"{lane.says} {lane.says}"
    runs = lane.runs()
    assert runs["label"].tolist() == ["a", "another word"]
    np.testing.assert_allclose(runs[["start", "end", "confidence"]], [[0.1, 0.14, 0.6], [0.14, 0.16, 0.8]])


def test_the_unrolled_loop_shares_its_weights_and_loses_the_word_with_its_cell_state(home: Path) -> None:
    app = _open_scene("unrolled")
    read = word("plain-lstm", "stop")
    weights = read.network.cell_weights(1)
    assert weights.size == 4 * (26 * 96 + 96 * 96 + 96)
    _reveal(app, "unrolled", 1)
    assert f"**You guessed right:**] {weights.size:,}" in text_of(app)
    app.segmented_control(key="learn_unrolled_lane_LSTM").set_value("h").run()
    app.slider(key="learn_unrolled_at").set_value(30).run()
    healthy(app)
    assert not progress.read().of("unrolled").solved, "h is read anew from c"
    app.segmented_control(key="learn_unrolled_lane_LSTM").set_value("c").run()
    healthy(app)
    assert progress.read().of("unrolled").done
    assert "**c** holds the memory" in text_of(app)


def test_all_erasures_at_once_are_those_one_by_one() -> None:
    read = word("plain-lstm", "stop")
    for lane in ("h", "c"):
        at_each = read.erased_at_each(lane)
        for frame in (1, 20, len(read.frames) - 1):
            one = read.read(erase=(frame, lane)).probabilities[-1]
            np.testing.assert_allclose(at_each[frame - 1], one, atol=1e-12)


def test_the_drawing_marks_the_lane_that_is_erased() -> None:
    read = word("plain-lstm", "stop")
    svg = lanes.unrolled(read.read().states, "stop <b>", (20, "c"))
    assert [text for text in ("frame 1<", "frame 2<", "frame 20<", "frame 21<", "frame 39<") if text not in svg] == []
    assert svg.count("✕") == 1
    assert "stop &lt;b&gt;" in svg
    assert "✕" not in lanes.unrolled(read.read().states, "stop", None)


def test_the_glossary_explains_the_term_that_a_link_asks_for() -> None:
    app = open_page("learn")
    app.query_params["term"] = slug("vanishing gradient")
    app.run()
    healthy(app)
    assert app.title[0].value == "Glossary"
    assert TERMS["vanishing gradient"] in app.info[0].value
    assert all(f"**{name}**" in text_of(app) for name in ("forget gate", "MFCC"))
    app.query_params["term"] = "no-such-term"
    app.run()
    assert "no term" in app.warning[0].value


def test_every_link_into_the_glossary_names_a_term_that_is_there() -> None:
    names = [slug(name) for name in TERMS]
    assert len(set(names)) == len(names)
    assert term("gate", "gates") == "[gates](learn?term=gate)"
    with pytest.raises(KeyError, match="no term 'flux'"):
        term("flux")


def test_a_teacher_finds_the_address_of_every_scene(home: Path) -> None:
    app = open_page("learn")
    assert app.code[0].value.splitlines() == [f"/learn?scene={scene.slug}" for scene in SCENES]
    button(app, "Begin").click().run()
    healthy(app)
    assert app.subheader[0].value == SCENES[0].title
    assert app.code[0].value.endswith(f"/learn?scene={SCENES[0].slug}")
