"""The registry: which kinds of connectors there are, by the word after `connector:` in `outlay.yaml`.

A kind is named by a dotted path and imported when it is asked for, so that the command line starts fast. What a
kind does, and which options it takes, belongs to its own package.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from connectors.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from connectors.protocol import Connector, ConnectorKind, Surroundings

_KINDS: Mapping[str, str] = {
    "openai": "connectors.openai",
    "anthropic": "connectors.anthropic",
    "aws": "connectors.aws",
    "gcp": "connectors.gcp",
    "azure": "connectors.azure",
    "focus-files": "connectors.focus_files",
    "invoices": "connectors.invoices",
}


def kinds() -> tuple[str, ...]:
    """The words that may stand after `connector:`."""
    return tuple(_KINDS)


def connector_kind(name: str) -> ConnectorKind:
    """The kind of that name. Raises ConfigurationError for a word that is none."""
    if name not in _KINDS:
        raise ConfigurationError(
            f"{name!r} is no kind of connector", remedy=f"write one of {', '.join(_KINDS)} after connector:"
        )
    return import_module(_KINDS[name]).KIND


def make_connector(
    kind: str,
    source: str,
    options: Mapping[str, Any] | BaseModel,
    surroundings: Surroundings | None = None,
) -> Connector:
    """A configured source. Raises ConfigurationError naming each option that cannot work, never its value."""
    from connectors.protocol import Surroundings

    entry = connector_kind(kind)
    return entry.make(source, checked_options(entry, source, options), surroundings or Surroundings())


def checked_options(entry: ConnectorKind, source: str, options: Mapping[str, Any] | BaseModel) -> BaseModel:
    """The options in the kind's type. Raises ConfigurationError naming each that cannot work, never its value."""
    from pydantic import BaseModel, ValidationError

    try:
        return options if isinstance(options, BaseModel) else entry.options.model_validate(dict(options))
    except ValidationError as error:
        mistakes = "; ".join(
            f"{'.'.join(str(part) for part in mistake['loc']) or 'options'}: {mistake['msg']}"
            for mistake in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise ConfigurationError(
            f"the options of this {entry.name} source cannot work: {mistakes}",
            remedy=f"mend them in outlay.yaml (known: {', '.join(entry.options.model_fields)})",
            source=source,
        ) from None
