"""All bills that come as FOCUS files as one object: what they charge, and their files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors.simulator.clouds.lines import Charge
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.events import Calendar
from connectors.simulator.focus_bills.files import gpu_files, saas_files
from connectors.simulator.focus_bills.gpu_credits import COREWEAVE, gpu_rows, prepaid_document
from connectors.simulator.focus_bills.saas import SAAS, saas_rows

FOCUS_SOURCES = (SAAS, COREWEAVE)


class FocusBills:
    """The bills by `seed` in the window of `calendar`; they say the same on either pull."""

    def __init__(self, seed: int, calendar: Calendar) -> None:
        self._world = CloudWorld(seed, calendar, "first")

    @cached_property
    def charges(self) -> list[Charge]:
        """What the bills mean, by source and month."""
        return [
            row.means
            for rows in (saas_rows, gpu_rows)
            for month in self._world.months
            for row in rows(self._world, month)
        ]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every file by its path: `saas/…`, `coreweave/…`."""
        for files in (saas_files, gpu_files):
            for month in self._world.months:
                yield from files(self._world, month)

    def write(self, folder: Path) -> None:
        """The files below `folder`; one that is the same is left alone."""
        for name, body in self.files():
            path = folder / name
            if not path.is_file() or path.read_bytes() != body:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)

    def prepaid(self) -> list[dict[str, Any]]:
        """Credits paid ahead: bought, drawn, expired, left."""
        return prepaid_document(self._world)

    def events(self) -> list[dict[str, Any]]:
        """What happens, for readers of the demo."""
        first, last = self._world.days[0], self._world.days[-1]
        told = (
            (SAAS, "four services bill in USD, Mistral AI in EUR: never added without a rate"),
            (COREWEAVE, "7,000.00 USD of credits are bought each month, and what is not used of them expires"),
        )
        return [
            {"source": source, "first_day": str(first), "last_day": str(last), "what": what, "reason": None}
            for source, what in told
        ]


def focus_sources(folder: Path, start: str) -> list[dict[str, Any]]:
    """What `outlay.yaml` says to read the files below `folder`."""
    return [
        {
            "name": source,
            "connector": "focus-files",
            "start": start,
            "options": {"path": (folder / source).absolute().as_uri()},
        }
        for source in FOCUS_SOURCES
    ]
