"""Unmatched spend: largest first, what is a credit as large as what is a charge."""

from datetime import date
from decimal import Decimal

import polars as pl

from models.economics.attribution import Attribution, attribute
from models.economics.components import COLUMNS, taxonomy
from models.economics.developers import developers
from models.economics.unmatched import UNMATCHED_SPEND, unmatched_spend

DISKS = taxonomy(pl.DataFrame([dict.fromkeys(COLUMNS, "") | {"sku": "*disk*", "component": "networking_and_storage"}]))
NOBODY = developers(pl.DataFrame({"model": ["x"], "developer": ["X"]}))


def test_what_no_row_places_is_listed_by_sku_largest_first(charge, charges_of):
    frame = charges_of(
        charge("aws", "5", SkuMeter="Lambda-GB-Second"),
        charge("aws", "5", SkuMeter="Lambda-GB-Second", hour=24 * 25),
        charge("aws", "900", SkuMeter="a disk"),
        charge("aws", "-40", ChargeDescription="a refund", ChargeCategory="Credit", ConsumedQuantity=None),
    )
    attributed = attribute(frame.lazy(), Attribution(DISKS, NOBODY))
    listed = UNMATCHED_SPEND.check(unmatched_spend(attributed, date(2026, 10, 20)))
    assert listed.select("sku", "charges", "effective_cost", "effective_cost_last_full_month").rows() == [
        ("a refund", 1, Decimal(-40), Decimal(-40)),
        ("Lambda-GB-Second", 2, Decimal(10), Decimal(5)),
    ]
    assert set(listed["last_full_month"]) == {"2026-09"}
