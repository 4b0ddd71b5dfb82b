"""The catalog of accelerators: which machines and SKUs have one, and which services are of AI.

Built from the frames of `data/catalog` (its README says what their columns mean) and checked while it is built; looked
up one SKU at a time. Reading the files belongs to `pipelines`, what a charge says to `accelerators`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeVar

import polars as pl

from models.economics.instance_names import HOSTS, catalogued_name
from models.errors import OutlayError
from models.ledger.focus.extensions import AI_KINDS

ACCELERATOR_VENDORS = ("NVIDIA", "AMD", "Intel", "AWS", "Google", "Qualcomm")
ANY_HOST = "*"

_Row = TypeVar("_Row")
_INSTANCES = ("host", "instance_type", "accelerator_type", "vendor", "accelerator_count")
_SKUS = ("host", "field", "pattern", "accelerator_type", "vendor")
_SERVICES = ("provider", "service", "service_category", "kind")
_SERVICE_KINDS = tuple(kind for kind in AI_KINDS if kind != "accelerator")


class CatalogueError(OutlayError):
    """A row of the catalog that cannot be taken as it is."""


@dataclass(frozen=True)
class Accelerator:
    """What one unit of a charge holds: `count` accelerators of a type, less than one where one is shared."""

    type: str
    vendor: str
    count: Fraction


@dataclass(frozen=True)
class SkuPattern:
    """One row of `skus.csv`; without an accelerator it says that none is billed."""

    host: str
    field: Literal["sku", "service"]
    pattern: re.Pattern[str]
    accelerator: Accelerator | None


@dataclass(frozen=True)
class ServicePattern:
    """One row of `ai_services.csv`: provider, service and service category must all fit."""

    patterns: tuple[re.Pattern[str], ...]
    kind: str


@dataclass(frozen=True)
class AcceleratorCatalogue:
    """Build it with `accelerator_catalogue`. Instances are keyed by host and `catalogued_name`."""

    instances: Mapping[tuple[str, str], Accelerator]
    skus: tuple[SkuPattern, ...]
    services: tuple[ServicePattern, ...]

    def of_instance(self, host: str, instance_type: str) -> Accelerator | None:
        """What a machine has; None where it has none or is in no list."""
        return self.instances.get((host, catalogued_name(host, instance_type)))

    def of_sku(self, host: str, service: str, sku: str, *, in_accelerator_hours: bool) -> Accelerator | None:
        """What one unit of a SKU is an hour of; `sku` is its meter and description, a line each.

        Rows for any host count only where the bill counts accelerators itself (`in_accelerator_hours`).
        """
        if not in_accelerator_hours and host != "gcp":
            return None
        rows = (row for row in self.skus if row.accelerator is not None and row.host in {host, ANY_HOST})
        return next((row.accelerator for row in rows if _fits(row, service, sku)), None)

    def is_fee_beside(self, host: str, service: str, sku: str) -> bool:
        """Whether the catalog says that no accelerator is billed, although one may be named."""
        rows = (row for row in self.skus if row.accelerator is None and row.host in {host, ANY_HOST})
        return any(_fits(row, service, sku) for row in rows)

    def kind_of_service(self, provider: str | None, service: str | None, category: str | None) -> str | None:
        """model or platform; None: not of AI."""
        asked = (provider or "", service or "", category or "")
        for row in self.services:
            if all(pattern.search(text) for pattern, text in zip(row.patterns, asked, strict=True)):
                return row.kind
        return None


def accelerator_catalogue(instances: pl.DataFrame, skus: pl.DataFrame, services: pl.DataFrame) -> AcceleratorCatalogue:
    """The catalog from the frames of `instances.csv`, `skus.csv` and `ai_services.csv`, every column text.

    Raises `CatalogueError` for doubles, unknown hosts, vendors, fields and kinds, counts that are no number above zero,
    and patterns that do not compile; it names the file and the row.
    """
    listed: dict[tuple[str, str], Accelerator] = {}
    for place, row in _rows("instances.csv", instances, _INSTANCES):
        host = _one_of(row["host"], HOSTS, place, "host")
        key = (host, catalogued_name(host, _given(row["instance_type"], place, "instance_type")))
        if key in listed:
            raise _wrong(place, f"{row['instance_type']} of {host} stands there twice")
        listed[key] = _accelerator(row, place, _count(row["accelerator_count"], place))
    return AcceleratorCatalogue(
        listed,
        tuple(_unique("skus.csv", skus, _SKUS, _sku_pattern)),
        tuple(_unique("ai_services.csv", services, _SERVICES, _service_pattern)),
    )


def _fits(row: SkuPattern, service: str, sku: str) -> bool:
    return row.pattern.search(sku if row.field == "sku" else service) is not None


def _rows(file: str, frame: pl.DataFrame, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row with its place, blanks for nulls."""
    if absent := [name for name in columns if name not in frame.columns]:
        raise _wrong(file, f"column {absent[0]} is missing")
    texts = frame.select(pl.col(columns).cast(pl.String).fill_null(""))
    for number, row in enumerate(texts.iter_rows(named=True), start=2):
        yield f"{file}, line {number}", row


