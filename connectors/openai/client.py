"""The OpenAI connector: which questions are asked, in which order, and how the answers become one Translation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import polars as pl

from connectors.http import VendorClient, read_json
from connectors.json_answers import Tally, note_clock_skew
from connectors.name_rows import STREAM_PREFIX, read_names
from connectors.openai.charges import read_costs, to_charges
from connectors.openai.meters import WIDTHS, read_usage, to_usage_readings
from connectors.openai.options import OpenAIOptions
from connectors.openai.reports import COSTS, COSTS_PATH, REPORTS, Report
from connectors.paging import Question, follow, list_token, report_token
from connectors.protocol import TOKEN_TOTALS_SCHEMA, Answer, Claim, Surroundings, Translation, Window
from models.ledger.billing import BILL_LINES
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.metering import METER_READINGS

_SCOPE = "an admin key (sk-admin-…) of an organisation owner, or one with the scope api.usage.read"
_USAGE_LIMIT = {"1d": "31", "1h": "168"}
_COST_LIMIT = "180"
_LIST_LIMIT = ("limit", "100")
_REFUSABLE = (403, 404)
NAME_KINDS = {
    "names/projects": "project",
    "names/api_keys": "api_key",
    "names/admin_api_keys": "api_key",
    "names/users": "user",
    "names/service_accounts": "user",
}


class OpenAIConnector:
    """One OpenAI organisation."""

    def __init__(self, source: str, options: OpenAIOptions, surroundings: Surroundings) -> None:
        self.source = source
        self.options = options
        self._surroundings = surroundings

    def __repr__(self) -> str:
        return f"OpenAIConnector({self.source!r}, {self.options.base_url!r})"

    def pull(self, window: Window) -> Iterator[Answer]:
        """Every configured report of the window up to the end of today, then names. Raises `connectors.errors`."""
        today = self._surroundings.clock().replace(hour=0, minute=0, second=0, microsecond=0)
        asked = Window(window.start, min(window.end, today + timedelta(days=1)))
        with self._client() as client:
            if asked.start < asked.end:
                for stream in self.options.streams:
                    yield from follow(client, self._question(stream, asked), window)
            yield from self._pull_names(client, window)

    def translate(self, window: Window, answers: Iterable[Answer]) -> Translation:
        """Readings, bill lines, totals and names. Pure; raises AnswerError for what cannot be read."""
        tally = Tally()
        streams: dict[str, list[Answer]] = defaultdict(list)
        for answer in answers:
            note_clock_skew(tally, answer)
            streams[answer.stream].append(answer)
        account_id = self._account_id(streams, tally)
        readings, totals, missing = [METER_READINGS.empty()], [pl.DataFrame(schema=TOKEN_TOTALS_SCHEMA)], list[str]()
        lines = BILL_LINES.empty()
        for stream in self.options.streams:
            found = streams.get(stream, [])
            if stream == COSTS:
                costs = read_costs(found, window, tally)
                lines = to_charges(costs.rows, source=self.source, account_id=account_id, tally=tally)
                missing.extend(costs.missing)
            elif not _refused(REPORTS[stream], found, tally):
                width = WIDTHS[self.options.bucket_width]
                usage = read_usage(REPORTS[stream], found, window, width, tally)
                rows, sums = to_usage_readings(
                    REPORTS[stream], usage.rows, source=self.source, account_id=account_id, window=window, tally=tally
                )
                readings.append(rows)
                totals.append(sums)
                missing.extend(usage.missing)
        names = read_names((answer for found in streams.values() for answer in found), NAME_KINDS, tally)
        return Translation(
            meter_readings=pl.concat(readings),
            bill_lines=lines,
            estimates=USAGE_ESTIMATES.empty(),
            names=names,
            totals=pl.concat(totals),
            claims=self._claims(account_id),
            missing=tuple(missing),
            findings=tally.findings,
        )

    def _client(self) -> VendorClient:
        key = self.options.admin_key
        return VendorClient(
            self.source,
            self.options.base_url,
            headers={"Authorization": f"Bearer {key.get_secret_value()}"},
            secrets=[key],
            scope=_SCOPE,
            transport=self._surroundings.transport,
            clock=self._surroundings.clock,
            sleep=self._surroundings.sleep,
        )

    def _question(self, stream: str, asked: Window) -> Question:
        width, limit = (
            ("1d", _COST_LIMIT)
            if stream == COSTS
            else (self.options.bucket_width, _USAGE_LIMIT[self.options.bucket_width])
        )
        group_by = self.options.cost_group_by if stream == COSTS else REPORTS[stream].group_by
        params = [
            ("start_time", str(int(asked.start.timestamp()))),
            ("end_time", str(int(asked.end.timestamp()))),
            ("bucket_width", width),
            ("limit", limit),
            # The vendor's SDK sends brackets; its spec says none are needed. Both are seen to work.
            *(("group_by[]", dimension) for dimension in group_by),
        ]
        optional = stream != COSTS and REPORTS[stream].optional
        path = COSTS_PATH if stream == COSTS else REPORTS[stream].path
        return Question(stream, path, params, "page", report_token, _REFUSABLE if optional else ())

    def _pull_names(self, client: VendorClient, window: Window) -> Iterator[Answer]:
        if self.options.project_names:
            projects: list[str] = []
            for answer in self._list(
                client, window, "projects", "/organization/projects", ("include_archived", "true")
            ):
                yield answer
                projects.extend(_ids(answer))
            for project in projects:
                path = f"/organization/projects/{project}/api_keys"
                yield from self._list(client, window, "api_keys", path, ("owner_project_access", "any"))
                if self.options.user_names:
                    path = f"/organization/projects/{project}/service_accounts"
                    yield from self._list(client, window, "service_accounts", path)
            yield from self._list(client, window, "admin_api_keys", "/organization/admin_api_keys")
        if self.options.user_names:
            yield from self._list(client, window, "users", "/organization/users")

    def _list(
        self, client: VendorClient, window: Window, name: str, path: str, *more: tuple[str, str]
    ) -> Iterator[Answer]:
        question = Question(STREAM_PREFIX + name, path, [_LIST_LIMIT, *more], "after", list_token, _REFUSABLE)
        return follow(client, question, window)

    def _account_id(self, streams: dict[str, list[Answer]], tally: Tally) -> str:
        """The organisation as the answers name it, else as `outlay.yaml` does, else the source's own name."""
        told = {
            answer.facts["openai-organization"]
            for found in streams.values()
            for answer in found
            if answer.facts.get("openai-organization")
        }
        configured = self.options.account_id
        if configured and told and configured not in told:
            tally.note("other account", f"account_id is {configured}, the answers are of {', '.join(sorted(told))}")
        return min(told, default=None) or configured or self.source

    def _claims(self, account_id: str) -> tuple[Claim, ...]:
        money = [Claim("OpenAI", account_id, "money")] if COSTS in self.options.streams else []
        usage = [Claim("OpenAI", account_id, "usage")] if set(self.options.streams) - {COSTS} else []
        return (*money, *usage)


def _ids(answer: Answer) -> list[str]:
    """The ids that a list holds, for the questions that follow from them; the client has proven it to be JSON."""
    if "status" in answer.facts or not isinstance(answer.body, bytes):
        return []
    items: list[dict[str, Any]] = read_json(answer.body).get("data") or []
    return [str(item["id"]) for item in items if "id" in item]


def _refused(report: Report, answers: list[Answer], tally: Tally) -> bool:
    """An optional report that this organisation does not have."""
    statuses = {answer.facts["status"] for answer in answers if "status" in answer.facts}
    if report.optional and statuses:
        tally.note("report not available", f"{report.name}: the vendor answered {', '.join(sorted(statuses))}")
    return report.optional and (bool(statuses) or not answers)
