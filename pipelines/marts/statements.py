"""Marts of statements, as the publication shows them."""

from __future__ import annotations

from collections.abc import Mapping

from models.economics.statements import STATEMENTS
from pipelines.marts.economics import Economics
from pipelines.statement_drafts import statement_rows
from pipelines.warehouse import Mart


def statements_marts(economics: Economics) -> Mapping[str, Mart]:
    """By qualified name."""
    return {STATEMENTS.qualified_name: statement_rows(economics.work.control.issued_statements())}
