"""The published warehouse: finding the file of the moment and opening it for reading, and only that.

A publish makes a new file and switches a symlink. The frame of all pages resolves it once a run (`begin`), so that all
figures of a page come from one version; a connection belongs to one version for good. SQL is in `queries`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import streamlit as st

from dashboards import access
from dashboards.visibility import narrow
from models.errors import OutlayError

_SHOWN = "published"
# each set of teams is a database of its own, and many are open at once: without limits, each would take most of the
# machine's memory and all its cores
_OF_TEAMS = {"memory_limit": "512MiB", "threads": "2"}


class NotPublishedError(OutlayError):
    """There is no warehouse yet."""


class UnreadableError(OutlayError):
    """There is a warehouse file, but it cannot be read."""


@dataclass(frozen=True)
class Published:
    """One version of the warehouse, as one person may see it: its file, symlinks resolved, and the teams whose costs
    are shown. `teams` None: everything."""

    file: Path
    teams: tuple[str, ...] | None = None

    @property
    def version(self) -> str:
        return self.file.stem

    @property
    def is_whole(self) -> bool:
        """Whether nothing is withheld: where not, tables that cannot be narrowed to teams are empty."""
        return self.teams is None


def home() -> Path:
    """`OUTLAY_HOME`, or `data/home`: the same rule as the command line's."""
    return Path(os.environ.get("OUTLAY_HOME") or "data/home").expanduser().absolute()


def latest() -> Published:
    """The version that is published now, whoever asks. Raises `NotPublishedError`."""
    link = home() / "warehouse" / "outlay.duckdb"
    try:
        return Published(link.resolve(strict=True))
    except OSError:
        raise NotPublishedError(
            f"nothing is published yet in {home()}",
            remedy="run `outlay demo` for the make-believe organisation, or `outlay init` and then `outlay run`",
        ) from None


def begin(teams: tuple[str, ...] | None) -> Published:
    """The version of now, as somebody of these teams may see it (None: everything), for all that this session shows
    until the next run of the frame; its fragments too. Raises `NotPublishedError`."""
    st.session_state.pop(_SHOWN, None)
    st.session_state[_SHOWN] = replace(latest(), teams=teams)
    return st.session_state[_SHOWN]


def current() -> Published:
    """The version that this run of the page shows, whatever is published meanwhile. Raises `NotPublishedError`."""
    return st.session_state.get(_SHOWN) or replace(latest(), teams=access.person().teams)


def connect(published: Published) -> duckdb.DuckDBPyConnection:
    """A connection that reads what is to be seen of this version, and installs nothing. Raises `UnreadableError`."""
    whole = published.teams is None
    try:
        connection = duckdb.connect(
            str(published.file) if whole else ":memory:",
            read_only=whole,
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                **({} if whole else _OF_TEAMS),
            },
        )
        if published.teams is not None:
            narrow(connection, published.file, published.teams)
        connection.execute("SET TimeZone = 'UTC'")
    except duckdb.Error as error:
        raise UnreadableError(
            f"{published.file.name} cannot be opened ({type(error).__name__})",
            remedy="run `outlay doctor`; `outlay run` publishes a new one from the lake",
        ) from error
    return connection
