"""Instance types as hosts write them in meters and descriptions, and the name under which a catalog knows them.

Only names belong here: whether a type has an accelerator is the catalog's word, whether it is billed `accelerators`'.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_HOSTS = (
    ("aws", re.compile(r"\b(aws|amazon)\b", re.IGNORECASE)),
    ("azure", re.compile(r"\b(microsoft|azure)\b", re.IGNORECASE)),
    ("gcp", re.compile(r"\b(google|gcp)\b", re.IGNORECASE)),
    ("oci", re.compile(r"\b(oracle|oci)\b", re.IGNORECASE)),
    ("coreweave", re.compile(r"coreweave", re.IGNORECASE)),
    ("lambda", re.compile(r"\blambda\b", re.IGNORECASE)),
    ("nebius", re.compile(r"nebius", re.IGNORECASE)),
)
HOSTS: tuple[str, ...] = tuple(host for host, _ in _HOSTS)

_AWS = re.compile(
    r"(?<![\w.-])(?:ml\.)?[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
    r"\.(?:(?:\d+x?)?large|xlarge|medium|small|micro|nano|metal(?:-\d+xl)?)(?!\w)"
)
_AZURE = re.compile(r"(?:Standard[ _])?(?P<size>N[A-Z]{1,3}\d+[-\w]*(?: [A-Za-z0-9]+)*)")
_AZURE_SUFFIX = re.compile(r"[ _](?:Spot|Low Priority|Promo|Expired)$", re.IGNORECASE)

_FAMILIES = {
    "aws": re.compile(r"(?:u-)?(?:p|g|gr|trn|inf|dl)\d[\w-]*\.\w+"),
    "azure": re.compile(r"standard_n[a-z]{0,3}\d\w*"),
}
"""Types that have an accelerator whatever their size: AWS p, g, trn, inf, dl; Azure N."""


def host_of(*providers: str | None) -> str:
    """The host of a charge by its HostProviderName, ServiceProviderName, …; `other` where none is known."""
    for name in providers:
        for host, pattern in _HOSTS:
            if name and pattern.search(name):
                return host
    return "other"


def catalogued_name(host: str, instance_type: str) -> str:
    """How a catalog keys a type: folded; SageMaker's `ml.` taken off (it rents the machine of the same name); Azure's
    as `standard_…` without `Spot`, `Promo` and the like."""
    folded = instance_type.strip().casefold()
    if host == "azure":
        return "standard_" + _AZURE_SUFFIX.sub("", folded).replace(" ", "_").removeprefix("standard_")
    return folded.removeprefix("ml.") if host == "aws" else folded


def is_accelerated_family(host: str, instance_type: str) -> bool:
    """Whether a type belongs to a family that always has accelerators, whether we list it or not."""
    family = _FAMILIES.get(host)
    return family is not None and family.fullmatch(catalogued_name(host, instance_type)) is not None


def instance_type_in(host: str, texts: Iterable[str | None]) -> str | None:
    """The instance type that a meter or description names, as the host spells it; None where it names none.

    AWS: `$1.624 per On Demand Linux g5.4xlarge Instance Hour`, `USW2-BoxUsage:p5.48xlarge`. Azure: the meter
    `ND96isr H100 v5 Spot`, or that part of a product's name, becomes `Standard_ND96isr_H100_v5`.
    """
    for text in texts:
        if text is None:
            continue
        found = _in_azure(text) if host == "azure" else _in_aws(text) if host == "aws" else None
        if found is not None:
            return found
    return None


def _in_aws(text: str) -> str | None:
    found = _AWS.search(text)
    return None if found is None else found[0]


def _in_azure(text: str) -> str | None:
    for part in text.split(" - "):
        first = _AZURE_SUFFIX.sub("", part.strip()).split("/")[0].strip()
        found = _AZURE.fullmatch(first)
        if found is not None:
            return "Standard_" + found["size"].replace(" ", "_")
    return None
