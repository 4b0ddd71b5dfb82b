"""The simulated vendors over a real socket: keys, headers, SDK clients, and misbehaviour that a client survives."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import anthropic
import httpx
import openai
import pytest
import yaml

from connectors.simulator.misbehaviour import BY_CHANCE, Failure, Misbehaviour
from connectors.simulator.organisation import ACCOUNT_IDS, SOURCES
from connectors.simulator.server import Server
from connectors.simulator.simulation import Simulation
from pipelines.settings import Settings

COSTS = "/v1/organization/costs?start_time=1793491200&end_time=1794096000&group_by=line_item"


@pytest.fixture
def world() -> Simulation:
    return Simulation(seed=3, months=1, as_of=datetime(2026, 11, 10, 12, tzinfo=UTC))


@pytest.fixture
def server(world: Simulation) -> Iterator[Server]:
    with Server(world, misbehave=False) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    headers = {
        "Authorization": f"Bearer {server.simulation.admin_key('openai')}",
        "x-api-key": server.simulation.admin_key("anthropic"),
        "anthropic-version": "2023-06-01",
    }
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=5) as running:
        yield running


def test_it_listens_on_this_machine_only(server: Server) -> None:
    assert server.base_url.startswith("http://127.0.0.1:")


def test_wrong_keys_and_missing_scopes_are_refused_in_the_vendors_words(
    server: Server, client: httpx.Client, world: Simulation
) -> None:
    wrong = client.get(COSTS, headers={"Authorization": "Bearer sk-admin-wrong"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "invalid_api_key")
    ordinary = client.get(COSTS, headers={"Authorization": f"Bearer {world.key_without_scope('openai')}"})
    assert ordinary.status_code == 403
    assert "Missing scopes: api.usage.read" in ordinary.json()["error"]["message"]
    me = "/v1/organizations/me"
    assert client.get(me, headers={"x-api-key": "sk-ant-admin01-wrong"}).status_code == 401
    lacking = client.get(me, headers={"x-api-key": world.key_without_scope("anthropic")})
    assert (lacking.status_code, lacking.json()["error"]["type"]) == (403, "permission_error")
    assert client.get("/v1/organization/usage/decisions").status_code == 404


def test_answers_name_their_account_and_their_day(client: httpx.Client, world: Simulation) -> None:
    costs = client.get(COSTS)
    assert costs.headers["openai-organization"] == ACCOUNT_IDS["openai"]
    assert costs.headers["date"] == "Tue, 10 Nov 2026 12:00:00 GMT"
    for source in ("anthropic", "anthropic-labs"):
        me = client.get("/v1/organizations/me", headers={"x-api-key": world.admin_key(source)})
        assert me.headers["anthropic-organization-id"] == me.json()["id"] == ACCOUNT_IDS[source]


def test_the_vendors_own_clients_can_read_it(server: Server, world: Simulation) -> None:
    reports = openai.OpenAI(
        api_key="unused", admin_api_key=world.admin_key("openai"), base_url=f"{server.base_url}/v1", max_retries=0
    )
    page = reports.admin.organization.usage.completions(
        start_time=1793491200, group_by=["model", "project_id"], limit=2, bucket_width="1d"
    )
    assert [bucket.object for bucket in page.data] == ["bucket", "bucket"]
    projects = list(reports.admin.organization.projects.list(limit=3))
    assert len(projects) == 7
    labs = anthropic.Anthropic(api_key=world.admin_key("anthropic-labs"), base_url=server.base_url, max_retries=0)
    rows = list(
        labs.beta.organization.analytics.cost.list(
            starting_at="2026-11-01T00:00:00Z", ending_at="2026-11-10T00:00:00Z", group_by=["api_key_id"], limit=2
        )
    )
    assert len(rows) == 7  # six keys and the Workbench
    assert len(list(labs.beta.organization.workspaces.list(limit=1))) == 2


def test_the_second_pull_is_a_post_away(client: httpx.Client, world: Simulation) -> None:
    before = client.get("/_simulation/truth").json()
    assert client.post("/_simulation/advance").json() == {"state": "second"}
    after = client.get("/_simulation/truth").json()
    assert (before["state"], after["state"], world.state) == ("first", "second", "second")
    assert not before["restated"]
    assert len(after["restated"]) == 2


@pytest.mark.parametrize(
    ("how", "status"),
    [("429", 429), ("429-retry-after", 429), ("500", 500), ("502", 502), ("503", 503), ("401", 401), ("403", 403)],
)
def test_ordered_refusals(server: Server, client: httpx.Client, how: str, status: int) -> None:
    server.fail("/v1/organization/costs", how, times=2)
    answers = [client.get(COSTS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert ("retry-after" in answers[0].headers) == (how == "429-retry-after")
    assert client.get("/v1/organizations/me").status_code == 200


def test_ordered_breakages(server: Server, client: httpx.Client) -> None:
    server.fail("/v1/organization/costs", "drop")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(COSTS)
    server.fail("/v1/organization/costs", "half")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        client.get(COSTS)
    server.fail("/v1/organization/costs", "invalid-json")
    with pytest.raises(json.JSONDecodeError):
        client.get(COSTS).json()
    server.fail("/v1/organization/costs", "empty")
    assert client.get(COSTS).content == b""
    assert client.get(COSTS).json()["object"] == "page"


@pytest.mark.parametrize("seed", range(5))
def test_a_client_that_asks_four_times_more_always_gets_through(seed: int) -> None:
    misbehaviour = Misbehaviour(seed, by_chance=True)
    happened: Counter[Failure] = Counter()
    for request in range(3000):
        question = f"/v1/organization/costs?n={request % 7}"
        for _ in range(4):
            failure = misbehaviour.next("/v1/organization/costs", question)
            if failure:
                happened[failure] += 1
            if failure in (None, Failure.SLOW):
                break
        else:
            pytest.fail(f"question {question} failed four times running")
    assert set(happened) == set(BY_CHANCE)
    assert happened.total() < 200


def test_every_kind_of_failure_happens_early_and_by_seed_alone() -> None:
    def fates(seed: int) -> list[Failure | None]:
        misbehaviour = Misbehaviour(seed, by_chance=True)
        return [misbehaviour.next("/", str(number)) for number in range(60)]

    assert fates(1) == fates(1) != fates(2)
    assert {fate for fate in fates(1) if fate} == set(BY_CHANCE)
    calm = Misbehaviour(1, by_chance=False)
    assert {calm.next("/", str(number)) for number in range(500)} == {None}


def test_the_configuration_is_what_outlay_yaml_may_say(world: Simulation) -> None:
    document = yaml.safe_load(yaml.safe_dump(world.configuration("http://127.0.0.1:8790"), sort_keys=False))
    settings = Settings.model_validate(document)
    assert tuple(source.name for source in settings.sources) == SOURCES
    assert set(world.environment()) == {"OPENAI_ADMIN_KEY", "ANTHROPIC_ADMIN_KEY", "ANTHROPIC_LABS_ADMIN_KEY"}
    spent = [row for row in world.truth("second")["by_team"] if row["billing_period"] == "2026-11"]
    crossed, kept = settings.budgets
    assert sum(Decimal(row["billed_cost"]) for row in spent if row["team"] == "search") > crossed.amount
    assert sum(Decimal(row["billed_cost"]) for row in spent) < kept.amount
