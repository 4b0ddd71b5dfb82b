"""Marts of contracts and commitments, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from models.economics.commitment_days import billed_by_day, commitments_held
from models.economics.commitment_frames import Held
from models.economics.commitments import COMMITMENT_BURN_DOWN, COMMITMENTS, burn_down, commitments
from models.economics.contract_commitments import contract_commitments
from models.economics.contracts import CONTRACTS, Contract, contracts_register
from models.ledger.focus import CONTRACT_COMMITMENT, COST_AND_USAGE
from pipelines.contracts import contract_terms
from pipelines.marts.economics import Economics
from pipelines.warehouse import Mart


@dataclass(frozen=True)
class _Agreed:
    """What the marts of this family share."""

    economics: Economics

    @cached_property
    def charges(self) -> pl.LazyFrame:
        return self.economics.facts.read(COST_AND_USAGE)

    @cached_property
    def contracts(self) -> tuple[Contract, ...]:
        return tuple(contract_terms(contract) for contract in self.economics.work.settings.contracts)

    @cached_property
    def billed(self) -> pl.DataFrame:
        return billed_by_day(self.charges)

    @cached_property
    def held(self) -> Held:
        commits = [commit for contract in self.contracts for commit in contract.commits]
        return commitments_held(self.charges, self.billed, commits, self.economics.today)


def commitments_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    agreed = _Agreed(economics)
    return {
        COMMITMENTS.qualified_name: lambda: commitments(agreed.held),
        COMMITMENT_BURN_DOWN.qualified_name: lambda: burn_down(agreed.held),
        CONTRACT_COMMITMENT.qualified_name: lambda: contract_commitments(agreed.held, agreed.contracts),
        CONTRACTS.qualified_name: lambda: contracts_register(agreed.contracts, agreed.billed, economics.today),
    }
