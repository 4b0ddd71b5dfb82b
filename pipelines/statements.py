"""Which SQL may be run: one reading statement, made of parts that are on the list.

DuckDB's own parser says what a statement is made of (`json_serialize_sql`); whatever is not listed here is refused,
also what a later DuckDB adds. How a statement is run, and what protects against a parser that is wrong, is in `door`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import duckdb

from pipelines.errors import QueryError, StatementRefusedError
from pipelines.fetching import SCHEMAS

MAX_LENGTH = 100_000

_QUERIES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_SOURCES = {
    "BASE_TABLE", "EMPTY", "EXPRESSION_LIST", "JOIN", "PIVOT", "SHOW_REF", "SUBQUERY", "TABLE_FUNCTION",
}  # fmt: skip
_MODIFIERS = {"DISTINCT_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER"}
_ORDERS = {"ORDER_DEFAULT", "ASCENDING", "DESCENDING"}
_EXPRESSIONS = {
    "ARRAY_CONSTRUCTOR", "ARRAY_EXTRACT", "ARRAY_SLICE", "BETWEEN", "CASE_EXPR", "COLLATE", "COLUMN_REF", "FUNCTION",
    "GROUPING_FUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR_CAST", "OPERATOR_COALESCE", "OPERATOR_IS_NOT_NULL",
    "OPERATOR_IS_NULL", "OPERATOR_NOT", "OPERATOR_NULLIF", "OPERATOR_TRY", "OPERATOR_UNPACK",
    "POSITIONAL_REFERENCE", "STAR", "STRUCT_EXTRACT", "SUBQUERY", "TYPE", "VALUE_CONSTANT", "CONJUNCTION_AND",
    "CONJUNCTION_OR",
}  # fmt: skip
_EXPRESSION_FAMILIES = ("COMPARE_", "WINDOW_")
_LISTED = _QUERIES | _SOURCES | _MODIFIERS | _ORDERS | _EXPRESSIONS

_TABLE_FUNCTIONS = {
    "generate_series", "json_each", "json_tree", "range", "unnest",
    "duckdb_columns", "duckdb_schemas", "duckdb_tables",  # not duckdb_views: its SQL tells where the lake is
}  # fmt: skip
_CATALOGUES = {"", "outlay"}
_LISTINGS = {"tables", "columns"}  # of information_schema; the others, and pg_catalog, tell of files and settings
_SHOWN = {"DESCRIBE", "SUMMARY", "SHOW_FROM"}
_SHOWN_SPECIAL = {"tables", "__show_tables_expanded"}
_MORE_FUNCTIONS = {
    # not the same at each call, yet harmless
    "current_date", "get_current_time", "get_current_timestamp", "now", "random", "today", "transaction_timestamp",
    # macros
    "ago", "date_add", "days_in_month", "fdiv", "fmod", "geomean", "geometric_mean", "if", "nullif", "split_part",
    "wavg", "weighted_avg",
}  # fmt: skip
_MACRO_FAMILIES = ("array_", "json_group_", "list_")
_FEWER_FUNCTIONS = {"json_serialize_plan", "json_deserialize_sql"}  # bind, or hide, a statement of their own
_PATH_SIGNS = frozenset("./\\:*?[]~$%\0")


@dataclass(frozen=True)
class Statement:
    """A statement that may be run.

    `tables`: what it reads from, as written: schema (or none) and name. `words`: every word in it, in small letters;
    unless `names_all_columns`, columns whose names are not among them cannot matter. `asks_what_there_is`: it lists
    tables or columns.
    """

    sql: str
    tables: frozenset[tuple[str, str]]
    words: frozenset[str]
    names_all_columns: bool
    asks_what_there_is: bool


def checked(sql: str, tables: Collection[str] | None = None) -> Statement:
    """The statement, if it is a single SELECT, DESCRIBE, SHOW, SUMMARIZE, or an EXPLAIN (without ANALYZE) of one.

    `tables`: qualified names of what may be named without its schema; None: every table of the catalogue. Raises
    `StatementRefusedError`, or `QueryError` where it is not SQL or reads a table that is not there.
    """
    if len(sql) > MAX_LENGTH:
        raise _refused(f"a statement of {len(sql):,} characters", f"keep it under {MAX_LENGTH:,}")
    if "\0" in sql:
        raise _refused("a NUL character")
    if any("\ud800" <= letter <= "\udfff" for letter in sql):
        raise _refused("half a character")
    plain = _without_comments_and_end(sql)
    explained = _explained(plain)
    tree = _tree(explained or plain)
    bare = _catalogue_names() if tables is None else frozenset(table.partition(".")[2].lower() for table in tables)
    statement = _judged(tree, explained or plain, bare)
    if explained is None:
        return statement
    return replace(statement, sql=f"EXPLAIN {explained}")


def make_ready() -> None:
    """What every statement is judged by, found out before the first one comes."""
    _pure_functions()
    _own_views()


def _without_comments_and_end(sql: str) -> str:
    """The single statement in the text. DuckDB splits, so that quotes and comments are its matter."""
    try:
        found = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(_first_line(error), remedy="correct the statement") from None
    if not found:
        raise _refused("no statement", "write a SELECT, DESCRIBE, SHOW or SUMMARIZE")
    if len(found) > 1:
        raise _refused(f"{len(found)} statements at once", "send one at a time")
    return found[0].query.strip().rstrip(";").strip()


def _explained(sql: str) -> str | None:
    """What an EXPLAIN explains, None for other statements."""
    tokens = duckdb.tokenize(sql)
    words = [start for start, kind in tokens if kind != duckdb.token_type.comment]
    # positions are of bytes, and text before the keyword can only be a comment
    text = sql.encode()
    if not words or text[words[0] : words[0] + 7].lower() != b"explain" or len(words) < 2:
        return None
    rest = text[words[1] :].decode()
    if rest[:7].lower() == "analyze" or rest.startswith("("):
        raise _refused("EXPLAIN ANALYZE or EXPLAIN with options", "use a plain EXPLAIN")
    return rest


def _tree(sql: str) -> dict[str, Any]:
    try:
        row = _parser().cursor().execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
        tree: dict[str, Any] = json.loads(row[0] if row else "{}")
    except (duckdb.Error, RecursionError) as error:
        raise _refused(f"a statement that cannot be taken apart ({_first_line(error)})") from None
    if tree.get("error", True):
        if tree.get("error_type") == "not implemented":
            raise _refused(
                "a statement that is no plain query",
                "send a SELECT, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN; a PIVOT needs ON … IN (…)",
            )
        raise QueryError(str(tree.get("error_message", "not SQL")), remedy="correct the statement") from None
    if len(tree["statements"]) != 1:
        raise _refused("several statements, or none", "send one at a time")
    return tree["statements"][0]


def _judged(tree: dict[str, Any], sql: str, bare: frozenset[str]) -> Statement:
    nodes = list(_nodes(tree))
    for node in nodes:
        if isinstance(node.get("type"), str):
            _judge_kind(node["type"])
        if "function_name" in node:
            _judge_function(node)
        if node.get("type") == "TABLE_FUNCTION":
            _judge_table_function(node)
        if node.get("type") == "SHOW_REF":
            _judge_show(node)
    base = [node for node in nodes if node.get("type") == "BASE_TABLE"]
    bare |= {_judged_cte(name) for node in nodes for name in _cte_names(node)}
    tables = frozenset(_judged_table(node, bare) for node in base)
    row_names = {name.lower() for _, name in tables} | {str(node.get("alias", "")).lower() for node in base}
    return Statement(
        sql,
        tables,
        words=frozenset(text.lower() for node in nodes for text in _strings(node)),
        names_all_columns=any(_names_all_columns(node, row_names) for node in nodes),
        asks_what_there_is=any(_asks_what_there_is(node) for node in nodes),
    )


def _names_all_columns(node: dict[str, Any], row_names: set[str]) -> bool:
    """Whether columns are meant that are not written: by a star, a natural join, or a row as a value."""
    if node.get("type") == "COLUMN_REF":
        return str((node.get("column_names") or [""])[-1]).lower() in row_names
    return node.get("type") in ("STAR", "PIVOT", "SHOW_REF") or node.get("ref_type") == "NATURAL"


def _asks_what_there_is(node: dict[str, Any]) -> bool:
    return (
        node.get("type") == "SHOW_REF"
        or str(node.get("function_name", "")).startswith("duckdb_")
        or node.get("schema_name") in ("information_schema", "pg_catalog")
    )


def _judge_kind(kind: str) -> None:
    if kind not in _LISTED and not kind.startswith(_EXPRESSION_FAMILIES):
        known = {"VALUE_PARAMETER": "a parameter (? or $1) without a value", "VALUE_DEFAULT": "DEFAULT"}
        written = kind.removesuffix("_QUERY_NODE") if kind.endswith("_QUERY_NODE") else None
        raise _refused(known.get(kind) or (f"{written} inside a query" if written else f"{kind}"))


def _judge_function(node: dict[str, Any]) -> None:
    name = str(node["function_name"]).lower()
    if node.get("schema") not in ("", None, "main", "pg_catalog") or node.get("catalog") not in ("", None, "system"):
        raise _refused(f"the function {node.get('schema')}.{name}")
    if name in _TABLE_FUNCTIONS or name in _MORE_FUNCTIONS or name.startswith(_MACRO_FAMILIES):
        return
    if name not in _pure_functions() or name in _FEWER_FUNCTIONS:
        raise _refused(f"the function {name}")


def _judge_table_function(node: dict[str, Any]) -> None:
    function = node.get("function") or {}
    name = str(function.get("function_name", "")).lower()
    if name not in _TABLE_FUNCTIONS:
        raise _refused(
            f"reading from the function {name or 'unknown'}", "read from tables; `SHOW ALL TABLES` lists them"
        )


def _judged_table(node: dict[str, Any], bare: frozenset[str]) -> tuple[str, str]:
    catalogue, schema, name = (str(node.get(key) or "") for key in ("catalog_name", "schema_name", "table_name"))
    path = [part for part in (catalogue, schema, name) if part]
    if any(_PATH_SIGNS & set(part) for part in path):
        raise _refused("a file or an address in the place of a table", "`SHOW ALL TABLES` lists the tables")
    if not catalogue and not schema:
        if name.lower() not in bare:
            raise QueryError(f"there is no table {name!r}", remedy="`SHOW ALL TABLES` lists tables and columns")
        return ("", name)
    listing = not catalogue and schema.lower() == "information_schema" and name.lower() in _LISTINGS
    written = (node.get("qualified_name") or {}).get("path", path)
    if written != path or (not listing and (catalogue.lower() not in _CATALOGUES or schema.lower() not in SCHEMAS)):
        raise _refused(f"reading from {'.'.join(path)}", "`SHOW ALL TABLES` lists the tables")
    return (schema, name)


def _cte_names(node: dict[str, Any]) -> Iterator[str]:
    yield from (str(entry["key"]) for entry in (node.get("cte_map") or {}).get("map") or [])
    if node.get("cte_name"):
        yield str(node["cte_name"])


def _judged_cte(name: str) -> str:
    """Where a name holds is not worked out here, so none may be a view of DuckDB's own outside of it."""
    if name.lower() in _own_views():
        raise _refused(f"the name {name!r} in a WITH", "give it a name that is no view of DuckDB's own")
    return name.lower()


