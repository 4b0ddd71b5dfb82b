"""How Dagster starts runs here, and how it learns that one is dead. Named in HOME/dagster/dagster.yaml.

Dagster's own launcher leaves it to the code server to notice a killed run worker, which it does within a second. But
where the code server died too (power cut, out of memory, `kill -9` of everything), nobody is left to notice: the run
counts as started for ever, and its source is never loaded again. So run monitoring asks whether that server lives.
"""

from __future__ import annotations

import json
import socket

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

_PATIENCE_SECONDS = 5


class WatchedRunLauncher(dg.DefaultRunLauncher):
    """The default launcher, whose runs are freed when the server that started them is gone."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Failed where the run's code server refuses; a living server reports its dead workers by itself."""
        told = run.tags.get(GRPC_INFO_TAG)
        if told is None or _answers(json.loads(told)):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "the code server that started it is gone")


def _answers(server: dict[str, str | int | None]) -> bool:
    """False only where nobody listens: a busy server is not a dead one."""
    path, port = server.get("socket"), server.get("port")
    unix = isinstance(path, str)
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as probe:
        probe.settimeout(_PATIENCE_SECONDS)
        try:
            probe.connect(path if unix else (server.get("host") or "127.0.0.1", port))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True
