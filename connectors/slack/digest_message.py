"""The weekly digest as a message: the answer first, then what it is made of, each part with the way to look closer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock

from connectors.slack.alert_message import reference
from connectors.slack.chart import Trend, chart, chart_words
from connectors.slack.group_message import ALERTS_PAGE, alert_lines
from connectors.slack.message import Look, Message
from connectors.slack.mrkdwn import cut_escaped, escape, in_a_line, markdown, one_line, plain
from connectors.slack.rich import Part, address, bullets, link, paragraph, plain_words, rich, words
from connectors.slack.sizes import HEADER_LIMIT, checked, fitting
from connectors.slack.sparkline import trend_words
from models.control.digest import BudgetStanding, Digest, Week, WeekMover, WeekSpending
from models.control.movers import NO_MODEL
from models.control.notices import Notice
from models.control.savings import Saving
from models.wording import about_text, change_text, counted, day_text, money_text, share_text

_LINES = (6, 4, 2, 1)
"""In each part, fewer where names are long."""
_CURRENCIES = 3


def digest_message(notice: Notice, digest: Digest, look: Look) -> Message:
    """The digest. A bot's has a chart of the last five weeks in the currency of most money."""
    headline = f"AI spend, {_days(digest.week)}"
    first = digest.spending[0] if digest.spending else None
    trend = Trend(first.trend, first.currency) if first else Trend(())
    image = chart(trend) if look.is_bot else None
    told = one_line(f"{headline}: {_answer(first)}" if first else headline, 700)

    def of(most: int) -> Message:
        above = [HeaderBlock(text=plain(headline, HEADER_LIMIT)), *_spent(digest, most)]
        blocks = [*above, *_parts(digest, look, most), _below(notice, digest, look)]
        text = cut_escaped(escape(told), 1000)
        return checked(text, blocks, image=image, image_alt=chart_words(trend), image_place=len(above))

    return fitting(of, _LINES)


def _spent(digest: Digest, most: int) -> Iterator[Block]:
    if not digest.spending:
        yield rich(paragraph(words("Nothing is known of what this week cost.")))
    for spending in digest.spending[: min(most, _CURRENCIES)]:
        amount = words(money_text(spending.spent, spending.currency), bold=True)
        compared = words(f"effective{_compared(spending)}.", 300)
        trend = trend_words(spending.trend, spending.currency, None)
        line = [plain_words(f"\n{trend[0]}  "), words(trend[1], 240)] if trend else []
        yield rich(paragraph(amount, plain_words(" "), compared, *line))


def _answer(spending: WeekSpending) -> str:
    return f"{money_text(spending.spent, spending.currency)} effective{_compared(spending)}"


def _compared(spending: WeekSpending) -> str:
    told = [
        f"{change_text(spending.spent, known)} against {what} ({money_text(known, spending.currency)})"
        for what, known in (
            ("the week before", spending.before),
            ("what was to be expected, the mean of four weeks", spending.expected),
        )
        if known is not None
    ]
    return f", {' and '.join(told)}" if told else ""


def _parts(digest: Digest, look: Look, most: int) -> Iterator[Block]:
    budgets = [_budget(one) for one in digest.budgets[:most]] or [[plain_words("No budget is under way.")]]
    yield _part("Forecast against budget", budgets, look, "overview")
    nothing = "Nothing moved." if digest.week.through else "Nothing is known yet."
    movers = [_mover(one) for one in digest.movers[:most]] or [[plain_words(nothing)]]
    yield _part("What moved most against the week before, and why", movers, look, "overview")
    yield _part(_counts(digest), alert_lines(digest.alerts, look, most), look, ALERTS_PAGE)
    found = [_saving(one, look) for one in digest.savings[:most]] or [[plain_words("None.")]]
    yield _part("Savings found (they overlap: no sum of them)", found, look)


def _part(title: str, items: Sequence[Sequence[Part]], look: Look, page: str | None = None) -> Block:
    url = address(look.dashboard_url, page) if page else None
    head = paragraph(words(title, bold=True), *([plain_words("  "), link(url, "Open")] if url else []))
    return rich(head, bullets(items)) if items else rich(head)


def _budget(standing: BudgetStanding) -> list[Part]:
    amount = money_text(standing.amount, standing.currency)
    spent = (
        f"{money_text(standing.spent, standing.currency)} of {amount} ({share_text(standing.spent, standing.amount)})"
    )
    told = [words(standing.budget, 100, bold=True), plain_words("  "), words(f"{standing.period}: {spent}", 200)]
    return [*told, plain_words("; "), words(_landing(standing), 300)]


def _landing(standing: BudgetStanding) -> str:
    if standing.landing is None:
        why = f": {one_line(standing.unknown, 120)}" if standing.unknown else ""
        return f"where it will land is not known{why}"
    over = standing.landing - standing.amount
    margin = about_text(abs(over), standing.currency)
    landing = about_text(standing.landing, standing.currency)
    where = f"will land at about {landing}, {margin} {'over' if over > 0 else 'under'}"
    if standing.runs_out_on is not None:
        where += f", runs out on {day_text(standing.runs_out_on)}"
    if standing.low is None or standing.high is None:
        return where
    low, high = about_text(standing.low, standing.currency), about_text(standing.high, standing.currency)
    return f"{where} (80 of 100 cases: {low} to {high})"


def _mover(mover: WeekMover) -> list[Part]:
    change = f"{money_text(mover.change, mover.currency, signed=True)} ({change_text(mover.spent, mover.before)})"
    who = f"{mover.team} · {mover.model or NO_MODEL}"
    why = [plain_words(": "), words(mover.cause, 300)] if mover.cause else []
    return [words(change, 120, bold=True), plain_words("  "), words(who, 140), *why]


def _counts(digest: Digest) -> str:
    week = f"{digest.opened:,} opened and {digest.resolved:,} resolved in seven days"
    return f"{counted(len(digest.alerts), 'open alert')} ({week})"


def _saving(saving: Saving, look: Look) -> list[Part]:
    url = address(look.dashboard_url, saving.page)
    amount = words(about_text(saving.amount, saving.currency), 60, bold=True)
    told = [amount, plain_words("  "), words(saving.what, 160), plain_words(": "), words(saving.so, 220)]
    return [*told, *([plain_words(" · "), link(url, "Open")] if url else [])]


def _below(notice: Notice, digest: Digest, look: Look) -> ContextBlock:
    week = digest.week
    told = [
        digest.health,
        f"Data is through {day_text(week.through)}: the same days of other weeks are compared."
        if week.through is not None and week.through < week.last_day
        else "",
        "Effective cost is what the days really cost, prepaid and committed money included.",
    ]
    whose = f"{in_a_line(look.organization, 80)}. " if look.organization else ""
    lines = [in_a_line(" ".join(one for one in told if one), 900), f"{whose}{reference(notice)}"]
    return ContextBlock(elements=[markdown(line, 1000) for line in lines])


def _days(week: Week) -> str:
    first, last = week.first_day, week.last_day
    start = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
    return f"{start} to {day_text(last)}"
