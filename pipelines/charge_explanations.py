"""Why a charge is whose it is: which rule decided each dimension, the component, and how a pool is split.

Only what is so is found out here, from the published warehouse and outlay.yaml as it is now; how it is told belongs to
`told_charges`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from models.economics.attribution import ATTRIBUTED_DAILY, asked
from models.economics.components import LAYERS
from models.economics.first_match import Rule, first_match
from models.economics.ownership import DIMENSIONS, POOL, deciding_rules, tags_in
from models.economics.pools import COSTS, Pool, drivers, split
from models.errors import OutlayError
from models.ledger.correction import CORRECTIONS
from models.ledger.focus import COST_AND_USAGE, INVOICE_DETAIL
from models.ledger.operations import LOADS
from pipelines.configuration import Location, line_of
from pipelines.currency_rates import reporting_rates
from pipelines.door import query
from pipelines.reference import taxonomy
from pipelines.sql_text import literal
from pipelines.workplace import Workplace


@dataclass(frozen=True)
class Fit:
    """One condition of a rule: the column that fitted, what was asked, and the value found there."""

    column: str
    glob: str
    value: str


@dataclass(frozen=True)
class Reason:
    """What decided a value: the `rule` and where it stands, and each of its conditions; or only a word on it."""

    what: str
    value: str | None
    rule: str
    fits: tuple[Fit, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Sharing:
    """How the pool of a charge is split on its day.

    `shares`: `team`, `pool` (the last one that it was split from) and COSTS of this charge; what has no team could
    not be split. `weights`: `team`, `weight` of the month and the currency that it is `weighed_in` (null where it is no
    money), where the pool goes by a driver.
    """

    pool: Pool
    place: str
    shares: pl.DataFrame
    weights: pl.DataFrame


@dataclass(frozen=True)
class ChargeExplanation:
    """A charge (`focus.cost_and_usage`), its owner and component with their reasons, its pool, and where it came from.

    `load`: its row of `ops.loads`; `invoice`: sum and currency of the imported invoice of its InvoiceId; None where
    there is none. `is_published`: whether the published marts say the same, that is, by the same rules.
    """

    charge: Mapping[str, Any]
    owner: tuple[Reason, ...]
    component: Reason
    sharing: Sharing | None
    load: Mapping[str, Any] | None
    invoice: Mapping[str, Any] | None
    is_published: bool


def explain_charge(work: Workplace, charge_id: str) -> ChargeExplanation:
    """Raises `OutlayError` where no published charge has that name."""
    charge = _charge(work, charge_id)
    told = charge.row(0, named=True)
    placed = work.attribution.place(asked(charge.lazy(), work.attribution).collect())
    of_load = (
        f"source = {literal(told['x_Source'])} AND billing_period = {literal(told['x_BillingMonth'])} AND is_current"
    )
    of_invoice = f'"InvoiceId" = {literal(told["InvoiceId"] or "")} GROUP BY ALL'
    sums = 'SELECT "BillingCurrency" AS currency, sum("BilledCost") AS billed_cost'
    return ChargeExplanation(
        charge=told,
        owner=tuple(_owner(work, placed)),
        component=_component(work, placed),
        sharing=_sharing(work, placed),
        load=_first(work, f"SELECT * FROM {LOADS.qualified_name} WHERE {of_load}"),
        invoice=_first(work, f"{sums} FROM {INVOICE_DETAIL.qualified_name} WHERE {of_invoice}"),
        is_published=_is_published(work, placed),
    )


def _charge(work: Workplace, charge_id: str) -> pl.DataFrame:
    for table in (COST_AND_USAGE, CORRECTIONS):
        sql = f'SELECT * FROM {table.qualified_name} WHERE "x_ChargeId" = {literal(charge_id)}'
        found = query(work.home.published, sql).rows
        if len(found):
            return found.select(list(COST_AND_USAGE.polars_schema)).cast(COST_AND_USAGE.polars_schema)
    nameless = f'SELECT 1 FROM {COST_AND_USAGE.qualified_name} WHERE "x_ChargeId" IS NULL LIMIT 1'
    if _first(work, nameless) is not None:
        raise OutlayError(
            f"no charge is called {charge_id!r}, and there are charges without a name, of an older version of Outlay",
            remedy="`outlay replay` names them: it loads all that is in the archive anew",
        )
    raise OutlayError(
        f"no charge is called {charge_id!r}",
        remedy='find it with `outlay sql \'SELECT "x_ChargeId", "ChargeDescription", "EffectiveCost" FROM '
        'focus.cost_and_usage ORDER BY "EffectiveCost" DESC LIMIT 20\'`',
    )


def _first(work: Workplace, sql: str) -> Mapping[str, Any] | None:
    return next(query(work.home.published, sql).rows.iter_rows(named=True), None)


def _owner(work: Workplace, placed: pl.DataFrame) -> Iterator[Reason]:
    """Team, or pool, and the other dimensions, each with what decided it."""
    decided = deciding_rules(placed, work.owner_rules).row(0, named=True)
    owner = placed.row(0, named=True)
    for dimension in DIMENSIONS:
        value, number = owner[dimension], decided[dimension]
        if number is not None:
            is_pool = dimension == "team" and owner[POOL] is not None
            what, value = (POOL, owner[POOL]) if is_pool else (dimension, value)
            yield _by_rule(work, placed, what, value, number)
        elif dimension == "cost_centre" and value is not None:
            yield Reason(dimension, value, f"of team {owner['team']}, {_place(work, _team(work, owner['team']))}")
        elif dimension == "team" and value is not None:
            yield Reason(dimension, value, "as the delivered file says (x_Team); no rule names a team")
        else:
            yield Reason(dimension, None, "no rule that fits says one")


def _by_rule(work: Workplace, placed: pl.DataFrame, what: str, value: str | None, number: int) -> Reason:
    rule, written = work.owner_rules[number], number - (len(work.owner_rules) - len(work.settings.owners))
    name = f" “{rule.name}”" if rule.name else ""
    called = _written_rule(work, written, name) if written >= 0 else f"{rule.name}"
    from_tags = " and ".join(sorted(tags_in(rule.value("team" if what == POOL else what))))
    called += f"; its value is that of tag {from_tags}" if from_tags else ""
    return Reason(what, value, called, tuple(_fits(placed, rule.asking())), rule.valid_from, rule.valid_to)


def _written_rule(work: Workplace, number: int, name: str) -> str:
    """The place of an owner rule: people's upload first, then outlay.yaml."""
    uploaded, upload = len(work.in_force.owners), work.in_force.owner_upload()
    if upload is not None and number < uploaded:
        return f"rule {number + 1}{name}, row {work.in_force.rows[number]} of upload {upload.number}"
    return f"rule {number - uploaded + 1}{name}, {_place(work, ('owners', number - uploaded))}"


