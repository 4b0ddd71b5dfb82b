"""Whether two names of AWS mean the same model: the bill writes `Claude4.6Opus` or `Claude Opus 4.6`, CloudWatch
`us.anthropic.claude-opus-4-6-20260101-v1:0`."""

from __future__ import annotations

import re

_PLACES = re.compile(r"^(?:arn:.*/)?(?:(?:us|us-gov|eu|apac|jp|au|ca|global)\.)?")
_VENDORS = re.compile(
    r"^(?:anthropic|amazon|meta|mistral|cohere|ai21|openai|deepseek|qwen|google|nvidia|xai|zai|moonshotai|minimax|writer|stability|twelvelabs|luma)\."
)
_VERSIONS = re.compile(r"(?:-\d{8})|(?:-v\d+(?::\d+)*(?:[:a-z0-9]*)?$)|(?:-\d+:\d+$)")
_NOISE = frozenset({"instruct", "chat", "text", "it", "v", "amazon", "openai", "anthropic", "meta", "custom", "model"})


def model_key(name: str) -> tuple[str, ...]:
    """Words and numbers of a name, without place, vendor, date and version, in an order of its own."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.strip()).casefold()
    bare = _VENDORS.sub("", _PLACES.sub("", spaced))
    bare = _VERSIONS.sub("", bare)
    words = [word for word in re.findall(r"[a-z]+|\d+", bare) if word not in _NOISE]
    return tuple(sorted(words))
