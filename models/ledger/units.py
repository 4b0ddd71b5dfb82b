"""Meters and their units: the closed list of what AI vendors count, in FOCUS's words.

A meter says what is counted, in which FOCUS unit, in which blocks it is priced and what FOCUS calls it. Facts
only; how to read a vendor's field into a meter belongs to that vendor's connector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Meter:
    """One kind of thing that is counted.

    `unit` is FOCUS ConsumedUnit; `block` units make one PricingUnit; `sku_meter` is FOCUS SkuMeter. Token meters
    carry the direction and cache action that FOCUS 1.5 is about to define. `priced` is false for counts that no
    vendor charges for (requests beside tokens).
    """

    name: str
    unit: str
    block: int
    sku_meter: str
    direction: Literal["Input", "Output"] | None = None
    cache_action: Literal["Read", "Write", "Uncached"] | None = None
    priced: bool = True

    @property
    def pricing_unit(self) -> str:
        """FOCUS PricingUnit, such as `1000000 Tokens`; a block of one is the bare unit."""
        return self.unit if self.block == 1 else f"{self.block} {self.unit}"

    @property
    def is_token_kind(self) -> bool:
        return self.unit == "Tokens"


_MILLION = 1_000_000

METERS: dict[str, Meter] = {
    meter.name: meter
    for meter in (
        Meter("input", "Tokens", _MILLION, "Input Tokens", "Input", "Uncached"),
        Meter("cache_read", "Tokens", _MILLION, "Cache Read Input Tokens", "Input", "Read"),
        Meter("cache_write", "Tokens", _MILLION, "Cache Write Input Tokens", "Input", "Write"),
        Meter("cache_write_5m", "Tokens", _MILLION, "Cache Write 5m Input Tokens", "Input", "Write"),
        Meter("cache_write_1h", "Tokens", _MILLION, "Cache Write 1h Input Tokens", "Input", "Write"),
        Meter("output", "Tokens", _MILLION, "Output Tokens", "Output"),
        Meter("input_audio", "Tokens", _MILLION, "Audio Input Tokens", "Input", "Uncached"),
        Meter("cache_read_audio", "Tokens", _MILLION, "Cache Read Audio Input Tokens", "Input", "Read"),
        Meter("output_audio", "Tokens", _MILLION, "Audio Output Tokens", "Output"),
        Meter("input_image", "Tokens", _MILLION, "Image Input Tokens", "Input", "Uncached"),
        Meter("cache_read_image", "Tokens", _MILLION, "Cache Read Image Input Tokens", "Input", "Read"),
        Meter("output_image", "Tokens", _MILLION, "Image Output Tokens", "Output"),
        Meter("requests", "Requests", 1, "Requests", priced=False),
        Meter("images", "Images", 1, "Images"),
        Meter("characters", "Characters", _MILLION, "Characters"),
        Meter("audio_seconds", "Seconds", 3600, "Audio Seconds"),
        Meter("stored_bytes", "Bytes", 1_000_000_000, "Vector Storage"),
        Meter("code_sessions", "Sessions", 1, "Code Interpreter Sessions"),
        Meter("file_searches", "Requests", 1000, "File Searches"),
        Meter("web_searches", "Requests", 1000, "Web Searches"),
    )
}
"""Every meter by name. Token kinds are disjoint: a token is counted under exactly one of them."""

TOKEN_KINDS: tuple[str, ...] = tuple(name for name, meter in METERS.items() if meter.is_token_kind)
"""The meters that count tokens."""
