"""What Anthropic's cost rows bill: from the structured fields where they are, else from the description. Pure.

Both cost reports use the same words. Amounts are *cents*, as text with a fraction: "123.45" in USD is $1.23.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.anthropic.reports import PROCESSING_TIERS, TOKEN_METERS
from connectors.anthropic.usage_rows import DEFAULT_WORKSPACE
from connectors.bill_line_rows import BillLine, read_amount
from connectors.json_answers import Tally

CENTS = 2
_WITHOUT_METER = frozenset(("code_execution", "session_usage"))
"""Billed, but in no usage report: the line stands alone."""

_PHRASES: Sequence[tuple[re.Pattern[str], str | None]] = tuple(
    (re.compile(pattern), meter)
    for pattern, meter in (
        (r"web search", "web_searches"),
        (r"code execution|session", None),
        (r"cache (hit|read)", "cache_read"),
        (r"cache (write|creation).*\b(1h|1 hour)|\b(1h|1 hour).*cache (write|creation)", "cache_write_1h"),
        (r"cache (write|creation).*\b(5m|5 min)|\b(5m|5 min).*cache (write|creation)", "cache_write_5m"),
        (r"cache (write|creation)", "cache_write"),
        (r"output token", "output"),
        (r"input token", "input"),
    )
)
_CATEGORIES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), category)
    for pattern, category in (
        (r"\b(credits?|grants?|promo\w*)\b", "Credit"),
        (r"\b(tax|vat|gst)\b", "Tax"),
        (r"\b(refund|adjustment|correction)\b", "Adjustment"),
    )
)


@dataclass(frozen=True)
class Billed:
    """What a line bills. `read` is false where nothing says it."""

    meter: str | None = None
    category: str = "Usage"
    tier: str | None = None
    read: bool = True


def billed_by(row: Mapping[str, Any]) -> Billed:
    """`cost_type` and `token_type` speak first; a description is read only where they are null."""
    text = (row.get("description") or "").lower()
    category = next((category for pattern, category in _CATEGORIES if pattern.search(text)), None)
    if row["cost_type"] is None and category:
        return Billed(category=category)
    tier = _tier(row["service_tier"], text)
    if row["cost_type"] in _WITHOUT_METER:
        return Billed(tier=tier)
    if row["cost_type"] == "web_search":
        return Billed("web_searches", tier=tier)
    if row["token_type"] is not None:
        meter = TOKEN_METERS.get(row["token_type"])
        return Billed(meter, tier=tier, read=meter is not None)
    for pattern, meter in _PHRASES:
        if pattern.search(text):
            return Billed(meter, tier=tier)
    return Billed(tier=tier, read=False)


def _tier(said: str | None, text: str) -> str | None:
    if said is None:
        return "batch" if re.search(r"\bbatch\b", text) else None
    return PROCESSING_TIERS.get(said, "unknown")


def to_line(row: Mapping[str, Any], key: Sequence[str], stream: str, tally: Tally) -> BillLine:
    """One row of a cost report as a line; `key` names its dimensions. A negative line without a meter is a credit."""
    amount = read_amount(row["amount"], minor_units=CENTS)
    billed = billed_by(row)
    if not billed.read:
        said = row.get("description") or f"cost_type {row['cost_type']}, token_type {row['token_type']}"
        tally.note("unread cost line", f"{stream}: {said}")
    if amount.rounding:
        tally.note("rounded amount", f"{stream}: more than 12 decimal places")
    unspoken = amount.value < 0 and billed.meter is None and row["cost_type"] is None
    listed = row.get("list_amount")
    return BillLine(
        key=[row[name] for name in key],
        window_start=row["window_start"],
        window_end=row["window_end"],
        amount=amount,
        list_amount=None if listed is None else read_amount(listed, minor_units=CENTS).value,
        currency=row["currency"],
        description=row.get("description"),
        project_id=DEFAULT_WORKSPACE if row["workspace_id"] is None else row["workspace_id"],
        api_key_id=row.get("api_key_id"),
        model=row["model"],
        meter=billed.meter,
        processing_tier=billed.tier,
        inference_geo=row["inference_geo"],
        context_window=row.get("context_window"),
        charge_category="Credit" if unspoken and billed.category == "Usage" else billed.category,
    )
