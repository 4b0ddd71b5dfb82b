"""Models without a price: billed all the same, or of no cost that anybody knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from models.control.conditions import Condition
from models.control.kinds.rules import DEFAULTS
from models.control.kinds.unpriced import unpriced_usage
from models.economics.unpriced import UNPRICED_USAGE
from tests.models.control.kinds.rows import table

TODAY = date(2026, 7, 20)


def test_what_was_billed_for_a_model_without_a_price() -> None:
    (one,) = _found(
        billed=[
            _billed(month="2026-06", first_day=date(2026, 6, 28)),
            _billed(meter="output", billed_cost=Decimal(600)),
        ]
    )

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
        _billed(billed_cost=Decimal(0), standing="free"),
        _billed(model="b", billed_cost=Decimal(499)),
        _billed(model="c", month="2026-05", first_day=date(2026, 5, 31)),
        _billed(model=None),
    ]

    assert _found(billed=nothing, alone=[_alone(standing="late"), _alone(model="e", quantity=Decimal(1000))]) == ()


def test_a_model_that_goes_on_from_month_to_month_is_one_alert() -> None:
    (july,) = _found(billed=[_billed(billed_cost=Decimal(2000))])
    (august,) = _found(
        billed=[_billed(billed_cost=Decimal(2000), month="2026-08", first_day=date(2026, 8, 3))], today=date(2026, 8, 4)
    )

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


def _billed(**terms: Any) -> dict[str, Any]:
    return {
        "month": "2026-07", "source": "openai", "provider_name": "OpenAI", "model": "gpt-6.5-nova", "meter": "input",
        "unit": "Tokens", "standing": "billed", "currency": "USD", "quantity": Decimal(400_000_000),
        "billed_cost": Decimal(900), "first_day": date(2026, 7, 5), **terms,
    }  # fmt: skip


def _alone(**terms: Any) -> dict[str, Any]:
    return {
        "month": "2026-07", "source": "anthropic", "provider_name": "Anthropic", "model": "claude-opus-5-5",
        "unit": "Tokens", "standing": "no bill", "currency": "USD", "quantity": Decimal(5_000_000),
        "first_day": date(2026, 7, 5), **terms,
    }  # fmt: skip


def _found(
    *, billed: Sequence[dict[str, Any]] = (), alone: Sequence[dict[str, Any]] = (), today: date = TODAY
) -> tuple[Condition, ...]:
    rule = DEFAULTS["unpriced_usage"]
    judged = unpriced_usage(table(UNPRICED_USAGE, *billed, *alone), [rule], today)
    return judged[rule.name].conditions
