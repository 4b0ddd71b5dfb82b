"""Issued statements: what was stated, under which number, and the hash of each file; rows are added, never changed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from connectors.control.errors import ControlError
from connectors.control.records import IssuedStatement, StatedAmount
from connectors.control.tables import STATEMENT_AMOUNTS, STATEMENTS

_NOBODY = ""
"""How the statement of what no team owns is kept: a null would not be unique."""


def record(connection: sa.Connection, issued: Sequence[IssuedStatement]) -> None:
    """All of them or none. Raises `ControlError` where a number, or a team's month, was issued before."""
    try:
        for statement in issued:
            kept = {name: value for name, value in vars(statement).items() if name != "amounts"}
            connection.execute(STATEMENTS.insert().values(**{**kept, "team": statement.team or _NOBODY}))
            for amount in statement.amounts:
                connection.execute(STATEMENT_AMOUNTS.insert().values(number=statement.number, **vars(amount)))
    except IntegrityError as error:
        raise ControlError(
            "one of these statements was issued before",
            remedy="`outlay statement list` shows what was issued; nothing was recorded now",
        ) from error


def issued(connection: sa.Connection) -> list[IssuedStatement]:
    """Every statement that was ever issued, by number."""
    amounts: dict[int, list[StatedAmount]] = {}
    told = [column for column in STATEMENT_AMOUNTS.c if column.name not in ("id", "number")]
    query = sa.select(STATEMENT_AMOUNTS.c.number, *told).order_by(STATEMENT_AMOUNTS.c.id)
    for number, *values in connection.execute(query).all():
        amounts.setdefault(number, []).append(StatedAmount(*values))
    rows = connection.execute(sa.select(STATEMENTS).order_by(STATEMENTS.c.number)).all()
    return [
        IssuedStatement(number, team or None, *rest, amounts=tuple(amounts.get(number, ())))
        for number, team, *rest in rows
    ]
