"""CloudWatch's tokens beside the bill's: readings where the bill tells none of that account, model and day; elsewhere a
cross-check, so that no token is counted twice. Where the bill tells tokens of a day, but not whose (Cost Explorer),
nothing of that day is added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

import polars as pl

from connectors.aws.charges import ISSUER
from connectors.aws.cloudwatch import STREAM, Counted, Metrics
from connectors.aws.model_names import model_key
from connectors.protocol import AS_READ_SCHEMA, ChargesPart, Claim, Finding, Window
from models.ledger.focus import COST_AND_USAGE
from models.ledger.metering import METER_READINGS

_Day = tuple[str, str]
"""An account and a day, YYYY-MM-DD."""
_Model = tuple[str, ...]
_NO_ACCOUNT = ""


def beside_the_bill(
    parts: Iterable[ChargesPart], metrics: Metrics, source: str, window: Window
) -> Iterator[ChargesPart]:
    """The bill's parts, then a last one: readings of what the bill does not tell, and how both compare elsewhere."""
    if not metrics.counts:
        yield from parts
        return
    bill = _BilledTokens()
    for part in parts:
        bill.add(part)
        yield part
    yield bill.compared(metrics, source, window)


class _BilledTokens:
    """Tokens on the bill by account, day and model, and who pays for which account."""

    def __init__(self) -> None:
        self._tokens: dict[_Day, dict[_Model, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._payers: dict[str, tuple[str, str]] = {}

    def add(self, part: ChargesPart) -> None:
        accounts = part.charges.select("SubAccountId", "BillingAccountId", "InvoiceIssuerName").unique().drop_nulls()
        self._payers.update({account: (payer, issuer) for account, payer, issuer in accounts.iter_rows()})
        if part.readings is None or part.readings.is_empty():
            return
        tokens = (
            part.readings.filter(pl.col("token_kind").is_not_null())
            .group_by("project_id", "model", day=pl.col("window_start").dt.strftime("%Y-%m-%d"))
            .agg(pl.col("quantity").sum())
        )
        for account, model, day, quantity in tokens.iter_rows():
            self._tokens[account or _NO_ACCOUNT, day][model_key(model or "")] += quantity

    def compared(self, metrics: Metrics, source: str, window: Window) -> ChargesPart:
        """Readings and findings; no charge."""
        told: dict[_Day, dict[_Model, list[Counted]]] = defaultdict(lambda: defaultdict(list))
        for count in metrics.counts:
            told[count.account, f"{count.start:%Y-%m-%d}"][model_key(count.model)].append(count)
        alone: list[Counted] = []
        findings: list[Finding] = []
        for (account, day), models in sorted(told.items()):
            on_bill = self._tokens.get((account, day), {})
            is_unplaced = (_NO_ACCOUNT, day) in self._tokens
            for key, counts in sorted(models.items()):
                where = f"{account} {day} {counts[0].model}"
                tokens = sum(count.tokens for count in counts)
                if is_unplaced:
                    detail = f"{where}: {tokens} tokens; the bill has tokens of that day and names no account for them"
                    findings.append(Finding("cloudwatch_not_compared", detail))
                elif key in on_bill:
                    findings += _difference(where, Decimal(tokens) - on_bill[key])
                elif set(on_bill) - set(models):
                    detail = f"{where}: {tokens} tokens; the bill names models of that day otherwise, perhaps the same"
                    findings.append(Finding("cloudwatch_not_compared", detail))
                else:
                    alone += counts
        readings = self._readings([count for count in alone if count.tokens], source, window)
        claims = {Claim(issuer, payer, "usage") for payer, issuer in (self._payer(count) for count in alone)}
        nothing = pl.DataFrame(schema=AS_READ_SCHEMA)
        return ChargesPart(COST_AND_USAGE.empty(), nothing, readings, tuple(sorted(claims)), (), tuple(findings))

    def _payer(self, count: Counted) -> tuple[str, str]:
        return self._payers.get(count.account, (count.account, ISSUER))

    def _readings(self, counts: list[Counted], source: str, window: Window) -> pl.DataFrame:
        schema = METER_READINGS.polars_schema
        rows = [
            {
                **dict.fromkeys(schema),
                "source": source,
                "billing_period": f"{window.start:%Y-%m}",
                "stream": STREAM,
                "window_start": count.start,
                "window_end": count.end,
                "provider": "aws",
                "account_id": self._payer(count)[0],
                "project_id": count.account,
                "model": count.model,
                "processing_tier": "unknown",
                "inference_geo": count.region,
                "meter": count.meter,
                "token_kind": count.meter,
                "unit": "Tokens",
                "quantity": Decimal(count.tokens),
                "attribution": "none",
            }
            for count in counts
        ]
        return METER_READINGS.check(pl.DataFrame(rows, schema=schema))


def _difference(where: str, tokens: Decimal) -> list[Finding]:
    if not tokens:
        return []
    return [Finding("cloudwatch_differs", f"{where}: CloudWatch tells {tokens.normalize():+f} tokens beside the bill")]
