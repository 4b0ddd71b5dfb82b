"""Loads: the one transaction that makes a load count, the authority it needs, and which load is the current one.

The current load of a (source, billing period) is its newest that was not withdrawn. Files that no current load and
no kept publication names are free to go.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from connectors.control.errors import ControlError
from connectors.control.records import Attempt, CurrentLoad, LakeFiles, LoadRecord
from connectors.control.tables import (
    ATTEMPTS,
    CHECKS,
    CLAIMS,
    FINDINGS,
    LOAD_FILES,
    LOAD_PARTS,
    LOADS,
    PERIOD_LOCKS,
    PUBLICATION_LOADS,
    PUBLICATIONS,
    RESTATEMENTS,
)
from connectors.errors import AuthorityError
from models.ledger.vendors import account_key, issuer_family


def commit(connection: sa.Connection, record: LoadRecord, now: datetime) -> int:
    """Store all that the load says. Raises `AuthorityError` where another source already speaks for an account."""
    replaced = current_id(connection, record.source, record.billing_period)
    load_id = connection.execute(
        LOADS.insert()
        .values(
            source=record.source,
            billing_period=record.billing_period,
            started_at=record.started_at,
            pulled_at=record.pulled_at,
            committed_at=now,
            data_through=record.data_through,
            issuer=record.issuer,
            period_status=record.period_status,
            answers=record.answers,
            answers_digest=record.answers_digest,
        )
        .returning(LOADS.c.id)
    ).scalar_one()
    _claim(connection, record, load_id)
    _insert_files(connection, record, load_id)
    _insert_findings(connection, record, load_id, replaced)
    return load_id


def _claim(connection: sa.Connection, record: LoadRecord, load_id: int) -> None:
    connection.execute(
        CLAIMS.delete().where(CLAIMS.c.source == record.source, CLAIMS.c.billing_period == record.billing_period)
    )
    for claim in dict.fromkeys(record.claims):
        others = connection.execute(
            sa.select(CLAIMS.c.source, CLAIMS.c.issuer, CLAIMS.c.account_id).where(
                CLAIMS.c.billing_period == record.billing_period,
                CLAIMS.c.role == claim.role,
                CLAIMS.c.source != record.source,
            )
        ).all()
        same = (issuer_family(claim.issuer), account_key(claim.account_id))
        holder = next(
            (source for source, issuer, account in others if (issuer_family(issuer), account_key(account)) == same),
            None,
        )
        if holder is not None:
            raise AuthorityError(
                f"{record.source} and {holder} both say they know the {claim.role} of {claim.issuer} account "
                f"{claim.account_id} in {record.billing_period}; {holder} is in the ledger, and counting both "
                "would count twice",
                remedy=f"keep one of them in outlay.yaml; to change over, `outlay withdraw {holder}` first",
                source=record.source,
                window=record.billing_period,
            )
        connection.execute(
            CLAIMS.insert().values(
                issuer=claim.issuer,
                account_id=claim.account_id,
                billing_period=record.billing_period,
                role=claim.role,
                source=record.source,
                load_id=load_id,
            )
        )


def _insert_files(connection: sa.Connection, record: LoadRecord, load_id: int) -> None:
    parts = [
        {"load_id": load_id, "table_name": part.table, "rows": part.rows, "size_bytes": part.size_bytes}
        for part in record.files
    ]
    files = [
        {"load_id": load_id, "table_name": part.table, "path": path} for part in record.files for path in part.paths
    ]
    for table, rows in ((LOAD_PARTS, parts), (LOAD_FILES, files)):
        if rows:
            connection.execute(table.insert(), rows)


def _insert_findings(connection: sa.Connection, record: LoadRecord, load_id: int, replaced: int | None) -> None:
    of_load = {"load_id": load_id}
    rows = (
        (CHECKS, [{**of_load, **_without_partition(vars(check))} for check in record.checks]),
        (FINDINGS, [{**of_load, **vars(finding)} for finding in record.findings]),
        (
            RESTATEMENTS,
            [{**of_load, "replaced_load_id": replaced, **vars(change)} for change in record.restatements],
        ),
    )
    for table, values in rows:
        if values:
            connection.execute(table.insert(), values)


def _without_partition(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in ("source", "billing_period")}


def current_id(connection: sa.Connection, source: str, billing_period: str) -> int | None:
    return connection.execute(
        sa.select(sa.func.max(LOADS.c.id)).where(
            LOADS.c.source == source, LOADS.c.billing_period == billing_period, LOADS.c.withdrawn_at.is_(None)
        )
    ).scalar_one()


def current(connection: sa.Connection, source: str | None = None) -> list[CurrentLoad]:
    """The current load of every (source, billing period), by source and period."""
    newest = (
        sa.select(sa.func.max(LOADS.c.id))
        .where(LOADS.c.withdrawn_at.is_(None))
        .group_by(LOADS.c.source, LOADS.c.billing_period)
    )
    return _loads(connection, newest, source)


def booked(connection: sa.Connection, source: str | None = None) -> list[CurrentLoad]:
    """The load that each locked (source, billing period) was booked with, whatever was loaded since."""
    return _loads(connection, sa.select(PERIOD_LOCKS.c.load_id), source)


def lock_period(connection: sa.Connection, source: str, billing_period: str, who: str, now: datetime) -> int | None:
    """Book the period with its current load; returns the load, or None where it was booked before.

    Raises `ControlError` where nothing is loaded yet.
    """
    if [load for load in booked(connection, source) if load.billing_period == billing_period]:
        return None
    load_id = current_id(connection, source, billing_period)
    if load_id is None:
        raise ControlError(
            "nothing is loaded that could be locked",
            remedy="load the period with `outlay run` first",
            source=source,
            window=billing_period,
        )
    connection.execute(
        PERIOD_LOCKS.insert().values(
            source=source, billing_period=billing_period, load_id=load_id, locked_at=now, who=who
        )
    )
    return load_id


def _loads(
    connection: sa.Connection, ids: sa.Select[tuple[int | None]] | sa.Select[tuple[int]], source: str | None
) -> list[CurrentLoad]:
    query = sa.select(LOADS).where(LOADS.c.id.in_(ids)).order_by(LOADS.c.source, LOADS.c.billing_period)
    if source is not None:
        query = query.where(LOADS.c.source == source)
    rows = connection.execute(query).mappings().all()
    parts = _parts(connection, ids)
    issuers = _issuers(connection)
    return [
        CurrentLoad(
            id=row["id"],
            source=row["source"],
            billing_period=row["billing_period"],
            started_at=row["started_at"],
            pulled_at=row["pulled_at"],
            committed_at=row["committed_at"],
            data_through=row["data_through"],
            issuers=tuple(sorted({*issuers.get(row["id"], ()), *([row["issuer"]] if row["issuer"] else [])})),
            period_status=row["period_status"],
            answers=row["answers"],
            answers_digest=row["answers_digest"],
            files=tuple(
                LakeFiles(table, row["source"], row["billing_period"], paths, rows, size)
                for table, paths, rows, size in parts.get(row["id"], [])
            ),
        )
        for row in rows
    ]


def _issuers(connection: sa.Connection) -> dict[int, set[str]]:
    issuers: dict[int, set[str]] = {}
    for load_id, issuer in connection.execute(sa.select(CLAIMS.c.load_id, CLAIMS.c.issuer).distinct()):
        issuers.setdefault(load_id, set()).add(issuer)
    return issuers


def _parts(
    connection: sa.Connection, loads: sa.Select[tuple[int | None]] | sa.Select[tuple[int]]
) -> dict[int, list[tuple[str, tuple[str, ...], int, int]]]:
    """Table, paths, rows and bytes by load."""
    paths: dict[tuple[int, str], list[str]] = {}
    for load_id, table, path in connection.execute(
        sa.select(LOAD_FILES.c.load_id, LOAD_FILES.c.table_name, LOAD_FILES.c.path)
        .where(LOAD_FILES.c.load_id.in_(loads))
        .order_by(LOAD_FILES.c.path)
    ):
        paths.setdefault((load_id, table), []).append(path)
    parts: dict[int, list[tuple[str, tuple[str, ...], int, int]]] = {}
    for row in connection.execute(
        sa.select(LOAD_PARTS).where(LOAD_PARTS.c.load_id.in_(loads)).order_by(LOAD_PARTS.c.id)
    ).mappings():
        table = row["table_name"]
        found = tuple(paths.get((row["load_id"], table), ()))
        parts.setdefault(row["load_id"], []).append((table, found, row["rows"], row["size_bytes"]))
    return parts


def withdraw(connection: sa.Connection, source: str, billing_period: str | None, now: datetime) -> int:
    """Loads of the source no longer count, and it claims nothing; returns how many (source, period) were shown."""
    shown = [load.id for load in current(connection, source) if billing_period in (None, load.billing_period)]
    claims, loads = CLAIMS.c.source == source, LOADS.c.source == source
    if billing_period is not None:
        claims &= CLAIMS.c.billing_period == billing_period
        loads &= LOADS.c.billing_period == billing_period
    connection.execute(CLAIMS.delete().where(claims))
    connection.execute(LOADS.update().where(loads, LOADS.c.withdrawn_at.is_(None)).values(withdrawn_at=now))
    return len(shown)


def named_files(connection: sa.Connection) -> frozenset[str]:
    """Paths (below the lake's root) that a current or a booked load, or a publication that is kept, still names."""
    newest = (
        sa.select(sa.func.max(LOADS.c.id))
        .where(LOADS.c.withdrawn_at.is_(None))
        .group_by(LOADS.c.source, LOADS.c.billing_period)
    )
    shown = (
        sa.select(PUBLICATION_LOADS.c.load_id)
        .join(PUBLICATIONS, PUBLICATIONS.c.id == PUBLICATION_LOADS.c.publication_id)
        .where(PUBLICATIONS.c.removed_at.is_(None))
    )
    paths = connection.execute(
        sa.select(LOAD_FILES.c.path).where(
            LOAD_FILES.c.load_id.in_(newest)
            | LOAD_FILES.c.load_id.in_(shown)
            | LOAD_FILES.c.load_id.in_(sa.select(PERIOD_LOCKS.c.load_id))
        )
    ).scalars()
    return frozenset(paths)


def record_attempt(connection: sa.Connection, attempt: Attempt) -> None:
    connection.execute(ATTEMPTS.insert().values(**vars(attempt)))


def begin_publication(connection: sa.Connection, stem: str, load_ids: list[int], now: datetime) -> str:
    """From here on the loads' files are named, so that nothing removes them while the file is built or shown.

    Returns the file's name, `<stem>-<UTC stamp>-<n>.duckdb`, which is never used twice.
    """
    publication_id = connection.execute(
        PUBLICATIONS.insert().values(file="", started_at=now).returning(PUBLICATIONS.c.id)
    ).scalar_one()
    file = f"{stem}-{now:%Y%m%dT%H%M%SZ}-{publication_id}.duckdb"
    connection.execute(PUBLICATIONS.update().where(PUBLICATIONS.c.id == publication_id).values(file=file))
    if load_ids:
        connection.execute(
            PUBLICATION_LOADS.insert(),
            [{"publication_id": publication_id, "load_id": load_id} for load_id in load_ids],
        )
    return file


def record_publication(connection: sa.Connection, file: str, now: datetime) -> None:
    """The file is the one that readers are shown."""
    connection.execute(
        PUBLICATIONS.update()
        .where(PUBLICATIONS.c.file == file, PUBLICATIONS.c.removed_at.is_(None))
        .values(published_at=now)
    )


def kept_publications(connection: sa.Connection) -> list[str]:
    """Files that were begun and not marked as removed, oldest first."""
    return list(
        connection.execute(
            sa.select(PUBLICATIONS.c.file).where(PUBLICATIONS.c.removed_at.is_(None)).order_by(PUBLICATIONS.c.id)
        ).scalars()
    )


def mark_removed(connection: sa.Connection, files: list[str], now: datetime) -> None:
    """The published files are gone, so the lake's files that only they named may go too."""
    connection.execute(
        PUBLICATIONS.update()
        .where(PUBLICATIONS.c.file.in_(files), PUBLICATIONS.c.removed_at.is_(None))
        .values(removed_at=now)
    )
