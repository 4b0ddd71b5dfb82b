"""What is said of anomalies as a whole: how many, what they cost, and what could not be judged. Pages and the command
line say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.foresight.anomaly_tables import name_of
from models.wording import count_text, counted, day_text, money_text

RECENT = timedelta(days=90)
"""How much is told, unless somebody asks: the last day that was judged, and those before it."""
_SIDES = ((1, "more"), (-1, "less"))
_NEXT: Mapping[str, str] = {
    "runaway": "Something may run in a loop: find what used {name} on these days, and stop or cap it.",
    "spike": "Ask who runs {name} what ran on that day, and whether it will run again.",
    "burst": "Ask who runs {name} what ran on these days, and whether it will run again.",
    "level_shift": "If it will stay so, tell it in forecast.events of outlay.yaml; do budgets of {name} fit?",
    "ramp": "Growth like this fills budgets: look at where {name} will land with `outlay forecast`.",
    "weekend": "{name} runs on days on which it used to rest: if nobody waits for it, switch it off then.",
    "price": "Compare the price with what was agreed: disputes of contracts are in marts.price_disputes.",
    "new": "Is {name} wanted? Give it an owner and a budget in outlay.yaml.",
    "drop": "If {name} was not meant to fall, look whether it works; if it was, its commitments may idle now.",
}
"""What to do about each kind."""
_RISES = ("runaway", "spike", "burst", "ramp", "weekend", "new")
"""Kinds whose advice is for what costs more."""


def answer(
    counting: pl.DataFrame, when: str = "in the last 90 days", *, of: str = "", is_open: bool = False
) -> list[str]:
    """How many there are and what they cost, a sentence or two for each currency.

    `counting`: rows of `marts.anomalies` that count. The rest says which were asked for: `when`, `of` (`team search`),
    and whether only those that go on.
    """
    which = f" of {of}" if of else ""
    if counting.is_empty():
        return [f"No {'open ' if is_open else ''}anomaly{which} {when}."]
    told: list[str] = []
    for (currency,), rows in counting.group_by("currency", maintain_order=True):
        all_of_them = f"{counted(len(rows), 'anomaly', 'anomalies')}{which} {when}{_money_of(rows, str(currency))}."
        going_on = _going_on(rows.filter(pl.col("standing") == "open"), which, str(currency))
        told.append(going_on if is_open else f"{going_on} {all_of_them}")
    return told


def _going_on(rows: pl.DataFrame, which: str, currency: str) -> str:
    if rows.is_empty():
        return f"No anomaly{which} in {currency} goes on."
    first = rows["first_day"].min()
    assert isinstance(first, date)
    told = f"{counted(len(rows), 'open anomaly', 'open anomalies')}{which}{_money_of(rows, currency)}"
    return f"{told} since {day_text(first)}."


def _money_of(rows: pl.DataFrame, currency: str) -> str:
    impacts = [impact for impact in rows["impact"].to_list() if impact is not None]
    sides = ((sum((each for each in impacts if each * sign > 0), Decimal(0)), word) for sign, word in _SIDES)
    parts = [f"{money_text(abs(amount), currency)} {word}" for amount, word in sides if amount]
    return f" cost {' and '.join(parts)} than expected" if parts else " cost what was expected"


def why_nothing_is_known(detection: pl.DataFrame) -> str | None:
    """Why an empty list says nothing, from the rows of `marts.anomaly_detection`; None where it does say something."""
    failures: Sequence[str] = detection["failure"].drop_nulls().to_list()
    if failures:
        return f"Anomalies could not be sought: {'; '.join(failures)}. Nothing is known of any."
    if detection.is_empty():
        return "No cost is known, so that none could be judged."
    if not detection["judged"].sum():
        series = counted(int(detection["series"].sum()), "series", "series")
        return f"Nothing could be judged yet: none of {series} is known for the weeks that it takes."
    return None


def judged_sentences(detection: pl.DataFrame) -> list[str]:
    """Through which day, how many series and how much of the money was judged, a sentence for each currency."""
    return [_judged(row) for row in detection.filter(pl.col("failure").is_null()).rows(named=True)]


def _judged(row: Mapping[str, Any]) -> str:
    series, judged, currency = row["series"], row["judged"], row["currency"]
    cost, cost_judged = row["cost"] or Decimal(0), row["cost_judged"] or Decimal(0)
    others = f"; {series - judged:,} are too young, or have cost on too few days" if series > judged else ""
    return (
        f"Judged through {day_text(row['made_on'])}: {judged:,} of {counted(series, 'series', 'series')} in {currency}"
        f"{others}. Of the last 28 days {money_text(cost_judged, currency)} of usage are judged; tax, purchases, "
        f"credits, fees and what comes late, together {money_text(cost - cost_judged, currency)}, are not."
    )


def kind_text(kind: str) -> str:
    """`level shift`, `weekends`."""
    return "weekends" if kind == "weekend" else kind.replace("_", " ")


def impact_text(anomaly: Mapping[str, Any]) -> str:
    """`+640.50 USD`; of usage that nobody paid `+7.03 M Tokens`."""
    if anomaly["measure"] != "usage":
        return money_text(anomaly["impact"], anomaly["currency"], signed=True)
    more = anomaly["used"] - anomaly["usual"]
    return f"{'+' if more > 0 else '-'}{count_text(abs(more))} {anomaly['unit']}"


def state_text(anomaly: Mapping[str, Any]) -> str:
    """`open`, `ended, a trifle`, `foreseen: Load test`."""
    if anomaly["explained_by"] is not None:
        return f"foreseen: {anomaly['explained_by']}"
    return anomaly["standing"] if anomaly["counted"] else f"{anomaly['standing']}, a trifle"


def has_fallen(anomaly: Mapping[str, Any]) -> bool:
    """Whether it is less than expected, of cost or of what is used."""
    return (anomaly["impact"] if anomaly["measure"] != "usage" else anomaly["used"] - anomaly["usual"]) < 0


def advice(anomaly: Mapping[str, Any]) -> str:
    """What to do about it, by its kind, in a sentence."""
    kind = "drop" if has_fallen(anomaly) and anomaly["kind"] in _RISES else anomaly["kind"]
    return _NEXT[kind].format(name=name_of(anomaly))