def _judge_show(node: dict[str, Any]) -> None:
    shown = node.get("show_type")
    special = str(node.get("table_name", "")).strip('"')
    of_query = shown in _SHOWN and (shown == "SHOW_FROM" or bool(node.get("query")))
    if not of_query and not (shown == "SHOW_SPECIAL" and special in _SHOWN_SPECIAL):
        raise _refused(f"SHOW {special.upper()}", "use SHOW TABLES, SHOW ALL TABLES, DESCRIBE or SUMMARIZE")


@cache
def _catalogue_names() -> frozenset[str]:
    from models.catalogue import TABLES  # a sandbox knows its tables and starts faster without

    return frozenset(table.partition(".")[2].lower() for table in TABLES)


@cache
def _own_views() -> frozenset[str]:
    """What DuckDB itself brings along, by name."""
    rows = _parser().cursor().execute("SELECT view_name FROM duckdb_views() WHERE internal").fetchall()
    return frozenset(str(row[0]).lower() for row in rows)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """A database of nothing, in memory; it takes statements apart and never runs one that was handed in."""
    return duckdb.connect(config={"enable_external_access": "false", "lock_configuration": "true", "threads": "1"})


@cache
def _pure_functions() -> frozenset[str]:
    """Functions that DuckDB itself declares to depend on nothing but their arguments."""
    rows = (
        _parser()
        .cursor()
        .execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE internal AND stability = 'CONSISTENT' "
            "AND function_type IN ('scalar', 'aggregate', 'window')"
        )
        .fetchall()
    )
    return frozenset(str(row[0]).lower() for row in rows)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree; without recursion, because the statement decides how deep it is."""
    pending: list[Any] = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield item
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _strings(node: dict[str, Any]) -> Iterator[str]:
    for value in node.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, str))


def _refused(what: str, remedy: str = "send a single query that reads the published tables") -> StatementRefusedError:
    return StatementRefusedError(f"{what} is not allowed here", remedy=remedy)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
