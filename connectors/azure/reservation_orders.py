"""A reservation's purchase names its order only, what it covers the reservation: within a month the two are brought
together, where the order has a single reservation. An order that was split stays as it is told."""

from __future__ import annotations

import polars as pl

_OF_ORDER = r"^(.*/reservationorders/[^/]+)/reservations/[^/]+$"
_IDS = ("CommitmentDiscountId", "ResourceId")


class ReservationOrders:
    """The reservations of each order, as the usage and the unused rest of a month tell them."""

    def __init__(self) -> None:
        self._reservations: dict[str, set[str]] = {}

    def add(self, charges: pl.DataFrame) -> None:
        """Charges of what commitments cover."""
        ids = charges["CommitmentDiscountId"].drop_nulls().unique()
        for id_, order in zip(ids, ids.str.extract(_OF_ORDER), strict=True):
            if order is not None:
                self._reservations.setdefault(order, set()).add(id_)

    def resolved(self, charges: pl.DataFrame) -> pl.DataFrame:
        """The charges with an order's id replaced by its one reservation's."""
        single = {order: next(iter(ids)) for order, ids in self._reservations.items() if len(ids) == 1}
        is_bought = pl.col("CommitmentDiscountId").is_not_null()
        return charges.with_columns(
            pl.when(is_bought).then(pl.col(name).replace(single)).otherwise(name).alias(name) for name in _IDS
        )
