"""What people do on pages: they ask. Alerts, uploads and the log of actions as the control store has them.

The one thing that the dashboard writes is a request: append-only, with who and when. Nothing here changes an alert or a
setting: a pass of the pipeline applies what is asked of alerts, a publication what is uploaded.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from connectors.control import Action, ControlStore
from connectors.control.alerts import Refused
from dashboards.published import home
from models.control.alerts import Act, Alert, AlertEvent, Request
from models.control.uploads import KeptUpload, Upload


@dataclass(frozen=True)
class Standing:
    """All alerts, and what people asked for that no pass has applied yet."""

    alerts: dict[str, Alert]
    pending: tuple[Request, ...] = ()


@dataclass(frozen=True)
class Past:
    """What happened to an alert, and what people asked for and could not be done; both in order."""

    events: tuple[AlertEvent, ...]
    refused: tuple[Refused, ...]


def standing() -> Standing:
    """As of now, not of the last publication; empty where nothing was ever loaded here. Raises `ControlError`."""
    with _store() as store:
        if store is None:
            return Standing({})
        return Standing(store.alerts.book(), tuple(store.alerts.pending_requests()))


def past(alert: Alert) -> Past:
    """Of one of them. Raises `ControlError`."""
    with _store() as store:
        assert store is not None, "an alert came from it"
        events = store.alerts.events(alert_id=alert.key.alert_id)
        return Past(tuple(logged.event for logged in events), tuple(store.alerts.refused(alert.key.alert_id)))


def events() -> tuple[AlertEvent, ...]:
    """All that ever happened to alerts, in order. Raises `ControlError`."""
    with _store() as store:
        return () if store is None else tuple(logged.event for logged in store.alerts.events())


def ask(
    alert: Alert, act: Act, *, who: str, now: datetime, until: datetime | None = None, note: str | None = None
) -> None:
    """Leave a request; the next pass applies it, or keeps why it could not. Raises `ControlError`."""
    request = Request(f"page {uuid4()}", alert.key.alert_id, act, who, now, until=until, note=note)
    with _store() as store:
        assert store is not None, "an alert came from it"
        store.alerts.request(request)


def uploads() -> list[KeptUpload]:
    """Every upload with what became of it, in the order in which they came. Raises `ControlError`."""
    with _store() as store:
        return [] if store is None else store.uploads.kept()


def ask_for(upload: Upload) -> bool:
    """Leave an upload for the next publication; False where this very request was left before.

    Raises `ControlError`.
    """
    with _store(is_needed=True) as store:
        assert store is not None, "it is made where there is none"
        return store.uploads.ask(upload)


def log(limit: int) -> list[Action]:
    """What people did and asked for, newest first. Raises `ControlError`."""
    with _store() as store:
        return [] if store is None else store.newest_actions(limit)


@contextmanager
def _store(*, is_needed: bool = False) -> Generator[ControlStore | None]:
    """The same place as the command line's: `OUTLAY_CONTROL_URL`, or `control/outlay.db` of the home."""
    database = home() / "control" / "outlay.db"
    url = os.environ.get("OUTLAY_CONTROL_URL")
    if url is None and not database.exists() and not is_needed:
        yield None
        return
    with ControlStore.open(url or f"sqlite:///{database}") as store:
        yield store
