"""Operations: what was pulled, loaded, restated and published, as the tables of `ops`.

Only the contracts belong here and the rule when a source is stale; the control store fills them.
"""

from __future__ import annotations

from datetime import timedelta

import dataframely as dy

from models.table import Table, instant, money, text

OUTCOMES = ("committed", "unchanged", "held", "failed")
"""committed: loaded; unchanged: the vendor told nothing new; held: not proven complete; failed."""

FRESHNESS = ("fresh", "stale", "failing", "never")
STALE_AFTER = timedelta(hours=36)
"""A daily pull plus half a day: what is older than this is said to be stale beside every total."""


def _count(description: str, *, nullable: bool = False) -> dy.Int64:
    return dy.Int64(nullable=nullable, description=description)


class Loads(dy.Schema):
    """One row per committed load, also of those that a later load replaced."""

    load_id = _count("Number of the load")
    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month that was loaded, YYYY-MM")
    is_current = dy.Bool(nullable=False, description="Whether the ledger shows this load")
    started_at = instant("When the load began")
    pulled_at = instant("When the last answer of the vendor came")
    committed_at = instant("When the load began to count")
    withdrawn_at = instant("When a person withdrew it", nullable=True)
    data_through = instant("End of the last window with data, exclusive", nullable=True)
    issuer = text("Who sends the invoice", nullable=True)
    period_status = text("Whether the vendor may still change the period", values=("Open", "Closed"))
    answers = _count("Answers of the vendor that it was made of")
    charges = _count("Rows of focus.cost_and_usage in it")
    meter_readings = _count("Rows of usage.meter_readings in it")
    bill_lines = _count("Rows of usage.bill_lines in it")
    size_bytes = _count("Bytes of its files in the lake")


class Restatements(dy.Schema):
    """One row per day, measure and dimensions that a later load told otherwise than the one before."""

    load_id = _count("Load that brought the change")
    replaced_load_id = _count("Load whose figure it replaced", nullable=True)
    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month, YYYY-MM")
    detected_at = instant("When the change was loaded")
    day = dy.Date(nullable=False, description="Day whose figure changed (UTC)")
    measure = text("What changed: billed_cost, tokens, …")
    account_id = text("Organisation at the vendor", nullable=True)
    project_id = text("Project or workspace", nullable=True)
    model = text("Model", nullable=True)
    before = money("Figure before; null where there was none", nullable=True)
    after = money("Figure now; null where there is none any more", nullable=True)
    difference = money("after − before, a missing side taken as nothing")
    unit = text("Currency or unit of the figures")


class Freshness(dy.Schema):
    """One row per source that was ever tried or is expected."""

    source = text("Name of the source in outlay.yaml")
    status = text("fresh, stale, failing (the last try failed or was held) or never", values=FRESHNESS)
    last_success_at = instant("Last pull that was loaded or told nothing new", nullable=True)
    last_attempt_at = instant("End of the last try", nullable=True)
    last_outcome = text("How the last try ended", nullable=True, values=OUTCOMES)
    data_through = instant("End of the last window with data, exclusive", nullable=True)
    stale_after = instant("From when on it is stale unless it is pulled again", nullable=True)
    message = text("What went wrong in the last try", nullable=True)
    remedy = text("What to do about it", nullable=True)


class Findings(dy.Schema):
    """One row per thing that a person should know about a current load."""

    load_id = _count("Load that it concerns")
    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month, YYYY-MM")
    kind = text("What kind of thing")
    detail = text("What was found")
    count = _count("How often")


class Names(dy.Schema):
    """One row per name that an id has borne."""

    source = text("Name of the source in outlay.yaml")
    kind = text("project, api_key, user or account")
    id = text("Identifier at the vendor")
    name = text("Its name then")
    first_seen = instant("When it was first seen under this name")
    last_seen = instant("When it was last seen under this name")


class Publication(dy.Schema):
    """One row: what this file is."""

    version = text("Name of the published file")
    published_at = instant("When it was built (UTC)")
    data_through = instant("End of the last window with data over all sources, exclusive", nullable=True)
    sources = _count("Sources with a load in it")
    loads = _count("Loads (source × billing period) in it")
    rules = text("Digest of the rules of outlay.yaml that its costs are shared by; null: by none", nullable=True)


LOADS = Table("loads", "ops", "ops", "load", "What was loaded, when and how much.", Loads)
RESTATEMENTS = Table(
    "restatements", "ops", "ops", "load × day × measure × account × project × model",
    "What vendors told otherwise later: which figure, by how much, since when.", Restatements,
)  # fmt: skip
FRESHNESS_TABLE = Table(
    "freshness", "ops", "ops", "source", "How fresh each source is, and what stands in the way.", Freshness
)
FINDINGS = Table("findings", "ops", "ops", "load × finding", "What a person should know about the loads.", Findings)
NAMES = Table("names", "ops", "ops", "source × kind × id × name", "Names that ids have borne, dated.", Names)
PUBLICATION = Table("publication", "ops", "ops", "one row", "What this published file is.", Publication)

OPERATIONS: tuple[Table, ...] = (
    LOADS, RESTATEMENTS, FRESHNESS_TABLE, FINDINGS, NAMES, PUBLICATION,
)  # fmt: skip
"""Every table of `ops` but `ops.checks`, which stands with the proofs in `trust`."""
