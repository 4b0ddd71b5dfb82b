"""The published warehouse against what the make-believe organisation really used and owes.

The truth was worked out by the simulator, which shares no code with the ledger. Every comparison is of whole sets:
what is not in the truth must not be in the warehouse either. Owners, components and pools are compared in
`test_demo_costs_equal_the_truth`.
"""

from collections import defaultdict
from decimal import Decimal

import pytest

COSTS = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
FILES = ("aws", "gcp", "azure", "saas", "coreweave", "invoices")
"""Sources whose bills come as files, and are charges as they come."""
CENT = Decimal("0.01")

pytestmark = pytest.mark.slow


DEFAULT_WORKSPACE = "default"


def project(row: dict[str, object]) -> object:
    """Anthropic's default workspace has no id at the vendor, and is a value of its own with us."""
    is_default = row["project_id"] is None and str(row["source"]).startswith("anthropic")
    return DEFAULT_WORKSPACE if is_default else row["project_id"]


def exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def test_all_four_costs_by_source_and_billing_period(ask, truth):
    ours = {
        (row["source"], row["billing_period"], row["currency"]): tuple(row[cost] for cost in COSTS)
        for row in ask(
            """SELECT x_Source source, x_BillingMonth billing_period, BillingCurrency currency,
                      sum(BilledCost) billed_cost, sum(EffectiveCost) effective_cost,
                      sum(ListCost) list_cost, sum(ContractedCost) contracted_cost
               FROM focus.cost_and_usage GROUP BY ALL"""
        )
    }
    theirs = {
        (row["source"], row["billing_period"], row["currency"]): tuple(Decimal(row[cost]) for cost in COSTS)
        for row in truth["costs"]
    }
    assert ours == theirs  # to the last place, not only to the cent


def test_billed_is_what_the_summary_of_the_truth_says(ask, truth):
    ours = {
        (row["x_Source"], row["x_BillingMonth"], row["BillingCurrency"]): row["billed"]
        for row in ask(
            """SELECT x_Source, x_BillingMonth, BillingCurrency, sum(BilledCost) billed
               FROM focus.cost_and_usage GROUP BY ALL"""
        )
    }
    assert ours == {
        (row["source"], row["billing_period"], row["currency"]): Decimal(row["billed_cost"]) for row in truth["billed"]
    }


def test_all_four_costs_by_key_model_meter_and_tier(ask, truth):
    keys = ("source", "billing_period", "api_key_id", "model", "meter", "processing_tier")
    ours = {
        tuple(row[key] for key in keys): (*(row[cost] for cost in COSTS), row["quantity"])
        for row in ask(
            """SELECT x_Source source, x_BillingMonth billing_period, x_ApiKeyId api_key_id, x_ModelId model,
                      x_Meter meter, x_ProcessingTier processing_tier, sum(BilledCost) billed_cost,
                      sum(EffectiveCost) effective_cost, sum(ListCost) list_cost,
                      sum(ContractedCost) contracted_cost, sum(ConsumedQuantity) quantity
               FROM focus.cost_and_usage WHERE x_Match = 'matched' GROUP BY ALL"""
        )
    }
    theirs = {
        tuple(row[key] for key in keys): (*(Decimal(row[cost]) for cost in COSTS), Decimal(row["quantity"]))
        for row in truth["by_key"]
    }
    assert ours.keys() == theirs.keys()
    wrong = {
        key: (ours[key], theirs[key])
        for key in ours
        if ours[key][4] != theirs[key][4]
        or any(abs(a - b) >= CENT / 2 for a, b in zip(ours[key], theirs[key], strict=True))
    }
    assert not wrong


@pytest.mark.parametrize(
    ("part", "query"),
    [
        (
            "tokens",
            """SELECT x_Source source, x_BillingMonth billing_period, x_TokenKind token_kind,
                      sum(ConsumedQuantity) tokens
               FROM focus.cost_and_usage WHERE x_TokenKind IS NOT NULL AND ConsumedQuantity IS NOT NULL GROUP BY ALL""",
        ),
        (
            "used_tokens",
            """SELECT source, billing_period, token_kind, sum(quantity) tokens
               FROM usage.meter_readings WHERE token_kind IS NOT NULL GROUP BY ALL HAVING sum(quantity) > 0""",
        ),
    ],
)
def test_tokens_exactly(ask, truth, part, query):
    ours = {(row["source"], row["billing_period"], row["token_kind"]): row["tokens"] for row in ask(query)}
    theirs = {(row["source"], row["billing_period"], row["token_kind"]): row["tokens"] for row in truth[part]}
    assert ours == {key: tokens for key, tokens in theirs.items() if tokens}


