"""What can go wrong on our own side of the house, as the one family that people read.

OutlayError (models.errors)
├── LakeError            a table of the lake cannot be written or read: disk full, store unreachable, conflict
├── PublishError         the warehouse could not be built; the one published before stays
└── DoorError            the SQL door
    ├── StatementRefusedError   the statement is not one that may be run
    ├── QueryError              the database does not accept or cannot run it
    └── QueryLimitError         it took more time, memory or rows than allowed
"""

from __future__ import annotations

from models.errors import OutlayError


def left_out(what: str, error: Exception) -> OutlayError:
    """What a publication does without, because of `error`: its costs are published all the same."""
    if isinstance(error, OutlayError):
        return OutlayError(f"{what}: {error.what}", remedy=error.remedy, source=error.source)
    return OutlayError(
        f"{what}: {type(error).__name__}: {error}",
        remedy="costs are published without them; please report this, it is a defect",
    )


class LakeError(OutlayError):
    """A table of the lake could not be written or read."""


class PublishError(OutlayError):
    """The warehouse could not be published; what was published before stays."""


class DoorError(OutlayError):
    """A query that does not pass the SQL door."""


class StatementRefusedError(DoorError):
    """The statement is not one that may be run here."""


class QueryError(DoorError):
    """The database does not accept the statement, or failed while it ran."""


class QueryLimitError(DoorError):
    """The query took more time, memory or rows than allowed."""


class QueryCancelledError(DoorError):
    """Whoever asked does not want the answer any longer."""
