"""A deliverer that is really killed (SIGKILL): between recording the attempt and sending, and between sending and
recording that it was sent."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.simulator.slack.workspace import BOT_TOKEN
from connectors.slack.delivery import SETTLE
from tests.connectors.slack.conftest import Desk, first

SCRIPT = Path(__file__).with_name("killed_delivery.py")


def kill_at(desk: Desk, moment: str) -> None:
    database = str(desk.store._database.url)
    asked = (database, desk.slack.api_url, BOT_TOKEN, desk.clock().isoformat(), moment)
    ended = subprocess.run([sys.executable, SCRIPT, *asked], check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "was_there"), [("begun", False), ("sent", True)])
def test_killed_in_the_middle_each_notice_is_still_there_once(desk: Desk, moment: str, was_there: bool) -> None:
    desk.make(first("a.1.opened"), first("b.1.opened"))
    kill_at(desk, moment)
    assert desk.references() == (["a.1.opened"] if was_there else [])
    assert [pending.begun_at for pending in desk.log.due(desk.clock())] == [desk.clock(), None]
    assert desk.deliver().sent == ("b.1.opened",), "what was begun may be under way"
    desk.clock.now += SETTLE
    deliveries = desk.deliver()
    assert (deliveries.recovered, deliveries.sent) == ((("a.1.opened",), ()) if was_there else ((), ("a.1.opened",)))
    assert sorted(map(str, desk.references())) == ["a.1.opened", "b.1.opened"]
