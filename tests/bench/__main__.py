"""`python -m tests.bench [name …]`: runs every module of this folder that has a `measure()`, one shared table.

A benchmark is a module with `measure() -> Iterable[Measurement]`; no other file needs to know of it. Nothing here
fails for being slow: the table shows figure beside aim. Exit code 1 only where a benchmark broke.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.measurement import Measurement


def benchmarks() -> list[str]:
    """The names of all benchmarks of this folder."""
    files = Path(__file__).parent.glob("*.py")
    return sorted(path.stem for path in files if "\ndef measure(" in path.read_text(encoding="utf-8"))


def run(name: str) -> Iterator[Measurement]:
    """A benchmark's measurements."""
    yield from importlib.import_module(f"tests.bench.{name}").measure()


def main(names: list[str]) -> int:
    console, broken = Console(), 0
    table = Table("benchmark", "measured", "figure", "aim", "detail", title="Outlay benchmarks")
    for name in names or benchmarks():
        console.print(f"[dim]{name} …[/dim]")
        try:
            for each in run(name):
                mark = {True: "[green]✓[/green] ", False: "[yellow]✗[/yellow] ", None: ""}[each.reached]
                table.add_row(name, each.name, each.figure, mark + each.aim, each.detail)
        except Exception as error:
            broken += 1
            table.add_row(name, "", f"[red]broke: {type(error).__name__}[/red]", "", str(error))
    console.print(table)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
