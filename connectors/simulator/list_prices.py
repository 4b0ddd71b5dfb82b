"""The public list prices that the simulated vendors charge by, written out by hand.

A second, independent copy on purpose: the truth must not be worked out with the ledger's own price book. A test
compares every figure with the genai-prices package. USD per block of the meter (a million tokens, a million
characters, an hour of audio, a thousand searches). Contracts and events belong to `bills`.
"""

from __future__ import annotations

from decimal import Decimal

BLOCKS = {"characters": 1_000_000, "audio_seconds": 3600, "web_searches": 1000, "file_searches": 1000}
"""How many units one price buys, where it is not a million tokens."""

US_INFERENCE = Decimal("1.1")
"""What inference kept in the United States costs at Anthropic, against anywhere."""

_TEXT = ("input", "cache_read", "output")
_TEXT_WITH_WRITES = ("input", "cache_write", "cache_read", "output")
_CLAUDE = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output")
_VOICE = (
    "input", "cache_read", "output", "input_audio", "cache_read_audio", "output_audio", "input_image",
    "cache_read_image",
)  # fmt: skip


def _row(meters: tuple[str, ...], prices: str) -> dict[str, Decimal]:
    return dict(zip(meters, (Decimal(price) for price in prices.split()), strict=True))


_OPENAI_SEARCH = {"web_searches": Decimal(10)}

OPENAI_PRICES: dict[str, dict[str, dict[str, Decimal]]] = {
    "gpt-6.1-sol": {
        "standard": _row(_TEXT_WITH_WRITES, "2 2.5 0.1 10"),
        "priority": _row(_TEXT_WITH_WRITES, "4 5 0.2 20"),
        "flex": _row(_TEXT_WITH_WRITES, "1 1.25 0.05 5"),
        "batch": _row(_TEXT_WITH_WRITES, "1 1.25 0.05 5"),
    },
    "gpt-5.1": {
        "standard": _row(_TEXT, "1.25 0.125 10"),
        "priority": _row(_TEXT, "2.5 0.25 20"),
        "flex": _row(_TEXT, "0.625 0.0625 5"),
        "batch": _row(_TEXT, "0.625 0.0625 5"),
    },
    "gpt-5-mini": {
        "standard": {**_row(_TEXT, "0.25 0.025 2"), **_OPENAI_SEARCH},
        "priority": _row(_TEXT, "0.45 0.045 3.6"),
        "flex": _row(_TEXT, "0.125 0.0125 1"),
        "batch": _row(_TEXT, "0.125 0.0125 1"),
    },
    "gpt-4.1": {"standard": _row(_TEXT, "2 0.5 8"), "batch": _row(("input", "output"), "1 4")},
    "gpt-4o-mini-2024-07-18": {"standard": _row(_TEXT, "0.15 0.075 0.6")},
    "o4-mini": {"standard": _row(_TEXT, "1.1 0.275 4.4"), "flex": _row(_TEXT, "0.55 0.138 2.2")},
    "gpt-realtime": {"standard": _row(_VOICE, "4 0.4 16 32 0.4 64 5 0.5")},
    "gpt-audio": {"standard": _row(("input", "output", "input_audio", "output_audio"), "2.5 10 32 64")},
    "text-embedding-3-small": {"standard": _row(("input",), "0.02")},
    "text-embedding-3-large": {"standard": _row(("input",), "0.13")},
    "tts-1": {"standard": _row(("characters",), "15")},
    "whisper-1": {"standard": _row(("audio_seconds",), "0.36")},
}

_CLAUDE_SEARCH = {"web_searches": Decimal(10)}

ANTHROPIC_PRICES: dict[str, dict[str, dict[str, Decimal]]] = {
    "claude-opus-4-8": {"standard": _row(_CLAUDE, "5 6.25 10 0.5 25")},
    "claude-opus-5-5": {
        "standard": _row(_CLAUDE, "4 5 8 0.2 20"),
        "batch": _row(_CLAUDE, "2 2.5 4 0.1 10"),
    },
    "claude-sonnet-4-6": {"standard": _row(_CLAUDE, "3 3.75 6 0.3 15")},
    "claude-sonnet-5": {"standard": {**_row(_CLAUDE, "2 2.5 4 0.2 10"), **_CLAUDE_SEARCH}},
    "claude-haiku-4-5-20251001": {
        "standard": _row(_CLAUDE, "1 1.25 2 0.1 5"),
        "batch": _row(_CLAUDE, "0.5 0.625 1 0.05 2.5"),
    },
    "claude-fable-5-2": {"standard": _row(_CLAUDE, "8 10 16 0.2 40")},
    "claude-sonnet-5-5": {
        "standard": {**_row(_CLAUDE, "2 2.5 4 0.1 10"), **_CLAUDE_SEARCH},
        "batch": _row(_CLAUDE, "1 1.25 2 0.05 5"),
    },
    "claude-sonnet-4-5-20250929": {"standard": _row(_CLAUDE, "3 3.75 6 0.3 15")},
}

LONG_CONTEXT: dict[str, dict[str, Decimal]] = {
    "claude-sonnet-4-5-20250929": _row(_CLAUDE, "6 7.5 12 0.6 22.5"),
}
"""Anthropic's prices for requests of the 200k-1M band, where they differ."""

FILE_SEARCHES = Decimal("2.5")
"""OpenAI's price of a thousand file searches, the same for every model; its reports name none."""

TOOLS = {
    "code_sessions": Decimal("0.03"),
    "stored_bytes": Decimal("0.10"),
    "images": Decimal("0.011"),
}
"""What OpenAI charges for tools that no price list keyed by model knows: per session, per gibibyte and day, per image.
The ledger sees these as billed without a known price."""


def unit_price(
    provider: str, model: str | None, meter: str, tier: str, *, context: str | None = None, geo: str | None = None
) -> Decimal | None:
    """The list price of one block; None where there is no public price for this model, meter and tier.

    Anthropic's priority tier is paid by commitment and has none.
    """
    if provider == "openai" and meter == "file_searches":
        return FILE_SEARCHES
    table = OPENAI_PRICES if provider == "openai" else ANTHROPIC_PRICES
    tiers = table.get(model or "", {})
    price = tiers.get(tier, {}).get(meter)
    if context == "200k-1M" and model in LONG_CONTEXT:
        price = LONG_CONTEXT[model].get(meter, price)
    if price is not None and geo == "us":
        price *= US_INFERENCE
    return price


def exact_cost(price: Decimal, meter: str, quantity: int) -> Decimal:
    """`price` of one block × `quantity` units, exactly; never more than 12 places for the prices above."""
    cost = price * quantity / BLOCKS.get(meter, 1_000_000)
    if cost != cost.quantize(Decimal("1e-12")):
        raise ArithmeticError(f"{price} × {quantity} {meter} has more than 12 places")
    return cost
