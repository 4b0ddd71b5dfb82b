"""The columns of every version of the reports: spellings, dates, units, tags, regions."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from connectors.azure.json_texts import instance_types, normalization_ratios, tag_objects
from connectors.azure.meter_facts import size_of_meter
from connectors.azure.native_columns import DATES, SPELLINGS, native_rows
from connectors.azure.regions import region_of
from connectors.azure.services import service_of
from connectors.azure.units import unit_of
from connectors.errors import AnswerError
from models.ledger.focus.unit_format import is_misspelt


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("09/21/2023", date(2023, 9, 21)),
        ("9/2/2023", date(2023, 9, 2)),
        ("2023-09-21", date(2023, 9, 21)),
        ("2023-09-21T00:00:00Z", date(2023, 9, 21)),
        ("20180331", date(2018, 3, 31)),
    ],
)
def test_dates_are_read_however_they_are_written(text: str, day: date) -> None:
    frame = pl.DataFrame({"Date": [text], "Cost": ["1"], "BillingCurrency": ["USD"], "SubscriptionId": ["s"]})
    assert native_rows(frame, "f")[0]["date"].to_list() == [day]


def test_dates_of_parquet_are_numbers_times_or_days() -> None:
    for dates in (
        pl.Series([20180331]),
        pl.Series([date(2018, 3, 31)]),
        pl.Series([date(2018, 3, 31)]).cast(pl.Datetime),
    ):
        frame = pl.DataFrame({"UsageDate": dates, "PreTaxCost": [0.1], "Currency": ["USD"], "SubscriptionId": ["s"]})
        rows, _ = native_rows(frame, "f")
        assert (rows["date"].item(), rows["cost"].item()) == (date(2018, 3, 31), Decimal("0.1"))


@pytest.mark.parametrize("text", ["30/09/2023", "2023-13-01", "yesterday"])
def test_what_is_no_date_is_an_error(text: str) -> None:
    frame = pl.DataFrame({"Date": [text], "Cost": ["1"], "BillingCurrency": ["USD"], "SubscriptionId": ["s"]})
    with pytest.raises(AnswerError, match="is no date"):
        native_rows(frame, "f")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"Cost": ""}, r"f: Cost is null in 1 of 2 rows"),
        ({"BillingCurrency": ""}, r"f: BillingCurrency is null in 1 of 2 rows"),
        ({"SubscriptionId": ""}, r"f: BillingProfileId, BillingAccountId, SubscriptionId are all null in 1 of 2 rows"),
    ],
)
def test_rows_that_nothing_can_be_made_of_are_an_error(row: dict[str, str], words: str) -> None:
    whole = {"Date": "09/01/2026", "Cost": "1", "BillingCurrency": "USD", "SubscriptionId": "s"}
    frame = pl.DataFrame([whole, whole | row]).with_columns(pl.all().replace("", None))
    with pytest.raises(AnswerError, match=words):
        native_rows(frame, "f")


def test_every_spelling_is_found_in_any_case_and_place() -> None:
    for place in (0, -1):
        names = {spellings[place]: ours for ours, spellings in SPELLINGS.items()}
        values = {name: "09/01/2026" if names[name] in DATES else "7" for name in reversed(names)}
        frame = pl.DataFrame({name.upper(): [value] for name, value in values.items()})
        rows, _ = native_rows(frame, "f")
        assert [name for name in SPELLINGS if rows[name].null_count()] == []


def test_the_byte_order_mark_is_no_part_of_a_name() -> None:
    frame = pl.DataFrame(
        {"\ufeffDate": ["09/01/2026"], "Cost": ["1"], "BillingCurrency": ["USD"], "SubscriptionId": ["s"]}
    )
    assert native_rows(frame, "f")[0]["date"].to_list() == [date(2026, 9, 1)]


def test_what_focus_has_no_place_for_is_kept() -> None:
    frame = pl.DataFrame({"Date": ["09/01/2026"], "Cost": ["1"], "BillingCurrency": ["USD"], "SubscriptionId": ["s"],
                          "CostCenter": ["c9"],
                          "ResourceGroup": [""]})  # fmt: skip
    assert json.loads(native_rows(frame, "f")[0]["x_VendorColumns"].item()) == {"CostCenter": "c9"}


@pytest.mark.parametrize(
    ("measure", "pricing_unit", "base", "block"),
    [
        ("1 Hour", "Hours", "Hours", 1),
        ("100 Hours", "100 Hours", "Hours", 100),
        ("10K", "10000 Units", "Units", 10_000),
        ("1M", "1000000 Units", "Units", 1_000_000),
        ("1K Tokens", "1000 Tokens", "Tokens", 1000),
        ("1 GB/Month", "GB/Month", "GB/Month", 1),
        ("1/Month", "Units/Month", "Units/Month", 1),
        ("10K/Month", "10000 Units/Month", "Units/Month", 10_000),
        ("100 GB Seconds", "100 GB-Seconds", "GB-Seconds", 100),
        ("1 GiB Hour", "GiB-Hours", "GiB-Hours", 1),
        ("1/10 Days", "Units/10 Day", "Units/10 Day", 1),
        ("10000 Virtual User Minutes", "10000 Virtual User-Minutes", "Virtual User-Minutes", 10_000),
        ("1\u00a0GB/mes", "GB/Month", "GB/Month", 1),
        ("1 Million", "1000000 Units", "Units", 1_000_000),
        ("1 1 Hour", "Hours", "Hours", 1),
        ("1 API Calls", "Requests", "Requests", 1),
        ("1", "Units", "Units", 1),
        (None, "Units", "Units", 1),
    ],
)
def test_units_are_focus_units(measure: str | None, pricing_unit: str, base: str, block: int) -> None:
    unit = unit_of(measure)
    assert (unit.pricing_unit, unit.base, unit.block) == (pricing_unit, base, block)
    assert not is_misspelt(pl.Series([unit.pricing_unit, unit.base])).any()


def test_tags_become_objects_with_or_without_braces() -> None:
    texts = ['"a": "b","c": "d"', '{"a":"b"}', "{}", "", None, '"a": {"b": 1}', "broken", '"a": "1","a": "2"']
    objects, broken = tag_objects(pl.Series("tags", texts))
    assert [None if text is None else json.loads(text) for text in objects] == [
        *({"a": "b", "c": "d"}, {"a": "b"}, None, None, None, {"a": '{"b": 1}'}, None, {"a": "2"}),
    ]
    assert broken == 1


def test_additional_info_tells_the_size_only_where_it_is_one() -> None:
    texts = [
        '{"ServiceType":"Standard_DS2_v2"}',
        '"armSkuName": "Standard_ND96isr_H100_v5"',
        '{"ServiceType":"SQL"}',
        None,
    ]
    assert instance_types(pl.Series(texts)).to_list() == ["Standard_DS2_v2", "Standard_ND96isr_H100_v5", None, None]
    assert normalization_ratios(pl.Series(['{"RINormalizationRatio":2.0}', "{}"])).to_list() == ["2.0", None]


@pytest.mark.parametrize(
    ("meter", "size"),
    [
        ("ND96isr H100 v5", "Standard_ND96isr_H100_v5"),
        ("NC24ads A100 v4 Spot", "Standard_NC24ads_A100_v4"),
        ("NC6s v3 Low Priority", "Standard_NC6s_v3"),
        ("B2s", "Standard_B2s"),
        ("D2 v3/D2s v3", None),
        ("Compute Hours", None),
    ],
)
def test_a_meter_that_names_one_size_tells_it(meter: str, size: str | None) -> None:
    assert size_of_meter("Virtual Machines", meter) == size
    assert size_of_meter("Storage", meter) is None


@pytest.mark.parametrize("text", ["EastUS2", "eastus2", "East US 2", "US East 2", "us east 2"])
def test_a_region_has_one_id(text: str) -> None:
    assert region_of(text) == ("eastus2", "East US 2")


def test_regions_that_are_none_or_unknown() -> None:
    assert region_of("EU West") == ("westeurope", "West Europe")
    assert region_of("Unassigned") is None
    assert region_of(None) is None
    assert region_of("Moon Base") == ("moonbase", "moonbase")


def test_services_have_one_category_and_unknown_ones_keep_their_name() -> None:
    assert service_of("virtual machines") == ("Virtual Machines", "Compute", "Virtual Machines")
    assert service_of("Quantum Toaster") == ("Quantum Toaster", "Other", "Other (Other)")
    assert service_of(None)[0] == "Microsoft Azure"
