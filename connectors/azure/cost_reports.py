"""The charges of a month out of reports in files, part by part, and what a person should know of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from connectors.azure.billing_accounts import every_claim, ids_by_account
from connectors.azure.charge_kinds import OF_USAGE, Report, is_commitment, with_kinds
from connectors.azure.charges import NativeCharges, billing_account, native_charges
from connectors.azure.export_listing import check_accounts
from connectors.azure.file_answers import RowCounts, check_month, report_of, rows_of
from connectors.azure.focus_reports import focus_part
from connectors.azure.native_columns import native_rows
from connectors.azure.not_understood import NotUnderstood
from connectors.azure.options import AzureOptions
from connectors.azure.reservation_orders import ReservationOrders
from connectors.azure.two_reports import Comparison
from connectors.native_charges import claims_of, counted, readings_of
from connectors.protocol import Answer, ChargesPart, Claim, Finding, Window
from models.ledger.focus import COST_AND_USAGE
from models.table import MONEY

PROVIDER = "azure"


def cost_parts(window: Window, answers: Sequence[Answer], options: AzureOptions, source: str) -> Iterator[ChargesPart]:
    """A part a slice of a file; the last one, without charges, has what only the whole month tells."""
    is_both = options.report == "actual-and-amortized"
    comparison, counts, unread, orders = Comparison(), RowCounts(), NotUnderstood(), ReservationOrders()
    charges, new = 0, set[str]()
    for answer in answers:
        report = report_of(answer)
        if report is None:
            continue
        rows_in_file = 0
        for frame in rows_of(answer, options, new):
            rows_in_file += frame.height
            name = answer.request["name"]
            check_accounts(_accounts(frame), options.accounts, name)
            if report == "focus":
                part, odd = focus_part(frame, window, answer, source=source)
            else:
                read_as = _read_as(report, is_both=is_both)
                part, odd = _native_part(frame, window, read_as, comparison, answer, source=source)
            if is_both:
                orders.add(part.charges)
                part = replace(part, charges=orders.resolved(part.charges))
            unread.add(odd)
            charges += part.charges.height
            yield part
        counts.add(answer, rows_in_file)
    counts.check()
    missing = () if charges else (f"no charge of {window.start:%Y-%m} in the export",)
    told = (*unread.findings(), *(comparison.findings() if is_both else ()), *_new(new), *_alone(options))
    yield last_part(told, missing)


def _accounts(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that name whose bill it is, in whichever spelling a report has them."""
    named = ("billingaccountid", "billingprofileid", "x_billingaccountid", "x_billingprofileid")
    return frame.select(
        pl.col(name).cast(pl.String) for name in frame.columns if name.lstrip("\ufeff").casefold() in named
    )


def last_part(
    findings: Sequence[Finding],
    missing: tuple[str, ...],
    *,
    readings: pl.DataFrame | None = None,
    claims: tuple[Claim, ...] = (),
) -> ChargesPart:
    """A part without charges: what only the whole month tells."""
    nothing = counted(pl.Series([], dtype=pl.String), pl.Series([], dtype=MONEY))
    return ChargesPart(COST_AND_USAGE.empty(), nothing, readings, claims, missing, tuple(findings))


def usage_claims(charges: pl.DataFrame) -> tuple[Claim, ...]:
    """The accounts whose tokens these charges tell."""
    told = charges.filter(pl.col("x_TokenKind").is_not_null())
    return tuple(Claim(claim.issuer, claim.account_id, "usage") for claim in claims_of(told))


def billed_month() -> pl.Expr:
    """The billing month of a row; pay-as-you-go reports tell only the day."""
    return pl.coalesce("period_start", "date").dt.strftime("%Y-%m")


def _read_as(report: str, *, is_both: bool) -> Report:
    if report == "actual":
        return "purchases-of-both" if is_both else "actual"
    return "usage-of-both" if is_both else "amortized"


def _made(rows: pl.DataFrame, report: Report, comparison: Comparison, source: str, file: str) -> NativeCharges:
    """Of two reports, usage comes from the amortized one, whatever else is of commitments from the actual one."""
    if report in {"usage-of-both", "purchases-of-both"}:
        typed = with_kinds(rows, report)
        comparison.add("actual" if report == "purchases-of-both" else "amortized", typed)
        of_actual = is_commitment() & ~pl.col("kind").is_in(OF_USAGE)
        taken = of_actual if report == "purchases-of-both" else ~of_actual
        rows = rows.filter(typed.select(taken).to_series())
    return native_charges(rows, report, source=source, file=file)


def _native_part(
    frame: pl.DataFrame, window: Window, report: Report, comparison: Comparison, answer: Answer, *, source: str
) -> tuple[ChargesPart, pl.DataFrame]:
    """Charges of the window's month in a slice of a cost report, and what of them was not understood."""
    file = answer.request["name"]
    rows, findings = native_rows(frame, file)
    check_month(answer, rows.select(billed_month()).to_series())
    inside = rows.filter(billed_month() == f"{window.start:%Y-%m}")
    made = _made(inside, report, comparison, source, file)
    charges = made.charges
    part = ChargesPart(
        charges,
        counted(made.currency.str.to_uppercase(), made.billed),
        readings=readings_of(charges, provider=PROVIDER),
        claims=every_claim((*claims_of(charges), *usage_claims(charges)), _owners(inside)),
        findings=(*findings, *made.findings),
    )
    return part, made.not_understood


def _owners(rows: pl.DataFrame) -> dict[str, set[str]]:
    """Billing account and profile by the account that charges of the rows name."""
    account = rows.select(billing_account()).to_series()
    return ids_by_account(account, rows.select("account", "profile"))


def _new(columns: set[str]) -> tuple[Finding, ...]:
    detail = f"the reports have columns that are not read: {', '.join(sorted(columns))}"
    return (Finding("new_columns", detail, len(columns)),) if columns else ()


def _alone(options: AzureOptions) -> tuple[Finding, ...]:
    """What one report alone cannot tell."""
    if options.report == "actual":
        detail = (
            "actual cost alone tells no amortization: purchases of commitments cost what they bill when they bill it"
        )
        return (Finding("amortization_unknown", detail),)
    if options.report == "amortized":
        detail = "amortized cost alone tells no purchases of commitments: what they bill is missing from BilledCost"
        return (Finding("purchases_unknown", detail),)
    return ()
