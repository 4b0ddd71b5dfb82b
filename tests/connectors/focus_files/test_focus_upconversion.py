"""FOCUS 1.0 to 1.4 as ours: exact amounts, filled costs, new names, vendors' own columns; one row in, one row out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Context, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.focus_rows.judged import as_judged
from connectors.focus_rows.times import with_instants
from connectors.focus_rows.upconvert import upconvert
from models.ledger.focus import COST_AND_USAGE
from models.ledger.focus.invariants import check


def _upconverted(frame: pl.DataFrame) -> pl.DataFrame:
    return upconvert(frame, source="cloud", file="a.csv").charges


def test_amounts_are_exact_and_what_rounding_took_is_told(vendor_rows: pl.DataFrame) -> None:
    result = upconvert(vendor_rows, source="cloud", file="a.csv")
    assert result.charges["BilledCost"].to_list() == [
        Decimal("1.234567890123"),
        Decimal("-0.00000025"),
        Decimal(7),
    ]
    rounded = [finding for finding in result.findings if finding.kind == "rounded_amounts"]
    assert [(finding.count, finding.detail) for finding in rounded] == [
        (1, "a.csv: BilledCost has more than 12 places; rounding took 4.56E-13 in all")
    ]


def test_no_cost_is_null_and_what_was_filled_is_told(vendor_rows: pl.DataFrame) -> None:
    """Contracted falls back to list, list to contracted, effective to billed; a credit's costs are its billed one."""
    frame = pl.concat([vendor_rows, vendor_rows.head(2)]).with_columns(
        ContractedCost=pl.Series([None, None, "3", None, None], dtype=pl.String),
        ListCost=pl.Series(["2", None, None, "9", "9"], dtype=pl.String),
        EffectiveCost=pl.Series([None, None, "0", "0", "0"], dtype=pl.String),
        BilledCost=pl.Series(["1", "1", "1", "-1", "1"]),
        ChargeCategory=pl.Series(["Usage", "Usage", "Usage", "Credit", "Usage"]),
    )
    result = upconvert(frame, source="cloud", file="a.csv")
    costs = result.charges.select("BilledCost", "ContractedCost", "ListCost", "EffectiveCost").rows()
    assert costs == [(1, 2, 2, 1), (1, 1, 1, 1), (1, 3, 3, 0), (-1, -1, 9, 0), (1, 9, 9, 0)]
    filled = {finding.detail.split()[1]: finding.count for finding in result.findings if finding.kind == "filled_cost"}
    assert filled == {"ContractedCost": 4, "ListCost": 2, "EffectiveCost": 2}


def test_nan_is_null_and_told(vendor_rows: pl.DataFrame) -> None:
    """pandas writes NaN for a quantity that is not there."""
    frame = vendor_rows.with_columns(ConsumedQuantity=pl.Series([0.1, float("nan"), None]))
    result = upconvert(frame, source="cloud", file="a.csv")
    assert result.charges["ConsumedQuantity"].to_list() == [Decimal("0.1"), None, None]
    assert [finding.count for finding in result.findings if finding.kind == "nan_amounts"] == [1]


def test_names_of_1_3_come_from_the_older_ones(vendor_rows: pl.DataFrame) -> None:
    charge = _upconverted(vendor_rows).row(0, named=True)
    assert charge["ServiceProviderName"] == charge["HostProviderName"] == charge["ProviderName"] == "AWS"
    assert charge["InvoiceIssuerName"] == "AWS EMEA"
    assert charge["ServiceSubcategory"] is None
    assert charge["x_Source"] == "cloud"
    assert charge["x_BillingMonth"] == "2026-09"
    assert (charge["x_CostSource"], charge["x_CostStatus"]) == ("vendor_charges", "provisional")


def test_a_1_4_file_keeps_its_host_and_its_invoice(vendor_rows: pl.DataFrame) -> None:
    frame = vendor_rows.drop("ProviderName", "PublisherName").with_columns(
        ServiceProviderName=pl.lit("Mesh AI"), HostProviderName=pl.lit(None, dtype=pl.String), InvoiceId=pl.lit("INV-7")
    )
    charge = _upconverted(frame).row(0, named=True)
    assert charge["ServiceProviderName"] == charge["ProviderName"] == "Mesh AI"
    assert charge["HostProviderName"] is None
    assert charge["x_CostStatus"] == "invoiced"


