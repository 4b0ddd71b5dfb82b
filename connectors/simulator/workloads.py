"""How much each key uses of what on an ordinary weekday: a table, no code.

A workload is one steady stream of requests: a key (or somebody at the playground, without a key), a model, a tier and
a mix. Chance, weekdays, growth and events are added by `traffic`.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.events import REFUSED_MODEL, UNKNOWN_MODEL
from connectors.simulator.organisation import ANTHROPIC, LABS, OPENAI, VECTOR_STORES

Mix = tuple[tuple[str, int], ...]
"""Meters and how many thousandths of the volume each has."""

HAIKU, SONNET_LONG = "claude-haiku-4-5-20251001", "claude-sonnet-4-5-20250929"
_MILLION = 1_000_000


@dataclass(frozen=True)
class Workload:
    """One stream of requests. `volume` is input tokens a weekday (or units of the only meter)."""

    source: str
    endpoint: str
    project: str | None
    key: str | None
    model: str | None
    volume: int
    mix: Mix
    tier: str = "standard"
    shape: str = "office"
    person: str | None = None
    geo: str | None = None
    context: str | None = None
    detail: tuple[tuple[str, str], ...] = ()
    request_size: int = 2600

    @property
    def name(self) -> str:
        """What its chance is drawn by."""
        return "/".join(
            str(part) for part in (self.source, self.endpoint, self.project, self.key, self.person, self.model,
                                   self.tier, self.detail)
        )  # fmt: skip


def _text(cached: int, output: int, written: int = 0) -> Mix:
    mix = (("input", 1000 - cached - written), ("cache_read", cached), ("cache_write", written), ("output", output))
    return tuple((meter, share) for meter, share in mix if share)


def _claude(cached: int, output: int, written_5m: int = 0, written_1h: int = 0) -> Mix:
    mix = (
        ("input", 1000 - cached - written_5m - written_1h), ("cache_write_5m", written_5m),
        ("cache_write_1h", written_1h), ("cache_read", cached), ("output", output),
    )  # fmt: skip
    return tuple((meter, share) for meter, share in mix if share)


def _openai(
    project: str,
    key: str | None,
    model: str | None,
    millions: int,
    mix: Mix,
    tier: str = "standard",
    shape: str = "office",
    *,
    endpoint: str = "completions",
    person: str | None = None,
) -> Workload:
    return Workload(OPENAI, endpoint, project, key, model, millions * _MILLION, mix, tier, shape, person)


def _tool(
    project: str, key: str | None, endpoint: str, meter: str, units: int, model: str | None, *detail: tuple[str, str]
) -> Workload:
    return Workload(
        OPENAI, endpoint, project, key, model, units, ((meter, 1000),), detail=detail, request_size=1
    )  # fmt: skip


def _anthropic(
    project: str | None,
    key: str | None,
    model: str,
    millions: int,
    mix: Mix,
    tier: str = "standard",
    shape: str = "office",
    *,
    source: str = ANTHROPIC,
    person: str | None = None,
    geo: str | None = "global",
    context: str = "0-200k",
) -> Workload:
    return Workload(
        source, "messages", project, key, model, millions * _MILLION, mix, tier, shape, person, geo, context
    )  # fmt: skip


_VOICE_MIX: Mix = (
    ("input", 250), ("cache_read", 120), ("input_audio", 300), ("cache_read_audio", 180), ("input_image", 100),
    ("cache_read_image", 50), ("output", 40), ("output_audio", 110),
)  # fmt: skip
_ANNOUNCEMENT_MIX: Mix = (("input", 700), ("input_audio", 300), ("output", 60), ("output_audio", 400))
_INPUT_ONLY: Mix = (("input", 1000),)

_OPENAI_TEXT = (
    _openai("Support Bot", "support-bot-prod", "gpt-5.1", 420, _text(620, 55)),
    _openai("Support Bot", "support-bot-prod", "gpt-5.1", 40, _text(500, 60), "priority"),
    _openai("Support Bot", "support-bot-staging", "gpt-5-mini", 60, _text(400, 60)),
    _openai("Support Bot", "support-evals", "gpt-4.1", 30, _text(0, 120), "batch", "nightly"),
    _openai("Product Search", "search-api", "gpt-5-mini", 900, _text(450, 40), shape="steady"),
    _openai("Product Search", "search-reranker", "gpt-4o-mini-2024-07-18", 700, _text(300, 20), shape="steady"),
    _openai("Catalogue Enrichment", "catalogue-nightly", "gpt-5-mini", 1200, _text(0, 90), "batch", "nightly"),
    _openai("Catalogue Enrichment", "catalogue-nightly", "gpt-4.1", 150, _text(0, 80), "batch", "nightly"),
    _openai("Catalogue Enrichment", "catalogue-backfill", "o4-mini", 200, _text(200, 150), "flex", "nightly"),
    _openai("Voice Line", "voice-realtime", "gpt-realtime", 20, _VOICE_MIX),
    _openai("Voice Line", "voice-announcements", "gpt-audio", 2, _ANNOUNCEMENT_MIX),
    _openai("Marketing Studio", "studio-copy", "gpt-4.1", 60, _text(350, 150)),
    _openai("Marketing Studio", "newsletter-old", "gpt-4.1", 12, _text(350, 150)),
    _openai("Data Lab", "lab-notebooks", "gpt-5.1", 60, _text(300, 120), "flex"),
    _openai("Data Lab", "lab-notebooks", "o4-mini", 80, _text(250, 180)),
    _openai("Data Lab", "lab-notebooks", "gpt-6.1-sol", 50, _text(0, 100), "batch", "nightly"),
    _openai("Data Lab", "lab-agents", "gpt-6.1-sol", 180, _text(700, 60, 120), shape="steady"),
    _openai("Data Lab", "lab-agents", "gpt-6.1-sol", 20, _text(600, 80, 150), "priority"),
    _openai("Data Lab", "lab-preview", UNKNOWN_MODEL, 24, _text(300, 140)),
    _openai("Platform Sandbox", "sandbox-shared", "gpt-5.1", 15, _text(300, 120)),
    _openai("Platform Sandbox", None, "gpt-5.1", 4, _text(250, 200), person="Jonas Weber"),
    _openai("Platform Sandbox", "sandbox-search-spike", "gpt-5-mini", 25, _text(200, 80), "flex"),
)

_OPENAI_OTHER = (
    _openai("Product Search", "search-embeddings", "text-embedding-3-small", 800, _INPUT_ONLY, shape="steady",
            endpoint="embeddings"),
    _openai("Product Search", "search-embeddings", "text-embedding-3-large", 120, _INPUT_ONLY, shape="nightly",
            endpoint="embeddings"),
    _openai("Catalogue Enrichment", "catalogue-moderation", "omni-moderation-latest", 90, _INPUT_ONLY,
            endpoint="moderations"),
    _tool("Marketing Studio", "studio-images", "images", "images", 700, "gpt-image-1-mini",
          ("size", "1024x1024"), ("source", "image.generation")),
    _tool("Marketing Studio", "studio-images", "images", "images", 120, "gpt-image-1-mini",
          ("size", "2048x2048"), ("source", "image.edit")),
    _tool("Voice Line", "voice-announcements", "audio_speeches", "characters", 1_200_000, "tts-1"),
    _tool("Voice Line", "voice-transcripts", "audio_transcriptions", "audio_seconds", 260_000, "whisper-1"),
    _tool("Support Bot", None, "vector_stores", "stored_bytes", 41_000_000_000, None),
    _tool("Data Lab", None, "code_interpreter_sessions", "code_sessions", 160, None),
    _tool("Support Bot", "support-bot-prod", "file_search_calls", "file_searches", 14_000, None,
          ("vector_store_id", VECTOR_STORES[0])),
    _tool("Support Bot", "support-bot-staging", "file_search_calls", "file_searches", 900, None,
          ("vector_store_id", VECTOR_STORES[1])),
    _tool("Support Bot", "support-bot-prod", "web_search_calls", "web_searches", 3000, "gpt-5-mini",
          ("context_level", "medium")),
    _tool("Product Search", "search-api", "web_search_calls", "web_searches", 700, "gpt-5-mini",
          ("context_level", "adaptive")),
)  # fmt: skip

_ANTHROPIC = (
    _anthropic("Agent Assist", "assist-prod", "claude-sonnet-4-6", 300, _claude(650, 50, 80, 20)),
    _anthropic("Agent Assist", "assist-prod", "claude-sonnet-5", 60, (*_claude(500, 60, 60), ("web_searches", 0))),
    _anthropic("Agent Assist", "assist-priority", "claude-opus-5-5", 40, _claude(600, 60, 80), "priority"),
    _anthropic("Agent Assist", "assist-research", HAIKU, 100, _claude(400, 80, 60)),
    _anthropic("Agent Assist", None, "claude-sonnet-5", 6, _claude(0, 150), person="Ada Okafor"),
    _anthropic("Claude Code", "claude_code_key_dmitri", "claude-opus-5-5", 120, _claude(850, 20, 90, 10)),
    _anthropic("Claude Code", "claude_code_key_greta", "claude-opus-5-5", 90, _claude(860, 22, 80, 10)),
    _anthropic("Claude Code", "claude_code_key_jonas", "claude-opus-5-5", 70, _claude(840, 25, 100, 10)),
    _anthropic("Claude Code", "claude_code_key_jonas", "claude-sonnet-5", 30, _claude(800, 30, 110, 10)),
    _anthropic("Claude Code", "code-review-bot", "claude-sonnet-4-6", 80, _claude(500, 70, 120), shape="steady"),
    _anthropic("Contracts Desk", "contracts-reader", "claude-opus-4-8", 60, _claude(500, 80, 100), geo="us"),
    _anthropic("Contracts Desk", "contracts-clauses", "claude-opus-4-8", 15, _claude(300, 120, 60, 60), geo="us"),
    _anthropic("Document Intake", "intake-batch", HAIKU, 700, _claude(80, 80, 20), "batch", "nightly",
               geo="not_available"),
    _anthropic("Document Intake", "intake-live", HAIKU, 150, _claude(350, 70, 70), geo="not_available"),
    _anthropic("Document Intake", "intake-archives", SONNET_LONG, 25, _claude(200, 50, 100), shape="nightly",
               geo="not_available", context="200k-1M"),
    _anthropic("Safety Evaluations", "safety-harness", "claude-sonnet-5", 30, _claude(300, 120, 50)),
    _anthropic("Safety Evaluations", "safety-harness", "claude-opus-5-5", 40, _claude(100, 100, 20), "batch",
               "nightly"),
    _anthropic("Safety Evaluations", "safety-harness", REFUSED_MODEL, 3, _claude(0, 4)),
    _anthropic("Analyst Notebooks", "notebook-server", "claude-sonnet-5", 70, _claude(450, 90, 80)),
    _anthropic(None, None, "claude-sonnet-5", 5, _claude(0, 180), person="Katya Petrova"),
    _anthropic(None, None, "claude-opus-5-5", 3, _claude(0, 160), person="Liam Brennan"),
)  # fmt: skip

_LABS = (
    _anthropic("Prototypes", "prototype-web", "claude-sonnet-5-5", 60, _claude(550, 70, 80), source=LABS),
    _anthropic("Prototypes", "prototype-mobile", "claude-sonnet-5-5", 25, _claude(400, 90, 60, 40), source=LABS),
    _anthropic("Prototypes", "prototype-batch", "claude-sonnet-5-5", 90, _claude(0, 110), "batch", "nightly",
               source=LABS),
    _anthropic("Agent Trials", "trial-planner", "claude-opus-5-5", 45, _claude(750, 50, 100, 20), source=LABS),
    _anthropic("Agent Trials", "trial-browser", "claude-sonnet-5-5", 35,
               (*_claude(500, 80, 90), ("web_searches", 0)), source=LABS),
    _anthropic("Agent Trials", "trial-nightly", "claude-opus-5-5", 30, _claude(50, 90, 30), "batch", "nightly",
               source=LABS),
    _anthropic(None, None, "claude-sonnet-5-5", 2, _claude(0, 200), person="Hugo Tanaka", source=LABS),
)  # fmt: skip

WORKLOADS: tuple[Workload, ...] = (*_OPENAI_TEXT, *_OPENAI_OTHER, *_ANTHROPIC, *_LABS)

WEB_SEARCHES_PER_MILLION_TOKENS = 60
"""For Claude workloads whose mix names web searches."""

WEEKDAYS: dict[str, tuple[int, ...]] = {
    "office": (1000, 1050, 1060, 1040, 960, 360, 300),
    "steady": (1000, 1010, 1010, 1005, 1020, 920, 880),
    "nightly": (1000, 1000, 1000, 1000, 1000, 650, 620),
}
"""Thousandths of an ordinary weekday, Monday to Sunday."""

HOURS: dict[str, tuple[int, ...]] = {
    "office": (2, 1, 1, 1, 2, 5, 20, 50, 85, 100, 105, 100, 80, 90, 100, 95, 80, 55, 25, 12, 8, 6, 4, 3),
    "steady": (30, 26, 24, 22, 24, 28, 34, 40, 46, 50, 52, 52, 50, 50, 52, 52, 50, 50, 52, 54, 52, 48, 42, 36),
    "nightly": (90, 100, 100, 95, 70, 30, 5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 5, 10, 30, 60),
    "loop": tuple(1 if hour in range(2, 8) else 0 for hour in range(24)),
}
"""Weights of the hours of a day, UTC."""
