"""The Anthropic connector: which questions are asked, in which order, and how the answers become one Translation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from connectors.anthropic import analytics, charges, messages
from connectors.anthropic.claude_code import asked_days, to_estimates
from connectors.anthropic.options import AnthropicOptions
from connectors.anthropic.reports import (
    ANALYTICS_BETA,
    ANALYTICS_BY_CONTEXT,
    ANALYTICS_BY_SPEED,
    ANALYTICS_COSTS,
    ANALYTICS_USAGE,
    API,
    CLAUDE_CODE,
    COSTS,
    FAST_MODE_BETA,
    GROUP_BY,
    PATHS,
    USAGE,
    USAGE_BY_KEY,
    USAGE_BY_SPEED,
)
from connectors.anthropic.usage_rows import DEFAULT_WORKSPACE
from connectors.http import VendorClient
from connectors.json_answers import Tally, note_clock_skew, read_object
from connectors.name_rows import STREAM_PREFIX, read_names
from connectors.paging import Question, follow, list_token, report_token
from connectors.protocol import NAMES_SCHEMA, Answer, Claim, Surroundings, Translation, Window
from models.ledger.estimates import USAGE_ESTIMATES

_VERSION = "2023-06-01"
_BUCKET_LIMIT = {"1d": "31", "1h": "168"}
_ROW_LIMIT = "1000"
_LONGEST_RANGE = timedelta(days=31)
_REFUSABLE = (403, 404)
_SCOPES = {
    "admin": "an Admin API key (sk-ant-admin01-…) made by an organisation admin; workspace keys are not enough",
    "analytics": "an Admin API key (sk-ant-admin01-…), or a key with the scope read:analytics",
}
NAME_KINDS = {
    "names/organization": "account",
    "names/workspaces": "project",
    "names/api_keys": "api_key",
    "names/users": "user",
    "names/service_accounts": "user",
}


class AnthropicConnector:
    """One Anthropic organisation."""

    def __init__(self, source: str, options: AnthropicOptions, surroundings: Surroundings) -> None:
        self.source = source
        self.options = options
        self._surroundings = surroundings

    def __repr__(self) -> str:
        return f"AnthropicConnector({self.source!r}, {self.options.base_url!r}, {self.options.report!r})"

    @property
    def usage_streams(self) -> tuple[str, ...]:
        """The usage pulls, in the order in which they are asked: who used it first, then what is billed, so that
        on the day that is still running the attribution does not exceed the usage."""
        if self.options.report == "analytics":
            by_context = (ANALYTICS_BY_CONTEXT,) if self.options.context_window else ()
            return (*by_context, *((ANALYTICS_BY_SPEED,) if self.options.speed else ()), ANALYTICS_USAGE)
        return (*((USAGE_BY_SPEED,) if self.options.speed else ()), USAGE_BY_KEY, USAGE)

    def pull(self, window: Window) -> Iterator[Answer]:
        """Usage and cost of the window up to the end of today, then names. Raises `connectors.errors`."""
        now = self._surroundings.clock()
        tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        asked = Window(window.start, min(window.end, tomorrow))
        admin = self.options.report == "admin"
        with self._client() as client:
            if asked.start < asked.end:
                for stream in (*self.usage_streams, COSTS if admin else ANALYTICS_COSTS):
                    for question in [self._report(stream, asked)] if admin else self._flat_reports(stream, asked):
                        yield from follow(client, question, window)
            if self.options.claude_code:
                for day in asked_days(window, now):
                    yield from follow(client, self._claude_code(day), window)
            yield from self._pull_names(client, window)

    def translate(self, window: Window, answers: Iterable[Answer]) -> Translation:
        """Readings, bill lines, estimates, totals and names. Pure; raises AnswerError for what cannot be read."""
        tally = Tally()
        streams: dict[str, list[Answer]] = defaultdict(list)
        for answer in answers:
            note_clock_skew(tally, answer)
            streams[answer.stream].append(answer)
        account_id = self._account_id(streams)
        told: dict[str, Any] = {"source": self.source, "account_id": account_id, "tally": tally}
        if self.options.report == "admin":
            readings, totals, lines, missing = self._translate_admin(streams, window, told)
        else:
            readings, totals, lines, missing = self._translate_analytics(streams, window, told)
        estimates = USAGE_ESTIMATES.empty()
        if self.options.claude_code:
            estimates, gaps = to_estimates(streams[CLAUDE_CODE], window, **told)
            missing.extend(gaps)
        return Translation(
            meter_readings=readings,
            bill_lines=lines,
            estimates=estimates,
            names=self._names(streams, tally),
            totals=totals,
            claims=(Claim("Anthropic", account_id, "money"), Claim("Anthropic", account_id, "usage")),
            missing=tuple(missing),
            findings=tally.findings,
        )

    def _translate_admin(
        self, streams: dict[str, list[Answer]], window: Window, told: dict[str, Any]
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, list[str]]:
        width = messages.WIDTHS[self.options.bucket_width]
        pulls = {
            stream: messages.read_messages(stream, streams[stream], window, width, told["tally"])
            for stream in self.usage_streams
        }
        rows = {stream: buckets.rows for stream, buckets in pulls.items()}
        readings, totals = messages.to_usage_readings(rows, identities=self.options.identities, **told)
        costs = charges.read_costs(streams[COSTS], window, told["tally"])
        missing = [gap for buckets in (*pulls.values(), costs) for gap in buckets.missing]
        return readings, totals, charges.to_charges(costs.rows, **told), missing

    def _translate_analytics(
        self, streams: dict[str, list[Answer]], window: Window, told: dict[str, Any]
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, list[str]]:
        pulls = {
            stream: analytics.read_usage(stream, streams[stream], window, told["tally"])
            for stream in self.usage_streams
        }
        rows = {stream: flat.rows for stream, flat in pulls.items()}
        readings, totals = analytics.to_usage_readings(rows, **told)
        costs = analytics.read_costs(streams[ANALYTICS_COSTS], window, told["tally"])
        missing = [gap for flat in (*pulls.values(), costs) for gap in flat.missing]
        return readings, totals, analytics.to_charges(costs.rows, **told), missing

    def _client(self) -> VendorClient:
        key = self.options.admin_key
        return VendorClient(
            self.source,
            self.options.base_url,
            headers={"x-api-key": key.get_secret_value(), "anthropic-version": _VERSION},
            secrets=[key],
            scope=_SCOPES[self.options.report],
            transport=self._surroundings.transport,
            clock=self._surroundings.clock,
            sleep=self._surroundings.sleep,
        )

    def _report(self, stream: str, asked: Window) -> Question:
        """A bucketed report of the admin family; costs are by day only."""
        width = "1d" if stream == COSTS else self.options.bucket_width
        by_key = stream == USAGE_BY_KEY
        group_by = messages.identity_dimensions(self.options.identities) if by_key else GROUP_BY[stream]
        params = [
            *_range(asked),
            ("bucket_width", width),
            ("limit", _BUCKET_LIMIT[width]),
            *(("group_by[]", dimension) for dimension in group_by),
        ]
        headers = {"anthropic-beta": FAST_MODE_BETA} if stream == USAGE_BY_SPEED else {}
        return Question(stream, PATHS[stream], params, "page", report_token, headers=headers)

    def _flat_reports(self, stream: str, asked: Window) -> Iterator[Question]:
        """A report of the analytics family, in ranges of at most 31 days, oldest first so that pages stay put."""
        start = asked.start
        while start < asked.end:
            end = min(start + _LONGEST_RANGE, asked.end)
            params = [
                *_range(Window(start, end)),
                ("time_bucket_width", "1d"),
                ("limit", _ROW_LIMIT),
                ("order_by", "time"),
                ("order", "asc"),
                *(("group_by[]", dimension) for dimension in GROUP_BY[stream]),
            ]
            headers = {"anthropic-beta": ANALYTICS_BETA}
            yield Question(stream, PATHS[stream], params, "page", report_token, headers=headers)
            start = end

    def _claude_code(self, day: datetime) -> Question:
        params = [("starting_at", f"{day:%Y-%m-%d}"), ("limit", _ROW_LIMIT)]
        return Question(CLAUDE_CODE, PATHS[CLAUDE_CODE], params, "page", report_token)

    def _pull_names(self, client: VendorClient, window: Window) -> Iterator[Answer]:
        whole = Question("names/organization", f"{API}me", [], "page", lambda _: None, _REFUSABLE)
        yield from follow(client, whole, window)
        if self.options.workspace_names:
            archived = [("include_archived", "true")]
            default = [("include_default", "true")] if self.options.report == "analytics" else []
            yield from self._list(client, window, "workspaces", [*archived, *default])
            yield from self._list(client, window, "api_keys")
        if self.options.user_names:
            yield from self._list(client, window, "users")
            if self.options.identities == "service_accounts":
                params = [("include_archived", "true"), ("limit", "100")]
                path = f"{API}service_accounts"
                question = Question(
                    "names/service_accounts", path, params, "page", lambda page: page.get("next_page"), _REFUSABLE
                )
                yield from follow(client, question, window)

    def _list(
        self, client: VendorClient, window: Window, name: str, more: Iterable[tuple[str, str]] = ()
    ) -> Iterator[Answer]:
        params = [("limit", _ROW_LIMIT), *more]
        question = Question(STREAM_PREFIX + name, API + name, params, "after_id", list_token, _REFUSABLE)
        return follow(client, question, window)

    def _names(self, streams: dict[str, list[Answer]], tally: Tally) -> pl.DataFrame:
        names = read_names((answer for found in streams.values() for answer in found), NAME_KINDS, tally)
        workspaces = [
            answer.fetched_at for answer in streams.get("names/workspaces", []) if not answer.facts.get("status")
        ]
        if self.options.report == "admin" and workspaces:
            row = ("project", DEFAULT_WORKSPACE, "Default workspace", workspaces[0])
            names = pl.concat([names, pl.DataFrame([row], schema=NAMES_SCHEMA, orient="row")])
        return names

    def _account_id(self, streams: dict[str, list[Answer]]) -> str:
        """The organisation as the answers name it, else as `outlay.yaml` does, else the source's own name."""
        told = {
            answer.facts["anthropic-organization-id"]
            for found in streams.values()
            for answer in found
            if answer.facts.get("anthropic-organization-id")
        }
        told = told or {
            str(read_object(answer)["id"])
            for answer in streams.get("names/organization", [])
            if "status" not in answer.facts and "id" in read_object(answer)
        }
        return min(told, default=None) or self.options.account_id or self.source


def _range(asked: Window) -> list[tuple[str, str]]:
    return [("starting_at", f"{asked.start:%Y-%m-%dT%H:%M:%SZ}"), ("ending_at", f"{asked.end:%Y-%m-%dT%H:%M:%SZ}")]
