"""How a statement looks: a page to print and its lines as CSV, both text, of a draft. Nothing is read or written here.

The page stands alone (no script, no font and no picture from elsewhere), and whatever comes from rules or vendors is
escaped. Amounts are shown to the cent and added up exactly; the CSV has every digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from models.economics.ownership import UNALLOCATED
from models.wording import (
    UNKNOWN,
    capital,
    component_text,
    counted,
    day_text,
    instant_text,
    money_text,
    month_text,
    share_text,
)
from pipelines.statement_drafts import Draft


@dataclass(frozen=True)
class Seal:
    """What makes a draft a statement: its number, when and by whom it was issued."""

    number: int
    issued_at: datetime
    issued_by: str


def page(draft: Draft, seal: Seal | None) -> str:
    """The statement as HTML; without a seal it says that it is not issued."""
    lines = _lines(draft)
    adjustments = [line for line in lines if line.section == "adjustment"]
    return _template().render(
        organization=draft.organization,
        seal=seal,
        owner=draft.team or "Not allocated to any team",
        month=month_text(draft.month),
        total=_total(draft, lines),
        summary=_summary(draft, lines),
        bars=_bars(lines),
        components=_components(lines, draft.coverage.currency),
        shared=[line for line in lines if line.section == "shared"],
        adjustments=adjustments,
        adjusted=_sums(adjustments, signed=True),
        beside=_beside(draft, lines),
        notes=_notes(draft),
    )


def csv(draft: Draft, seal: Seal | None) -> str:
    """Every line with all of its digits, then what is accrued and each exchange rate, in no total. Nulls are empty."""
    told = {"number": seal and seal.number, "statement_month": draft.month, "team": draft.team or UNALLOCATED}
    accrued = draft.accrued.drop("team", "unpriced").with_columns(section=pl.lit("accrued"), month=pl.lit(draft.month))
    rates = draft.rates.with_columns(section=pl.lit("exchange rate"), month=pl.lit(draft.month))
    rows = pl.concat([draft.lines.drop("team"), accrued, rates], how="diagonal")
    named = rows.select(*(pl.lit(value).alias(name) for name, value in told.items()), pl.all())
    # a cell that begins as a formula would be one in a spreadsheet
    return named.with_columns(pl.col(pl.String).str.replace(r"^[=+\-@\t\r]", "'$0")).write_csv()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("pipelines"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: dict[str, Any] = {"money": money_text, "month_text": month_text, "instant": instant_text}
    return environment.get_template("statement.html", globals=words)


class _Line(NamedTuple):
    """A row of `StatementLines`, without its team."""

    section: str
    month: str
    component: str | None
    vendor: str | None
    item: str | None
    pool: str | None
    driver: str | None
    share_pct: Decimal | None
    stated_cost: Decimal | None
    currency: str
    billed_cost: Decimal | None
    effective_cost: Decimal
    reporting_effective_cost: Decimal | None

    @property
    def current_cost(self) -> Decimal:
        """What the month that is adjusted costs now."""
        return (self.stated_cost or Decimal(0)) + self.effective_cost

    @property
    def share(self) -> str:
        return share_of_driver(self.share_pct, self.driver)


def _lines(draft: Draft) -> list[_Line]:
    return [_Line(*row) for row in draft.lines.select(_Line._fields).iter_rows()]


def _by_currency(lines: Iterable[_Line]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, Decimal(0)) + line.effective_cost
    return dict(sorted(sums.items()))


def _sums(lines: Iterable[_Line], *, signed: bool = False) -> list[str]:
    return [money_text(amount, currency, signed=signed) for currency, amount in _by_currency(lines).items()]


def _told_together(lines: Iterable[_Line], reporting: str) -> list[str]:
    """The sums, and of several currencies what they come to in reporting currency, where every rate is known."""
    each = list(lines)
    sums = _sums(each)
    known = [line.reporting_effective_cost for line in each if line.reporting_effective_cost is not None]
    if len(sums) < 2 or len(known) < len(each):
        return sums
    return [*sums, f"together {money_text(sum(known, Decimal(0)), reporting)}"]


@dataclass(frozen=True)
class _Total:
    """What a statement comes to: `amounts` large, and in small what they are made of."""

    amounts: list[str]
    small: str = ""


def _total(draft: Draft, lines: list[_Line]) -> _Total:
    """In reporting currency where several, or another, have a rate for all of it; else in each currency by itself."""
    reporting, own = draft.coverage.currency, _sums(lines)
    if {line.currency for line in lines} == {reporting}:
        return _Total(own)
    known = [line.reporting_effective_cost for line in lines if line.reporting_effective_cost is not None]
    if len(known) < len(lines):
        return _Total(own, f"some of it has no rate into {reporting}")
    return _Total([money_text(sum(known, Decimal(0)), reporting)], f"{' and '.join(own)}, at the rates of each day")


_OF_A_TEAM = {
    "direct": "Direct cost",
    "declared": "Declared cost",
    "shared": "Share of shared cost",
    "adjustment": "Adjustments to earlier months",
}
_OF_NOBODY = {**_OF_A_TEAM, "direct": "Cost without an owner", "shared": "Shared cost that was not split"}


def _summary(draft: Draft, lines: list[_Line]) -> list[tuple[str, list[str]]]:
    """Each section's word and its sums."""
    words = _OF_NOBODY if draft.team is None else _OF_A_TEAM
    reporting = draft.coverage.currency
    sums = {
        section: _told_together((line for line in lines if line.section == section), reporting) for section in words
    }
    return [(word, sums[section]) for section, word in words.items() if sums[section]]


