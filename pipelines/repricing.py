"""`outlay what-if reprice`: the answer of `models.economics.repricing`, for people: answer, figures, assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl
from rich.text import Text

from models.economics.repricing import Alternative, Repriced, reprice
from models.errors import OutlayError
from models.ledger.contract_rates import ContractRate
from models.wording import UNKNOWN, change_text, count_text, money_text, month_text
from pipelines.configuration import read_settings
from pipelines.console import show_table, stdout
from pipelines.contracts import contract_rates
from pipelines.home import Home
from pipelines.model_usage import ModelUsage, model_usage
from pipelines.reference import price_book


@dataclass(frozen=True)
class _Answer:
    other: Alternative
    repriced: Repriced


def what_if_repriced(
    home: Home, model: str, others: Sequence[Alternative], month: str | None = None, source: str | None = None
) -> None:
    """Tell what a model's usage of a month would have cost as each of the others, cheapest first.

    Raises `OutlayError` for a model, host or tier that is none, and where nothing would be otherwise.
    """
    if any(str(other) == str(Alternative()) for other in others):
        raise OutlayError("nothing would be otherwise", remedy="say at least one of --as, --host, --tier, --geography")
    book = price_book()
    usage = model_usage(home, model, month, source)
    contracts = _contracts(home)
    answers = [_Answer(other, reprice(usage.readings, other, book, contracts)) for other in others]
    currency = book.rows["currency"][0]
    for answer in sorted(answers, key=_cheapest_first):
        _tell(answer, usage, currency)
    _say_assumptions(answers, usage)


def _contracts(home: Home) -> Sequence[ContractRate]:
    return contract_rates(read_settings(home.configuration).contracts) if home.configuration.exists() else ()


def _cheapest_first(answer: _Answer) -> tuple[bool, Decimal]:
    repriced = answer.repriced
    return repriced.compared.is_empty(), repriced.total("other_contracted_cost") - repriced.total("contracted_cost")


def _tell(answer: _Answer, usage: ModelUsage, currency: str) -> None:
    repriced = answer.repriced
    now, then = repriced.total("contracted_cost"), repriced.total("other_contracted_cost")
    what = f"{usage.model}, {month_text(usage.month)} → {answer.other}"
    if repriced.compared.is_empty():
        _print(f"{what}: nothing of it has a price on both sides.")
    else:
        _print(
            f"{what}: {money_text(then, currency)} instead of {money_text(now, currency)} at our prices "
            f"({money_text(then - now, currency, signed=True)}, {change_text(then, now)}); "
            f"at list {money_text(repriced.total('other_list_cost'), currency)} instead of "
            f"{money_text(repriced.total('list_cost'), currency)}."
        )
    left_out = repriced.left_out
    if left_out.height:
        _print(f"Left out on both sides, for a price is missing: {_listed(left_out, currency)}.")
    if not repriced.compared.is_empty():
        show_table(
            f"Amounts in {currency}, of what is compared",
            ("tier", "meter", "quantity", "now, list", "now, ours", "then, list", "then, ours", "change, ours"),
            _table(repriced.compared),
            right=("quantity", "now, list", "now, ours", "then, list", "then, ours", "change, ours"),
        )


_COSTS = ("list_cost", "contracted_cost", "other_list_cost", "other_contracted_cost")


def _table(compared: pl.DataFrame) -> list[tuple[str, ...]]:
    """Tier × meter, and all together: the sums of the headline."""
    key = ["processing_tier", "other_tier", "meter"]
    by_kind = compared.group_by(key).agg(pl.col("quantity", *_COSTS).sum()).sort(key)
    rows = [
        (
            row["processing_tier"]
            if row["processing_tier"] == row["other_tier"]
            else f"{row['processing_tier']} → {row['other_tier']}",
            row["meter"],
            count_text(row["quantity"]),
            *_costs(row),
        )
        for row in by_kind.rows(named=True)
    ]
    return [*rows, ("all", "", "", *_costs(compared.select(pl.col(_COSTS).sum()).row(0, named=True)))]


def _costs(row: dict[str, Decimal]) -> list[str]:
    change = change_text(row["other_contracted_cost"], row["contracted_cost"])
    return [*(_amount(row[name]) for name in _COSTS), change]


def _listed(rows: pl.DataFrame, currency: str) -> str:
    sums = rows.group_by("meter", "other_tier", "unit").agg(
        pl.col("quantity").sum(), pl.col("contracted_cost").sum(), nowhere=pl.col("contracted_cost").is_null().all()
    )
    return ", ".join(
        f"{meter} ({tier}): {count_text(quantity)} {unit}, now {UNKNOWN if nowhere else money_text(cost, currency)}"
        for meter, tier, unit, quantity, cost, nowhere in sums.sort("meter").iter_rows()
    )


def _say_assumptions(answers: Sequence[_Answer], usage: ModelUsage) -> None:
    effective = ", ".join(money_text(cost, currency) for currency, cost in sorted(usage.effective_cost.items()))
    lines = [
        f"What it really cost (effective, by day of usage, discounts and commitments in): {effective or UNKNOWN}.",
        "Prices are those of each day of usage. Whether another model does the work as well is not judged.",
    ]
    ratios = {answer.other.token_ratio for answer in answers if answer.other.model is not None}
    lines += [
        "Token counts are taken as they are; another tokeniser counts otherwise (--token-ratio)."
        if ratio == 1
        else f"The other model is taken to count {ratio} tokens for one (--token-ratio)."
        for ratio in sorted(ratios)
    ]
    if any(answer.other.host or answer.other.model for answer in answers):
        lines.append("Where inference runs is not carried over to another host: its base price (--geography).")
        lines.append("Our contract rates for the other host hold for this usage too.")
    told = [answer.repriced.compared[side] for answer in answers for side in ("price_source", "other_price_source")]
    sources = pl.concat(told).drop_nulls()
    lines += [f"Prices: {note}." for note in sources.str.split("; ").explode().unique().sort()]
    _print("Assumptions and sources")
    for line in lines:
        _print(f"  · {line}")


def _amount(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount:,.2f}"


def _print(line: str) -> None:
    stdout().print(Text(line), soft_wrap=True)
