"""Notices: what should have been said by now, from the states of alerts and the policy, less what was said.

Worked out from states, not from events: a pass that was never made is made good by the next. What a notice looks like,
and how it is sent once, is in `connectors.slack`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from models.control.alerts import Alert
from models.control.policy import Policy

What = Literal["first", "group", "reply", "edit"]
WHATS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True)
class Notice:
    """One thing to be said in one place, once: `key` is made once and never again.

    first: a message of its own about one alert; group: one about several; reply: into the thread of the message that
    told of the alert there (`says` what: updated, escalated, woken, resolved, reopened); edit: that message anew, as
    the alert is by now. `notifies`: alerts that are `notified` as soon as it is sent.
    """

    key: str
    what: What
    destination: str
    alert_ids: tuple[str, ...]
    says: str
    mention: str | None = None

    @property
    def notifies(self) -> tuple[str, ...]:
        return self.alert_ids if self.what in ("first", "group") else ()


def due_notices(alerts: Mapping[str, Alert], made: Collection[str], policy: Policy, now: datetime) -> list[Notice]:
    """The notices that are due and whose keys were not `made` yet, in the order in which they should be sent."""
    raise NotImplementedError
