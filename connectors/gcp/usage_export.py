"""The standard and detailed billing export → charges: two passes over its files, the second one a slice at a time.
Pure."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from connectors.errors import AnswerError
from connectors.gcp.charges import to_charges, unused_charges
from connectors.gcp.commitments import Commitments, with_commitments
from connectors.gcp.costed import commitment_findings, costed, read_of
from connectors.gcp.doubled import files_to_compare
from connectors.gcp.google_access import storage_of
from connectors.gcp.list_costs import with_list_costs
from connectors.gcp.options import GcpOptions
from connectors.gcp.parquet_slices import opened, slices
from connectors.gcp.sku_facts import with_sku_facts
from connectors.gcp.survey import Survey
from connectors.gcp.table_rows import COLUMNS, SURVEYED, flat_credits, flat_rows, new_columns
from connectors.native_charges import claims_of, counted, readings_of
from connectors.protocol import Answer, ChargesPart, Claim, Finding, Translation, Window

_KNOWN_COST_TYPES = ("regular", "tax", "adjustment", "rounding_error")


@dataclass(frozen=True)
class _Slice:
    """Flat rows of the month and their credits; `findings` of reading them; every column of their file."""

    rows: pl.DataFrame
    credits: pl.DataFrame
    findings: tuple[Finding, ...]
    columns: frozenset[str]


def usage_translation(
    source: str, options: GcpOptions, window: Window, tables: Sequence[Answer], prices: pl.DataFrame
) -> Translation:
    """Charges of the month that the window begins in. `prices` are the catalog's (`catalog.LIST_PRICES`)."""
    month = f"{window.start:%Y-%m}"
    survey, findings = Survey(), list[Finding]()
    names: set[str] = set()
    files = files_to_compare(tables)
    for answer in tables:
        file = files.get(answer.sequence)
        names |= {name for name in answer.facts.get("new_columns", "").split(",") if name}
        for part in _slices(answer, options, month, SURVEYED):
            names |= part.columns
            survey.add(part.rows, part.credits, file, answer.request.get("shard_set", ""))
    commitments = survey.conclude()
    if strange := new_columns(names):
        findings.append(
            Finding("new_columns", f"the table has columns that are not read: {', '.join(strange)}", len(strange))
        )
    missing = () if survey.rows else (f"no row of invoice month {month} in {len(tables)} files or pages",)
    return Translation(
        parts=_parts(source, options, month, tables, commitments, prices),
        missing=missing,
        findings=(*findings, *commitments.findings),
    )


def _parts(
    source: str,
    options: GcpOptions,
    month: str,
    tables: Sequence[Answer],
    commitments: Commitments,
    prices: pl.DataFrame,
) -> Generator[ChargesPart]:
    for answer in tables:
        for part in _slices(answer, options, month):
            if part.rows.height:
                yield _part(source, part, commitments.of_rows(part.rows["row"]), prices)
    if commitments.unused.height:
        charges = unused_charges(commitments, month, source=source)
        nothing = pl.zeros(charges.height, dtype=pl.Int64, eager=True).cast(charges.schema["BilledCost"])
        yield ChargesPart(charges, counted(commitments.unused["currency"], nothing), claims=claims_of(charges))


def _part(source: str, part: _Slice, commitments: Commitments, prices: pl.DataFrame) -> ChargesPart:
    rows = with_commitments(with_list_costs(with_sku_facts(part.rows.drop("credits")), prices))
    charges = to_charges(costed(rows, part.credits, commitments), source=source)
    read = read_of(part.rows, part.credits, commitments)
    readings = readings_of(charges, provider="google")
    usage = readings.filter(pl.col("token_kind").is_not_null())["account_id"].unique().sort()
    claims = (*claims_of(charges), *(Claim("Google Cloud", account, "usage") for account in usage))
    found = (*part.findings, *_not_understood(rows), *commitment_findings(part.rows, part.credits))
    return ChargesPart(charges, read, readings, claims, (), found)


def _slices(answer: Answer, options: GcpOptions, month: str, columns: Sequence[str] = COLUMNS) -> Iterator[_Slice]:
    """The answer's rows of the month. Rows are numbered by answer, the same in every pass."""
    name = answer.request["name"]
    read = 0
    with opened(answer.body, name, storage_of(options)) as file:
        names = frozenset(file.schema_arrow.names)
        for frame in slices(file, columns):
            first_row, url = (answer.sequence << 40) + read, answer.request.get("url")
            inside, findings = flat_rows(frame, name, first_row=first_row, month=month, url=url)
            read += frame.height
            if options.billing_account is not None:
                inside = inside.filter(pl.col("account") == options.billing_account)
            _check_known(inside, name)
            credits, found = flat_credits(inside, name)
            yield _Slice(inside, credits, (*findings, *found), names)


def _check_known(rows: pl.DataFrame, name: str) -> None:
    """Raises `AnswerError` for rows that cannot be added up."""
    for column in ("account", "cost", "currency"):
        if lost := rows[column].null_count():
            raise AnswerError(
                f"{name}: {column} is null in {lost} rows of {len(rows)}",
                remedy="a row without it cannot be added up: export the table as it is",
            )


def _not_understood(rows: pl.DataFrame) -> tuple[Finding, ...]:
    """SKUs of model services whose text says nothing we know, and kinds of cost, with their money."""
    is_strange_type = ~pl.col("cost_type").is_in(list(_KNOWN_COST_TYPES)) | pl.col("cost_type").is_null()
    strange = rows.filter(is_strange_type | (~pl.col("is_understood") & (pl.col("cost_type") == "regular")))
    what = (
        pl.when(is_strange_type)
        .then(pl.format("cost_type {}", pl.col("cost_type").fill_null("null")))
        .otherwise(
            pl.format("{}: {} ({})", "service_name", pl.col("sku").fill_null("?"), pl.col("sku_id").fill_null("?"))
        )
    )
    sums = strange.group_by(what=what, currency="currency").agg(pl.len(), pl.col("cost").sum()).sort("what", "currency")
    return tuple(
        Finding("not_understood", f"{text}: {money.normalize():f} {currency}", count)
        for text, currency, count, money in sums.iter_rows()
    )
