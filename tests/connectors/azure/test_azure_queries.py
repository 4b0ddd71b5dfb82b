"""Queries of Cost Management over real HTTP: pages, refusals, waits, and what the answers become."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.azure import KIND, AzureOptions
from connectors.azure.queries import question
from connectors.azure.retrying import advised_wait
from connectors.errors import AnswerError, CredentialsError, IncompleteError, RateLimitError, VendorUnavailableError
from connectors.protocol import Connector, Surroundings, Window
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check
from tests.connectors.azure.azure_month import SEPTEMBER, Loaded
from tests.connectors.azure.loopback import Loopback, Told, serving

SCOPE = "/providers/Microsoft.Billing/billingAccounts/8000001"
_OWN = "x-ms-ratelimit-microsoft.costmanagement-{}-retry-after"


def _page(columns: str, *rows: list[Any], following: str | None = None) -> Told:
    """An answer of the Query API: columns by name, rows positional."""
    named = [
        {"name": name, "type": "Number" if name in {"Cost", "UsageDate"} else "String"} for name in columns.split()
    ]
    return Told({"id": "q", "name": "q", "type": "microsoft.costmanagement/Query",
                 "properties": {"nextLink": following, "columns": named, "rows": list(rows)}})  # fmt: skip


TOTALS = _page("Cost UsageDate Currency", [3.25, 20260901, "USD"], [-1, 20260902, "USD"])
COSTS = "UsageDate Cost ServiceName ChargeType Currency"


class Waits(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving(Loopback()) as loopback:
        yield loopback


def _source(server: Loopback, waits: Waits, **options: Any) -> Connector:
    surroundings = Surroundings(clock=lambda: datetime(2026, 9, 2, 10, tzinfo=UTC), sleep=waits)
    chosen = {"report": "query", "scope": SCOPE, "endpoint_url": server.url, **options}
    return KIND.make("azure", AzureOptions(**chosen), surroundings)


def _load(source: Connector, window: Window = SEPTEMBER) -> Loaded:
    translation = source.translate(window, list(source.pull(window)))
    return Loaded(translation, list(translation.parts))


def test_pages_are_asked_for_with_the_same_body(server: Loopback, waits: Waits) -> None:
    server.answers = [
        TOTALS,
        _page(COSTS, [20260901, 1.23456789012345, "Virtual Machines", "Usage", "USD"],
              following=f"{server.url}{SCOPE}/providers/Microsoft.CostManagement/query?api-version=v&$skiptoken=AQ%3D%3D"),
        _page(COSTS, [20260901, 2.01543210987655, "Foundry Models", "Usage", "USD"],
              [20260902, -1, "Virtual Machines", "Refund", "USD"]),
    ]  # fmt: skip
    loaded = _load(_source(server, waits))
    assert [asked.body == server.asked[1].body for asked in server.asked] == [False, True, True]
    assert server.asked[0].path == f"{SCOPE}/providers/Microsoft.CostManagement/query?api-version=2025-03-01"
    assert "skiptoken=AQ%3D%3D" in server.asked[2].path
    charges = loaded.charges
    assert charges["BilledCost"].to_list() == [Decimal("1.234567890123"), Decimal("2.015432109877"), Decimal(-1)]
    assert charges["ChargeCategory"].to_list() == ["Usage", "Usage", "Credit"]
    assert charges["ServiceName"].to_list() == ["Virtual Machines", "Foundry Models", "Virtual Machines"]
    assert check(for_export(charges)).passed
    assert loaded.missing == []


def test_future_days_are_never_asked_for(server: Loopback, waits: Waits) -> None:
    server.answers = [
        TOTALS,
        _page(COSTS, [20260901, 3.25, "Storage", "Usage", "USD"], [20260902, -1, "S", "Credit", "USD"]),
    ]
    _load(_source(server, waits))
    asked = server.asked[1].body
    assert asked["timePeriod"] == {"from": "2026-09-01T00:00:00+00:00", "to": "2026-09-02T23:59:59+00:00"}
    assert len(asked["dataset"]["grouping"]) == 2
    with pytest.raises(IncompleteError, match="has not begun"):
        question(Window.of_period("2026-10"), datetime(2026, 9, 2, tzinfo=UTC), ())


def test_a_month_is_never_more_than_31_days() -> None:
    body = question(Window.of_period("2026-12"), datetime(2027, 3, 1, tzinfo=UTC), ())
    assert body["timePeriod"]["to"] == "2026-12-31T23:59:59+00:00"


def test_days_that_a_grouped_answer_lost_hold_the_month(server: Loopback, waits: Waits) -> None:
    server.answers = [TOTALS, _page(COSTS, [20260902, -1, "Storage", "Refund", "USD"])]
    assert _load(_source(server, waits)).missing == [
        "services of 2026-09-01 add up to 3.250000000000 USD less than its total"
    ]


@pytest.mark.parametrize("word", ["qpu", "entity", "tenant", "clienttype"])
def test_a_429_with_azures_own_header_alone_is_waited_for_and_asked_again(
    server: Loopback, waits: Waits, word: str
) -> None:
    refusal = Told({"error": {"code": "429", "message": "Too many requests"}}, 429, {_OWN.format(word): "17"})
    server.answers = [
        refusal,
        TOTALS,
        _page(COSTS, [20260901, 3.25, "S", "Usage", "USD"], [20260902, -1, "S", "Tax", "USD"]),
    ]
    assert _load(_source(server, waits)).charges["BilledCost"].sum() == Decimal("2.25")
    assert waits == [17.0]
    assert len(server.asked) == 3


def test_the_longest_advice_counts_and_is_capped() -> None:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    headers = {"Retry-After": "5", _OWN.format("qpu").upper(): "40", _OWN.format("tenant"): "9", "x-other": "99"}
    assert advised_wait(headers, now) == 40
    assert advised_wait({"Retry-After": "Tue, 01 Sep 2026 00:00:30 GMT"}, now) == 30
    assert advised_wait({"Retry-After": "soon"}, now) is None


def test_a_limit_that_does_not_end_is_told(server: Loopback, waits: Waits) -> None:
    server.answers = [
        Told({"error": {"code": "429", "message": "Too many requests"}}, 429, {_OWN.format("qpu"): "900"})
    ]
    with pytest.raises(RateLimitError, match=r"Too many requests\) and did so 6 times"):
        _load(_source(server, waits))
    assert waits == [120.0] * 5


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            Told({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403),
            CredentialsError,
            "AuthorizationFailed",
        ),
        (
            Told({"error": {"code": "ExpiredToken", "message": "old"}}, 401),
            CredentialsError,
            "needs Cost Management Reader",
        ),
        (Told({"error": {"code": "BadRequest", "message": "Invalid"}}, 400), AnswerError, "BadRequest: Invalid"),
        (Told(b"<html>", 200), AnswerError, "no JSON object"),
        (Told({"error": {}}, 503), VendorUnavailableError, "503"),
        (_page("Cost Currency", [1, "USD"]), AnswerError, "lacks its day, cost or currency"),
        (_page("Cost UsageDate Currency", following="https://elsewhere.example/x"), AnswerError, "another host"),
    ],
)
def test_refusals_and_odd_answers_are_explained(
    server: Loopback, waits: Waits, answer: Told, error: type[Exception], words: str
) -> None:
    server.answers = [answer]
    with pytest.raises(error, match=words) as raised:
        _load(_source(server, waits))
    assert raised.value.source == "azure"  # type: ignore[attr-defined]


def test_pages_that_go_in_a_circle_end(server: Loopback, waits: Waits) -> None:
    server.answers = [_page("Cost UsageDate Currency", following=f"{server.url}/again")]
    with pytest.raises(AnswerError, match="in a circle"):
        _load(_source(server, waits))


def test_no_content_is_no_cost_and_not_proven(server: Loopback, waits: Waits) -> None:
    server.answers = [Told(status=204)]
    assert _load(_source(server, waits)).missing == ["no cost of 2026-09 in the answers"]


ACCOUNT, PROFILE = "aaaa-1111:bbbb_2019-05-31", "PROF-1234-ABC"
_BILLING = f"/providers/Microsoft.Billing/billingAccounts/{ACCOUNT}"


@pytest.mark.parametrize(
    ("scope", "billing_account", "billed", "claimed"),
    [
        (_BILLING, None, ACCOUNT, [ACCOUNT]),
        (f"{_BILLING}/billingProfiles/{PROFILE}", None, PROFILE, [ACCOUNT, PROFILE]),
        (f"{_BILLING}/billingProfiles/{PROFILE}/invoiceSections/S", None, PROFILE, [ACCOUNT, PROFILE]),
        ("/providers/Microsoft.Billing/billingAccounts/8000001/departments/123", None, "8000001", ["8000001"]),
        ("/subscriptions/s-1/resourceGroups/r", "8000001", "8000001", ["8000001", "s-1"]),
        ("/subscriptions/s-1", f"{_BILLING}/billingProfiles/{PROFILE}", PROFILE, [ACCOUNT, PROFILE, "s-1"]),
    ],
)
def test_a_query_claims_the_account_as_exports_of_it_do(
    server: Loopback, waits: Waits, scope: str, billing_account: str | None, billed: str, claimed: list[str]
) -> None:
    server.answers = [
        TOTALS,
        _page(COSTS, [20260901, 3.25, "S", "Usage", "USD"], [20260902, -1, "S", "Credit", "USD"]),
    ]
    loaded = _load(_source(server, waits, scope=scope, billing_account=billing_account))
    assert set(loaded.charges["BillingAccountId"]) == {billed}
    assert set(loaded.charges["SubAccountId"]) == ({"s-1"} if scope.startswith("/subscriptions") else {None})
    assert {claim.account_id for part in loaded.parts for claim in part.claims} == set(claimed)
    assert check(for_export(loaded.charges)).passed


def test_nobody_listens(waits: Waits) -> None:
    with serving(Loopback()) as gone:
        pass
    with pytest.raises(VendorUnavailableError, match="did not answer, 6 times"):
        _load(_source(gone, waits))
    assert len(waits) == 5


def test_the_secret_travels_in_the_header_and_nowhere_else(server: Loopback, waits: Waits) -> None:
    server.answers = [Told({"error": {"code": "x", "message": "no"}}, 401)]
    source = _source(server, waits, tenant_id="t", client_id="c", client_secret="s3cret-word")
    with pytest.raises(CredentialsError) as raised:
        _load(source)
    assert server.asked[0].authorization == "Bearer s3cret-word"
    assert "s3cret-word" not in str(raised.value)
