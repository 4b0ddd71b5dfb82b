"""Anthropic's lists of workspaces, users, keys and service accounts, on the first pull and on the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.simulator.anthropic_wire import as_json, rfc3339
from connectors.simulator.draws import between, identifier
from connectors.simulator.organisation import (
    ACCOUNT_IDS,
    ACCOUNT_NAMES,
    PEOPLE,
    Key,
    Person,
    Project,
    keys_of,
    project_named,
    projects_of,
)
from connectors.simulator.simulation import Simulation
from connectors.simulator.wire_query import Page, Query, RefusalError

_CREATED = datetime(2025, 3, 1, tzinfo=UTC)


def _created(*what: object) -> str:
    return rfc3339(_CREATED + timedelta(seconds=between(0, 300 * 86_400, "created", *what)))


def _listed(items: list[dict[str, Any]], query: Query) -> bytes:
    """One page of a list, cut by `after_id` and `limit` (default 20, at most 1000)."""
    size = query.limit(20, 1000)
    after = query.one("after_id")
    ids = [item["id"] for item in items]
    if after is not None and after not in ids:
        raise RefusalError(400, f"after_id: {after} is not in this list.", parameter="after_id")
    begin = ids.index(after) + 1 if after is not None else 0
    page = items[begin : begin + size]
    return as_json(
        {
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": begin + size < len(items),
        }
    )


def organization(source: str) -> bytes:
    """`GET /v1/organizations/me`."""
    return as_json({"id": ACCOUNT_IDS[source], "type": "organization", "name": ACCOUNT_NAMES[source]})


def workspaces(source: str, query: Query) -> bytes:
    """`GET /v1/organizations/workspaces`; the default one only with include_default=true."""
    listed = [_workspace(project.id, project.name, project) for project in projects_of(source)]
    if query.choice("include_default", ("true", "false"), "false") == "true":
        listed.append(_workspace(identifier("wrkspc_01", 22, "default workspace", source), "Default", None))
    return _listed(listed, query)


def _workspace(workspace_id: str, name: str, project: Project | None) -> dict[str, Any]:
    geo = "us" if project is not None and project.name == "Contracts Desk" else "global"
    return {
        "id": workspace_id,
        "type": "workspace",
        "name": name,
        "created_at": _created(workspace_id),
        "archived_at": None,
        "display_color": "#6C5BB9",
        "compartment_id": identifier("cmpt_01", 22, workspace_id),
        "data_residency": {
            "workspace_geo": "us",
            "allowed_inference_geos": ["us"] if geo == "us" else "unrestricted",
            "default_inference_geo": geo,
        },
        "external_key_id": None,
        "tags": {},
        "user_profile_id": None,
    }


def users(source: str, query: Query) -> bytes:
    """`GET /v1/organizations/users`."""
    return _listed([_user(source, person) for person in PEOPLE], query)


def _user(source: str, person: Person) -> dict[str, Any]:
    return {
        "id": person.user_id(source),
        "type": "user",
        "name": person.name,
        "email": person.email,
        "role": "admin" if person is PEOPLE[0] else "developer",
        "added_at": _created(source, person.name),
    }


def api_keys(simulation: Simulation, source: str, query: Query) -> bytes:
    """`GET /v1/organizations/api_keys`: renamed keys have their new name, deleted ones are archived."""
    status = query.choice("status", ("active", "archived", "expired", "inactive"))
    workspace = query.one("workspace_id")
    listed = [_api_key(simulation, key) for key in keys_of(source)]
    kept = [
        key for key in listed if status in (None, key["status"]) and workspace in (None, key["scope"]["workspace_id"])
    ]
    return _listed(kept, query)


def _api_key(simulation: Simulation, key: Key) -> dict[str, Any]:
    name = key.name_in(simulation.state)
    account = key.user_id
    workspace_id = project_named(key.source, key.project).id
    creator = PEOPLE[0].user_id(key.source)
    principal = {"type": "service_account_actor", "service_account_id": account}
    if key.owner:
        principal = {"type": "user_actor", "user_id": account}
    return {
        "id": key.id,
        "type": "api_key",
        "name": name or key.name,
        "status": "active" if name else "archived",
        "created_at": _created(key.id),
        "created_by": {"id": creator, "type": "user"},
        "expires_at": None,
        "partial_key_hint": f"sk-ant-api03-...{key.id[-4:]}",
        "principal": principal,
        "scope": {"type": "workspace", "workspace_id": workspace_id},
        "workspace_id": workspace_id,
    }


def service_accounts(source: str, query: Query) -> bytes:
    """`GET /v1/organizations/service_accounts`."""
    listed = [
        {
            "id": key.user_id,
            "type": "service_account",
            "name": key.name,
            "description": None,
            "organization_role": "developer",
            "archived_at": None,
            "archived_by_actor_id": None,
            "created_at": _created(key.id),
            "created_by_actor_id": PEOPLE[0].user_id(source),
            "updated_at": _created(key.id),
            "updated_by_actor_id": None,
        }
        for key in keys_of(source)
        if key.owner is None
    ]
    size, page = query.limit(20, 1000), Page.of(query)
    following = page.next(size, len(listed), twice=False)
    return as_json({"data": listed[page.position :][:size], "next_page": following})
