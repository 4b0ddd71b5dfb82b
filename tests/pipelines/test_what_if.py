"""`outlay what-if`, as it is asked and answered, with the price book of this installation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from models.economics.accelerator_usage import ACCELERATOR_RATES
from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.declared_costs import DECLARED_COSTS
from models.errors import OutlayError
from models.ledger.metering import METER_READINGS
from pipelines.cli import app
from pipelines.home import Home
from tests.pipelines.published_marts import publish_rows

MILLION = 1_000_000
THROUGHPUT = """
organization: Test
throughput:
  - {model: our-llama, accelerator: H100, tokens_per_second: 1000, measured_on: 2026-08-01, note: 2k prompts}
"""


def reading(day: datetime, meter: str, millions: int, **said: Any) -> dict[str, Any]:
    return {
        "source": "prod", "billing_period": f"{day:%Y-%m}", "provider": "openai", "stream": "usage",
        "window_start": day, "window_end": day + timedelta(hours=1), "account_id": "a", "model": "gpt-4.1",
        "processing_tier": "standard", "attribution": "exact", "meter": meter, "token_kind": meter, "unit": "Tokens",
        "quantity": Decimal(millions * MILLION), **said,
    }  # fmt: skip


def charge(day: datetime, cost: int, **said: Any) -> dict[str, Any]:
    amounts = dict.fromkeys(("billed_cost", "effective_cost", "list_cost", "contracted_cost"), Decimal(cost))
    return {
        "source": "prod", "billing_month": f"{day:%Y-%m}", "day": day, "provider_name": "OpenAI",
        "issuer_name": "OpenAI", "billing_account_id": "a", "model": "gpt-4.1", "charge_category": "Usage",
        "currency": "USD", "charges": 1, **amounts, **said,
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """September: 100 M input and 18 M output tokens in two hours, for 300; October has begun. Reserved H100s at 3."""
    first = datetime(2026, 9, 1, tzinfo=UTC)
    october = datetime(2026, 10, 1, tzinfo=UTC)
    rate = {
        "billing_month": "2026-09", "accelerator_type": "H100", "region": "us", "pricing_kind": "reserved",
        "currency": "USD", "used_hours": Decimal(600), "unused_hours": Decimal(120), "effective_cost": Decimal(2160),
        **dict.fromkeys(
            ("hours_without_cost", "billed_cost", "unmeasured_effective_cost", "purchased_effective_cost"), Decimal(0)
        ),
    }  # fmt: skip
    own = {
        "name": "our cluster", "kind": "owned_accelerators", "part": "depreciation", "day": first,
        "accelerator_type": "H100", "accelerator_hours": Decimal(24), "standing": "declared", "currency": "USD",
        "declared_cost": Decimal(48), "effective_cost": Decimal(48),
    }  # fmt: skip
    rows: dict[Any, list[dict[str, Any]]] = {
        METER_READINGS: [
            reading(first, "input", 100),
            reading(first, "input", 7, model="gpt-secret"),
            reading(first, "output", 12),
            reading(first + timedelta(hours=3), "output", 6),
            reading(october, "output", 1),
            reading(october + timedelta(days=1), "output", 50),
            reading(first, "output", 999, source="seats"),
        ],
        ATTRIBUTED_DAILY: [
            charge(first, 156, token_kind="input", meter="input", consumed_quantity=Decimal(100 * MILLION)),
            charge(first, 144, token_kind="output", meter="output", consumed_quantity=Decimal(18 * MILLION)),
            charge(first, 40, meter="web_searches", unit="Requests"),
            charge(first, 500, component="model_apis", unit="Hours"),
            charge(
                first, 5, model="gpt-secret", token_kind="input", meter="input", consumed_quantity=Decimal(7 * MILLION)
            ),
            charge(october, 8, token_kind="output", meter="output"),
        ],
        ACCELERATOR_RATES: [rate],
        DECLARED_COSTS: [own],
    }
    return publish_rows(tmp_path_factory.mktemp("what-if") / "home", rows, THROUGHPUT)


def what_if(home: Home, *words: str) -> Result:
    result = CliRunner().invoke(app, ["what-if", *words, "--home", str(home.root)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_reprice_tells_the_cheapest_first_and_what_it_assumes(home: Home) -> None:
    """gpt-4.1 at 2 and 8: 100 × 2 + 18 × 8 = 344. gpt-4.1-mini at 0.40 and 1.60: 68.80. Batch: half of 344 = 172.

    The 999 M of the seats, which nobody charges for, are in no answer.
    """
    told = what_if(home, "reprice", "--model", "gpt-4.1", "--as", "gpt-4.1", "--as", "gpt-4.1-mini").stdout
    mini = (
        "gpt-4.1, September 2026 → gpt-4.1-mini: 68.80 USD instead of 344.00 USD at our prices (-275.20 USD, -80.0 %)"
    )
    same = "gpt-4.1, September 2026 → gpt-4.1: 344.00 USD instead of 344.00 USD"
    assert 0 <= told.index(mini) < told.index(same)
    assert "What it really cost (effective, by day of usage, discounts and commitments in): 840.00 USD." in told
    assert "Token counts are taken as they are" in told
    assert "Prices: genai-prices" in told
    batch = what_if(home, "reprice", "--model", "gpt-4.1", "--tier", "batch").stdout
    assert "→ in the batch tier: 172.00 USD instead of 344.00 USD" in batch


def test_the_table_of_a_glob_sums_to_the_headline_though_one_model_has_no_price(home: Home) -> None:
    told = what_if(home, "reprice", "--model", "gpt-*", "--tier", "batch").stdout
    assert "172.00 USD instead of 344.00 USD" in told
    assert "Left out on both sides, for a price is missing: input (batch): 7.00 M Tokens, now –." in told
    rows = [" ".join(line.split()) for line in told.splitlines()]
    assert "standard → batch input 100 M 200.00 200.00 100.00 100.00 -50.0 %" in rows
    assert "standard → batch output 18.0 M 144.00 144.00 72.00 72.00 -50.0 %" in rows
    assert "all 344.00 344.00 172.00 172.00 -50.0 %" in rows


def test_reprice_says_what_has_no_price_there(home: Home) -> None:
    told = what_if(home, "reprice", "--model", "gpt-4.1", "--host", "azure", "--tier", "batch").stdout
    assert "nothing of it has a price on both sides" in told
    assert "input (batch): 100 M Tokens, now 200.00 USD, output (batch): 18.0 M Tokens, now 144.00 USD." in told


def test_break_even_answers_first_and_names_every_source(home: Home) -> None:
    """Its tokens cost 300; searches, and hours of throughput whose tokens nobody counted, are named beside it.

    1,000 tokens a second are 3.6 M an hour: 12 M in the busiest hour need 4 H100s, 6 M need 2.

    Owned at 48 ÷ 24 = 2 an hour, 4 × 720 h = 5,760; reserved at 2,160 ÷ 720 = 3: 8,640. On demand by the hour: 6 hours.
    An hour is worth 3.6 M × 300 ÷ 18 M = 60 of the API's output: break-even at 2 ÷ 60 = 3.3 % busy, and here it
    is 18 ÷ (2,880 × 3.6) = 0.2 %.
    """
    words = ("--model", "gpt-4.1", "--accelerator", "H100", "--serve", "our-llama", "--load", "1")
    told = what_if(home, "break-even", *words).stdout
    assert told.startswith(
        "gpt-4.1 in September 2026: 18.0 M output tokens cost 300.00 USD through the API, 16.67 USD per million"
    )
    assert (
        "Served as our-llama on H100, people and network not counted (--overhead), at up to 100 % of the throughput, "
        "if 5.6 tokens of prompt to one of output take none of it:" in told
    )
    assert "on demand: self-hosting costs less" in told
    assert (
        "owned: the API costs less – 5,760.00 USD (no range) for the month; break-even 3.3 % busy, here 0.2 %" in told
    )
    assert (
        "reserved: the API costs less – 8,640.00 USD (no range) for the month; break-even 5.0 % busy, here 0.2 %"
        in told
    )
    for source in (
        "1,000.00 output tokens a second per accelerator; measured by us on 2026-08-01 (2k prompts); no range.",
        "Price owned: declared in outlay.yaml: our cluster (depreciation), 2026-09; for all 1 there.",
        "Price reserved: our bills of 2026-09: effective cost ÷ 720 hours paid for, us.",
        "Price on demand: reference, not ours: list price of",
        "The curve is the metered one, hour by hour (UTC).",
        "Prompts: ours are 5.6 tokens to one of output",
        "tokens are not known: capacity whose tokens nobody counted 500.00 USD, web searches 40.00 USD.",
    ):
        assert source in told, source


def test_a_month_under_way_is_compared_on_its_days_so_far(home: Home) -> None:
    """One day of October is charged, the next is only metered.

    1 M tokens in it need one H100, reserved at 3 for 24 hours: 72, and 720 ÷ 31 = 23.23 of the overhead.
    """
    words = ("--model", "gpt-4.1", "--accelerator", "H100", "--serve", "our-llama", "--load", "1", "--overhead", "720")
    told = what_if(home, "break-even", *words, "--month", "2026-10").stdout
    assert told.startswith("gpt-4.1 in October 2026 so far (it is under way: through 1 October 2026): 1.00 M output")
    assert "reserved: the API costs less – 95.23 USD (no range) for the days so far" in told
    assert "our bills of 2026-09 (no hours of 2026-10)" in told
    assert "are of its first 24 hours" in told
    assert "Overheads: 720.00 USD a month" in told


def test_break_even_with_reference_throughput_says_that_it_is_not_ours(home: Home) -> None:
    words = ("--model", "gpt-4.1", "--accelerator", "H100", "--serve", "llama3.1-8b", "--price-per-hour", "2.5")
    told = what_if(home, "break-even", *words, "--overhead", "1000", "--load", "0.7").stdout
    assert "reference, not ours: MLPerf Inference v5.1 closed, results 5.1-0083" in told
    assert "derived, not an MLPerf metric" in told
    assert "Price supposed: supposed by you (--price-per-hour)." in told
    assert "Overheads: 1,000.00 USD a month" in told


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("reprice", "--model", "gpt-4.1"), "nothing would be otherwise"),
        (
            ("reprice", "--model", "gpt-4.1", "--as", "gpt-4.1", "--token-ratio", "x"),
            "--token-ratio is a number, not 'x'",
        ),
        (("reprice", "--model", "gpt-4.1", "--geography", "mars"), "names 'mars'"),
        (("reprice", "--model", "???", "--tier", "batch"), "no charged usage of '...' is known"),
        (("break-even", "--model", "gpt-4.1", "--accelerator", "H100", "--load", "x"), "--load is a number, not 'x'"),
        (
            ("break-even", "--model", "gpt-4.1", "--accelerator", "H100", "--price-per-hour", "0"),
            "--price-per-hour is above zero",
        ),
        (("reprice", "--model", "gpt-41", "--tier", "batch"), "no charged usage of 'gpt-41'"),
        (("reprice", "--model", "gpt-4.1", "--tier", "batch", "--month", "2025-01"), "in 2025-01"),
        (("reprice", "--model", "gpt-4.1", "--tier", "batch", "--source", "seats"), "no charged usage"),
        (("break-even", "--model", "gpt-4.1", "--accelerator", "H100"), "how fast H100 serves gpt-4.1 is not known"),
        (
            ("break-even", "--model", "gpt-4.1", "--accelerator", "MI300X", "--serve", "mixtral-8x7b"),
            "what an hour of MI300X costs is not known",
        ),
    ],
)
def test_questions_that_cannot_be_answered_are_told_with_a_remedy(
    home: Home, words: tuple[str, ...], what: str
) -> None:
    with pytest.raises(OutlayError, match=what) as error:
        what_if(home, *words)
    assert error.value.remedy
    assert "vendor's own text" not in error.value.remedy
    assert "explain change" not in error.value.remedy


@pytest.mark.reference
def test_reference_figures_of_throughput_are_those_that_were_published(shared_reference: Any) -> None:
    """Every row of ours is a row of the transcription that lies beside the project, number by number."""
    import polars as pl

    from pipelines.reference import throughput_reference

    published = pl.read_csv(shared_reference / "catalog" / "mlperf_throughput.csv", infer_schema=False)
    named = published.select(
        "model", "result_id", pl.col("scenario").str.to_lowercase(), "submitter", "source",
        accelerator_type="catalog_accelerator", tokens_per_second="tokens_per_s", accelerators="total_accelerators",
        accelerators_per_node="accelerators_per_node", weights=pl.col("weight_data_types").str.to_lowercase(),
    )  # fmt: skip
    ours = throughput_reference()
    assert ours.join(named, on=ours.columns, how="anti").is_empty()
    assert ours.height == ours.unique(("model", "accelerator_type", "scenario", "result_id")).height == 71
