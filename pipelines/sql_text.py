"""Names and texts as parts of SQL, in the right quotes. Nothing else."""

from __future__ import annotations

from pathlib import Path


def identifier(name: str) -> str:
    """The name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | Path) -> str:
    """The text in single quotes."""
    return "'" + str(text).replace("'", "''") + "'"


def qualified(*parts: str) -> str:
    """Catalog, schema and name, as far as given, with dots between."""
    return ".".join(identifier(part) for part in parts)
