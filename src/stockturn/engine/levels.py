"""Reorder point, order-up-to level and need of every cell, by its policy. Vectorised; one call per decision.

L lead time, R review period, F(.) expected demand over a span, SS(.) safety stock over the same span, in days:

    rs      S = F(L+R) + SS(L+R), order S - position if > 0; alert line F(L) + SS(L)
    jit     rs with SS 0          vmi   rs, and the supplier gets a sheet instead of an order
    sS      s = F(L+R) + SS(L+R), S = s + max(EOQ, moq, F(R)); position <= s: order S - position
    rop     s = F(L) + SS(L); position <= s: as many lots as lift the position above s, a lot = max(EOQ, moq)
    minmax  position <= min_stock: order max_stock - position

Source: Silver, Pyke & Thomas, *Inventory and Production Management in Supply Chains*, ch. 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.loss import Floats, z_value
from stockturn.engine.lots import eoq
from stockturn.engine.outlook import BUCKET_DAYS, Outlook
from stockturn.engine.rounding import HAIR, packs_up, plain_need
from stockturn.engine.safety import Errors, Spread, chance_short, level_for_fill, shortage, spread

DAYS_A_YEAR = 365.0


def numbers(frame: pl.DataFrame, name: str, default: float = 0.0) -> Floats:
    """A column as floats, nulls and nan as ``default``."""
    return frame.get_column(name).cast(pl.Float64).fill_nan(None).fill_null(default).to_numpy().copy()


@dataclass(frozen=True)
class Terms:
    """What stays the same over the plan, per cell. ``promised`` marks cells with reserved units,
    ``kept`` those where the item's minimum and maximum hold."""

    policy: np.ndarray
    lead: Floats
    lead_sd: Floats
    review: Floats
    service: Floats
    fill: np.ndarray
    moq: Floats
    multiple: Floats
    minimum: Floats
    maximum: Floats
    unit_cost: Floats
    stopped: np.ndarray
    promised: np.ndarray
    kept: np.ndarray

    @property
    def span(self) -> Floats:
        """Days that the decision must cover: L for rop, else L + R."""
        return np.where(self.policy == "rop", self.lead, self.lead + self.review)


@dataclass(frozen=True)
class Stocks:
    """Safety stocks and the lot, fixed over the plan: ``safety`` over the span of the decision, ``safety_lead`` over
    the lead time. ``normal`` is the textbook figure beside it; ``cycle`` and ``fill`` the service to expect;
    ``measured`` whether forecast errors were known (else Poisson)."""

    safety: Floats
    safety_lead: Floats
    normal: Floats
    lot: Floats
    cycle: Floats
    fill: Floats
    measured: np.ndarray


@dataclass(frozen=True)
class Levels:
    """The figures of one decision: demand over L and over the span, alert line or trigger (s), order-up-to level."""

    lead_demand: Floats
    span_demand: Floats
    reorder_point: Floats
    order_up_to: Floats


def terms_of(cells: pl.DataFrame, settings: ReorderSettings) -> Terms:
    """The terms of the cells; a min-max cell without both numbers falls back to rs."""
    policy = cells.get_column("policy").to_numpy().astype("U6")
    maximum = _positive(numbers(cells, "max_stock"), np.inf)  # 0 stands for: none stated
    minimum = numbers(cells, "min_stock", np.nan)
    complete = np.isfinite(maximum) & ~np.isnan(minimum)
    status = cells.get_column("status").str.to_lowercase().is_in(list(settings.stopped)).fill_null(False)
    return Terms(
        np.where((policy == "minmax") & ~complete, "rs", policy),
        numbers(cells, "lead_time_days"),
        numbers(cells, "lead_time_sd"),
        numbers(cells, "review_days"),
        numbers(cells, "service_level", settings.default_service_level),
        (cells.get_column("target") == "fill").to_numpy(),
        np.maximum(numbers(cells, "moq"), 0.0),
        _positive(numbers(cells, "order_multiple"), settings.order_multiple),
        np.nan_to_num(minimum),
        maximum,
        np.maximum(numbers(cells, "unit_cost"), 0.0),
        status.to_numpy(),
        numbers(cells, "reserved") > 0,
        _kept(cells),
    )


