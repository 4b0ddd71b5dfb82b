"""What can be said about a source of a Google Cloud bill in `outlay.yaml`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.option_types import BaseUrl


class GcpOptions(BaseModel):
    """Options of `connector: gcp`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    report: Literal["detailed", "standard", "focus"] = Field(
        "detailed", description="Which export it is: with resources, without, or Google's own FOCUS export"
    )
    table: str | None = Field(None, description="project.dataset.table of the export in BigQuery")
    path: str | None = Field(
        None,
        min_length=1,
        description="The same table exported as Parquet: file, folder, glob or gs:// URL; {period} is YYYY-MM",
    )
    storage: dict[str, SecretStr] = Field(
        default_factory=dict, description="Settings of the object store, as obstore names them"
    )
    billing_account: str | None = Field(None, description="Only rows of this billing account")
    credentials_file: str | None = Field(
        None, description="Key file of a service account; without it Google's application default credentials"
    )
    maximum_gib_billed: int | None = Field(
        None, ge=1, description="A query that would scan more than this is refused by BigQuery"
    )
    price_catalog: bool = Field(False, description="Pull public prices, for rows that do not say their list cost")
    monitoring_projects: tuple[str, ...] = Field(
        (), description="Projects whose token counts are read from Cloud Monitoring, where the bill tells none"
    )
    bigquery_endpoint_url: BaseUrl | None = Field(None, description="Another address of BigQuery")
    catalog_endpoint_url: BaseUrl = Field(
        "https://cloudbilling.googleapis.com", description="Address of the Cloud Billing Catalog"
    )
    monitoring_endpoint_url: BaseUrl = Field(
        "https://monitoring.googleapis.com", description="Address of Cloud Monitoring"
    )
    keep_copies_up_to_mib: int = Field(
        16, ge=0, description="Files up to this size are archived whole; larger ones by address, size and hash"
    )

    @field_validator("path")
    @classmethod
    def _without_credentials(cls, path: str | None) -> str | None:
        if path is not None and re.match(r"[a-z0-9]+://[^/@]*:[^/@]*@", path):
            raise ValueError("must not hold a user or password: put them under storage")
        return path

    @field_validator("table")
    @classmethod
    def _whole_name(cls, table: str | None) -> str | None:
        if table is not None and not re.fullmatch(r"[A-Za-z0-9:.-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_$-]+", table):
            raise ValueError("must be project.dataset.table")
        return table

    @model_validator(mode="after")
    def _one_place(self) -> GcpOptions:
        if (self.table is None) == (self.path is None):
            raise ValueError("name either table (BigQuery) or path (Parquet files of it)")
        return self
