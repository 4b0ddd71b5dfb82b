"""Claude Code analytics as estimates. Pure.

Never part of billed money: what is billed by the API (`customer_type` api) is in the usage report already, so it is
only told of; what a seat's subscription covers is notional.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import polars as pl

from connectors.anthropic.cost_lines import CENTS
from connectors.anthropic.reports import CLAUDE_CODE
from connectors.bill_line_rows import read_amount, read_currency
from connectors.json_answers import Row, Tally, read_instant, read_object, read_rows, unreadable
from connectors.protocol import Answer, Window
from models.ledger.estimates import USAGE_ESTIMATES

_LAG = timedelta(hours=1)
"""Only data older than an hour is returned."""


def asked_days(window: Window, now: datetime) -> list[datetime]:
    """The UTC days of the window that have begun."""
    return [day for day in window.days if day < now]


def to_estimates(
    answers: Sequence[Answer], window: Window, *, source: str, account_id: str, tally: Tally
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """`estimates.usage_estimates` of seats (a row a day, person and model), and what is missing."""
    rows: list[dict[str, Any]] = []
    api_rows, api_cents = 0, Decimal(0)
    for answer in answers:
        for record in read_rows(answer, read_object(answer), "data"):
            for row in _models(answer, record):
                if record.get("customer_type") == "subscription":
                    rows.append(row)
                else:
                    api_rows, api_cents = api_rows + 1, api_cents + row["list_cost"]
    if api_rows:
        said = f"{api_cents:.2f} USD estimated by Claude Code for API keys: in the usage report already, not added"
        tally.note("claude code billed by the api", said, api_rows)
    schema = USAGE_ESTIMATES.polars_schema
    seen = pl.DataFrame(
        rows, schema={name: schema[name] for name in ("window_start", "user_id", "model", "currency", "list_cost")}
    )
    return _estimates(seen, source, account_id), _missing(answers, window)


def _models(answer: Answer, record: Row) -> Iterator[dict[str, Any]]:
    actor = record.get("actor")
    if not isinstance(actor, dict):
        raise unreadable(answer, "a record has no `actor`")
    day = read_instant(answer, record.get("date")).replace(hour=0, minute=0, second=0, microsecond=0)
    for part in read_rows(answer, record, "model_breakdown"):
        cost = part.get("estimated_cost")
        try:
            amount = read_amount(cost["amount"], minor_units=CENTS).value  # pyright: ignore[reportOptionalSubscript]
            currency = read_currency(cost["currency"])  # pyright: ignore[reportOptionalSubscript]
        except (ValueError, TypeError, KeyError) as error:
            raise unreadable(answer, f"an estimated cost: {error}") from None
        yield {
            "window_start": day,
            "user_id": actor.get("email_address"),
            "model": part.get("model"),
            "currency": currency,
            "list_cost": amount,
        }


def _estimates(seen: pl.DataFrame, source: str, account_id: str) -> pl.DataFrame:
    schema = USAGE_ESTIMATES.polars_schema
    constant = {
        "source": source, "provider": "anthropic", "stream": CLAUDE_CODE, "account_id": account_id,
        "processing_tier": "standard", "kind": "notional", "reason": "missing bill", "price_status": "estimated",
    }  # fmt: skip
    summed = seen.group_by("window_start", "user_id", "model", "currency").agg(pl.col("list_cost").sum())
    return (
        summed.with_columns(
            *(pl.lit(value).alias(name) for name, value in constant.items()),
            pl.col("window_start").dt.strftime("%Y-%m").alias("billing_period"),
            pl.col("window_start").dt.offset_by("1d").alias("window_end"),
            pl.col("list_cost").alias("contracted_cost"),
        )
        .with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in (
            *summed.columns, *constant, "billing_period", "window_end", "contracted_cost"))
        .select(list(schema))
        .cast(schema)
        .sort("window_start", "user_id", "model", nulls_last=True)
    )  # fmt: skip


def _missing(answers: Sequence[Answer], window: Window) -> tuple[str, ...]:
    """A day whose answers do not end, or that was not asked for although it lay an hour back."""
    done: set[str] = set()
    for answer in answers:
        asked = parse_qs(answer.request.get("query", "")).get("starting_at", [""])[0]
        if read_object(answer).get("has_more") is not True:
            done.add(asked)
    now = max((answer.fetched_at for answer in answers), default=datetime.max.replace(tzinfo=UTC) - _LAG)
    days = [f"{day:%Y-%m-%d}" for day in window.days if day + timedelta(days=1) + _LAG <= now]
    return tuple(f"{CLAUDE_CODE}: {day}" for day in days if day not in done)
