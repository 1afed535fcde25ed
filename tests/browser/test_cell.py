"""The cell by hand in a real Chromium: its numbers are the network's own, and it answers to mouse and keyboard."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from audio_models.jobs import runs
from audio_models.lab.inspection import inspect, network_of
from audio_models.networks import cells
from dashboard.lessons.cell import sources
from dashboard.lessons.cell.data import network_data
from dashboard.lessons.cell.small import small_data
from tests.support.components import draw, redraw
from tests.support.sounds import chirp

pytestmark = pytest.mark.browser

FORCED = (cells.ForcedGate("forget", True, first=5), cells.ForcedGate("input", False, first=20))
NETWORKS = ["plain-simple-rnn", "plain-lstm", "plain-gru", "commands", "commands-streaming"]


def _shown(browser: Browser, data: dict[str, Any], width: int = 1200, *, dark: bool = False) -> Page:
    return draw(browser, sources(), "cell-by-hand", data, width, dark=dark)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_number_is_the_networks_own(browser: Browser, name: str) -> None:
    run = runs.find(name)
    found, network = inspect(run, chirp(300, 2500, 1.0, seed=3)), network_of(run)
    for layer in found.trace.layers:
        data = network_data(found, network, layer.name)
        page = _shown(browser, data)
        made = page.evaluate(
            """data => {
              const model = { ...data, kernel: floats(data.kernel), recurrent: floats(data.recurrent), bias: data.bias.map(floats), x: floats(data.x) };
              const states = readSequence(model);
              const sums = [0, model.steps - 1].map((t) => model.blocks.map((block) => Array.from({ length: model.units }, (_, unit) => {
                const opened = openSum(model, block, unit, t, t ? states[t - 1] : firstState(model), states[t]);
                const { listed, rest } = largest(opened.terms, 7);
                return [opened.sum, listed.reduce((sum, one) => sum + one.product, rest), opened.frame + opened.state + opened.bias];
              })));
              return { h: states.map((one) => [...one.h]), c: states.map((one) => one.c && [...one.c]), sums,
                gates: Object.fromEntries(Object.keys(states[0].gates).map((name) => [name, states.map((one) => [...one.gates[name]])])) };
            }""",
            data,
        )
        turn = slice(None, None, -1 if layer.direction == cells.BACKWARD else 1)
        np.testing.assert_allclose(made["h"], layer.hidden[turn], atol=1e-5)
        if (memory := layer.cell_states) is not None:
            np.testing.assert_allclose(made["c"], memory[turn], atol=1e-4)
        for gate, values in made["gates"].items():
            np.testing.assert_allclose(values, layer.gate(gate)[turn], atol=1e-5)
        # the terms that are listed and the rest make the sum, and the sum makes the gate
        sums = np.array(made["sums"])  # (2 steps, blocks, units, 3 ways to add up)
        np.testing.assert_allclose(sums[..., 1:], np.repeat(sums[..., :1], 2, axis=-1), atol=1e-9)
        for place, t in enumerate((0, -1)):
            for block, summed in zip(data["blocks"], sums[place, :, :, 0], strict=True):
                if block == "state":
                    np.testing.assert_allclose(np.tanh(summed), layer.hidden[turn][t], atol=1e-5)
                    continue
                squash = np.tanh if block == "candidate" else cells.sigmoid
                np.testing.assert_allclose(squash(summed), layer.gate(block)[turn][t], atol=1e-5)
        page.close()


def test_gates_that_are_held_are_held_in_the_picture(browser: Browser) -> None:
    run = runs.find("plain-lstm")
    found, network = inspect(run, chirp(300, 2500, 1.0, seed=3)), network_of(run)
    trace = network.read(found.trace.frames, FORCED)
    page = _shown(browser, network_data(found, network, forced=FORCED))
    h = page.evaluate(
        """data => readSequence({ ...data, kernel: floats(data.kernel), recurrent: floats(data.recurrent), bias: data.bias.map(floats), x: floats(data.x) }).map((one) => [...one.h])""",
        network_data(found, network, forced=FORCED),
    )
    np.testing.assert_allclose(h, trace.layers[0].hidden, atol=1e-5)
    page.locator(".box", has_text="forget").click()
    page.get_by_label("step", exact=True).press("End")
    assert "held open" in page.locator(".formula").inner_text()
    page.close()


def test_a_gate_is_clicked_or_entered_and_its_formula_ends_in_its_value(browser: Browser) -> None:
    run = runs.find("plain-lstm")
    found, network = inspect(run, chirp(300, 2500, 1.0, seed=3)), network_of(run)
    data = network_data(found, network)
    page = _shown(browser, data)
    t, unit = 7, data["unit"]
    page.get_by_label("step", exact=True).fill(str(t))
    layer = found.trace.layers[0]
    for gate, title in (("input", "Input gate"), ("output", "Output gate"), ("candidate", "Candidate")):
        part = page.get_by_role("button", name=title)
        part.focus()
        part.press("Enter")
        assert page.locator(".formula h4").inner_text() == f"{title}, unit {unit + 1}"
        value = f"{layer.gate(gate)[t, unit]:.3f}".replace("-", "−")
        assert value in re.sub(r"\s", "", page.locator(".formula math").last.text_content() or "")
        products = [float(one.replace("−", "-")) for one in page.locator(".terms b").all_inner_texts()]
        assert sum(products[:-1]) == pytest.approx(products[-1], abs=0.005), "the terms listed add up to the sum"
    page.get_by_role("button", name="Hidden state").click()
    assert f"{layer.hidden[t, unit]:.3f}".replace("-", "−") in re.sub(
        r"\s", "", page.locator(".formula math").last.text_content() or ""
    )
    page.get_by_role("button", name="answer if the clip ended here").click()
    share = found.prefix_probabilities[t].max()
    assert f"{share:.3f}" in re.sub(r"\s", "", page.locator(".formula math").last.text_content() or "")
    page.close()


def test_arrow_keys_step_and_choose_a_unit_and_what_was_chosen_stays(browser: Browser) -> None:
    run = runs.find("plain-gru")
    found, network = inspect(run, chirp(300, 2500, 1.0, seed=3)), network_of(run)
    data = network_data(found, network)
    page = _shown(browser, data)
    part = page.get_by_role("button", name="Reset gate")
    part.click()
    for key, step, unit in (
        ("Home", 1, data["unit"] + 1),
        ("ArrowRight", 2, data["unit"] + 1),
        ("ArrowUp", 2, data["unit"]),
    ):
        part.press(key)
        assert f"step {step} of" in page.locator(".where").inner_text()
        assert page.locator(".which").inner_text() == f"unit {unit} of 96"
    page.locator(".strip i").nth(40).click()
    assert page.locator(".formula h4").inner_text() == "Reset gate, unit 41"
    h = f"{found.trace.layers[0].hidden[1, 40]:.3f}".replace("-", "−")
    strip = page.get_by_role("slider", name="unit, by its h")
    assert strip.get_attribute("aria-valuetext") == f"unit 41: h = {h}"
    page.get_by_text("All units in numbers").click()
    assert h in page.locator("tr.chosen").inner_text()
    redraw(page, data)  # another epoch of the same network
    assert page.locator(".formula h4").inner_text() == "Reset gate, unit 41"
    assert "step 2 of" in page.locator(".where").inner_text()
    page.close()


@pytest.mark.parametrize("dark", [False, True])
def test_a_small_cell_answers_within_a_tenth_of_a_second(browser: Browser, dark: bool) -> None:
    page = _shown(browser, small_data("lstm"), 388, dark=dark)
    page.get_by_role("button", name="Write and delete").click()
    page.get_by_role("button", name="x at step 9: 0").click()  # a second one is added
    weight = page.get_by_label("weight of x")
    page.get_by_role("button", name="Forget gate").click()
    took = weight.evaluate(
        """async (slider) => {
          const took = [];
          for (const value of [-7, -8, -9, -10]) {
            const began = performance.now();
            slider.value = value;
            slider.dispatchEvent(new Event("input"));
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            took.push(performance.now() - began);
          }
          return Math.min(...took);
        }"""
    )
    print(f"a weight moved: {took:.0f} ms until drawn")
    assert took < 300
    assert "keeps 1\u00a0%" in page.locator(".formula p").inner_text(), "the gate shuts where the one comes in"
    page.get_by_role("button", name="Untrained").click()
    page.get_by_label("units of the untrained cell").fill("4")
    assert page.locator(".which").inner_text() == "unit 1 of 4"
    assert page.locator(".terms input").count() == 6, "a frame, four states, a bias"
    assert page.evaluate("document.documentElement.scrollWidth") <= 388
    page.close()


def test_an_untrained_cell_is_drawn_as_keras_draws_it(browser: Browser) -> None:
    page = _shown(browser, small_data("lstm"))
    made = page.evaluate(
        """() => { const one = untrained("lstm", ["input", "forget", "candidate", "output"], 4, [0]);
          return { kernel: [...one.kernel], recurrent: [...one.recurrent], bias: [...one.bias[0]] }; }"""
    )
    recurrent = np.array(made["recurrent"]).reshape(4, 16)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(4), atol=1e-9)
    assert np.abs(made["kernel"]).max() <= np.sqrt(6 / 17)
    assert made["bias"] == [0] * 4 + [1] * 4 + [0] * 8
    page.close()


def test_a_compact_cell_fits_a_scene(browser: Browser) -> None:
    run = runs.find("plain-lstm")
    found, network = inspect(run, chirp(300, 2500, 1.0, seed=3)), network_of(run)
    page = _shown(browser, network_data(found, network) | {"compact": True}, 660)
    assert page.locator(".cell-by-hand").evaluate("one => one.clientHeight") < 760
    assert page.locator(".terms .sum").first.is_visible()
    assert not page.locator(".lanes").is_visible()
    page.close()
