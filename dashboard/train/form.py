"""The form of the Train page: what to learn, with which cell and recipe; all other settings are folded away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st

from audio_models.config import (
    CELLS,
    RECIPES,
    AugmentationConfig,
    Cell,
    FeatureConfig,
    NegativesConfig,
    NetworkConfig,
    Recipe,
    RunConfig,
    TrainingConfig,
)
from audio_models.errors import ConfigError
from audio_models.jobs import launch, runs
from audio_models.jobs.progress import format_duration
from audio_models.recipes import (
    default_augmentation,
    default_features,
    default_negatives,
    default_network,
    default_training,
)
from audio_models.settings import settings_of
from audio_models.training import estimate
from dashboard.shared import address, remembered
from dashboard.shared.about_card import about_corpus
from dashboard.shared.cells import CELL_LOOKS
from dashboard.shared.formatting import as_text
from dashboard.shared.settings_form import edit
from dashboard.shared.state import (
    CHANGED_SETTINGS,
    CHOSEN_RUN,
    STARTED_TRAININGS,
    TRAIN_CELL,
    TRAIN_NAME,
    TRAIN_NAME_USED,
    TRAIN_RECIPE,
    WATCHED_RUN,
)
from dashboard.shared.task_form import choose_task, clips_per_word, rounded
from dashboard.train.example import before_and_after
from dashboard.train.other_folders import choose_folders
from data.corpus import Index
from data.errors import EchoicError

Choice = TypeVar("Choice", bound=str)
Part = TypeVar("Part", FeatureConfig, NetworkConfig, TrainingConfig, AugmentationConfig, NegativesConfig)
Configs = tuple[FeatureConfig, NetworkConfig, TrainingConfig, AugmentationConfig, NegativesConfig]

_CELL_TEXTS: dict[Cell, str] = {
    "simple_rnn": "The plain recurrent network: one layer whose output is fed back as its state. Short memory.",
    "lstm": "Three gates decide what to write to a separate memory cell, what to forget and what to show. Long memory.",
    "gru": "Two gates and no separate memory cell: lighter than an LSTM and often as good.",
    "feed_forward": "Sees each frame on its own and averages the answers, so the order of the frames is lost.",
}
_CELL_TITLES: dict[Cell, str] = {cell: look.title for cell, look in CELL_LOOKS.items()}
_RECIPE_TITLES: dict[Recipe, str] = {
    "strong": "For any voice",
    "streaming": "For listening",
    "plain": "Plain cell",
}
_RECIPE_TEXTS: dict[Recipe, str] = {
    "strong": "Augmented clips, convolutions before the cell and attention after it. Best on unknown voices; takes longest.",
    "streaming": "Reads forwards only and learns from sequences of clips. Finds words in long recordings and live, without delay.",
    "plain": "One layer of the cell and one Dense layer, without augmentation: the textbook network, trained in a minute.",
}
_RECURRENT_ONLY = ("bidirectional", "readout", "convolutions", "filters", "causal")


def show() -> None:
    """Draw the form; start a training when its button is pressed."""
    chosen = choose_task("train", makes_unknown=True)
    if chosen is None:
        return
    about_corpus(chosen.reference)
    place = st.container()
    last = remembered.load()
    TRAIN_CELL.start_with(last.cell if last.cell in CELLS else "gru")
    TRAIN_RECIPE.start_with(last.recipe if last.recipe in RECIPES else "strong")
    address.follow("cell", TRAIN_CELL.key, CELLS)
    address.follow("recipe", TRAIN_RECIPE.key, RECIPES)
    cell = _choice("Cell", _CELL_TEXTS, _CELL_TITLES, "gru", "The layer that reads the frames, one after the other.")
    recipe = _choice("Recipe", _RECIPE_TEXTS, _RECIPE_TITLES, "strong", "Sets all the settings below.")
    if (cell, recipe) != (last.cell or "gru", last.recipe or "strong"):
        remembered.keep(cell=cell, recipe=recipe)
    folders: tuple[str, ...] | None = ()
    if chosen.unknown and recipe != "plain":
        with place:
            folders = choose_folders()
    base = runs.next_name(_CELL_TITLES[cell])
    if TRAIN_NAME_USED.pop():  # the next training has a name of its own
        TRAIN_NAME.set("")
    remembered.follow(TRAIN_NAME.key, str)
    name = st.text_input("Name", placeholder=base, max_chars=60, key=TRAIN_NAME.key).strip() or base
    configs, problem = _settings(cell, recipe, chosen.index)
    if not chosen.is_enough:
        _cannot_start()
        st.caption("Choose at least two words.")
        return
    if folders is None:
        _cannot_start()
        st.caption("Give other folders of other recordings, or none.")
        return
    try:
        if problem is not None:
            raise problem
        negatives = replace(configs[4], other=folders)
        config = RunConfig(chosen.reference, chosen.task, name, *configs[:4], negatives=negatives)
        if chosen.unknown and not chosen.has_other_words and not negatives.makes:
            raise ConfigError(
                "Every word of the corpus is listed, so none is left to reject. List fewer words, choose another recipe, "
                "or turn off Reject other words."
            )
    except EchoicError as error:
        _cannot_start()
        st.error(as_text(str(error)), icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Start training", type="primary", icon=":material/play_arrow:")
        seconds = estimate.training_seconds(config, clips_per_word(chosen.index, chosen.labels))
        early = ", less if it stops early" if config.training.patience else ""
        st.caption(f"About {format_duration(rounded(seconds))}{early}.")
    if pressed:
        run = launch.start(config)
        WATCHED_RUN.set(run.id)
        CHOSEN_RUN.set(run.id)
        STARTED_TRAININGS.set(STARTED_TRAININGS.get() + 1)
        TRAIN_NAME_USED.set(True)
        for folder in folders:
            remembered.use("other_folders", folder)
        st.rerun()


def _cannot_start() -> None:
    st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=True)


def _choice(
    label: str, texts: Mapping[Choice, str], titles: Mapping[Choice, str], default: Choice, help: str
) -> Choice:
    """Choose one of the keys of `texts`; the text explains the choice."""
    chosen: Choice = (
        st.segmented_control(
            label, list(texts), default=default, required=True, format_func=titles.__getitem__, key=f"train_{label.lower()}", help=help,
            wrap=True,
        )
        or default
    )  # fmt: skip
    st.caption(texts[chosen])
    return chosen


def _settings(cell: Cell, recipe: Recipe, index: Index | None) -> tuple[Configs, ConfigError | None]:
    """Draw all other settings, folded away; return them, and the first one that cannot be.

    Every part is drawn even then: Streamlit forgets what the user gave to a widget that is not drawn. Another cell keeps what
    the user has changed; another recipe sets everything anew, as it says.
    """
    key = f"{cell}-{recipe}"
    problems: list[ConfigError] = []
    changed = CHANGED_SETTINGS.of(recipe)
    remembered.follow(changed.key, dict)

    def part(default: Part, **which: Any) -> Part:
        start = _with_changes(default, changed.get() or {}, **which)
        try:
            made = edit(start, key, **which)
        except ConfigError as error:
            problems.append(error)
            return default
        names = [row.name for row in settings_of(type(default)) if _is_drawn(row.name, **which)]
        differs = {name: getattr(made, name) for name in names if getattr(made, name) != getattr(default, name)}
        others = {name: value for name, value in (changed.get() or {}).items() if name not in names}
        changed.set({**others, **differs})
        return made

    # A new expander, folded, after each start: unfolded it is longer than the window and hides the training.
    with st.expander("More settings", icon=":material/tune:", key=f"more-settings-{STARTED_TRAININGS.get()}"):
        tabs = st.tabs(["Network", "Training", "Augmentation", "Features", "Rejection"])
        with tabs[0]:
            network = part(
                default_network(cell, recipe), hidden=("cell", *(_RECURRENT_ONLY if cell == "feed_forward" else ()))
            )
        with tabs[1]:
            training = part(default_training(cell, recipe))
        with tabs[3]:
            features = part(default_features(recipe))
        with tabs[2]:
            augmentation = part(default_augmentation(recipe), only=("augment",))
            if augmentation.augment:
                augmentation = part(augmentation, hidden=("augment",))
                before_and_after(augmentation, features, index)
        with tabs[4]:
            st.caption("What other words are learned from, if they are to be rejected.")
            negatives = part(default_negatives(recipe))
    return (features, network, training, augmentation, negatives), problems[0] if problems else None


def _with_changes(default: Part, changed: Mapping[str, Any], **which: Any) -> Part:
    """The defaults of a cell with the user's changes, as far as they are drawn and go with it."""
    rows = {row.name: row for row in settings_of(type(default)) if _is_drawn(row.name, **which)}
    drawn: dict[str, Any] = {
        name: tuple(value) if rows[name].is_list else value  # a tuple is kept as a list
        for name, value in changed.items()
        if name in rows
    }
    try:
        return replace(default, **drawn)
    except (ConfigError, TypeError):  # kept by another version, say
        return default


def _is_drawn(name: str, *, only: Collection[str] | None = None, hidden: Collection[str] = ()) -> bool:
    return name not in hidden and (only is None or name in only)
