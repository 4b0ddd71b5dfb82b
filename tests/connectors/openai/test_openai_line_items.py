"""Texts of cost lines, as the SDK documents them, as others saw them, and as nobody can read them."""

from __future__ import annotations

import pytest

from connectors.openai.line_items import LineItem, read_line_item


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("gpt-6-astra, input_tokens", LineItem("gpt-6-astra", "input")),
        ("gpt-4o, input", LineItem("gpt-4o", "input")),
        ("gpt-4o-2024-08-06, cached input", LineItem("gpt-4o-2024-08-06", "cache_read")),
        ("o3, output", LineItem("o3", "output")),
        ("gpt-5, cached_input_tokens, batch", LineItem("gpt-5", "cache_read", "batch")),
        ("gpt-5 (flex), output", LineItem("gpt-5", "output", "flex")),
        ("priority | gpt-5, input", LineItem("gpt-5", "input", "priority")),
        ("gpt-5, cache write", LineItem("gpt-5", "cache_write")),
        ("gpt-realtime audio, cached input", LineItem("gpt-realtime", "cache_read_audio")),
        ("gpt-image-1, image output", LineItem("gpt-image-1", "output_image")),
        ("ft:gpt-4o-mini:acme::x1, input", LineItem("ft:gpt-4o-mini:acme::x1", "input")),
        ("text-embedding-3-small", LineItem("text-embedding-3-small")),
        ("web search tool calls", LineItem(meter="web_searches")),
        ("code interpreter sessions", LineItem(meter="code_sessions")),
        ("Promotional credit", LineItem(category="Credit")),
        ("VAT 19%", LineItem(category="Tax")),
        ("Refund for gpt-4o, input", LineItem(category="Adjustment")),
    ],
)
def test_readable(text: str, reading: LineItem) -> None:
    assert read_line_item(text) == reading


@pytest.mark.parametrize(
    "text",
    ["", "Something odd", "ft:gpt-4o:acme::x, training", "gpt-5, batch, priority, input", "gpt-5, gpt-4o, input",
     "gpt-5, input, second year"],
)  # fmt: skip
def test_a_text_with_a_word_too_many_is_not_guessed_at(text: str) -> None:
    assert read_line_item(text) is None
