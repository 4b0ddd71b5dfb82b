"""Run as a process of its own: delivers what is due, and kills itself at the given moment (`begun` or `sent`)."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from connectors.control.store import ControlStore
from connectors.slack.bot import BotSender
from connectors.slack.delivery import deliver
from connectors.slack.message import Message


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(database: str, api_url: str, token: str, now: str, moment: str) -> None:
    with ControlStore.open(database, lambda: datetime.fromisoformat(now)) as store:
        bot = BotSender(SecretStr(token), api_url=api_url)
        log: Any = store.alerts
        if moment == "begun":
            bot.post = die  # type: ignore[method-assign]
        else:
            log.sent = die
        deliver(log, lambda _: bot, lambda notice: Message(notice.key, ()), store.alerts._clock)


if __name__ == "__main__":
    main(*sys.argv[1:])
