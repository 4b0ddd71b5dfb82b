"""Google Cloud's services by the name on the bill, and where FOCUS puts them. A table of facts.

A service that is not listed is `Other`; its charges are kept all the same.
"""

from __future__ import annotations

from typing import NamedTuple


class Service(NamedTuple):
    """How a service is called in the ledger, and its FOCUS category and subcategory."""

    name: str
    category: str
    subcategory: str


_AI = "AI and Machine Learning"
MODEL_SERVICES = frozenset({"Vertex AI", "Gemini API"})
"""Ledger names of the services that sell use of models."""

_RENAMED = {"Generative Language API": "Gemini API", "Cloud Vertex AI": "Vertex AI", "Vertex AI API": "Vertex AI"}

_CATEGORIES: dict[str, tuple[str, str]] = {
    "Vertex AI": (_AI, "Generative AI"),
    "Gemini API": (_AI, "Generative AI"),
    "Vertex AI Search": (_AI, "AI Platforms"),
    "Vertex AI Agent Builder": (_AI, "AI Platforms"),
    "Discovery Engine API": (_AI, "AI Platforms"),
    "Cloud Machine Learning Engine": (_AI, "Machine Learning"),
    "Cloud TPU": (_AI, "Machine Learning"),
    "Cloud AutoML": (_AI, "Machine Learning"),
    "Notebooks": (_AI, "Machine Learning"),
    "Cloud Vision API": (_AI, "Other (AI and Machine Learning)"),
    "Cloud Speech API": (_AI, "Natural Language Processing"),
    "Cloud Text-to-Speech API": (_AI, "Natural Language Processing"),
    "Cloud Natural Language API": (_AI, "Natural Language Processing"),
    "Translate": (_AI, "Natural Language Processing"),
    "Cloud Document AI API": (_AI, "Other (AI and Machine Learning)"),
    "Dialogflow API": (_AI, "Bots"),
    "Gemini for Google Cloud": (_AI, "AI Platforms"),
    "Compute Engine": ("Compute", "Virtual Machines"),
    "Kubernetes Engine": ("Compute", "Containers"),
    "Cloud Run": ("Compute", "Serverless Compute"),
    "Cloud Run Functions": ("Compute", "Serverless Compute"),
    "Cloud Functions": ("Compute", "Serverless Compute"),
    "App Engine": ("Web", "Application Platforms"),
    "BigQuery": ("Databases", "Data Warehouses"),
    "BigQuery Storage API": ("Databases", "Data Warehouses"),
    "BigQuery Reservation API": ("Databases", "Data Warehouses"),
    "Cloud SQL": ("Databases", "Relational Databases"),
    "Cloud Spanner": ("Databases", "Relational Databases"),
    "AlloyDB": ("Databases", "Relational Databases"),
    "Cloud Bigtable": ("Databases", "NoSQL Databases"),
    "Cloud Firestore": ("Databases", "NoSQL Databases"),
    "Cloud Memorystore for Redis": ("Databases", "Caching"),
    "Cloud Storage": ("Storage", "Object Storage"),
    "Cloud Filestore": ("Storage", "File Storage"),
    "Backup for GKE": ("Storage", "Backup Storage"),
    "Networking": ("Networking", "Network Infrastructure"),
    "Cloud DNS": ("Networking", "Network Routing"),
    "Cloud Pub/Sub": ("Integration", "Messaging"),
    "Cloud Dataflow": ("Analytics", "Data Processing"),
    "Cloud Dataproc": ("Analytics", "Data Processing"),
    "Cloud Composer": ("Integration", "Workflow Orchestration"),
    "Cloud Logging": ("Management and Governance", "Observability"),
    "Cloud Monitoring": ("Management and Governance", "Observability"),
    "Stackdriver Logging": ("Management and Governance", "Observability"),
    "Support": ("Management and Governance", "Support"),
    "Cloud Key Management Service (KMS)": ("Security", "Secret Management"),
    "Secret Manager": ("Security", "Secret Management"),
    "Security Command Center": ("Security", "Threat Detection and Response"),
    "Artifact Registry": ("Developer Tools", "Developer Platforms"),
    "Cloud Build": ("Developer Tools", "Continuous Integration and Deployment"),
    "Workspace": ("Business Applications", "Productivity and Collaboration"),
}

INVOICE = Service("Invoice", "Other", "Other (Other)")
"""What stands on the invoice and belongs to no service."""


def service_of(description: str | None) -> Service:
    """The service that a bill's `service.description` names; rows without one belong to the invoice."""
    if not description:
        return INVOICE
    name = _RENAMED.get(description, description)
    return Service(name, *_CATEGORIES.get(name, ("Other", "Other (Other)")))
