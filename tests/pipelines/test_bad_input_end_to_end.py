"""Bad input, from a vendor's socket to the published file: told with source, window, remedy; nothing lost or doubled.

Whatever goes wrong, the other sources go on, what was published stays as it was, the run fails, and once the trouble
is over the same run ends in the truth. The vendor restates between the runs, so that they have work to do.
"""

import json
import multiprocessing
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
import httpx
import pytest

from connectors.errors import AnswerError, CredentialsError, IncompleteError, RateLimitError, VendorUnavailableError
from connectors.protocol import Surroundings
from connectors.simulator.server import Server
from connectors.simulator.simulation import Simulation
from pipelines.demo import serving
from pipelines.home import Home
from pipelines.run import RunReport, run
from pipelines.workplace import Workplace

AS_OF = datetime(2026, 11, 9, tzinfo=UTC)
PERIOD = "2026-11"
WINDOW = "2026-11-01 to 2026-11-10"
OPENAI, OTHER = "openai", "anthropic"
FULL_DISK = Path(__file__).with_name("full_disk_runs.py")


class Doctored(httpx.BaseTransport):
    """Between us and the vendor: every answer passes through `alter(path, body)`."""

    def __init__(self, alter: Callable[[str, bytes], bytes]) -> None:
        self._alter = alter
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() != "content-length"]
        return httpx.Response(answer.status_code, headers=headers, content=self._alter(request.url.path, answer.read()))

    def close(self) -> None:
        self._inner.close()


@dataclass
class World:
    """One home, loaded and published, and its vendors."""

    home: Home
    simulation: Simulation
    server: Server

    def run(
        self,
        *sources: str,
        alter: Callable[[str, bytes], bytes] | None = None,
        behind: timedelta = timedelta(0),
        accept_shrink: bool = False,
    ) -> RunReport:
        surroundings = Surroundings(
            home=self.home.root,
            clock=lambda: AS_OF - behind,
            sleep=lambda seconds: None,
            transport=Doctored(alter) if alter else None,
        )
        with Workplace.open(self.home, surroundings=surroundings) as work:
            return run(work, sources=sources or (OPENAI, OTHER), periods=[PERIOD], accept_shrink=accept_shrink)

    def ask(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.home.published.resolve()), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()

    def charges(self, source: str) -> list[tuple]:
        """Every charge of a source, down to the last place."""
        return self.ask(f"SELECT * FROM focus.cost_and_usage WHERE x_Source = '{source}' ORDER BY ALL")

    def billed(self, source: str) -> Decimal:
        return self.ask(f"SELECT sum(BilledCost) FROM focus.cost_and_usage WHERE x_Source = '{source}'")[0][0]

    def truth(self, source: str) -> Decimal:
        days = self.simulation.calendar.days
        return sum((line.amount for day in days for line in self.simulation.lines(source, day)), Decimal(0))

    def restate(self) -> None:
        self.simulation.state = "first" if self.simulation.state == "second" else "second"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    simulation = Simulation(seed=3, months=1, as_of=AS_OF)
    home = Home.at(tmp_path_factory.mktemp("bad-input") / "home")
    with serving(home, simulation, misbehave=False, port=0) as server:
        made = World(home, simulation, server)
        assert made.run().failures == []
        yield made


WRONG_KEY = "sk-admin-this-is-not-our-key-0123456789"


def of_openai(alter: Callable[[bytes], bytes]) -> Callable[[str, bytes], bytes]:
    """Alters pages of OpenAI's reports and lists; what it refuses stays as it is."""
    return lambda path, body: alter(body) if path.startswith("/v1/organization/") and b'"data"' in body else body


def no_buckets(body: bytes) -> bytes:
    return json.dumps({"object": "page", "data": [], "has_more": False, "next_page": None}).encode()


def no_rows(body: bytes) -> bytes:
    page = json.loads(body)
    return json.dumps({**page, "data": [{**entry, "results": []} for entry in page["data"]]}).encode()


def words_for_numbers(body: bytes) -> bytes:
    return re.sub(rb'"output_tokens": ?\d+', b'"output_tokens": "many"', body)


def with_a_wrong_key(world: World) -> RunReport:
    written = world.home.secrets.read_text(encoding="utf-8")
    wrong = re.sub(r"(?m)^OPENAI_ADMIN_KEY=.*$", f"OPENAI_ADMIN_KEY={WRONG_KEY}", written)
    world.home.secrets.write_text(wrong, encoding="utf-8")
    try:
        return world.run()
    finally:
        world.home.secrets.write_text(written, encoding="utf-8")


