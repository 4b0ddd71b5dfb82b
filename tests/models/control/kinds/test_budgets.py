"""Budgets, day by day: 3,000 USD for November, of which thresholds at 50, 80, 100 and 120 % are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.control.alerts import Alert, observe, replay
from models.control.budget_costs import budget_costs
from models.control.budget_outlook import BUDGET_FORECASTS, BUDGET_OUTLOOK, scope_costs
from models.control.budget_status import budget_status
from models.control.budget_thresholds import budget_thresholds
from models.control.budgets import Budget, BurnRate, ForecastThreshold
from models.control.burn_rate import burn_rates
from models.control.conditions import AlertKey, Condition, Kind
from models.control.kinds.budget_stand import BudgetFrames
from models.control.kinds.budgets import budget_conditions
from models.control.kinds.judged import Judged
from models.control.movers import Mover
from tests.models.control.budget_rows import costs, days

FIRST = date(2026, 11, 1)
FAST = BurnRate(days=3, rate=Decimal(4))
BUDGET = Budget("search", Decimal(3000), thresholds_pct=(50, 80, 100, 120), owner="search", scope={"team": ("search",)})


def frames(budget: Budget, rows: pl.DataFrame, today: date) -> BudgetFrames:
    """Without an outlook."""
    counted = budget_costs(rows, [budget])
    statuses = budget_status(counted, [budget], as_of=today)
    history = scope_costs(rows.filter(pl.col("day") <= today), [budget])
    return BudgetFrames(
        statuses,
        budget_thresholds(counted, statuses, [budget]),
        BUDGET_OUTLOOK.empty(),
        BUDGET_FORECASTS.empty(),
        burn_rates(statuses, history, [budget], today - timedelta(days=1)),
        history,
    )


def foreseen(
    of: BudgetFrames, budget: Budget, probability: Mapping[int, float], *, landing: int | None
) -> BudgetFrames:
    """With an outlook of the last period, and thresholds of its forecast by their percent."""
    status = of.statuses.rows(named=True)[-1]
    given = {
        name: status[name] for name in ("period", "period_kind", "first_day", "last_day", "cost_basis", "currency")
    }
    amounts = None if landing is None else Decimal(landing)
    outlook = {
        **given,
        "budget": budget.name,
        "budget_amount": status["budget_amount"],
        "landing": amounts,
        "low_80": amounts and amounts - 100,
        "high_80": amounts and amounts + 200,
        "made_on": status["as_of"] - timedelta(days=1),
        "runs_out_on": date(2026, 11, 24) if landing else None,
        "reason": None if landing else "its costs are known for 12 days, and a forecast needs 28",
    }
    asked = [
        {
            "budget": budget.name,
            "period": status["period"],
            "of_pct": pct,
            "probability_pct": 80,
            "threshold_amount": status["budget_amount"] * pct / 100,
            "probability": likely,
        }
        for pct, likely in probability.items()
    ]
    return replace(
        of,
        outlook=pl.DataFrame([outlook], schema=BUDGET_OUTLOOK.polars_schema),
        forecasts=pl.DataFrame(asked, schema=BUDGET_FORECASTS.polars_schema),
    )


def standings(judged: Judged) -> dict[str, str]:
    return {f"{each.key.period} {each.key.threshold}": each.standing for each in judged.conditions}


def spending(rows: pl.DataFrame, today: date, budget: Budget = BUDGET) -> Judged:
    return budget_conditions([budget], frames(budget, rows, today), today)["search", "budget"]


def opened(budget: Budget, rows: pl.DataFrame, of: Sequence[date]) -> list[tuple[date, str]]:
    """As `restated`, of what stays as it was told."""
    return restated(budget, dict.fromkeys(of, rows))


def restated(budget: Budget, published: Mapping[date, pl.DataFrame]) -> list[tuple[date, str]]:
    """Day and threshold of each alert that opens, and of each that is resolved (-), when these days are published, each
    with the costs known by then."""
    alerts: dict[str, Alert] = {}
    told: list[tuple[date, str]] = []
    for day, rows in published.items():
        going_on = [alert.key for alert in alerts.values() if alert.is_firing]
        of = replace(frames(budget, rows.filter(pl.col("day") <= day), day), told=going_on)
        made = budget_conditions([budget], of, day)
        conditions = [condition for judged in made.values() for condition in judged.conditions]
        judged = [pair for pair, one in made.items() if one.judged]
        for event in (events := observe(alerts, conditions, judged, datetime.combine(day, time(23), UTC))):
            if event.kind in ("opened", "reopened"):
                assert event.condition is not None
                told.append((day, event.condition.key.threshold))
            elif event.kind in ("resolved", "cleared"):
                told.append((day, f"- {alerts[event.alert_id].key.threshold}"))
        alerts = replay(events, alerts)
    return sorted(told)


def test_every_threshold_is_told_once_on_its_day_and_resolved_when_late_bills_are_past() -> None:
    rows = costs(days(FIRST, date(2026, 11, 30)), Decimal(130))
    # 12 x 130 = 1,560 of 1,500; 19 x 130 = 2,470 of 2,400; 24 x 130 = 3,120 of 3,000; 28 x 130 = 3,640 of 3,600
    assert opened(BUDGET, rows, days(FIRST, date(2026, 12, 10))) == [
        (date(2026, 11, 12), "50 %"),
        (date(2026, 11, 19), "80 %"),
        (date(2026, 11, 24), "100 %"),
        (date(2026, 11, 28), "120 %"),
        *((date(2026, 12, 8), f"- {pct} %") for pct in (100, 120, 50, 80)),
    ]


def test_of_two_thresholds_crossed_on_one_day_the_higher_is_told() -> None:
    rows = pl.concat([costs([FIRST], Decimal(100)), costs([date(2026, 11, 2)], Decimal(2400))])
    told = opened(BUDGET, rows, days(FIRST, date(2026, 11, 5)))
    assert told == [(date(2026, 11, 2), "80 %")]


def test_a_credit_takes_back_what_it_takes_spending_well_below_and_nothing_before() -> None:
    reached = costs([FIRST], Decimal(2450))
    day = date(2026, 11, 3)
    little = pl.concat([reached, costs([date(2026, 11, 2)], Decimal(-100))])
    # 2,350 is below 2,400, and above 95 % of it
    assert standings(spending(little, day)) == {"2026-11 50 %": "firing", "2026-11 80 %": "lingering"}
    much = pl.concat([reached, costs([date(2026, 11, 2)], Decimal(-200))])
    assert standings(spending(much, day)) == {"2026-11 50 %": "firing"}


def test_a_restatement_of_a_little_resolves_nothing_and_opens_nothing() -> None:
    days_told = days(date(2026, 11, 10), date(2026, 11, 12))
    # 100 % is reached, not quite any more, and again
    amounts = (3001, 2999, 3049)
    told = restated(
        replace(BUDGET, thresholds_pct=(100,)),
        {day: costs(days_told[:1], Decimal(amount)) for day, amount in zip(days_told, amounts, strict=True)},
    )
    assert told == [(days_told[0], "100 %")]


def test_spending_that_falls_opens_nothing_and_spending_that_rises_does() -> None:
    first, second = days_told = days(date(2026, 11, 10), date(2026, 11, 11))
    # 80 and 100 % on one day, then 98 %: the lower one was passed on the way up
    fallen = {first: costs([first], Decimal(3030)), second: costs([first], Decimal(2940))}
    assert restated(BUDGET, fallen) == [(first, "100 %")]
    # 70 %, then 98 %: 100 % was never told
    risen = costs(days_told, lambda day: Decimal(2100 if day == first else 840))
    assert opened(replace(BUDGET, thresholds_pct=(80, 100)), risen, days_told) == [(second, "80 %")]


def test_a_late_bill_still_counts_and_stands_beside_the_month_under_way() -> None:
    late = costs([date(2026, 11, 30)], Decimal(3100))
    rows = pl.concat([late, costs([date(2026, 12, 2)], Decimal(1600))])
    held = standings(spending(rows, date(2026, 12, 3)))
    assert {name for name, standing in held.items() if standing == "firing"} == {"2026-11 100 %", "2026-12 50 %"}


def test_a_rolling_sum_comes_and_goes_with_a_gap() -> None:
    rolling = replace(BUDGET, period="rolling", days=10, thresholds_pct=(100,))
    told = AlertKey("search", "team search", "rolling 10 days", "100 %")
    for amount, standing in ((300, "firing"), (299, "lingering"), (285, "lingering"), (284, None)):
        rows = costs(days(date(2026, 10, 1), date(2026, 11, 20)), Decimal(amount))
        of = replace(frames(rolling, rows, date(2026, 11, 20)), told=[told])
        held = standings(budget_conditions([rolling], of, date(2026, 11, 20))["search", "budget"])
        assert held.get("rolling 10 days 100 %") == standing, amount


def test_a_message_says_what_how_much_since_when_and_what_to_do() -> None:
    rows = costs(days(date(2026, 9, 1), date(2026, 11, 12)), Decimal(130))
    of = foreseen(frames(BUDGET, rows, date(2026, 11, 12)), BUDGET, {}, landing=3900)
    mover = Mover("search", "gpt-5", Decimal(1200), Decimal(200))
    of = replace(of, movers=lambda budget, period: [mover] if (budget, period) == ("search", "2026-11") else [])
    [told] = budget_conditions([BUDGET], of, date(2026, 11, 12))["search", "budget"].conditions
    assert told.headline == "search: 52.0 % of the budget for November 2026 is spent"
    assert told.answer == (
        "1,560.00 USD of the 3,000.00 USD for November 2026 are spent, with 40 % of its days over. "
        "It is expected to end at 3,900 USD (80 % range 3,800 USD to 4,100 USD)."
    )
    line = "search with gpt-5 1,200.00 USD, 1,000.00 USD more than the same days before"
    assert (told.cause, told.details) == (f"Rose most: {line}.", (line,))
    assert (told.severity, told.since, told.team) == ("info", date(2026, 11, 12), "search")
    assert (told.amount, told.limit, told.currency) == (1560, 3000, "USD")
    assert told.facts == (
        ("Budget", "3,000.00 USD for November 2026, billed"),
        ("Covers", "team search"),
        ("Spent", "1,560.00 USD (52.0 %)"),
        ("Expected", "3,900 USD (80 % range 3,800 USD to 4,100 USD)"),
        ("Used up on", "24 November 2026"),
        ("Data through", "12 November 2026"),
    )
    assert told.page == "budgets?budget=search"
    # today is not over; 3,000 / 30 days are allowed
    assert (len(told.trend), told.trend[-1].day) == (30, date(2026, 11, 11))
    assert {(point.actual, point.expected) for point in told.trend} == {(130, 100)}


@pytest.mark.parametrize(("pct", "severity"), [(50, "info"), (80, "warning"), (100, "warning"), (120, "critical")])
def test_how_grave_it_is_goes_by_the_threshold(pct: int, severity: str) -> None:
    rows = costs([FIRST], Decimal(30 * pct))
    held = {told.key.threshold: told for told in spending(rows, FIRST).conditions}
    assert held[f"{pct} %"].severity == severity


def test_a_budget_that_is_far_exceeded_is_critical_without_a_threshold_for_it() -> None:
    whole = replace(BUDGET, thresholds_pct=(100,))
    severities = [
        spending(costs([FIRST], Decimal(spent)), FIRST, whole).conditions[0].severity for spent in (3599, 3600)
    ]
    assert severities == ["warning", "critical"]


def test_costs_in_another_currency_are_named() -> None:
    rows = pl.concat([costs([FIRST], Decimal(3000)), costs([FIRST], Decimal(9000), currency="EUR")])
    assert ("Not counted", "costs in EUR") in spending(rows, FIRST).conditions[-1].facts


def test_a_budget_of_nothing_and_one_without_an_amount_are_not_known() -> None:
    rows = costs([FIRST], Decimal(3000))
    nothing = spending(rows, FIRST, replace(BUDGET, scope={"team": ("serach",)}))
    assert (nothing.judged, nothing.reason) == (False, "Nothing ever matched what it covers.")
    run_out = Budget("search", amounts={"2026-01": Decimal(3000)}, forecast=(ForecastThreshold(),))
    made = budget_conditions([run_out], frames(run_out, rows, FIRST), FIRST)
    assert {(one.judged, one.reason) for one in made.values()} == {(False, "There is no amount for 1 November 2026.")}


def test_of_two_forecasts_of_one_share_the_surer_is_told() -> None:
    of = foreseen(frames(FORESEEING, costs([FIRST], Decimal(1500)), FIRST), FORESEEING, {100: 0.9}, landing=3400)
    less_sure = of.forecasts.with_columns(pl.lit(60, pl.Int64).alias("probability_pct"))
    for asked in ([of.forecasts, less_sure], [less_sure, of.forecasts]):
        made = budget_conditions([FORESEEING], replace(of, forecasts=pl.concat(asked)), FIRST)
        assert standings(made["search", "budget_forecast"]) == {
            "2026-11 forecast 100 %, p 60 %": "lingering",
            "2026-11 forecast 100 %, p 80 %": "firing",
        }


def test_an_overspent_budget_says_by_how_much() -> None:
    told = spending(costs([FIRST], Decimal(3600)), FIRST).conditions[-1]
    assert told.headline == "search is over its budget for November 2026 by 600.00 USD"
    assert told.to_do.startswith("Decide whether what rose most goes on")


FORESEEING = replace(BUDGET, thresholds_pct=(100,), forecast=(ForecastThreshold(100, 80), ForecastThreshold(120, 80)))


def forecast(likely: Mapping[int, float], *, spent: int = 1500, landing: int | None = 3400) -> Judged:
    rows = costs([FIRST], Decimal(spent))
    of = foreseen(frames(FORESEEING, rows, date(2026, 11, 15)), FORESEEING, likely, landing=landing)
    return budget_conditions([FORESEEING], of, date(2026, 11, 15))["search", "budget_forecast"]


@pytest.mark.parametrize(
    ("likely", "standing"), [(0.81, "firing"), (0.8, "firing"), (0.79, "lingering"), (0.61, "lingering"), (0.59, None)]
)
def test_a_forecast_fires_at_its_probability_and_lingers_twenty_points_below(
    likely: float, standing: str | None
) -> None:
    assert standings(forecast({100: likely})).get("2026-11 forecast 100 %, p 80 %") == standing


def test_while_a_forecast_that_was_told_lingers_a_lower_one_is_no_news() -> None:
    rows = costs([FIRST], Decimal(1500))
    day = date(2026, 11, 15)
    of = foreseen(frames(FORESEEING, rows, day), FORESEEING, {100: 0.9, 120: 0.7}, landing=3400)

    def held(of: BudgetFrames) -> Sequence[Condition]:
        return budget_conditions([FORESEEING], of, day)["search", "budget_forecast"].conditions

    lower, higher = held(of)
    assert (lower.standing, higher.standing) == ("firing", "lingering")
    assert [each.standing for each in held(replace(of, told=[higher.key]))] == ["lingering", "lingering"]


def test_of_two_forecasts_the_higher_is_told_and_what_came_true_lingers() -> None:
    assert list(standings(forecast({100: 0.99, 120: 0.9})).values()) == ["lingering", "firing"]
    assert list(standings(forecast({100: 1.0, 120: 0.9}, spent=3000)).values()) == ["lingering", "firing"]
    assert list(standings(forecast({100: 1.0}, spent=3000)).values()) == ["lingering"]


def test_a_forecast_in_words() -> None:
    [told] = forecast({100: 0.874}).conditions
    assert told.headline == "search will probably exceed its budget for November 2026"
    assert told.answer == (
        "November 2026 is expected to end at 3,400 USD (80 % range 3,300 USD to 3,600 USD): above 3,000.00 USD with a "
        "probability of 87 %. The budget of 3,000.00 USD is used up on 24 November 2026."
    )
    assert (told.amount, told.limit, told.severity, told.since) == (3400, 3000, "warning", date(2026, 11, 14))
    assert "more than 99 %" in forecast({100: 0.9999}).conditions[0].answer


def test_what_cannot_be_forecast_is_not_judged_and_says_why() -> None:
    judged = forecast({100: 0.0}, landing=None)
    why = "Where it will end is not known: its costs are known for 12 days, and a forecast needs 28."
    assert (judged.judged, judged.conditions, judged.reason) == (False, (), why)


def test_what_a_budget_is_not_asked_to_tell_has_no_rule() -> None:
    def kinds(budget: Budget) -> list[Kind]:
        rows = costs([FIRST], Decimal(1))
        return [kind for _, kind in budget_conditions([budget], frames(budget, rows, FIRST), FIRST)]

    assert kinds(replace(BUDGET, forecast=())) == ["budget"]
    assert kinds(replace(BUDGET, burn_rates=(FAST,), forecast=(ForecastThreshold(),))) == [
        "budget",
        "budget_forecast",
        "burn_rate",
    ]
    # a budget that is over has nothing to say any more, which is known
    over = replace(FORESEEING, burn_rates=(FAST,), last_day=date(2026, 6, 30))
    made = budget_conditions([over], frames(over, costs([FIRST], Decimal(1)), FIRST), FIRST)
    assert [(one.judged, one.conditions) for one in made.values()] == [(True, ())] * 3


def test_vendor_and_model_are_named_where_there_is_only_one() -> None:
    def first(**scope: tuple[str, ...]) -> Condition:
        budget = replace(BUDGET, scope=scope)
        return spending(costs([FIRST], Decimal(3600)), FIRST, budget).conditions[0]

    assert (first(vendor=("OpenAI",)).vendor, first(model=("gpt-5",)).model) == ("OpenAI", "gpt-5")
    assert (first(vendor=("Open*",)).vendor, first(model=("gpt-5", "gpt-4")).model) == (None, None)
