"""Every kind of charge of a hand-made month, in each combination of reports, to the last place."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.azure.charges import native_charges
from connectors.azure.native_columns import native_rows
from models.ledger.focus.export import for_export
from models.ledger.focus.invariants import check
from tests.connectors.azure.azure_month import actual_rows, amortized_rows, as_csv, native_row

if TYPE_CHECKING:
    from tests.connectors.azure.azure_month import Loaded

Load = Callable[..., "Loaded"]
SHARED = Decimal("1107.4942075")


def _file(folder: Path, rows: list[dict[str, str]], **options: Any) -> dict[str, Any]:
    path = folder / "report.csv"
    path.write_bytes(as_csv(rows))
    return {"report": "actual", "path": str(path), **options}


def test_both_reports_together_are_exact_in_billed_and_effective(both_reports: dict[str, str], load: Load) -> None:
    loaded = load(**both_reports)
    charges = loaded.charges

    assert charges["BilledCost"].sum() == sum(Decimal(row["Cost"]) for row in actual_rows()) == SHARED + 40
    assert charges["EffectiveCost"].sum() == sum(Decimal(row["Cost"]) for row in amortized_rows()) == SHARED + 81
    assert loaded.as_read.rows() == [("USD", charges.height, SHARED + 40)]
    assert charges.height == len(amortized_rows()) + 3
    assert "reports_differ" not in loaded.findings
    assert loaded.missing == []


@pytest.mark.parametrize(("report", "rows"), [("actual", actual_rows()), ("amortized", amortized_rows())])
def test_one_report_alone_says_what_it_cannot_tell(
    tmp_path: Path, load: Load, report: str, rows: list[dict[str, str]]
) -> None:
    loaded = load(**_file(tmp_path, rows, report=report))
    cost = sum(Decimal(row["Cost"]) for row in rows)
    assert loaded.charges["EffectiveCost"].sum() == cost
    assert loaded.charges["BilledCost"].sum() == (cost if report == "actual" else SHARED)
    assert ("amortization_unknown" if report == "actual" else "purchases_unknown") in loaded.findings


@pytest.mark.parametrize("report", ["actual", "amortized", "actual-and-amortized"])
def test_every_invariant_of_focus_holds(tmp_path: Path, both_reports: dict[str, str], load: Load, report: str) -> None:
    rows = actual_rows() if report == "actual" else amortized_rows()
    options = both_reports if report == "actual-and-amortized" else _file(tmp_path, rows, report=report)
    judged = check(for_export(load(**options).charges))
    assert [str(violation) for violation in judged.violations] == []


def test_a_commitment_is_bought_used_and_left_unused(both_reports: dict[str, str], load: Load) -> None:
    charges = load(**both_reports).charges
    id_ = "/providers/microsoft.capacity/reservationorders/aaaa/reservations/bbbb"
    fleet = charges.filter(pl.col("CommitmentDiscountId") == id_).sort("ChargeCategory", "CommitmentDiscountStatus")
    told = fleet.select(
        "ChargeCategory", "CommitmentDiscountStatus", "BilledCost", "EffectiveCost", "PricingCategory",
        "CommitmentDiscountQuantity", "ConsumedQuantity", "CommitmentDiscountUnit",
    ).rows()  # fmt: skip
    assert told == [
        ("Purchase", None, Decimal(15), Decimal(0), "Standard", Decimal(1), None, "Hours"),
        ("Usage", "Unused", Decimal(0), Decimal(3), "Committed", Decimal(6), None, "Hours"),
        ("Usage", "Used", Decimal(0), Decimal(12), "Committed", Decimal(24), Decimal(24), "Hours"),
    ]
    assert set(fleet["CommitmentDiscountType"]) == {"Reservation"}
    assert fleet.filter(pl.col("CommitmentDiscountStatus") == "Unused")["ResourceId"].to_list() == [id_]
    assert fleet.filter(pl.col("ChargeCategory") == "Purchase")["ChargePeriodEnd"][0].isoformat()[:10] == "2026-10-01"


def test_a_split_order_keeps_its_own_id(tmp_path: Path, load: Load) -> None:
    """Two reservations of one order: which of them the purchase is of, nobody tells."""
    other = "/providers/Microsoft.Capacity/reservationOrders/aaaa/reservations/zzzz"
    split = [
        row | {"benefitId": other} if row["ChargeType"] == "UnusedReservation" else row for row in amortized_rows()
    ]
    (tmp_path / "amortized.csv").write_bytes(as_csv(split))
    both = {"report": "actual-and-amortized", "amortized_path": str(tmp_path / "amortized.csv")}
    charges = load(**_file(tmp_path, actual_rows()) | both).charges
    bought = charges.filter(pl.col("ChargeCategory") == "Purchase", pl.col("CommitmentDiscountName") == "Fleet")
    order = "/providers/microsoft.capacity/reservationorders/aaaa"
    assert bought.select("CommitmentDiscountId", "ResourceId").rows() == [(order, order)]


def test_a_savings_plan_is_counted_in_money(both_reports: dict[str, str], load: Load) -> None:
    plan = load(**both_reports).charges.filter(pl.col("CommitmentDiscountType") == "Savings Plan")
    told = dict(
        plan.select(pl.coalesce("CommitmentDiscountStatus", "ChargeCategory"), "CommitmentDiscountQuantity").rows()
    )
    assert told == {"Used": Decimal("2.4"), "Unused": Decimal("27.6"), "Purchase": Decimal(30)}
    assert set(plan["CommitmentDiscountUnit"]) == {"USD"}


def test_a_returned_commitment_is_a_purchase_of_less(both_reports: dict[str, str], load: Load) -> None:
    returned = load(**both_reports).charges.filter(pl.col("CommitmentDiscountName") == "Returned")
    assert returned.select("ChargeCategory", "BilledCost", "EffectiveCost").rows() == [
        ("Purchase", Decimal(-5), Decimal(0))
    ]


def test_of_actual_alone_a_purchase_costs_what_it_bills_and_a_refund_is_a_credit(tmp_path: Path, load: Load) -> None:
    charges = load(**_file(tmp_path, actual_rows())).charges
    bought = charges.filter(pl.col("ResourceType").is_in(["Reservation", "Savings Plan"]))
    assert bought.sort("BilledCost").select("ChargeCategory", "BilledCost", "EffectiveCost").rows() == [
        ("Purchase", Decimal(15), Decimal(15)),
        ("Purchase", Decimal(30), Decimal(30)),
    ]
    assert bought["CommitmentDiscountId"].to_list() == [None, None]
    returned = charges.filter(pl.col("ChargeDescription").str.starts_with("Refund: Virtual"))
    assert returned.select("ChargeCategory", "BilledCost", "EffectiveCost").rows() == [
        ("Credit", Decimal(-5), Decimal(-5))
    ]


def test_what_each_charge_type_becomes(both_reports: dict[str, str], load: Load) -> None:
    charges = load(**both_reports).charges
    told = charges.group_by("ChargeCategory").agg(pl.col("BilledCost").sum(), rows=pl.len()).sort("ChargeCategory")
    assert told.rows() == [
        ("Adjustment", Decimal("-0.246"), 2),
        ("Credit", Decimal(-22), 2),
        ("Purchase", Decimal(110), 4),
        ("Tax", Decimal("11.11"), 1),
        ("Usage", Decimal("1048.6302075"), 14),
    ]
    tax = charges.filter(pl.col("ChargeCategory") == "Tax").row(0, named=True)
    assert (tax["SkuId"], tax["PricingQuantity"], tax["ListCost"]) == (None, None, Decimal("11.11"))
    assert tax["ServiceName"] == "Microsoft Azure"
    market = charges.filter(pl.col("PublisherName") == "Datastar", pl.col("ChargeCategory") == "Purchase").row(
        0, named=True
    )
    assert (market["BilledCost"], market["EffectiveCost"], market["ServiceProviderName"]) == (70, 70, "Microsoft")


def test_prices_and_units_of_a_machine(both_reports: dict[str, str], load: Load) -> None:
    charges = load(**both_reports).charges
    machine = charges.filter(pl.col("ResourceName") == "gpu-1").row(0, named=True)
    assert machine["x_InstanceType"] == "Standard_ND96isr_H100_v5"
    assert (machine["ListUnitPrice"], machine["ListCost"]) == (Decimal(100), Decimal(1000))
    assert (machine["ContractedUnitPrice"], machine["ContractedCost"]) == (Decimal("98.32"), Decimal("983.2"))
    assert (machine["ConsumedQuantity"], machine["ConsumedUnit"], machine["PricingUnit"]) == (10, "Hours", "Hours")
    assert (machine["RegionId"], machine["RegionName"]) == ("eastus2", "East US 2")
    assert machine["ResourceType"] == "Microsoft.Compute/virtualMachines"
    assert json.loads(machine["SkuPriceDetails"]) == {"InstanceType": "Standard_ND96isr_H100_v5"}
    spot = charges.filter(pl.col("ResourceName") == "gpu-3").row(0, named=True)
    assert (spot["PricingCategory"], spot["x_InstanceType"]) == ("Dynamic", "Standard_NC24ads_A100_v4")
    covered = charges.filter(pl.col("ResourceName") == "gpu-2").row(0, named=True)
    assert (covered["ListCost"], covered["x_InstanceType"]) == (Decimal(48), "Standard_NC24ads_A100_v4")
    writes = charges.filter(pl.col("ServiceName") == "Storage").row(0, named=True)
    assert (writes["ConsumedQuantity"], writes["ConsumedUnit"], writes["PricingUnit"]) == (4, "Units", "10000 Units")


def test_tokens_are_tokens_with_model_kind_scope_and_tier(both_reports: dict[str, str], load: Load) -> None:
    loaded = load(**both_reports)
    tokens = loaded.charges.filter(pl.col("x_TokenKind").is_not_null()).sort("x_ModelId", "x_Meter")
    told = tokens.select(
        "x_ModelId", "x_Meter", "ConsumedQuantity", "PricingUnit", "x_ProcessingTier", "x_InferenceGeo"
    )
    assert told.rows() == [
        ("gpt-4o-1120", "cache_read", Decimal(800_000), "1000 Tokens", "standard", "Global"),
        ("gpt-4o-1120", "input", Decimal(1_234_567), "1000 Tokens", "standard", "Global"),
        ("gpt-4o-1120", "output", Decimal(200_000), "1000 Tokens", "standard", "Global"),
        ("gpt-5", "input", Decimal(500_000), "1000000 Tokens", "batch", "DataZone"),
    ]
    assert set(tokens["ServiceName"]) == {"Azure OpenAI"}
    assert json.loads(tokens["Tags"][0]) == {"team": "search", "env": "prod"}
    assert loaded.readings["quantity"].sum() == Decimal(2_734_567)
    assert set(loaded.readings["stream"]) == {"azure/bill"}
    assert ("Microsoft Corporation", "8000001", "usage") in {
        (claim.issuer, claim.account_id, claim.role) for part in loaded.parts for claim in part.claims
    }


def test_provisioned_throughput_has_hours_and_no_tokens(both_reports: dict[str, str], load: Load) -> None:
    charges = load(**both_reports).charges.filter(pl.col("SkuMeter").str.starts_with("Provisioned")).sort("BilledCost")
    told = charges.select(
        "ConsumedQuantity", "ConsumedUnit", "CommitmentDiscountType", "x_Meter", "x_InferenceGeo"
    ).rows()
    assert told == [
        (Decimal(100), "PTU-Hours", "Provisioned Throughput", None, "Global"),
        (Decimal(50), "PTU-Hours", None, None, "Global"),
    ]


def test_a_meter_that_nobody_can_read_is_listed_with_its_money(both_reports: dict[str, str], load: Load) -> None:
    loaded = load(**both_reports)
    assert loaded.findings["not_understood"].startswith("meter 5.4 xq inp Gl 1M Tokens of Azure OpenAI")
    assert loaded.findings["not_understood"].endswith(": 5.000000000000 USD")
    kept = loaded.charges.filter(pl.col("SkuMeter") == "5.4 xq inp Gl 1M Tokens").row(0, named=True)
    assert (kept["BilledCost"], kept["x_Meter"], kept["ConsumedUnit"]) == (Decimal(5), None, "Units")


def test_reports_that_differ_are_told_with_the_money(tmp_path: Path, load: Load) -> None:
    """The amortized export ran before the last 983.2 of usage came in."""
    (tmp_path / "amortized.csv").write_bytes(as_csv(amortized_rows()[1:]))
    options = _file(tmp_path, actual_rows()) | {
        "report": "actual-and-amortized",
        "amortized_path": str(tmp_path / "amortized.csv"),
    }
    assert "on demand 983.200000000000 USD more in actual" in load(**options).findings["reports_differ"]


def test_amounts_beyond_twelve_places_are_rounded_once_and_told(tmp_path: Path, load: Load) -> None:
    row = native_row(Cost="0.4838709677419368123456", Quantity="0.03225806", UnitPrice="15", PayGPrice="15",
                     MeterCategory="Storage", MeterId="m", MeterName="Disk", UnitOfMeasure="1/Month")  # fmt: skip
    loaded = load(**_file(tmp_path, [row]))
    assert loaded.charges["BilledCost"].to_list() == [Decimal("0.483870967742")]
    assert "rounding took -6.31876544E-14" in loaded.findings["rounded_amounts"]


def test_an_unknown_charge_type_is_kept_and_listed(tmp_path: Path, load: Load) -> None:
    loaded = load(**_file(tmp_path, [native_row(ChargeType="Mystery", Cost="3", MeterCategory="Storage")]))
    assert loaded.charges.select("ChargeCategory", "BilledCost").rows() == [("Adjustment", Decimal(3))]
    assert loaded.findings["not_understood"] == "charge type Mystery: 3.000000000000 USD"


def test_two_currencies_stay_apart(tmp_path: Path, load: Load) -> None:
    rows = [native_row(Cost="1", MeterCategory="Storage", MeterId="m", UnitPrice="1"),
            native_row(Cost="2", MeterCategory="Storage", MeterId="m", UnitPrice="2", BillingCurrency="EUR",
                       BillingProfileId="8000002")]  # fmt: skip
    loaded = load(**_file(tmp_path, rows))
    assert loaded.as_read.rows() == [("EUR", 1, Decimal(2)), ("USD", 1, Decimal(1))]


def test_prices_in_another_currency_are_converted_at_the_bills_rate(tmp_path: Path, load: Load) -> None:
    """MCA: 10 hours at 2 USD, 1.9 of them ours, billed in EUR at 0.5; its list cost is told in EUR."""
    row = native_row(
        Cost="9.5",
        Quantity="10",
        UnitPrice="1.9",
        PayGPrice="2",
        BillingCurrency="EUR",
        MeterCategory="Virtual Machines",
        MeterName="D4s v5",
    )
    extended = row | {"PricingCurrency": "USD", "ExchangeRatePricingToBilling": "0.5"}
    path = tmp_path / "mca.csv"
    path.write_bytes(as_csv([extended], list(extended)))
    charge = load(report="actual", path=str(path)).charges.row(0, named=True)
    assert (charge["ListUnitPrice"], charge["ListCost"]) == (Decimal(1), Decimal(10))
    assert (charge["ContractedUnitPrice"], charge["ContractedCost"]) == (Decimal("0.95"), Decimal("9.5"))
    assert (charge["PricingCurrency"], charge["PricingCurrencyListUnitPrice"]) == ("USD", Decimal(2))
    assert charge["PricingCurrencyEffectiveCost"] == Decimal(19)


@pytest.mark.parametrize("rate", ["", "0"])
def test_prices_at_no_rate_are_unknown(tmp_path: Path, load: Load, rate: str) -> None:
    """10 hours at 100 USD are not 1000 EUR: 900 EUR is all that is known."""
    row = native_row(Cost="900", Quantity="10", UnitPrice="98.32", EffectivePrice="98.32", PayGPrice="100",
                     BillingCurrency="EUR", MeterCategory="Virtual Machines", MeterName="D4s v5")  # fmt: skip
    extended = row | {"PricingCurrency": "USD", "ExchangeRatePricingToBilling": rate}
    path = tmp_path / "mca.csv"
    path.write_bytes(as_csv([extended], list(extended)))
    loaded = load(report="actual", path=str(path))
    charge = loaded.charges.row(0, named=True)
    assert (charge["ListUnitPrice"], charge["ListCost"], charge["ContractedCost"]) == (90, 900, 900)
    assert (charge["x_PriceStatus"], charge["PricingCurrency"]) == ("unpriced", "USD")
    assert charge["PricingCurrencyEffectiveCost"] is None
    assert "at no rate" in loaded.findings["exchange_rate_unknown"]
    assert [str(violation) for violation in check(for_export(loaded.charges)).violations] == []


def test_profile_and_account_are_both_claimed(both_reports: dict[str, str], tmp_path: Path, load: Load) -> None:
    """An MCA export and a query of its account tell the same money: they must meet in one of the ids."""
    rows = [{**row, "BillingAccountId": "aaaa:bbbb_2019-05-31", "BillingProfileId": "PROF-1"} for row in actual_rows()]
    part = load(**_file(tmp_path, rows)).parts[0]
    assert sorted((claim.account_id, claim.role) for claim in part.claims) == [
        ("PROF-1", "money"), ("PROF-1", "usage"),
        ("aaaa:bbbb_2019-05-31", "money"), ("aaaa:bbbb_2019-05-31", "usage"),
    ]  # fmt: skip
    assert set(part.charges["BillingAccountId"]) == {"PROF-1"}
    assert {claim.account_id for part in load(**both_reports).parts for claim in part.claims} == {"8000001"}


def test_usage_without_any_price_lists_for_what_it_bills(tmp_path: Path, load: Load) -> None:
    row = native_row(Cost="1", Quantity="3", MeterCategory="Storage", MeterId="m", MeterName="Disk")
    loaded = load(**_file(tmp_path, [row, native_row(ChargeType="Tax", Cost="1", Product="VAT")]))
    charge = loaded.charges.row(0, named=True)
    assert (charge["ListCost"], charge["ContractedCost"], charge["x_PriceStatus"]) == (1, 1, "unpriced")
    assert charge["ListUnitPrice"] == Decimal("0.333333333333")
    assert check(for_export(loaded.charges)).passed


def test_a_month_without_a_charge_is_not_proven(tmp_path: Path, load: Load) -> None:
    october = {"BillingPeriodStartDate": "10/01/2026", "BillingPeriodEndDate": "10/31/2026", "Date": "10/02/2026"}
    loaded = load(**_file(tmp_path, [native_row(Cost="1", **october)]))
    assert loaded.missing == ["no charge of 2026-09 in the export"]
    assert loaded.charges.is_empty()


_COSTS = st.decimals(min_value="-1000", max_value="1000", places=12)
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["Usage", "Purchase", "Refund", "Tax", "Credit", "RoundingAdjustment", "UnusedReservation"]),
        st.sampled_from(["OnDemand", "Spot", "Reservation", "SavingsPlan"]),
        _COSTS,
        st.decimals(min_value="-10", max_value="10", places=3),
    ),
    min_size=1,
    max_size=40,
)


@pytest.mark.slow
@given(_ROWS)
@settings(max_examples=8)
def test_no_combination_of_rows_loses_or_makes_money(rows: list[tuple[str, str, Decimal, Decimal]]) -> None:
    """Whatever a bill holds, billed adds up to the actual report and effective to the amortized one."""
    told = [
        native_row(ChargeType=kind, PricingModel=model, Cost=f"{cost:f}", Quantity=f"{quantity:f}", MeterId="m",
                   benefitId="/b", MeterCategory="Storage", MeterName="Disk")
        for kind, model, cost, quantity in rows
    ]  # fmt: skip
    frame = pl.DataFrame(told)
    parsed, _ = native_rows(frame, "f")
    under = pl.col("PricingModel").is_in(["Reservation", "SavingsPlan"])
    kind = pl.col("ChargeType")
    used = (kind.is_in(["Usage", "Purchase"]) & under) | (kind == "UnusedReservation")
    returned = (kind == "Refund") & under
    costs = frame.select(
        used=used, returned=returned, cost=pl.col("Cost").str.to_decimal(scale=12).cast(pl.Decimal(38, 12))
    )
    whole = costs["cost"].sum()
    unspread = costs.filter(~pl.col("used"), ~pl.col("returned"))["cost"].sum()
    unused = costs.filter(~pl.col("used"))["cost"].sum()
    for report, billed, effective in (
        ("actual", whole, whole),
        ("amortized", unused, whole),
        ("usage-of-both", unspread, whole),
        ("purchases-of-both", whole, unspread),
    ):
        made = native_charges(parsed, report, source="azure", file="f")  # type: ignore[arg-type]
        assert (made.charges["BilledCost"].sum(), made.charges["EffectiveCost"].sum()) == (billed, effective)
        assert made.charges.filter(pl.col("ChargeCategory") == "Usage")["BilledCost"].min() is None or (
            made.charges.filter(pl.col("ChargeCategory") == "Usage")["BilledCost"].min() >= 0  # type: ignore[operator]
        )
