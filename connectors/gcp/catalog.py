"""The public price list (Cloud Billing Catalog): its answers, and the prices in them. `list_prices` and `price_rows`
are pure.

A price is `units` + `nanos` × 10⁻⁹, exact; it is for one display unit of a SKU, in steps of usage (`tieredRates`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
from pydantic import SecretStr

from connectors.gcp.google_access import bearer
from connectors.gcp.list_costs import LIST_PRICES
from connectors.gcp.model_skus import read_model_sku
from connectors.gcp.options import GcpOptions
from connectors.gcp.services import MODEL_SERVICES, service_of
from connectors.http import VendorClient
from connectors.json_answers import read_object, unreadable
from connectors.paging import Question, follow
from connectors.protocol import Answer, Surroundings, Window
from models.errors import MoneyError
from models.ledger.money import parse_money
from models.ledger.units import METERS

STREAM = "catalog/skus"
_SERVICES_STREAM = "catalog/services"
_PRICED = frozenset({"Compute Engine", "Cloud TPU", *MODEL_SERVICES})
"""Services, by ledger name, whose public prices are pulled."""
_NANO = Decimal("0.000000001")
_PAGE_SIZE = "5000"


def pulled(source: str, options: GcpOptions, surroundings: Surroundings, window: Window) -> Iterator[Answer]:
    """The list of services, then the SKUs of those that `_PRICED` names. Raises the client's errors."""
    token = bearer(options, options.catalog_endpoint_url)
    with VendorClient(
        source,
        options.catalog_endpoint_url,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        secrets=[SecretStr(token)] if token else [],
        scope="an account that may read the Cloud Billing Catalog",
        transport=surroundings.transport,
        clock=surroundings.clock,
        sleep=surroundings.sleep,
    ) as client:
        services: list[str] = []
        for answer in follow(client, _question(_SERVICES_STREAM, "/v1/services"), window):
            yield answer
            services.extend(
                str(service["name"])
                for service in read_object(answer).get("services", ())
                if service_of(service.get("displayName")).name in _PRICED
            )
        sequence = 0
        for name in services:
            for answer in follow(client, _question(STREAM, f"/v1/{name}/skus"), window):
                yield replace(answer, sequence=sequence)
                sequence += 1


def _question(stream: str, path: str) -> Question:
    return Question(stream, path, (("pageSize", _PAGE_SIZE),), "pageToken", next_page)


def next_page(payload: Any) -> str | None:
    """The cursor of Google's lists: empty or absent on the last page."""
    return payload.get("nextPageToken") or None


def list_prices(answers: Sequence[Answer]) -> pl.DataFrame:
    """`LIST_PRICES`: the price of one pricing unit of each SKU, by the usage from which it holds."""
    rows: dict[tuple[str, Decimal, str], Decimal] = {}
    for answer in answers:
        for sku in _skus(answer):
            for start, price, currency in _rates(answer, sku):
                rows[str(sku["skuId"]), start, currency] = price
    records = [(*key, price) for key, price in sorted(rows.items())]
    return pl.DataFrame(records, schema=LIST_PRICES, orient="row")


def price_rows(answers: Sequence[Answer]) -> pl.DataFrame:
    """Public prices of models as texts of the price book (the columns of data/prices/public.csv), provider google.

    Only the first rate of a SKU that counts one of our meters for a model; one row a model, meter and tier.
    """
    rows: list[dict[str, str | None]] = []
    for answer in answers:
        for sku in _skus(answer):
            sold = read_model_sku(str(sku.get("description", "")))
            if sold.model is None or sold.meter is None:
                continue
            meter = METERS[sold.meter]
            for start, price, currency in _rates(answer, sku):
                if start:
                    continue
                rows.append(
                    {
                        "provider": "google",
                        "model": sold.model,
                        "meter": meter.name,
                        "processing_tier": sold.tier,
                        "context_window": sold.context,
                        "pricing_unit": meter.pricing_unit,
                        "unit_price": f"{(price * meter.block).normalize():f}",
                        "currency": currency,
                        "valid_from": _effective(sku),
                        "valid_to": None,
                        "price_list": "public",
                        "price_status": "priced",
                        "note": f"SKU {sku['skuId']}: {sku['description']}",
                        "source": "Cloud Billing Catalog",
                    }
                )
    frame = pl.DataFrame(rows, schema=dict.fromkeys(_PRICE_COLUMNS, pl.String))
    key = ["provider", "model", "meter", "processing_tier", "context_window"]
    return frame.sort(*key, "note").unique(key, keep="first", maintain_order=True)


_PRICE_COLUMNS = (
    *("provider", "model", "meter", "processing_tier", "context_window", "pricing_unit", "unit_price", "currency"),
    *("valid_from", "valid_to", "price_list", "price_status", "note", "source"),
)


def _skus(answer: Answer) -> list[Mapping[str, Any]]:
    skus = read_object(answer).get("skus", [])
    if not isinstance(skus, list) or not all(isinstance(sku, dict) and sku.get("skuId") for sku in skus):
        raise unreadable(answer, "its skus are not a list of SKUs with an id")
    return skus


def _rates(answer: Answer, sku: Mapping[str, Any]) -> Iterator[tuple[Decimal, Decimal, str]]:
    """From which usage on, price of one pricing unit, currency."""
    pricing = sku.get("pricingInfo") or []
    expression: Mapping[str, Any] = pricing[-1].get("pricingExpression", {}) if pricing else {}
    for rate in expression.get("tieredRates", ()):
        price = rate.get("unitPrice", {})
        try:
            units, _ = parse_money(str(price.get("units", 0)))
            start, _ = parse_money(str(rate.get("startUsageAmount", 0)))
            nanos = int(price.get("nanos", 0)) * _NANO
        except (MoneyError, ValueError) as error:
            raise unreadable(answer, f"a price of SKU {sku['skuId']} is no number") from error
        yield start, units + nanos, str(price.get("currencyCode", "USD"))


def _effective(sku: Mapping[str, Any]) -> str | None:
    """The day from which the newest price holds."""
    pricing = sku.get("pricingInfo") or [{}]
    told = pricing[-1].get("effectiveTime")
    if not told:
        return None
    return f"{datetime.fromisoformat(str(told)):%Y-%m-%d}"
