"""Signing in through a real provider, in a real browser: who sees what, by page, link, SQL and download, and who not.

Other teams of the sample have names that nothing else bears: none may come to the page, nor in any message to it.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from models.control.alerts import AlertEvent
from models.control.conditions import AlertKey
from pipelines.home import Home
from pipelines.serving import dashboard
from tests.browser import chromium
from tests.browser.provider import CLIENT_SECRET, Provider, provided
from tests.dashboards import sample_alerts, two_teams
from tests.dashboards.sample_basics import MONTHS
from tests.dashboards.sample_warehouse import Sample
from tests.dashboards.two_teams import OTHERS, OURS, SECRETS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PEOPLE = {
    "ada": {"email": "Ada@example.com", "name": "Ada Admin", "email_verified": True},
    "vic": {"email": "vic@example.com", "name": "Vic Viewer", "email_verified": True},
    "stranger": {"email": "eve@elsewhere.org", "name": "Eve", "email_verified": True},
    "unverified": {"email": "ada@example.com", "name": "Not Ada", "email_verified": False},
}
SETTINGS = """\
organization: Acme
dashboard:
  port: {port}
  sign_in:
    metadata_url: {metadata_url}
    client_id: outlay
    client_secret: ${{OUTLAY_CLIENT_SECRET}}
    cookie_secret: ${{OUTLAY_COOKIE_SECRET}}
  people:
    - {{who: ada@example.com, role: admin}}
    - {{who: "*@example.com", role: viewer, teams: [search]}}
"""
PATHS = (
    "", "total-cost", "models", "accelerators", "commitments", "self-hosting", "vendors", "forecast", "anomalies",
    "budgets", "alerts", "data-health", "explore", "changes", "account",
)  # fmt: skip


@dataclass
class Served:
    """The dashboard as `outlay serve` serves it, the provider, and a browser."""

    address: str
    provider: Provider
    browser: Any
    sample: Sample
    home: Path


@dataclass
class Visit:
    """One person's window. `heard`: every message that the dashboard sent to it."""

    served: Served
    page: Any
    heard: list[bytes] = field(default_factory=list[bytes])

    def open(self, path: str) -> None:
        self.page.goto(f"{self.served.address}/{path}")
        self.settle()

    def settle(self) -> None:
        chromium.settle(self.page)

    def sign_in(self, who: str) -> None:
        self.page.goto(self.served.address)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("link", name=who, exact=True).click()
        self.settle()

    def words(self) -> str:
        return self.page.locator("body").inner_text()

    def leaks(self, words: tuple[str, ...]) -> list[str]:
        """Which of the words came to this window, in whatever form; what its own link says comes back to it."""
        said, heard = self.words(), b"\n".join(self.heard)
        for word in words:
            heard = heard.replace(f"={word}".encode(), b"")
        return [word for word in words if word in said or word.encode() in heard]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Served]:
    home, sample = tmp_path_factory.mktemp("home"), Sample(now=datetime.now(UTC))
    two_teams.publish(sample, home)
    sample_alerts.fill(home, _alerts())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with provided(Provider(PEOPLE, redirects=(f"{address}/oauth2callback",))) as provider:
        (home / "outlay.yaml").write_text(SETTINGS.format(port=port, metadata_url=provider.metadata_url))
        (home / ".env").write_text(f"OUTLAY_CLIENT_SECRET={CLIENT_SECRET}\nOUTLAY_COOKIE_SECRET={'k' * 48}\n")
        with _serving(home, address):
            yield Served(address, provider, browser, sample, home)


def _alerts() -> list[AlertEvent]:
    """One of ours, and one of another team."""
    ours = sample_alerts.SEARCH
    theirs = replace(
        ours,
        key=AlertKey("Zebra budget", f"team {OTHERS[0]}", "2026-07", "100 %"),
        headline=f"Budget of {OTHERS[0]} is spent",
        team=OTHERS[0],
    )
    return [AlertEvent(each.alert_id, "opened", sample_alerts.NOW, condition=each) for each in (ours, theirs)]


