"""The make-believe organisation as one object: its usage, its bills, its truth, and the settings to look at it with.

Two states of the world: on the `second` pull two days are restated and keys have been renamed or deleted. Serving it
belongs to `server`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from connectors.simulator.agreement_truth import agreement_document
from connectors.simulator.agreements import contracts
from connectors.simulator.amounts import text
from connectors.simulator.anomaly_truth import anomaly_document
from connectors.simulator.bills import Line, lines_of, readings_of
from connectors.simulator.budget_truth import budget_document
from connectors.simulator.budgets import budgets
from connectors.simulator.claude_code import estimated_costs
from connectors.simulator.clouds.clouds import Clouds
from connectors.simulator.clouds.lines import Charge
from connectors.simulator.clouds.truth import cloud_document
from connectors.simulator.configuration import KEY_NAMES, configuration
from connectors.simulator.declared import DeclaredDay, declared_days
from connectors.simulator.draws import identifier
from connectors.simulator.events import LABS_BEGIN, Calendar
from connectors.simulator.focus_bills.bills import FocusBills
from connectors.simulator.invoices import invoice_charges, invoiced_month, write_invoices
from connectors.simulator.measures import dollars_of_a_euro, measure_files
from connectors.simulator.organisation import ANTHROPIC, KEYS, LABS, OPENAI, SOURCES
from connectors.simulator.spending import Spending
from connectors.simulator.tco_truth import Attribution, declared_document
from connectors.simulator.traffic import Usage, usage_of
from connectors.simulator.truth import Ledger, as_document

State = Literal["first", "second"]

_PREFIXES = {OPENAI: "sk-admin-", ANTHROPIC: "sk-ant-admin01-", LABS: "sk-ant-admin01-"}


class Simulation:
    """`months` months of the organisation, by `seed`, up to the day before `as_of` (which must know its zone).

    The current month is partial; yesterday is used but not billed; today is empty. With `clouds` its truth holds all
    bills that come as files (`write_clouds`) and are not served: three clouds', and those of FOCUS files. In a world
    `without` an anomaly, named as its truth names it, only that did not happen.
    """

    def __init__(self, seed: int, months: int, as_of: datetime, *, clouds: bool = False, without: str = "") -> None:
        if as_of.tzinfo is None or months < 1:
            raise ValueError("a simulation needs an as_of with a time zone, and at least one month")
        self.seed = seed
        self.months = months
        self.as_of = as_of.astimezone(UTC).replace(microsecond=0)
        self.calendar = replace(Calendar.of(months, self.as_of), without=without)
        self.state: State = "first"
        self.has_clouds = clouds
        self.clouds = Clouds(seed, self.calendar)
        self._focus_bills = FocusBills(seed, self.calendar)
        self._usage: Callable[[str, date, str], tuple[Usage, ...]] = lru_cache(maxsize=None)(self._usage_on)
        self._lines: Callable[[str, date, str], tuple[Line, ...]] = lru_cache(maxsize=None)(self._lines_on)
        self._truth: Callable[[State], dict[str, Any]] = lru_cache(maxsize=None)(self._truth_of)
        self._ledger: Callable[[State], Ledger] = lru_cache(maxsize=None)(self._ledger_of)
        self._hours: Callable[[str, date, str], list[tuple[Usage, ...]]] = lru_cache(maxsize=8)(self._hours_of)
        self._minutes: Callable[[str, datetime, str], list[tuple[Usage, ...]]] = lru_cache(maxsize=4)(self._minutes_of)

    def without(self, name: str) -> Simulation:
        """The same world, in which only the anomaly of that name did not happen."""
        return Simulation(self.seed, self.months, self.as_of, clouds=self.has_clouds, without=name)

    def advance(self) -> None:
        """From the first pull to the second: restated days, renamed and deleted keys."""
        self.state = "second"

    @property
    def billing_periods(self) -> list[str]:
        """The months of the window, YYYY-MM, oldest first."""
        return sorted({f"{day:%Y-%m}" for day in self.calendar.days})

    def usage(self, source: str, day: date, state: State | None = None) -> tuple[Usage, ...]:
        """What `source` metered on `day`; empty outside the window."""
        return self._usage(source, day, self._told(source, day, state))

    def usage_of_hour(self, source: str, hour: datetime, state: State | None = None) -> tuple[Usage, ...]:
        """The part of a day's usage that falls into the hour that starts at `hour`."""
        return self._hours(source, hour.date(), self._told(source, hour.date(), state))[hour.hour]

    def usage_of_minute(self, source: str, minute: datetime, state: State | None = None) -> tuple[Usage, ...]:
        """The part of an hour's usage that falls into the minute that starts at `minute`."""
        hour = minute.replace(minute=0)
        return self._minutes(source, hour, self._told(source, hour.date(), state))[minute.minute]

    def lines(self, source: str, day: date, state: State | None = None) -> tuple[Line, ...]:
        """The bill of `source` for `day`; empty outside the window and for its last day."""
        return self._lines(source, day, self._told(source, day, state))

    def _told(self, source: str, day: date, state: State | None) -> State:
        """Which pull's figures hold: the second's only where a day is restated, so that no other is made twice."""
        restated = {OPENAI: self.calendar.restated_openai_day, ANTHROPIC: self.calendar.restated_anthropic_day}
        return (state or self.state) if day == restated.get(source) else "first"

    def _usage_on(self, source: str, day: date, state: str) -> tuple[Usage, ...]:
        if source == LABS and day < max(LABS_BEGIN, self.as_of.date() - timedelta(days=364)):
            return ()
        return usage_of(self.seed, self.calendar, source, day, state)

    def _lines_on(self, source: str, day: date, state: str) -> tuple[Line, ...]:
        return lines_of(self.seed, self.calendar, source, day, self._usage(source, day, state))

    def _hours_of(self, source: str, day: date, state: str) -> list[tuple[Usage, ...]]:
        cut = [usage.per_hour() for usage in self._usage(source, day, state)]
        return [tuple(parts[hour] for parts in cut if parts[hour].is_anything) for hour in range(24)]

    def _minutes_of(self, source: str, hour: datetime, state: str) -> list[tuple[Usage, ...]]:
        cut = [usage.per_minute() for usage in self._hours(source, hour.date(), state)[hour.hour]]
        return [tuple(parts[minute] for parts in cut if parts[minute].is_anything) for minute in range(60)]

    def truth(self, state: State | None = None) -> dict[str, Any]:
        """What is true after the pull of `state`, worked out once; README.md says what each part means."""
        return self._truth(state or self.state)

    def spending(self, state: State | None = None) -> Spending:
        """What was spent day by day, as finely as a budget may narrow it."""
        return self._ledger(state or self.state).attribution.spending

    def _truth_of(self, state: State) -> dict[str, Any]:
        ledger = self._ledger(state)
        return {
            "seed": self.seed,
            "months": self.months,
            "as_of": self.as_of.isoformat(),
            "state": state,
            **as_document(ledger),
            **cloud_document(self.charges(state)),
            "prepaid": self._focus_bills.prepaid() if self.has_clouds else [],
            "attributed": ledger.attribution.attributed(),
            "declared": declared_document(self._declared_days()),
            "tco": ledger.attribution.tco(),
            "restated": self._restated() if state == "second" else [],
            "cloud_restated": self.clouds.restated() if state == "second" and self.has_clouds else [],
            "claude_code": estimated_costs(self, ANTHROPIC, state),
            "anomalies": anomaly_document(self, state),
            "budgets": self._budget_document(state),
            "agreements": agreement_document(self, state),
            "names": _names(),
            "events": [*self.calendar.described(), *(self._file_events() if self.has_clouds else [])],
        }

    def _file_events(self) -> list[dict[str, Any]]:
        return [*self.clouds.events(), *self._focus_bills.events()]

    def write_truth(self, path: Path, state: State | None = None) -> None:
        """The truth as JSON, the same bytes for the same seed, months, as_of and state."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.truth(state), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def write_clouds(self, folder: Path) -> None:
        """The exports of the present state as files, as vendors lay them out, each source in a folder of its own."""
        self.clouds.write(folder, self.state)
        self._focus_bills.write(folder)
        write_invoices(folder, self.calendar, self._focus_bills.charges)

    def write_measures(self, folder: Path) -> None:
        """Business units, utilisation and exchange rates that the configuration names."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in measure_files(self.seed, self.calendar):
            (folder / name).write_text(content, encoding="utf-8")

    def charges(self, state: State) -> list[Charge]:
        """What stands on bills that come as files."""
        if not self.has_clouds:
            return []
        return [*self.clouds.charges(state), *self._focus_bills.charges, *invoice_charges(self.calendar)]

    def _declared_days(self) -> Iterable[DeclaredDay]:
        if not self.has_clouds:
            return ()
        return declared_days(self.calendar, self.as_of.date(), invoiced_month(self.calendar))

    def _ledger_of(self, state: State) -> Ledger:
        ledger = Ledger(Attribution(self.calendar, tuple(dollars_of_a_euro(self.seed, self.calendar))))
        for source in SOURCES:
            for day in self.calendar.days:
                lines = self.lines(source, day, state)
                for line in lines:
                    ledger.add_line(line)
                billed = {id(paid.usage) for line in lines for paid in line.pays}
                for usage in self.usage(source, day, state):
                    late = self.calendar.is_late(day)
                    readings = readings_of(self.calendar, usage)
                    ledger.add_usage(usage, readings, paid=id(usage) in billed, late=late)
        for charge in self.charges(state):
            ledger.add_charge(charge)
        for told in self._declared_days():
            ledger.attribution.add_declared(told)
        return ledger

    def _budget_document(self, state: State) -> list[dict[str, Any]]:
        return budget_document(budgets(self), self.spending(state), self.calendar.first_day, self.as_of.date())

    def _restated(self) -> list[dict[str, Any]]:
        """Every source, day and model whose figures differ between the two pulls."""
        found: list[dict[str, Any]] = []
        for source in SOURCES:
            for day in self.calendar.days:
                before, after = (self._sums(source, day, state) for state in ("first", "second"))
                for model in sorted(before.keys() | after.keys()):
                    first, second = before[model], after[model]
                    if first != second:
                        found.append(
                            {
                                "source": source,
                                "billing_period": f"{day:%Y-%m}",
                                "day": str(day),
                                "model": model,
                                "tokens_before": first[0],
                                "tokens_after": second[0],
                                "billed_before": text(first[1]),
                                "billed_after": text(second[1]),
                            }
                        )
        return found

    def _sums(self, source: str, day: date, state: State) -> dict[str, tuple[int, Decimal]]:
        sums: dict[str, tuple[int, Decimal]] = {}
        for line in self.lines(source, day, state):
            tokens, billed = sums.get(line.model or "", (0, Decimal(0)))
            counted = line.quantity if line.kind == "tokens" else 0
            sums[line.model or ""] = (tokens + counted, billed + line.amount)
        return sums

    def environment(self) -> dict[str, str]:
        """Environment variable → make-believe admin key; not secret, and good for the simulated server only."""
        return {name: self.admin_key(source) for source, name in KEY_NAMES.items()}

    def admin_key(self, source: str) -> str:
        return identifier(f"{_PREFIXES[source]}make-believe-", 20, "admin key", self.seed, source)

    def key_without_scope(self, source: str) -> str:
        """An ordinary key, which may not read usage or costs: 403."""
        prefix = "sk-proj-" if source == OPENAI else "sk-ant-api03-"
        return identifier(f"{prefix}make-believe-", 20, "ordinary key", self.seed, source)

    def contract_rates(self) -> list[dict[str, Any]]:
        """What the organisation agreed with Anthropic, as `contracts` in outlay.yaml says it."""
        return contracts(self.calendar, clouds=False)

    def configuration(self, base_url: str, clouds: Path | None = None) -> dict[str, Any]:
        """The content of outlay.yaml that pulls this organisation from a server at `base_url`, and bills that come as
        files from the folder `clouds`."""
        return configuration(self, base_url, clouds)


def _names() -> list[dict[str, Any]]:
    """Every key whose name changes: what rows of the first pull are called ever after."""
    return [
        {
            "source": key.source,
            "kind": "api_key",
            "id": key.id,
            "name_first": key.name_in("first"),
            "name_second": key.name_in("second"),
            "name_in_rows": key.name,
        }
        for key in KEYS
        if key.renamed or key.deleted
    ]
