"""What the command line looks like: tables, progress, errors. Quiet where nobody watches (no terminal).

Results go to stdout, everything else to stderr, so that output can be piped.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from models.errors import OutlayError
from models.wording import inert

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 240
Fact = tuple[str, str, str]
"""A label, a value, and a word on it."""


def stdout() -> Console:
    from rich.console import Console

    # into a pipe or a file a table is as wide as it needs to be
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_WIDE)


def stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def money(amount: Decimal | None, currency: str = "USD") -> str:
    """`1,234.56 USD`; an unknown amount is a dash, never zero."""
    return "–" if amount is None else f"{amount:,.2f} {currency}"


def show_table(
    title: str | None, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()
) -> None:
    """A plain table; columns named in `right` are aligned right (numbers)."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        # vendors' names are text, never markup
        table.add_row(*(Text("" if cell is None else inert(str(cell))) for cell in row))
    stdout().print(table)


def show_title(title: str) -> None:
    """A line above what follows, however narrow that is."""
    from rich.text import Text

    stdout().print(Text(inert(title), style="bold"), soft_wrap=True)


def show_facts(title: str, facts: Sequence[Fact]) -> None:
    """Facts below a title, one to a line; a word on a fact may take several."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for style in ("dim", "bold", ""):
        grid.add_column(style=style, overflow="fold")
    for fact in facts:
        grid.add_row(*(Text(inert(part)) for part in fact))
    show_title(title)
    console = stdout()
    console.print(grid)
    console.print()


def say(message: str) -> None:
    from rich.text import Text

    stderr().print(Text(inert(message)))


@contextmanager
def writing(path: Path) -> Generator[None]:
    """Raises `OutlayError` where the file that the caller asked for cannot be written."""
    try:
        yield
    except OSError as error:
        raise OutlayError(
            f"{path} cannot be written: {(error.strerror or str(error)).lower()}",
            remedy="name a file in a folder that is there and may be written to",
        ) from error


def show_error(error: OutlayError) -> None:
    """Who, what and the remedy, without a stack trace."""
    from rich.text import Text

    console = stderr()
    line = Text("✗ ", style="bold red")
    line.append(f"{error.who}: " if error.who else "", style="bold")
    line.append(inert(error.what))
    console.print(line)
    console.print(Text(inert(f"  → {error.remedy}")))


class Watcher(Protocol):
    """Hears of each step of long work."""

    def begin(self, what: str, total: int | None) -> None: ...
    def step(self, what: str) -> None: ...


class Silence:
    """A watcher for pipes, logs and tests."""

    def begin(self, what: str, total: int | None) -> None:
        pass

    def step(self, what: str) -> None:
        pass


class _Bar:
    def __init__(self, progress: object) -> None:
        from rich.progress import Progress

        assert isinstance(progress, Progress)
        self._progress = progress
        self._task = progress.add_task("starting", total=None)

    def begin(self, what: str, total: int | None) -> None:
        self._progress.reset(self._task, description=what, total=total)

    def step(self, what: str) -> None:
        self._progress.update(self._task, advance=1, description=what)


@contextmanager
def watching() -> Generator[Watcher]:
    """A progress bar on a terminal, silence elsewhere."""
    console = stderr()
    if not console.is_terminal:
        yield Silence()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress)
