"""What every test may use: the reference material that may lie beside the project."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """The folder of reference material beside the project; skips where it is absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"reference material is not here: {folder.name}/ beside the project")
    return folder
