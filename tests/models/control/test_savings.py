"""Savings: each of its own mart, none of them twice, no sum."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from models.control.savings import SavingFrames, savings
from models.economics.commitments import COMMITMENTS
from models.economics.disputes import PRICE_DISPUTES
from models.economics.idle_accelerators import IDLE_ACCELERATORS
from models.economics.self_hosting import BREAK_EVEN
from models.economics.single_vendors import SINGLE_PROVIDER_USE_CASES
from models.table import Table

TODAY = date(2026, 11, 27)
NONE = SavingFrames(
    IDLE_ACCELERATORS.empty(),
    COMMITMENTS.empty(),
    PRICE_DISPUTES.empty(),
    BREAK_EVEN.empty(),
    SINGLE_PROVIDER_USE_CASES.empty(),
)


def rows(table: Table, *told: dict[str, Any]) -> pl.DataFrame:
    whole = [
        dict.fromkeys(table.polars_schema)
        | {name: Decimal(value) if isinstance(value, int) else value for name, value in row.items()}
        for row in told
    ]
    return pl.DataFrame(whole, schema=table.polars_schema, orient="row")


def told(frames: SavingFrames) -> list[tuple[str, Decimal, str]]:
    return [(each.kind, each.amount, f"{each.what}: {each.so}") for each in savings(frames, TODAY)]


def test_without_any_nothing_is_found() -> None:
    assert savings(NONE, TODAY) == ()


def test_idle_is_what_was_used_and_measured_in_the_last_full_month() -> None:
    group = {"month": "2026-10", "currency": "USD", "accelerator_type": "H100", "used_hours": 10}
    idle = rows(
        IDLE_ACCELERATORS,
        group | {"team": "data", "measured_idle_cost": 100, "unused_cost": 999},
        group | {"team": "labs", "measured_idle_cost": 300},
        group | {"team": "web"},
        group | {"team": "labs", "month": "2026-11", "measured_idle_cost": 5000},
    )
    # unused_cost is in the commitments below, and November is not over
    assert told(replace(NONE, idle=idle)) == [
        (
            "idle",
            Decimal(400),
            "Accelerators that were paid, used, and idle in October 2026: most of it labs, H100; 1 group of them not "
            "measured",
        )
    ]


def test_commitments_tell_what_was_left_unused_and_what_will_be_left_of_those_that_run() -> None:
    arn = "arn:aws:savingsplans::1:savingsplan/plan a"
    one = {"commitment_id": "a", "name": arn, "currency": "USD", "term_end": date(2026, 12, 31)}
    over = one | {"commitment_id": "b", "name": "over", "term_end": date(2026, 11, 1)}
    commitments = rows(
        COMMITMENTS,
        one | {"billing_month": "2026-10", "unused": 70, "expiring_amount": 900},
        one | {"billing_month": "2026-11", "unused": 40, "expiring_amount": 500},
        over | {"billing_month": "2026-10", "unused": 30, "expiring_amount": 777},
    )
    assert told(replace(NONE, commitments=commitments)) == [
        (
            "unused",
            Decimal(100),
            "Commitments left unused in October 2026: 2 commitments, most of it plan a; idle hours above are not in it",
        ),
        (
            "expiring",
            Decimal(500),
            "Will be left of plan a when it ends on 30 December 2026: at the rate of the last 30 days; what was left "
            "unused so far is in it",
        ),
    ]


def test_what_expires_in_two_currencies_is_told_of_each() -> None:
    one = {"commitment_id": "a", "name": "plan a", "term_end": date(2026, 12, 31), "billing_month": "2026-11"}
    commitments = rows(
        COMMITMENTS,
        one | {"currency": "USD", "expiring_amount": 500},
        *(one | {"commitment_id": name, "currency": "JPY", "expiring_amount": 200_000} for name in "abcd"),
    )
    found = savings(replace(NONE, commitments=commitments), TODAY)
    # three of each currency, which nobody can set against each other
    assert [each.currency for each in found] == ["JPY", "JPY", "JPY", "USD"]


def test_disputes_count_what_is_to_be_claimed_and_no_trifle() -> None:
    line = {"currency": "USD", "issuer_name": "OpenAI"}
    disputes = rows(
        PRICE_DISPUTES,
        line | {"billing_month": "2026-10", "difference": 200},
        line | {"billing_month": "2026-09", "difference": 100},
        line | {"billing_month": "2026-10", "difference": -50},
        line | {"billing_month": "2026-10", "difference": Decimal("0.000001")},
        line | {"billing_month": "2026-10", "difference": Decimal("0.5"), "currency": "EUR"},
    )
    assert told(replace(NONE, disputes=disputes)) == [
        (
            "dispute",
            Decimal("300.000001"),
            "Billed above the agreed or public price since September 2026: 2 lines of a cent or more, to claim from "
            "OpenAI first (outlay export disputes)",
        )
    ]


def test_estimates_are_told_as_such_the_best_of_each_kind_alone() -> None:
    way = {"currency": "USD", "verdict": "self-hosting", "month": "2026-10", "served_model": "llama", "api_cost": 100}
    break_even = rows(
        BREAK_EVEN,
        way | {"model": "gpt-5", "accelerator_type": "H100", "self_hosted_cost": 60},
        way | {"model": "gpt-5", "accelerator_type": "A100", "self_hosted_cost": 40},
        way | {"model": "claude", "accelerator_type": "A100", "self_hosted_cost": 90},
        way | {"model": "claude", "accelerator_type": "A100", "self_hosted_cost": 0, "verdict": "depends"},
    )
    use = {"currency": "USD", "month": "2026-10", "vendor": "OpenAI", "next_vendor": "Google"}
    single = rows(
        SINGLE_PROVIDER_USE_CASES,
        use | {"use_name": "support", "difference": -30},
        use | {"use_name": "coding", "difference": -80},
        use | {"use_name": "dearer", "difference": 80},
    )
    found = told(replace(NONE, break_even=break_even, single_vendors=single))
    assert [(kind, amount, what.partition(":")[0]) for kind, amount, what in found] == [
        ("self_hosting", Decimal(60), "gpt-5 served by ourselves, as of October 2026"),
        ("other_vendor", Decimal(80), "coding moved from OpenAI to Google, as of October 2026"),
    ]
