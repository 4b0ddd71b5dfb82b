"""What can be said about an AWS source in `outlay.yaml`."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Report = Literal["cur2", "focus", "legacy-cur", "cost-explorer"]


class CapacityBlockOption(BaseModel):
    """A Capacity Block for ML as it was bought, for months whose bill does not hold its fee."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str = Field(min_length=1, description="ARN or id (cr-…) of its capacity reservation, as the bill writes it")
    start: datetime = Field(description="When it begins, UTC")
    end: datetime = Field(description="When it ends, UTC")
    instances: int = Field(ge=1, description="How many instances it reserves")
    fee: Decimal = Field(ge=0, description="What was paid for it, before tax")

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("start and end must name their zone, such as 2026-09-01T11:30:00Z")
        if self.end <= self.start:
            raise ValueError("end must be after start")
        return self


class AwsOptions(BaseModel):
    """Options of `connector: aws`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    report: Report = Field("cur2", description="Which report of AWS is read")
    path: str | None = Field(
        None, min_length=1, description="The export's folder (holding data/ and metadata/), or one single file"
    )
    storage: dict[str, SecretStr] = Field(
        default_factory=dict, description="Settings of the object store, as obstore names them; else the AWS session's"
    )
    region: str = Field("us-east-1", description="Region of the bucket and of Cost Explorer")
    profile: str | None = Field(None, description="Profile of the AWS configuration files")
    role_arn: str | None = Field(None, description="Role that is assumed before anything is read")
    endpoint_url: str | None = Field(None, description="Another address of AWS's services, for proxies and tests")
    account_id: str | None = Field(None, description="Account whose costs Cost Explorer tells")
    accounts: tuple[str, ...] = Field((), description="Payer accounts that may stand in the export; any, where empty")
    page_limit: int = Field(20, ge=1, description="Pages of Cost Explorer a pull at most; each costs 0.01 USD")
    cloudwatch_regions: tuple[str, ...] = Field((), description="Regions whose AWS/Bedrock token metrics are read")
    cloudwatch_grain: Literal["day", "hour"] = Field("day", description="Grain of those metrics")
    billed_cost: Literal["unblended", "net"] = Field(
        "unblended", description="Which of the bill's costs is billed: net where discounts are only in the net columns"
    )
    capacity_block_usage_types: str = Field(
        "CapacityBlock", description="Regular expression: usage types that are the fee of a Capacity Block"
    )
    capacity_blocks: tuple[CapacityBlockOption, ...] = Field(
        (), description="Capacity Blocks that were paid for in another month than they run in"
    )
    keep_copies_up_to_mib: int = Field(
        16, ge=0, description="Files up to this size are archived whole; larger ones by address, size and hash"
    )

    @field_validator("path", "endpoint_url")
    @classmethod
    def _without_credentials(cls, address: str | None) -> str | None:
        if address is not None and re.match(r"[a-z0-9]+://[^/@]*:[^/@]*@", address):
            raise ValueError("must not hold a user or password")
        return address

    @field_validator("capacity_block_usage_types")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.report == "cost-explorer":
            if self.account_id is None:
                raise ValueError(
                    "account_id is needed with report: cost-explorer (its answers do not name the account)"
                )
        elif self.path is None:
            raise ValueError("path is needed: the export's folder, or one file")
        return self