def failing(how: str, times: int = 6) -> Callable[[World], RunReport]:
    def broken(world: World) -> RunReport:
        world.server.fail("/v1/organization/usage/completions", how, times)
        return world.run()

    return broken


def answering(alter: Callable[[bytes], bytes]) -> Callable[[World], RunReport]:
    return lambda world: world.run(alter=of_openai(alter))


TROUBLES = [
    (with_a_wrong_key, CredentialsError, "401", "not in outlay.yaml"),
    (failing("403", times=1), CredentialsError, "Missing scopes: api.usage.read", "admin key"),
    (failing("429"), RateLimitError, "did so 6 times", "run again later"),
    (failing("503"), VendorUnavailableError, "answered 503", "run again later"),
    (failing("drop"), VendorUnavailableError, "dropped the connection, 6 times", "check the network"),
    (failing("half"), VendorUnavailableError, "without sending complete message body", "check the network"),
    (failing("invalid-json"), AnswerError, "not JSON", "proxy"),
    (failing("empty"), AnswerError, "0 bytes", "proxy"),
    (answering(no_buckets), IncompleteError, "usage/completions: the bucket of 2026-11-01", "pull again later"),
    (
        answering(no_rows),
        IncompleteError,
        "charges stand for 7 day(s) of which the vendor now tells nothing",
        "--accept-shrink",
    ),
    (answering(lambda body: b'{"object": "page"}'), AnswerError, "`data` is no list", "report it"),
    (answering(words_for_numbers), AnswerError, "`output_tokens` holds 'many'", "report it"),
]


@pytest.mark.slow
def test_a_vendor_in_trouble_fails_alone_and_ends_in_the_truth(world):
    before, other_before = world.charges(OPENAI), world.billed(OTHER)
    published = world.home.published.resolve()
    fingerprint = published.read_bytes()
    world.restate()
    for broken, kind, says, remedy in TROUBLES:
        report = broken(world)

        (failure,) = report.failures
        assert type(failure) is kind
        assert failure.source == OPENAI
        assert failure.window in (PERIOD, WINDOW)
        assert says in failure.what
        assert remedy in failure.remedy
        assert WRONG_KEY not in str(failure)
        assert [outcome.source for outcome in report.outcomes] == [OTHER]
        assert world.billed(OTHER) == world.truth(OTHER) != other_before
        assert world.charges(OPENAI) == before
        told = world.ask(f"SELECT last_outcome, message, remedy FROM ops.freshness WHERE source = '{OPENAI}'")
        assert told == [("held" if kind is IncompleteError else "failed", failure.what, failure.remedy)]
    kept = [path for path in (published, *world.home.archive.rglob("*"), *world.home.root.glob("*")) if path.is_file()]
    assert not [path for path in kept if WRONG_KEY.encode() in path.read_bytes()]
    assert not published.exists() or published.read_bytes() == fingerprint

    assert world.run().failures == []
    assert world.billed(OPENAI) == world.truth(OPENAI)
    assert len(world.charges(OPENAI)) == len(before)
    assert world.run(OPENAI).outcomes[0].unchanged


@pytest.mark.slow
def test_unknown_fields_and_values_are_kept_and_told_of(world):
    """The money is all there, so this is no failure: `ops.findings` tells."""

    def alter(body: bytes) -> bytes:
        page = json.loads(body)
        for bucket in page["data"]:
            for row in bucket.get("results", ()):
                row["aura"] = {"hue": 7}
                if row.get("service_tier") == "flex":
                    row["service_tier"] = "quantum"
        return json.dumps(page).encode()

    try:
        report = world.run(OPENAI, alter=of_openai(alter))
        assert report.failures == []
        assert world.billed(OPENAI) == world.truth(OPENAI)
        findings = world.ask(f"SELECT kind, detail FROM ops.findings WHERE source = '{OPENAI}'")
        assert ("unknown field", "usage/completions: aura") in findings
        assert ("unknown service tier", "usage/completions: quantum") in findings
    finally:
        assert world.run(OPENAI).failures == []


