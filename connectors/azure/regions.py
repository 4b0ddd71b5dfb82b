"""Azure's regions: the id that every spelling of one means, and the name that people read."""

from __future__ import annotations

import re

_NAMES = (
    *("Australia Central", "Australia Central 2", "Australia East", "Australia Southeast", "Austria East"),
    *("Belgium Central", "Brazil South", "Brazil Southeast", "Canada Central", "Canada East", "Central India"),
    *("Central US", "Chile Central", "China East", "China East 2", "China East 3", "China North", "China North 2"),
    *("China North 3", "Denmark East", "East Asia", "East US", "East US 2", "East US 3", "Finland Central"),
    *("France Central", "France South", "Germany North", "Germany West Central", "Global", "Greece Central"),
    *("Indonesia Central", "Israel Central", "Italy North", "Japan East", "Japan West", "Jio India Central"),
    *("Jio India West", "Korea Central", "Korea South", "Malaysia West", "Mexico Central", "New Zealand North"),
    *("North Central US", "North Europe", "Norway East", "Norway West", "Poland Central", "Qatar Central"),
    *("Saudi Arabia East", "South Africa North", "South Africa West", "South Central US", "South India"),
    *("Southeast Asia", "Spain Central", "Sweden Central", "Sweden South", "Switzerland North", "Switzerland West"),
    *("Taiwan North", "UAE Central", "UAE North", "UK South", "UK West", "USDoD Central", "USDoD East"),
    *("USGov Arizona", "USGov Texas", "USGov Virginia", "West Central US", "West Europe", "West India", "West US"),
    *("West US 2", "West US 3"),
)
_BY_ID = {name.replace(" ", "").casefold(): name for name in _NAMES}
_TURNED = re.compile(r"^(us|eu|in|ja|ap|uk|ca|br|au)\s+(.+)$")
_COUNTRIES = {"us": "us", "eu": "europe", "in": "india", "ap": "asia"}
_NOWHERE = frozenset({"", "unassigned", "unknown", "n/a", "none", "null", "all regions", "allregions"})


def region_of(location: str | None) -> tuple[str, str] | None:
    """RegionId and RegionName of a ResourceLocation (`EastUS2`, `US East 2`, `east us 2`); None for nowhere.

    A place that is not listed keeps its own word as id and name.
    """
    text = re.sub(r"\s+", " ", location or "").strip()
    folded = text.casefold()
    if folded in _NOWHERE:
        return None
    region = folded.replace(" ", "")
    if region in _BY_ID:
        return region, _BY_ID[region]
    turned = _turned(folded)
    if turned in _BY_ID:
        return turned, _BY_ID[turned]
    return region, region


def _turned(folded: str) -> str:
    """Meters write the country first: `us east 2` is eastus2, `eu west` westeurope."""
    match = _TURNED.match(folded)
    if match is None:
        return folded
    country = _COUNTRIES.get(match[1], match[1])
    rest, _, number = match[2].rpartition(" ")
    if not number.isdigit():
        rest, number = match[2], ""
    return f"{rest}{country}{number}".replace(" ", "")
