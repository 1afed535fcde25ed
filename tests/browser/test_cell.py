"""The cell by hand in a real Chromium: its numbers are the network's own, and it answers to mouse and keyboard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from audio_models.jobs import runs
from audio_models.lab.inspection import inspect, network_of
from audio_models.networks import cells
from dashboard.lessons.cell import sources
from dashboard.lessons.cell.data import network_data
from tests.support.components import draw
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
