"""What the control store takes and gives: one frozen record for each thing that is remembered.

Only shapes belong here. How they are stored is in `tables`, what may be stored in `store`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

ClaimRole = Literal["money", "usage"]
Outcome = Literal["committed", "unchanged", "held", "failed"]
PeriodStatus = Literal["Open", "Closed"]
OUTCOMES: tuple[Outcome, ...] = ("committed", "unchanged", "held", "failed")


@dataclass(frozen=True)
class LakeFiles:
    """The exact files of one table for one (source, billing period), as one commit left them.

    `table` is the qualified name (`focus.cost_and_usage`); `paths` lie below the lake's root; none: no rows.
    """

    table: str
    source: str
    billing_period: str
    paths: tuple[str, ...]
    rows: int
    size_bytes: int


@dataclass(frozen=True)
class CheckResult:
    """A row of `ops.checks` (`models.ledger.trust.CHECKS`): a proof that holds or not, or a measure (`passed` None).

    Where `source` and `billing_period` are given they are the load's own.
    """

    check: str
    kind: Literal["proof", "measure"]
    expected: Decimal
    actual: Decimal
    difference: Decimal
    passed: bool | None
    detail: str | None = None
    currency: str | None = None
    cost_basis: str | None = None
    subject: str | None = None
    source: str | None = None
    billing_period: str | None = None


@dataclass(frozen=True)
class Restatement:
    """One measure of one day that a vendor now tells otherwise. `before` or `after` is None where it had no row."""

    day: date
    measure: str
    before: Decimal | None
    after: Decimal | None
    unit: str
    account_id: str | None = None
    project_id: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class LoadFinding:
    """Something a person should know about what was loaded, counted."""

    kind: str
    detail: str
    count: int = 1


@dataclass(frozen=True)
class ObservedName:
    """An id bore this name at this instant; kind is project, api_key, user or account."""

    kind: str
    id: str
    name: str
    observed_at: datetime


@dataclass(frozen=True)
class AccountClaim:
    """The source is the one authority of `role` for the issuer's account in the load's billing period."""

    issuer: str
    account_id: str
    role: ClaimRole


@dataclass(frozen=True)
class LoadRecord:
    """Everything that one commit of a load says; all of it or nothing is stored.

    `pulled_at`: when the last answer came. `data_through`: end of the last window with data, None where it has none.
    `issuer` is whose billing period it is (FOCUS InvoiceIssuerName). `answers`: how many answers it was made of.
    """

    source: str
    billing_period: str
    started_at: datetime
    pulled_at: datetime
    files: tuple[LakeFiles, ...]
    data_through: datetime | None = None
    issuer: str | None = None
    period_status: PeriodStatus = "Open"
    answers: int = 0
    answers_digest: str | None = None
    checks: tuple[CheckResult, ...] = ()
    restatements: tuple[Restatement, ...] = ()
    findings: tuple[LoadFinding, ...] = ()
    names: tuple[ObservedName, ...] = ()
    claims: tuple[AccountClaim, ...] = ()


@dataclass(frozen=True)
class CurrentLoad:
    """The last committed load of a (source, billing period): what readers are shown."""

    id: int
    source: str
    billing_period: str
    started_at: datetime
    pulled_at: datetime
    committed_at: datetime
    data_through: datetime | None
    issuers: tuple[str, ...]
    period_status: PeriodStatus
    answers: int
    answers_digest: str | None
    files: tuple[LakeFiles, ...]

    def paths(self, table: str) -> tuple[str, ...]:
        """The load's files in this table (qualified name)."""
        return tuple(path for part in self.files if part.table == table for path in part.paths)


@dataclass(frozen=True)
class Attempt:
    """How one try to load a (source, billing period) ended, also where nothing was loaded."""

    source: str
    billing_period: str
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    message: str | None = None
    remedy: str | None = None
    load_id: int | None = None


@dataclass(frozen=True)
class Action:
    """Something a person did or asked for; append-only. `subject` says to what, `detail` is JSON text."""

    who: str
    at: datetime
    what: str
    subject: str
    detail: str = "{}"


@dataclass(frozen=True)
class StatedAmount:
    """What a statement says of one section, month and currency."""

    section: str
    concerned_month: str
    currency: str
    effective_cost: Decimal
    reporting_currency: str
    reporting_effective_cost: Decimal | None


@dataclass(frozen=True)
class IssuedStatement:
    """A statement as it was issued; never changed. `team` None: what no team owns.

    `page` and `lines` are its files (HTML, CSV) below the home folder, each with the SHA-256 of its bytes.
    `publication` is the published file that it was made from. `whole_month`: by then every team had been stated.
    """

    number: int
    team: str | None
    month: str
    issued_at: datetime
    issued_by: str
    publication: str
    whole_month: bool
    page: str
    page_sha256: str
    lines: str
    lines_sha256: str
    amounts: tuple[StatedAmount, ...] = ()
