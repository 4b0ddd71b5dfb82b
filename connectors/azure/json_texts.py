"""JSON as Azure writes it: Tags and AdditionalInfo, sometimes without their braces."""

from __future__ import annotations

import json
from typing import Any, cast

import polars as pl


def tag_objects(tags: pl.Series) -> tuple[pl.Series, int]:
    """Tags as JSON objects (`"env": "prod","org": "x"` gets its braces), null where there is none, and how many rows
    hold what is no JSON. Each distinct text is read once."""
    distinct = tags.drop_nulls().unique()
    objects = [_flat_object(text) for text in distinct]
    read = tags.replace_strict(distinct, objects, default=None, return_dtype=pl.String)
    empty = tags.str.contains(r"^\s*(\{\s*\})?\s*$").fill_null(value=True)
    return read.alias(tags.name), int((read.is_null() & ~empty).sum())


def instance_types(additional_info: pl.Series) -> pl.Series:
    """The size of machine that AdditionalInfo names (`"ServiceType":"Standard_DS2_v2"`), null where it names none.

    ServiceType also holds words of other services, so only a size's own form is taken.
    """
    pattern = r'(?i)"(?:armSkuName|ServiceType|VMSize|InstanceType)"\s*:\s*"((?:Standard|Basic)_[A-Za-z0-9_\-]+)"'
    return additional_info.str.extract(pattern)


def normalization_ratios(additional_info: pl.Series) -> pl.Series:
    """How many hours of its reservation one hour takes (`"RINormalizationRatio":2.0`), as text."""
    return additional_info.str.extract(r'(?i)"RINormalizationRatio"\s*:\s*"?(\d+(?:\.\d{1,9})?)')


def capacity_reservations(additional_info: pl.Series) -> pl.Series:
    """The capacity that was kept for the machine (`"VMCapacityReservationId":"f8b4…"`), null where none was."""
    return additional_info.str.extract(r'(?i)"VMCapacityReservationId"\s*:\s*"([^"]+)"').str.to_lowercase()


def _flat_object(text: str) -> str | None:
    """One JSON object with plain values; the later of two equal keys counts, an inner object stays text."""
    stripped = text.strip()
    braced = stripped if stripped.startswith("{") else "{" + stripped.rstrip(",") + "}"
    try:
        value: object = json.loads(braced)
    except ValueError:
        return None
    if not isinstance(value, dict) or not value:
        return None
    members = cast("dict[str, Any]", value)
    flat = {key: json.dumps(item) if isinstance(item, dict | list) else item for key, item in members.items()}
    return json.dumps(flat, ensure_ascii=False)
