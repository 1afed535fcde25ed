"""The course: its overview, its frame, and each scene as a student walks through it, without a browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.learn import progress
from dashboard.learn.course import SCENES, Scene
from dashboard.learn.scenes.order import shuffled_within
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
