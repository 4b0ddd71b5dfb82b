"""What can be said about a source of invoices in `outlay.yaml`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class InvoicesOptions(BaseModel):
    """Options of `connector: invoices`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    path: str = Field(min_length=1, description="File, folder, glob or object store URL of invoices as CSV")
    storage: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Settings of the object store (region, endpoint, keys from the environment), as obstore names them",
    )
