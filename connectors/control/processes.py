"""Who holds a lock: this process, told apart from every other one, and whether a holder still lives."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Holder:
    """A process: its number alone would not do, because numbers are used again."""

    host: str
    pid: int
    started: str


def this_process() -> Holder:
    pid = os.getpid()
    return Holder(_host(), pid, _started(pid) or "unknown")


def is_gone(holder: Holder) -> bool | None:
    """True: certainly dead. False: certainly alive. None: on another host or in another container, so nobody knows."""
    if holder.host != _host():
        return None
    started = _started(holder.pid)
    if started is None:
        return True
    return holder.started not in ("unknown", started)


@cache
def _host() -> str:
    """Host name and, where told, boot and process-number space: containers may share a name, never these."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8])
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    except OSError:
        pass  # not Linux, or hidden: the name has to do
    return "/".join(parts)


def _started(pid: int) -> str | None:
    """When the process began, in the system's own words; None where there is no such process, or only its corpse."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, *rest = stat.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
        return None if state in "ZX" else rest[18]
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return None if len(shown) < 2 or shown[0].startswith("Z") else shown[1].strip()