def test_bill_lines_without_usage_are_those_that_were_made_so(ask, truth):
    ours = sorted(
        (
            row["x_Source"],
            str(row["day"]),
            row["SubAccountId"],
            row["ChargeCategory"],
            row["x_Reason"],
            row["BilledCost"],
        )
        for row in ask(
            """SELECT x_Source, ChargePeriodStart::DATE AS day, coalesce(SubAccountId, '') SubAccountId, ChargeCategory,
                      x_Reason, BilledCost
               FROM focus.cost_and_usage WHERE x_Match = 'unmatched'"""
        )
    )
    theirs = sorted(
        (
            row["source"],
            row["day"],
            row["project_id"] or "",
            row["charge_category"],
            row["reason"],
            Decimal(row["amount"]),
        )
        for row in truth["unmatched_bills"]
    )
    assert ours == theirs


def test_usage_without_a_bill_is_that_which_was_made_so(ask, truth):
    keys = ("source", "day", "project_id", "api_key_id", "model", "meter", "processing_tier", "kind", "reason")
    ours = {
        tuple(None if row[key] is None else str(row[key]) for key in keys): (row["quantity"], row["list_cost"])
        for row in ask(
            """SELECT source, window_start::DATE AS day, project_id, api_key_id, model, meter, processing_tier, kind,
                      reason, sum(quantity) quantity, sum(list_cost) list_cost
               FROM estimates.usage_estimates
               WHERE meter IS NOT NULL AND stream NOT LIKE '%claude_code%' GROUP BY ALL"""
        )
    }
    theirs = {
        tuple(project(row) if key == "project_id" else row[key] for key in keys): (
            Decimal(row["quantity"]),
            exact(row["list_cost"]),
        )
        for row in truth["unpaid_usage"]
    }
    assert ours == theirs


def test_differences_are_those_that_were_made_each_with_its_reason(ask, truth):
    keys = ("source", "day", "project_id", "model", "token_kind", "processing_tier", "reason")
    ours = {
        tuple(None if row[key] is None else str(row[key]) for key in keys): (row["reported"], row["computed"])
        for row in ask(
            """SELECT source, window_start::DATE AS day, project_id, model, meter AS token_kind,
                      processing_tier, reason, sum(reported) reported, sum(computed) computed
               FROM marts.reconciliation
               WHERE match = 'matched' AND reason IS NOT NULL AND reason != 'rounding' GROUP BY ALL"""
        )
    }
    theirs = {
        tuple(row[key] for key in keys): (Decimal(row["reported"]), Decimal(row["computed"]))
        for row in truth["residuals"]
    }
    assert ours == theirs


def test_everything_else_agrees_but_for_the_vendors_rounding(ask):
    rows = ask(
        """SELECT count(*) lines, max(abs(difference)) largest FROM marts.reconciliation
           WHERE match = 'matched' AND (reason IS NULL OR reason = 'rounding')"""
    )
    assert rows[0]["lines"] > 1000
    assert rows[0]["largest"] < CENT


def test_restated_days_are_replaced_and_listed(ask, truth):
    """The change and nothing else: a model's tool calls stand in our figures and not in the truth's."""
    listed = {
        (row["source"], row["billing_period"], str(row["day"]), row["model"]): row["change"]
        for row in ask(
            """SELECT source, billing_period, day, model, sum(after - before) change
               FROM ops.restatements WHERE measure = 'billed_cost' GROUP BY ALL"""
        )
        if row["source"] not in FILES
    }
    made = {
        (row["source"], row["billing_period"], row["day"], row["model"]): Decimal(row["billed_after"])
        - Decimal(row["billed_before"])
        for row in truth["restated"]
    }
    assert listed == made
    now = {
        (row["x_Source"], row["x_BillingMonth"], str(row["day"]), row["x_ModelId"]): row["tokens"]
        for row in ask(
            """SELECT x_Source, x_BillingMonth, ChargePeriodStart::DATE AS day, x_ModelId, sum(ConsumedQuantity) tokens
               FROM focus.cost_and_usage WHERE x_TokenKind IS NOT NULL GROUP BY ALL"""
        )
    }
    assert {key: now[key] for key in made} == {
        (row["source"], row["billing_period"], row["day"], row["model"]): row["tokens_after"]
        for row in truth["restated"]
    }


def test_clouds_cost_what_is_true_by_account_and_category(ask, truth):
    """Effective is not billed here: what commitments cover costs, and buying them does not."""
    ours = {
        (row["source"], row["period"], row["account"], row["category"], row["currency"]): tuple(
            row[cost] for cost in COSTS
        )
        for row in ask(
            f"""SELECT x_Source source, x_BillingMonth period, BillingAccountId account, ChargeCategory category,
                       BillingCurrency currency, sum(BilledCost) billed_cost, sum(EffectiveCost) effective_cost,
                       sum(ListCost) list_cost, sum(ContractedCost) contracted_cost
                FROM focus.cost_and_usage WHERE x_Source IN {FILES} GROUP BY ALL"""
        )
    }
    keys = ("source", "billing_period", "billing_account_id", "charge_category", "currency")
    assert ours == {
        tuple(row[key] for key in keys): tuple(Decimal(row[cost]) for cost in COSTS) for row in truth["cloud_costs"]
    }


