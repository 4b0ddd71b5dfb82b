"""Reading `outlay.yaml`: exact numbers, every mistake explained with its line, secrets only by name.

`${NAME}` is looked up when a source is used, in the environment and in HOME/.env, so that one missing key stops one
source and no other. No secret is kept in the settings.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import yaml
from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError

from connectors.errors import ConfigurationError
from connectors.protocol import Connector, Surroundings
from pipelines.home import Home
from pipelines.settings import Settings, SourceSettings

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_Location = tuple[str | int, ...]


class _ExactLoader(yaml.SafeLoader):
    """YAML in which 0.1 is exactly 0.1, dates stay dates, and a key written twice is an error."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(str(loader.construct_scalar(node)).replace("_", ""))


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is written twice", key.start_mark)
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)
_ExactLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_settings(path: Path) -> Settings:
    """The settings in `path`.

    Raises `ConfigurationError` that lists every mistake with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no {path.name} in {path.parent}",
            remedy="write one with `outlay init`, or see the make-believe organisation with `outlay demo`",
        ) from None
    try:
        document: object = yaml.load(text, Loader=_ExactLoader)
        node = yaml.compose(text, Loader=_ExactLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(
            f"{path.name} line {line}: {error.problem}", remedy="mend that line; `outlay config check` looks again"
        ) from None
    try:
        settings = Settings.model_validate(document if document is not None else {})
    except ValidationError as error:
        mistakes = [_explain(mistake, node, path.name) for mistake in error.errors(include_url=False)]
        raise ConfigurationError(
            "\n  ".join([f"{path.name} has {len(mistakes)} mistake(s)", *mistakes]),
            remedy="mend them; `outlay config check` looks again",
        ) from None
    _check_options(settings, node, path.name)
    return settings


def _check_options(settings: Settings, node: yaml.Node | None, name: str) -> None:
    """Options are checked by their connector, every `${NAME}` taken as given: no secret is needed for it."""
    from connectors.registry import connector_kind, kinds

    mistakes: list[str] = []
    for position, source in enumerate(settings.sources):
        location: _Location = ("sources", position)
        if source.connector not in kinds():
            line = _line_of(node, (*location, "connector"))
            hint = _nearest(source.connector, kinds())
            mistakes.append(f"line {line}: source {source.name!r}: there is no connector {source.connector!r}{hint}")
            continue
        try:
            connector_kind(source.connector).options.model_validate(source.options)
        except ValidationError as error:
            mistakes += [
                _explain({**mistake, "loc": (*location, "options", *mistake["loc"])}, node, name)
                for mistake in error.errors(include_url=False)
            ]
    if mistakes:
        raise ConfigurationError(
            "\n  ".join([f"{name} has {len(mistakes)} mistake(s)", *mistakes]),
            remedy="mend them; `outlay config check` looks again",
        )


def _explain(mistake: Mapping[str, Any], node: yaml.Node | None, name: str) -> str:
    location = cast("_Location", mistake["loc"])
    line = _line_of(node, location)
    where = ".".join(str(part) for part in location) or name
    if mistake["type"] == "extra_forbidden":
        siblings = _fields_beside(location)
        return f"line {line}: {where}: there is no such setting{_nearest(str(location[-1]), siblings)}"
    if mistake["type"] == "missing":
        return f"line {line}: {where}: is missing"
    return f"line {line}: {where}: {str(mistake['msg']).removeprefix('Value error, ')}"


def _fields_beside(location: _Location) -> list[str]:
    """The settings that may stand where an unknown one was found."""
    model: type[BaseModel] | None = Settings
    for part in location[:-1]:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = _model_within(field.annotation) if field else None
    return list(model.model_fields) if model else []


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in getattr(annotation, "__args__", ()) if (found := _model_within(inner))), None)


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else (f"; known: {', '.join(known)}" if known else "")


def _line_of(node: yaml.Node | None, location: _Location) -> int:
    """The line of the deepest part of `location` that is written in the file."""
    line = _mark(node)
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if pair is None:
                break
            node = pair[1]
            line = _mark(pair[0])
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = _mark(node)
        else:
            break
    return line


def _mark(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node is not None and node.start_mark is not None else 1


class Secrets:
    """Where `${NAME}` is looked up: the environment first, then HOME/.env."""

    def __init__(self, home: Home) -> None:
        stored = dotenv_values(home.secrets) if home.secrets.is_file() else {}
        self._values = {**{key: value for key, value in stored.items() if value}, **os.environ}

    def fill(self, value: Any, *, source: str | None = None, required: bool = True) -> Any:
        """`value` with every `${NAME}` replaced, at any depth; `ConfigurationError` names a missing one.

        Unless `required`, a missing one becomes the word `unset`: enough to translate what was pulled before.
        """
        if isinstance(value, str):
            return _SECRET.sub(lambda match: self._value(match.group(1), source, required), value)
        if isinstance(value, Mapping):
            inner = cast("Mapping[Any, Any]", value)
            return {key: self.fill(within, source=source, required=required) for key, within in inner.items()}
        if isinstance(value, list | tuple):
            return [self.fill(within, source=source, required=required) for within in cast("list[Any]", value)]
        return value

    def _value(self, name: str, source: str | None, required: bool) -> str:
        value = self._values.get(name) or (None if required else "unset")
        if not value:
            raise ConfigurationError(
                f"the secret {name} is not set",
                source=source,
                remedy=f"export {name}, or write it into .env in the home folder (never into outlay.yaml)",
            )
        return value


def connect(
    source: SourceSettings, home: Home, surroundings: Surroundings, *, secrets_required: bool = True
) -> Connector:
    """The connector of a source, secrets filled in."""
    from connectors.registry import make_connector

    options = Secrets(home).fill(source.options, source=source.name, required=secrets_required)
    return make_connector(source.connector, source.name, options, surroundings)
