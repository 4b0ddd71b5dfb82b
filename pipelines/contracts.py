"""From what `outlay.yaml` says of contracts to the rates that the ledger applies and the terms that marts tell.

What a rate does to prices is in `models.ledger.contract_rates`; reading the file is in `configuration`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from models.economics.contracts import Commit, Contract, Parties
from models.economics.disputes import Clause
from models.ledger.contract_rates import ContractRate
from pipelines.settings.contracts import ContractRateSettings, ContractSettings


def contract_rates(contracts: Iterable[ContractSettings]) -> tuple[ContractRate, ...]:
    """The ledger's rates, in the order in which they are tried. Raises `OutlayError` for one that cannot work."""
    return tuple(
        contract_rate(contract, number, rate)
        for contract in contracts
        for number, rate in enumerate(contract.rates, start=1)
    )


def contract_rate(contract: ContractSettings, number: int, rate: ContractRateSettings) -> ContractRate:
    """The ledger's rate, the `number`-th of its contract. Raises `OutlayError` for one that cannot work."""
    made = ContractRate(
        name=f"{contract.name}, rate {number}",
        provider=rate.provider,
        source=contract.source,
        model=rate.model,
        meter=rate.meter,
        processing_tier=rate.processing_tier,
        discount_pct=rate.discount_pct,
        unit_price=rate.unit_price,
        valid_from=rate.valid_from,
        valid_to=rate.valid_to or contract.valid_to,
        sku=rate.sku,
        service=rate.service,
        region=rate.region,
        instance_type=rate.instance_type,
        issuer=rate.issuer,
        unit=rate.unit,
        currency=rate.currency,
    )
    # readings do not tell who bills them: those of a contract are told by its source
    return replace(made, issuer=rate.issuer or contract.issuer) if made.for_charges else made


def clauses(contracts: Iterable[ContractSettings]) -> Mapping[str, Clause]:
    """Each rate in words, by the name that charges know it by."""
    return {
        contract_rate(contract, number, rate).name: Clause(contract.name, f"rate {number}: {rate_in_words(rate)}")
        for contract in contracts
        for number, rate in enumerate(contract.rates, start=1)
    }


_SCOPE = ("provider", "model", "meter", "processing_tier", "sku", "service", "region", "instance_type", "issuer")


def rate_in_words(rate: ContractRateSettings) -> str:
    """`12.5 % off list, provider aws, sku *p5*, from 2026-07-01 until 2027-07-01`."""
    price = (
        f"{rate.discount_pct.normalize():f} % off list"
        if rate.discount_pct is not None
        else f"{rate.unit_price or 0:f} {rate.currency} per {rate.unit or 'pricing unit'}"
    )
    scope = [
        f"{name.replace('_', ' ')} {value}" for name in _SCOPE if (value := getattr(rate, name)) not in (None, "*")
    ]
    until = f" until {rate.valid_to}" if rate.valid_to else ""
    return ", ".join([price, *scope, f"from {rate.valid_from}{until}"])


def contract_terms(contract: ContractSettings) -> Contract:
    """The contract as marts tell it."""
    parties = Parties(contract.source, contract.issuer)
    renewal = contract.renewal
    return Contract(
        name=contract.name,
        parties=parties,
        valid_from=contract.valid_from,
        valid_to=contract.valid_to,
        provider=contract.rates[0].provider if contract.rates else None,
        rates=tuple(rate_in_words(rate) for rate in contract.rates),
        discounts_pct=tuple(rate.discount_pct for rate in contract.rates if rate.discount_pct is not None),
        commits=tuple(
            Commit(
                contract=contract.name,
                name=commit.name,
                kind=commit.kind,
                amount=commit.amount,
                currency=commit.currency,
                valid_from=commit.valid_from,
                valid_to=commit.valid_to,
                parties=parties,
                true_up=commit.true_up,
                commitment_id=commit.id,
            )
            for commit in contract.commits
        ),
        renews_on=None if renewal is None else renewal.day,
        notice_days=0 if renewal is None else renewal.notice_days,
        automatic=None if renewal is None else renewal.automatic,
        sla=contract.sla,
        dpa=contract.dpa,
        residency=contract.residency,
    )
