"""What the clouds ask, written out by hand: public prices, what was agreed, and the rates of commitments. USD.

Figures are of the right size, not of any day's price list: whoever reads the bills takes prices from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

D = Decimal
ZERO = Decimal(0)


@dataclass(frozen=True)
class Size:
    """A size of machine: its public price an hour, and the accelerators in it (None: no one knows, or none)."""

    price: Decimal
    accelerator: str | None = None
    count: Decimal = ZERO
    spot: Decimal | None = None


AWS_SIZES: dict[str, Size] = {
    "p5.48xlarge": Size(D("55.04"), "H100", D(8)),
    "p7.48xlarge": Size(D("181.4")),
    "trn1.32xlarge": Size(D("21.5"), "Trainium", D(16)),
    "g5.xlarge": Size(D("1.006"), "A10G", D(1)),
    "g5.2xlarge": Size(D("1.212"), "A10G", D(1), D("0.4847")),
    "g6.xlarge": Size(D("0.8048"), "L4", D(1)),
    "g6.12xlarge": Size(D("5.1296"), "L4", D(4)),
    "ml.g5.xlarge": Size(D("1.408"), "A10G", D(1)),
    "ml.g5.2xlarge": Size(D("1.515"), "A10G", D(1)),
    "m7i.2xlarge": Size(D("0.4032")),
}

GCP_UNITS: dict[str, Decimal] = {
    "h100": D("9.7966"),
    "a3-core": D("0.029917"),
    "a3-ram": D("0.002511"),
    "l4": D("0.5604"),
    "g2-core": D("0.02498"),
    "g2-ram": D("0.002928"),
    "a100-spot": D("1.1435"),
    "a2-core-spot": D("0.012644"),
    "a2-ram-spot": D("0.001696"),
    "tpu-v5e": D("1.2"),
    "n2-core": D("0.031611"),
    "storage": D("0.026"),
    "egress": D("0.085"),
}

AZURE_SIZES: dict[str, Size] = {
    "Standard_ND96isr_H100_v5": Size(D("98.32"), "H100", D(8)),
    "Standard_NC24ads_A100_v4": Size(D("3.673"), "A100-80GB", D(1)),
    "Standard_NC40ads_H100_v5": Size(D("6.98"), "H100-NVL", D(1)),
    "Standard_NC4as_T4_v3": Size(D("0.526"), "T4", D(1), D("0.1578")),
    "Standard_D8s_v5": Size(D("0.384")),
}

BEDROCK: dict[str, dict[str, Decimal]] = {
    # per million tokens
    "Claude3Sonnet": {"input": D(3), "output": D(15), "cache_read": D("0.3"), "cache_write": D("3.75")},
    "Nova2.0Pro": {"input": D("1.25"), "output": D(10), "cache_read": D("0.3125")},
    "claude-opus-4-8": {"input": D(5), "output": D(25), "cache_read": D("0.5"), "cache_write": D("6.25")},
    "Claude Opus 5.5": {"input": D(6), "output": D(30), "cache_read": D("0.6"), "cache_write": D("7.5")},
}

VERTEX: dict[str, dict[str, Decimal]] = {
    # per million tokens
    "gemini25pro": {"input": D("1.25"), "output": D(10), "cache_read": D("0.125")},
    "gemini38flash": {"input": D("0.4"), "output": D("3.2"), "cache_read": D("0.04")},
    "gemini25flashlite": {"input": D("0.1"), "output": D("0.4")},
}

AZURE_OPENAI: dict[str, dict[str, Decimal]] = {
    # per million tokens
    "gpt-4o": {"input": D("2.5"), "output": D(10), "cache_read": D("1.25")},
    "gpt-4.1-nano": {"input": D("0.1"), "output": D("0.4"), "cache_read": D("0.025")},
    "o4-mini": {"input": D("1.1"), "output": D("4.4")},
    "gpt-5": {"input": D("1.25"), "output": D(10), "cache_read": D("0.125")},
}

BATCH = D("0.5")
PRIORITY = D("1.75")
LONG_CONTEXT = D(2)
PTU_HOUR = D(1)
"""USD an hour for one provisioned throughput unit."""
