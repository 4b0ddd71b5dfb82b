"""Contracts as marts tell them: what was agreed, by when one must give notice, and what was billed under each.

Rates are applied by the ledger and described here only; what became of commits is `commitments`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import dataframely as dy
import polars as pl

from models.ledger.sku_rates import is_called
from models.table import MONEY, Table, money, text


@dataclass(frozen=True)
class Parties:
    """Whose charges count: of a source, of an invoice issuer (name, pattern or family), or of both."""

    source: str | None = None
    issuer: str | None = None

    def sign(self, source: str | None, issuer: str | None) -> bool:
        """Whether charges of this source and issuer count; without source and issuer none do."""
        if self.source is None and self.issuer is None:
            return False
        if self.source is not None and source != self.source:
            return False
        return self.issuer is None or (issuer is not None and is_called(issuer, self.issuer))


@dataclass(frozen=True)
class Commit:
    """A commit of a contract: to spend `amount`, or credits paid ahead, from `valid_from` until before `valid_to`.

    `commitment_id`: the vendor's, where its charges carry one (CommitmentDiscountId). `true_up`: what was not spent is
    owed at the end.
    """

    contract: str
    name: str
    kind: Literal["spend", "prepaid_credits"]
    amount: Decimal
    currency: str
    valid_from: date
    valid_to: date
    parties: Parties
    true_up: bool = True
    commitment_id: str | None = None


@dataclass(frozen=True)
class Contract:
    """A contract's terms; `rates` in words, `discounts_pct` as they are agreed."""

    name: str
    parties: Parties
    valid_from: date | None = None
    valid_to: date | None = None
    provider: str | None = None
    rates: tuple[str, ...] = ()
    discounts_pct: tuple[Decimal, ...] = ()
    commits: tuple[Commit, ...] = ()
    renews_on: date | None = None
    notice_days: int = 0
    automatic: bool | None = None
    sla: str | None = None
    dpa: date | None = None
    residency: tuple[str, ...] = ()

    @property
    def starts(self) -> date | None:
        """When it begins: as it says itself, else with its first commit."""
        return self.valid_from or min((commit.valid_from for commit in self.commits), default=None)

    @property
    def ends(self) -> date | None:
        """First day on which it holds no longer: as it says itself, else with its last commit."""
        return self.valid_to or max((commit.valid_to for commit in self.commits), default=None)

    @property
    def notice_by(self) -> date | None:
        """Last day on which one can say that it shall end."""
        return None if self.renews_on is None else self.renews_on - timedelta(days=self.notice_days)


class Contracts(dy.Schema):
    """One row per contract and currency; amounts in `currency`."""

    name = text("Name of the contract in outlay.yaml")
    source = text("Source whose charges are under it; null: of any source", nullable=True)
    issuer_name = text("Invoice issuer whose charges are under it; null: whoever the source says", nullable=True)
    starts_on = dy.Date(nullable=True, description="First day on which it holds, as far as it is told")
    ends_on = dy.Date(nullable=True, description="First day on which it holds no longer, as far as it is told")
    currency = text(
        "ISO 4217 code of the amounts; null where it commits to nothing and nothing was billed", nullable=True
    )
    committed_amount = money("What its commits add up to, in currency", nullable=True)
    billed_cost = money(
        "What was billed under it to date, in currency; null: nothing, or it names nobody", nullable=True
    )
    rates = text("Its rates in words", nullable=True)
    renews_on = dy.Date(nullable=True, description="When it is renewed or ends")
    notice_by = dy.Date(nullable=True, description="Last day to say that it shall end: renewal − days of notice")
    days_until_notice = dy.Int64(
        nullable=True, description="Days from the publication until notice_by; negative: it has passed"
    )
    renews_automatically = dy.Bool(nullable=True, description="Whether it is renewed unless one says otherwise")
    sla = text("Service level that was agreed", nullable=True)
    dpa_signed_on = dy.Date(nullable=True, description="When the data processing agreement was signed; null: none told")
    residency = text("Regions in which the vendor may process our data, separated by commas", nullable=True)


CONTRACTS = Table(
    name="contracts",
    schema="marts",
    kind="mart",
    grain="contract × currency",
    meaning="The register of contracts: terms, commits, renewal and notice, and what was billed under each.",
    contract=Contracts,
)


def contracts_register(contracts: Sequence[Contract], billed: pl.DataFrame, today: date) -> pl.DataFrame:
    """`marts.contracts`; `billed`: BILLED_SCHEMA, what was billed by day, source and issuer, without tax."""
    rows = [
        {
            "name": contract.name,
            "source": contract.parties.source,
            "issuer_name": contract.parties.issuer,
            "starts_on": contract.starts,
            "ends_on": contract.ends,
            "currency": currency,
            "committed_amount": committed,
            "billed_cost": cost,
            "rates": "; ".join(contract.rates) or None,
            "renews_on": contract.renews_on,
            "notice_by": contract.notice_by,
            "days_until_notice": None if contract.notice_by is None else (contract.notice_by - today).days,
            "renews_automatically": contract.automatic,
            "sla": contract.sla,
            "dpa_signed_on": contract.dpa,
            "residency": ", ".join(contract.residency) or None,
        }
        for contract in contracts
        for currency, committed, cost in _amounts(contract, billed)
    ]
    return pl.DataFrame(rows, schema=CONTRACTS.polars_schema)


BILLED_SCHEMA = pl.Schema(
    {
        "source": pl.String(),
        "issuer_name": pl.String(),
        "currency": pl.String(),
        "billing_month": pl.String(),
        "day": pl.Date(),
        "billed": MONEY,
        "drawn": MONEY,
    }
)
"""Charges by day, source and issuer. `billed`: BilledCost of all but Tax and Credit; `drawn`: EffectiveCost of Usage
and Adjustments that no commitment covers."""


def under(parties: Parties, billed: pl.DataFrame, starts: date | None, ends: date | None) -> pl.DataFrame:
    """The rows of BILLED_SCHEMA that are under a contract, by its parties and dates."""
    pairs = billed.select("source", "issuer_name").unique()
    theirs = pairs.filter(pl.Series([parties.sign(*pair) for pair in pairs.iter_rows()], dtype=pl.Boolean))
    within = billed.join(theirs, on=["source", "issuer_name"], how="semi", nulls_equal=True)
    if starts is not None:
        within = within.filter(pl.col("day") >= starts)
    return within if ends is None else within.filter(pl.col("day") < ends)


def _amounts(contract: Contract, billed: pl.DataFrame) -> list[tuple[str | None, Decimal | None, Decimal | None]]:
    """Currency, committed, billed; one row of nothing where there is neither."""
    theirs = under(contract.parties, billed, contract.starts, contract.ends)
    costs = dict(theirs.group_by("currency").agg(pl.col("billed").sum()).iter_rows())
    commits: dict[str, Decimal] = {}
    for commit in contract.commits:
        commits[commit.currency] = commits.get(commit.currency, Decimal(0)) + commit.amount
    currencies = sorted({*costs, *commits})
    return [(currency, commits.get(currency), costs.get(currency)) for currency in currencies] or [(None, None, None)]
