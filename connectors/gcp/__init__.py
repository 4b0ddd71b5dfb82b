"""Google Cloud: its billing export, read in BigQuery or as Parquet files of it. `KIND` is the registry's entry."""

from __future__ import annotations

from pydantic import BaseModel

from connectors.gcp.options import GcpOptions
from connectors.protocol import Connector, ConnectorKind, Surroundings


def periods_in(options: GcpOptions, surroundings: Surroundings) -> list[str]:
    """Billing periods, YYYY-MM, that the export holds now. Raises what `pull` and `translate` raise."""
    from connectors.gcp import connector

    return connector.periods_in(options, surroundings)


def _make(source: str, options: BaseModel, surroundings: Surroundings) -> Connector:
    from connectors.gcp.connector import GcpConnector

    assert isinstance(options, GcpOptions)
    return GcpConnector(source, options, surroundings)


KIND = ConnectorKind("gcp", "Google Cloud", GcpOptions, _make, periods_in)

__all__ = ["KIND", "GcpOptions", "periods_in"]
