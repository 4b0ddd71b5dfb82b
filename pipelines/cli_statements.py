"""The command line's `outlay statement`: what a team is charged, issued once. Heavy imports stay inside."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import HomeOption
from pipelines.console import say, show_table, writing

if TYPE_CHECKING:
    from connectors.control import IssuedStatement

stating = typer.Typer(help="What each team is charged, month by month: issued once.", no_args_is_help=True)

MonthOption = Annotated[str, typer.Option(help="Month of use, YYYY-MM.")]


@stating.command("preview")
def statement_preview(
    team: Annotated[str, typer.Option(help="Team; `unallocated` for what no team owns.")],
    month: MonthOption,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the page (HTML) there.")] = None,
    home: HomeOption = None,
) -> None:
    """Show a statement as it would be issued now; nothing is recorded."""
    from models.economics.statements import totals
    from models.wording import instant_text, money_text, month_text
    from pipelines.home import Home
    from pipelines.statement_page import page, share_of_driver
    from pipelines.statements_issued import preview, stated_to
    from pipelines.workplace import Workplace

    with Workplace.open(Home.at(home)) as work:
        draft = preview(work, team, month)
        stands = stated_to(work.control.issued_statements(), month, team)
    columns = ("section", "component", "vendor", "item", "pool", "share", "cost")
    rows = [
        (
            line["section"] if line["section"] != "adjustment" else f"adjustment of {line['month']}",
            line["component"],
            line["vendor"],
            line["item"],
            line["pool"],
            share_of_driver(line["share_pct"], line["driver"]) if line["pool"] else "",
            money_text(line["effective_cost"], line["currency"]),
        )
        for line in draft.lines.iter_rows(named=True)
    ]
    show_table(f"{team}, {month_text(month)}: preview, not issued", columns, rows, right=("cost",))
    for currency, amount in totals(draft.lines).select("currency", "effective_cost").iter_rows():
        say(f"total {money_text(amount, currency)}")
    if stands is not None:
        say(
            f"No. {stands.number} was issued on {instant_text(stands.issued_at)} and stands: what differs from it "
            "will be an adjustment in the next month's statement"
        )
    if output is not None:
        with writing(output):
            output.write_text(page(draft, None), encoding="utf-8")
        say(f"wrote {output}")


@stating.command("issue")
def statement_issue(
    month: MonthOption,
    team: Annotated[str | None, typer.Option(help="Only this team; default: everybody who has none yet.")] = None,
    home: HomeOption = None,
) -> None:
    """Issue statements of a month that is over. Once issued, a statement never changes."""
    from models.wording import month_text
    from pipelines.home import Home
    from pipelines.statements_issued import issue, months_out_of_order
    from pipelines.workplace import Workplace

    with Workplace.open(Home.at(home)) as work:
        for statement in issue(work, month, team):
            say(f"No. {statement.number} {_name(statement)}: {_total(statement)}  {work.home.root / statement.page}")
        passed, later = months_out_of_order(work, month)
    if later:
        said = ", ".join(month_text(each) for each in later)
        say(f"{said} was issued before it and says nothing of {month_text(month)}: a later statement will adjust both")
    if passed:
        said = ", ".join(month_text(each) for each in passed)
        say(f"{said} was never issued to everybody: who has no statement of it hears nothing of what changes in it")


@stating.command("list")
def statement_list(
    month: Annotated[str | None, typer.Option(help="Only this month, YYYY-MM.")] = None, home: HomeOption = None
) -> None:
    """Every issued statement, and whether its files are still what was issued; exit 1 where one is not."""
    from models.wording import instant_text
    from pipelines.home import Home
    from pipelines.statements_issued import standings
    from pipelines.workplace import Workplace

    with Workplace.open(Home.at(home)) as work:
        found = [each for each in standings(work) if month is None or each.statement.month == month]
    rows = [
        (
            each.statement.number,
            each.statement.month,
            _name(each.statement),
            _total(each.statement),
            f"{instant_text(each.statement.issued_at)} by {each.statement.issued_by}",
            "as issued" if each.is_whole else ", ".join(f"{path} is {how}" for path, how in each.wrong.items()),
        )
        for each in found
    ]
    show_table(None, ("no.", "month", "team", "total", "issued", "files"), rows, right=("no.", "total"))
    if not found:
        say("no statement was issued yet")
    raise typer.Exit(0 if all(each.is_whole for each in found) else 1)


@stating.command("show")
def statement_show(
    number: Annotated[int, typer.Argument(help="Number of the statement.")], home: HomeOption = None
) -> None:
    """What a statement said, where its files lie, and whether they are still what was issued."""
    from models.wording import instant_text, money_text
    from pipelines.home import Home
    from pipelines.statements_issued import standing
    from pipelines.workplace import Workplace

    with Workplace.open(Home.at(home)) as work:
        found, root = standing(work, number), Home.at(home).root
    statement = found.statement
    rows = [
        (each.section, each.concerned_month, money_text(each.effective_cost, each.currency))
        for each in statement.amounts
    ]
    title = f"No. {number}, {_name(statement)}, {statement.month}"
    show_table(title, ("section", "month", "cost"), [*rows, ("total", "", _total(statement))], right=("cost",))
    say(f"issued {instant_text(statement.issued_at)} by {statement.issued_by}, made from {statement.publication}")
    for path, how in found.files.items():
        say(f"{root / path}: {'as issued' if how == 'ok' else how}")
    raise typer.Exit(0 if found.is_whole else 1)


def _name(statement: IssuedStatement) -> str:
    from models.economics.ownership import UNALLOCATED

    return statement.team or UNALLOCATED


def _total(statement: IssuedStatement) -> str:
    from models.wording import money_text

    sums: dict[str, Decimal] = {}
    for each in statement.amounts:
        sums[each.currency] = sums.get(each.currency, Decimal(0)) + each.effective_cost
    return " · ".join(money_text(amount, currency) for currency, amount in sorted(sums.items()))
