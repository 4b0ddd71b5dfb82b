"""HOME: the one folder that holds everything of an installation, and where each thing lies in it.

Only paths and the few settings of the environment belong here; what `outlay.yaml` says is in `settings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(BaseSettings):
    """What the environment may say: `OUTLAY_HOME`, `OUTLAY_LAKE_URL`, `OUTLAY_CONTROL_URL`."""

    model_config = SettingsConfigDict(env_prefix="OUTLAY_")

    home: Path = Path("data/home")
    lake_url: str | None = None
    control_url: str | None = None


@dataclass(frozen=True)
class Home:
    """Where things lie. `lake` and `control_url` may point elsewhere (object store, Postgres)."""

    root: Path
    lake: str
    control_url: str

    @classmethod
    def at(cls, folder: Path | str | None = None) -> Home:
        """`folder`, or `OUTLAY_HOME`, or `data/home`."""
        environment = Environment()
        root = Path(folder or environment.home).expanduser().absolute()
        return cls(
            root=root,
            lake=environment.lake_url or str(root / "lake"),
            control_url=environment.control_url or f"sqlite:///{root / 'control' / 'outlay.db'}",
        )

    @property
    def configuration(self) -> Path:
        return self.root / "outlay.yaml"

    @property
    def secrets(self) -> Path:
        return self.root / ".env"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def published(self) -> Path:
        return self.warehouse / "outlay.duckdb"

    @property
    def spool(self) -> Path:
        """Chunks of a load under way; anything found here belongs to a run that died."""
        return self.root / "spool"

    @property
    def cache(self) -> Path:
        """What can be worked out again at any time."""
        return self.root / "cache"

    @property
    def demo(self) -> Path:
        return self.root / "demo"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"
