"""Models without a price: billed all the same, or of no cost that anybody knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from models.control.conditions import Condition
from models.control.kinds.rules import DEFAULTS
from models.control.kinds.unpriced import unpriced_usage
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.rollup import DAILY_COSTS
from tests.models.control.kinds.rows import table

TODAY = date(2026, 7, 20)


def test_what_was_billed_for_a_model_without_a_price() -> None:
    (one,) = _found(billed=[_billed(day=_at(2026, 6, 28)), _billed(meter="output", billed_cost=Decimal(600))])

    # 900 and 600 of June and July, for 2 × 400 million tokens
    assert one.headline == "No price is known of gpt-6.5-nova"
    assert one.answer == "1,500 USD was billed for 800 M tokens since 28 June 2026: that cannot be set against a price."
    assert (one.severity, one.amount, one.currency) == ("info", Decimal(1500), "USD")
    assert (one.vendor, one.model) == ("OpenAI", "gpt-6.5-nova")


def test_usage_that_nothing_is_billed_for_is_worse() -> None:
    (one,) = _found(alone=[_alone(quantity=Decimal(2_910_000_000))])

    assert one.answer == "2.91 B tokens since 5 July 2026 have no cost: neither a bill nor a price tells it."
    assert (one.severity, one.amount, one.currency, one.unit) == ("warning", Decimal(2_910_000_000), None, "Tokens")


def test_what_is_free_late_little_old_or_no_model_is_no_news() -> None:
    nothing = [
        _billed(billed_cost=Decimal(0)),
        _billed(model="b", billed_cost=Decimal(499)),
        _billed(model="c", day=_at(2026, 5, 31)),
        _billed(model=None),
        _billed(model="d", price_status="priced"),
    ]

    assert _found(billed=nothing, alone=[_alone(reason="late"), _alone(model="e", quantity=Decimal(1000))]) == ()


def test_a_model_that_goes_on_from_month_to_month_is_one_alert() -> None:
    (july,) = _found(billed=[_billed(billed_cost=Decimal(2000))])
    (august,) = _found(billed=[_billed(billed_cost=Decimal(2000), day=_at(2026, 8, 3))], today=date(2026, 8, 4))

    assert july.alert_id == august.alert_id


def test_one_model_in_two_currencies_is_two_alerts() -> None:
    billed = {"source": "azure", "model": "gpt-x", "billed_cost": Decimal(1200)}
    alone = {"source": "azure", "model": "gpt-x", "quantity": Decimal(5_000_000_000)}

    twice = _found(billed=[_billed(**billed), _billed(**billed, currency="EUR")])
    assert [one.currency for one in twice] == ["EUR", "USD"]
    assert len({one.alert_id for one in twice}) == 2
    # 600 USD billed only lingers; five billion tokens at a price in EUR fire
    mixed = _found(billed=[_billed(**billed | {"billed_cost": Decimal(600)})], alone=[_alone(**alone, currency="EUR")])
    assert sorted((one.standing, one.severity) for one in mixed) == [("firing", "warning"), ("lingering", "info")]
    assert len({one.alert_id for one in mixed}) == 2


def _at(*day: int) -> datetime:
    return datetime(*day, tzinfo=UTC)


def _billed(**terms: Any) -> dict[str, Any]:
    return {
        "source": "openai", "provider_name": "OpenAI", "billing_month": "2026-07", "day": _at(2026, 7, 5),
        "model": "gpt-6.5-nova", "meter": "input", "unit": "Tokens", "currency": "USD", "price_status": "unpriced",
        "billed_cost": Decimal(900), "consumed_quantity": Decimal(400_000_000), **terms,
    }  # fmt: skip


def _alone(**terms: Any) -> dict[str, Any]:
    return {
        "source": "anthropic", "window_start": _at(2026, 7, 5), "model": "claude-opus-5-5", "unit": "Tokens",
        "currency": "USD", "price_status": "unpriced", "reason": "tier", "quantity": Decimal(5_000_000), **terms,
    }  # fmt: skip


def _found(
    *, billed: Sequence[dict[str, Any]] = (), alone: Sequence[dict[str, Any]] = (), today: date = TODAY
) -> tuple[Condition, ...]:
    rule = DEFAULTS["unpriced_usage"]
    judged = unpriced_usage(table(DAILY_COSTS, *billed), table(USAGE_ESTIMATES, *alone), [rule], today)
    return judged[rule.name].conditions
