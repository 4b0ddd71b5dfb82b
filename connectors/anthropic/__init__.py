"""Anthropic: usage and cost of an organisation, from its admin or analytics reports. `KIND` is the registry's entry."""

from __future__ import annotations

from pydantic import BaseModel

from connectors.anthropic.options import AnthropicOptions
from connectors.protocol import Connector, ConnectorKind, Surroundings


def _make(source: str, options: BaseModel, surroundings: Surroundings) -> Connector:
    from connectors.anthropic.client import AnthropicConnector

    assert isinstance(options, AnthropicOptions)
    return AnthropicConnector(source, options, surroundings)


KIND = ConnectorKind("anthropic", "Anthropic", AnthropicOptions, _make)
