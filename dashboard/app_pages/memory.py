"""Memory: measure how many steps each cell remembers, on small synthetic tasks."""

from __future__ import annotations

from dataclasses import asdict, replace

import pandas as pd
import streamlit as st

from audio_models.jobs.job_folder import ACTIVE, State
from audio_models.lab import memory as memory_lab
from audio_models.lab import memory_tasks
from audio_models.lab.bundled import is_bundled, origin
from audio_models.lab.memory import LAB_CELLS, Experiment, MemoryConfig
from audio_models.lab.memory_tasks import MemoryTask
from audio_models.networks.initial_weights import INITIALISATIONS
from dashboard.lessons import charts as lesson_charts
from dashboard.lessons import handout, texts, worksheet
from dashboard.lessons.small_task import SMALL_TASK, small_task
from dashboard.lessons.texts import show_lesson
from dashboard.shared import address, job_panel, save
from dashboard.shared.cells import CELL_LOOKS
from dashboard.shared.feedback import show_errors
from dashboard.shared.formatting import as_text
from dashboard.shared.save import Download
from dashboard.shared.show_chart import show_chart

_VIEWS = ("All cells, measured", SMALL_TASK)
_INITIALISATIONS = {
    "orthogonal": "Orthogonal: preserves the norm",
    "identity": "Identity: each unit keeps its own state",
    "glorot_uniform": "Glorot: as in a feed-forward layer",
}


def _choose_task() -> str:
    address.follow("task", "memory_task", list(memory_tasks.TASKS))
    name: str = st.segmented_control(
        "Task", list(memory_tasks.TASKS), default="recall", required=True, key="memory_task", wrap=True,
        format_func=lambda name: memory_tasks.TASKS[name].title,
    )  # fmt: skip
    return name


def _settings(task: MemoryTask) -> MemoryConfig | None:
    """Draw the form; return a configuration when Measure is pressed."""
    st.markdown(task.text)
    base = MemoryConfig(task=task.name)
    address.follow_many("cells", "memory_cells", LAB_CELLS)
    cells = st.pills(
        "Cells", LAB_CELLS, selection_mode="multi", default=LAB_CELLS, key="memory_cells", wrap=True,
        format_func=lambda cell: CELL_LOOKS[cell].title,
    )  # fmt: skip
    with st.expander("Settings"):
        one, two = st.columns(2)
        lengths = one.text_input(
            "Lengths T", ", ".join(map(str, task.lengths)), key=f"memory_lengths_{task.name}",
            help="Steps over which a cell must remember. Each length is a separate training.",
        )  # fmt: skip
        address.follow("initial", "memory_initialisation", list(_INITIALISATIONS))
        initialisation = two.selectbox(
            "Initial recurrent weights", INITIALISATIONS, format_func=lambda name: _INITIALISATIONS[name],
            key="memory_initialisation",
        )  # fmt: skip
        address.follow_number("bias", "memory_bias", -2.0, 4.0)
        forget_bias = one.slider(
            "Initial gate bias", -2.0, 4.0, base.forget_bias, 0.5, key="memory_bias",
            help="Of the LSTM's forget gate and the GRU's update gate. The higher it starts, the longer both remember before any training.",
        )  # fmt: skip
        address.follow_number("clipping", "memory_clip", 0.0, 5.0)
        clip_norm = two.slider(
            "Gradient clipping", 0.0, 5.0, base.clip_norm, 0.5, key="memory_clip",
            help="Largest norm of the gradient; 0 does not clip.",
        )  # fmt: skip
        address.follow_number("units", "memory_units", 4, 128)
        units = one.slider("Units", 4, 128, base.units, 4, key="memory_units")
        address.follow_number("steps", "memory_steps", 100, 4000)
        steps = two.slider("Training steps at most", 100, 4000, base.steps, 100, key="memory_steps")
        address.follow_number("seed", "memory_seed", 0, 10_000)
        seed = one.number_input(
            "Seed",
            0,
            10_000,
            base.seed,
            key="memory_seed",
            help="Another seed gives other initial weights and sequences.",
        )
    if not st.button("Measure", type="primary", icon=":material/science:", key="measure"):
        return None
    wanted = [part.strip() for part in lengths.replace(";", ",").split(",") if part.strip()]
    if not all(part.isdecimal() for part in wanted):
        st.error(
            f"“{as_text(lengths)}” is not a list of lengths. Give whole numbers separated by commas, such as 5, 10, 20."
        )
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


def _describe(config: MemoryConfig) -> str:
    return (
        f"{config.units} units, {config.initialisation.replace('_', ' ')} recurrent weights, gate bias {config.forget_bias:g}, "
        f"{f'gradient clipped to {config.clip_norm:g}' if config.clip_norm else 'no gradient clipping'}, at most {config.steps} "
        f"steps of {config.batch_size} new sequences, one training per point, seed {config.seed}"
    )


