"""Know a process again, whatever happens to the clock: its number alone may belong to another program by now."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import psutil

_PROC = Path("/proc")
_START_TICKS = 19  # of /proc/PID/stat, counted from the state, which is behind the name; see proc_pid_stat(5)


def identity_of(pid: int) -> str:
    """What no other process has, now or later.

    On Linux the boot and the clock ticks from there to the start of the process: setting the clock changes neither. On
    other systems the time of its start, which they store with the process.

    Returns:
        the identity; "" if the process has ended.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        boot = _boot()
        if not boot:
            return f"{process.create_time():.2f}"
        # the name of the program is in brackets and may hold anything
        fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return f"{boot}:{fields[_START_TICKS]}"
    except (psutil.Error, OSError, IndexError):
        return ""


@cache
def _boot() -> str:
    """The id of this boot of a Linux system; "" elsewhere."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""