def _component(component: str | None) -> str:
    """`Model APIs` of `model_apis`."""
    return "Unmatched" if component is None else capital(component_text(component))


def share_of_driver(share_pct: Decimal | None, driver: str | None) -> str:
    """`12.5 % of tokens`; the driver alone where there is no share."""
    if share_pct is None:
        return driver or UNKNOWN
    told = share_text(share_pct, Decimal(100), places=2 if share_pct < 1 else 1)
    return f"{told} by fixed shares" if driver == "fixed shares" else f"{told} of {driver or 'the pool'}"


def _own(lines: Iterable[_Line]) -> list[_Line]:
    """Direct and declared lines by component, without those that come to nothing in any way."""
    shown = (
        line for line in lines if line.section in ("direct", "declared") and (line.effective_cost or line.billed_cost)
    )
    return sorted(shown, key=lambda line: line.component or "")


def _bars(lines: list[_Line]) -> list[tuple[str, str, float]]:
    """Each component's word, its share of what is the team's own, and that share of the longest, in percent.

    Only where all is in one currency and above zero: else there is no whole to take a share of.
    """
    groups = groupby(_own(lines), key=lambda line: line.component)
    sums = {component: _by_currency(group) for component, group in groups}
    amounts = {component: amount for component, each in sums.items() for amount in each.values()}
    if len({line.currency for line in lines}) > 1 or len(amounts) < 2 or min(amounts.values()) <= 0:
        return []
    whole, longest = sum(amounts.values(), Decimal(0)), max(amounts.values())
    ordered = sorted(amounts.items(), key=lambda pair: -pair[1])
    return [(_component(name), share_text(amount, whole), float(amount * 100 / longest)) for name, amount in ordered]


def _components(lines: list[_Line], reporting: str) -> list[tuple[str, list[str], list[_Line]]]:
    """Direct and declared cost by component, the dearest first: its word, its sums, its lines."""
    groups = [list(group) for _, group in groupby(_own(lines), key=lambda line: line.component)]
    ordered = sorted(groups, key=lambda group: -max(_by_currency(group).values()))
    return [
        (
            _component(group[0].component),
            _told_together(group, reporting),
            sorted(group, key=lambda line: -line.effective_cost),
        )
        for group in ordered
    ]


def _beside(draft: Draft, lines: list[_Line]) -> list[tuple[str, str, str]]:
    """What stands beside the total: how much of the month's cost is billed, and what is accrued."""
    billed: dict[str, Decimal] = {}
    for line in lines:
        if line.billed_cost is not None:
            billed[line.currency] = billed.get(line.currency, Decimal(0)) + line.billed_cost
    rows = [
        (
            "Billed",
            money_text(amount, currency),
            "on bills for these days: what is paid ahead counts here, and not as cost",
        )
        for currency, amount in sorted(billed.items())
    ]
    for pool, currency, amount, unpriced in draft.accrued.drop("team").iter_rows():
        where = f"in the pool {pool}, not split yet" if pool else "used and priced, on no bill yet"
        missing = f"; {counted(unpriced, 'reading')} without a price" if unpriced else ""
        rows.append(("Accrued", money_text(amount, currency), f"{where}{missing}; not in the total"))
    return rows if draft.accrued.height else [*rows, ("Accrued", "none", "no usage of the month waits for a bill")]


def _notes(draft: Draft) -> list[str]:
    coverage = draft.coverage
    still_open = ", ".join(issuer for issuer, is_closed in coverage.issuers if not is_closed)
    closed = ", ".join(issuer for issuer, is_closed in coverage.issuers if is_closed)
    share = share_text(coverage.allocated, coverage.whole) if coverage.whole > 0 else UNKNOWN
    notes = [
        "Cost is effective cost by the day of use: what the month really cost, with commitments and credits spread "
        "over what they paid for. Billed is what bills charge for these days; an invoice goes by its month.",
        f"Of all cost of {month_text(draft.month)}, {share} is allocated to teams.",
        f"What changes later is an adjustment in the next statement. Bills still open: {still_open}"
        if still_open
        else "",
        f"Bills closed: {closed}" if closed else "",
        "Amounts are shown to the cent and added up exactly; the CSV beside this page has every digit.",
        f"Made from {coverage.publication}, published {instant_text(coverage.published_at)}, with data through "
        f"{instant_text(coverage.data_through)}.",
    ]
    return [note for note in (*notes, *_rates(draft)) if note]


def _rates(draft: Draft) -> Iterator[str]:
    """By currency and source the rate, or the first and the last of several; the CSV has each."""
    for (currency, into, source), rows in draft.rates.group_by(
        "currency", "reporting_currency", "rate_source", maintain_order=True
    ):
        told = [f"{rate.normalize():f} of {day_text(day)}" for rate, day in _ends(rows)]
        yield f"Rates of {currency} into {into} ({source}): {' to '.join(told)}, each day by the latest known then."


def _ends(rates: pl.DataFrame) -> Iterator[tuple[Decimal, date]]:
    ordered = rates.sort("rate_date").select("exchange_rate", "rate_date")
    yield from dict.fromkeys((ordered.row(0), ordered.row(-1)))