def _unique(
    file: str, frame: pl.DataFrame, columns: tuple[str, ...], read: Callable[[dict[str, str], str], _Row]
) -> Iterator[_Row]:
    seen: set[tuple[str, ...]] = set()
    for place, row in _rows(file, frame, columns):
        key = tuple(row[name] for name in columns[:3])
        if key in seen:
            raise _wrong(place, f"{' '.join(key)} stands there twice")
        seen.add(key)
        yield read(row, place)


def _sku_pattern(row: dict[str, str], place: str) -> SkuPattern:
    host = _one_of(row["host"], (*HOSTS, ANY_HOST), place, "host")
    if row["field"] not in {"sku", "service"}:
        raise _wrong(place, f"field {row['field']!r} is none of sku, service")
    found = _accelerator(row, place, Fraction(1)) if row["accelerator_type"] or row["vendor"] else None
    field: Literal["sku", "service"] = "service" if row["field"] == "service" else "sku"
    return SkuPattern(host, field, _compiled(_given(row["pattern"], place, "pattern"), place), found)


def _service_pattern(row: dict[str, str], place: str) -> ServicePattern:
    patterns = tuple(_compiled(row[name], place) for name in _SERVICES[:3])
    if not any(pattern.pattern for pattern in patterns):
        raise _wrong(place, "a row without any pattern would fit everything")
    return ServicePattern(patterns, _one_of(row["kind"], _SERVICE_KINDS, place, "kind"))


def _accelerator(row: dict[str, str], place: str, count: Fraction) -> Accelerator:
    vendor = _one_of(row["vendor"], ACCELERATOR_VENDORS, place, "vendor")
    return Accelerator(_given(row["accelerator_type"], place, "accelerator_type"), vendor, count)


def _count(text: str, place: str) -> Fraction:
    try:
        count = Fraction(text)
    except (ValueError, ZeroDivisionError):
        count = Fraction(0)
    if count <= 0:
        raise _wrong(place, f"accelerator_count {text!r} is no number above zero, such as 8 or 1/6")
    return count


def _compiled(pattern: str, place: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise _wrong(place, f"pattern {pattern!r} does not compile: {error}") from error


def _given(text: str, place: str, column: str) -> str:
    if not text.strip():
        raise _wrong(place, f"{column} is blank")
    return text.strip()


def _one_of(text: str, values: tuple[str, ...], place: str, column: str) -> str:
    if text not in values:
        raise _wrong(place, f"{column} {text!r} is none of {', '.join(values)}")
    return text


def _wrong(place: str, what: str) -> CatalogueError:
    return CatalogueError(
        f"the catalog of accelerators cannot be read: {place}: {what}",
        remedy="mend that row of data/catalog, or restore data/catalog from version control",
    )
