"""What a person does about an alert on the command line: a request in their name, applied at once."""

from __future__ import annotations

import getpass
from datetime import timedelta
from uuid import uuid4

from models.control.alerts import Act, Alert, Request
from pipelines.alerting import act
from pipelines.alerts_told import find
from pipelines.workplace import Workplace


def act_on(
    work: Workplace, alert_id: str, what: Act, *, who: str | None, note: str | None, span: timedelta | None
) -> Alert:
    """The alert as it stands afterwards. `span`: how long to snooze.

    Raises `OutlayError` where there is no such alert, or where that cannot be done.
    """
    alert = find(work.control.alerts.book(), alert_id)
    now = work.surroundings.clock()
    request = Request(
        request_id=f"command {uuid4()}",
        alert_id=alert.key.alert_id,
        act=what,
        who=who or getpass.getuser(),
        at=now,
        until=None if span is None else now + span,
        note=note,
    )
    act(work, request)
    return work.control.alerts.book()[alert.key.alert_id]
