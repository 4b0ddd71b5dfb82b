"""What every test may use: the reference material that may lie beside the project, and one demo home."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock
from hypothesis import settings

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
