"""What the documents say is so: tables, commands and connectors are all there."""

from pathlib import Path

import pytest
from typer.main import get_command

from connectors.registry import kinds
from models.catalogue import TABLES
from pipelines.cli import app
from pipelines.table_docs import document

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_tables_is_made_from_the_catalogue():
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == document(), (
        "run: .venv/bin/python -m pipelines.table_docs > docs/tables.md"
    )


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_has_a_meaning(table):
    assert table.grain
    assert table.meaning
    assert [name for name, column in table.contract.columns().items() if not column.description] == []


def test_every_command_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = get_command(app).commands
    assert [name for name in commands if f"outlay {name}" not in readme] == []


def test_every_connector_has_a_readme():
    folders = {name: name.replace("-", "_") for name in kinds()}
    assert [name for name, folder in folders.items() if not (ROOT / "connectors" / folder / "README.md").exists()] == []
