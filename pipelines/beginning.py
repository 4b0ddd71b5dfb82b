"""`outlay init`: a first `outlay.yaml` and `.env.example` in a new home. Never a secret, never over what is there."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors.errors import ConfigurationError
from pipelines.home import Home
from pipelines.periods import checked, period_of

_HEAD = """\
# Outlay's configuration. `outlay config check` explains every mistake with its line.
# Secrets are named here (${{NAME}}) and stand in the environment or in .env beside this file, never in here.
organization: {organization}

sources:
"""

_SOURCES = {
    "openai": """\
  - name: openai
    connector: openai
    start: "{start}"
    options:
      admin_key: ${{OPENAI_ADMIN_KEY}}
""",
    "anthropic": """\
  - name: anthropic
    connector: anthropic
    start: "{start}"
    options:
      admin_key: ${{ANTHROPIC_ADMIN_KEY}}
      report: admin  # or: analytics (the newer beta reports)
""",
    "aws": """\
  - name: aws
    connector: aws
    start: "{start}"
    options:
      report: cur2  # or: focus, legacy-cur, cost-explorer
      path: {path}
""",
    "gcp": """\
  - name: gcp
    connector: gcp
    start: "{start}"
    options:
      report: detailed  # or: standard, focus
      {address}: {path}
""",
    "azure": """\
  - name: azure
    connector: azure
    start: "{start}"
    options:
      report: focus  # or: actual-and-amortized (two exports), query (no export)
      path: {path}
""",
    "focus-files": """\
  - name: focus-export
    connector: focus-files
    start: "{start}"
    options:
      path: {path}
""",
}
EXPORTS = ("aws", "gcp", "azure", "focus-files")
"""Connectors that are told where an export lies."""

_TAIL = """
# Who answers for what. First match wins; patterns over ids or names.
owners: []
#  - {project: "Search*", team: Search}
#  - {api_key: "batch-*", team: Data}

# What was agreed: rates (a discount off list, or a price per million tokens or pricing unit), commits, renewal.
contracts: []
#  - name: Anthropic 2026
#    rates:
#      - {provider: anthropic, model: "claude-*", discount_pct: 10, valid_from: 2026-01-01}
#  - name: AWS private pricing
#    issuer: aws
#    rates:
#      - {provider: aws, instance_type: "p5.*", region: "us-*", discount_pct: 12, valid_from: 2026-01-01}
#    commits:
#      - {name: Year 1, kind: spend, amount: 1000000, valid_from: 2026-01-01, valid_to: 2027-01-01}
#    renewal: {day: 2027-01-01, notice_days: 90}

# What no API bills: owned accelerators, people, subscriptions, support. An imported invoice takes its place.
costs: []
#  - {name: Chat seats, kind: subscription, amount: 1000, per: month, team: Search, valid_from: 2026-01-01}
#  - {name: Platform team, kind: people, annual_cost: 400000, share_pct: 25}

# What may be spent, on what and in which time. Each threshold is told once.
budgets: []
#  - {name: All AI, amount: 50000, thresholds_pct: [80, 100]}
#  - {name: Search, period: quarter, amount: 30000, carry_over: unspent, scope: {team: search, model: ["gpt-*"]}}

# Who hears of budgets, anomalies, late sources, renewals: by a webhook, or by a bot with threads and buttons.
alerts:
  slack: {}
#   webhook: ${SLACK_WEBHOOK_URL}
#   bot_token: ${SLACK_BOT_TOKEN}
#   channel: "#ai-costs"
"""

_SECRETS = {
    "openai": ("OPENAI_ADMIN_KEY", "OpenAI admin key (Organization settings, Admin keys); needs api.usage.read"),
    "anthropic": ("ANTHROPIC_ADMIN_KEY", "Anthropic admin key (Console, Admin keys)"),
}


_SLACK_SECRETS = [
    ("SLACK_WEBHOOK_URL", "Slack incoming webhook for alerts; or"),
    ("SLACK_BOT_TOKEN", "Slack bot with chat:write, files:write, channels:history and channels:read"),
]


@dataclass(frozen=True)
class Beginning:
    """What `outlay init` was told. `exports`: where the export of a connector lies."""

    organization: str
    connectors: tuple[str, ...]
    start: str
    exports: Mapping[str, str]


def begin(home: Home, beginning: Beginning) -> list[Path]:
    """Write the two files; returns them. `ConfigurationError` where an `outlay.yaml` is there already."""
    if home.configuration.exists():
        raise ConfigurationError(
            f"there is an {home.configuration.name} in {home.root} already",
            remedy="edit it, or choose another folder with --home",
        )
    sources = "".join(_source(name, beginning) for name in beginning.connectors)
    text = _HEAD.format(organization=_quoted(beginning.organization)) + (sources or "  []\n") + _TAIL
    secrets = [_SECRETS[name] for name in beginning.connectors if name in _SECRETS]
    secrets += _SLACK_SECRETS
    example = "# Copy to .env and fill in.\n" + "".join(f"\n# {meaning}\n{name}=\n" for name, meaning in secrets)
    home.root.mkdir(parents=True, exist_ok=True)
    home.configuration.write_text(text, encoding="utf-8")
    (home.root / ".env.example").write_text(example, encoding="utf-8")
    return [home.configuration, home.root / ".env.example"]


def _source(name: str, beginning: Beginning) -> str:
    path = beginning.exports.get(name, "")
    # a BigQuery table is project.dataset.table; everything else is a place of files
    address = "path" if "/" in path else "table"
    return _SOURCES[name].format(start=beginning.start, path=_quoted(path), address=address)


def ask(
    organization: str | None,
    *,
    openai: bool | None,
    anthropic: bool | None,
    exports: Mapping[str, str | None],
    start: str | None,
) -> Beginning:
    """Flags as they are; what they leave open is asked on a terminal, and taken as no elsewhere.

    `exports`: where the export of each of `EXPORTS` lies, as far as it was said; an export is never asked for.
    """
    asking = sys.stdin.isatty()
    if organization is None:
        organization = _answer("Your organisation's name", "My organisation") if asking else "My organisation"
    chosen = {"openai": openai, "anthropic": anthropic}
    for name, said in chosen.items():
        if said is None:
            chosen[name] = asking and _answer(f"Pull {name}? y/n", "y").lower() == "y"
    told = {name: path for name in EXPORTS if (path := exports.get(name)) is not None}
    return Beginning(
        organization=organization,
        connectors=(*(name for name, said in chosen.items() if said), *told),
        start=checked(start or period_of(datetime.now(UTC))),
        exports=told,
    )


def _answer(question: str, default: str) -> str:
    from rich.prompt import Prompt

    return Prompt.ask(question, default=default)


def _quoted(value: str) -> str:
    """A YAML double-quoted scalar."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
