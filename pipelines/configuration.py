"""Reading `outlay.yaml`: exact numbers, every mistake explained with its line, secrets only by name.

`${NAME}` is looked up when a source is used, in the environment and in HOME/.env, so that one missing key stops one
source and no other. No secret is kept in the settings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import yaml
from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError

from connectors.errors import ConfigurationError
from models.errors import OutlayError
from models.wording import nearest
from pipelines.home import Home
from pipelines.named_secrets import secrets_of
from pipelines.settings import Settings, SourceSettings
from pipelines.settings.dashboard import DashboardSettings
from pipelines.settings.strict import explained

if TYPE_CHECKING:
    from connectors.protocol import Connector, Surroundings

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
Location = tuple[str | int, ...]
_Mistake = tuple[int, str]
"""The line that it stands in, and what it is."""


class _ExactLoader(yaml.SafeLoader):
    """YAML in which 0.1 is exactly 0.1, dates stay dates, and a key written twice is an error."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ArithmeticError, TypeError, ValueError):
            problem = "looks like a number, a date or a key and is none (.inf and .nan are no numbers here; quote text)"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    value = Decimal(str(loader.construct_scalar(node)).replace("_", ""))
    if not value.is_finite():
        raise ValueError("no number")
    return value


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key.start_mark)
        if key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is written twice", key.start_mark)
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)
_ExactLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_settings(path: Path, *, within: Home | None = None) -> Settings:
    """The settings in `path`.

    `within` a home, they are held against what lies there too: its sources and its table of exchange rates. Those may
    be imported or mended later, so that only `outlay config check` asks.

    Raises `ConfigurationError` that lists every mistake with its line.
    """
    try:
        text = _text(path)
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no {path.name} in {path.parent}",
            remedy="write one with `outlay init`, or see the make-believe organisation with `outlay demo`",
        ) from None
    try:
        document, node = _parsed(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(
            f"{path.name} line {line}: {error.problem}", remedy="mend that line; `outlay config check` looks again"
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        what = "nests too deep" if isinstance(error, RecursionError) else "holds a character that YAML does not allow"
        raise ConfigurationError(
            f"{path.name} line {line}: {what}", remedy="mend that line; `outlay config check` looks again"
        ) from None
    try:
        settings = Settings.model_validate(document if document is not None else {})
    except ValidationError as error:
        told = [_explain(mistake, node, path.name) for mistake in error.errors(include_url=False)]
        raise _mistaken(told, path.name) from None
    checks = (
        _unnamed_secrets, _wrong_options, _wrong_contracts, _wrong_rules, _wrong_measures, _wrong_foresight,
        _wrong_alerts, _wrong_dashboard,
    )  # fmt: skip
    told = [mistake for check in checks for mistake in check(settings, node)]
    told += _wrong_within(settings, within, node) if within is not None else []
    if told:
        raise _mistaken(told, path.name)
    return settings


def _parsed(text: str) -> tuple[object, yaml.Node | None]:
    """What the file says, and the nodes that know their lines; read once, for a thousand rules take their time."""
    loader = _ExactLoader(text)
    try:
        node = loader.get_single_node()
        return (None if node is None else loader.construct_document(node)), node
    finally:
        loader.dispose()


def line_of(path: Path, location: Location) -> int:
    """The line of a setting in a file that can be read, such as that of `("owners", 3)`."""
    return _line_of(yaml.compose(_text(path), Loader=_ExactLoader), location)


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{path.name} line {line}: is not UTF-8 text", remedy="save the file as UTF-8, then `outlay config check`"
        ) from None


def _mistaken(told: Sequence[_Mistake], name: str) -> ConfigurationError:
    """All mistakes at once, in the order of their lines."""
    lines = [f"line {line}: {what}" for line, what in sorted(told)]
    return ConfigurationError(
        "\n  ".join([f"{name} has {len(lines)} mistake(s)", *lines]),
        remedy="mend them; `outlay config check` looks again",
    )


def _at(node: yaml.Node | None, location: Location, what: str) -> _Mistake:
    return _line_of(node, location), f"{'.'.join(str(part) for part in location)}: {what}"


def _unnamed_secrets(settings: Settings, node: yaml.Node | None) -> list[_Mistake]:
    """A secret is exactly `${NAME}`; what stands there instead is never shown."""
    return [
        _at(
            node,
            location,
            f"a secret does not belong into this file: write ${{{variable}}} and put the "
            f"{'address' if location[-1] == 'webhook' else 'key'} into .env",
        )
        for location, value, variable in secrets_of(settings)
        if not _SECRET.fullmatch(value)
    ]


def _wrong_contracts(settings: Settings, node: yaml.Node | None) -> list[_Mistake]:
    """Every rate is one that the ledger can apply and that comes to pass; commits lie within their contract."""
    if not settings.contracts:
        return []
    from pipelines.contract_checks import contract_mistakes

    found = contract_mistakes(settings, lambda location: _line_of(node, location))
    return [_at(node, mistake.location, mistake.what) for mistake in found]


def _wrong_rules(settings: Settings, node: yaml.Node | None) -> list[_Mistake]:
    """Owner rules, pools, teams and declared costs go together."""
    if not (settings.owners or settings.shared or settings.teams or settings.costs):
        return []
    from pipelines.name_checks import name_mistakes
    from pipelines.rule_checks import rule_mistakes

    found = (*rule_mistakes(settings, lambda location: _line_of(node, location)), *name_mistakes(settings))
    return [_at(node, mistake.location, mistake.what) for mistake in found]


def _wrong_within(settings: Settings, home: Home, node: yaml.Node | None) -> list[_Mistake]:
    """What the file says of the home and of today: sources are there, rates can be read, no event is long past."""
    from pipelines import alert_checks, foresight_checks
    from pipelines.name_checks import source_mistakes

    today = datetime.now(UTC).date()
    late = (*foresight_checks.late_mistakes(settings, today), *alert_checks.late_mistakes(settings, today))
    told = [_at(node, mistake.location, mistake.what) for mistake in (*source_mistakes(settings, home), *late)]
    if settings.reporting.rates is None:
        return told
    from pipelines.currency_rates import reporting_rates

    try:
        reporting_rates(settings, home)
    except OutlayError as error:
        told.append(_at(node, ("reporting", "rates"), f"{error.what}: {error.remedy}"))
    return told


def _wrong_measures(settings: Settings, node: yaml.Node | None) -> list[_Mistake]:
    """Drivers and policies ask what costs have, in statements that may be run; measurements say what they are of."""
    if not (settings.drivers or settings.utilisation or settings.residency):
        return []
    from pipelines.measure_checks import measure_mistakes

    return [_at(node, mistake.location, mistake.what) for mistake in measure_mistakes(settings)]


def _wrong_foresight(settings: Settings, node: yaml.Node | None) -> list[_Mistake]:
    """Events and expected days are of what there is, and each is told once."""
    if not (settings.forecast.events or settings.forecast.holidays or settings.anomalies.expected):
        return []
    from pipelines.foresight_checks import foresight_mistakes

    found = foresight_mistakes(settings, lambda location: _line_of(node, location))
    return [_at(node, mistake.location, mistake.what) for mistake in found]


def _wrong_alerts(settings: Settings, node: yaml.Node | None) -> list[_Mistake]:
    """What is to be told has a place to go, and whatever is named is there."""
    from pipelines.alert_checks import alert_mistakes

    found = alert_mistakes(settings, lambda location: _line_of(node, location))
    return [_at(node, mistake.location, mistake.what) for mistake in found]


def _wrong_dashboard(settings: Settings, node: yaml.Node | None) -> list[_Mistake]:
    """Nobody is let in unasked from elsewhere, and every rule of people can hold."""
    if settings.dashboard == DashboardSettings():
        return []
    from pipelines.dashboard_checks import dashboard_mistakes

    found = dashboard_mistakes(settings, lambda location: _line_of(node, location))
    return [_at(node, mistake.location, mistake.what) for mistake in found]


def _wrong_options(settings: Settings, node: yaml.Node | None) -> list[_Mistake]:
    """Options are checked by their connector, every `${NAME}` taken as given: no secret is needed for it."""
    from connectors.registry import connector_kind, kinds

    mistakes: list[_Mistake] = []
    for position, source in enumerate(settings.sources):
        location: Location = ("sources", position)
        if source.connector not in kinds():
            line = _line_of(node, (*location, "connector"))
            hint = nearest(source.connector, kinds())
            mistakes.append((line, f"source {source.name!r}: there is no connector {source.connector!r}{hint}"))
            continue
        options = connector_kind(source.connector).options
        try:
            options.model_validate(source.options)
        except ValidationError as error:
            mistakes += [
                _explain({**mistake, "loc": (*location, "options", *mistake["loc"])}, node, "", options)
                for mistake in error.errors(include_url=False)
            ]
    return mistakes


def _explain(
    mistake: Mapping[str, Any], node: yaml.Node | None, name: str, options: type[BaseModel] | None = None
) -> _Mistake:
    """`name`: of the file; `options`: the model of a connector's options, where the mistake lies in them."""
    told = cast("Location", mistake["loc"])
    # the kind of a cost, which pydantic names between, is no place in the file
    location = (*told[:2], *told[3:]) if told[:1] == ("costs",) else told
    if mistake["type"] == "extra_forbidden":
        siblings = _fields_beside(told) if options is None else list(options.model_fields)
        what = f"there is no such setting{nearest(str(location[-1]), siblings)}"
    else:
        what = explained(mistake)
    return _at(node, location, what) if location else (_line_of(node, ()), f"{name}: {what}")


def _fields_beside(location: Location) -> list[str]:
    """The settings that may stand where an unknown one was found."""
    model: type[BaseModel] | None = Settings
    for part in location[:-1]:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        if field is not None:
            within = list(_models_within(field.annotation))
            model = next((each for each in within if _is_of_kind(each, location)), next(iter(within), None))
    return list(model.model_fields) if model else []


def _models_within(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_within(inner)


def _is_of_kind(model: type[BaseModel], location: Location) -> bool:
    """Of several models in one place, pydantic names the kind of the one that it chose."""
    kind = model.model_fields.get("kind")
    return kind is not None and any(part in get_args(kind.annotation) for part in location)


def _line_of(node: yaml.Node | None, location: Location) -> int:
    """The line of the deepest part of `location` that is written in the file."""
    line = _mark(node)
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in reversed(node.value) if key.value == str(part)), None)
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