def _kept(cells: pl.DataFrame) -> np.ndarray:
    """Where a minimum and maximum of the item hold: where the sku stands or sells, or has no other warehouse."""
    used = (pl.col("on_hand") != 0) | (pl.col("demand_per_day") > 0)
    return cells.select(used | ~used.any().over("sku")).to_series().fill_null(False).to_numpy()


def _positive(value: Floats, default: float) -> Floats:
    return np.where(value > 0, value, default)


@dataclass(frozen=True)
class Spans:
    """Demand as distributions: over lead time plus review, and over the lead time; ``rate`` units a day over both.
    The knots of either are kept twice: as chances, and ``units``, around the mean."""

    whole: Spread
    lead: Spread
    rate: Floats
    knots: Floats
    knots_lead: Floats
    units: Floats
    units_lead: Floats

    def z(self, terms: Terms) -> Floats:
        """Safety factors of the service levels, not below 0."""
        return np.asarray(np.maximum(z_value(terms.service), 0.0))

    def error_part(self, terms: Terms) -> Floats:
        """Units that forecast errors alone ask for, over the span of the decision."""
        lead, whole = (part.error(z_value(terms.service)) for part in (self.lead, self.whole))
        return np.where(terms.policy == "rop", lead, whole)


def spans_of(terms: Terms, outlook: Outlook, errors: Errors, bucket: str) -> Spans:
    """The distributions that safety stocks are taken from."""
    days, both = BUCKET_DAYS[bucket], terms.lead + terms.review
    demand = outlook.until(both)
    rate = np.where(both > 0, demand / np.where(both > 0, both, 1.0), outlook.until(1.0))
    whole = spread(demand, errors, both / days, rate, terms.lead_sd)
    lead = spread(outlook.until(terms.lead), errors, terms.lead / days, rate, terms.lead_sd)
    knots, knots_lead = whole.knots(), lead.knots()
    units_lead = lead.around_mean(knots_lead)
    units = np.maximum(whole.around_mean(knots), units_lead)
    return Spans(whole, lead, rate, np.maximum(knots, knots_lead), knots_lead, units, units_lead)


def stocks_of(
    terms: Terms, outlook: Outlook, errors: Errors, bucket: str, settings: ReorderSettings
) -> tuple[Stocks, Spans]:
    """Safety stocks by the service level or the fill rate aimed at, the lot, and the service that comes of them."""
    spans = spans_of(terms, outlook, errors, bucket)
    lot = _lot(terms, outlook, settings)
    safety, safety_lead = spans.whole.safety(terms.service), spans.lead.safety(terms.service)
    if terms.fill.any():
        cell = np.flatnonzero(terms.fill)
        safety[cell], safety_lead[cell] = _for_fill(terms, spans, lot, cell)
    none = (terms.policy == "jit") | (spans.whole.mean <= HAIR)  # nobody asks: nothing to be safe for
    used = np.where(none, 0.0, np.where(terms.policy == "rop", safety_lead, safety))
    alert = np.where(none, 0.0, safety_lead)
    cycle, fill = _reached(terms, spans, used, lot)
    textbook = np.where(none, 0.0, _textbook(terms, spans, errors, bucket))
    return Stocks(used, alert, textbook, lot, cycle, fill, errors.measured), spans


def _lot(terms: Terms, outlook: Outlook, settings: ReorderSettings) -> Floats:
    """Lot of rop and sS: max(EOQ, moq) in whole packs; EOQ at most a year's demand, F(R) where cost is unknown."""
    year = outlook.until(DAYS_A_YEAR)
    best = eoq(settings.order_cost, settings.holding_rate * terms.unit_cost, year)
    best = np.where(terms.unit_cost > 0, np.minimum(best, year), outlook.until(terms.review))
    return packs_up(np.maximum(best, terms.moq), terms.multiple)


def _cycle_demand(terms: Terms, spans: Spans, lot: Floats) -> Floats:
    """Demand of one order cycle: the lot of rop and sS, else that of one review period (at least a day)."""
    by_lot = (terms.policy == "rop") | (terms.policy == "sS")
    return np.where(by_lot, lot, np.maximum(terms.review, 1.0) * spans.rate)