@pytest.mark.slow
def test_a_clock_that_is_hours_ahead_is_told_of_and_so_is_its_way_back(world):
    """After it is set right, "which pull is newer" cannot be told by it: a person says so, once."""
    before = world.charges(OPENAI)
    assert world.run(OPENAI, behind=timedelta(hours=-3)).failures == []

    assert world.billed(OPENAI) == world.truth(OPENAI)
    skew = world.ask(f"SELECT detail FROM ops.findings WHERE kind = 'clock skew' AND source = '{OPENAI}'")
    assert len(skew) == 1
    assert "ahead of the vendor's" in skew[0][0]
    (failure,) = world.run(OPENAI).failures
    assert isinstance(failure, IncompleteError)
    assert "what stands was pulled at 2026-11-09 03:00 UTC" in failure.what
    assert "--accept-shrink" in failure.remedy
    assert world.run(OPENAI, accept_shrink=True).failures == []
    assert world.run(OPENAI).outcomes[0].unchanged
    assert world.charges(OPENAI) == before


@pytest.mark.slow
def test_a_clock_that_is_days_behind_takes_nothing_away(world):
    """It cuts the window: days that stand would be replaced by nothing."""
    before = world.charges(OPENAI)

    report = world.run(OPENAI, behind=timedelta(days=4))

    (failure,) = report.failures
    assert isinstance(failure, IncompleteError)
    assert (failure.source, failure.window) == (OPENAI, PERIOD)
    assert "by this machine's clock it is 2026-11-05 00:00 now" in failure.what
    assert "set the clock right" in failure.remedy
    assert world.charges(OPENAI) == before
    assert world.run(OPENAI).failures == []
    assert world.charges(OPENAI) == before


@pytest.mark.slow
def test_a_full_disk(tmp_path):
    """A small volume where one may be mounted, else a limit on the size of files; in a process of its own."""
    mounts = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True, check=False
    )
    command = ["unshare", "-rm"] if mounts.returncode == 0 else []
    mode = "volume" if mounts.returncode == 0 else "limit"

    done = subprocess.run(
        [*command, sys.executable, FULL_DISK, mode, tmp_path], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert outcomes
    for outcome in outcomes:
        assert outcome["failures"], outcome
        for _, _, _, what, remedy in outcome["failures"]:
            assert "something unexpected" not in what
            assert re.search(r"disk|space|warehouse's folder", remedy), remedy
        assert outcome["failures"][0][1:3] == ["anthropic", PERIOD]
        assert outcome["stayed"], outcome
        assert outcome["again"] == [], outcome
        assert outcome["equals_truth"], outcome


def load_slowly(home: Path, line: Connection) -> None:
    """A run that says when it holds the lock of its load, and goes on when it is told to."""
    waiting = True

    def on_step(step: str) -> None:
        nonlocal waiting
        if waiting and step == f"{OPENAI} {PERIOD}: translating":
            waiting = False
            line.send("loading")
            line.recv()

    surroundings = Surroundings(home=home, clock=lambda: AS_OF, sleep=lambda seconds: None)
    with Workplace.open(Home.at(home), surroundings=surroundings, on_step=on_step) as work:
        sys.exit(1 if run(work, sources=[OPENAI], periods=[PERIOD]).failures else 0)


@pytest.mark.slow
def test_two_runs_at_once(world):
    """The second says who holds the lock and goes on with the other source; the first is not disturbed."""
    started = multiprocessing.get_context("forkserver")
    ours, theirs = started.Pipe()
    first = started.Process(target=load_slowly, args=(world.home.root, theirs))

    world.restate()
    before = world.charges(OPENAI)
    first.start()
    theirs.close()
    assert ours.recv() == "loading"
    report = world.run()
    (failure,) = report.failures
    assert (failure.source, failure.window) == (OPENAI, PERIOD)
    assert f"another run (pid {first.pid}" in failure.what
    assert f"kill {first.pid}" in failure.remedy
    assert [outcome.source for outcome in report.outcomes if not outcome.unchanged] == [OTHER]
    assert world.charges(OPENAI) == before

    ours.send("go on")
    first.join(60)
    assert first.exitcode == 0
    assert world.billed(OPENAI) == world.truth(OPENAI)
    assert world.run().failures == []
    assert len(world.charges(OPENAI)) == len(before)


@pytest.mark.slow
def test_a_typo_in_the_configuration_stops_before_anything_is_asked(world):
    written = world.home.configuration.read_text(encoding="utf-8")
    published = world.home.published.resolve()
    world.home.configuration.write_text(written.replace("admin_key:", "admin_kye:", 1), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", "run", "--home", world.home.root],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        world.home.configuration.write_text(written, encoding="utf-8")

    line = written[: written.index("admin_key:")].count("\n") + 1
    assert done.returncode == 1
    assert (
        f"line {line}: sources.0.options.admin_kye: there is no such setting; did you mean 'admin_key'?" in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert world.home.published.resolve() == published
