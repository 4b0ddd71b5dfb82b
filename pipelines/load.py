"""Loading: a sealed pull into every table of one (source, billing period), in one commit.

Translate, hold what is not proven complete, post day by day, prove, write each partition, then one record in the
control store. A run that dies before that record has changed nothing that anyone reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import polars as pl

from connectors.archive import Pull
from connectors.control import (
    AccountClaim,
    CheckResult,
    CurrentLoad,
    LakeFiles,
    LoadFinding,
    LoadRecord,
    ObservedName,
    Restatement,
)
from connectors.errors import IncompleteError
from connectors.protocol import Claim, Finding, Translation, Window, added_up
from models.economics.accelerator_tally import AcceleratorTally
from models.economics.accelerator_usage import ACCELERATOR_USAGE
from models.ledger.charge_ids import numbered
from models.ledger.correction import CORRECTIONS, corrections
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.focus import COST_AND_USAGE, INVOICE_DETAIL
from models.ledger.posting import Posting, Terms, post_charges, post_estimates, post_in_stretches
from models.ledger.restatement import restatements
from models.ledger.rollup import DAILY_COSTS, combine
from models.ledger.trust import Proofs
from models.wording import money_text
from pipelines.holding import hold_by_clock, hold_shrunk, hold_unproven
from pipelines.periods import period_of
from pipelines.reference import accelerator_fingerprint, code_fingerprint, price_fingerprint
from pipelines.settings import SourceSettings
from pipelines.spool import Spool
from pipelines.workplace import Workplace

_SETTLED_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class LoadOutcome:
    """What a load did. `rows` by table; `restated`: how many figures the vendor now tells otherwise."""

    source: str
    billing_period: str
    load_id: int | None
    unchanged: bool
    rows: dict[str, int]
    restated: int
    failed_proofs: tuple[str, ...]
    findings: int


def load_latest(work: Workplace, source: SourceSettings, period: str) -> LoadOutcome:
    """Load the newest sealed pull. Raises `IncompleteError` where there is none."""
    pull = work.archive.latest_sealed(source.name, period)
    if pull is None:
        raise IncompleteError(
            "nothing was pulled yet", remedy="pull it with `outlay run`", source=source.name, window=period
        )
    return load_pull(work, source, pull)


def load_pull(
    work: Workplace, source: SourceSettings, pull: Pull, *, accept_shrink: bool = False, anew: bool = False
) -> LoadOutcome:
    """Load one sealed pull; the same pull under the same terms again changes nothing, unless it is loaded `anew`.

    A pull older than what stands changes nothing either: a slow run must not undo a quick one.
    Raises `LockHeldError` while another run loads this period, `IncompleteError` where the load is held,
    `AnswerError`, `AuthorityError`, `ContractError`, `LakeError`. What was loaded before then still counts.
    """
    period = pull.billing_period
    with work.control.lock_load(source.name, period):
        started = work.surroundings.clock()
        current = _standing(work, source, period)
        digest = _digest(work, source, pull)
        if current is not None and current.answers_digest == digest and not anew:
            return _nothing_new(current)
        if not accept_shrink:
            hold_by_clock(pull, current, started)
        if current is not None and pull.sealed_at < current.pulled_at <= started and not anew:
            return _nothing_new(current)
        work.on_step(f"{source.name} {period}: translating")
        translation = work.connector(source, talking=False).translate(pull.window, work.archive.answers(pull))
        hold_unproven(pull, translation.missing)
        with Spool(work.home.spool, f"{source.name}-{period}") as spool:
            posted = _post(work, source, pull, translation, spool)
            hold_unproven(pull, tuple(posted.missing))
            rollup = combine(spool.read(DAILY_COSTS))
            if not accept_shrink:
                hold_shrunk(work, pull, current, posted.streams, rollup)
            checks = pl.concat([posted.proofs.conclude(rollup), posted.accelerators.conclude()])
            changes = _restated(work, current, rollup)
            _correct(work, source, period, current, spool)
            files = _write(work, source, period, spool)
        work.on_step(f"{source.name} {period}: committing")
        record = LoadRecord(
            source=source.name,
            billing_period=period,
            started_at=started,
            pulled_at=pull.sealed_at,
            files=files,
            data_through=_data_through(rollup),
            issuer=next((claim.issuer for claim in posted.claims), None),
            period_status="Open" if period_of(pull.started_at - _SETTLED_AFTER) <= period else "Closed",
            answers=pull.answers,
            answers_digest=digest,
            checks=tuple(CheckResult(**check) for check in checks.iter_rows(named=True)),
            restatements=changes,
            findings=tuple(LoadFinding(found.kind, found.detail, found.count) for found in added_up(posted.findings)),
            names=_observed(translation),
            claims=tuple(AccountClaim(claim.issuer, claim.account_id, claim.role) for claim in sorted(posted.claims)),
        )
        load_id = work.control.commit_load(record)
    failed = tuple(check.check for check in record.checks if check.passed is False)
    return LoadOutcome(source.name, period, load_id, False, _rows(files), len(changes), failed, len(record.findings))


def _nothing_new(current: CurrentLoad) -> LoadOutcome:
    return LoadOutcome(current.source, current.billing_period, current.id, True, _rows(current.files), 0, (), 0)


def _standing(work: Workplace, source: SourceSettings, period: str) -> CurrentLoad | None:
    """The current load, if its files are still there; a lost lake is one in which nothing stands."""
    current = work.control.current_load(source.name, period)
    if current is None or not work.lake.holds(path for part in current.files for path in part.paths):
        return None
    return current


def _digest(work: Workplace, source: SourceSettings, pull: Pull) -> str:
    """What a load depends on: the answers but for names, our code, the terms, and how long after they were told.

    Lists of names carry when a key was last used and so never stay the same; a name alone restates nothing.
    """
    lag = timedelta(hours=source.settle_hours)
    settled = pull.started_at - lag >= pull.window.end
    terms = (
        work.archive.fingerprint(pull, without="names/"),
        code_fingerprint(),
        price_fingerprint(),
        accelerator_fingerprint(),
        repr(work.contracts),
        source.model_dump_json(),
        "settled" if settled else pull.started_at.isoformat(),
    )
    return hashlib.sha256("\n".join(terms).encode()).hexdigest()


@dataclass
class _Posted:
    """What a load keeps of its translation while its rows go by."""

    proofs: Proofs
    accelerators: AcceleratorTally
    streams: set[str]
    claims: set[Claim]
    missing: list[str]
    findings: list[Finding]
    charges: int = 0


def _post(work: Workplace, source: SourceSettings, pull: Pull, translation: Translation, spool: Spool) -> _Posted:
    """Post stretch by stretch into the spool; returns what the load needs of all of them."""
    seen = translation.names.select("kind", "id", "name", pl.col("observed_at").alias("first_seen"))
    known = work.control.names_as_of(source.name).select("kind", "id", "name", "first_seen")
    terms = Terms(
        prices=work.prices,
        contracts=work.contracts,
        names=pl.concat([known, seen]),
        as_of=pull.started_at,
        settle_lag=timedelta(hours=source.settle_hours),
    )
    posted = _Posted(
        proofs=Proofs(translation.totals),
        accelerators=AcceleratorTally(work.accelerators),
        streams=set(translation.meter_readings["stream"].unique()),
        claims=set(translation.claims),
        missing=[],
        findings=list(translation.findings),
    )
    for posting, as_read in _postings(translation, terms, posted):
        work.on_step(f"{source.name} {pull.billing_period}: posting")
        posted.proofs.add(posting, as_read)
        posted.streams.update(posting.meter_readings["stream"].unique())
        charges, usage = posted.accelerators.add(posting.charges)
        charges = numbered(charges, billing_period=pull.billing_period, after=posted.charges)
        posted.charges += len(charges)
        spool.write({**replace(posting, charges=charges).frames, ACCELERATOR_USAGE.qualified_name: usage})
        del posting, charges, usage  # before the next is made: two of them at once would be the peak
    posted.findings.extend(_unlisted(posted.accelerators.unlisted()))
    spool.write(
        {
            USAGE_ESTIMATES.qualified_name: post_estimates(translation.estimates, terms),
            INVOICE_DETAIL.qualified_name: translation.invoices,
        }
    )
    return posted


def _postings(translation: Translation, terms: Terms, posted: _Posted) -> Iterator[tuple[Posting, pl.DataFrame | None]]:
    """Each posting, and what was read of its charges where the vendor gave them."""
    for posting in post_in_stretches(translation.meter_readings, translation.bill_lines, terms):
        yield posting, None
    for part in translation.parts:
        posted.claims.update(part.claims)
        posted.missing.extend(part.missing)
        posted.findings.extend(part.findings)
        yield post_charges(part.charges, part.readings, terms), part.as_read


def _unlisted(accelerators: pl.DataFrame) -> Iterator[Finding]:
    """What looks like an accelerator and is in no list, with its money: the list of what the catalog lacks."""
    for row in accelerators.iter_rows(named=True):
        detail = f"{row['what']}: {money_text(row['effective_cost'], row['currency'])}"
        yield Finding("unlisted_accelerator", detail, row["charges"])


def _write(work: Workplace, source: SourceSettings, period: str, spool: Spool) -> tuple[LakeFiles, ...]:
    files: list[LakeFiles] = []
    for table in spool.tables:
        work.on_step(f"{source.name} {period}: writing {table.qualified_name}")
        files.append(work.lake.replace(table, source.name, period, spool.read(table)))
    return tuple(files)


def _restated(work: Workplace, current: CurrentLoad | None, rollup: pl.DataFrame) -> tuple[Restatement, ...]:
    if current is None:
        return ()
    before = work.lake.read(DAILY_COSTS, current.paths(DAILY_COSTS.qualified_name)).collect()
    return tuple(Restatement(**change) for change in restatements(before, rollup).iter_rows(named=True))


def _correct(work: Workplace, source: SourceSettings, period: str, current: CurrentLoad | None, spool: Spool) -> None:
    """After our lock: what the vendor now tells otherwise is booked in the open month, once."""
    booked = work.control.booked_load(source.name, period)
    if booked is None:
        return
    earlier = work.lake.read(CORRECTIONS, current.paths(CORRECTIONS.qualified_name) if current else ()).collect()
    new = corrections(
        work.lake.read(COST_AND_USAGE, booked.paths(COST_AND_USAGE.qualified_name)).collect(),
        earlier,
        pl.concat([COST_AND_USAGE.empty(), *spool.read(COST_AND_USAGE)]),
        corrected_month=period,
        open_period=Window.of_period(period_of(work.surroundings.clock())).start,
    )
    new = numbered(new, billing_period=period, after=len(earlier), kind="correction-")
    spool.write({CORRECTIONS.qualified_name: pl.concat([earlier, new])})


def _data_through(rollup: pl.DataFrame) -> datetime | None:
    last = rollup.filter(pl.col("charge_category") == "Usage")["day"].max()
    return last + timedelta(days=1) if isinstance(last, datetime) else None


def _observed(translation: Translation) -> tuple[ObservedName, ...]:
    rows = translation.names.drop_nulls().unique(maintain_order=True).iter_rows()
    return tuple(ObservedName(kind, id_, name, at.astimezone(UTC)) for kind, id_, name, at in rows)


def _rows(files: tuple[LakeFiles, ...]) -> dict[str, int]:
    return {part.table: part.rows for part in files}