def _for_fill(terms: Terms, spans: Spans, lot: Floats, cell: np.ndarray) -> tuple[Floats, Floats]:
    """Safety stocks over the span and over the lead time that serve the fill rate, for the cells that aim at one.

    rs: least S with 1 - (E[(X_{L+R} - S)+] - E[(X_L - S)+]) / (R d) >= fill; rop and sS: 1 - E[(X - s)+] / Q.
    """
    unmet = (1 - terms.service[cell]) * _cycle_demand(terms, spans, lot)[cell]
    by_lot = terms.policy[cell] == "sS"
    before = np.where(by_lot[:, None], 0.0, spans.units_lead[cell])
    level = level_for_fill(spans.units[cell], before, unmet)
    alert = level_for_fill(spans.units_lead[cell], None, unmet)
    return (
        np.maximum(level - spans.whole.mean[cell], 0.0),
        np.maximum(alert - spans.lead.mean[cell], 0.0),
    )


def _reached(terms: Terms, spans: Spans, safety: Floats, lot: Floats) -> tuple[Floats, Floats]:
    """Cycle service and fill rate to expect with that safety stock, whichever of them was aimed at."""
    rop = terms.policy == "rop"
    knots = np.where(rop[:, None], spans.knots_lead, spans.knots)
    units = np.where(rop[:, None], spans.units_lead, spans.units)
    level = np.where(rop, spans.lead.mean, spans.whole.mean) + safety
    before = np.where((rop | (terms.policy == "sS")), 0.0, shortage(spans.units_lead, level))
    demand = _cycle_demand(terms, spans, lot)
    missed = np.maximum(shortage(units, level) - before, 0.0) / np.where(demand > 0, demand, 1.0)
    return 1 - chance_short(knots, level), np.where(demand > 0, np.clip(1 - missed, 0.0, 1.0), np.nan)


def _textbook(terms: Terms, spans: Spans, errors: Errors, bucket: str) -> Floats:
    """z sqrt(span s_e^2 + d^2 s_L^2), s_e the error sd of one bucket: shown beside the figure that is used."""
    span = terms.span
    poisson = np.where(terms.policy == "rop", spans.lead.mean, spans.whole.mean)
    variance = np.where(errors.measured, span / BUCKET_DAYS[bucket] * errors.sd[:, 0] ** 2, poisson)
    return np.asarray(
        np.maximum(z_value(terms.service), 0.0) * np.sqrt(variance + (spans.rate * terms.lead_sd) ** 2)
    )


def levels_of(terms: Terms, stocks: Stocks, lead: Floats, whole: Floats, review: Floats) -> Levels:
    """Levels from the demand over L, L + R and R as seen at one review."""
    policy = terms.policy
    alert = lead + stocks.safety_lead
    top = whole + stocks.safety
    point = np.select([policy == "sS", policy == "minmax"], [top, terms.minimum], alert)
    up_to = np.select(
        [policy == "sS", policy == "rop", policy == "minmax"],
        [top + np.maximum(stocks.lot, review), alert + stocks.lot, terms.maximum],
        top,
    )
    return Levels(lead, np.where(policy == "rop", lead, whole), point, up_to)


def need_of(terms: Terms, stocks: Stocks, levels: Levels, position: Floats) -> Floats:
    """Units wanted before minimum and packs; 0 for goods that are stopped or that nobody asks for."""
    policy = terms.policy
    below = position <= levels.reorder_point + HAIR
    lots = np.floor((levels.reorder_point - position) / np.where(stocks.lot > 0, stocks.lot, 1.0) + HAIR) + 1
    fill_up = levels.order_up_to - position
    wanted = np.select(
        [policy == "rop", (policy == "sS") | (policy == "minmax")],
        [np.where(below, lots * stocks.lot, 0.0), np.where(below, fill_up, 0.0)],
        fill_up,
    )
    owed = terms.promised & (position < -HAIR)  # reserved goods are asked for, whatever the forecast says
    asked = (levels.span_demand > HAIR) | ((policy == "minmax") & terms.kept) | owed
    return plain_need(np.where(asked & ~terms.stopped, wanted, 0.0))
