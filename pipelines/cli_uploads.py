"""The command line's `outlay uploads`: what people uploaded on the page, and taking one of them back."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli_options import HomeOption
from pipelines.console import say, show_table

uploading = typer.Typer(help="Budgets and owners that people uploaded over outlay.yaml.", no_args_is_help=True)

NumberArgument = Annotated[int, typer.Argument(help="Its number, as `outlay uploads list` says it.")]


@uploading.command("list")
def uploads_list(home: HomeOption = None) -> None:
    """Every upload, in the order in which they came, and what became of it."""
    from models.control.uploads import in_force
    from models.wording import instant_text
    from pipelines.uploaded import kept_uploads

    kept = kept_uploads(home)
    if not kept:
        say("nobody uploaded anything: outlay.yaml alone holds")
        return
    counts = in_force(kept)
    rows = [
        (
            str(each.number),
            each.upload.kind,
            "in force" if each in counts else "replaced" if each.state == "applied" else each.state,
            each.upload.who,
            instant_text(each.upload.at),
            each.publications[0] if each.publications else "not yet",
            each.why or each.upload.note,
        )
        for each in kept
    ]
    show_table(None, ("no.", "what", "state", "who", "when", "first published in", "why"), rows)


@uploading.command("show")
def uploads_show(number: NumberArgument, home: HomeOption = None) -> None:
    """The table of one of them, as it was uploaded."""
    from pipelines.uploaded import kept_upload

    print(kept_upload(home, number).upload.content, end="")


@uploading.command("withdraw")
def uploads_withdraw(
    number: NumberArgument,
    why: Annotated[str, typer.Option(help="The reason, kept with it.")],
    who: Annotated[str | None, typer.Option("--as", help="In whose name; default: yours on this machine.")] = None,
    home: HomeOption = None,
) -> None:
    """Take one back: it counts no longer from the next publication on; it stays in the log."""
    from pipelines.uploaded import withdraw_upload

    kept = withdraw_upload(home, number, who=who, why=why)
    shown = "; `outlay run` publishes without it" if kept.publications else ""
    say(f"upload {number} ({kept.upload.kind}, by {kept.upload.who}) is withdrawn{shown}")
