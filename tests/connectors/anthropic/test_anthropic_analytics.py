"""The analytics beta: flat rows, cost per key, list beside discounted amount; and what is asked of Anthropic."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import httpx
import polars as pl
import pytest

from connectors.anthropic.client import AnthropicConnector
from connectors.anthropic.options import AnthropicOptions
from connectors.anthropic.reports import GROUP_BY, KNOWN_WORDS
from connectors.errors import AnswerError
from connectors.protocol import Answer, Surroundings, Translation, Window
from models.ledger.billing import BILL_LINES
from models.ledger.metering import METER_READINGS

MakeAnswer = Callable[..., Answer]
DAY = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC))
USAGE, CONTEXT, COST = "analytics/usage", "analytics/usage#context", "analytics/cost"
SECRET = "sk-ant-admin01-Very-Secret-0123456789"
GROUP = {"workspace_id": "wrkspc_1", "api_key_id": "key_1", "model": "claude-opus-4-6", "service_tier": "standard",
         "inference_geo": "global"}  # fmt: skip


def connector(transport: httpx.BaseTransport | None = None, **options: Any) -> AnthropicConnector:
    checked = AnthropicOptions.model_validate({"admin_key": SECRET, **options})
    clock = datetime(2026, 11, 20, 9, tzinfo=UTC)
    return AnthropicConnector("acme", checked, Surroundings(lambda: clock, lambda _: None, transport))


def translate(answers: list[Answer], **options: Any) -> Translation:
    translation = connector(report="analytics", **options).translate(DAY, answers)
    METER_READINGS.check(translation.meter_readings)
    BILL_LINES.check(translation.bill_lines)
    return translation


def used(count: int, **group: Any) -> dict[str, Any]:
    usage = {
        "uncached_input_tokens": count, "output_tokens": 5, "cache_read_input_tokens": 0, "requests": 2,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
        "server_tool_use": {"web_search_requests": 1}, "total_tokens": count + 5,
    }  # fmt: skip
    return row(usage=usage, **group)


def row(day: int = 1, usage: Any = None, cost: Any = None, **group: Any) -> dict[str, Any]:
    told = {"starting_at": f"2026-10-{day:02}T00:00:00Z", "ending_at": f"2026-10-{day + 1:02}T00:00:00Z"}
    return {**told, "group": {**GROUP, **group}, **({"usage": usage} if usage else {"cost": cost})}


def money(amount: str, listed: str, **group: Any) -> dict[str, Any]:
    cost = {"amount": amount, "list_amount": listed, "currency": "USD", "requests": None}
    return row(cost=cost, **{"cost_type": "tokens", "token_type": "output_tokens", **group})


def page(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "data": list(rows),
        "has_more": False,
        "next_page": None,
        "data_refreshed_at": "2026-11-20T08:50:00Z",
        **more,
    }


def test_usage_and_cost_of_a_key(answer_of: MakeAnswer) -> None:
    answers = [
        answer_of(CONTEXT, page(used(30, context_window="0-200k"), used(70, context_window="200k-1M"))),
        answer_of(USAGE, page(used(100))),
        answer_of(COST, page(money("850.5", "1000.5"), money("3", "3", cost_type="code_execution", token_type=None))),
    ]
    translation = translate(answers)
    inputs = translation.meter_readings.filter(pl.col("meter") == "input")
    assert inputs.select("api_key_id", "context_window", "quantity", "attribution").sort("quantity").rows() == [
        ("key_1", "0-200k", Decimal(30), "exact"),
        ("key_1", "200k-1M", Decimal(70), "exact"),
    ]
    assert dict(translation.meter_readings.group_by("meter").agg(pl.col("quantity").sum().cast(int)).rows()) == {
        "input": 100, "output": 5, "web_searches": 1, "requests": 2,
    }  # fmt: skip
    lines = translation.bill_lines.sort("amount", descending=True)
    assert lines.select("api_key_id", "meter", "amount", "list_amount").rows() == [
        ("key_1", "output", Decimal("8.505"), Decimal("10.005")),
        ("key_1", None, Decimal("0.03"), Decimal("0.03")),
    ]
    assert translation.missing == ()


def test_a_page_that_comes_twice_counts_once(answer_of: MakeAnswer) -> None:
    answers = [
        answer_of(USAGE, page(used(100), used(50, api_key_id=None))),
        answer_of(USAGE, page(used(100), used(50, api_key_id=None)), sequence=1),
        answer_of(COST, page()),
    ]
    translation = translate(answers, context_window=False)
    assert translation.meter_readings.filter(pl.col("meter") == "input")["quantity"].sum() == 150
    assert [(found.kind, found.count) for found in translation.findings] == [("duplicate row", 2)]


def test_the_same_row_with_other_figures_is_refused(answer_of: MakeAnswer) -> None:
    with pytest.raises(AnswerError, match="different figures"):
        translate([answer_of(USAGE, page(used(100), used(101))), answer_of(COST, page())], context_window=False)


def test_half_a_report_and_an_absent_one_are_missing(answer_of: MakeAnswer) -> None:
    translation = translate([answer_of(USAGE, page(has_more=True, next_page="x"))], context_window=False)
    assert translation.missing == (f"{USAGE}: the last page says that there is more", f"{COST}: no answer")


def test_a_total_that_its_kinds_do_not_reach_is_told_of(answer_of: MakeAnswer) -> None:
    wrong = used(100)
    wrong["usage"]["total_tokens"] = 999
    translation = translate([answer_of(USAGE, page(wrong)), answer_of(COST, page())], context_window=False)
    assert [found.kind for found in translation.findings] == ["parts differ from total"]


@pytest.mark.parametrize(
    "hostile",
    [{"data": [{}]}, {"data": None}, page({**used(1), "group": None}), page({**used(1), "ending_at": "2026-10-09"}),
     page({**used(1), "starting_at": "2026-10-01T05:00:00Z"}), page({**used(1), "usage": 3})],
)  # fmt: skip
def test_hostile_rows_are_refused(hostile: Any, answer_of: MakeAnswer) -> None:
    with pytest.raises(AnswerError):
        translate([answer_of(USAGE, hostile), answer_of(COST, page())], context_window=False)


def empty(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/me"):
        return httpx.Response(200, json={"id": "org-uuid", "name": "Acme", "type": "organization"})
    return httpx.Response(200, json={"data": [], "has_more": False, "next_page": None})


def test_what_the_analytics_family_is_asked(told_vendor: Callable[..., Any]) -> None:
    vendor = told_vendor(empty)
    made = connector(vendor, report="analytics", base_url="https://vendor.test")
    answers = list(made.pull(Window(datetime(2026, 9, 15, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC))))
    costs = [request for request in vendor.requests if request.url.path.endswith("analytics/cost")]
    ranges = [(request.url.params["starting_at"], request.url.params["ending_at"]) for request in costs]
    assert ranges == [
        ("2026-09-15T00:00:00Z", "2026-10-16T00:00:00Z"), ("2026-10-16T00:00:00Z", "2026-10-31T00:00:00Z"),
    ]  # fmt: skip
    asked = costs[0].url.params
    assert (asked["limit"], asked["time_bucket_width"], asked["order"]) == ("1000", "1d", "asc")
    counted = [word for word in asked.get_list("group_by[]") if word not in ("cost_type", "token_type")]
    assert len(counted) == 5
    assert costs[0].headers["anthropic-beta"] == "analytics-usage-cost-2026-08-24"
    assert made.translate(DAY, answers).claims[0].account_id == "org-uuid"


def test_what_the_admin_family_is_asked(told_vendor: Callable[..., Any]) -> None:
    vendor = told_vendor(empty)
    made = connector(vendor, base_url="https://vendor.test", speed=True, claude_code=True)
    answers = list(made.pull(Window.of_period("2026-10")))
    reports = [
        request for request in vendor.requests if "report" in request.url.path and "code" not in request.url.path
    ]
    assert [request.url.params.get_list("group_by[]") for request in reports] == [
        ["workspace_id", "model", "service_tier", "speed"],
        ["workspace_id", "model", "service_tier", "api_key_id", "account_id"],
        ["workspace_id", "model", "service_tier", "context_window", "inference_geo"],
        ["workspace_id", "description"],
    ]
    assert reports[0].headers["anthropic-beta"] == "fast-mode-2026-02-01"
    assert "anthropic-beta" not in reports[1].headers
    assert {request.headers["anthropic-version"] for request in vendor.requests} == {"2023-06-01"}
    assert {request.headers["x-api-key"] for request in vendor.requests} == {SECRET}
    assert len([request for request in vendor.requests if "claude_code" in request.url.path]) == 31
    assert SECRET not in repr(made) + repr(made.options) + repr(answers)


def test_no_question_has_more_than_five_dimensions() -> None:
    for dimensions in GROUP_BY.values():
        assert len([word for word in dimensions if word not in ("cost_type", "token_type")]) <= 5


def test_our_words_are_the_vendors_sdks() -> None:
    from anthropic.types.beta.organization import beta_analytics_grouped_cost_type as cost_type
    from anthropic.types.beta.organization import beta_analytics_service_tier as tier
    from anthropic.types.beta.organization import beta_analytics_token_type as token_type
    from anthropic.types.beta.organization.analytics import beta_analytics_cost_group_by as cost_group_by

    assert set(get_args(tier.BetaAnalyticsServiceTier)) == KNOWN_WORDS["service_tier"]
    assert set(get_args(token_type.BetaAnalyticsTokenType)) == KNOWN_WORDS["token_type"]
    assert set(get_args(cost_type.BetaAnalyticsGroupedCostType)) == KNOWN_WORDS["cost_type"]
    assert set(GROUP_BY[COST]) <= set(get_args(cost_group_by.BetaAnalyticsCostGroupBy))
