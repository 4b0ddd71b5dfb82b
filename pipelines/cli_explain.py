"""The command line's `outlay explain`: why a charge is whose it is, and why a cost changed. Heavy imports stay inside."""

from __future__ import annotations

import typer

explaining = typer.Typer(help="Why a figure is what it is.", no_args_is_help=True)
