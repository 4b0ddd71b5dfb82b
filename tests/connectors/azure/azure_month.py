"""One hand-made month of an Azure account in both reports, and exports of it as Cost Management lays them out."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from connectors.azure import KIND, AzureOptions
from connectors.protocol import ChargesPart, Connector, Surroundings, Translation, Window

SEPTEMBER = Window.of_period("2026-09")
SUBSCRIPTION = "11111111-0000-0000-0000-000000000001"
ORDER = "/providers/Microsoft.Capacity/reservationOrders/aaaa"
RESERVATION = f"{ORDER}/reservations/bbbb"
PLAN = "/providers/Microsoft.BillingBenefits/savingsPlanOrders/cccc/savingsPlans/dddd"
SCOPE = "/providers/Microsoft.Billing/billingAccounts/8000001"

_COMMON = {
    "BillingAccountId": "8000001",
    "BillingAccountName": "Acme",
    "BillingPeriodStartDate": "09/01/2026",
    "BillingPeriodEndDate": "09/30/2026",
    "BillingProfileId": "8000001",
    "BillingProfileName": "Acme",
    "SubscriptionId": SUBSCRIPTION,
    "SubscriptionName": "acme-prod",
    "Date": "09/03/2026",
    "Product": "",
    "PartNumber": "",
    "MeterId": "",
    "ServiceFamily": "Compute",
    "MeterCategory": "",
    "MeterSubCategory": "",
    "MeterRegion": "US East 2",
    "MeterName": "",
    "Quantity": "1",
    "EffectivePrice": "0",
    "Cost": "0",
    "UnitPrice": "0",
    "BillingCurrency": "USD",
    "ResourceLocation": "EastUS2",
    "ConsumedService": "Microsoft.Compute",
    "ResourceId": "",
    "ResourceName": "",
    "AdditionalInfo": "",
    "Tags": "",
    "UnitOfMeasure": "1 Hour",
    "ResourceGroup": "rg-ai",
    "ReservationId": "",
    "ReservationName": "",
    "ProductOrderId": "",
    "ProductOrderName": "",
    "Term": "",
    "PublisherName": "Microsoft",
    "ChargeType": "Usage",
    "Frequency": "UsageBased",
    "PublisherType": "Azure",
    "PayGPrice": "0",
    "PricingModel": "OnDemand",
    "benefitId": "",
    "benefitName": "",
}


def native_row(**columns: str) -> dict[str, str]:
    """A row of a report, EA's columns; whatever is not told is as in an ordinary row of usage."""
    unknown = set(columns) - set(_COMMON)
    assert not unknown, unknown
    return {**_COMMON, **columns}


def _machine(name: str, meter: str, **columns: str) -> dict[str, str]:
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ai/providers/Microsoft.Compute/virtualMachines/{name}"
    return native_row(
        **{
            "MeterCategory": "Virtual Machines",
            "MeterSubCategory": f"{meter.split(' ', maxsplit=1)[0]} Series",
            "MeterName": meter,
            "MeterId": f"meter-{meter.replace(' ', '-').lower()}",
            "Product": f"Virtual Machines - {meter} - US East 2",
            "PartNumber": "AAA-1",
            "ResourceId": path,
            "ResourceName": name,
            **columns,
        }
    )


def _tokens(meter: str, **columns: str) -> dict[str, str]:
    return native_row(
        **{
            "ServiceFamily": "AI + Machine Learning",
            "MeterCategory": "Foundry Models",
            "MeterSubCategory": "Azure OpenAI",
            "MeterName": meter,
            "MeterId": f"meter-{meter.replace(' ', '-').lower()}",
            "Product": f"Azure OpenAI - {meter}",
            "PartNumber": "AI-1",
            "ConsumedService": "Microsoft.CognitiveServices",
            "UnitOfMeasure": "1K",
            "ResourceId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ai/providers/"
            "Microsoft.CognitiveServices/accounts/acme-openai",
            "ResourceName": "acme-openai",
            "Tags": '"team": "search","env": "prod"',
            **columns,
        }
    )


