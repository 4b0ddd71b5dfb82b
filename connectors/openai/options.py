"""What can be said about an OpenAI source in `outlay.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.openai.reports import COSTS, REPORTS
from connectors.option_types import BaseUrl, Key

CostDimension = Literal["project_id", "line_item", "api_key_id"]


class OpenAIOptions(BaseModel):
    """Options of `connector: openai`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    admin_key: Key = Field(description="Admin key (sk-admin-…), from the environment: ${OPENAI_ADMIN_KEY}")
    base_url: BaseUrl = Field("https://api.openai.com/v1", description="Where the API is")
    account_id: str | None = Field(None, description="Organisation id, where the answers do not tell it")
    streams: tuple[str, ...] = Field(
        (*REPORTS, COSTS), min_length=1, description="Reports to pull; all of them by default"
    )
    bucket_width: Literal["1d", "1h"] = Field("1d", description="Grain of usage; costs are always by day")
    cost_group_by: tuple[CostDimension, ...] = Field(
        ("project_id", "line_item", "api_key_id"), description="How costs are broken down"
    )
    project_names: bool = Field(True, description="Pull the names of projects and keys")
    user_names: bool = Field(True, description="Pull the names of users and service accounts")

    @field_validator("streams")
    @classmethod
    def _known(cls, streams: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(streams) - {*REPORTS, COSTS})
        if unknown:
            raise ValueError(f"no such report: {', '.join(unknown)}; there are {', '.join((*REPORTS, COSTS))}")
        return tuple(dict.fromkeys(streams))

    @field_validator("cost_group_by")
    @classmethod
    def _with_line_item(cls, dimensions: tuple[CostDimension, ...]) -> tuple[CostDimension, ...]:
        if "line_item" not in dimensions:
            raise ValueError("needs line_item: without it no line says what it bills")
        return tuple(dict.fromkeys(dimensions))
