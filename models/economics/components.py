"""Components of the AI stack: which part of it a charge pays for, by the reviewed table `data/taxonomy/components.csv`.

What the components are and in which layer they lie is fixed here; which charge belongs to which is only ever said by
the table (its README says what its columns mean). Owners belong to `ownership`, declared costs to `declared_costs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from models.economics.first_match import TAG, Columns, Rule, columns_asked, first_match
from models.errors import OutlayError

LAYERS: Mapping[str, str] = {
    "model_apis": "models",
    "accelerator_compute": "compute",
    "owned_hardware": "compute",
    "training_platforms": "platforms",
    "orchestration": "platforms",
    "data_infrastructure": "data",
    "inference_serving": "serving",
    "integration": "integration",
    "networking_and_storage": "infrastructure",
    "people_and_overheads": "people",
}
"""Every component and the layer of the stack that it lies in."""

UNMATCHED = "unmatched"
"""How people see a cost without a component; in the data its component is null."""
NO_SERVICE = "(none)"
"""What the table calls a charge without a ServiceName."""

CONDITIONS: Mapping[str, Columns] = {
    "vendor": ("provider_name", "service_name"),
    "provider": ("provider_name",),
    "service": ("service_name",),
    "sku": ("sku",),
    "instance_type": ("instance_type",),
    "charge_category": ("charge_category",),
    "ai_kind": ("ai_kind",),
}
"""What a row may ask, besides a tag, and the columns of which one must fit; a vendor may sell on a marketplace, where
its name is the service's."""
COLUMNS = (*CONDITIONS, "tag", "component", "note")
ATTRIBUTES = tuple(dict.fromkeys(column for columns in CONDITIONS.values() for column in columns))
"""The text columns of a frame that components are asked of, besides `tag:KEY` for each of `Taxonomy.tag_keys`."""


class TaxonomyError(OutlayError):
    """A row of the table of components that cannot be taken as it is; names file and line."""


@dataclass(frozen=True)
class Taxonomy:
    """The table of components, built with `taxonomy`: rules in their order, and the component that each gives."""

    rules: tuple[Rule, ...]
    components: tuple[str, ...]

    @cached_property
    def tag_keys(self) -> tuple[str, ...]:
        """The tags that some rule asks."""
        return tuple(sorted(name.removeprefix(TAG) for name in columns_asked(self.rules) if name.startswith(TAG)))

    def asked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` (ATTRIBUTES and a column for each of `tag_keys`, text) as the rules ask it: those columns alone, in
        small letters, and NO_SERVICE where there is no service."""
        return frame.select(
            pl.col(*ATTRIBUTES, *(f"{TAG}{key}" for key in self.tag_keys)).str.to_lowercase()
        ).with_columns(pl.col("service_name").fill_null(NO_SERVICE))

    def deciding(self, frame: pl.DataFrame) -> pl.Series:
        """Position in `rules` of the first that fits each row of a frame as for `asked`; null where none does."""
        return first_match(self.asked(frame), self.rules)

    def with_components(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with the `component` of the rule that decides, and its `layer`; null where none does."""
        component = pl.Series("component", self.components, dtype=pl.String).gather(self.deciding(frame))
        return frame.with_columns(component).with_columns(
            layer=pl.col("component").replace_strict(LAYERS, return_dtype=pl.String)
        )


def taxonomy(table: pl.DataFrame, *, file: str = "components.csv") -> Taxonomy:
    """The taxonomy of the frame of `components.csv`, every column text, in the order of its lines.

    Raises `TaxonomyError` for a missing column, a row that asks nothing, an unknown component, a tag without key or
    glob, a condition that is not in small letters, and for a row that no charge can reach since it stands there twice.
    """
    if absent := [name for name in COLUMNS if name not in table.columns]:
        raise _wrong(f"{file}, line 1", f"column {absent[0]!r} is missing")
    seen: dict[tuple[str, ...], int] = {}
    rules: list[Rule] = []
    components: list[str] = []
    for line, row in enumerate(table.select(COLUMNS).fill_null("").iter_rows(named=True), start=2):
        place = f"{file}, line {line}"
        conditions = dict(_conditions(row, place))
        if not conditions:
            raise _wrong(place, "a row without any condition would fit every charge")
        if row["component"] not in LAYERS:
            raise _wrong(place, f"component {row['component']!r} is none of {', '.join(LAYERS)}")
        key = tuple(row[name] for name in (*CONDITIONS, "tag"))
        if (first := seen.setdefault(key, line)) != line:
            raise _wrong(place, f"asks what line {first} asks, and is never reached")
        rules.append(Rule(conditions))
        components.append(row["component"])
    return Taxonomy(tuple(rules), tuple(components))


def _conditions(row: Mapping[str, str], place: str) -> Iterator[tuple[Columns, str]]:
    for name, columns in CONDITIONS.items():
        if row[name]:
            yield columns, _glob(row[name], place, name)
    if row["tag"]:
        key, _, glob = row["tag"].partition("=")
        if not key or not glob:
            raise _wrong(place, f"tag {row['tag']!r} is not written as KEY=glob")
        yield (f"{TAG}{key}",), _glob(glob, place, "tag")


def _glob(text: str, place: str, column: str) -> str:
    if text != text.strip() or text != text.lower():
        raise _wrong(place, f"{column} {text!r}: write it in small letters, without blanks around it")
    return text


def _wrong(place: str, why: str) -> TaxonomyError:
    return TaxonomyError(f"{place}: {why}", remedy="mend that row of data/taxonomy/components.csv; its README helps")
