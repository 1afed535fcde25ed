"""Memory lab: how far back each cell remembers, measured in front of the user with small made-up tasks."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from audio_models.config import CELL_TITLES
from audio_models.jobs.job_folder import ACTIVE, State
from audio_models.lab import memory as memory_lab
from audio_models.lab import memory_tasks
from audio_models.lab.memory import INITIALISATIONS, LAB_CELLS, Experiment, MemoryConfig
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import handout, texts
from dashboard.lessons.texts import show_lesson
from dashboard.shared import job_panel
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text

_INITIALISATIONS = {
    "orthogonal": "Orthogonal: the matrix keeps lengths",
    "identity": "Identity: each unit hands on its own state",
    "glorot_uniform": "Glorot: as for a layer without a loop",
}


def _settings() -> MemoryConfig | None:
    """The form; a configuration once it is sent."""
    task_name = st.segmented_control(
        "Task", list(memory_tasks.TASKS), default="recall", required=True, key="memory_task",
        format_func=lambda name: memory_tasks.TASKS[name].title,
    )  # fmt: skip
    task = memory_tasks.TASKS[task_name]
    st.markdown(task.text)
    base = MemoryConfig(task=task.name)
    cells = st.pills(
        "Cells", LAB_CELLS, selection_mode="multi", default=LAB_CELLS, key="memory_cells",
        format_func=lambda cell: CELL_TITLES[cell],
    )  # fmt: skip
    with st.expander("What cures it, what causes it"):
        one, two = st.columns(2)
        lengths = one.text_input(
            "Lengths T", ", ".join(map(str, task.lengths)), key=f"memory_lengths_{task.name}",
            help="Steps over which a cell must remember. Each length is a training of its own.",
        )  # fmt: skip
        initialisation = two.selectbox(
            "First recurrent weights", INITIALISATIONS, format_func=lambda name: _INITIALISATIONS[name],
            key="memory_initialisation",
        )  # fmt: skip
        forget_bias = one.slider(
            "Bias of the gate that keeps the memory", -2.0, 4.0, base.forget_bias, 0.5, key="memory_bias",
            help="The forget gate of an LSTM, the update gate of a GRU. The higher at the start, the longer both remember before they have learned anything.",
        )  # fmt: skip
        clip_norm = two.slider(
            "Bound on the gradient", 0.0, 5.0, base.clip_norm, 0.5, key="memory_clip",
            help="Cuts gradients that explode. 0 lets them be.",
        )  # fmt: skip
        units = one.slider("Units", 4, 128, base.units, 4, key="memory_units")
        steps = two.slider("Steps of training, at the most", 100, 4000, base.steps, 100, key="memory_steps")
        seed = one.number_input(
            "Seed", 0, 10_000, base.seed, key="memory_seed", help="Another seed, another throw of the dice."
        )
    if not st.button("Measure", type="primary", icon=":material/science:", key="measure"):
        return None
    wanted = [part.strip() for part in lengths.replace(";", ",").split(",") if part.strip()]
    if not all(part.isdecimal() for part in wanted):
        st.error(f"The lengths are “{as_text(lengths)}”; give whole numbers with commas between, as in 5, 10, 20.")
        return None
    return replace(
        base,
        cells=tuple(cells),
        lengths=tuple(sorted({int(part) for part in wanted})),
        initialisation=initialisation,
        forget_bias=forget_bias,
        clip_norm=clip_norm,
        units=units,
        steps=steps,
        seed=int(seed),
    )


def _in_words(config: MemoryConfig) -> str:
    return (
        f"{config.units} units, {config.initialisation.replace('_', ' ')} recurrent weights, gate bias {config.forget_bias:g}, "
        f"gradient {'not bounded' if not config.clip_norm else f'bounded to {config.clip_norm:g}'}, at most {config.steps} "
        f"steps of {config.batch_size} new sequences, seed {config.seed}"
    )


def _table(experiment: Experiment) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"cell": CELL_TITLES[p.cell], "length": p.length, "accuracy": p.accuracy, "steps": p.steps}
            for p in sorted(experiment.points, key=lambda p: (LAB_CELLS.index(p.cell), p.length))
        ]
    )


def _result(experiment: Experiment, state: State) -> None:
    config = experiment.config
    task = memory_tasks.find(config.task)
    table = _table(experiment)
    if table.empty:
        st.caption("The first points come in a few seconds." if state.status in ACTIVE else "Nothing was measured.")
        return
    chart = lesson_charts.forgetting(table, task.chance)
    st.altair_chart(chart, key=f"forgetting-{experiment.id}")
    st.caption(_in_words(config) + ".")
    if state.status in ACTIVE:
        return
    found = _findings(table, config)
    if found:
        st.markdown(found)
    numbers, save = st.columns([3, 1], vertical_alignment="top")
    with numbers.expander("The numbers"):
        st.dataframe(
            table, hide_index=True,
            column_config={
                "length": st.column_config.NumberColumn("T"),
                "accuracy": st.column_config.NumberColumn("right answers", format="percent"),
                "steps": st.column_config.NumberColumn("steps of training"),
            },
        )  # fmt: skip
    if save.button("Save as a handout", icon=":material/description:", key=f"save-{experiment.id}", width="stretch"):
        content = handout.forgetting(table, chart, task.title, texts.MEMORY, _in_words(config))
        save.download_button("Download", content, f"memory-{experiment.id}.html", "text/html", on_click="ignore")


def _findings(table: pd.DataFrame, config: MemoryConfig) -> str:
    """How far each cell came, in words."""
    said = []
    for cell, rows in table.groupby("cell", sort=False):
        rows = rows.sort_values("length")
        good = (rows["accuracy"] >= memory_lab.GOOD).to_numpy()
        held = int(good.cumprod().sum())  # lengths from the shortest on, none of them bad
        reach = 0 if not held else int(rows["length"].iloc[held - 1])
        if held == len(config.lengths):
            said.append(f"**{cell}** held on over all {reach} steps")
        elif held == len(rows):
            said.append(f"**{cell}** held on over {reach} steps, as far as it was measured")
        elif not held:
            said.append(f"**{cell}** did not hold on over {rows['length'].iloc[0]} steps")
        else:
            said.append(f"**{cell}** held on over {reach} steps, and not over {rows['length'].iloc[held]}")
    return "; ".join(said) + "."


def _page() -> None:
    st.title("Memory lab")
    show_lesson(texts.MEMORY)
    form, picture = st.columns([2, 3], gap="large")
    with form, show_errors():
        config = _settings()
        if config is not None:
            job_panel.begin(memory_lab.create(config), "memory")
    with picture, show_errors():
        known = memory_lab.listing()
        if not known:
            st.info(
                "Nothing is measured yet. Measure: the picture grows here in two to three minutes.",
                icon=":material/science:",
            )
            return
        job_panel.choose_and_watch(known, "memory", "Measurement", _called, _result)


def _called(experiment: Experiment) -> str:
    config = experiment.config
    changed = [
        f"{name.replace('_', ' ')} {getattr(config, name)}"
        for name in ("initialisation", "forget_bias", "clip_norm", "units", "steps", "seed")
        if getattr(config, name) != getattr(MemoryConfig(), name)
    ]
    return f"{memory_tasks.find(config.task).title}, {experiment.started_in_words}" + (
        f", {', '.join(changed)}" if changed else ""
    )


_page()
