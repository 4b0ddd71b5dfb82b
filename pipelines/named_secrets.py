"""Where `outlay.yaml` must hold a name of a secret; looking it up, and explaining mistakes, is `configuration`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import SecretStr

from pipelines.settings import Settings

_SECRET_SETTING = re.compile(r"(key|secret|token|password|credential)(?!.*(file|path|uri|url|enabled)$)", re.IGNORECASE)
Location = tuple[str | int, ...]


def secrets_of(settings: Settings) -> Iterator[tuple[Location, str, str]]:
    """Where secrets stand, what stands there, and a name that fits."""
    from connectors.registry import connector_kind, kinds

    for position, source in enumerate(settings.sources):
        fields = connector_kind(source.connector).options.model_fields if source.connector in kinds() else {}
        for option, field in fields.items():
            value, location = source.options.get(option), ("sources", position, "options", option)
            if not _holds_secret(field.annotation):
                continue
            if isinstance(value, Mapping):
                # beside keys, an object store's settings hold regions and addresses
                inner = cast("Mapping[Any, Any]", value)
                found = [((*location, str(key)), within) for key, within in inner.items()]
                found = [each for each in found if _SECRET_SETTING.search(each[0][-1])]
            else:
                found = [(location, value)]
            for where, written in found:
                if written is not None:
                    word = f"{source.connector}_{where[-1]}" if option == where[-1] else str(where[-1])
                    yield where, str(written), re.sub(r"\W", "_", word).upper()
    yield from _of_slack(settings)
    yield from _of_sign_in(settings)


def _of_slack(settings: Settings) -> Iterator[tuple[Location, str, str]]:
    slack = settings.alerts.slack
    named = (
        ("bot_token", slack.bot_token, "SLACK_BOT_TOKEN"),
        ("app_token", slack.app_token, "SLACK_APP_TOKEN"),
        ("webhook", slack.webhook, "SLACK_WEBHOOK_URL"),
    )
    for name, secret, variable in named:
        if secret is not None:
            yield ("alerts", "slack", name), secret.get_secret_value(), variable
    for position, route in enumerate(settings.alerts.routes):
        if route.webhook is not None:
            variable = re.sub(r"\W", "_", f"slack_webhook_{route.name}").upper()
            yield ("alerts", "routes", position, "webhook"), route.webhook.get_secret_value(), variable


def _of_sign_in(settings: Settings) -> Iterator[tuple[Location, str, str]]:
    sign_in = settings.dashboard.sign_in
    if sign_in is not None:
        yield (
            ("dashboard", "sign_in", "client_secret"),
            sign_in.client_secret.get_secret_value(),
            "OUTLAY_CLIENT_SECRET",
        )
        yield (
            ("dashboard", "sign_in", "cookie_secret"),
            sign_in.cookie_secret.get_secret_value(),
            "OUTLAY_COOKIE_SECRET",
        )


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(inner) for inner in getattr(annotation, "__args__", ()))
