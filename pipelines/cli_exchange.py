"""The command line's way in and out: `outlay import`, `outlay export`, `outlay check`. Heavy imports stay inside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_options import HomeOption
from pipelines.console import say, watching

importing = typer.Typer(help="Bring in files that a vendor or a tool exported.", no_args_is_help=True)
exporting = typer.Typer(help="Write charges out for other tools.", no_args_is_help=True)
checking = typer.Typer(help="Judge files by FOCUS and by our own rules.", no_args_is_help=True)


@importing.command("focus")
def import_focus(
    path: Annotated[str, typer.Argument(help="File, folder or object store URL; CSV, gzip or Parquet.")],
    source: Annotated[str, typer.Option(help="Name to import it under.")],
    manifest: Annotated[str | None, typer.Option(help="Manifest that lists the export's files.")] = None,
    home: HomeOption = None,
) -> None:
    """Import a FOCUS export, versions 1.0 to 1.4; importing it again changes nothing."""
    _import(home, "focus-files", path, source, {"manifest": manifest})


@importing.command("aws")
def import_aws(
    path: Annotated[str, typer.Argument(help="Export's folder (with data/ and metadata/), or one file of it.")],
    source: Annotated[str, typer.Option(help="Name to import it under.")],
    report: Annotated[str, typer.Option(help="cur2, focus or legacy-cur.")] = "cur2",
    home: HomeOption = None,
) -> None:
    """Import an AWS Data Export or Cost and Usage Report."""
    _import(home, "aws", path, source, {"report": report})


@importing.command("gcp")
def import_gcp(
    path: Annotated[str, typer.Argument(help="Folder of Parquet files exported from the billing table, or one file.")],
    source: Annotated[str, typer.Option(help="Name to import it under.")],
    report: Annotated[str, typer.Option(help="detailed, standard or focus.")] = "detailed",
    home: HomeOption = None,
) -> None:
    """Import Google Cloud's billing export."""
    _import(home, "gcp", path, source, {"report": report})


@importing.command("azure")
def import_azure(
    path: Annotated[str, typer.Argument(help="Export's folder, or one file of it.")],
    source: Annotated[str, typer.Option(help="Name to import it under.")],
    report: Annotated[str, typer.Option(help="focus, actual, amortized or actual-and-amortized.")] = "focus",
    amortized: Annotated[str | None, typer.Option(help="The amortized export, beside the actual one.")] = None,
    home: HomeOption = None,
) -> None:
    """Import an Azure Cost Management export."""
    _import(home, "azure", path, source, {"report": report, "amortized_path": amortized})


@importing.command("invoice")
def import_invoice(
    file: Annotated[Path, typer.Argument(help="CSV with a line for each line of an invoice; see connectors/invoices.")],
    source: Annotated[str, typer.Option(help="Name to keep the invoices under.")] = "invoices",
    home: HomeOption = None,
) -> None:
    """Import invoices: what no other source tells becomes charges, and every invoice is set against its charges."""
    from pipelines.home import Home
    from pipelines.invoices import import_invoices
    from pipelines.status import tell_report
    from pipelines.workplace import Workplace

    with watching() as watcher, Workplace.open(Home.at(home), on_step=watcher.step) as work:
        report = import_invoices(work, file, source)
    raise typer.Exit(tell_report(report))


def _import(home: Path | None, connector: str, path: str, source: str, options: dict[str, str | None]) -> None:
    from pipelines.exchange import import_export
    from pipelines.home import Home
    from pipelines.status import tell_report
    from pipelines.workplace import Workplace

    with watching() as watcher, Workplace.open(Home.at(home), on_step=watcher.step) as work:
        report = import_export(work, connector, path, source, options)
    raise typer.Exit(tell_report(report))


@exporting.command("focus")
def export_focus(
    folder: Annotated[Path, typer.Argument(help="Folder to write billing_period=YYYY-MM/*.parquet into.")],
    version: Annotated[str, typer.Option(help="FOCUS version: 1.4 or 1.2.")] = "1.4",
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be given again.")] = None,
    home: HomeOption = None,
) -> None:
    """Write charges as FOCUS Parquet in a Hive layout."""
    from pipelines.exchange import export_focus as write_out
    from pipelines.home import Home
    from pipelines.workplace import Workplace

    with Workplace.open(Home.at(home)) as work:
        written = write_out(work, folder, version, source or ())
    for path, rows in written:
        say(f"{rows:>9,} charges  {path}")


@exporting.command("disputes")
def export_disputes(
    folder: Annotated[Path, typer.Argument(help="Folder to write the packets into.")],
    issuer: Annotated[str | None, typer.Option(help="Only this invoice issuer: its name, a pattern or aws.")] = None,
    month: Annotated[str | None, typer.Option(help="Only this billing month, YYYY-MM.")] = None,
    home: HomeOption = None,
) -> None:
    """Write lines billed above our prices as CSV, a packet per invoice issuer and month to send to the vendor."""
    from pipelines.console import money
    from pipelines.disputes import export_disputes as write_out
    from pipelines.home import Home

    packets = write_out(Home.at(home), folder, issuer, month)
    for packet in packets:
        disputed = ", ".join(money(amount, currency) for currency, amount in packet.disputed)
        say(f"{packet.issuer} {packet.billing_month}: {packet.lines:,} lines, {disputed}  {packet.files[0]}")
    if not packets:
        say("no line was billed above our prices")


@checking.command("focus")
def check_focus(
    path: Annotated[str, typer.Argument(help="Any FOCUS cost-and-usage file.")],
    lenient: Annotated[bool, typer.Option(help="Warn and count, as for what vendors send; exit 0.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Sample rows to show for each violation.")] = 3,
    version: Annotated[str | None, typer.Option(help="FOCUS version to judge by; default the file's own.")] = None,
) -> None:
    """Our own FOCUS invariants; exit 1 with rule, count and sample rows for each violation."""
    from pipelines.exchange import check_focus as judge

    raise typer.Exit(0 if judge(path, lenient=lenient, samples=limit, version=version) else 1)
