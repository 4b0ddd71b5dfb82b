"""What Azure's tests share: how a month is loaded, and both reports of one on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.protocol import Window
from tests.connectors.azure.azure_month import SEPTEMBER, Loaded, actual_rows, amortized_rows, connector, write_run


@pytest.fixture
def load() -> Callable[..., Loaded]:
    """Pull and translate September 2026 of a source with these options."""

    def loaded(window: Window = SEPTEMBER, **options: Any) -> Loaded:
        source = connector(**options)
        translation = source.translate(window, list(source.pull(window)))
        return Loaded(translation, list(translation.parts))

    return loaded


@pytest.fixture
def both_reports(tmp_path: Path) -> dict[str, str]:
    """Options of a source with both reports of the month on disk."""
    write_run(tmp_path / "actual", actual_rows())
    write_run(tmp_path / "amortized", amortized_rows(), kind="AmortizedCost", parts=2, form="csv.gz")
    return {
        "report": "actual-and-amortized",
        "path": str(tmp_path / "actual"),
        "amortized_path": str(tmp_path / "amortized"),
    }
