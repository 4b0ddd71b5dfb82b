"""The log of uploads: what people asked to be in force, and what became of it. Each method is one transaction.

Nothing is ever changed or removed here. `answer` is only for who holds `ControlStore.lock_publishing`: what is in force
must not change under a publication; asking and withdrawing need no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from connectors.control.acts import append
from connectors.control.database import Database
from connectors.control.errors import ControlError
from connectors.control.locks import PUBLISHING, Locks
from connectors.control.records import Action
from connectors.control.tables import PUBLICATION_UPLOADS, PUBLICATIONS, UPLOAD_EVENTS, UPLOADS
from models.control.uploads import KeptUpload, Upload, UploadEvent
from models.wording import inert

_UPLOAD = ("request_id", "kind", "who", "at", "file_name", "content", "base", "note")
_EVENT = ("what", "at", "who", "reason")


class UploadLog:
    """`ControlStore.uploads`."""

    def __init__(self, database: Database, locks: Locks, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._locks = locks
        self._clock = clock

    def ask(self, upload: Upload) -> bool:
        """Keep it until a publication applies it; False where its `request_id` was kept before.

        `who`, `note` and the file's name are kept on one line, without what steers terminals. Raises `ControlError`
        where nobody is named.
        """
        upload = _written_plainly(upload)
        with self._database.writing() as connection:
            known = sa.select(UPLOADS.c.number).where(UPLOADS.c.request_id == upload.request_id)
            if connection.execute(known).first() is not None:
                return False
            number = connection.execute(sa.select(sa.func.coalesce(sa.func.max(UPLOADS.c.number), 0))).scalar_one() + 1
            row = {name: getattr(upload, name) for name in _UPLOAD}
            connection.execute(UPLOADS.insert().values(number=number, digest=upload.digest, **row))
            what, detail = f"ask for {upload.kind}", f'{{"sha256": "{upload.digest}"}}'
            append(connection, Action(upload.who, upload.at, what, f"upload {number}", detail))
        return True

    def kept(self) -> list[KeptUpload]:
        """Every upload with what became of it, in the order in which they came."""
        with self._database.reading() as connection:
            return _kept(connection)

    def answer(self, number: int, *, refusal: str | None = None) -> None:
        """A pending upload was applied, or refused with the reason.

        Only under `lock_publishing`. Raises `LockLostError` where it is not held (any more) and `ControlError` where
        the upload is not pending.
        """
        lock = self._locks.held(PUBLISHING)
        with self._database.writing() as connection:
            lock.confirm(connection)
            _happens(connection, number, {"pending"}, UploadEvent(
                "applied" if refusal is None else "refused", self._clock(), None, refusal and refusal[:2000]
            ))  # fmt: skip

    def withdraw(self, number: int, *, who: str, why: str) -> None:
        """It counts no longer, or is not applied at all; kept as an action, too. Raises `ControlError` where there is
        no such upload, or it does not count anyway."""
        now = self._clock()
        with self._database.writing() as connection:
            _happens(connection, number, {"pending", "applied"}, UploadEvent("withdrawn", now, who, why[:500]))
            append(connection, Action(who, now, "withdraw upload", f"upload {number}", why[:500]))


def record_shown(connection: sa.Connection, publication: str, numbers: Sequence[int]) -> None:
    """These uploads are in this publication's file."""
    found = sa.select(PUBLICATIONS.c.id).where(PUBLICATIONS.c.file == publication)
    publication_id = connection.execute(found).scalar_one()
    if numbers:
        rows = [{"publication_id": publication_id, "upload": number} for number in numbers]
        connection.execute(PUBLICATION_UPLOADS.insert(), rows)


def _kept(connection: sa.Connection) -> list[KeptUpload]:
    events: dict[int, list[UploadEvent]] = {}
    columns = [UPLOAD_EVENTS.c[name] for name in _EVENT]
    for number, *told in connection.execute(sa.select(UPLOAD_EVENTS.c.upload, *columns).order_by(UPLOAD_EVENTS.c.id)):
        events.setdefault(number, []).append(UploadEvent(*told))
    shown = _shown(connection)
    told = sa.select(UPLOADS.c.number, *(UPLOADS.c[name] for name in _UPLOAD)).order_by(UPLOADS.c.number)
    return [
        KeptUpload(number, Upload(*said), tuple(events.get(number, ())), tuple(shown.get(number, ())))
        for number, *said in map(tuple, connection.execute(told))
    ]


def _shown(connection: sa.Connection) -> dict[int, list[str]]:
    """By upload the first publication that it is in, and those whose files are still kept: of years of publications
    these are all that anybody asks for."""
    first = (
        sa.select(sa.func.min(PUBLICATION_UPLOADS.c.publication_id))
        .where(PUBLICATION_UPLOADS.c.upload == UPLOADS.c.number)
        .scalar_subquery()
    )
    firsts = (
        sa.select(UPLOADS.c.number, PUBLICATIONS.c.id, PUBLICATIONS.c.file)
        .select_from(UPLOADS)
        .join(PUBLICATIONS, PUBLICATIONS.c.id == first)
    )
    kept = (
        sa.select(PUBLICATION_UPLOADS.c.upload, PUBLICATIONS.c.id, PUBLICATIONS.c.file)
        .join(PUBLICATIONS, PUBLICATIONS.c.id == PUBLICATION_UPLOADS.c.publication_id)
        .where(PUBLICATIONS.c.removed_at.is_(None))
    )
    shown: dict[int, list[str]] = {}
    for number, _, file in sorted({tuple(row) for query in (firsts, kept) for row in connection.execute(query)}):
        shown.setdefault(number, []).append(file)
    return shown


def _happens(connection: sa.Connection, number: int, states: set[str], event: UploadEvent) -> None:
    found = next((each for each in _kept(connection) if each.number == number), None)
    if found is None:
        raise ControlError(f"there is no upload {number}", remedy="`outlay uploads list` names them")
    if found.state not in states:
        raise ControlError(
            f"upload {number} is {found.state} already", remedy="nothing was changed; `outlay uploads list` says more"
        )
    row = {name: getattr(event, name) for name in _EVENT}
    connection.execute(UPLOAD_EVENTS.insert().values(upload=number, **row))


def _written_plainly(upload: Upload) -> Upload:
    who, note, name = (" ".join(inert(words or "").split()) for words in (upload.who, upload.note, upload.file_name))
    if not who:
        raise ControlError("a change is asked for in somebody's name, and none was given", remedy="say who you are")
    return replace(upload, who=who[:80], note=note[:500] or None, file_name=name[:120] or "upload.csv")