_UNDER_RESERVATION = {
    "PricingModel": "Reservation",
    "benefitId": RESERVATION,
    "benefitName": "Fleet",
    "ReservationId": "bbbb",
    "ReservationName": "Fleet",
}
_UNDER_PLAN = {"PricingModel": "SavingsPlan", "benefitId": PLAN, "benefitName": "Compute plan"}
_SIZE = '{"ServiceType":"Standard_NC24ads_A100_v4","VMName":"gpu-2"}'

ON_DEMAND = (
    _machine("gpu-1", "ND96isr H100 v5", Quantity="10", UnitPrice="98.32", EffectivePrice="98.32", PayGPrice="100",
             Cost="983.2"),
    _machine("gpu-3", "NC24ads A100 v4 Spot", Quantity="4", UnitPrice="1", EffectivePrice="1", PayGPrice="1",
             PricingModel="Spot", Cost="4", Tags='{"team":"train"}'),
    _tokens("gpt 4o 1120 Inp glbl Tokens", Quantity="1234.567", UnitPrice="0.0025", EffectivePrice="0.0025",
            PayGPrice="0.0025", Cost="3.0864175"),
    _tokens("gpt 4o 1120 cached Inp glbl Tokens", Quantity="800", UnitPrice="0.00125", EffectivePrice="0.00125",
            PayGPrice="0.00125", Cost="1"),
    _tokens("gpt 4o 1120 Outp glbl Tokens", Quantity="200", UnitPrice="0.01", EffectivePrice="0.01",
            PayGPrice="0.01", Cost="2"),
    _tokens("GPT 5 Batch Inpt DZone 1M Tokens", UnitOfMeasure="1M", Quantity="0.5", UnitPrice="0.6875",
            EffectivePrice="0.6875", PayGPrice="0.6875", Cost="0.34375"),
    _tokens("5.4 xq inp Gl 1M Tokens", UnitOfMeasure="1M", Quantity="2", UnitPrice="2.5", EffectivePrice="2.5",
            PayGPrice="2.5", Cost="5"),
    _tokens("Provisioned Managed Global Unit", UnitOfMeasure="1 Hour", Quantity="50", UnitPrice="1",
            EffectivePrice="1", PayGPrice="1", Cost="50"),
    native_row(MeterCategory="Storage", MeterName="Hot LRS Write Operations", MeterId="meter-ops", PartNumber="ST-1",
               Product="Blob - Writes", UnitOfMeasure="10K", Quantity="0.0004", UnitPrice="0.1", EffectivePrice="0.1",
               PayGPrice="0.1", Cost="0.00004"),
    native_row(MeterCategory="Azure Monitor", MeterName="Alerts", MeterId="meter-alerts", Product="Alerts",
               UnitOfMeasure="1/Month", Quantity="-1", Cost="-0.25", UnitPrice="0.25", EffectivePrice="0.25"),
    native_row(ChargeType="Purchase", PublisherType="Marketplace", PublisherName="Datastar", Product="Datastar Pro",
               MeterCategory="SaaS", Frequency="Recurring", Quantity="1", UnitOfMeasure="1", Cost="70", UnitPrice="70",
               Date="09/10/2026", PartNumber="MP-1"),
    native_row(ChargeType="Refund", PublisherType="Marketplace", PublisherName="Datastar", Product="Datastar Pro",
               MeterCategory="SaaS", Frequency="OneTime", Quantity="1", UnitOfMeasure="1", Cost="-20",
               PartNumber="MP-1"),
    native_row(ChargeType="Tax", Product="VAT", Quantity="0", Cost="11.11", Frequency="OneTime"),
    native_row(ChargeType="Credit", Product="Azure credit", Quantity="0", Cost="-2", Frequency="OneTime"),
    native_row(ChargeType="RoundingAdjustment", Quantity="0", Cost="0.004", Frequency="OneTime"),
)  # fmt: skip
"""What both reports show alike: 1107.494207500000 in all."""

