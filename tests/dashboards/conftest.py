"""A home with a published warehouse, and Streamlit's caches empty for every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config

from tests.dashboards.sample_warehouse import Sample


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home that the dashboard reads."""
    monkeypatch.setenv("OUTLAY_HOME", str(tmp_path))
    yield tmp_path
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(autouse=True)
def served_on_this_machine() -> Iterator[None]:
    """Pages are shown unasked where only this machine is answered."""
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    yield
    config.set_option("server.address", before)


@pytest.fixture
def sample() -> Sample:
    """To be changed and published by the test."""
    return Sample(now=datetime.now(UTC))


@pytest.fixture(scope="session")
def sample_as_it_is(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, Path]:
    """The sample and a home in which it is published, made once."""
    folder = tmp_path_factory.mktemp("sample")
    made = Sample(now=datetime.now(UTC))
    made.publish(folder)
    return made, folder


@pytest.fixture
def published(home: Path, sample_as_it_is: tuple[Sample, Path]) -> Sample:
    """The sample as it was published in `home`."""
    made, folder = sample_as_it_is
    shutil.copytree(folder / "warehouse", home / "warehouse", symlinks=True)
    return made
