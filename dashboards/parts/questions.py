"""Questions to start from, and how to ask the same file elsewhere: in DuckDB, in Polars, on the command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Example:
    """A question in people's words, its SQL, and the table that it needs."""

    question: str
    table: str
    sql: str


EXAMPLES = (
    Example(
        "What does each team cost, month by month?",
        "marts.tco_daily",
        """SELECT
    billing_month,
    coalesce(team, 'unallocated') AS team,
    reporting_currency AS currency,
    sum(reporting_effective_cost) AS effective_cost
FROM marts.tco_daily
GROUP BY ALL
ORDER BY billing_month DESC, effective_cost DESC""",
    ),
    Example(
        "Which models are the dearest?",
        "marts.tco_daily",
        """SELECT
    model,
    provider_name AS vendor,
    reporting_currency AS currency,
    sum(reporting_effective_cost) AS effective_cost,
    max(day)::DATE AS last_used
FROM marts.tco_daily
WHERE model IS NOT NULL
GROUP BY ALL
ORDER BY effective_cost DESC
LIMIT 25""",
    ),
    Example(
        "What does a million tokens cost, by model and kind?",
        "marts.unit_costs",
        """SELECT
    month, subject AS model, token_kind, host_name, currency, quantity, effective_unit_cost, list_unit_cost
FROM marts.unit_costs
WHERE measure = 'tokens'
ORDER BY month DESC, effective_unit_cost DESC""",
    ),
    Example(
        "Why is what vendors report not what we compute?",
        "marts.reconciliation_reasons",
        """SELECT
    billing_period AS month,
    source,
    reason,
    currency,
    sum(lines) AS lines,
    sum(reported) AS reported,
    sum(computed) AS computed,
    sum(difference) AS difference
FROM marts.reconciliation_reasons
WHERE reason != 'agrees'
GROUP BY ALL
ORDER BY month DESC, abs(sum(difference)) DESC""",
    ),
    Example(
        "What did vendors tell otherwise later?",
        "ops.restatements",
        """SELECT source, measure, day, detected_at, unit, sum(difference) AS difference, count(*) AS figures
FROM ops.restatements
GROUP BY ALL
ORDER BY detected_at DESC, day
LIMIT 200""",
    ),
    Example(
        "How much is left of each budget?",
        "marts.budget_status",
        """SELECT budget, period, owner, currency, budget_amount, spent, remaining, share_pct, elapsed_pct
FROM marts.budget_status
ORDER BY share_pct DESC NULLS LAST""",
    ),
    Example(
        "Which list price held for a model, and when?",
        "prices.price_book",
        """SELECT model, meter, processing_tier, unit_price, pricing_unit, currency, valid_from, valid_to, source
FROM prices.price_book
WHERE model LIKE 'claude-%'
ORDER BY model, meter, processing_tier, valid_from""",
    ),
)


def snippets(warehouse: Path, home: Path, sql: str) -> Mapping[str, tuple[str, str]]:
    """By tool: the language of the code, and the code. `warehouse` is the link that always leads to the newest version,
    `home` the folder that it stands in; the statement may be any text."""
    opened = f"with duckdb.connect({str(warehouse)!r}, read_only=True) as warehouse:"
    quoted = _python_text(sql)
    return {
        "DuckDB": ("bash", f"duckdb -readonly {shlex.quote(str(warehouse))} {_shell_text(sql)}"),
        "Python": ("python", f"import duckdb\n\n{opened}\n    print(warehouse.sql({quoted}))"),
        "Polars": (
            "python",
            f"import duckdb\nimport polars as pl\n\n{opened}\n    answer: pl.DataFrame = warehouse.sql({quoted}).pl()",
        ),
        "outlay": (
            "bash",
            f"outlay sql {shlex.quote(sql)} \\\n    --home {shlex.quote(str(home))} --format parquet -o answer.parquet",
        ),
    }


def _shell_text(sql: str) -> str:
    """The statement for a shell: as it is, or quoted where a line of it would end it."""
    if "SQL" in (line.strip() for line in sql.splitlines()):
        return f"-c {shlex.quote(sql)}"
    return f"<<'SQL'\n{sql}\n;\nSQL"


def _python_text(sql: str) -> str:
    """The statement as Python writes it: over several lines as far as that is the same text."""
    several = "\n" in sql and sql.replace("\n", " ").isprintable()
    if several and "\\" not in sql and '"""' not in sql and not sql.endswith('"'):
        return f'"""{sql}"""'
    return repr(sql)
