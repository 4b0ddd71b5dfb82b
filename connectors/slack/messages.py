"""What is said on Slack: one budget crossing becomes one Block Kit message with a text for notifications.

Pure. The message answers: what, how much over which budget, since when, what moved, what to do, where to look.
Sending is in `webhook`, doing so once in `delivery`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import Block, ContextBlock, DividerBlock, HeaderBlock, SectionBlock

from connectors.errors import DeliveryError
from connectors.slack.mrkdwn import (
    BLOCKS_LIMIT,
    CONTEXT_LIMIT,
    FALLBACK_LIMIT,
    FIELD_LIMIT,
    FIELDS_LIMIT,
    HEADER_LIMIT,
    SECTION_LIMIT,
    cut_escaped,
    escape,
    link,
    markdown,
    name,
    plain,
)
from models.control.budgets import BudgetCrossing
from models.control.movers import Mover
from models.economics.ownership import UNALLOCATED
from models.wording import change_text, day_text, money_text, month_text

_BASIS_WORDS = {
    "billed": "billed",
    "effective": "effective cost",
    "list": "at list price",
}
_BASIS_MEANING = {
    "billed": "Billed is what the vendors report, provisional until invoiced.",
    "effective": "Effective cost is what the month really cost, prepaid and committed money included.",
    "list": "List is the public price of what was used, before discounts.",
}


@dataclass(frozen=True)
class Message:
    """A message as Slack takes it: `blocks` of Block Kit, and `text` for notifications and screen readers."""

    text: str
    blocks: tuple[dict[str, Any], ...]

    def to_payload(self) -> dict[str, Any]:
        """What the outbox keeps: JSON."""
        return {"text": self.text, "blocks": list(self.blocks)}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Message:
        return cls(text=str(payload["text"]), blocks=tuple(payload["blocks"]))


def budget_message(
    crossing: BudgetCrossing,
    *,
    movers: Sequence[Mover] = (),
    organization: str | None = None,
    dashboard_url: str | None = None,
) -> Message:
    """The one message about a crossing. Raises `DeliveryError` if it would break one of Slack's limits."""
    blocks = [
        HeaderBlock(text=plain(_headline(crossing), HEADER_LIMIT)),
        SectionBlock(text=markdown(_answer(crossing))),
        SectionBlock(fields=[markdown(field, FIELD_LIMIT) for field in _facts(crossing, organization)]),
        DividerBlock(),
        SectionBlock(text=markdown(_movers(crossing, movers))),
        SectionBlock(text=markdown(_what_to_do(crossing, movers, dashboard_url))),
        ContextBlock(elements=[markdown(_footnote(crossing), FIELD_LIMIT)]),
    ]
    return checked(cut_escaped(_fallback(crossing), FALLBACK_LIMIT), blocks)


def checked(text: str, blocks: Sequence[Block]) -> Message:
    """The message, after slack_sdk's own checks (`to_dict`) and those that it lacks: field length, number of blocks."""
    try:
        message = Message(text, tuple(block.to_dict() for block in blocks))
    except Exception as error:
        raise _too_large(str(error)) from None
    for problem in oversizes(message):
        raise _too_large(problem)
    return message


def oversizes(message: Message) -> list[str]:
    """Which of Slack's limits the message breaks; empty when it is fine."""
    problems = [f"{len(message.blocks)} blocks, {BLOCKS_LIMIT} allowed"] if len(message.blocks) > BLOCKS_LIMIT else []
    for block in message.blocks:
        kind = str(block["type"])
        limit = HEADER_LIMIT if kind == "header" else SECTION_LIMIT
        fields, elements = block.get("fields", []), block.get("elements", [])
        if "text" in block and not 0 < len(block["text"]["text"]) <= limit:
            problems.append(f"{kind} of {len(block['text']['text'])} characters, 1 to {limit} allowed")
        if len(fields) > FIELDS_LIMIT or len(elements) > CONTEXT_LIMIT:
            problems.append(f"{kind} of {len(fields) or len(elements)} items, {FIELDS_LIMIT} allowed")
        problems += [
            f"{kind} item of {len(item['text'])} characters, {FIELD_LIMIT} allowed"
            for item in (*fields, *elements)
            if len(item["text"]) > FIELD_LIMIT
        ]
    return problems