@contextmanager
def _serving(home: Path, address: str) -> Generator[None]:
    """What `outlay serve` starts, told what it tells it."""
    service = dashboard(Home.at(home))
    assert service.told is not None
    with (home / "dashboard.log").open("wb") as log:
        process = subprocess.Popen(
            service.command,
            env={**os.environ, "OUTLAY_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        assert process.stdin is not None
        with process.stdin as told_on:
            told_on.write(service.told)
        try:
            chromium.wait(f"{address}/_stcore/health", process, home / "dashboard.log")
            yield
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def visit(served: Served) -> Generator[Visit]:
    """A window of its own, with no cookie, whose messages are kept."""
    context = served.browser.new_context(viewport={"width": 1440, "height": 900})
    made = Visit(served, context.new_page())

    def hear(socket_: Any) -> None:
        socket_.on("framereceived", lambda frame: made.heard.append(_bytes(frame)))

    made.page.on("websocket", hear)
    try:
        yield made
    finally:
        context.close()


def _bytes(frame: Any) -> bytes:
    return frame if isinstance(frame, bytes) else str(frame).encode()


def amounts_of_others(sample: Sample) -> tuple[str, ...]:
    """What a month of each other team, of nobody and of everybody costs, as pages write it."""
    told: set[str] = set()
    for month in MONTHS:
        rows = [row for row in sample.charges if row["billing_month"] == month and row["currency"] == "USD"]
        for basis in ("billed_cost", "effective_cost", "list_cost"):
            for team in ({row["team"] for row in rows} - {OURS}) | {"everybody"}:
                costs = [row[basis] for row in rows if team in ("everybody", row["team"])]
                told.add(f"{sum(costs, Decimal(0)):,.2f}")
    return tuple(sorted(amount for amount in told if len(amount) > 5))


def test_an_admin_sees_every_team(served: Served):
    with visit(served) as ada:
        ada.sign_in("ada")
        ada.open("total-cost?by=team")
        assert set(OTHERS) & set(ada.leaks(SECRETS)), "the same search finds names where they may be seen"
        ada.open("account")
        assert "Ada Admin" in ada.words()
        assert "As an admin" in ada.words()


@pytest.mark.timeout(600)
def test_somebody_of_one_team_sees_no_word_of_another_by_any_link(served: Served):
    others, leaks = (*SECRETS, *amounts_of_others(served.sample)), dict[str, list[str]]()
    with visit(served) as vic:
        vic.sign_in("vic")
        assert "Vic Viewer" in vic.words()
        for path in PATHS:
            vic.heard.clear()
            vic.open(f"{path}?team={OTHERS[0]}&by=team&dimension=team&value={OTHERS[1]}&scope={OTHERS[1]}")
            leaks[path] = vic.leaks(others)
            assert "Traceback" not in vic.words()
        # what the link itself says is echoed nowhere either
        assert not any(leaks.values()), leaks
        vic.open("total-cost")
        rows = served.sample.total_costs
        ours = sum(
            row["reporting_effective_cost"]
            for row in rows
            if row["team"] == OURS and f"{row['day']:%Y-%m}" == "2026-07" and row["reporting_effective_cost"]
        )
        assert f"{ours:,.2f}" in vic.words()


@pytest.mark.parametrize("who", ["stranger", "unverified"])
def test_who_is_not_known_here_sees_nothing(served: Served, who: str):
    with visit(served) as eve:
        eve.sign_in(who)
        for path in ("total-cost", "explore", "alerts"):
            eve.open(path)
            assert "You are signed in, but not let in" in eve.words()
        assert eve.leaks((*SECRETS, *amounts_of_others(served.sample), OURS)) == []


def test_who_has_not_signed_in_sees_nothing(served: Served):
    with visit(served) as nobody:
        for path in ("", "total-cost", "explore", "alerts"):
            nobody.page.goto(f"{served.address}/{path}")
            nobody.page.get_by_role("button", name="Sign in").wait_for()
        assert nobody.leaks((*SECRETS, *amounts_of_others(served.sample), OURS)) == []


def test_signing_out_ends_it_here_and_at_the_provider(served: Served):
    ended = served.provider.ended
    with visit(served) as vic:
        vic.sign_in("vic")
        vic.open("account")
        vic.page.get_by_role("button", name="Sign out").click()
        vic.page.get_by_role("button", name="Sign in").wait_for()
        assert served.provider.ended == ended + 1
        assert not [cookie for cookie in vic.page.context.cookies() if cookie["name"].startswith("_streamlit_user")]
        vic.page.goto(f"{served.address}/total-cost")
        vic.page.get_by_role("button", name="Sign in").wait_for()


def test_a_cookie_that_was_written_to_is_no_sign_in(served: Served):
    with visit(served) as vic:
        vic.sign_in("vic")
        context = vic.page.context
        cookie = next(cookie for cookie in context.cookies() if cookie["name"] == "_streamlit_user")
        head, _, signature = cookie["value"].strip('"').rpartition(".")
        for forged in (f"{head}.{signature[:-2]}AA", f"{head[::-1]}.{signature}", "x"):
            context.add_cookies([{**cookie, "value": forged}])
            vic.page.goto(served.address)
            vic.page.get_by_role("button", name="Sign in").wait_for()


def test_a_sign_in_of_yesterday_has_run_out(served: Served):
    served.provider.age = 13 * 3600
    try:
        with visit(served) as ada:
            ada.sign_in("ada")
            assert "the sign-in has run out" in ada.words()
            assert ada.leaks((*SECRETS, OURS)) == []
    finally:
        served.provider.age = 0


def _ask(visit: Visit, sql: str) -> None:
    """In Explore."""
    visit.open(f"explore?{urlencode({'sql': sql})}")
    visit.heard.clear()
    visit.page.get_by_role("button", name="Run").click()
    visit.page.get_by_role("button", name="CSV", exact=True).or_(visit.page.get_by_role("alert")).first.wait_for()
    visit.settle()


def test_sql_and_its_download_are_narrowed_too(served: Served):
    with visit(served) as ada, visit(served) as vic:
        vic.sign_in("vic")
        ada.sign_in("ada")
        for sql in (
            "SELECT team, sum(effective_cost) FROM marts.tco_daily GROUP BY team",
            "SELECT DISTINCT value_name FROM marts.month_end",
            "SELECT * FROM marts.daily_costs",
            "SELECT * FROM published.marts.tco_daily",
            "SELECT * FROM duckdb_columns()",
        ):
            _ask(vic, sql)
            assert vic.leaks(SECRETS) == [], sql
        _ask(ada, "SELECT team, sum(effective_cost) AS cost FROM marts.tco_daily GROUP BY team")
        assert ada.leaks(OTHERS) == [*OTHERS]
        with ada.page.expect_download() as begun:
            ada.page.get_by_role("button", name="CSV", exact=True).click()
        address, file = begun.value.url, Path(begun.value.path())
        assert OTHERS[0] in file.read_text()
        assert ada.page.request.get(address).ok, "its owner may have it again"
        assert vic.page.request.get(address).status == 404
        assert httpx.get(address).status_code == 404


def test_another_site_neither_frames_it_nor_hears_of_it(served: Served):
    told = httpx.get(served.address).headers
    assert "frame-ancestors 'none'" in told["content-security-policy"]
    assert told["x-content-type-options"] == "nosniff"
    for path in ("_stcore/metrics", "_stcore/agent/openapi.json", "media/0.csv"):
        assert httpx.get(f"{served.address}/{path}").status_code == 404


def test_a_name_that_is_not_ours_is_not_answered(served: Served):
    """A page of a stranger whose name leads to this machine (DNS rebinding) hears nothing."""
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    port = urlsplit(served.address).port
    with (
        socket.create_connection(("127.0.0.1", port)) as ours,
        pytest.raises(InvalidStatus),
        connect(f"ws://evil.example:{port}/_stcore/stream", sock=ours),
    ):
        pass
