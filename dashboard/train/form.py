"""The form of the Train page: what to learn, with which cell and recipe; all other settings folded away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from audio_models.config import (
    CELL_TITLES,
    READOUT_TITLES,
    AugmentationConfig,
    Cell,
    FeatureConfig,
    NetworkConfig,
    Recipe,
    RunConfig,
    TrainingConfig,
)
from audio_models.jobs import launch, runs
from audio_models.jobs.progress import format_duration
from audio_models.recipes import default_augmentation, default_features, default_network, default_training
from audio_models.training import estimate
from dashboard.shared.formatting import as_text
from dashboard.shared.glossary import TERMS
from dashboard.shared.players import play, play_samples
from dashboard.shared.state import AUGMENTED_EXAMPLE, CHOSEN_RUN, STARTED_TRAININGS, WATCHED_RUN
from dashboard.shared.task_form import choose_task, clips_per_word, rounded
from data.corpus import Clip, Index
from data.errors import EchoicError
from data.task import Task

Choice = TypeVar("Choice", bound=str)

_CELL_WORDS: dict[Cell, str] = {
    "simple_rnn": "The plain recurrent network: its state is one layer's output, fed back. Its memory is short.",
    "lstm": "Gates decide what to write to a separate memory, what to forget and what to show. Its memory is long.",
    "gru": "Two gates instead of three, and no separate memory: a lighter LSTM, often as good.",
    "feed_forward": "Sees each frame on its own and averages. It cannot know in which order they came.",
}
_RECIPE_TITLES: dict[Recipe, str] = {
    "strong": "For any voice",
    "streaming": "For listening",
    "plain": "Plain cell",
}
_RECIPE_WORDS: dict[Recipe, str] = {
    "strong": "Clips are changed a little each time, convolutions look ahead of the cell and attention after it: it understands strangers best, and takes longest.",
    "streaming": "Reads forwards only and learns from clips in a row: it hears words within long recordings and live, and answers as soon as a word is over.",
    "plain": "One layer of the cell and one Dense layer, the clips as they are: the network of the textbook, trained in a minute.",
}


def show() -> None:
    """Draw the form; start a training when its button is pressed."""
    chosen = choose_task("train")
    if chosen is None:
        return
    reference, index, labels, unknown, silence = chosen
    cell = _choice("Cell", _CELL_WORDS, CELL_TITLES, "gru", "What reads the frames, one after the other.")
    recipe = _choice("Recipe", _RECIPE_WORDS, _RECIPE_TITLES, "strong", "What all the settings below start from.")
    base = runs.next_name(CELL_TITLES[cell].split(" (")[0])
    name = st.text_input("Name", placeholder=base, max_chars=60, key="name").strip() or base
    network, training, augmentation, features = _settings(cell, recipe, index)
    if len(labels) + unknown + silence < 2:
        st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=True)
        st.caption("Choose at least two words.")
        return
    task = Task(tuple(labels), unknown=unknown, silence=silence)
    config = RunConfig(reference, task, name, features, network, training, augmentation)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Start training", type="primary", icon=":material/play_arrow:")
        seconds = estimate.training_seconds(config, clips_per_word(index, labels))
        st.caption(
            f"About {format_duration(rounded(seconds))}{', less if it stops early' if training.patience else ''}."
        )
    if pressed:
        run = launch.start(config)
        WATCHED_RUN.set(run.id)
        CHOSEN_RUN.set(run.id)
        STARTED_TRAININGS.set(STARTED_TRAININGS.get() + 1)
        st.rerun()


def _choice(
    label: str, words: Mapping[Choice, str], titles: Mapping[Choice, str], default: Choice, help: str
) -> Choice:
    """One of the keys of `words`, and under it what choosing it means."""
    chosen: Choice = (
        st.segmented_control(
            label, list(words), default=default, required=True, format_func=titles.__getitem__, key=label.lower(), help=help
        )
        or default
    )  # fmt: skip
    st.caption(words[chosen])
    return chosen


def _settings(
    cell: Cell, recipe: Recipe, index: Index | None
) -> tuple[NetworkConfig, TrainingConfig, AugmentationConfig, FeatureConfig]:
    """Everything else, folded away; cell and recipe set the defaults."""

    def key(name: str) -> str:
        return f"{name}-{cell}-{recipe}"

    # a new one, and so folded, after each start: unfolded it is longer than the window, and the training would be out of sight
    with st.expander("More settings", icon=":material/tune:", key=f"more-settings-{STARTED_TRAININGS.get()}"):
        parts = st.tabs(["Network", "Training", "Augmentation", "Features"])
        with parts[0]:
            network = _network(default_network(cell, recipe), key)
        with parts[1]:
            training = _training(default_training(cell, recipe), key)
        with parts[3]:
            features = _features(default_features(recipe), key)
        with parts[2]:
            augmentation = _augmentation(default_augmentation(recipe), key)
            if augmentation.augment:
                _before_and_after(augmentation, features, index)
    return network, training, augmentation, features


def _numbers(columns: Sequence[Any], defaults: Any, key: Callable[[str], str]) -> Callable[..., Any]:
    """A function that draws the input of one numeric setting of `defaults` in one of `columns`."""

    def number(place: int, label: str, low: Any, high: Any, name: str, help: str, **more: Any) -> Any:
        return columns[place].number_input(label, low, high, getattr(defaults, name), key=key(name), help=help, **more)

    return number


def _network(defaults: NetworkConfig, key: Callable[[str], str]) -> NetworkConfig:
    recurrent = defaults.cell != "feed_forward"
    columns = st.columns(3)
    units = columns[0].number_input(
        "Units", 1, 1024, defaults.units, key=key("units"),
        help="Size of the state: how many numbers the network can keep in mind.",
    )  # fmt: skip
    layers = columns[1].number_input(
        "Layers", 1, 4, defaults.layers, key=key("layers"), help="Recurrent layers on top of each other."
    )
    dropout = columns[2].number_input(
        "Dropout", 0.0, 0.9, defaults.dropout, 0.05, key=key("dropout"),
        help="Share of outputs set to zero in training, against learning by heart.",
    )  # fmt: skip
    if not recurrent:
        return NetworkConfig(defaults.cell, units, layers, False, dropout)
    convolutions = columns[0].number_input(
        "Convolutions", 0, 4, defaults.convolutions, key=key("convolutions"),
        help="Layers in front of the cell that each see five frames and five bands at once; the first two halve the number of both.",
    )  # fmt: skip
    filters = columns[1].number_input(
        "Filters", 1, 1024, defaults.filters, key=key("filters"), disabled=not convolutions,
        help="Outputs of each convolution.",
    )  # fmt: skip
    readout = st.segmented_control(
        "Answer from", list(READOUT_TITLES), default=defaults.readout, required=True, format_func=READOUT_TITLES.__getitem__,
        key=key("readout"), help="Attention is a mean whose weights the network learns: it looks where the word is.",
    )  # fmt: skip
    left, right = st.columns(2)
    bidirectional = left.toggle(
        "Bidirectional", defaults.bidirectional, key=key("bidirectional"),
        help="A second network reads the frames from the end; it needs the whole clip before it can answer.",
    )  # fmt: skip
    causal = right.toggle(
        "Causal convolutions", defaults.causal, key=key("causal"), disabled=not convolutions,
        help="They see no later frame, so that the network can listen without end.",
    )  # fmt: skip
    return NetworkConfig(
        defaults.cell, units, layers, bidirectional, dropout, readout or defaults.readout, convolutions, filters, causal
    )


def _training(defaults: TrainingConfig, key: Callable[[str], str]) -> TrainingConfig:
    columns = st.columns(3)

    number = _numbers(columns, defaults, key)
    epochs = number(0, "Epochs", 1, 1000, "epochs", "Times that the clips are gone through, at the most.")
    batch_size = number(1, "Batch size", 1, 4096, "batch_size", "Clips a step of the optimizer.")
    rate = number(
        2, "Learning rate", 1e-6, 1.0, "learning_rate",
        "Step size of the Adam optimizer; a SimpleRNN needs a smaller one.", format="%.5f",
    )  # fmt: skip
    patience = number(
        0, "Patience", 0, 1000, "patience", "Stop after so many epochs without a better validation loss; 0: never."
    )
    clip_norm = number(
        1, "Gradient bound", 0.001, 1000.0, "clip_norm",
        "A longer gradient is shortened to this norm, so that one step cannot ruin the network.",
    )  # fmt: skip
    seed = number(2, "Seed", 0, 2**31 - 1, "seed", "Same seed, same result.")
    smoothing = number(
        0, "Label smoothing", 0.0, 0.5, "label_smoothing",
        "Share of the target that is spread over all classes, so that the network is not rewarded for being too sure.",
    )  # fmt: skip
    averaging = number(
        1, "Averaging", 0.0, 0.9999, "averaging",
        "The network that is kept is a running mean of the weights, which wavers less; 0: the last weights.",
        format="%.4f",
    )  # fmt: skip
    mixup = number(
        2,
        "Mixup",
        0.0,
        2.0,
        "mixup",
        "How strongly clips are mixed in pairs, and their words with them; 0: not at all.",
    )
    in_a_row = number(
        1, "Clips in a row", 1, 20, "clips_in_a_row",
        "Read one after the other, with pauses between, and asked after every step what was said last: for a network that listens. 1: single clips.",
    )  # fmt: skip
    schedule = columns[0].selectbox(
        "Schedule", ["constant", "cosine"], index=int(defaults.schedule == "cosine"), key=key("schedule"),
        help="The learning rate stays constant, or falls along half a cosine so that the network comes to rest.",
    )  # fmt: skip
    return TrainingConfig(
        epochs,
        batch_size,
        rate,
        patience,
        clip_norm,
        seed,
        schedule,
        smoothing,
        averaging,
        mixup,
        clips_in_a_row=in_a_row,
    )


def _augmentation(defaults: AugmentationConfig, key: Callable[[str], str]) -> AugmentationConfig:
    augment = st.toggle(
        "Change training clips each time", defaults.augment, key=key("augment"),
        help="The network never sees the same clip twice, so it learns the word and not the recording.",
    )  # fmt: skip
    if not augment:
        return AugmentationConfig(augment=False)
    columns = st.columns(3)

    number = _numbers(columns, defaults, key)
    return AugmentationConfig(
        augment=True,
        speed=number(0, "Speed", 0.0, 0.5, "speed", "Largest share faster or slower; the pitch moves along.", step=0.05),
        shift_ms=number(1, "Shift [ms]", 0.0, 1000.0, "shift_ms", "Largest shift to either side.", step=10.0),
        gain_db=number(2, "Level [dB]", 0.0, 40.0, "gain_db", "Largest change of the level.", step=1.0),
        noise_probability=number(
            0, "Noise", 0.0, 1.0, "noise_probability", "How often background noise is added.", step=0.1
        ),
        lowest_snr_db=number(
            1, "Loudest noise [dB]", -20.0, 60.0, "lowest_snr_db", "The least that the clip lies above it.", step=1.0
        ),
        highest_snr_db=number(
            2, "Softest noise [dB]", -20.0, 80.0, "highest_snr_db", "The most that the clip lies above it.", step=1.0
        ),
        time_masks=number(0, "Time masks", 0, 10, "time_masks", "Stretches of frames that are blotted out."),
        time_mask_ms=number(1, "Longest mask [ms]", 0.0, 1000.0, "time_mask_ms", "Of the time masks.", step=10.0),
        frequency_masks=number(0, "Band masks", 0, 10, "frequency_masks", "Ranges of mel bands that are blotted out."),
        frequency_mask_bands=number(1, "Widest mask [bands]", 0, 128, "frequency_mask_bands", "Of the band masks."),
        noise_folder=st.text_input(
            "Folder of noise recordings", placeholder="the corpus' own noise, else generated", key=key("noise_folder"),
        ).strip(),
    )  # fmt: skip


def _before_and_after(augmentation: AugmentationConfig, features: FeatureConfig, index: Index | None) -> None:
    """One training clip as it is, and as the network might hear it."""
    if index is None:
        return
    clips = [clip for clip in index.clips if clip.split == "training"]
    if not clips:
        return
    # only when asked for: it decodes the noise and brings librosa, which takes seconds the first time
    number = AUGMENTED_EXAMPLE.get()
    if st.button("Hear an example, before and after", icon=":material/hearing:", key="hear-example"):
        number += 1
        AUGMENTED_EXAMPLE.set(number)
    if number < 0:
        return
    clip = clips[(number * 7919) % len(clips)]
    before, after = st.columns(2)
    with before:
        st.caption(f"{as_text(clip.label)}, as it is")
        play(clip)
    with after:
        try:
            changed = _changed(clip, augmentation, features, index, number)
        except EchoicError as error:
            st.error(as_text(str(error)), icon=":material/error:")
            return
        st.caption("as the network might hear it")
        play_samples(changed, features.sample_rate)


def _changed(clip: Clip, augmentation: AugmentationConfig, features: FeatureConfig, index: Index, number: int) -> Any:
    import numpy as np

    from audio_models.features.augmentation import Augmenter
    from audio_models.features.clip_audio import load_clip

    noise = _noise(augmentation.noise_folder, index.noise, features.sample_rate)
    samples = load_clip(clip, features.sample_rate)
    return Augmenter(augmentation, features, noise).waveform(samples, np.random.default_rng(number))


@st.cache_resource(max_entries=2, show_spinner=False)  # type: ignore[untyped-decorator]
def _noise(folder: str, own: tuple[Path, ...], sample_rate: int) -> Any:
    """The recordings, kept: decoding minutes of noise again for each click would take longer than all else."""
    from audio_models.features.clip_audio import noise_recordings

    return noise_recordings(folder, own, sample_rate)


def _features(defaults: FeatureConfig, key: Callable[[str], str]) -> FeatureConfig:
    columns = st.columns(3)
    frame_ms = columns[0].number_input(
        "Frame [ms]", 5.0, 200.0, defaults.frame_ms, key=key("frame_ms"),
        help="Length of the stretch that one frame looks at.",
    )  # fmt: skip
    hop_ms = columns[1].number_input(
        "Hop [ms]", 2.0, 200.0, defaults.hop_ms, key=key("hop_ms"), help="Time from one frame to the next."
    )
    n_mels = columns[2].number_input("Mel bands", 4, 256, defaults.n_mels, key=key("n_mels"))
    n_mfcc = columns[0].number_input("Coefficients", 1, 256, defaults.n_mfcc, key=key("n_mfcc"), help=TERMS["MFCC"])
    deltas = columns[1].toggle(
        "Deltas", value=defaults.deltas, key=key("deltas"), help="Add the slope of each coefficient over five frames."
    )
    cepstrum = columns[2].toggle(
        "MFCC", value=defaults.cepstrum, key=key("cepstrum"),
        help="Off: the network reads the mel bands themselves, in which neighbours in pitch stay neighbours.",
    )  # fmt: skip
    return FeatureConfig(
        frame_ms=frame_ms, hop_ms=hop_ms, n_mels=n_mels, n_mfcc=min(n_mfcc, n_mels), deltas=deltas, cepstrum=cepstrum
    )
