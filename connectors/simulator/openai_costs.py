"""OpenAI's cost report: what is charged, by project, line item and key, in the notations that were seen live.

The texts of line items follow what public code has seen of live answers: `gpt-5.1, cached input`,
`priority | gpt-5.1, output`, `gpt-realtime audio, input`, `web search tool calls`, `Vector storage`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.simulator.bills import Line
from connectors.simulator.draws import draw
from connectors.simulator.openai_wire import page_of_buckets, time_range
from connectors.simulator.organisation import OPENAI
from connectors.simulator.simulation import Simulation
from connectors.simulator.wire_query import WIDTHS, Page, Query, bucket_starts

_TOOLS = {
    "web_searches": "web search tool calls",
    "file_searches": "file search tool calls",
    "stored_bytes": "Vector storage",
    "code_sessions": "code interpreter sessions",
    "credit": "promotional credit",
}
_KINDS = {
    "input": ("input", ""), "cache_read": ("cached input", ""), "cache_write": ("cache writes", ""),
    "output": ("output", ""), "input_audio": ("input", " audio"), "cache_read_audio": ("cached input", " audio"),
    "output_audio": ("output", " audio"), "input_image": ("input", " image"),
    "cache_read_image": ("cached input", " image"), "output_image": ("output", " image"),
    "images": ("images", ""), "characters": ("characters", ""), "audio_seconds": ("audio", ""),
}  # fmt: skip
_UNITS = {
    "stored_bytes": "gibibyte_hours", "images": "images", "characters": "characters",
    "audio_seconds": "duration_seconds", "code_sessions": "sessions", "web_searches": None, "file_searches": None,
}  # fmt: skip
"""Where it is not tokens. `sessions` is a word that the vendor's published list lacks: new words must do no harm."""

_SMALL = Decimal("0.0001")


def cost_report(simulation: Simulation, query: Query, *, quirks: bool) -> bytes:
    """`GET /organization/costs`: daily buckets, empty ones included."""
    asked = query.group_by(("project_id", "line_item", "api_key_id"))
    query.choice("bucket_width", ("1d",))
    size = query.limit(7, 180)
    starts = bucket_starts(*time_range(simulation, query), WIDTHS["1d"])
    page = Page.of(query)
    buckets = [
        {
            "object": "bucket",
            "start_time": int(start.timestamp()),
            "end_time": int((start + WIDTHS["1d"]).timestamp()),
            "results": [
                _result(simulation, start, group, lines, quirks=quirks)
                for group, lines in _groups(simulation, start, asked, query)
            ],
        }
        for start in starts[page.position :][:size]
    ]
    return page_of_buckets(simulation, "costs", buckets, page, len(starts), quirks=quirks)


def line_item(line: Line) -> str:
    """OpenAI's text for a line: `[tier | ]model[ modality], kind`, or the name of a tool."""
    if line.kind != "tokens":
        return _TOOLS[line.kind]
    kind, modality = _KINDS[line.meter or ""]
    words = f"{line.model}{modality}, {kind}"
    return words if line.tier == "standard" else f"{line.tier} | {words}"


def _groups(
    simulation: Simulation, start: datetime, asked: tuple[str, ...], query: Query
) -> list[tuple[dict[str, str | None], list[Line]]]:
    groups: dict[tuple[str | None, ...], tuple[dict[str, str | None], list[Line]]] = {}
    for line in simulation.lines(OPENAI, start.date()):
        values = {"project_id": line.project_id, "line_item": line_item(line), "api_key_id": line.api_key_id}
        wanted = (not (ids := query.many(f"{name}s")) or values[name] in ids for name in ("project_id", "api_key_id"))
        if all(wanted):
            kept = {name: values[name] for name in asked}
            groups.setdefault(tuple(kept.values()), (kept, []))[1].append(line)
    return list(groups.values())


def _result(
    simulation: Simulation, start: datetime, group: dict[str, str | None], lines: list[Line], *, quirks: bool
) -> dict[str, Any]:
    amount = sum((line.amount for line in lines), Decimal(0))
    notation = draw(simulation.seed, "notation", start, *group.values()) if quirks else 0
    counted = group.get("line_item") is not None and lines[0].meter is not None
    meter = lines[0].meter or ""
    return {
        "object": "organization.costs.result",
        "amount": {"value": amount_in(amount, notation), "currency": "usd"},
        "line_item": group.get("line_item"),
        "project_id": group.get("project_id"),
        "api_key_id": group.get("api_key_id"),
        "quantity": _quantity(meter, sum(line.quantity for line in lines)) if counted else None,
        "quantity_unit": _UNITS.get(meter, "tokens") if counted else None,
    }


def _quantity(meter: str, quantity: int) -> int | str:
    if meter != "stored_bytes":
        return quantity
    return f"#NUMBER#{(Decimal(quantity) * 24 / 2**30).quantize(Decimal('1e-6')).normalize():f}"


def amount_in(amount: Decimal, notation: int) -> str:
    """The same amount in one of the ways it was seen: number or text, plain, padded or in scientific notation.

    Text that begins with `#NUMBER#` goes onto the wire as a bare JSON number. Notation 0 is always a number.
    """
    if not amount:
        return "0E-6176" if notation else "#NUMBER#0"
    plain, scientific = f"{amount.normalize():f}", f"{amount.normalize():e}"
    match notation % 8:
        case 1 | 2:
            return f"{amount:f}"
        case 3:
            return f"{amount:.16f}"
        case 4:
            return scientific.upper()
        case 5:
            return f"#NUMBER#{scientific}"
        case _:
            return f"#NUMBER#{scientific if abs(amount) < _SMALL else plain}"
