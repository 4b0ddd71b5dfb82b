"""Which drivers and measurements of `outlay.yaml` are mistakes: a scope that costs do not have, SQL that is refused.

What one setting may say by itself is checked where it is declared (`settings`); whether a file can be read turns out at
publishing, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
    for number, measurement in enumerate(settings.utilisation):
        if measurement.scale is not None and measurement.metric is None:
            yield Mistake(("utilisation", number, "scale"), "says how a metric is scaled; say which `metric`, too")


def _unknown_fields(location: tuple[str | int, ...], scope: Mapping[str, str]) -> Iterator[Mistake]:
    for field in scope:
        if field not in SCOPE_COLUMNS:
            what = f"costs have no {field!r} to choose by{nearest(field, SCOPE_COLUMNS)}"
            yield Mistake((*location, "scope", field), what)


def _refused_sql(location: tuple[str | int, ...], sql: str | None) -> Iterator[Mistake]:
    """The statement as the SQL door will judge it."""
    if sql is None:
        return
    from pipelines.statements import checked

    try:
        checked(sql)
    except OutlayError as error:
        yield Mistake((*location, "sql"), f"{error.what}: {error.remedy}")