def test_what_focus_has_no_place_for_is_kept_as_json(vendor_rows: pl.DataFrame) -> None:
    frame = vendor_rows.with_columns(
        Id=pl.Series([1, 2, None], dtype=pl.Int64),
        x_Discount=pl.Series([Decimal("0.10"), None, None], dtype=pl.Decimal(10, 2)),
        x_Note=pl.Series(['say "hi"\nthere', "", None]),
        x_Source=pl.lit("theirs"),
        x_Flags=pl.Series([{"a": True}, None, None], dtype=pl.Struct({"a": pl.Boolean})),
        x_Share=pl.Series([0.1, float("nan"), None]),
    )
    result = upconvert(frame, source="cloud", file="a.csv")
    kept = [json.loads(text) for text in result.charges["x_VendorColumns"]]
    assert kept == [
        {
            "Id": 1,
            "x_Discount": "0.10",
            "x_Flags": {"a": True},
            "x_Note": 'say "hi"\nthere',
            "x_Share": 0.1,
            "x_Source": "theirs",
        },
        {"Id": 2, "x_Source": "theirs"},
        {"x_Source": "theirs"},
    ]
    assert result.charges["x_Source"].unique().to_list() == ["cloud"]


def test_maps_and_structs_become_json_objects(vendor_rows: pl.DataFrame) -> None:
    pair = pl.Struct({"key": pl.String, "value": pl.String})
    frame = vendor_rows.with_columns(
        Tags=pl.Series([[{"key": "team", "value": "ml"}], [], None], dtype=pl.List(pair)),
        SkuPriceDetails=pl.Series([{"GpuCount": 8, "x_A": None}, None, None]),
    )
    charges = _upconverted(frame)
    assert charges["Tags"].to_list() == ['{"team": "ml"}', "{}", None]
    assert charges["SkuPriceDetails"].to_list() == ['{"GpuCount": 8}', None, None]


def test_empty_text_is_null_and_counted(vendor_rows: pl.DataFrame) -> None:
    result = upconvert(vendor_rows.with_columns(CommitmentDiscountId=pl.lit("")), source="cloud", file="a.csv")
    assert result.charges["CommitmentDiscountId"].null_count() == 3
    assert [finding.count for finding in result.findings if finding.kind == "empty_text"] == [3]


def test_names_in_another_case_are_taken_and_told(vendor_rows: pl.DataFrame) -> None:
    shouted = vendor_rows.rename({name: name.upper() for name in vendor_rows.columns})
    result = upconvert(shouted, source="cloud", file="a.csv")
    assert result.charges.select("BilledCost").equals(_upconverted(vendor_rows).select("BilledCost"))
    assert "renamed_columns" in {finding.kind for finding in result.findings}


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-01T02:00:00+02:00",
        "2026-09-01T00:00:00Z",
        "2026-09-01T00:00:00.000Z",
        "2026-09-01 00:00:00 UTC",
        "2026-09-01 00:00:00",
        "2026-09-01T00:00",
        "2026-09-01T00:00Z",
        "2026-09-01T05:30:00+0530",
        "2026-09-01",
    ],
)
def test_times_are_read_in_every_iso_spelling(vendor_rows: pl.DataFrame, text: str) -> None:
    frame = with_instants(vendor_rows.with_columns(BillingPeriodStart=pl.lit(text)), "a.csv")
    assert frame["BillingPeriodStart"].unique().to_list() == [datetime(2026, 9, 1, tzinfo=UTC)]


def test_a_billing_period_of_another_zone_keeps_its_month(vendor_rows: pl.DataFrame) -> None:
    """Midnight in Los Angeles is 07:00 UTC, in Singapore it is the day before at 16:00."""
    starts = pl.Series(["2026-09-01T07:00:00Z", "2026-08-31T16:00:00Z", "2026-10-01T00:00:00Z"])
    charges = _upconverted(vendor_rows.with_columns(BillingPeriodStart=starts))
    assert charges["x_BillingMonth"].to_list() == ["2026-09", "2026-09", "2026-10"]


def test_what_comes_out_keeps_the_contract(vendor_rows: pl.DataFrame) -> None:
    charges = _upconverted(vendor_rows)
    assert charges.schema == COST_AND_USAGE.polars_schema
    assert charges.height == vendor_rows.height


def test_text_is_judged_as_the_numbers_and_times_that_it_writes(vendor_rows: pl.DataFrame) -> None:
    judged = as_judged(vendor_rows.with_columns(ChargePeriodEnd=pl.lit("2026-09-04T00:00:00")))
    assert judged.schema["BilledCost"] == pl.Decimal(38, 12)
    assert judged.schema["ChargePeriodStart"] == pl.Datetime("us", "UTC")
    assert judged.schema["ChargePeriodEnd"] == pl.Datetime("us")
    assert check(judged, version="1.0").counts()["times-are-utc"] == 1


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e20, max_value=1e20))
def test_a_float_is_the_number_that_was_written(value: float) -> None:
    """Its shortest text, rounded half-even to 12 places."""
    from connectors.exports.amounts import with_exact_amounts

    frame, _ = with_exact_amounts(pl.DataFrame({"BilledCost": [value]}), "a.parquet")
    assert frame["BilledCost"][0] == Decimal(repr(value)).quantize(Decimal("1e-12"), context=Context(prec=60))
