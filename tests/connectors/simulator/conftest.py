"""A small make-believe world and a way to ask its vendors without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.simulator.routes import Answerer
from connectors.simulator.simulation import Simulation
from connectors.simulator.wire_query import Query

Params = Sequence[tuple[str, Any]]
Ask = Callable[..., Any]

ANTHROPIC_HEADERS = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "analytics-usage-cost-2026-08-24,fast-mode-2026-02-01",
}


@pytest.fixture(scope="session")
def world() -> Simulation:
    """Two months up to Friday, 20 November 2026, on the first pull. Nobody may advance it."""
    return Simulation(seed=11, months=2, as_of=datetime(2026, 11, 20, 14, 30, tzinfo=UTC))


@pytest.fixture(scope="session")
def truth(world: Simulation) -> dict[str, Any]:
    return world.truth("first")


@pytest.fixture(scope="session")
def ask(world: Simulation) -> Ask:
    """`ask(source, path, params, quirks=False)`: the parsed answer, fractions as exact text."""

    def answer(source: str, path: str, params: Params = (), *, quirks: bool = False) -> Any:
        answerer = Answerer(world, quirks=quirks)
        body = answerer.body(source, path, Query(urlencode(list(params))), ANTHROPIC_HEADERS.get)
        return json.loads(body, parse_float=str)

    return answer


@pytest.fixture(scope="session")
def pages(ask: Ask) -> Callable[..., Iterator[Any]]:
    """Like `ask`, page after page to the last one."""

    def every(source: str, path: str, params: Params = (), *, quirks: bool = False) -> Iterator[Any]:
        cursor: str | None = None
        while True:
            page = ask(source, path, [*params, *([("page", cursor)] if cursor else [])], quirks=quirks)
            yield page
            cursor = page["next_page"]
            if not page["has_more"]:
                return

    return every
