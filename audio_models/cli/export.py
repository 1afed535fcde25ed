"""The commands `export` and `script`: a network as a folder that runs without Echoic, and a run as a program."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from audio_models.cli.terminal import TerminalProgress, print_json
from audio_models.export import keras_code, model_folder
from audio_models.export import script as scripts
from audio_models.jobs import runs


def export(options: argparse.Namespace) -> int:
    """Write a run's network to a folder and list its files."""
    run, folder = runs.find(options.run), Path(options.to)
    with TerminalProgress() as progress:
        made = model_folder.export(run, folder, kind=options.format, int8=options.int8, report=progress.report)
    if options.json:
        print_json(
            {
                "run": run.id,
                "path": str(folder.absolute()),
                "files": {name: len(content) for name, content in made.files.items()},
                "int8": asdict(made.int8) if made.int8 else None,
                "remarks": list(made.remarks),
            }
        )
        return 0
    print(f"{run.name} is in {folder}:")
    for name, content in made.files.items():
        print(f"    {name:20} {len(content):>10,} bytes")
    for remark in made.remarks:
        print(remark)
    print(f"Try it: python {folder / 'listen.py'} clip.wav")
    return 0


def script(options: argparse.Namespace) -> int:
    """Write a run as a program and a notebook in plain keras, and list the files."""
    run, folder = runs.find(options.run), Path(options.to)
    with TerminalProgress() as progress:
        made = scripts.export(run, folder, progress.report)
    if options.json:
        print_json(
            {
                "run": run.id,
                "path": str(folder.absolute()),
                "files": {name: len(content) for name, content in made.files.items()},
                "left_out": list(made.left_out),
                "remarks": list(made.remarks),
            }
        )
        return 0
    print(f"{run.name} is in {folder}:")
    for name, content in made.files.items():
        print(f"    {name:20} {len(content):>10,} bytes")
    for remark in [*(f"Left out: the run {one}." for one in made.left_out), *made.remarks]:
        print(remark)
    if keras_code.CLIPS in made.files:
        print(f"Run it: cd {folder} && python {scripts.PROGRAM}")
    return 0
