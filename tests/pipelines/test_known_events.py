"""Known events of a home: as outlay.yaml tells them, and steps of contracts that can be told cleanly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from models.foresight.events import Kind
from models.ledger.contract_rates import ContractRate
from pipelines.known_events import KnownEvents, known_events, public_holidays
from pipelines.settings.foresight import EventSettings, HolidaySettings

MADE_ON = date(2026, 11, 25)
VENDORS = {"OpenAI": {"openai"}, "Anthropic": {"anthropic", "anthropic-labs"}, "AWS": {"aws"}}


def _rate(**fields: Any) -> ContractRate:
    usual: dict[str, Any] = {"name": "Agreement, rate 1", "provider": "openai", "valid_from": date(2026, 12, 1)}
    return ContractRate(**usual | fields)


def _known(*rates: ContractRate) -> KnownEvents:
    return known_events((), rates, VENDORS, MADE_ON)


def test_events_are_as_the_file_says() -> None:
    told = EventSettings.model_validate(
        {"name": "Launch", "kind": "launch", "day": "2026-12-10", "scope": {"team": "voice"}, "amount_per_day": "120.5",
         "ramp_days": 14, "until": "2027-03-31", "currency": "EUR"}
    )  # fmt: skip
    (event,) = known_events([told], (), VENDORS, MADE_ON).events
    assert (event.name, event.kind, event.scope) == ("Launch", Kind.LAUNCH, {"team": "voice", "currency": "EUR"})
    assert (event.amount_per_day, event.ramp_days, event.until) == (120.5, 14, date(2027, 3, 31))


def test_a_discount_that_grows_is_a_step_of_price() -> None:
    """From 10 % off to 19 % off prices fall by 1 − 81/90 = 10 %; when it ends they rise by 100/81 − 1."""
    before = _rate(discount_pct=Decimal(10), valid_from=date(2026, 6, 1), valid_to=date(2026, 12, 1))
    after = _rate(discount_pct=Decimal(19), valid_to=date(2027, 12, 1), name="Agreement, rate 2")
    begins, steps, ends = _known(before, after).events
    assert (begins.day, begins.price_pct) == (date(2026, 6, 1), pytest.approx(-10))
    assert (steps.day, steps.kind, steps.scope) == (date(2026, 12, 1), Kind.CONTRACT_STEP, {"vendor": "OpenAI"})
    assert steps.price_pct == pytest.approx(-10)
    assert steps.name == "Agreement, rate 2 from 2026-12-01"
    assert (ends.day, ends.price_pct) == (date(2027, 12, 1), pytest.approx(100 * (100 / 81 - 1)))


def test_steps_of_long_ago_are_in_all_of_history() -> None:
    assert _known(_rate(discount_pct=Decimal(10), valid_from=date(2025, 1, 1))) == KnownEvents(())


@pytest.mark.parametrize(
    ("rate", "why"),
    [
        (_rate(discount_pct=Decimal(10), model="gpt-5*"), "it is of part of what OpenAI sells"),
        (_rate(discount_pct=Decimal(10), provider="aws", sku="*p5*"), "it is of part of what AWS sells"),
        (
            _rate(discount_pct=Decimal(10), provider="anthropic", source="anthropic"),
            "it is of one source, and Anthropic has costs of anthropic, anthropic-labs",
        ),
        (_rate(discount_pct=Decimal(10), provider="mistral"), "it is of a vendor without costs"),
        (
            _rate(unit_price=Decimal(1), sku="*", provider="aws"),
            "a price of its own does not say by how much prices change",
        ),
    ],
)
def test_what_cannot_be_told_cleanly_says_why(rate: ContractRate, why: str) -> None:
    known = _known(rate)
    assert known.events == ()
    assert list(known.untold) == ["Agreement, rate 1 from 2026-12-01"]
    assert why in known.untold["Agreement, rate 1 from 2026-12-01"]


def test_a_source_that_is_all_of_a_vendor_is_clean() -> None:
    assert len(_known(_rate(discount_pct=Decimal(10), source="openai")).events) == 1


def test_a_whole_vendors_discount_on_charges_is_clean() -> None:
    (event,) = _known(_rate(discount_pct=Decimal(5), provider="aws", sku="*")).events
    assert (event.scope, event.price_pct) == ({"vendor": "AWS"}, pytest.approx(-5))


def test_public_holidays_of_a_part_of_a_country() -> None:
    kept = public_holidays(HolidaySettings(country="GB", subdivision="SCT"), MADE_ON)
    assert kept is not None
    assert kept.name == "public holidays of GB-SCT"
    assert date(2026, 11, 30) in kept.days  # Saint Andrew's Day
    assert date(2027, 12, 27) in kept.days  # Christmas Day is a Saturday
    assert public_holidays(None, MADE_ON) is None
