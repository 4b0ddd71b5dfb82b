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
    r"|(?<![\w.-])u-p\d\w*-\w+x\d+(?!\w)"
)
_AZURE = re.compile(r"(?:Standard[ _])?(?P<size>N[A-Z]{1,3}\d+[-\w]*(?: [A-Za-z0-9]+)*)")
_AZURE_SUFFIX = re.compile(r"[ _](?:Spot|Low Priority|Promo|Expired|Dedicated Host)$", re.IGNORECASE)
_AZURE_DEDICATED_HOST = re.compile(r"N[CDGV][A-Za-z0-9]*(?:[ _][A-Za-z0-9]+)*[ _]Type ?\d+")

_FAMILIES = {
    "aws": re.compile(r"(?:u-)?(?:p|g|gr|trn|inf|dl)\d[\w-]*(?:\.\w+)?"),
    "azure": re.compile(r"standard_n[a-z_]*\d\w*"),
}
"""Types that have an accelerator whatever their size: AWS p, g, trn, inf, dl; Azure N. Whole hosts and UltraServers of
a family have no size behind a dot."""


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
    `ND96isr H100 v5 Spot`, or that part of a product's name, becomes `Standard_ND96isr_H100_v5`; what `shared_meter_in`
    finds names none.
    """
    for text in texts:
        if text is None:
            continue
        found = _in_azure(text) if host == "azure" else _in_aws(text) if host == "aws" else None
        if found is not None:
            return found
    return None


def shared_meter_in(host: str, texts: Iterable[str]) -> str | None:
    """Azure's meter of two sizes with accelerators, such as `NV12s v3/NV24s v3`: nobody can tell which one ran."""
    if host != "azure":
        return None
    parts = (part.strip() for text in texts for part in text.split(" - "))
    return next((part for part in parts if _AZURE.fullmatch(part.split("/")[0].strip()) and not _one_size(part)), None)


def _in_aws(text: str) -> str | None:
    found = _AWS.search(text)
    return None if found is None else found[0]


def _in_azure(text: str) -> str | None:
    for part in text.split(" - "):
        bare = _AZURE_SUFFIX.sub("", part.strip())
        if _AZURE_DEDICATED_HOST.fullmatch(bare):
            return bare.replace(" ", "_")
        size = _one_size(part)
        if size is not None:
            return "Standard_" + size.replace(" ", "_")
    return None


def _one_size(meter: str) -> str | None:
    """The size that a meter is of. Of several the first, where they are one machine: `NC6/NC6 Promo`, `NC24s/NC24rs`
    differ in price, disks or network, and in nothing that counts here."""
    bare = (_AZURE_SUFFIX.sub("", name.strip()) for name in meter.split("/"))
    sizes = [found["size"] if (found := _AZURE.fullmatch(name)) else None for name in bare]
    alike = {size and re.sub(r"(?<=\d)[rs]{1,2}(?=$| )", "", size) for size in sizes}
    return sizes[0] if len(alike) == 1 else None
