"""The command line's `outlay what-if`: what usage would cost otherwise. Heavy imports stay inside."""

from __future__ import annotations

import typer

supposing = typer.Typer(help="What the same usage would cost otherwise.", no_args_is_help=True)
