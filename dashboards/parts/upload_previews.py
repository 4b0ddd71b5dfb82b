"""What an upload would change, shown before anybody asks for it: budgets by their settings and standing, owners by the
costs that move.

It is judged of the published marts that the page shows; what cannot be judged of them is said, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl
import streamlit as st

from dashboards import formats
from dashboards.published import Published
from dashboards.queries import changes
from models.control.budget_changes import BudgetChange, StandsAt, budget_changes, costs_since, stands_at
from models.economics.ownership import UNALLOCATED, OwnerRule
from models.economics.ownership_moves import Moves, ownership_moves
from models.wording import UNKNOWN, capital, counted, day_text, money_text, month_text, share_text
from pipelines.uploads import Proposal

_MOVES_SHOWN = 200
_ROWS_NAMED = 20


def show(published: Published, proposal: Proposal) -> None:
    if proposal.kind == "budgets":
        _budgets(published, proposal)
    else:
        _owners(published, proposal)


def _budgets(published: Published, proposal: Proposal) -> None:
    before, after = proposal.budgets
    found = budget_changes(before, after)
    st.markdown(f"**{_budgets_answer(found)}**")
    changed = {change.name for change in found if change.what in ("new", "changed")}
    concerned = [budget for budget in after if budget.name in changed]
    day = changes.judged_on(published)
    standing = stands_at(changes.costs_of_budgets(published, costs_since(concerned, day)), concerned, day)
    tagged = {budget.name for budget in concerned if budget.tags}
    formats.table(
        _budget_frame([change for change in found if change.what != "unchanged"], standing, tagged),
        {
            "budget": formats.text_column("Budget", width="medium"),
            "what": formats.text_column("Is", width="small"),
            "details": formats.text_column("What changes", width="large"),
            "period": formats.text_column("Now", width="small", help=f"The period of {day_text(day)}"),
            "amount": formats.written_column("Budget for it"),
            "spent": formats.written_column("Spent so far"),
            "share": formats.written_column("Share"),
            "crossed": formats.text_column("Reached at once", width="small", help="Thresholds that would be told"),
        },
        rows=12,
        alt="Budgets that would be new, changed or removed, and how each would stand",
    )
    if tagged:
        st.caption("What budgets by tag have spent is not in published costs: the next run judges it.")


def _budgets_answer(found: Iterable[BudgetChange]) -> str:
    counts = dict.fromkeys(("new", "changed", "removed", "unchanged"), 0)
    for change in found:
        counts[change.what] += 1
    if not (counts["new"] or counts["changed"] or counts["removed"]):
        return "It would change nothing: every budget in it is in force as it is."
    told = [f"{count} {what}" for what, count in counts.items() if count]
    return f"Budgets: {', '.join(told)}."


def _budget_frame(found: Sequence[BudgetChange], standing: dict[str, StandsAt], tagged: set[str]) -> pl.DataFrame:
    rows: list[dict[str, str]] = []
    for change in found:
        at = standing.get(change.name)
        unknown = "at the next run" if change.name in tagged else UNKNOWN
        rows.append(
            {
                "budget": change.name,
                "what": change.what,
                "details": "; ".join(change.details),
                "period": UNKNOWN if at is None else at.period,
                "amount": UNKNOWN if at is None else money_text(at.amount, at.currency),
                "spent": unknown
                if at is None
                else money_text(at.spent, at.currency)
                if at.has_costs
                else "no cost fits",
                "share": UNKNOWN if at is None else share_text(at.spent, at.amount),
                "crossed": UNKNOWN if at is None else ", ".join(f"{each} %" for each in at.crossed) or "none",
            }
        )
    names = ("budget", "what", "details", "period", "amount", "spent", "share", "crossed")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))


def _owners(published: Published, proposal: Proposal) -> None:
    before, after = proposal.rules
    uploaded = proposal.uploaded_rules
    months, costs = changes.costs_of_owners(published)
    moves = ownership_moves(costs, before, after, uploaded)
    st.markdown(f"**{_owners_answer(moves, uploaded, proposal, months)}**")
    _nobodys(moves)
    if moves.moved.height:
        _moved(moves, months)
    _not_judged(moves, uploaded)


def _owners_answer(moves: Moves, uploaded: Sequence[OwnerRule], proposal: Proposal, months: Sequence[str]) -> str:
    old = len(proposal.now.owners)
    rules = f"{capital(counted(len(uploaded), 'rule'))} before those of outlay.yaml"
    instead = f", in the place of {counted(old, 'uploaded rule')}" if old else ""
    if not months:
        return f"{rules}{instead}; no cost is published yet to judge by."
    span = " and ".join(month_text(month) for month in reversed(months))
    if not moves.moved.height:
        return f"{rules}{instead}; of {span}, no cost would move that can be judged now."
    return f"{rules}{instead}; of {span}, {_amounts(moves.moved)} would move."


def _nobodys(moves: Moves) -> None:
    with st.container(horizontal=True):
        for currency, before, after in moves.unowned.iter_rows():
            st.metric(
                f"Nobody's, {currency}",
                money_text(after, currency),
                delta=money_text(after - before, currency, signed=True) if after != before else None,
                delta_color="inverse",
                help=f"Effective cost without a team; {money_text(before, currency)} as it is published",
            )


def _moved(moves: Moves, months: Sequence[str]) -> None:
    frame = moves.moved.head(_MOVES_SHOWN).with_columns(
        pl.col("from", "to").replace({UNALLOCATED: "nobody"}), formats.written("cost", "currency")
    )
    formats.table(
        frame,
        {
            "from": formats.text_column("From", width="medium"),
            "to": formats.text_column("To", width="medium"),
            "cost": formats.written_column("Effective cost"),
        },
        rows=12,
        alt=f"Costs of {', '.join(months)} that would move, from whom to whom",
    )
    if moves.moved.height > _MOVES_SHOWN:
        st.caption(f"The {_MOVES_SHOWN} greatest of {moves.moved.height:,} moves.")


def _not_judged(moves: Moves, uploaded: Sequence[OwnerRule]) -> None:
    said: list[str] = []
    if moves.later.height:
        said.append(
            f"{_amounts(moves.later)} cannot be judged now: rules by tag, API key or user come first there, and "
            "published costs do not tell these. The next run judges them."
        )
    if moves.unjudged:
        said.append(
            f"{counted(len(moves.unjudged), 'rule asks', 'rules ask')} for a tag, an API key or a user: "
            f"{_named(uploaded, moves.unjudged)}. The next run judges what they fit."
        )
    if moves.fit_nothing:
        said.append(f"No cost of these months fits {_named(uploaded, moves.fit_nothing)}.")
    said.append("Shared pools are told before they are split; cost centres, products and use cases follow their rules.")
    st.caption("  \n".join(formats.plain(each) for each in said))


def _amounts(frame: pl.DataFrame) -> str:
    sums = frame.group_by("currency").agg(pl.col("cost").abs().sum()).sort("currency")
    return " and ".join(money_text(cost, currency) for currency, cost in sums.iter_rows())


def _named(rules: Sequence[OwnerRule], positions: Sequence[int]) -> str:
    """Rules by their place in the upload, and by their names where they have any."""
    names = [f"“{rules[at].name}”" if rules[at].name else f"rule {at + 1}" for at in positions[:_ROWS_NAMED]]
    more = len(positions) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
