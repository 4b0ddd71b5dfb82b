"""From a negotiated rate as `outlay.yaml` writes it to the rate that the ledger applies.

What a rate does to prices is in `models.ledger.contract_rates`; reading the file is in `configuration`.
"""

from __future__ import annotations

from models.ledger.contract_rates import ContractRate
from pipelines.settings.contracts import ContractRateSettings, ContractSettings


def contract_rate(contract: ContractSettings, rate: ContractRateSettings) -> ContractRate:
    """The ledger's rate. Raises `OutlayError` for one that cannot work."""
    return ContractRate(
        name=contract.name,
        provider=rate.provider,
        source=contract.source,
        model=rate.model,
        meter=rate.meter,
        processing_tier=rate.processing_tier,
        discount_pct=rate.discount_pct,
        unit_price=rate.unit_price,
        valid_from=rate.valid_from,
        valid_to=rate.valid_to,
        sku=rate.sku,
        service=rate.service,
        region=rate.region,
        instance_type=rate.instance_type,
        issuer=rate.issuer or contract.issuer,
        unit=rate.unit,
        currency=rate.currency,
    )
