"""Which wire module answers which path, and for whom: keys, scopes and required headers. No sockets here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from connectors.simulator import (
    anthropic_analytics_wire,
    anthropic_names,
    anthropic_wire,
    openai_costs,
    openai_names,
    openai_wire,
)
from connectors.simulator.organisation import ANTHROPIC, LABS, OPENAI
from connectors.simulator.simulation import Simulation
from connectors.simulator.wire_query import Query, RefusalError

Header = Callable[[str], str | None]
"""Looks up a request header by its name in lower case."""


class Answerer:
    """Turns a request into a body, or raises `RefusalError`."""

    def __init__(self, simulation: Simulation, *, quirks: bool) -> None:
        self.simulation = simulation
        self.quirks = quirks

    def source_of(self, path: str, header: Header) -> str:
        """Which account the key is for; 401 for a wrong key, 403 for one without the scope."""
        simulation = self.simulation
        bearer = (header("authorization") or "").removeprefix("Bearer ").strip()
        if path.startswith("/organization/"):
            if bearer == simulation.key_without_scope(OPENAI):
                raise RefusalError(
                    403, "You have insufficient permissions for this operation. Missing scopes: api.usage.read."
                )
            if bearer != simulation.admin_key(OPENAI):
                raise RefusalError(401, "Incorrect API key provided.", parameter="invalid_api_key")
            return OPENAI
        key = header("x-api-key") or bearer
        for source in (ANTHROPIC, LABS):
            if key == simulation.admin_key(source):
                return source
            if key == simulation.key_without_scope(source):
                raise RefusalError(403, "API key lacks the scope read:analytics.", kind="permission_error")
        raise RefusalError(401, "invalid x-api-key", kind="authentication_error")

    def body(self, source: str, path: str, query: Query, header: Header) -> bytes:
        """The answer to `GET path?query`; 404 for what the vendor does not have."""
        if source == OPENAI:
            return self._openai(path.removeprefix("/organization/"), query)
        if not header("anthropic-version"):
            raise RefusalError(400, "anthropic-version: header is required.", parameter="anthropic-version")
        return self._anthropic(source, path.removeprefix("/organizations/"), query, header("anthropic-beta") or "")

    def _openai(self, path: str, query: Query) -> bytes:
        simulation = self.simulation
        match path.split("/"):
            case ["costs"]:
                body = openai_costs.cost_report(simulation, query, quirks=self.quirks)
            case ["usage", endpoint] if endpoint in openai_wire.DIMENSIONS:
                body = openai_wire.usage_report(simulation, endpoint, query, quirks=self.quirks)
            case ["projects"]:
                body = openai_names.projects(query)
            case ["projects", project_id, "api_keys"]:
                body = openai_names.project_api_keys(simulation, project_id, query)
            case ["projects", project_id, "service_accounts"]:
                body = openai_names.project_service_accounts(project_id, query)
            case ["users"]:
                body = openai_names.users(query)
            case ["admin_api_keys"]:
                body = openai_names.admin_api_keys(simulation, query)
            case _:
                raise RefusalError(404, f"Invalid URL (GET /v1/organization/{path})")
        return body

    def _anthropic(self, source: str, path: str, query: Query, betas: str) -> bytes:
        simulation = self.simulation
        match path.split("/"):
            case ["usage_report", "messages"]:
                body = anthropic_wire.messages_usage(simulation, source, query, betas, quirks=self.quirks)
            case ["usage_report", "claude_code"]:
                body = anthropic_wire.claude_code_usage(simulation, source, query)
            case ["cost_report"]:
                body = anthropic_wire.cost_report(simulation, source, query, quirks=self.quirks)
            case ["analytics", "usage" | "cost" as which]:
                body = anthropic_analytics_wire.report(simulation, source, which, query, betas, quirks=self.quirks)
            case ["workspaces"]:
                body = anthropic_names.workspaces(source, query)
            case ["users"]:
                body = anthropic_names.users(source, query)
            case ["api_keys"]:
                body = anthropic_names.api_keys(simulation, source, query)
            case ["service_accounts"]:
                body = anthropic_names.service_accounts(source, query)
            case ["me"]:
                body = anthropic_names.organization(source)
            case _:
                raise RefusalError(404, f"Not found: /v1/organizations/{path}", kind="not_found_error")
        return body


def error_body(path: str, status: int, message: str, kind: str, parameter: str | None) -> bytes:
    """A refusal in the words of the vendor whose path it is."""
    if path.startswith("/organization/"):
        code = "invalid_api_key" if status == 401 else "rate_limit_exceeded" if status == 429 else None
        error: dict[str, Any] = {"message": message, "type": kind, "param": parameter, "code": code}
        return json.dumps({"error": error}).encode()
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
