"""FOCUS exports of Azure, versions 1.0r2 and 1.2-preview: as they are, with what Microsoft's own columns tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from connectors.azure import AzureOptions, periods_in
from connectors.errors import AnswerError
from connectors.protocol import Surroundings

if TYPE_CHECKING:
    from tests.connectors.azure.azure_month import Loaded

Load = Callable[..., "Loaded"]

_COMMON = {
    "BilledCost": "0",
    "BillingAccountId": "/providers/Microsoft.Billing/billingAccounts/8000001",
    "BillingAccountName": "Acme",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-09-01T00:00Z",
    "BillingPeriodEnd": "2026-10-01T00:00Z",
    "ChargeCategory": "Usage",
    "ChargeDescription": "usage",
    "ChargeFrequency": "Usage-Based",
    "ChargePeriodStart": "2026-09-03T00:00Z",
    "ChargePeriodEnd": "2026-09-04T00:00Z",
    "ConsumedQuantity": "",
    "ConsumedUnit": "Units",
    "ContractedCost": "0",
    "EffectiveCost": "0",
    "InvoiceIssuerName": "Microsoft",
    "ListCost": "0",
    "PricingCategory": "Standard",
    "PricingQuantity": "",
    "PricingUnit": "1000 Units",
    "ProviderName": "Microsoft",
    "PublisherName": "Microsoft",
    "ServiceCategory": "AI and Machine Learning",
    "ServiceName": "Azure AI services",
    "SkuId": "sku",
    "SkuPriceId": "price",
    "x_SkuMeterCategory": "Foundry Models",
    "x_SkuMeterSubcategory": "Azure OpenAI",
    "x_PricingUnitDescription": "1K",
}


def _export(folder: Path, rows: list[dict[str, str]]) -> str:
    path = folder / "focus.csv"
    pl.DataFrame([_COMMON | row for row in rows]).write_csv(path)
    return str(path)


@pytest.mark.parametrize("column", ["x_SkuMeterName", "SkuMeter"])
def test_tokens_models_and_machines_are_told(tmp_path: Path, load: Load, column: str) -> None:
    details = "x_SkuDetails" if column == "x_SkuMeterName" else "SkuPriceDetails"
    rows = [
        {column: "gpt 4o 1120 cached Inp glbl Tokens", "ConsumedQuantity": "1500", "PricingQuantity": "1.5",
         "ListUnitPrice": "0.00125", "ListCost": "0.001875", "BilledCost": "0.001875", "EffectiveCost": "0.001875",
         details: "{}"},
        {column: "D4s v5", "x_SkuMeterCategory": "Virtual Machines", "ServiceName": "Virtual Machines",
         "ServiceCategory": "Compute", "ConsumedQuantity": "2", "ConsumedUnit": "Hours", "PricingQuantity": "2",
         "PricingUnit": "Hours", "x_PricingUnitDescription": "1 Hour", "BilledCost": "0.4", "EffectiveCost": "0.4",
         details: json.dumps({"ServiceType": "Standard_D4s_v5"})},
        {column: "5.4 xq inp Gl 1M Tokens", "ConsumedQuantity": "10", "BilledCost": "1", "EffectiveCost": "1",
         details: "{}"},
    ]  # fmt: skip
    loaded = load(report="focus", path=_export(tmp_path, rows))
    charges = loaded.charges
    assert charges["BilledCost"].sum() == Decimal("1.401875")
    tokens, machine, _ = charges.iter_rows(named=True)
    assert (tokens["x_Meter"], tokens["x_ModelId"], tokens["x_InferenceGeo"]) == ("cache_read", "gpt-4o-1120", "Global")
    assert (tokens["ConsumedQuantity"], tokens["ConsumedUnit"], tokens["PricingUnit"]) == (
        1500,
        "Tokens",
        "1000 Tokens",
    )
    assert (machine["x_InstanceType"], machine["ConsumedUnit"]) == ("Standard_D4s_v5", "Hours")
    assert loaded.readings.select("model", "meter", "quantity").rows() == [("gpt-4o-1120", "cache_read", Decimal(1500))]
    assert loaded.findings["not_understood"].endswith("1.000000000000 USD")
    assert json.loads(tokens["x_VendorColumns"])["x_SkuMeterCategory"] == "Foundry Models"


def test_accounts_are_claimed_by_their_number(tmp_path: Path, load: Load) -> None:
    """As cost reports tell them, so that both beside each other are refused."""
    loaded = load(
        report="focus", path=_export(tmp_path, [{"BilledCost": "1", "EffectiveCost": "1"}]), accounts=["8000001"]
    )
    assert [(claim.account_id, claim.role) for claim in loaded.parts[0].claims] == [("8000001", "money")]
    with pytest.raises(AnswerError, match="none of this source's `accounts`"):
        load(report="focus", path=_export(tmp_path, [{"BilledCost": "1"}]), accounts=["9"])


def test_quantities_in_thousands_are_scaled(tmp_path: Path, load: Load) -> None:
    row = {"x_SkuMeterName": "gpt 4o 1120 Outp glbl Tokens", "ConsumedQuantity": "1.5", "ConsumedUnit": "1K"}
    assert load(report="focus", path=_export(tmp_path, [row])).charges["ConsumedQuantity"].to_list() == [Decimal(1500)]


_MCA = "/providers/Microsoft.Billing/billingAccounts/aaaa:bbbb_2019-05-31"


@pytest.mark.parametrize(
    "columns",
    [
        {"BillingAccountId": f"{_MCA}/billingProfiles/PROF-1"},
        {"BillingAccountId": "PROF-1", "x_BillingAccountId": "aaaa:bbbb_2019-05-31"},
        {"BillingAccountId": _MCA, "x_BillingAccountId": _MCA, "x_BillingProfileId": f"{_MCA}/billingProfiles/PROF-1"},
    ],
)
def test_profile_and_account_are_both_claimed(tmp_path: Path, load: Load, columns: dict[str, str]) -> None:
    row = {"BilledCost": "1", "EffectiveCost": "1", "SkuMeter": "Disk", **columns}
    claims = load(report="focus", path=_export(tmp_path, [row])).parts[0].claims
    assert sorted(claim.account_id for claim in claims) == ["PROF-1", "aaaa:bbbb_2019-05-31"]


_OUTPUT = {"x_SkuMeterName": "gpt 4o 1120 Outp glbl Tokens", "PricingUnit": "Units", "ListUnitPrice": "0.01",
           "ContractedUnitPrice": "0.01"}  # fmt: skip


def _costing(cost: str, consumed: str, pricing: str, **columns: str) -> dict[str, str]:
    costs = {"BilledCost": cost, "EffectiveCost": cost, "ListCost": cost, "ContractedCost": cost}
    return _OUTPUT | costs | {"ConsumedQuantity": consumed, "PricingQuantity": pricing} | columns


@pytest.mark.parametrize(
    ("row", "tokens", "thousands"),
    [
        # as Microsoft wrote its first exports: thousands are consumed, thousands of them priced and contracted
        (_costing("15", "1500", "1.5", ContractedCost="0.015"), 1_500_000, 1500),
        (_costing("-15", "-1500", "-1.5", ContractedCost="-0.015"), -1_500_000, -1500),
        # as it meant to: tokens are consumed, thousands priced
        (_costing("0.015", "1500", "1.5"), 1500, Decimal("1.5")),
        (_costing("0.015", "1500", "1.5", PricingUnit="1000 Units"), 1500, Decimal("1.5")),
        # thousands in both
        (_costing("15", "1500", "1500"), 1_500_000, 1500),
        # a list price of another tier, and none at all
        (_costing("9", "1500", "1.5", ListCost="15", ContractedUnitPrice="0.006"), 1_500_000, 1500),
        (_costing("15", "1500", "1.5", ListUnitPrice="", ListCost="15"), 1_500_000, 1500),
        # priced in dollars, billed in won
        (_costing("21000", "1500", "1.5", BillingCurrency="KRW", x_BillingExchangeRate="1400"), 1_500_000, 1500),
    ],
)
def test_money_tells_whether_tokens_or_thousands_of_them_are_counted(
    tmp_path: Path, load: Load, row: dict[str, str], tokens: int, thousands: Decimal
) -> None:
    loaded = load(report="focus", path=_export(tmp_path, [row]))
    told = loaded.charges.select("ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit").rows()
    assert told == [(tokens, "Tokens", thousands, "1000 Tokens")]
    assert "not_understood" not in loaded.findings


@pytest.mark.parametrize(
    "row",
    [
        _costing("0.4", "1500", "1.5"),  # neither 15 nor 0.015
        _costing("15", "1500", "1.5", ListCost="0.015"),  # both
        _costing("15", "1500", "1.5", ListUnitPrice="", ContractedUnitPrice=""),  # no price
        _costing("15", "", "1500"),  # no quantity
    ],
)
def test_what_money_does_not_tell_has_no_tokens_and_is_listed(tmp_path: Path, load: Load, row: dict[str, str]) -> None:
    loaded = load(report="focus", path=_export(tmp_path, [row]))
    assert loaded.charges.select("x_Meter", "x_TokenKind", "ConsumedUnit").rows() == [(None, None, "Units")]
    assert loaded.readings.is_empty()
    assert loaded.findings["not_understood"].endswith(f"{Decimal(row['BilledCost']):.12f} USD")


def test_a_row_without_money_counts_as_the_others_do(tmp_path: Path, load: Load) -> None:
    rows = [_costing("15", "1500", "1.5"), _costing("0", "7", "0.007", ListUnitPrice="0", ContractedUnitPrice="0")]
    loaded = load(report="focus", path=_export(tmp_path, rows))
    assert loaded.charges["ConsumedQuantity"].to_list() == [1_500_000, 7000]


def test_the_periods_of_a_focus_file(tmp_path: Path) -> None:
    path = _export(tmp_path, [{}, {"BillingPeriodStart": "2026-10-01T00:00Z", "BillingPeriodEnd": "2026-11-01T00:00Z"}])
    assert periods_in(AzureOptions(report="focus", path=path), Surroundings()) == ["2026-09", "2026-10"]


@pytest.mark.reference
def test_every_column_of_the_published_schema_is_taken(shared_reference: Path, tmp_path: Path, load: Load) -> None:
    schema = json.loads((shared_reference / "specs/azure/focuscost_1.2_schema.json").read_text())
    names = [mapping["source"]["name"] for mapping in schema["translator"]["mappings"]]
    row = {name: _COMMON.get(name, "") for name in names} | {"BilledCost": "2", "EffectiveCost": "2"}
    path = tmp_path / "focus.csv"
    pl.DataFrame([row]).write_csv(path)
    loaded = load(report="focus", path=str(path))
    assert loaded.charges["BilledCost"].to_list() == [Decimal(2)]
    assert len(names) == 104
