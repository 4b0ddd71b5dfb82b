"""Runs the invariants over any table of charges and says what breaks them: rule, count and a few rows.

`check` is strict by default: what Outlay makes must pass. `lenient` turns every error into a warning, for what vendors
send. Nothing is changed, and nothing is dropped, either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from models.errors import ContractError
from models.ledger.focus.column import VERSIONS, Version
from models.ledger.focus.invariants.commitments import COMMITMENT_RULES
from models.ledger.focus.invariants.costs import COST_RULES
from models.ledger.focus.invariants.extensions import EXTENSION_RULES
from models.ledger.focus.invariants.identity import IDENTITY_RULES
from models.ledger.focus.invariants.likeness import alike
from models.ledger.focus.invariants.periods import PERIOD_RULES
from models.ledger.focus.invariants.presence import PRESENCE_RULES
from models.ledger.focus.invariants.pricing import PRICING_RULES
from models.ledger.focus.invariants.rule import Charges, Rule, Severity
from models.ledger.focus.invariants.shape import ShapeFinding, shape_findings
from models.ledger.focus.invariants.values import VALUE_RULES
from models.ledger.focus.tables import CHARGE_COLUMNS

RULES: tuple[Rule, ...] = (
    *PERIOD_RULES,
    *COST_RULES,
    *PRICING_RULES,
    *PRESENCE_RULES,
    *COMMITMENT_RULES,
    *IDENTITY_RULES,
    *VALUE_RULES,
    *EXTENSION_RULES,
)
"""Every rule of rows; rules of the table's shape stand in `shape`."""

_TELLING = ("InvoiceIssuerName", "ServiceName", "SkuId", "ChargeCategory", "ChargePeriodStart", "BilledCost")


@dataclass(frozen=True)
class Violation:
    """One rule that is broken.

    `count` is of rows, or of columns where `columns` names them. `sample` holds the first few rows: `row` (from 1),
    the rule's own columns, then enough to find the charge again; empty for rules of shape.
    """

    rule: str
    text: str
    severity: Severity
    count: int
    focus: str | None = None
    columns: tuple[str, ...] = ()
    detail: str = ""
    sample: pl.DataFrame = field(default_factory=pl.DataFrame)

    def __str__(self) -> str:
        what = f"columns {', '.join(self.columns)}: {self.detail}" if self.columns else f"{self.count} rows"
        source = f" [{self.focus}]" if self.focus else ""
        return f"{self.severity} {self.rule}: {what}; {self.text}{source}"


@dataclass(frozen=True)
class Report:
    """What `check` found, errors first, then by count."""

    violations: tuple[Violation, ...]
    rows: int
    rules: int

    @property
    def errors(self) -> tuple[Violation, ...]:
        return tuple(violation for violation in self.violations if violation.severity == "error")

    @property
    def warnings(self) -> tuple[Violation, ...]:
        return tuple(violation for violation in self.violations if violation.severity == "warning")

    @property
    def passed(self) -> bool:
        """No error; warnings do not count."""
        return not self.errors

    def counts(self) -> dict[str, int]:
        """How often each broken rule is broken."""
        return {violation.rule: violation.count for violation in self.violations}


def detect_version(columns: Sequence[str]) -> Version:
    """The oldest FOCUS version that defines every FOCUS column of a table: `1.0` where none is newer."""
    newest = max((CHARGE_COLUMNS[name].since for name in columns if name in CHARGE_COLUMNS), default="")
    for version in VERSIONS:
        if version >= newest:
            return version
    return VERSIONS[-1]


def check(frame: pl.DataFrame, *, lenient: bool = False, version: Version = "1.4") -> Report:
    """Judge a cost-and-usage table of any shape by every invariant that its columns allow.

    Raises `ContractError` for a version that is unknown. A rule whose columns are not there says nothing; missing
    mandatory columns are a violation of their own.
    """
    if version not in VERSIONS:
        raise ContractError(
            f"FOCUS {version} is not a version that is checked", remedy=f"choose one of {', '.join(VERSIONS)}"
        )
    shaped = _of_shape(frame, version)
    comparable, unreadable = alike(frame)
    shaped += [
        Violation("values-are-readable", "every value can be read", "error", count, None, (name,), f"{count} values")
        for name, count in unreadable.items()
    ]
    rules = [rule for rule in RULES if all(name in frame.columns for name in rule.needs)]
    found = [*shaped, *_broken_rows(comparable, rules)]
    if lenient:
        found = [_as_warning(violation) for violation in found]
    ranked = sorted(found, key=lambda violation: (violation.severity != "error", -violation.count, violation.rule))
    return Report(tuple(ranked), frame.height, len(rules))


def _of_shape(frame: pl.DataFrame, version: Version) -> list[Violation]:
    """One violation a rule, with all the columns that break it."""
    together: dict[str, list[ShapeFinding]] = {}
    for finding in shape_findings(frame.schema, version):
        together.setdefault(finding.rule, []).append(finding)
    violations: list[Violation] = []
    for findings in together.values():
        first = findings[0]
        columns = tuple(name for finding in findings for name in finding.columns)
        detail = ", ".join(dict.fromkeys(finding.detail for finding in findings))
        violations.append(Violation(first.rule, first.text, first.severity, len(columns), first.focus, columns, detail))
    return violations


def _as_warning(violation: Violation) -> Violation:
    return Violation(
        violation.rule,
        violation.text,
        "warning",
        violation.count,
        violation.focus,
        violation.columns,
        violation.detail,
        violation.sample,
    )


def _broken_rows(frame: pl.DataFrame, rules: Sequence[Rule]) -> list[Violation]:
    if frame.is_empty() or not rules:
        return []
    charges = Charges(frame)
    masks = [(rule, mask) for rule in rules if (mask := rule.mask(charges)) is not None]
    counts = frame.lazy().select(mask.sum().alias(rule.id) for rule, mask in masks).collect().row(0, named=True)
    return [
        Violation(rule.id, rule.text, rule.severity, counts[rule.id], rule.focus, sample=_sample(frame, rule, mask))
        for rule, mask in masks
        if counts[rule.id]
    ]


def _sample(frame: pl.DataFrame, rule: Rule, mask: pl.Expr, rows: int = 5) -> pl.DataFrame:
    shown = list(dict.fromkeys([*rule.needs, *_TELLING]))
    return frame.with_row_index("row", offset=1).filter(mask).select("row", *shown).head(rows)
