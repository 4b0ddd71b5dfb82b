"""Our negotiated rates: which readings they fit, which of two wins, and what cannot work."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.errors import MoneyError, OutlayError
from models.ledger.contract_rates import ContractRate, contracted_prices
from models.table import MONEY

JULY = date(2026, 7, 1)


def keys(**said: Any) -> pl.DataFrame:
    key = {
        "source": "openai", "provider": "openai", "model": "gpt-4o-2024-08-06", "price_model": "gpt-4o",
        "meter": "input", "processing_tier": "standard", "at": "2026-07-15", "list_unit_price": Decimal("2.5"), **said,
    }  # fmt: skip
    frame = pl.DataFrame([key], schema_overrides={"list_unit_price": MONEY, "model": pl.String})
    return frame.with_columns(pl.col("at").str.to_datetime(time_zone="UTC", time_unit="us"))


def contracted(*rates: ContractRate, **said: Any) -> tuple[Decimal | None, str | None]:
    row = contracted_prices(keys(**said), rates).row(0, named=True)
    return row["contracted_unit_price"], row["contract"]


TENTH = ContractRate("a tenth", JULY, model="gpt-4o*", provider="openai", discount_pct=Decimal(10))


def test_the_first_rate_that_fits_wins() -> None:
    first = ContractRate("own price", JULY, model="gpt-4o", meter="input", unit_price=Decimal(2))
    assert contracted(first, TENTH) == (Decimal(2), "own price")
    assert contracted(TENTH, first) == (Decimal("2.25"), "a tenth")


@pytest.mark.parametrize(
    "other",
    [
        {"model": "gpt-4.1", "price_model": "gpt-4.1"},
        {"model": None, "price_model": None},
        {"provider": "azure"},
        {"at": "2026-06-30T23:59:59"},
    ],
)
def test_what_a_rate_does_not_fit_stays_at_list(other: dict[str, Any]) -> None:
    assert contracted(TENTH, **other) == (Decimal("2.5"), None)


@pytest.mark.parametrize(
    "narrow",
    [{"source": "openai-labs"}, {"meter": "output"}, {"processing_tier": "batch"}, {"valid_to": date(2026, 7, 15)}],
)
def test_each_word_of_a_rate_narrows_it(narrow: dict[str, Any]) -> None:
    assert contracted(ContractRate("narrow", JULY, discount_pct=Decimal(5), **narrow)) == (Decimal("2.5"), None)


def test_a_discount_on_nothing_known_is_nothing_known() -> None:
    assert contracted(TENTH, list_unit_price=None)[0] is None


def test_a_discount_is_rounded_once_to_twelve_places() -> None:
    rate = ContractRate("odd", JULY, discount_pct=Decimal("33.3333333333"))
    assert contracted(rate, list_unit_price=Decimal("0.000000000003"))[0] == Decimal("0.000000000002")


@pytest.mark.parametrize(
    "impossible",
    [
        {},
        {"discount_pct": Decimal(1), "unit_price": Decimal(1), "meter": "input"},
        {"unit_price": Decimal(1)},
        {"unit_price": Decimal(-1), "meter": "input"},
        {"discount_pct": Decimal(101)},
        {"discount_pct": Decimal(1), "meter": "tokens"},
        {"discount_pct": Decimal(1), "processing_tier": "turbo"},
        {"discount_pct": Decimal(1), "valid_to": JULY},
    ],
)
def test_a_rate_that_cannot_work_is_refused_by_name(impossible: dict[str, Any]) -> None:
    with pytest.raises(OutlayError, match=r"'impossible'.*→"):
        ContractRate("impossible", JULY, **impossible)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"issuer": "Nobody"}, "names the issuer 'Nobody', which readings do not tell"),
        ({"currency": "EUR"}, "is in EUR, and readings are priced in USD"),
        ({"unit": "Bananas"}, "is per 'Bananas', and readings are priced per '1000000 Tokens'"),
    ],
)
def test_what_readings_do_not_tell_is_refused_on_them_and_taken_on_charges(said: dict[str, str], told: str) -> None:
    price = {"provider": "openai", "meter": "input", "unit_price": Decimal(1)}
    with pytest.raises(OutlayError) as caught:
        ContractRate("deal", JULY, **price, **said)
    assert told in caught.value.what
    assert ContractRate("deal", JULY, **price, **said, sku="*").for_charges


def test_a_unit_on_readings_may_be_the_one_that_they_are_priced_by() -> None:
    rate = ContractRate("deal", JULY, meter="input", unit_price=Decimal(2), unit="1000000 Tokens")
    assert contracted(rate) == (Decimal(2), "deal")


def test_a_rate_finer_than_our_places_is_refused() -> None:
    with pytest.raises(MoneyError):
        ContractRate("too fine", JULY, meter="input", unit_price=Decimal("0.0000000000001"))
