"""Amazon Web Services: a month's bill from Data Exports (CUR 2.0, FOCUS), the legacy report or Cost Explorer, and token
metrics of Bedrock. `KIND` is the registry's entry; `periods_in` looks at an export outside a load."""

from __future__ import annotations

from pydantic import BaseModel

from connectors.aws.options import AwsOptions
from connectors.protocol import Connector, ConnectorKind, Surroundings


def periods_in(options: AwsOptions, surroundings: Surroundings) -> list[str]:
    """Billing periods, YYYY-MM, that the report holds now, sorted. Raises what a pull raises."""
    from connectors.aws import periods

    return periods.periods_in(options, surroundings)


def _make(source: str, options: BaseModel, surroundings: Surroundings) -> Connector:
    from connectors.aws.connector import AwsConnector

    assert isinstance(options, AwsOptions)
    return AwsConnector(source, options, surroundings)


KIND = ConnectorKind("aws", "Amazon Web Services", AwsOptions, _make, periods_in)

__all__ = ["KIND", "AwsOptions", "periods_in"]
