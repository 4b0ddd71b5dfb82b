"""Which drivers, policies and measurements of `outlay.yaml` are mistakes: an unknown scope, SQL that is refused.

What one setting may say by itself is checked where it is declared (`settings`); whether a file can be read turns out at
publishing, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.economics.residency import NO_PLACE
from models.economics.scopes import SCOPE_COLUMNS
from models.errors import OutlayError
from models.wording import nearest
from pipelines.rule_checks import Mistake
from pipelines.settings import Settings


def measure_mistakes(settings: Settings) -> Iterator[Mistake]:
    """Every mistake of what costs are measured by."""
    for number, driver in enumerate(settings.drivers):
        yield from _unknown_fields(("drivers", number), driver.scope)
        yield from _refused_sql(("drivers", number), driver.sql)
    for number, policy in enumerate(settings.residency):
        yield from _unknown_fields(("residency", number), policy.scope)
        yield from _unreachable_regions(("residency", number), policy.regions)
    for number, measurement in enumerate(settings.utilisation):
        if measurement.scale is not None and measurement.metric is None:
            yield Mistake(("utilisation", number, "scale"), "says how a metric is scaled; say which `metric`, too")


def _unknown_fields(location: tuple[str | int, ...], scope: Mapping[str, str]) -> Iterator[Mistake]:
    for field in scope:
        if field not in SCOPE_COLUMNS:
            what = f"costs have no {field!r} to choose by{nearest(field, SCOPE_COLUMNS)}"
            yield Mistake((*location, "scope", field), what)


def _unreachable_regions(location: tuple[str | int, ...], regions: Sequence[str]) -> Iterator[Mistake]:
    """A vendor that does not say where inference ran is never inside a policy."""
    for number, region in enumerate(regions):
        if region.lower() in NO_PLACE:
            what = f"{region!r} is no place: what runs there is an unknown region, whatever a policy says"
            yield Mistake((*location, "regions", number), what)


def _refused_sql(location: tuple[str | int, ...], sql: str | None) -> Iterator[Mistake]:
    """The statement as the SQL door will judge it."""
    if sql is None:
        return
    from pipelines.statements import checked

    try:
        checked(sql)
    except OutlayError as error:
        yield Mistake((*location, "sql"), f"{error.what}: {error.remedy}")
