"""Who is who at the clouds: the accounts that are billed, those below them, and the teams that own them."""

from __future__ import annotations

from connectors.simulator.clouds.lines import AWS, AZURE, GCP, Account
from connectors.simulator.organisation import ORGANIZATION

AWS_PAYER = Account("104700000001", ORGANIZATION)
AWS_TRAINING = Account("104700000011", "meridian-training", "data")
AWS_INFERENCE = Account("104700000012", "meridian-inference", "search")
AWS_APPS = Account("104700000013", "meridian-apps", "support")

GCP_BILLING = Account("01A2B3-C4D5E6-F7A8B9", ORGANIZATION)
GCP_VISION = Account("meridian-vision", "Meridian Vision", "catalogue")
GCP_ASSIST = Account("meridian-assist", "Meridian Assist", "support")
GCP_SANDBOX = Account("meridian-sandbox", "Meridian Sandbox")

AZURE_ENROLMENT = Account("8104711", ORGANIZATION)
AZURE_ML = Account("5d0c9a57-3b1e-4c62-9f0d-7a5b2e8c4101", "Meridian ML", "data")
AZURE_CARE = Account("5d0c9a57-3b1e-4c62-9f0d-7a5b2e8c4102", "Meridian Customer Care", "support")
AZURE_PLATFORM = Account("5d0c9a57-3b1e-4c62-9f0d-7a5b2e8c4103", "Meridian Platform")

BILLED: dict[str, Account] = {AWS: AWS_PAYER, GCP: GCP_BILLING, AZURE: AZURE_ENROLMENT}

ACCOUNTS: dict[str, tuple[Account, ...]] = {
    AWS: (AWS_TRAINING, AWS_INFERENCE, AWS_APPS),
    GCP: (GCP_VISION, GCP_ASSIST, GCP_SANDBOX),
    AZURE: (AZURE_ML, AZURE_CARE, AZURE_PLATFORM),
}
"""By cloud; the payer's own charges (support, credit, tax on them) belong to nobody."""