def _table(experiment: Experiment) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"cell": CELL_LOOKS[p.cell].title, "length": p.length, "accuracy": p.accuracy, "steps": p.steps}
            for p in sorted(experiment.points, key=lambda p: (LAB_CELLS.index(p.cell), p.length))
        ]
    )


def _result(experiment: Experiment, state: State) -> None:
    config = experiment.config
    task = memory_tasks.find(config.task)
    table = _table(experiment)
    place = save.begin()
    if table.empty:
        st.caption("The first points appear in a few seconds." if state.status in ACTIVE else "No results.")
        return
    measured = {point.cell for point in experiment.points}
    chart = lesson_charts.forgetting(table, task.chance, [cell for cell in LAB_CELLS if cell in measured])
    show_chart(
        chart,
        "Accuracy of each cell by the number of steps to remember; the findings and the numbers stand below.",
        key=f"forgetting-{experiment.id}",
        title="Steps remembered",
    )
    st.caption(f"{_describe(config)}.{f' This {origin(experiment)}.' if is_bundled(experiment) else ''}")
    if state.status in ACTIVE:
        return
    found = _findings(table, config, task.chance)
    if found:
        st.markdown(found)
    st.caption(texts.MEMORY_REMARKS[task.name])
    with st.expander("Numbers"):
        st.dataframe(
            table, hide_index=True,
            column_config={
                "length": st.column_config.NumberColumn("T"),
                "accuracy": st.column_config.NumberColumn("accuracy", format="percent"),
                "steps": st.column_config.NumberColumn("training steps"),
            },
        )  # fmt: skip

    def content() -> str:
        questions = worksheet.about_memory(
            found.replace("**", ""), task.chance, config.forget_bias, list(table["cell"])
        )
        return handout.forgetting(table, chart, task.title, _describe(config), questions)

    rows = [asdict(point) for point in experiment.points]
    downloads = (
        Download("Handout", f"memory-{experiment.id}.html", content, "A worksheet with questions and an answer key."),
        *save.table("Numbers", f"memory-{experiment.id}", lambda: rows),
    )
    save.offer(place, downloads, experiment.id)


def _findings(table: pd.DataFrame, config: MemoryConfig, chance: float) -> str:
    """Say how many steps each cell remembers."""
    lines = []
    for cell, rows in table.groupby("cell", sort=False):
        rows = rows.sort_values("length")
        good = (rows["accuracy"] >= memory_lab.GOOD).to_numpy()
        held = int(good.cumprod().sum())  # lengths from the shortest on, none of them bad
        reach = 0 if not held else int(rows["length"].iloc[held - 1])
        if held == len(config.lengths):
            lines.append(f"**{cell}** remembers all {reach} steps")
        elif held == len(rows):
            lines.append(f"**{cell}** remembers {reach} steps, the longest measured")
        elif not held:
            lines.append(f"**{cell}** fails at {rows['length'].iloc[0]} steps")
        else:
            lines.append(f"**{cell}** remembers {reach} steps {_beyond(rows.iloc[held], chance)}")
    return "; ".join(lines) + "."


def _beyond(row: pd.Series, chance: float) -> str:
    """Say how a cell does at the first length at which it is not right 99 times in 100."""
    if row["accuracy"] < (1 + chance) / 2:
        return f"but fails at {row['length']}"
    return f"and is right {100 * row['accuracy']:.0f} % of the time at {row['length']}"


def _page() -> None:
    st.title("How long does each cell remember?")
    address.follow("view", "memory_view", _VIEWS)
    view = st.segmented_control(
        "View", _VIEWS, default=_VIEWS[0], required=True, key="memory_view", label_visibility="collapsed"
    )
    if view == _VIEWS[1]:
        small_task()
        return
    show_lesson(texts.MEMORY)
    form, picture = st.columns([2, 3], gap="large")
    with form, show_errors():
        task_name = _choose_task()
        config = _settings(memory_tasks.find(task_name))
        if config is not None:
            job_panel.begin(memory_lab.create(config), "memory")
    with picture, show_errors():
        job_panel.choose_and_watch(
            [*memory_lab.listing(), *memory_lab.bundled()], "memory", "Measurement", _name, _result,
            fits=lambda experiment: experiment.config.task == task_name,
        )  # fmt: skip


def _name(experiment: Experiment) -> str:
    config = experiment.config
    changed = [
        f"{name} {getattr(config, name)}".replace("_", " ")
        for name in ("initialisation", "forget_bias", "clip_norm", "units", "steps", "seed")
        if getattr(config, name) != getattr(MemoryConfig(), name)
    ]
    when = "comes with Echoic" if is_bundled(experiment) else experiment.created_text
    return f"{memory_tasks.find(config.task).title}, {when}" + (f", {', '.join(changed)}" if changed else "")


_page()
