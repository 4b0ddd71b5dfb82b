"""OpenAI's lists of projects, users and keys: what things are called, on the first pull and on the second."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from connectors.simulator.draws import between, identifier
from connectors.simulator.organisation import OPENAI, PEOPLE, Key, Person, Project, keys_of, projects_of
from connectors.simulator.simulation import Simulation
from connectors.simulator.wire_query import Query, RefusalError

_CREATED = int(datetime(2025, 3, 1, tzinfo=UTC).timestamp())


def _created(*what: object) -> int:
    """Some second in the ten months from March 2025 on."""
    return _CREATED + between(0, 300 * 86_400, "created", *what)


def _listed(items: list[dict[str, Any]], query: Query) -> bytes:
    """One page of a list, cut by `after` and `limit` (default 20, at most 100)."""
    size = query.limit(20, 100)
    after = query.one("after")
    ids = [item["id"] for item in items]
    if after is not None and after not in ids:
        raise RefusalError(400, f"No such object: {after}", parameter="after")
    begin = ids.index(after) + 1 if after is not None else 0
    page = items[begin : begin + size]
    return json.dumps(
        {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": begin + size < len(items),
        },
        separators=(",", ":"),
    ).encode()


def projects(query: Query) -> bytes:
    """`GET /organization/projects`; archived ones only with include_archived=true."""
    archived = query.choice("include_archived", ("true", "false"), "false") == "true"
    return _listed([_project(project) for project in projects_of(OPENAI) if archived or not project.archived], query)


def _project(project: Project) -> dict[str, Any]:
    created = _created(project.id)
    return {
        "object": "organization.project",
        "id": project.id,
        "name": project.name,
        "created_at": created,
        "archived_at": created + 200 * 86_400 if project.archived else None,
        "status": "archived" if project.archived else "active",
    }


def users(query: Query) -> bytes:
    """`GET /organization/users`."""
    return _listed([_user(person) for person in PEOPLE], query)


def _user(person: Person) -> dict[str, Any]:
    return {
        "object": "organization.user",
        "id": person.user_id(OPENAI),
        "name": person.name,
        "email": person.email,
        "role": "owner" if person is PEOPLE[0] else "reader",
        "added_at": _created(person.name),
    }


def admin_api_keys(simulation: Simulation, query: Query) -> bytes:
    """`GET /organization/admin_api_keys`: the one that pulls the reports."""
    key = {
        "object": "organization.admin_api_key",
        "id": identifier("key_", 16, "admin", OPENAI),
        "name": "outlay",
        "redacted_value": f"sk-admin-...{simulation.admin_key(OPENAI)[-3:]}",
        "created_at": _created("admin"),
        "last_used_at": int(simulation.as_of.timestamp()),
        "owner": {
            "type": "user", "object": "organization.user", "id": PEOPLE[0].user_id(OPENAI), "name": PEOPLE[0].name,
            "created_at": _created(PEOPLE[0].name), "role": "owner",
        },
    }  # fmt: skip
    return _listed([key], query)


def project_api_keys(simulation: Simulation, project_id: str, query: Query) -> bytes:
    """`GET /organization/projects/{id}/api_keys`: deleted keys are gone, renamed ones have their new name."""
    project = _existing(project_id)
    listed = [_api_key(key, name) for key in _keys(project) if (name := key.name_in(simulation.state)) is not None]
    return _listed(listed, query)


def _keys(project: Project) -> list[Key]:
    return [key for key in keys_of(OPENAI) if key.project == project.name]


def _existing(project_id: str) -> Project:
    for project in projects_of(OPENAI):
        if project.id == project_id:
            return project
    raise RefusalError(404, f"No such project: {project_id}", parameter="project_id")


def _api_key(key: Key, name: str) -> dict[str, Any]:
    person = Person(key.owner) if key.owner else None
    owner: dict[str, Any] = {"id": key.user_id, "created_at": _created(key.id), "role": "member"}
    if person:
        owner |= {"name": person.name, "email": person.email}
    else:
        owner |= {"name": key.name}
    kind = "user" if person else "service_account"
    return {
        "object": "organization.project.api_key",
        "id": key.id,
        "name": name,
        "redacted_value": f"sk-proj-...{key.id[-3:]}",
        "created_at": _created(key.id),
        "last_used_at": None,
        "owner": {"type": kind, kind: owner},
        "owner_project_access": "active",
    }


def project_service_accounts(project_id: str, query: Query) -> bytes:
    """`GET /organization/projects/{id}/service_accounts`."""
    project = _existing(project_id)
    accounts = [
        {
            "object": "organization.project.service_account",
            "id": key.user_id,
            "name": key.name,
            "role": "member",
            "created_at": _created(key.id),
        }
        for key in _keys(project)
        if key.owner is None
    ]
    return _listed(accounts, query)
