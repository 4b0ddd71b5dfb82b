"""AWS's regions: code, display name, and the prefix of usage types that are billed there. Facts only."""

from __future__ import annotations

_REGIONS: tuple[tuple[str, str, str], ...] = (
    ("us-east-1", "US East (N. Virginia)", "USE1"),
    ("us-east-2", "US East (Ohio)", "USE2"),
    ("us-west-1", "US West (N. California)", "USW1"),
    ("us-west-2", "US West (Oregon)", "USW2"),
    ("af-south-1", "Africa (Cape Town)", "AFS1"),
    ("ap-east-1", "Asia Pacific (Hong Kong)", "APE1"),
    ("ap-east-2", "Asia Pacific (Taipei)", "APE2"),
    ("ap-northeast-1", "Asia Pacific (Tokyo)", "APN1"),
    ("ap-northeast-2", "Asia Pacific (Seoul)", "APN2"),
    ("ap-northeast-3", "Asia Pacific (Osaka)", "APN3"),
    ("ap-south-1", "Asia Pacific (Mumbai)", "APS3"),
    ("ap-south-2", "Asia Pacific (Hyderabad)", "APS5"),
    ("ap-southeast-1", "Asia Pacific (Singapore)", "APS1"),
    ("ap-southeast-2", "Asia Pacific (Sydney)", "APS2"),
    ("ap-southeast-3", "Asia Pacific (Jakarta)", "APS4"),
    ("ap-southeast-4", "Asia Pacific (Melbourne)", "APS6"),
    ("ap-southeast-5", "Asia Pacific (Malaysia)", "APS7"),
    ("ap-southeast-7", "Asia Pacific (Thailand)", "APS9"),
    ("ca-central-1", "Canada (Central)", "CAN1"),
    ("ca-west-1", "Canada West (Calgary)", "CAN2"),
    ("eu-central-1", "Europe (Frankfurt)", "EUC1"),
    ("eu-central-2", "Europe (Zurich)", "EUC2"),
    ("eu-north-1", "Europe (Stockholm)", "EUN1"),
    ("eu-south-1", "Europe (Milan)", "EUS1"),
    ("eu-south-2", "Europe (Spain)", "EUS2"),
    ("eu-west-1", "Europe (Ireland)", "EUW1"),
    ("eu-west-2", "Europe (London)", "EUW2"),
    ("eu-west-3", "Europe (Paris)", "EUW3"),
    ("il-central-1", "Israel (Tel Aviv)", "ILC1"),
    ("me-central-1", "Middle East (UAE)", "MEC1"),
    ("me-south-1", "Middle East (Bahrain)", "MES1"),
    ("mx-central-1", "Mexico (Central)", "MXC1"),
    ("sa-east-1", "South America (Sao Paulo)", "SAE1"),
    ("us-gov-east-1", "AWS GovCloud (US-East)", "UGE1"),
    ("us-gov-west-1", "AWS GovCloud (US-West)", "UGW1"),
)

REGION_NAMES: dict[str, str] = {code: name for code, name, _ in _REGIONS}
"""Display name by code."""

REGION_OF_PREFIX: dict[str, str] = {
    **{prefix: code for code, _, prefix in _REGIONS},
    # older spellings, from before prefixes were numbered
    "EU": "eu-west-1",
    "APN": "ap-northeast-1",
    "APS": "ap-southeast-1",
    "SAE": "sa-east-1",
    "USW": "us-west-1",
}
"""Region by the prefix of a usage type (`USW2-BoxUsage:p5.48xlarge`)."""


def region_of(region_code: str | None, usage_type: str | None) -> str | None:
    """The region: what the bill says, else what the usage type's prefix says; None where neither does."""
    if region_code and region_code != "global":
        return region_code
    prefix = (usage_type or "").partition("-")[0]
    return REGION_OF_PREFIX.get(prefix) or (region_code or None)


def region_name(code: str | None) -> str | None:
    """Display name; a region that is not in the table is called by its code."""
    return None if code is None else REGION_NAMES.get(code, code)


def without_region_prefix(usage_type: str) -> str:
    """`USW2-SpotUsage:g5.xlarge` → `SpotUsage:g5.xlarge`."""
    prefix, dash, rest = usage_type.partition("-")
    return rest if dash and prefix in REGION_OF_PREFIX else usage_type
