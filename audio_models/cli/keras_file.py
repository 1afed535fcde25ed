"""The command `import`: open a network that was trained elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from audio_models.cli.corpora import reference
from audio_models.cli.terminal import print_json
from audio_models.config import FeatureConfig
from audio_models.errors import KerasFileError
from audio_models.options import changed
from data import command


def import_network(options: argparse.Namespace) -> int:
    """Read a keras file and store its network as a run."""
    from audio_models.keras_files import opening

    path = Path(options.file)
    network = opening.read_file(path)
    if options.labels is None:
        raise KerasFileError(
            f"{path.name} answers with {network.classes} numbers: {network.config.summary}. Name them with --labels, in their order."
        )
    origin = opening.Origin(
        options.labels, changed(FeatureConfig(), options), options.mean, options.std,
        reference(options, options.corpus), options.name,
    )  # fmt: skip
    run = opening.open_network(network, path.name, origin)
    if options.json:
        print_json(
            {
                "id": run.id,
                "name": run.name,
                "path": str(run.folder),
                "opened_from": run.config.opened_from,
                "network": run.config.network.summary,
                "parameters": network.parameters,
                "labels": list(run.config.task.classes),
            }
        )
        return 0
    print(f"{run.name}: {run.config.network.summary}; {network.parameters:,} parameters. It is in {run.folder}")
    print(f"Look inside: {command.shell(f'inspect {run.id} clip.wav')}")
    return 0
