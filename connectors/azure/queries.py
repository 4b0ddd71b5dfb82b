"""Cost Management's Query API as a light source: a month's cost by day, service and charge type, without files.

Two questions a month: the days' totals, and the same by service, proven against the totals, for a grouped answer is
known to lose days in silence. What its rows become is `query_charges`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from connectors.azure.billing_accounts import account_ids, every_claim
from connectors.azure.management import ManagementClient
from connectors.azure.options import AzureOptions
from connectors.azure.query_charges import query_charges, subscription_of
from connectors.errors import AnswerError, IncompleteError
from connectors.http import read_json
from connectors.native_charges import claims_of, counted
from connectors.protocol import Answer, ChargesPart, Finding, Surroundings, Window
from models.errors import MoneyError
from models.ledger.money import parse_money
from models.table import MONEY

TOTALS, COSTS = "query/totals", "query/costs"
_GROUPINGS = ("ServiceName", "ChargeType")
"""Two at most are allowed."""
_COST_NAMES = ("cost", "totalcost", "pretaxcost", "costinbillingcurrency")
_TOLERANCE = Decimal("0.000001")
"""What a day's total may lie beside the sum of its services: the answers are rounded floats of Microsoft's."""
_MOST_PAGES = 1000


def question(window: Window, now: datetime, groupings: Sequence[str]) -> dict[str, Any]:
    """The body of a query: whole days of the window that have begun, at most 31. Raises `IncompleteError` for a month
    that has none: Azure moves future dates to where it likes."""
    last = min(window.end, now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1))
    last = min(last, window.start + timedelta(days=31))
    if last <= window.start:
        raise IncompleteError("the month has not begun", remedy="ask for it when it has")
    dataset: dict[str, Any] = {
        "granularity": "Daily",
        "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
    }
    if groupings:
        dataset["grouping"] = [{"type": "Dimension", "name": name} for name in groupings]
    period = {
        "from": f"{window.start:%Y-%m-%dT00:00:00+00:00}",
        "to": f"{last - timedelta(days=1):%Y-%m-%dT23:59:59+00:00}",
    }
    return {"type": "ActualCost", "timeframe": "Custom", "timePeriod": period, "dataset": dataset}


def query_answers(
    client: ManagementClient, options: AzureOptions, window: Window, *, source: str, surroundings: Surroundings
) -> Iterator[Answer]:
    """All pages of both questions; the body is sent again to each next link."""
    path = f"{options.scope}/providers/Microsoft.CostManagement/query"
    for stream, groupings in ((TOTALS, ()), (COSTS, _GROUPINGS)):
        body = question(window, surroundings.clock(), groupings)
        address, seen = path, set[str]()
        for sequence in range(_MOST_PAGES):
            page = client.post(address, body)
            request = {"path": path, "page": str(sequence), "groupings": ",".join(groupings)}
            yield Answer(source, stream, window, request, sequence, surroundings.clock(), page.body)
            following = str(((page.payload or {}).get("properties") or {}).get("nextLink") or "")
            if not following:
                break
            if following in seen:
                raise AnswerError("Azure's pages go in a circle", remedy="run again later, then report it")
            seen.add(following)
            address = following


def query_parts(window: Window, answers: Sequence[Answer], options: AzureOptions, source: str) -> Iterator[ChargesPart]:
    """One part: a charge for each day, service and charge type."""
    totals = _rows([answer for answer in answers if answer.stream == TOTALS])
    costs = _rows([answer for answer in answers if answer.stream == COSTS])
    inside = costs.filter(pl.col("day").dt.strftime("%Y-%m") == f"{window.start:%Y-%m}")
    charges = query_charges(inside, window, scope=options.scope or "", account=options.billing_account, source=source)
    subscription = subscription_of(options.scope or "")
    scope = [subscription] if subscription else account_ids(options.scope or "")
    others = dict.fromkeys(charges["BillingAccountId"].unique(), (*scope, *account_ids(options.billing_account or "")))
    missing = _lost_days(totals, costs)
    if charges.is_empty():
        missing = (*missing, f"no cost of {window.start:%Y-%m} in the answers")
    found = Finding("light_source", "queries tell no quantities, prices, resources or amortization")
    read = counted(inside["currency"], inside["cost"])
    yield ChargesPart(charges, read, claims=every_claim(claims_of(charges), others), missing=missing, findings=(found,))


def _lost_days(totals: pl.DataFrame, costs: pl.DataFrame) -> tuple[str, ...]:
    """Days whose services do not add up to their total."""
    keys = ["day", "currency"]
    totals_of, sums_of = (frame.group_by(keys).agg(pl.col("cost").sum()) for frame in (totals, costs))
    both = totals_of.join(sums_of, on=keys, how="full", coalesce=True, suffix="_split")
    gap = (pl.col("cost").fill_null(0) - pl.col("cost_split").fill_null(0)).cast(MONEY)
    apart = both.with_columns(gap=gap).filter(gap.abs() > pl.lit(_TOLERANCE, dtype=MONEY))
    return tuple(
        f"services of {day} add up to {gap} {currency} less than its total"
        for day, currency, gap in apart.sort(keys).select("day", "currency", "gap").iter_rows()
    )


def _rows(answers: Sequence[Answer]) -> pl.DataFrame:
    """`day`, `currency`, `cost`, `service`, `charge_type` of all pages; cells are positional, by the page's columns."""
    told: list[tuple[date, str, Decimal, str | None, str | None]] = []
    for answer in answers:
        if not isinstance(answer.body, bytes) or not answer.body.strip():
            continue
        payload = read_json(answer.body)
        properties = (payload.get("properties") or {}) if isinstance(payload, dict) else {}
        names = [str(column.get("name", "")).casefold() for column in properties.get("columns") or []]
        rows = properties.get("rows") or []
        told.extend(_row(dict(zip(names, row, strict=False)), answer.stream) for row in rows)
    schema = {"day": pl.Date, "currency": pl.String, "cost": MONEY, "service": pl.String, "charge_type": pl.String}
    return pl.DataFrame(told, schema=schema, orient="row")


def _row(cells: dict[str, Any], stream: str) -> tuple[date, str, Decimal, str | None, str | None]:
    cost = next((cells[name] for name in _COST_NAMES if name in cells), None)
    stamp = re.sub(r"\D", "", str(cells.get("usagedate", "")))[:8]
    try:
        day = datetime.strptime(stamp, "%Y%m%d").replace(tzinfo=UTC).date()
        amount, _ = parse_money(cost if isinstance(cost, (int, Decimal, str)) else "")
        currency = str(cells["currency"]).upper()
    except (ValueError, KeyError, MoneyError) as error:
        raise AnswerError(
            f"{stream}: a row lacks its day, cost or currency ({', '.join(cells)})",
            remedy="report it with the answer: Azure's columns changed",
        ) from error
    return day, currency, amount, cells.get("servicename"), cells.get("chargetype")
