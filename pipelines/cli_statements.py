"""The command line's `outlay statement`: what a team is charged, issued once. Heavy imports stay inside."""

from __future__ import annotations

import typer

stating = typer.Typer(help="What each team is charged, month by month: issued once.", no_args_is_help=True)