def _too_large(problem: str) -> DeliveryError:
    return DeliveryError(
        f"the message breaks a limit of Slack's: {problem}",
        source="slack",
        remedy="nothing was sent; this is a defect of the message, please report it",
    )


def _headline(crossing: BudgetCrossing) -> str:
    if crossing.threshold_pct < 100:
        return f"{crossing.threshold_pct} % of an AI budget is spent: {crossing.budget}"
    return f"AI budget crossed: {crossing.budget}"


def _answer(crossing: BudgetCrossing) -> str:
    spent = money_text(crossing.spent, crossing.currency)
    budget = money_text(crossing.budget_amount, crossing.currency)
    basis = _BASIS_WORDS[crossing.cost_basis]
    over = crossing.over_by
    margin = (
        f"*{money_text(over, crossing.currency)} over* the budget of {budget}"
        if over > 0
        else f"{money_text(-over, crossing.currency)} left of the budget of {budget}"
    )
    return (
        f"*{spent}* {basis} for {month_text(crossing.billing_period)} so far: {margin} "
        f"({crossing.share_pct:,.1f} %). {crossing.threshold_pct} % was reached on "
        f"*{day_text(crossing.first_crossed_day)}*."
    )


def _facts(crossing: BudgetCrossing, organization: str | None) -> list[str]:
    return [
        f"*Budget*\n{name(crossing.budget)}",
        f"*Covers*\n{escape(crossing.scope)}"
        if crossing.scope == "everything"
        else f"*Covers*\n{name(crossing.scope, 300)}",
        f"*Since*\n{day_text(crossing.first_crossed_day)}",
        f"*Data through*\n{day_text(crossing.data_through)}",
        *([f"*Organization*\n{name(organization)}"] if organization else []),
    ]


def _movers(crossing: BudgetCrossing, movers: Sequence[Mover]) -> str:
    title = "*What rose most* against the same days of the month before"
    if not movers:
        return f"{title}\nNothing rose: the month before was as dear by now."
    lines = [
        f"{place}. {name(mover.team)} · {name(mover.model)}: "
        f"{money_text(mover.change, crossing.currency, signed=True)} "
        f"({change_text(mover.spent, mover.spent_before)}), now {money_text(mover.spent, crossing.currency)}"
        for place, mover in enumerate(movers, 1)
    ]
    return "\n".join([title, *lines])


def _what_to_do(crossing: BudgetCrossing, movers: Sequence[Mover], dashboard_url: str | None) -> str:
    steps = (
        f"*What to do*\n{_first_step(movers)} If the spending is wanted, raise the amount of {name(crossing.budget)} "
        "in `outlay.yaml`; if not, lower the limit of the project or key at the vendor: Outlay stops nothing by itself."
    )
    if not dashboard_url:
        return steps
    page = f"{dashboard_url.rstrip('/')}/?period={crossing.billing_period}&basis={crossing.cost_basis}"
    return f"{steps}\n{link(page, 'Open the month in the dashboard')}"


def _first_step(movers: Sequence[Mover]) -> str:
    if not movers:
        return "See what it was spent on."
    first = movers[0]
    if first.team == UNALLOCATED:
        return f"Look at {name(first.model)} first: no team owns what rose; give it an owner in `outlay.yaml`."
    return f"Ask {name(first.team)} about {name(first.model)} first."


def _footnote(crossing: BudgetCrossing) -> str:
    return f"{_BASIS_MEANING[crossing.cost_basis]} This is said once per budget, month and threshold. {_mark(crossing)}"


def _mark(crossing: BudgetCrossing) -> str:
    """Lets people tell a message that came twice from two messages."""
    return f"Reference {name(crossing.key, 200)}"


def _fallback(crossing: BudgetCrossing) -> str:
    return (
        f"{escape(_headline(crossing))}: {money_text(crossing.spent, crossing.currency)} of "
        f"{money_text(crossing.budget_amount, crossing.currency)} ({crossing.share_pct:,.1f} %) "
        f"{_BASIS_WORDS[crossing.cost_basis]} for {month_text(crossing.billing_period)}, "
        f"since {day_text(crossing.first_crossed_day)}"
    )
