"""The properties of a priced SKU that FOCUS defines, and the kind of value each takes.

Every other key of SkuPriceDetails begins with `x_`. FOCUS 1.5's keys for models are listed apart: until it is out they
carry the prefix, after it `BARE_IN_1_5` says which lose it.
"""

from __future__ import annotations

SKU_PROPERTIES: dict[str, str] = {
    "CoreCount": "number",
    "DiskMaxIops": "number",
    "DiskSpace": "number",
    "DiskType": "text",
    "GpuCount": "number",
    "InstanceSeries": "text",
    "InstanceType": "text",
    "MemorySize": "number",
    "NetworkMaxIops": "number",
    "NetworkMaxThroughput": "number",
    "OperatingSystem": "text",
    "Redundancy": "text",
    "StorageClass": "text",
}
"""FOCUS-defined keys, bare, and whether the value is a number or text."""

BARE_IN_1_5: tuple[str, ...] = (
    "x_ModelDeveloper",
    "x_ModelFamily",
    "x_ModelId",
    "x_ModelVersion",
    "x_TokenCacheAction",
    "x_TokenDirection",
)
"""Ours until FOCUS 1.5 defines them."""
