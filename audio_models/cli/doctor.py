"""The command `doctor`, which looks for what keeps Echoic from working here."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from audio_models import doctor
from audio_models.cli.terminal import print_json


def examine(options: argparse.Namespace) -> int:
    """Print each finding; the status is 1 if something has to be done."""
    found = []
    for one in doctor.examine():
        found.append(one)
        if not options.json:
            print(f"{'ok ' if one.is_good else 'BAD'}  {one.about:9}  {one.found}", flush=True)
            if one.remedy:
                print(f"{'':16}{one.remedy}")
    if options.json:
        print_json([asdict(one) for one in found])
    return 0 if all(one.is_good for one in found) else 1
