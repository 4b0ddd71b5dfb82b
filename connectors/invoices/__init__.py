"""Invoices that people import, as CSV: what was invoiced, and the charges of what no other source tells. `KIND` is the
registry's entry."""

from __future__ import annotations

from pydantic import BaseModel

from connectors.invoices.options import InvoicesOptions
from connectors.protocol import Connector, ConnectorKind, Surroundings


def _make(source: str, options: BaseModel, surroundings: Surroundings) -> Connector:
    from connectors.invoices.connector import InvoicesConnector

    assert isinstance(options, InvoicesOptions)
    return InvoicesConnector(source, options, surroundings)


def _periods_in(options: BaseModel, surroundings: Surroundings) -> list[str]:
    from connectors.invoices import connector

    assert isinstance(options, InvoicesOptions)
    return connector.periods_in(options, surroundings.clock())


KIND = ConnectorKind("invoices", "Invoices (CSV)", InvoicesOptions, _make, _periods_in)

__all__ = ["KIND", "InvoicesOptions"]