def test_tokens_through_clouds_by_model_meter_and_tier(ask, truth):
    keys = ("source", "billing_period", "model", "meter", "processing_tier")
    ours = {
        tuple(row[key] for key in keys): row["tokens"]
        for row in ask(
            f"""SELECT x_Source source, x_BillingMonth billing_period, x_ModelId model, x_Meter meter,
                       x_ProcessingTier processing_tier, sum(ConsumedQuantity) tokens
                FROM focus.cost_and_usage WHERE x_Source IN {FILES} AND x_TokenKind IS NOT NULL GROUP BY ALL"""
        )
    }
    assert ours == {tuple(row[key] for key in keys): row["tokens"] for row in truth["cloud_tokens"]}


def test_accelerator_hours_used_and_unused_by_type_region_and_how_they_were_bought(ask, truth):
    keys = ("source", "billing_period", "accelerator_type", "region", "pricing_kind", "use")
    ours = {
        tuple(row[key] for key in keys): (row["counted"], row["cost"])
        for row in ask(
            """SELECT source, billing_month billing_period, accelerator_type, region, pricing_kind, "use",
                      sum(accelerator_hours) counted, sum(effective_cost) cost
               FROM usage.accelerators WHERE "use" != 'purchased' GROUP BY ALL"""
        )
    }
    assert ours == {
        tuple(row[key] for key in keys): (Decimal(row["accelerator_hours"]), Decimal(row["effective_cost"]))
        for row in truth["accelerators"]
    }


def test_commitments_are_what_was_paid_used_and_left(ask, truth):
    ours = {
        (row["source"], row["commitment"]): (row["paid"], row["used"], row["unused"])
        for row in ask(
            """SELECT x_Source source, CommitmentDiscountId AS commitment, sum(BilledCost) paid,
                      coalesce(sum(EffectiveCost) FILTER (CommitmentDiscountStatus = 'Used'), 0) used,
                      coalesce(sum(EffectiveCost) FILTER (CommitmentDiscountStatus = 'Unused'), 0) unused
               FROM focus.cost_and_usage WHERE CommitmentDiscountId IS NOT NULL GROUP BY ALL"""
        )
    }
    assert ours == {
        (row["source"], row["commitment_id"]): tuple(Decimal(row[part]) for part in ("paid", "used", "unused"))
        for row in truth["commitments"]
    }


def test_what_nobody_understands_is_kept_and_listed_with_its_money(ask, truth):
    """A usage type by the connector that read it, a size of machine by the catalogue that lacks it."""
    listed = {
        (row["source"], row["billing_period"], row["kind"], row["detail"].replace(",", ""), row["count"])
        for row in ask("SELECT * FROM ops.findings WHERE kind IN ('not_understood', 'unlisted_accelerator')")
    }
    words = {"usage_type": ("not_understood", "usage type "), "instance_type": ("unlisted_accelerator", "")}
    assert listed == {
        (
            row["source"],
            row["billing_period"],
            words[row["kind"]][0],
            f"{words[row['kind']][1]}{row['what']}: {row['billed_cost']} {row['currency']}",
            row["charges"],
        )
        for row in truth["not_understood"]
    }


def test_restated_days_of_clouds_are_replaced_and_listed(ask, truth):
    keys = ("source", "billing_period", "day", "project_id", "model")
    listed = {
        tuple(None if row[key] is None else str(row[key]) for key in keys): (row["before"], row["after"])
        for row in ask(
            f"""SELECT source, billing_period, day, project_id, model, before, after
                FROM ops.restatements WHERE measure = 'billed_cost' AND source IN {FILES}"""
        )
    }
    made = {
        tuple(row[key] for key in keys): (exact(row["billed_before"]), exact(row["billed_after"]))
        for row in truth["cloud_restated"]
    }
    assert listed == made


def test_renamed_and_deleted_keys_keep_the_name_they_had(ask, truth):
    names = defaultdict(set)
    for row in ask("SELECT DISTINCT x_Source, x_ApiKeyId, x_ApiKeyName FROM focus.cost_and_usage"):
        names[(row["x_Source"], row["x_ApiKeyId"])].add(row["x_ApiKeyName"])
    for changed in truth["names"]:
        assert names[(changed["source"], changed["id"])] <= {changed["name_in_rows"]}


def test_every_proof_holds(ask):
    assert ask("SELECT count(*) n FROM ops.checks WHERE kind = 'proof' AND passed")[0]["n"] > 100
    assert ask("SELECT * FROM ops.checks WHERE NOT passed") == []


def test_every_charge_meets_the_billing_period_of_its_issuer(ask):
    """Google's months begin at Pacific midnight, the others' at UTC's."""
    rows = ask(
        """SELECT DISTINCT InvoiceIssuerName, BillingPeriodStart, BillingPeriodEnd FROM focus.cost_and_usage
           ANTI JOIN focus.billing_period USING (InvoiceIssuerName, BillingPeriodStart, BillingPeriodEnd)"""
    )
    assert rows == []
    hours = ask(
        """SELECT DISTINCT hour(BillingPeriodStart AT TIME ZONE 'UTC') AS at FROM focus.billing_period
           WHERE InvoiceIssuerName LIKE 'Google%'"""
    )
    assert {row["at"] for row in hours} <= {7, 8}
