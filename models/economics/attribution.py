"""Attribution: charges by day with the component and the owner that rules give them, before pools are split.

Decision record 7. What a rule is and which one fits belongs to `first_match`; what components there are to
`components`, whose a charge is to `ownership`; splitting shared pools and declared costs to `tco`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import dataframely as dy
import polars as pl

from models.economics.components import Taxonomy
from models.economics.developers import Developers
from models.economics.first_match import TAG, columns_asked, with_tags
from models.economics.ownership import ATTRIBUTES as OWNED_BY
from models.economics.ownership import OwnerRule, owned, tag_keys
from models.table import Table, instant, money, text


class AttributedDaily(dy.Schema):
    """One row per day and everything that rules, unit costs and vendors ask of charges; costs in `currency`."""

    source = text("Name of the source in outlay.yaml")
    billing_month = text("Month that it is billed in, YYYY-MM")
    day = instant("UTC day on which the charge period starts")
    provider_name = text("FOCUS ServiceProviderName: who sells it")
    host_name = text("FOCUS HostProviderName: on whose machines it runs", nullable=True)
    issuer_name = text("FOCUS InvoiceIssuerName: who sends the invoice")
    developer_name = text(
        "Who develops the model: OpenAI, Anthropic, Meta, …; null where there is no model, or it is unknown",
        nullable=True,
    )
    service_name = text("FOCUS ServiceName", nullable=True)
    billing_account_id = text("Account that is invoiced")
    project_id = text("FOCUS SubAccountId: project, workspace, subscription", nullable=True)
    project_name = text("Its name at that time", nullable=True)
    region = text("FOCUS RegionId, or where inference ran where the vendor tells only that", nullable=True)
    model = text("Model, as the vendor names it", nullable=True)
    meter = text("What was metered", nullable=True)
    token_kind = text("The meter where it counts tokens, else null", nullable=True)
    processing_tier = text("standard, batch, flex, priority, fast or unknown", nullable=True)
    inference_geo = text("Where inference ran, the vendor's word", nullable=True)
    accelerator_type = text("Accelerator, such as H100; null where there is none", nullable=True)
    pricing_category = text("FOCUS PricingCategory: Standard, Committed, Dynamic, Other", nullable=True)
    commitment_id = text("FOCUS CommitmentDiscountId", nullable=True)
    commitment_status = text("FOCUS CommitmentDiscountStatus: Used or Unused", nullable=True)
    capacity_status = text("FOCUS CapacityReservationStatus: Used or Unused", nullable=True)
    charge_category = text("FOCUS ChargeCategory")
    price_status = text("priced, unpriced, estimated or native", nullable=True)
    cost_status = text("provisional or invoiced", nullable=True)
    component = text("Component of the AI stack; null is unmatched", nullable=True)
    layer = text("Layer of the stack that the component belongs to; null is unmatched", nullable=True)
    unmatched_sku = text("FOCUS SkuMeter, or ChargeDescription without one, where there is no component", nullable=True)
    team = text("Team that owns it; null is unallocated, or in a pool", nullable=True)
    cost_centre = text("Cost centre; null is unknown", nullable=True)
    product = text("Product; null is unknown", nullable=True)
    use_case = text("Use case; null is unknown", nullable=True)
    environment = text("Environment, such as production; null is unknown", nullable=True)
    pool = text("Shared pool that it is split from; null where it is in none", nullable=True)
    currency = text("ISO 4217 code of the four costs")
    unit = text("FOCUS unit of consumed_quantity", nullable=True)
    charges = dy.Int64(nullable=False, description="How many charges")
    billed_cost = money("What finance will pay, in currency")
    effective_cost = money("What the day really cost, in currency")
    list_cost = money("At public prices, in currency")
    contracted_cost = money("At our prices, in currency")
    consumed_quantity = money("How much was used, in unit; null where nothing was metered", nullable=True)
    accelerator_hours = money("Accelerator-hours used, or left unused of a commitment; null where none", nullable=True)


ATTRIBUTED_DAILY = Table(
    name="attributed_daily",
    schema="marts",
    kind="mart",
    grain=(
        "source × billing month × day × service × account × project × region × model × meter × tier × accelerator × "
        "commitment × capacity × charge category × price status × cost status × component, or SKU × owner × pool × "
        "currency × unit"
    ),
    meaning="Charges by day with component and owner, before shared pools are split: quantities and all four costs.",
    contract=AttributedDaily,
)


FROM_CHARGES = {
    "source": "x_Source",
    "billing_month": "x_BillingMonth",
    "provider_name": "ServiceProviderName",
    "host_name": "HostProviderName",
    "issuer_name": "InvoiceIssuerName",
    "service_name": "ServiceName",
    "billing_account_id": "BillingAccountId",
    "project_id": "SubAccountId",
    "project_name": "SubAccountName",
    "model": "x_ModelId",
    "meter": "x_Meter",
    "token_kind": "x_TokenKind",
    "processing_tier": "x_ProcessingTier",
    "inference_geo": "x_InferenceGeo",
    "accelerator_type": "x_AcceleratorType",
    "pricing_category": "PricingCategory",
    "commitment_id": "CommitmentDiscountId",
    "commitment_status": "CommitmentDiscountStatus",
    "capacity_status": "CapacityReservationStatus",
    "charge_category": "ChargeCategory",
    "price_status": "x_PriceStatus",
    "cost_status": "x_CostStatus",
    "currency": "BillingCurrency",
    "unit": "ConsumedUnit",
}
_FOR_RULES = {
    "billing_account_name": "BillingAccountName",
    "api_key_id": "x_ApiKeyId",
    "api_key_name": "x_ApiKeyName",
    "user_id": "x_UserId",
    "user_name": "x_UserName",
    "x_team": "x_Team",
    "instance_type": "x_InstanceType",
    "ai_kind": "x_AiKind",
}
"""What only rules ask, and the column that tells it."""
_BY_LEAF = {"api_key_id": "x_ApiKeyId", "sku_id": "SkuId"}
"""What tells charges of one row of `marts.attributed_daily` apart where a cause is looked for."""
_COSTS = {
    "billed_cost": "BilledCost",
    "effective_cost": "EffectiveCost",
    "list_cost": "ListCost",
    "contracted_cost": "ContractedCost",
}
_AMOUNTS = {"consumed_quantity": "ConsumedQuantity", "accelerator_hours": "x_AcceleratorHours"}
"""Sums that are null where no row has any."""
_ADDED = ("charges", *_COSTS, *_AMOUNTS)
_NAME = "project_name"
_GRAIN = [name for name in ATTRIBUTED_DAILY.polars_schema if name not in {*_ADDED, _NAME}]
_LEAF_NAMES = (_NAME, "api_key_name", "sku")
LEAF_SCHEMA = pl.Schema({**ATTRIBUTED_DAILY.polars_schema, **dict.fromkeys((*_LEAF_NAMES, *_BY_LEAF), pl.String())})
"""`marts.attributed_daily` by API key and SKU besides: the finest that a cause is looked for in. `sku` is its name."""
_ALWAYS_ASKED = (*FROM_CHARGES, "region", "sku", "instance_type", "ai_kind", "x_team", "day")


@dataclass(frozen=True)
class Attribution:
    """By what charges are attributed: components, developers of models, owners, and the cost centres of teams."""

    taxonomy: Taxonomy
    developers: Developers
    owners: Sequence[OwnerRule] = ()
    cost_centres: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def tag_keys(self) -> tuple[str, ...]:
        """The tags that any rule asks."""
        return tuple(sorted({*self.taxonomy.tag_keys, *tag_keys(self.owners)}))

    @property
    def columns_asked(self) -> tuple[str, ...]:
        """What of a charge its owner and component depend on, or `marts.attributed_daily` shows; besides tags."""
        by_owners = columns_asked(rule.asking() for rule in self.owners)
        return (*_ALWAYS_ASKED, *(name for name in _FOR_RULES if name in by_owners and name not in _ALWAYS_ASKED))

    def place(self, rows: pl.DataFrame) -> pl.DataFrame:
        """`rows` (ATTRIBUTES of components and owners, tags as `tag:KEY`) with component, layer and owner."""
        return owned(self.taxonomy.with_components(rows), self.owners, self.cost_centres)


def attribute(charges: pl.LazyFrame, by: Attribution) -> pl.DataFrame:
    """`marts.attributed_daily` of charges (`focus.cost_and_usage`) of any sources and months."""
    return of_leaves(attributed_leaves(charges, by))


def attributed_leaves(charges: pl.LazyFrame, by: Attribution) -> pl.DataFrame:
    """LEAF_SCHEMA of charges (`focus.cost_and_usage`) of any sources and months.

    A charge counts on the UTC day on which its period starts, however long it is.
    """
    rows = placed(charges, by)
    told = rows.with_columns(
        by.developers.of(rows["model"]), unmatched_sku=pl.when(pl.col("component").is_null()).then("sku")
    )
    return _summed(told, [*_GRAIN, *_BY_LEAF], _LEAF_NAMES, LEAF_SCHEMA)


def placed(charges: pl.LazyFrame, by: Attribution, tags: Collection[str] = ()) -> pl.DataFrame:
    """Charges (`focus.cost_and_usage`), summed by all that rules ask of them and by further `tags` (columns `tag:KEY`),
    with component, layer and owner.

    Charges are read as a stream, and only columns that are needed; memory goes with the distinct combinations of what
    is asked, not with the charges.
    """
    told = asked(charges, by, tags)
    asked_of = dict.fromkeys([*by.columns_asked, *_BY_LEAF, *_LEAF_NAMES, *_tag_columns(by, tags)])
    combinations = told.group_by(list(asked_of)).agg(_sums()).collect(engine="streaming")
    unasked = [name for name in OWNED_BY if name not in {*combinations.columns, "component"}]
    return by.place(combinations.with_columns(pl.lit(None, pl.String).alias(name) for name in unasked))


def of_leaves(leaves: pl.DataFrame) -> pl.DataFrame:
    """`marts.attributed_daily` of LEAF_SCHEMA."""
    return _summed(leaves, _GRAIN, (_NAME,), ATTRIBUTED_DAILY.polars_schema)


def _summed(rows: pl.DataFrame, grain: Sequence[str], names: Sequence[str], schema: pl.Schema) -> pl.DataFrame:
    """One row per `grain`, sorted; of each of `names` the last in the alphabet."""
    return (
        rows.group_by(grain)
        .agg(pl.col(names).max(), *_sums())
        .with_columns(pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
        .sort(grain, nulls_last=True)
        .select(list(schema))
        .cast(schema)
    )


def _sums() -> Iterator[pl.Expr]:
    yield pl.col("charges", *_COSTS).sum()
    for amount in map(pl.col, _AMOUNTS):
        yield pl.when(amount.is_not_null().any()).then(amount.sum())


def with_teams(charges: pl.DataFrame, by: Attribution) -> pl.DataFrame:
    """Charges (`focus.cost_and_usage`) with the team that rules give them in `x_Team`; null where they give none."""
    rows = asked(charges.lazy(), by).collect()
    return charges.with_columns(x_Team=by.place(rows)["team"])


def asked(charges: pl.LazyFrame, by: Attribution, tags: Collection[str] = ()) -> pl.LazyFrame:
    """Each charge in the words of rules: what they may ask, its tags (and further ones), and its amounts; in the order
    of the charges."""
    columns = _tag_columns(by, tags)
    told = charges
    if columns:
        texts = tag_texts(charges, [column.removeprefix(TAG) for column in columns])
        told = charges.join(texts.lazy(), on="Tags", how="left", maintain_order="left")
    return told.select(
        *(pl.col(column).alias(name) for name, column in {**FROM_CHARGES, **_FOR_RULES, **_BY_LEAF}.items()),
        *columns,
        *(pl.col(column).alias(name) for name, column in {**_COSTS, **_AMOUNTS}.items()),
        region=pl.coalesce("RegionId", "x_InferenceGeo"),
        sku=pl.coalesce("SkuMeter", "ChargeDescription"),
        day=pl.col("ChargePeriodStart").dt.date(),
        charges=pl.lit(1, dtype=pl.Int64),
    )


def tag_texts(charges: pl.LazyFrame, keys: Collection[str]) -> pl.DataFrame:
    """The distinct `Tags` of charges with `tag:KEY`. Each is read once, and only if a key may stand in it: few are."""
    text = pl.col("Tags")
    may_hold = text.str.contains_any([*keys, "\\"])  # what JSON escapes is spelled otherwise
    texts = charges.select(text).filter(may_hold).unique().collect(engine="streaming")
    return with_tags(texts, keys)


def _tag_columns(by: Attribution, further: Collection[str]) -> list[str]:
    return [f"{TAG}{key}" for key in sorted({*by.tag_keys, *further})]
