"""What months would have cost on comparable models: by hand on a small price list, and as the command tells it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.economics.first_match import Rule
from models.economics.model_classes import ModelClasses, candidates
from models.economics.repriced_models import MODELS, REPRICED_MODELS, USAGE, repriced_models
from models.economics.repricing import Alternative, reprice
from models.ledger.contract_rates import ContractRate
from models.ledger.metering import METER_READINGS
from models.ledger.rating import rate
from pipelines.reference import comparable_models, model_developers, price_book
from tests.models.economics.test_repricing import book, readings, used

CLASSES = ModelClasses((Rule({("model",): "*"}),), ("mid",), (True,), {"ours": "Our host", "theirs": "Their host"})
OFFERED = pl.DataFrame(
    {
        "provider": ["ours", "theirs"],
        "host": ["Our host", "Their host"],
        "model": ["large", "other"],
        "developer": ["We", "They"],
        "model_class": ["mid", "mid"],
    }
)


def usage(*rows: dict[str, Any]) -> pl.DataFrame:
    return readings(*rows).select(list(USAGE))


def repriced(*rows: dict[str, Any], contracts: tuple[ContractRate, ...] = ()) -> list[dict[str, Any]]:
    made = repriced_models(usage(*rows), OFFERED, CLASSES, book(), contracts)
    return REPRICED_MODELS.check(made).rows(named=True)


def test_each_day_is_at_its_price_and_what_one_side_cannot_price_is_left_out():
    """10 M input at 2 → 1 before and 3 from the 11th on; 4 M output at 8 → 10; batch has no price with them."""
    eleventh = datetime(2026, 9, 11, tzinfo=UTC)
    (row,) = repriced(
        used("input", "10"), used("input", "10", start=eleventh), used("output", "4"),
        used("input", "6", processing_tier="batch"),
    )  # fmt: skip
    assert (row["list_cost"], row["candidate_list_cost"], row["difference"]) == (72, 10 + 30 + 40, 8)
    assert (row["tokens"], row["compared_tokens"]) == (30_000_000, 24_000_000)
    assert row["compared_share"] == Decimal("0.8")
    assert (row["model"], row["host_name"], row["candidate_model"], row["candidate_host"]) == (
        "large", "Our host", "other", "Their host",
    )  # fmt: skip
    assert row["candidate_contracted_cost"] is None
    assert "left out of both" in row["assumptions"]


def test_our_contract_with_the_other_host_holds_and_ours_with_this_one_is_told():
    contracts = (
        ContractRate("ours", date(2026, 1, 1), provider="ours", discount_pct=Decimal(25)),
        ContractRate("theirs", date(2026, 1, 1), provider="theirs", discount_pct=Decimal(10), source="elsewhere"),
    )
    (row,) = repriced(used("input", "10"), contracts=contracts)
    assert (row["list_cost"], row["contracted_cost"]) == (20, 15)
    assert (row["candidate_list_cost"], row["candidate_contracted_cost"]) == (10, 9)
    assert "our contract with that host holds" in row["assumptions"]


def test_the_model_itself_is_no_candidate_and_what_nothing_prices_has_no_row():
    assert {row["candidate_model"] for row in repriced(used("input", "1"))} == {"other"}
    assert repriced(used("cache_write", "1", model="nobody's")) == []
    assert repriced() == []


@pytest.mark.parametrize("model", ["gpt-5.1", "claude-sonnet-4-6"])
def test_it_is_what_the_command_says_of_the_same_usage(model: str):
    provider = "openai" if model.startswith("gpt") else "anthropic"
    rows = [
        used(meter, str(number + 1), start=datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=number), model=model,
             provider=provider)
        for number in range(31)
        for meter in ("input", "output", "cache_read")
    ]  # fmt: skip
    prices, classes = price_book(), comparable_models()
    made = repriced_models(usage(*rows), candidates(classes, model_developers(), prices), classes, prices)
    hosts = {host: name for name, host in classes.hosts.items()}
    assert made.height > 10
    for row in made.rows(named=True):
        other = Alternative(row["candidate_model"], hosts[row["candidate_host"]])
        told = reprice(readings(*rows).cast(METER_READINGS.polars_schema), other, prices)  # type: ignore[arg-type]
        assert row["list_cost"] == told.total("list_cost")
        assert row["candidate_list_cost"] == told.total("other_list_cost")
        assert row["compared_tokens"] == told.compared["quantity"].sum()


def test_only_the_dearest_models_are_repriced():
    prices, classes = price_book(), comparable_models()
    offered = candidates(classes, model_developers(), prices)
    rows = usage(
        *(
            used("input", "1", model=model, provider=provider)
            for provider, model in offered.filter(model_class="mid").select("provider", "model").iter_rows()
        )
    )
    told = (
        rate(rows, prices)
        .drop_nulls("list_cost")
        .sort("list_cost", "provider", "model", descending=[True, False, False])
    )
    assert told.height > MODELS
    made = repriced_models(rows, offered, classes, prices)
    hosts = {host: name for name, host in classes.hosts.items()}
    kept = {(hosts[host], model) for host, model in made.select("host_name", "model").iter_rows()}
    assert kept == set(told.head(MODELS).select("provider", "model").iter_rows())
