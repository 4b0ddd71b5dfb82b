"""Whatever goes wrong in whatever order, each notice is there once in the end, of all that a bot can ask after."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.control.store import ControlStore
from connectors.simulator.slack.failures import Failure
from connectors.simulator.slack.server import SlackServer
from connectors.simulator.slack.workspace import Workspace
from tests.connectors.slack.conftest import Clock, Desk, first

TROUBLE = st.builds(
    Failure,
    how=st.sampled_from(["silent", "dropped", "status", "half", "page", "refused", "limited"]),
    taken=st.booleans(),
    code=st.sampled_from(["internal_error", "fatal_error", "service_unavailable"]),
    retry_after=st.sampled_from(["0", "7", "", "300"]),
)
"""`limited` that is taken all the same is not Slack's way: 429 says that it was not."""
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["chat.postMessage", "chat.postMessage", "conversations.history", "conversations.list", "*"]),
        TROUBLE.filter(lambda failure: not (failure.how == "limited" and failure.taken)),
        st.integers(0, 2),
    ),
    max_size=6,
)
PAUSES = st.lists(st.sampled_from([0, 5, 61, 3600]), min_size=4, max_size=8)


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(ORDERS, PAUSES)
def test_each_notice_is_there_once(orders: list[tuple[str, Failure, int]], pauses: list[int]) -> None:
    clock = Clock()
    keys = ["a.1.opened", "b.1.opened", "c.1.opened"]
    with (
        TemporaryDirectory() as folder,
        SlackServer(Workspace(clock)) as slack,
        ControlStore.open(f"sqlite:///{Path(folder) / 'outlay.db'}", clock) as store,
    ):
        desk = Desk(store, slack, clock, slack.workspace.add_channel("alerts"), timeout_seconds=0.3)
        desk.make(*map(first, keys))
        desk.reply("a.1.updated", "a.1.opened")
        for method, failure, after in orders:
            slack.failures.order(method, failure, after=after)
        for pause in pauses:
            desk.deliver()
            clock.sleep(pause)
        slack.failures.clear()
        clock.sleep(3600)
        desk.deliver(patience=600)
        assert sorted(map(str, desk.references())) == sorted([*keys, "a.1.updated"])
        assert desk.log.due(clock()) == []
