"""Azure: cost exports (actual, amortized, FOCUS) or queries of Cost Management, with the tokens of Azure OpenAI. `KIND`
is the registry's entry; `periods_in` looks at an export outside a load."""

from __future__ import annotations

from pydantic import BaseModel

from connectors.azure.options import AzureOptions
from connectors.protocol import Connector, ConnectorKind, Surroundings


def periods_in(options: BaseModel, surroundings: Surroundings) -> list[str]:
    """Billing periods, YYYY-MM, that the export holds now. Raises what a pull raises."""
    from connectors.azure import connector

    assert isinstance(options, AzureOptions)
    return connector.periods_in(options, surroundings)


def _make(source: str, options: BaseModel, surroundings: Surroundings) -> Connector:
    from connectors.azure.connector import AzureConnector

    assert isinstance(options, AzureOptions)
    return AzureConnector(source, options, surroundings)


KIND = ConnectorKind("azure", "Azure", AzureOptions, _make, periods_in)

__all__ = ["KIND", "AzureOptions", "periods_in"]
