"""Anthropic's reports as tables: paths, dimensions, and which field is which meter. No code reads answers here.

The vendor allows five `group_by` values. What money depends on needs five already, so who used it is a second
question, and `margins` joins the two.
"""

from __future__ import annotations

from collections.abc import Mapping

USAGE = "usage_report/messages"
USAGE_BY_KEY = "usage_report/messages#keys"
USAGE_BY_SPEED = "usage_report/messages#speed"
COSTS = "cost_report"
CLAUDE_CODE = "usage_report/claude_code"
ANALYTICS_USAGE = "analytics/usage"
ANALYTICS_BY_CONTEXT = "analytics/usage#context"
ANALYTICS_BY_SPEED = "analytics/usage#speed"
ANALYTICS_COSTS = "analytics/cost"

API = "/v1/organizations/"
PATHS: Mapping[str, str] = {
    stream: API + stream.partition("#")[0]
    for stream in (
        USAGE, USAGE_BY_KEY, USAGE_BY_SPEED, COSTS, CLAUDE_CODE,
        ANALYTICS_USAGE, ANALYTICS_BY_CONTEXT, ANALYTICS_BY_SPEED, ANALYTICS_COSTS,
    )
}  # fmt: skip

SHARED = ("workspace_id", "model", "service_tier")
"""The dimensions that the two usage pulls of the admin report share."""

MONEY_DIMENSIONS = ("context_window", "inference_geo")
"""The rest of what a price depends on."""

ANALYTICS_DIMENSIONS = ("workspace_id", "api_key_id", "model", "service_tier", "inference_geo")
ANALYTICS_SHARED = ("workspace_id", "model", "service_tier", "inference_geo")
COST_FAN_OUT = ("cost_type", "token_type")

GROUP_BY: Mapping[str, tuple[str, ...]] = {
    USAGE: (*SHARED, *MONEY_DIMENSIONS),
    USAGE_BY_SPEED: (*SHARED, "speed"),
    COSTS: ("workspace_id", "description"),
    ANALYTICS_USAGE: ANALYTICS_DIMENSIONS,
    ANALYTICS_BY_CONTEXT: (*ANALYTICS_SHARED, "context_window"),
    ANALYTICS_BY_SPEED: (*ANALYTICS_SHARED, "speed"),
    ANALYTICS_COSTS: (*ANALYTICS_DIMENSIONS, *COST_FAN_OUT),
}
"""What each pull is grouped by; USAGE_BY_KEY depends on the option `identities`."""

IDENTITY_FIELDS: Mapping[str, str] = {"users": "account_id", "service_accounts": "service_account_id"}

ANALYTICS_BETA = "analytics-usage-cost-2026-08-24"
FAST_MODE_BETA = "fast-mode-2026-02-01"

TOKEN_METERS: Mapping[str, str] = {
    "uncached_input_tokens": "input",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
    "output_tokens": "output",
}
"""Disjoint as they come: uncached input holds neither reads nor writes. Also the words of `token_type`."""

METERS: Mapping[str, str] = {**TOKEN_METERS, "server_tool_use.web_search_requests": "web_searches"}

PROCESSING_TIERS: Mapping[str | None, str] = {
    None: "standard", "standard": "standard", "batch": "batch", "flex": "flex", "flex_discount": "flex",
    "priority": "priority", "priority_on_demand": "priority",
}  # fmt: skip
"""`service_tier` as the ledger names it; none is told for Claude Enterprise. Any other word is unknown."""

KNOWN_WORDS: Mapping[str, frozenset[str]] = {
    "service_tier": frozenset(word for word in PROCESSING_TIERS if word),
    "context_window": frozenset(("0-200k", "200k-1M")),
    "inference_geo": frozenset(("global", "us", "not_available")),
    "speed": frozenset(("fast", "standard")),
    "cost_type": frozenset(("tokens", "web_search", "code_execution", "session_usage")),
    "token_type": frozenset(TOKEN_METERS),
}
"""The closed sets of the documentation (2026-08-22) and the SDK (2.12); other words are kept and told of."""