BOUGHT = (
    _machine("", "NC24ads A100 v4", ChargeType="Purchase", Frequency="Recurring", Term="12", Date="09/01/2026",
             ResourceId=f"{ORDER}/reservations/", benefitId=f"{ORDER}/reservations/", benefitName="Fleet",
             ReservationId="aaaa",
             PricingModel="Reservation", Quantity="1", UnitPrice="15", Cost="15", SubscriptionId="",
             ProductOrderId="aaaa", ProductOrderName="Reserved VM Instance, Standard_NC24ads_A100_v4, 1 Year"),
    native_row(ChargeType="Purchase", Frequency="Recurring", Term="36", Date="09/01/2026", PricingModel="SavingsPlan",
               benefitId=PLAN, benefitName="Compute plan", Product="Savings plan", Quantity="1", UnitOfMeasure="1",
               UnitPrice="30", Cost="30", MeterCategory="Savings Plans", PartNumber="SP-1", SubscriptionId=""),
    _machine("", "NC24ads A100 v4", ChargeType="Refund", Frequency="OneTime", PricingModel="Reservation", Quantity="-1",
             benefitId=f"{ORDER}9/reservations/eeee", benefitName="Returned", Cost="-5", UnitPrice="15",
             ProductOrderName="Returned reservation", ResourceId="", Date="09/20/2026"),
)  # fmt: skip
"""Only the actual report shows them: 40."""

COVERED = (
    (_machine("gpu-2", "NC24ads A100 v4", Quantity="24", UnitPrice="2", AdditionalInfo=_SIZE, **_UNDER_RESERVATION),
     "12", "0.5"),
    (_machine("web-1", "D4s v5", Quantity="20", UnitPrice="0.192", PayGPrice="0.2", **_UNDER_PLAN), "2.4", "0.12"),
    (_tokens("Provisioned Managed Global Unit", UnitOfMeasure="1 Hour", Quantity="100", UnitPrice="1", PayGPrice="1",
             **_UNDER_RESERVATION | {"benefitId": f"{ORDER}2/reservations/ffff", "benefitName": "PTU"}), "36", "0.36"),
)  # fmt: skip
"""Usage under a commitment, its amortized cost and price: 50.4 effective, nothing billed."""

UNUSED = (
    (_machine("", "NC24ads A100 v4", ChargeType="UnusedReservation", Quantity="6", SubscriptionId="", ResourceId="",
              **_UNDER_RESERVATION), "3", "0.5"),
    (native_row(ChargeType="UnusedSavingsPlan", MeterCategory="Savings Plans", Product="Savings plan", Quantity="1",
                UnitOfMeasure="1", SubscriptionId="", PartNumber="SP-1", **_UNDER_PLAN), "27.6", "27.6"),
)  # fmt: skip
"""Only the amortized report shows it: 30.6."""


def actual_rows() -> list[dict[str, str]]:
    """Σ Cost = 1107.4942075 + 40 = 1147.4942075."""
    return [*ON_DEMAND, *BOUGHT, *(row for row, _, _ in COVERED)]


def amortized_rows() -> list[dict[str, str]]:
    """Σ Cost = 1107.4942075 + 50.4 + 30.6 = 1188.4942075."""
    spread = [{**row, "Cost": cost, "EffectivePrice": price} for row, cost, price in (*COVERED, *UNUSED)]
    return [*ON_DEMAND, *spread]


