"""What people did and asked for, in one log: append-only, with who and when."""

from __future__ import annotations

import sqlalchemy as sa

from connectors.control.records import Action
from connectors.control.tables import ACTIONS, ALERT_REQUESTS


def append(connection: sa.Connection, action: Action) -> None:
    connection.execute(ACTIONS.insert().values(**vars(action)))


def newest(connection: sa.Connection, limit: int) -> list[Action]:
    """The last of them, newest first; what was asked of alerts, on pages, in Slack or by command, is among them."""
    told = sa.select(*(ACTIONS.c[name] for name in Action.__dataclass_fields__))
    asked = sa.select(
        ALERT_REQUESTS.c.who,
        ALERT_REQUESTS.c.at,
        sa.literal("ask for alert: ") + ALERT_REQUESTS.c.act,
        ALERT_REQUESTS.c.alert_id,
        sa.func.coalesce(ALERT_REQUESTS.c.note, ""),
    )
    rows = [
        row
        for query, at in ((told, ACTIONS.c.at), (asked, ALERT_REQUESTS.c.at))
        for row in connection.execute(query.order_by(at.desc()).limit(limit))
    ]
    return sorted((Action(*row) for row in rows), key=lambda action: action.at, reverse=True)[:limit]
