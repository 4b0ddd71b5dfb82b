"""The three clouds as one object: what they charge in either state of the world, and their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from connectors.simulator.clouds.aws_bill import aws_lines
from connectors.simulator.clouds.aws_files import EXPORT, aws_files
from connectors.simulator.clouds.aws_machines import resource_of
from connectors.simulator.clouds.azure_bill import azure_lines
from connectors.simulator.clouds.azure_files import ACTUAL, AMORTIZED, azure_files
from connectors.simulator.clouds.azure_rows import AzureLine
from connectors.simulator.clouds.events import described
from connectors.simulator.clouds.fleet import group_named
from connectors.simulator.clouds.gcp_bill import gcp_lines
from connectors.simulator.clouds.gcp_files import gcp_files
from connectors.simulator.clouds.lines import AWS, AZURE, CLOUDS, GCP, ZERO, Charge, Line, month_of
from connectors.simulator.clouds.truth import cloud_restated
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.events import Calendar


class Clouds:
    """The clouds' bills by `seed` in the window of `calendar`."""

    def __init__(self, seed: int, calendar: Calendar) -> None:
        self._seed = seed
        self._calendar = calendar
        self._lines: Callable[[str, str, str], Sequence[Line | AzureLine]] = lru_cache(maxsize=None)(self._lines_of)
        self._written: Callable[[str, str, str], Sequence[tuple[str, bytes]]] = lru_cache(maxsize=None)(self._files_of)

    def world(self, state: str) -> CloudWorld:
        return CloudWorld(self._seed, self._calendar, state)

    def charges(self, state: str) -> list[Charge]:
        """What the bills mean, by cloud and month."""
        return [
            charge
            for cloud, month, told in self._months(state)
            for line in self._lines(cloud, month, told)
            for charge in line.means
        ]

    def effective_cost(self, cloud: str, first_day: date, last_day: date, state: str) -> Decimal:
        """Of a cloud's charges that begin on those days."""
        charges = (
            charge
            for of, month, told in self._months(state)
            if of == cloud and month >= month_of(first_day)
            for line in self._lines(cloud, month, told)
            for charge in line.means
        )
        return sum((each.effective for each in charges if first_day <= each.start.date() <= last_day), ZERO)

    def sku_of(self, cloud: str, machines: str, day: date, state: str) -> tuple[str, str]:
        """What AWS calls a day of a group of machines: its SKU, and the words for it."""
        name = resource_of(group_named(machines), 0)
        for of, month, told in self._months(state):
            if of == cloud == AWS and month == month_of(day):
                for line in self._lines(cloud, month, told):
                    if isinstance(line, Line) and line.columns["line_item_resource_id"] == name:
                        return str(line.columns["product_sku"]), str(line.columns["line_item_usage_type"])
        raise LookupError(f"{machines} did not run at {cloud} in {month_of(day)}")

    def files(self, state: str) -> Iterator[tuple[str, bytes]]:
        """Every file by its path: `aws/…`, `gcp/…`, `azure/…`."""
        for cloud, month, told in self._months(state):
            yield from self._written(cloud, month, told)

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

    def _months(self, state: str) -> Iterator[tuple[str, str, str]]:
        """Cloud, month and which pull's figures hold: the second's only where they differ."""
        world = self.world(state)
        for cloud in CLOUDS:
            for month in world.months:
                yield cloud, month, state if world.is_changed(cloud, month) else "first"

    def _lines_of(self, cloud: str, month: str, state: str) -> Sequence[Line | AzureLine]:
        bill = {AWS: aws_lines, GCP: gcp_lines, AZURE: azure_lines}[cloud]
        return bill(self.world(state), month)

    def _files_of(self, cloud: str, month: str, state: str) -> Sequence[tuple[str, bytes]]:
        world, lines = self.world(state), self._lines(cloud, month, state)
        if cloud == AZURE:
            files = azure_files(world, month, [line for line in lines if isinstance(line, AzureLine)])
            return [(f"{AZURE}/{name}", body) for name, body in files]
        rows = [line for line in lines if isinstance(line, Line)]
        if cloud == GCP:
            return [(f"{GCP}/{name}", body) for name, body in gcp_files(month, rows)]
        return [(f"{AWS}/{EXPORT}/{name}", body) for name, body in aws_files(world, month, rows)]


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
