"""Demand over a span as a distribution, and the safety stock that a service level asks of it.

The distribution is the forecast of the span plus the errors that forecasts of such a span have made: quantiles of the
error of the *sum*, because stock depends on the sum and errors of neighbouring buckets hang together. Between the
known quantiles it is straight. Lead-time spread is added to each quantile at a right angle:
e'_p = sqrt(e_p^2 + (z_p d s_L)^2), so that without it the measured quantile stands, and with normal errors the
textbook formula z sqrt(s^2 + d^2 s_L^2) comes out.
Sources: Silver, Pyke & Thomas, ch. 6-7 (fill rates of (r, Q) and (R, S)); King, "Crack the Code", APICS 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.engine.loss import Floats, normal_loss, z_value
from stockturn.engine.outlook import rows_of, spread_out

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.975, 0.99)
QUANTILES = ("q50", "q80", "q90", "q95", "q97_5", "q99")
"""Columns of the error quantiles, and the level of each."""

_TAIL = 1.85
"""The last hundredth reaches so many times (q99 - q97.5) beyond q99: with normal errors its mean is then right."""
_WEIGHTS = np.diff((0.0, *LEVELS, 1.0))
_Z = z_value(np.array(LEVELS))
_HALVINGS = 44
HAIR = 1e-9


@dataclass(frozen=True)
class Errors:
    """Errors of forecast sums: ``quantiles`` cells x spans x levels, ``sd`` cells x spans, span 1, 2, ... buckets.

    ``measured`` says for which cells; the others are taken as Poisson (sd = square root of expected demand).
    """

    quantiles: Floats
    sd: Floats
    measured: np.ndarray


def errors(sums: pl.DataFrame | None, cells: pl.DataFrame) -> Errors:
    """Errors of the cells from a frame sku, warehouse, span (whole buckets from 1 on), mean, error_sd, q50 ... q99.

    mean and the quantiles are of the demand over the first ``span`` buckets, so that quantile - mean is the error;
    error_sd is the root mean square of the sum's error. A cell without rows is not measured; a span it lacks takes
    the one before it times the square root of the spans.
    """
    if sums is None or sums.is_empty():
        none = np.zeros((cells.height, 1))
        return Errors(np.zeros((cells.height, 1, len(LEVELS))), none, np.zeros(cells.height, dtype=bool))
    mean = sums["mean"].to_numpy()
    figures = np.column_stack(
        [sums["error_sd"].to_numpy(), *(sums[name].to_numpy() - mean for name in QUANTILES)]
    )
    known = spread_out(rows_of(sums, cells), sums["span"].to_numpy() - 1, figures, cells.height)
    measured = np.ones(cells.height, dtype=bool)
    if np.isnan(known).any():
        known = known.copy()
        for later in range(1, known.shape[1]):
            grown = known[:, later - 1] * np.sqrt((later + 1) / later)
            known[:, later] = np.where(np.isnan(known[:, later]), grown, known[:, later])
        measured = np.asarray(~np.isnan(known).any(axis=(1, 2)))
        known = np.nan_to_num(known)
    return Errors(known[:, :, 1:], known[:, :, 0], measured)


def over_span(known: Floats, span: Floats) -> Floats:
    """Errors of a span that is no whole number of buckets, from those of whole spans (second axis).

    Straight between neighbours; below one bucket and beyond the last known span by the square root of the span.

    >>> over_span(np.array([[2.0, 3.0]]), np.array([1.5])).tolist(), over_span(np.array([[2.0]]), np.array([0.25])).tolist()
    ([2.5], [1.0])
    """
    most = known.shape[1]
    at = np.clip(span, 1, most)
    left = np.minimum(at.astype(np.int64), max(most - 1, 1)) - 1
    right = np.minimum(left + 1, most - 1)
    rows = np.arange(len(span))
    share = (at - 1 - left).reshape(-1, *([1] * (known.ndim - 2)))
    inside = known[rows, left] + share * (known[rows, right] - known[rows, left])
    scale = np.where(span < 1, np.sqrt(np.maximum(span, 0)), np.sqrt(np.maximum(span / most, 1.0)))
    return np.asarray(inside * scale.reshape(share.shape))


@dataclass(frozen=True)
class Spread:
    """Demand over one span, per cell: its mean, its sd (textbook, with lead-time spread), error quantiles."""

    mean: Floats
    sd: Floats
    quantiles: Floats
    lead_part: Floats

    def safety(self, level: Floats) -> Floats:
        """Safety stock of a cycle service level: max(0, Q_p - F) and z_p d s_L as the sides of a right angle."""
        z = z_value(level)
        return np.asarray(np.hypot(self.error(z), np.maximum(z, 0.0) * self.lead_part))

    def error(self, z: Floats) -> Floats:
        """Q_p - F, not below 0, at a safety factor."""
        return np.maximum(between(self.quantiles, z), 0.0)

    def knots(self) -> Floats:
        """Demand at the chances 0, .5, .8, .9, .95, .975, .99, 1: never negative, never falling."""
        upper = np.hypot(np.maximum(self.quantiles, 0.0), np.maximum(_Z, 0.0) * self.lead_part[:, None])
        known = np.where(self.quantiles < 0, self.quantiles + upper, upper) + self.mean[:, None]
        known = np.maximum.accumulate(np.maximum(known, 0.0), axis=1)
        top = known[:, -1] + _TAIL * (known[:, -1] - known[:, -2])
        ends = np.column_stack([known, top])
        above = ((ends[:, :-1] + ends[:, 1:]) / 2) @ _WEIGHTS[1:]
        lower = np.clip((self.mean - above) / _WEIGHTS[0], 0.0, known[:, 0])
        return np.column_stack([np.clip(2 * lower - known[:, 0], 0.0, known[:, 0]), ends])

    def around_mean(self, knots: Floats) -> Floats:
        """The knots brought down to a mean of F, for what is counted in units: straight lines between the knots lie
        above a tail that thins out, and shortages counted under them would exceed what F units can bring."""
        mean = ((knots[:, :-1] + knots[:, 1:]) / 2) @ _WEIGHTS
        return np.asarray(knots * np.minimum(self.mean / np.where(mean > 0, mean, 1.0), 1.0)[:, None])


def between(quantiles: Floats, z: Floats) -> Floats:
    """Error quantile at a safety factor z, straight in z between the known levels, drawn on beyond them."""
    at = np.clip(np.searchsorted(_Z, z, side="right") - 1, 0, len(LEVELS) - 2)
    rows = np.arange(len(z))
    low, high = quantiles[rows, at], quantiles[rows, at + 1]
    return np.asarray(low + (high - low) * (z - _Z[at]) / (_Z[at + 1] - _Z[at]))


def spread(mean: Floats, known: Errors, span: Floats, rate: Floats, lead_sd: Floats) -> Spread:
    """The distribution of demand over ``span`` buckets with mean ``mean``; ``rate`` units a day, ``lead_sd`` days."""
    guessed = np.sqrt(np.maximum(mean, 0.0))
    sd = np.where(known.measured, over_span(known.sd, span), guessed)
    quantiles = np.where(
        known.measured[:, None], over_span(known.quantiles, span), guessed[:, None] * _Z[None, :]
    )
    lead_part = np.maximum(rate, 0.0) * lead_sd
    return Spread(mean, np.hypot(sd, lead_part), quantiles, lead_part)


def shortage(knots: Floats, level: Floats) -> Floats:
    """E[(X - S)+]: units short against demand that is spread evenly between its knots."""
    low, high = knots[:, :-1], knots[:, 1:]
    stock = level[:, None]
    width = np.where(high > low, high - low, 1.0)
    cut = np.clip((high - stock) / width, 0.0, 1.0)
    part = np.where(stock <= low, (low + high) / 2 - stock, 0.5 * width * cut * cut)
    return np.asarray(np.where(high > low, part, np.maximum(low - stock, 0.0)) @ _WEIGHTS)


def chance_short(knots: Floats, level: Floats) -> Floats:
    """P(X > S), 0 at and above the highest knot."""
    low, high = knots[:, :-1], knots[:, 1:]
    width = np.where(high > low, high - low, 1.0)
    share = np.where(high > low, np.clip((high - level[:, None]) / width, 0.0, 1.0), low > level[:, None])
    return np.asarray(share @ _WEIGHTS)


def level_for_fill(whole: Floats, lead: Floats | None, unmet: Floats) -> Floats:
    """Least stock level S with E[(X_whole - S)+] - E[(X_lead - S)+] <= ``unmet`` (units a cycle), by halving.

    ``whole`` and ``lead`` are knots; ``lead`` None for a continuously reviewed (r, Q), where only one span counts.
    """
    low, high = np.zeros(len(unmet)), whole[:, -1] + HAIR
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        short = shortage(whole, middle)
        if lead is not None:
            short = short - shortage(lead, middle)
        enough = short <= unmet
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def safety_stock(level: float, mean: float, sd: float, lead_time: float, lead_sd: float = 0.0) -> float:
    """Textbook safety stock z sqrt(L s^2 + d^2 s_L^2); mean, sd and times of one and the same time unit.

    >>> round(safety_stock(0.9, 50, 5, 6, 2), 4)  # inventorize (R); its Python port says 91.99, which is wrong
    129.1127
    """
    return float(z_value(level)) * float(np.hypot(sd * np.sqrt(lead_time), mean * lead_sd))


def reorder_point(mean: float, lead_time: float, safety: float) -> float:
    """Demand over the lead time plus safety stock (never over its square root).

    >>> reorder_point(50, 3, 55.425626)
    205.425626
    """
    return mean * lead_time + safety


def order_up_to(level: float, mean: float, sd: float, lead_time: float, review: float) -> float:
    """(R, S): demand over lead time plus review, plus safety stock over the same span.

    >>> round(order_up_to(0.95, 50, 8, 4, 2), 4)
    332.2324
    """
    span = lead_time + review
    return mean * span + safety_stock(level, mean, sd, span)


def fill_rate(level: float, mean: float, sd: float, lot: float) -> float:
    """Share of demand served from stock by (r, Q): 1 - E[(X_L - r)+] / Q, with X_L normal(mean, sd).

    >>> round(fill_rate(5670.955105417369, 3846.153846153846, 1109.4003924504582, 3000), 6)
    0.992274
    """
    return 1 - float(normal_loss(level, mean, sd)[0]) / lot