def _team(work: Workplace, name: str) -> Location:
    return "teams", next(number for number, team in enumerate(work.settings.teams) if team.name == name)


def _component(work: Workplace, placed: pl.DataFrame) -> Reason:
    rules = work.attribution.taxonomy
    number: int | None = rules.deciding(placed).item()
    if number is None:
        return Reason("component", None, "no row of data/taxonomy/components.csv fits")
    declared = len(rules.rules) - len(taxonomy().rules)
    called = (
        f"of the declared cost that it takes the place of, {_place(work, ('costs', number))}"
        if number < declared
        else f"data/taxonomy/components.csv, line {number - declared + _FIRST_ROW}"
    )
    component = rules.components[number]
    fits = tuple(_fits(rules.asked(placed), rules.rules[number]))
    return Reason("component", f"{component} (layer {LAYERS[component]})", called, fits)


def _fits(row: pl.DataFrame, rule: Rule) -> Iterator[Fit]:
    """For each condition the first column, and of its globs the first, that fits."""
    for columns, globs in rule.conditions.items():
        tried = ((column, glob) for column in columns for glob in ((globs,) if isinstance(globs, str) else globs))
        column, glob = next((c, g) for c, g in tried if first_match(row, [Rule({(c,): g})]).item() is not None)
        yield Fit(column, glob, row[column].item())


def _sharing(work: Workplace, placed: pl.DataFrame) -> Sharing | None:
    day, pool, currency = placed.select("day", POOL, "currency").row(0)
    holding = [n for n, version in enumerate(work.pools) if version.name == pool and _holds(version, day)]
    if not holding:
        return None
    month = f"{day:%Y-%m}"
    attributed = query(
        work.home.published,
        f"SELECT * FROM {ATTRIBUTED_DAILY.qualified_name} WHERE strftime(day, '%Y-%m') = {literal(month)}",
    ).rows.cast(ATTRIBUTED_DAILY.polars_schema)
    shared_by = drivers(attributed, reporting_rates(work.settings, work.home))
    version = work.pools[holding[0]]
    costs = placed.select(
        pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), "currency", POOL, "team", *COSTS
    )
    of_version = shared_by.filter(
        pl.col("by") == version.by, pl.col("month") == month, pl.col("currency").fill_null(currency) == currency
    )
    return Sharing(
        version,
        _place(work, ("shared", holding[0])),
        split(costs, work.pools, shared_by).select("team", POOL, *COSTS),
        of_version.select("team", "weight", "weighed_in"),
    )


def _holds(version: Pool, day: date) -> bool:
    return (version.valid_from or date.min) <= day < (version.valid_to or date.max)


def _is_published(work: Workplace, placed: pl.DataFrame) -> bool:
    """Whether the published marts have such a row: same source, month, day and project, and the same owner."""
    row = placed.row(0, named=True)
    same = ("source", "billing_month", "project_id", "component", POOL, *DIMENSIONS)
    conditions = [f"{name} IS NOT DISTINCT FROM {'NULL' if row[name] is None else literal(row[name])}" for name in same]
    conditions.append(f"CAST(day AS DATE) = DATE {literal(str(row['day']))}")
    return _first(work, f"SELECT 1 FROM {ATTRIBUTED_DAILY.qualified_name} WHERE {' AND '.join(conditions)}") is not None


def _place(work: Workplace, location: Location) -> str:
    return f"{work.home.configuration.name} line {line_of(work.home.configuration, location)}"


_FIRST_ROW = 2
"""Line of a table's first row, after its names."""
