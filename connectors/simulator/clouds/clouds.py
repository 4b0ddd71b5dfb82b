"""The three clouds as one object: what they charge in either state of the world, and their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from connectors.simulator.clouds.accounts import ACCOUNTS
from connectors.simulator.clouds.aws_bill import aws_lines
from connectors.simulator.clouds.aws_files import EXPORT, aws_files
from connectors.simulator.clouds.azure_bill import azure_lines
from connectors.simulator.clouds.azure_files import ACTUAL, AMORTIZED, azure_files
from connectors.simulator.clouds.azure_rows import AzureLine
from connectors.simulator.clouds.events import described
from connectors.simulator.clouds.gcp_bill import gcp_lines
from connectors.simulator.clouds.gcp_files import gcp_files
from connectors.simulator.clouds.lines import AWS, AZURE, CLOUDS, GCP, Charge, Line
from connectors.simulator.clouds.truth import cloud_restated
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.events import Calendar


@dataclass(frozen=True)
class _Bills:
    """One month's lines by cloud."""

    aws: Sequence[Line]
    gcp: Sequence[Line]
    azure: Sequence[AzureLine]


class Clouds:
    """The clouds' bills by `seed` in the window of `calendar`."""

    def __init__(self, seed: int, calendar: Calendar) -> None:
        self._seed = seed
        self._calendar = calendar
        self._bills: Callable[[str, str], _Bills] = lru_cache(maxsize=None)(self._bills_of)

    def world(self, state: str) -> CloudWorld:
        return CloudWorld(self._seed, self._calendar, state)

    def charges(self, state: str) -> list[Charge]:
        """What the bills mean, by cloud and month."""
        every = [self._bills(month, state) for month in self.world(state).months]
        lines: list[Line | AzureLine] = []
        for cloud in CLOUDS:
            for bills in every:
                lines += getattr(bills, cloud)
        return [charge for line in lines for charge in line.means]

    def files(self, state: str) -> Iterator[tuple[str, bytes]]:
        """Every file by its path: `aws/…`, `gcp/…`, `azure/…`."""
        world = self.world(state)
        for month in world.months:
            bills = self._bills(month, state)
            for name, body in aws_files(world, month, bills.aws):
                yield f"{AWS}/{EXPORT}/{name}", body
            for name, body in gcp_files(month, bills.gcp):
                yield f"{GCP}/{name}", body
            for name, body in azure_files(world, month, bills.azure):
                yield f"{AZURE}/{name}", body

    def write(self, folder: Path, state: str) -> None:
        """The files below `folder`, where nothing else of the clouds stays; a file that is the same is left alone."""
        written: set[Path] = set()
        for name, body in self.files(state):
            path = folder / name
            written.add(path)
            if not path.is_file() or path.read_bytes() != body:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
        for cloud in CLOUDS:
            for path in (folder / cloud).rglob("*"):
                if path.is_file() and path not in written:
                    path.unlink()

    def restated(self) -> list[dict[str, Any]]:
        return cloud_restated(self.charges("first"), self.charges("second"))

    def events(self) -> list[dict[str, Any]]:
        return described(self.world("first"))

    def _bills_of(self, month: str, state: str) -> _Bills:
        world = self.world(state)
        return _Bills(aws_lines(world, month), gcp_lines(world, month), azure_lines(world, month))


def cloud_sources(folder: Path, start: str) -> list[dict[str, Any]]:
    """What `outlay.yaml` says to read the files below `folder`."""
    options: dict[str, dict[str, Any]] = {
        AWS: {"report": "cur2", "path": (folder / AWS / EXPORT).absolute().as_uri()},
        GCP: {"report": "detailed", "path": (folder / GCP).absolute().as_uri()},
        AZURE: {
            "report": "actual-and-amortized",
            "path": (folder / AZURE / ACTUAL).absolute().as_uri(),
            "amortized_path": (folder / AZURE / AMORTIZED).absolute().as_uri(),
        },
    }
    return [{"name": cloud, "connector": cloud, "start": start, "options": options[cloud]} for cloud in CLOUDS]


def cloud_owners() -> list[dict[str, Any]]:
    """Rules of ownership: accounts, projects and subscriptions by their id."""
    return [
        {"team": account.team, "source": cloud, "project": account.id}
        for cloud in CLOUDS
        for account in ACCOUNTS[cloud]
        if account.team
    ]
