"""Runs the command in its arguments until that ends, or until whoever started this process is gone.

Their end of our standard input closes with them, however they end, so no server outlives its tests. Used as a script.
"""

from __future__ import annotations

import subprocess
import sys
import threading

GRACE_SECONDS = 5


def main(command: list[str]) -> int:
    """The exit status of `command`."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_when_left, args=(child,), daemon=True).start()
    return child.wait()


def _end_when_left(child: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    child.terminate()
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