def as_csv(rows: Sequence[dict[str, str]], columns: Sequence[str] = ()) -> bytes:
    """CSV with a byte-order mark, as the portal writes it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(_COMMON), extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


@dataclass(frozen=True)
class ExportedRun:
    """One run of an export on disk."""

    folder: Path
    manifest: Path
    blobs: list[Path]


def write_run(
    root: Path,
    rows: Sequence[dict[str, str]],
    *,
    kind: str = "ActualCost",
    export: str = "acme-costs",
    run: str = "run-1",
    at: str = "202610010400",
    month: str = "2026-09",
    form: str = "csv",
    parts: int = 1,
    scope: str = SCOPE,
    submitted: str | None = "2026-10-01T04:00:00.1234567Z",
    changes: dict[str, Any] | None = None,
) -> ExportedRun:
    """A run as Cost Management writes it: `{root}/{export}/{range}/{export time}/{run}/part_n` beside manifest.json.

    `form` is csv, csv.gz or parquet; `changes` replaces members of the manifest.
    """
    last = pl.Series([f"{month}-01"]).str.to_date().dt.month_end()[0]
    name = f"{export}/{month.replace('-', '')}01-{last:%Y%m%d}/{at}/{run}"
    folder = root / name
    folder.mkdir(parents=True)
    size = -(-len(rows) // parts)
    blobs: list[Path] = []
    listed: list[dict[str, Any]] = []
    for number in range(parts):
        part = rows[number * size : (number + 1) * size]
        path = folder / f"part_{number}_0001.{form}"
        body = as_csv(part)
        if form == "parquet":
            buffer = io.BytesIO()
            pl.read_csv(body, infer_schema=False).write_parquet(buffer, compression="snappy")
            body = buffer.getvalue()
        path.write_bytes(gzip.compress(body) if form == "csv.gz" else body)
        blobs.append(path)
        listed.append({"blobName": f"exports/{name}/{path.name}", "byteCount": path.stat().st_size,
                       "dataRowCount": len(part)})  # fmt: skip
    manifest = {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(blob["byteCount"] for blob in listed),
        "blobCount": parts,
        "dataRowCount": len(rows),
        "exportConfig": {
            "exportName": export,
            "resourceId": f"{scope}/providers/Microsoft.CostManagement/exports/{export}",
            "dataVersion": "2024-08-01",
            "type": kind,
            "timeFrame": "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Parquet" if form == "parquet" else "Csv",
            "compressionMode": {"csv": "None", "csv.gz": "gzip", "parquet": "snappy"}[form],
        },
        "runInfo": {
            "executionType": "Scheduled",
            **({"submittedTime": submitted} if submitted else {}),
            "runId": run,
            "startDate": f"{month}-01T00:00:00",
            "endDate": f"{last}T00:00:00",
        },
        "blobs": listed,
        **(changes or {}),
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest))
    return ExportedRun(folder, path, blobs)


def connector(**options: Any) -> Connector:
    """A connector of the source `azure`, at a fixed time."""
    surroundings = Surroundings(clock=lambda: datetime(2026, 10, 6, tzinfo=UTC), sleep=lambda _: None)
    return KIND.make("azure", AzureOptions(**options), surroundings)


@dataclass(frozen=True)
class Loaded:
    """A translated month: its parts together."""

    translation: Translation
    parts: list[ChargesPart]

    @property
    def charges(self) -> pl.DataFrame:
        return pl.concat(part.charges for part in self.parts)

    @property
    def readings(self) -> pl.DataFrame:
        return pl.concat([part.readings for part in self.parts if part.readings is not None])

    @property
    def as_read(self) -> pl.DataFrame:
        whole = pl.concat(part.as_read for part in self.parts)
        return whole.group_by("currency").agg(pl.col("rows", "billed_cost").sum()).sort("currency")

    @property
    def missing(self) -> list[str]:
        return [*self.translation.missing, *(lack for part in self.parts for lack in part.missing)]

    @property
    def findings(self) -> dict[str, str]:
        """The detail of each finding, by kind; of several of a kind, joined by a bar."""
        told: dict[str, str] = {}
        for finding in (*self.translation.findings, *(found for part in self.parts for found in part.findings)):
            told[finding.kind] = " | ".join(filter(None, (told.get(finding.kind), finding.detail)))
        return told
