"""What can be said about a source of FOCUS files in `outlay.yaml`."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class FocusFilesOptions(BaseModel):
    """Options of `connector: focus-files`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    path: str = Field(
        min_length=1,
        description="File, folder, glob or object store URL; {period} stands for the billing period, YYYY-MM",
    )
    manifest: str | None = Field(
        default=None, description="Manifest that lists the export's files; found by itself where a folder holds one"
    )
    delimiter: str = Field(
        default=",", min_length=1, max_length=1, description="What separates the columns of CSV files"
    )
    rename: dict[str, str] = Field(
        default_factory=dict, description="Columns under other names: the file's name → FOCUS's name"
    )
    storage: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Settings of the object store (region, endpoint, keys from the environment), as obstore names them",
    )
    keep_copies_up_to_mib: int = Field(
        default=16, ge=0, description="Files up to this size are archived whole; larger ones by address, size and hash"
    )

    @field_validator("path", "manifest")
    @classmethod
    def _without_credentials(cls, path: str | None) -> str | None:
        # az://container@account/ is an address; a colon before the @ is a password
        if path is not None and re.match(r"[a-z0-9]+://[^/@]*:[^/@]*@", path):
            raise ValueError("must not hold a user or password: put them under storage")
        return path
