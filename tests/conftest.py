"""What every test may use: the reference material that may lie beside the project, one demo home, and emulators."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from filelock import FileLock
from hypothesis import settings

if TYPE_CHECKING:
    from tests.emulators.servers import Azurite, BigQuery, GoogleStorage, Moto

# a busy machine is no fault of the example that happens to run on it
settings.register_profile("outlay", deadline=None)
settings.load_profile("outlay")

DEMO_AS_OF = datetime(2026, 11, 18, tzinfo=UTC)


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """The folder of reference material beside the project; skips where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"reference material is not here: {folder.name}/ beside the project")
    return folder


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The home of one finished demo (seed 1, three months), made once for all workers; to be read, not changed."""
    base = tmp_path_factory.getbasetemp()
    home = (base if worker_id == "master" else base.parent) / "demo-home"
    with FileLock(f"{home}.lock"):
        if not (home / "demo" / "truth.json").exists():
            from pipelines.console import Silence
            from pipelines.demo import World, demo
            from pipelines.home import Home

            report = demo(Home.at(home), World.today(1, 3, DEMO_AS_OF), Silence(), frozen=True)
            assert not report.failures, report.failures
    return home


@pytest.fixture(scope="session")
def truth(demo_home: Path) -> dict[str, Any]:
    """What the make-believe organisation really used and owes."""
    return json.loads((demo_home / "demo" / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture
def ask(demo_home: Path) -> Callable[[str], list[dict[str, Any]]]:
    """Rows of a query on the demo's published warehouse."""

    def query(sql: str) -> list[dict[str, Any]]:
        published = (demo_home / "warehouse" / "outlay.duckdb").resolve()
        with duckdb.connect(str(published), read_only=True) as warehouse:
            result = warehouse.execute(sql)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    return query


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    """AWS by moto; buckets and answers stay until `moto_server.reset()`."""
    from tests.emulators import servers

    with servers.moto() as server:
        yield server


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Azure Blob Storage by Azurite; a test makes a container of its own."""
    from tests.emulators import servers

    with servers.azurite() as server:
        yield server


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[GoogleStorage]:
    """Google Cloud Storage by fake-gcs-server; a test makes a bucket of its own."""
    from tests.emulators import servers

    with servers.google_storage() as server:
        yield server


@pytest.fixture(scope="session")
def bigquery_emulator() -> Iterator[BigQuery]:
    """BigQuery by bqemulator; a test makes a dataset of its own."""
    from tests.emulators import servers

    with servers.big_query() as server:
        yield server
