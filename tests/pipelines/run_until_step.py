"""Runs one pull, load and publishing of a home and kills itself with SIGKILL as its N-th step begins.

    python run_until_step.py HOME SOURCE N

Prints each step as it begins; with an N beyond the last step the run ends by itself, exit status 0.
"""

import os
import signal
import sys
from pathlib import Path

from pipelines.home import Home
from pipelines.run import run
from pipelines.workplace import Workplace


def main(home: Path, source: str, fatal_step: int) -> int:
    seen = 0

    def on_step(step: str) -> None:
        nonlocal seen
        seen += 1
        print(step, flush=True)
        if seen == fatal_step:
            os.kill(os.getpid(), signal.SIGKILL)

    with Workplace.open(Home.at(home), on_step=on_step) as work:
        return 1 if run(work, sources=[source], periods=["2026-11"]).failures else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
