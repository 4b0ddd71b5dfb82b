"""OpenAI: usage and cost of an organisation, from its admin reports. `KIND` is the registry's entry."""

from __future__ import annotations

from pydantic import BaseModel

from connectors.openai.options import OpenAIOptions
from connectors.protocol import Connector, ConnectorKind, Surroundings


def _make(source: str, options: BaseModel, surroundings: Surroundings) -> Connector:
    from connectors.openai.client import OpenAIConnector

    assert isinstance(options, OpenAIOptions)
    return OpenAIConnector(source, options, surroundings)


KIND = ConnectorKind("openai", "OpenAI", OpenAIOptions, _make)
