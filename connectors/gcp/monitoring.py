"""Token counts of Vertex AI from Cloud Monitoring: what was asked and answered. Meaning belongs to `monitored_tokens`.

They tell input and output by model and hour, and nothing of caching, keys or money, so they stand in only where a bill
tells no tokens (ADR 6).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import SecretStr

from connectors.gcp.catalog import next_page
from connectors.gcp.google_access import bearer
from connectors.gcp.options import GcpOptions
from connectors.http import Params, VendorClient
from connectors.paging import Question, follow
from connectors.protocol import Answer, Surroundings, Window

STREAM = "monitoring/vertex"
METRIC = "aiplatform.googleapis.com/publisher/online_serving/token_count"


def pulled(source: str, options: GcpOptions, surroundings: Surroundings, window: Window) -> Iterator[Answer]:
    """Every page of the hourly counts of `monitoring_projects`. Raises the client's errors."""
    if not options.monitoring_projects:
        return
    token = bearer(options, options.monitoring_endpoint_url)
    sequence = 0
    with VendorClient(
        source,
        options.monitoring_endpoint_url,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        secrets=[SecretStr(token)] if token else [],
        scope="roles/monitoring.viewer in every project of monitoring_projects",
        transport=surroundings.transport,
        clock=surroundings.clock,
        sleep=surroundings.sleep,
    ) as client:
        for project in options.monitoring_projects:
            path = f"/v3/projects/{project}/timeSeries"
            for answer in follow(client, Question(STREAM, path, _asked(window), "pageToken", next_page), window):
                yield replace(answer, request={**answer.request, "project": project}, sequence=sequence)
                sequence += 1


def _asked(window: Window) -> Params:
    return (
        ("filter", f'metric.type="{METRIC}"'),
        ("interval.startTime", f"{window.start:%Y-%m-%dT%H:%M:%SZ}"),
        ("interval.endTime", f"{window.end:%Y-%m-%dT%H:%M:%SZ}"),
        ("aggregation.alignmentPeriod", "3600s"),
        ("aggregation.perSeriesAligner", "ALIGN_SUM"),
        ("view", "FULL"),
    )
