"""How often Echoic hears its words, and how often it hears one of them in other sound: all measured in one run.

`python -m benchmarks.open_set --corpus FOLDER --takes FOLDER --other FOLDER --other FOLDER` prints three tables:

clips      the strong networks that come with Echoic at their own thresholds; beside them the plain GRU and the network
           of TensorFlow's audio tutorial (trained in this run), each at the threshold where it accepts as many of its
           words as `commands`
listening  words missed 10 dB above noise, and false alarms per hour, at the stored detection settings
taught     three words taught from five takes of one voice; see `python -m benchmarks.own_words_open_set`

Every figure has its count and a 95 % interval (clips: speakers resampled, or Wilson 1927; alarms: Garwood 1936). No
recording counts that a network was trained or selected on.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable

from audio_models.cli import terminal
from audio_models.jobs import runs
from benchmarks.open_set import clips, listening, taught
from benchmarks.open_set.material import QUICK, REFERENCE, Material, Size, open_folders
from benchmarks.open_set.tables import Table, as_markdown, as_numbers
from data.corpus import Report
from data.errors import EchoicError

SECTIONS: dict[str, Callable[[Material, Report], Table]] = {
    "clips": clips.measure,
    "listening": listening.measure,
    "taught": taught.measure,
}


def main() -> int:
    """Measure the chosen tables and print them."""
    options = parser().parse_args()
    if "taught" in options.only and options.takes is None:
        parser().error(
            "--takes is missing: a folder where each speaker says each word more than five times. "
            "Or choose --only clips,listening."
        )
    with tempfile.TemporaryDirectory() as home, terminal.TerminalProgress() as progress:
        os.environ["ECHOIC_HOME"] = home
        try:
            found = _measure(options, progress.report)
        except EchoicError as error:
            terminal.complain(str(error))
            return 1
    if options.json:
        terminal.print_json({section: as_numbers(table) for section, table in found.items()})
    else:
        if options.quick:
            print("With --quick, on a few of the clips: too few to report.\n")
        print("\n\n".join(f"### {section}\n\n{as_markdown(table)}" for section, table in found.items()))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.open_set", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    made.add_argument(
        "--corpus", required=True, metavar="FOLDER", help="clips in the layout of Speech Commands, with its lists"
    )
    made.add_argument(
        "--more", action="append", default=[], metavar="FOLDER",
        help="more training clips, the same that the models were built with",
    )  # fmt: skip
    made.add_argument(
        "--other", action="append", default=[], metavar="FOLDER",
        help="other speech or noise; its test recordings count",
    )  # fmt: skip
    made.add_argument(
        "--takes", metavar="FOLDER", help="for 'taught': each speaker says each word more than five times"
    )
    made.add_argument(
        "--only", type=_sections, default=tuple(SECTIONS), metavar="TABLES", help=f"{','.join(SECTIONS)}; default: all"
    )
    made.add_argument("--quick", action="store_true", help="a few clips, minutes and epochs, to see that it works")
    made.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return made


def _sections(text: str) -> tuple[str, ...]:
    chosen = text.split(",")
    if unknown := [name for name in chosen if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"there is no table '{unknown[0]}'; choose from {', '.join(SECTIONS)}")
    return tuple(name for name in SECTIONS if name in chosen)


def _measure(options: argparse.Namespace, report: Report) -> dict[str, Table]:
    """Open every folder, then measure one table after the other.

    Raises:
        EchoicError: a folder cannot be used.
    """
    material = open_folders(
        options.corpus, options.more, options.other, runs.find(REFERENCE).config.task.labels, report,
        takes=options.takes if "taught" in options.only else None, size=QUICK if options.quick else Size(),
    )  # fmt: skip
    return {name: SECTIONS[name](material, report) for name in options.only}


if __name__ == "__main__":
    sys.exit(main())
