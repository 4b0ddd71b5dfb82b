"""The FOCUS files as they lie in a folder: `saas` as CSV in FOCUS 1.2, a file a vendor and month; `coreweave` as
Parquet in FOCUS 1.4, a file a month with its manifest.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from connectors.simulator.clouds.parquet import as_parquet
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.focus_bills.gpu_credits import COREWEAVE, VENDOR, gpu_rows
from connectors.simulator.focus_bills.rows import COSTS, MAPS, QUANTITIES, TIMES, FocusRow, as_text
from connectors.simulator.focus_bills.saas import SAAS, VENDORS, saas_rows


def saas_files(world: CloudWorld, month: str) -> Iterator[tuple[str, bytes]]:
    """The month's CSV of each vendor by its path."""
    rows = list(saas_rows(world, month))
    for vendor in VENDORS:
        told = [
            {
                **row.columns(invoice=_invoice(world, row)),
                "ProviderName": vendor.name,
                "PublisherName": vendor.name,
            }
            for row in rows
            if row.vendor == vendor
        ]
        name = vendor.name.lower().replace(" & ", "-").replace(" ", "-")
        yield f"{SAAS}/BILLING_PERIOD={month}/{name}.csv", _as_csv(told)


def gpu_files(world: CloudWorld, month: str) -> Iterator[tuple[str, bytes]]:
    """The month's Parquet file, then the manifest that lists it."""
    rows = [
        {
            **row.columns(invoice=_invoice(world, row)),
            "ServiceProviderName": VENDOR.name,
            "HostProviderName": VENDOR.name,
            "InvoiceDetailId": None,
            "CommitmentProgramEligibilityDetails": None,
        }
        for row in gpu_rows(world, month)
    ]
    body = as_parquet([_typed(row) for row in rows], _schema(tuple(rows[0])))
    folder, name = f"{COREWEAVE}/BILLING_PERIOD={month}", "cost-and-usage.parquet"
    yield f"{folder}/{name}", body
    listed = {"name": name, "size": len(body), "rows": len(rows), "sha256": hashlib.sha256(body).hexdigest()}
    manifest = {"focusVersion": "1.4", "files": [listed], "rowCount": len(rows)}
    yield f"{folder}/manifest.json", (json.dumps(manifest, indent=1) + "\n").encode()


def _invoice(world: CloudWorld, row: FocusRow) -> str | None:
    """The invoice of a month that is over: a number of each issuer's own."""
    initials = "".join(word[0] for word in row.vendor.name.replace("&", "").split()).upper()
    return f"{initials}-{row.month.replace('-', '')}-001" if world.is_closed(row.month) else None


def _as_csv(rows: Sequence[dict[str, object]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    names = sorted(rows[0]) if rows else []
    writer.writerow(names)
    writer.writerows([as_text(row[name]) for name in names] for row in rows)
    return out.getvalue().encode()


def _typed(row: dict[str, object]) -> dict[str, object]:
    """Maps as JSON text, as most exporters write them."""
    return {name: (json.dumps(value) if value else None) if name in MAPS else value for name, value in row.items()}


@lru_cache(maxsize=1)
def _schema(names: tuple[str, ...]) -> Any:
    import pyarrow as pa

    types = {
        **dict.fromkeys(names, pa.string()),
        **dict.fromkeys((*COSTS, *QUANTITIES), pa.decimal128(38, 12)),
        **dict.fromkeys(TIMES, pa.timestamp("us", "UTC")),
    }
    return pa.schema(sorted(types.items()))
