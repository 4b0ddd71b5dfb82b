"""The goals that foresight reaches on the reference series, by their own scorer; what it misses is not promised here.

The series belong to others and lie beside the project, never in it; without them all of this is skipped. They are the
ones that methods were tried on: what counts in the end is said of series that nobody here has seen.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from tests.bench.adapter import TASKS

pytestmark = [pytest.mark.reference, pytest.mark.slow]

REACHED = {
    "m4d": ("owa",),
    "monthend": ("ape_d05", "ape_d10", "ape_d20", "cov80", "cov95"),
    "anomaly": ("clean_false_per_series_month",),
    "rca": ("top1", "top3"),
}
"""Figures whose goal, as the scorer states it, must be met."""


@pytest.fixture(scope="module")
def bench(shared_reference: Path) -> Path:
    folder = shared_reference / "bench"
    if not (folder / "score.py").is_file():
        pytest.skip("the reference material has no bench/score.py")
    return folder


@pytest.fixture(scope="module")
def scorer(bench: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_scorer", bench / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answered(bench: Path, task: str, name: str) -> pl.DataFrame:
    return TASKS[task](pl.scan_parquet(bench / "data" / f"{name}.parquet"))


def figures(scorer: ModuleType, bench: Path, task: str) -> dict[str, Any]:
    if task == "rca":
        return scorer.rca(answered(bench, task, "rca_input"))
    if task == "anomaly":
        return scorer.anomaly(answered(bench, task, "anomaly_input"), answered(bench, task, "anomaly_clean"))
    return scorer.forecast(task, answered(bench, task, f"forecast_{task}_input"))


@pytest.mark.parametrize("task", REACHED)
def test_goals_that_are_reached_stay_so(scorer: ModuleType, bench: Path, task: str) -> None:
    told = figures(scorer, bench, task)
    goals = scorer.GOALS[task]
    assert {name: told[name] for name in REACHED[task] if not scorer.met(goals[name], told[name])} == {}
