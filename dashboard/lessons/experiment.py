"""What Inside changes in a network before it reads the clip: the epoch of its training, and gates held open or shut.

All views of the page follow, as `inspect_clip` asks here.
"""

from __future__ import annotations

import streamlit as st

from audio_models.jobs.runs import Run
from audio_models.networks import kept_epochs
from audio_models.networks.cells import GATES, ForcedGate
from dashboard.shared import address
from dashboard.shared.state import Value
from data.phrases import percent

_FINAL = "final"
_EPOCH = Value[int | str | None]("inside_epoch", None)
"""Widget: the epoch whose weights are used, or the final network; `of` a run. Streamlit drops it with the page."""
_HELD = Value[list[str] | None]("inside_hold", None)
"""Widget: the gates that are held, such as "forget open"; `of` a cell."""


def chosen_epoch(run: Run) -> int | None:
    """The epoch that the slider stands at; None at the final network, or without a slider."""
    chosen = _EPOCH.of(run.id).get()
    return chosen if isinstance(chosen, int) and chosen in kept_epochs.listing(run.epochs_folder) else None


def held_gates(run: Run) -> tuple[ForcedGate, ...]:
    """The gates that are held open or shut."""
    chosen = _HELD.of(run.config.network.cell).get() or []
    return tuple(map(ForcedGate.named, chosen))


def named(run: Run) -> str:
    """The name of a run, with what was changed in it."""
    epoch = chosen_epoch(run)
    changes = [f"after epoch {epoch}"] if epoch is not None else []
    changes += [f"{one.gate} gate held {'open' if one.open else 'shut'}" for one in held_gates(run)]
    return ", ".join([run.name, *changes])


def follow_address(run: Run) -> None:
    """Take over what a link asks for; called before anything is read with the network."""
    options = _epochs(run)
    if options:
        value = _EPOCH.of(run.id)
        if value.get() not in options:  # such as an epoch that a running training has dropped
            value.set(_FINAL)
        address.follow("epoch", value.key, options)
    if gates := _gates(run):
        address.follow_many("hold", _HELD.of(run.config.network.cell).key, gates)


def _epochs(run: Run) -> list[int | str]:
    """The stops of the slider; none if no epoch was kept."""
    kept = kept_epochs.listing(run.epochs_folder)
    return [*kept, _FINAL] if kept else []


def _gates(run: Run) -> list[str]:
    """The gates to hold, each open and shut."""
    return [
        f"{gate} {how}"
        for gate in GATES.get(run.config.network.cell, ())
        if gate != "candidate"
        for how in ("open", "shut")
    ]


def draw(run: Run) -> None:
    """Draw the slider through the epochs and the gates to hold."""
    epochs, gates = st.columns([3, 2], vertical_alignment="bottom")
    with epochs:
        _choose_epoch(run)
    with gates:
        _hold_gates(run)


def _choose_epoch(run: Run) -> None:
    options = _epochs(run)
    if not options:
        with st.popover("Epochs", icon=":material/history:"):
            st.markdown(
                "Only the final network of this run was kept. To scrub through a training, turn on **Keep epochs** on Train "
                "(More settings, Training), or add `--keep-epochs` in the shell. The model *plain-lstm* has some."
            )
        return
    best = run.best_epoch
    st.select_slider(
        "Epoch of the training", options, key=_EPOCH.of(run.id).key,
        format_func=lambda one: str(one) if one != _FINAL else f"final ({best.epoch})" if best else "final",
        help="Reads the clip with the network as it was after that epoch; 0 is before the first. The final network is that of "
        "the epoch with the lowest validation loss. Earlier ones are kept in 8 bits.",
    )  # fmt: skip
    epoch = chosen_epoch(run)
    rows = [row for row in run.history if row.epoch == epoch]
    if epoch == 0:
        st.caption("Before training: random weights.")
    for row in rows:
        st.caption(f"After epoch {epoch}: {percent(row.validation_accuracy)} of the validation clips right.")


def _hold_gates(run: Run) -> None:
    options = _gates(run)
    if not options:
        return
    value = _HELD.of(run.config.network.cell)
    held = len(value.get() or [])
    with st.popover(f"Hold a gate ({held} held)" if held else "Hold a gate", icon=":material/valve:"):
        st.markdown("Held gates stay open (1) or shut (0) in all units at all steps, whatever the weights say.")
        st.pills("Held", options, selection_mode="multi", key=value.key, label_visibility="collapsed")
