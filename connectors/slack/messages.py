"""What is said on Slack: a notice, and its alerts as they stand by now, become one Block Kit message.

Pure, but for the drawing of a chart. Sending is in `bot` and `webhook`, doing so once in `delivery`.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.errors import DeliveryError
from connectors.slack.alert_message import alert_message
from connectors.slack.digest_message import digest_message
from connectors.slack.group_message import group_message
from connectors.slack.message import Look, Message
from connectors.slack.reply_message import reply_message
from models.control.alerts import Alert
from models.control.digest import Digest
from models.control.notices import Notice

__all__ = ["Look", "Message", "render"]


def render(notice: Notice, alerts: Mapping[str, Alert], look: Look, digest: Digest | None = None) -> Message:
    """The message of a notice. `alerts`: by id, those of the notice among them; `digest`: for a digest's notice.

    Raises `DeliveryError` where what it is about is not known, or where it would break one of Slack's limits.
    """
    if notice.what == "digest":
        if digest is None:
            raise _without("there are no facts for a digest", "publish once (outlay run), then it is sent")
        return digest_message(notice, digest, look)
    about = [alerts[alert_id] for alert_id in notice.alert_ids if alert_id in alerts]
    if not about:
        raise _without(f"the alerts of the notice {notice.key!r} are not known", "this is a defect, please report it")
    if notice.what == "reply":
        return reply_message(notice, about, look)
    return alert_message(notice, about[0], look) if len(notice.alert_ids) == 1 else group_message(notice, about, look)


def _without(what: str, remedy: str) -> DeliveryError:
    return DeliveryError(what, source="slack", remedy=remedy)
