"""A home with a published warehouse, and Streamlit's caches empty for every test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st

from tests.dashboards.sample_warehouse import Sample


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home that the dashboard reads."""
    monkeypatch.setenv("OUTLAY_HOME", str(tmp_path))
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def sample() -> Sample:
    return Sample(now=datetime.now(UTC))


@pytest.fixture
def published(home: Path, sample: Sample) -> Sample:
    """The sample as it was published in `home`."""
    sample.publish(home)
    return sample
