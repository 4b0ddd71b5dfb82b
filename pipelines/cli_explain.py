"""The command line's `outlay explain`: whose a charge is and why, and why a cost changed. Heavy imports stay inside."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipelines.cli_options import HomeOption


class _ChargeUnlessCommand(TyperGroup):
    """`outlay explain CHARGE` is `outlay explain charge CHARGE`: a first word that is no command is a charge."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # Typer's Click is its own, and private
        is_charge = bool(args) and ":" in args[0] and self.get_command(ctx, args[0]) is None
        return super().resolve_command(ctx, ["charge", *args] if is_charge else args)


explaining = typer.Typer(help="Why a figure is what it is.", no_args_is_help=True, cls=_ChargeUnlessCommand)


@explaining.command("charge")
def explain_one_charge(
    charge: Annotated[str, typer.Argument(help="Its x_ChargeId, such as openai:2026-09:17.")], home: HomeOption = None
) -> None:
    """Whose a charge is and why, how it is shared, and where its money comes from (`outlay explain CHARGE`, too)."""
    from pipelines.charge_explanations import explain_charge
    from pipelines.home import Home
    from pipelines.told_charges import tell
    from pipelines.workplace import Workplace

    with Workplace.open(Home.at(home)) as work:
        tell(explain_charge(work, charge))


@explaining.command("change")
def explain_change(
    before: Annotated[str, typer.Option("--from", help="Month (2026-09) or days (2026-09-01..2026-09-07).")],
    after: Annotated[str, typer.Option("--to", help="Month or days to compare with it.")],
    by: Annotated[list[str] | None, typer.Option(help="Dimension, such as team or model; may be given again.")] = None,
    basis: Annotated[str, typer.Option(help="effective, billed, list or contracted.")] = "effective",
    where: Annotated[list[str] | None, typer.Option(help="Only where key=value; may be given again.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many lines; the rest is added up.")] = 15,
    home: HomeOption = None,
) -> None:
    """Why charges changed: volume, mix, cache, tier, geography and price, exact to the cent; declared costs apart."""
    from pipelines.changes import explain_change as explain
    from pipelines.home import Home

    explain(Home.at(home), before, after, by or (), basis, where or (), top)
