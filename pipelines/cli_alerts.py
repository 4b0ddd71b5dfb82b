"""The command line's `outlay alerts` and `outlay slack`: who is told what, and what people do about it."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import HomeOption
from pipelines.console import say, show_error, writing

if TYPE_CHECKING:
    from models.control.alerts import Act
    from pipelines.workplace import Workplace

alerting = typer.Typer(help="What people are told, and what they do about it.", no_args_is_help=True)

AlertArgument = Annotated[list[str], typer.Argument(help="Alerts, as `outlay alerts list` names them.")]
NoteOption = Annotated[str | None, typer.Option(help="Why, kept with it.")]
WhoOption = Annotated[str | None, typer.Option("--as", help="In whose name; default: yours on this machine.")]

_SPAN = re.compile(r"^(\d{1,4})\s*(h|d|w)$")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@alerting.command("list")
def alerts_list(
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as budget or anomaly.")] = None,
    state: Annotated[str | None, typer.Option(help="Only this state, such as notified or snoozed.")] = None,
    team: Annotated[str | None, typer.Option(help="Only what this team owns.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was resolved long ago.")] = False,
    home: HomeOption = None,
) -> None:
    """Every alert as it stands, what is not resolved and gravest first."""
    from pipelines.alerts_told import Asked, show_alerts

    with _opened(home) as work:
        show_alerts(work, Asked(kind, state, team, everything))


@alerting.command("show")
def alerts_show(
    alert: Annotated[str, typer.Argument(help="As `outlay alerts list` names it; its first characters do.")],
    home: HomeOption = None,
) -> None:
    """One alert: what it says, its history, and what was sent of it."""
    from pipelines.alerts_told import show_alert

    with _opened(home) as work:
        show_alert(work, alert)


@alerting.command("ack")
def alerts_ack(alerts: AlertArgument, note: NoteOption = None, who: WhoOption = None, home: HomeOption = None) -> None:
    """Take an alert up: it is not escalated any more, and resolves by itself when all is well."""
    _act(alerts, "acknowledge", home, who, note)


@alerting.command("snooze")
def alerts_snooze(
    alerts: AlertArgument,
    span: Annotated[str, typer.Option("--for", help="How long: 4h, 3d or 1w.")] = "1d",
    note: NoteOption = None,
    who: WhoOption = None,
    home: HomeOption = None,
) -> None:
    """Hear nothing of an alert for a while; it is told again if it still holds then."""
    found = _SPAN.match(span.strip().lower())
    if found is None:
        raise typer.BadParameter(f"{span!r} is no span; write 4h, 3d or 1w", param_hint="--for")
    _act(alerts, "snooze", home, who, note, int(found[1]) * _UNITS[found[2]])


@alerting.command("resolve")
def alerts_resolve(
    alerts: AlertArgument, note: NoteOption = None, who: WhoOption = None, home: HomeOption = None
) -> None:
    """Close an alert although it may still hold; it opens again only after it was away."""
    _act(alerts, "resolve", home, who, note)


@alerting.command("send")
def alerts_send(
    digest: Annotated[bool, typer.Option("--digest", help="Also the weekly digest, now.")] = False,
    home: HomeOption = None,
) -> None:
    """Make a pass now: apply what people asked for, judge what is published, send what is due or was given up."""
    from pipelines.alerting import alert
    from pipelines.status import tell_alerts

    with _opened(home) as work:
        if not work.home.published.exists():
            say("nothing is published yet: `outlay run` pulls and publishes, and then there is something to judge")
        report = alert(work, digest_now=digest, try_again=True)
    tell_alerts(report)
    for failure in report.failures:
        show_error(failure)
    raise typer.Exit(1 if report.failures else 0)


@alerting.command("preview")
def alerts_preview(
    alert: Annotated[str | None, typer.Argument(help="Only this one; default: all that are not resolved.")] = None,
    digest: Annotated[bool, typer.Option("--digest", help="The weekly digest instead.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write them there as a page instead, as Slack would show.")] = None,
    home: HomeOption = None,
) -> None:
    """Show messages as people would read them; nothing is sent."""
    from pipelines.alert_previews import digest_preview, page, previews, texts

    with _opened(home) as work:
        messages = [digest_preview(work)] if digest else previews(work, alert)
    if not messages:
        say("nothing to tell")
    elif html is None:
        for text in texts(messages):
            print(text + "\n")
    else:
        with writing(html):
            html.write_text(page(messages), encoding="utf-8")
        say(f"wrote {html}")


@alerting.command("test")
def alerts_test(
    send: Annotated[bool, typer.Option("--send/--no-send", help="Post a test message to every place.")] = True,
    home: HomeOption = None,
) -> None:
    """Try rules and routes: what could be judged, who would be told of what, and whether each place can be reached."""
    from pipelines.alert_trial import show_trial

    with _opened(home) as work:
        raise typer.Exit(0 if show_trial(work, send=send) else 1)


def slack(home: HomeOption = None) -> None:
    """Listen to buttons in Slack's messages (Socket Mode): acknowledge and snooze; Ctrl-C ends it."""
    import signal

    from pipelines.home import Home
    from pipelines.slack_buttons import listening

    with listening(Home.at(home)):
        say("listening to Slack; Ctrl-C ends it")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


@contextmanager
def _opened(folder: Path | None) -> Generator[Workplace]:
    """A home that is there: a name that was mistyped makes no new one."""
    from models.errors import OutlayError
    from pipelines.home import Home
    from pipelines.workplace import Workplace

    home = Home.at(folder)
    if not (home.configuration.exists() or home.published.exists()):
        raise OutlayError(
            f"there is neither an outlay.yaml nor anything published in {home.root}",
            remedy="name another folder with --home, or begin with `outlay init`",
        )
    with Workplace.open(home) as work:
        yield work


def _act(
    alerts: Sequence[str], act: Act, home: Path | None, who: str | None, note: str | None, span: timedelta | None = None
) -> None:
    """Each in turn; one that cannot be done stops no other, and is told at the end."""
    from models.control.alert_words import state_text
    from models.errors import OutlayError
    from pipelines.alert_acts import act_on

    failed = False
    with _opened(home) as work:
        for alert_id in alerts:
            try:
                alert = act_on(work, alert_id, act, who=who, note=note, span=span)
            except OutlayError as error:
                show_error(error)
                failed = True
            else:
                say(f"{alert.condition.alert_id} {alert.condition.subject}: {state_text(alert)}")
    raise typer.Exit(1 if failed else 0)
