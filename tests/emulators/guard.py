"""Runs the command in its arguments until that ends, or until whoever started this process is gone.

Their end of our standard input closes with them, however they end, so no server outlives its tests. Used as a script.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

GRACE_SECONDS = 5


def main(command: list[str]) -> int:
    """The exit status of `command`."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_when_left, args=(child,), daemon=True).start()
    return child.wait()


def _end_when_left(child: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    # the whole group: a launcher (Node's is one) would leave the server that it started
    _tell(child, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_SECONDS)
    _tell(child, signal.SIGKILL)


def _tell(child: subprocess.Popen[bytes], what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, what)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
