"""What is asked for beside the bill (benefits, metrics), and what it adds once all of the bill's parts were seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.azure.benefits import CommitmentUse, benefit_answers
from connectors.azure.cost_reports import last_part
from connectors.azure.management import ManagementClient
from connectors.azure.monitor import STREAM as MONITOR_STREAM
from connectors.azure.monitor import BilledTokens, monitor_answers, token_counts
from connectors.azure.options import AzureOptions
from connectors.protocol import Answer, ChargesPart, Surroundings, Window


def answers_beside_the_bill(
    client: ManagementClient, options: AzureOptions, window: Window, *, source: str, surroundings: Surroundings
) -> Iterator[Answer]:
    """Benefits and metrics, where they are configured."""
    if options.benefits:
        yield from benefit_answers(client, options, window, source=source, surroundings=surroundings)
    if options.monitor_resources:
        yield from monitor_answers(client, options, window, source=source, surroundings=surroundings)


def with_what_stands_beside(
    parts: Iterator[ChargesPart], window: Window, answers: Sequence[Answer], source: str
) -> Iterator[ChargesPart]:
    """The parts as they are, and one more without charges: how commitments were used, and tokens on no bill."""
    use, billed = CommitmentUse(), BilledTokens()
    counts = token_counts([answer for answer in answers if answer.stream == MONITOR_STREAM])
    for part in parts:
        use.add(part.charges)
        if counts.height:
            billed.add(part.charges)
        yield part
    readings, claims = billed.readings(counts, source, f"{window.start:%Y-%m}")
    yield last_part((*use.findings(answers), *billed.findings(counts)), (), readings=readings, claims=claims)
