"""`outlay demo`: the make-believe organisation, end to end without a key, and its truth beside what we made of it.

Its vendors answer over loopback HTTP and misbehave as vendors do, its clouds and subscriptions leave their bills in a
folder of the home; they are pulled twice, because between the two pulls they restate days, rename a key and delete one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from connectors.errors import ConfigurationError
from connectors.protocol import Surroundings
from connectors.registry import kinds
from connectors.simulator.clouds.lines import CLOUDS
from connectors.simulator.server import Server
from connectors.simulator.simulation import Simulation
from models.errors import OutlayError
from pipelines.console import Watcher
from pipelines.home import Home
from pipelines.run import RunReport, run
from pipelines.serving import free_port
from pipelines.workplace import Workplace

_FIRST_PORT = 8790
_MADE_HERE = ("archive", "lake", "control", "warehouse", "spool", "demo", "logs", "outlay.yaml", ".env")
_CONFIGURATION_HEAD = """\
# The make-believe organisation of `outlay demo`, written anew by each demo. Its vendors are a server on this machine:
# `outlay simulate` starts them again, and then `outlay run` pulls them as it would pull real ones.
"""
_COMMENTS = {
    "sources": "Where money and usage come from: vendors' APIs first, then bills that come as files.",
    "teams": "Who can own a cost, and which cost centre pays for it.",
    "owners": "Whose a cost is: for team, cost centre, product, use case and environment the first rule that fits and\n"
    "# says something of it. A rule may send a cost to a shared pool instead.",
    "shared": "How shared pools are split over teams, month by month.",
    "costs": "What no bill tells: hardware of our own, people, seats, support.",
    "contracts": "What was agreed: rates, money that was promised, and terms.",
    "drivers": "Business units that costs are set against.",
    "utilisation": "How busy accelerators were, as our monitoring measured it.",
    "throughput": "What we measured of models that we serve ourselves.",
    "residency": "Where inference may run.",
    "reporting": "The currency of totals, and the rates into it.",
    "budgets": "What may be spent, on what and in which time, before somebody is told.",
}
"""A line above each part, since this is the first `outlay.yaml` that most people read."""
_RULES = ("teams", "owners", "shared")
_MEASURES = "measures"
_SECRETS_HEAD = "# Make-believe keys of the simulated vendors; no secrets.\n"


@dataclass(frozen=True)
class World:
    """Which make-believe organisation a home holds. Equal worlds give equal figures."""

    seed: int
    months: int
    as_of: str
    pulled: bool = False

    @classmethod
    def today(cls, seed: int, months: int, as_of: datetime | None = None) -> World:
        """As of the last midnight (UTC), unless another day is named."""
        day = (as_of or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(seed, months, day.isoformat())

    def simulation(self) -> Simulation:
        # the bills of clouds are there as soon as there are connectors to read them
        clouds = set(CLOUDS) <= set(kinds())
        simulation = Simulation(self.seed, self.months, datetime.fromisoformat(self.as_of), clouds=clouds)
        if self.pulled:
            simulation.advance()
        return simulation

    def same_as(self, other: World | None) -> bool:
        return other is not None and (self.seed, self.months, self.as_of) == (other.seed, other.months, other.as_of)


def demo(home: Home, world: World, watcher: Watcher, *, frozen: bool = False) -> RunReport:
    """Pull the make-believe vendors into `home`, let them restate, pull again; writes `demo/truth.json`.

    A home that holds another make-believe world is emptied first; one that holds anything real is refused.
    `frozen`: our clock stands at the world's own time, for a world of another day.
    """
    before = _prepare(home, world)
    if before is not None:
        world = before
    simulation = world.simulation()
    with serving(home, simulation):
        surroundings = Surroundings(home=home.root, clock=(lambda: simulation.as_of) if frozen else _now)
        report = _pull(home, simulation, surroundings, watcher)
        if not world.pulled:
            simulation.advance()
            _write_clouds(home, simulation)
            second = _pull(home, simulation, surroundings, watcher)
            second.failures = [*report.failures, *second.failures]
            report = second
            _remember(home, World(world.seed, world.months, world.as_of, pulled=True))
    simulation.write_truth(home.demo / "truth.json")
    return report


@contextmanager
def serving(
    home: Home, simulation: Simulation, *, misbehave: bool = True, port: int | None = None
) -> Generator[Server]:
    """The make-believe vendors on loopback, files of clouds in `demo/clouds`, and the configuration that pulls them."""
    _write_clouds(home, simulation)
    # asked for last: what is free now may be taken by the time that files are written
    port = free_port(_FIRST_PORT) if port is None else port
    with Server(simulation, port=port, misbehave=misbehave) as server:
        _write_configuration(home, simulation, server.base_url)
        yield server


def _write_clouds(home: Home, simulation: Simulation) -> None:
    if simulation.has_clouds:
        simulation.write_clouds(home.demo / "clouds")
        simulation.write_measures(home.demo / _MEASURES)


def world_of(home: Home) -> World:
    """The world that a home holds. Raises `ConfigurationError` where it holds none."""
    world = _remembered(home)
    if world is None:
        raise ConfigurationError("there is no make-believe organisation in this home", remedy="run `outlay demo` first")
    return world


def _now() -> datetime:
    return datetime.now(UTC)


def _pull(home: Home, simulation: Simulation, surroundings: Surroundings, watcher: Watcher) -> RunReport:
    watcher.begin(f"pulling the make-believe vendors ({simulation.state} pull)", None)
    with Workplace.open(home, surroundings=surroundings, on_step=watcher.step) as work:
        return run(work, periods=simulation.billing_periods)


def _prepare(home: Home, world: World) -> World | None:
    """The same world, if the home holds it already; else an emptied home."""
    before = _remembered(home)
    if before is None and home.configuration.exists():
        raise ConfigurationError(
            f"{home.root} holds an {home.configuration.name} of yours",
            remedy="give the demo a folder of its own with --home",
        )
    if world.same_as(before):
        return before
    for name in _MADE_HERE:
        path = home.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    _remember(home, world)
    return None


def _remembered(home: Home) -> World | None:
    path = home.demo / "world.json"
    if not path.exists():
        return None
    try:
        return World(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise OutlayError(f"{path} cannot be read: {error}", remedy="remove the demo's home and start again") from None


def _remember(home: Home, world: World) -> None:
    home.demo.mkdir(parents=True, exist_ok=True)
    (home.demo / "world.json").write_text(json.dumps(asdict(world)) + "\n", encoding="utf-8")


def _write_configuration(home: Home, simulation: Simulation, base_url: str) -> None:
    clouds = home.demo / "clouds" if simulation.has_clouds else None
    document: dict[str, Any] = simulation.configuration(base_url, clouds)
    home.root.mkdir(parents=True, exist_ok=True)
    text = "".join(_written(part, value) for part, value in document.items())
    home.configuration.write_text(_CONFIGURATION_HEAD + text, encoding="utf-8")
    keys = "".join(f"{name}={value}\n" for name, value in simulation.environment().items())
    home.secrets.write_text(_SECRETS_HEAD + keys, encoding="utf-8")


def _written(part: str, value: Any) -> str:
    """A part of the configuration below its comment; of rules one a line."""
    comment = f"\n# {_COMMENTS[part]}\n" if part in _COMMENTS else "\n"
    flow = None if part in _RULES else False
    return comment + yaml.dump(
        {part: value}, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110, default_flow_style=flow
    )


class _Plain(yaml.SafeDumper):
    """YAML without anchors: a date that stands in two places is written twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True
