"""From rules and input frames to alerts: one long frame, the worst of each family, with stable ids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.config.alerts import LEVELS, Levels, RuleSettings
from stockturn.engine.alerts import rules_other, rules_stock
from stockturn.engine.alerts.registry import KEYS, RULES, Rule
from stockturn.engine.expr import NONE
from stockturn.engine.wording import sentence

__all__ = ["ALERT", "LEVEL_RANK", "evaluate", "rules_other", "rules_stock", "stable_ids", "undecided"]

ALERT = {
    "id": pl.String, "level": pl.String, "rule": pl.String, "sku": pl.String, "name": pl.String,
    "warehouse": pl.String, "category": pl.String, "supplier": pl.String, "file": pl.String, "owner": pl.String,
    "message": pl.String, "value": pl.Float64, "root_cause": pl.String,
}  # fmt: skip
"""Columns of an alert before its life is known."""

ABOUT = ("name", "category", "supplier", "owner", "buyer", "abc")
"""What a frame may know of its rows beside its keys."""

LEVEL_RANK = {name: rank for rank, name in enumerate(LEVELS)}
_HAIR = 1e-9
_ID_DIGITS = 12


def evaluate(
    frames: Mapping[str, pl.DataFrame | None], settings: Settings
) -> tuple[pl.DataFrame, frozenset[str]]:
    """All alerts of a run, and the names of the rules that could be looked at.

    ``frames``: the inputs named in registry.KEYS; None (or absent) where this run has no such input: its rules are
    not looked at. Columns out: those of ``ALERT``, worst level first, then the most money.
    """
    looked_at, parts = set(), [pl.LazyFrame(schema={**ALERT, **_HELPERS})]
    for place, one in enumerate(RULES.values()):
        frame = _input(one, frames, settings)
        if frame is None:
            continue
        looked_at.add(one.name)
        parts.append(_found(one, frame, place, settings))
    found = _worst(pl.concat(parts)).collect()
    keys = found.select("family", *_KEY_COLUMNS)
    found = found.with_columns(id=stable_ids(keys))
    order = pl.col("level").replace_strict(LEVEL_RANK, return_dtype=pl.Int64)
    ranked = found.sort(
        [order, pl.col("value"), pl.col("id")], descending=[True, True, False], nulls_last=True
    )
    return ranked.select(*ALERT), frozenset(looked_at)


def undecided(frames: Mapping[str, pl.DataFrame | None], settings: Settings) -> frozenset[str]:
    """Ids of what a rule looked at but could not judge, because a figure of that row is not known this time: an alert
    of an earlier run about it is neither there nor over."""
    parts = [pl.LazyFrame(schema={"family": pl.String, **dict.fromkeys(_KEY_COLUMNS, pl.String)})]
    for one in RULES.values():
        frame = _input(one, frames, settings)
        if frame is None:
            continue
        check, keys = one.check(settings), KEYS[one.frame]
        known = check.figure.cast(pl.Float64).is_finite().fill_null(False)
        parts.append(
            _known(frame)
            .filter(check.when.is_null() | (check.when & ~known))
            .select(
                pl.lit(one.family).alias("family"),
                "sku",
                "warehouse",
                _key("supplier", keys).alias("supplier_key"),
                _key("category", keys).alias("category_key"),
                "file",
            )
        )
    return frozenset(stable_ids(pl.concat(parts).unique().collect()))


_KEY_COLUMNS = ("sku", "warehouse", "supplier_key", "category_key", "file")
_HELPERS = {"family": pl.String, "place": pl.Int64, "supplier_key": pl.String, "category_key": pl.String}


def _input(one: Rule, frames: Mapping[str, pl.DataFrame | None], settings: Settings) -> pl.DataFrame | None:
    """What a rule looks at; None where it is off, or where nothing of it is known."""
    frame = frames.get(one.frame)
    if frame is None or not settings.alerts.rule(one.name).on:
        return None
    told = one.needs not in frame.columns or bool(frame[one.needs].any())
    return frame if told else None


def _found(one: Rule, frame: pl.DataFrame, place: int, settings: Settings) -> pl.LazyFrame:
    """The rows of a frame for which a rule holds, as alerts."""
    chosen, check, keys = settings.alerts.rule(one.name), one.check(settings), KEYS[one.frame]
    held = _known(frame).with_columns(_figure=check.figure.cast(pl.Float64)).filter(check.when)
    level = _level(chosen, one.below)
    words = {name: part.fill_null("–") for name, part in {**_names(), **check.words}.items()}
    said = sentence(f"alerts.{one.name}", settings.lang, **words)
    return (
        held.with_columns(level=level)
        .filter(pl.col("level").is_not_null())
        .select(
            id=pl.lit(None, pl.String), level="level", rule=pl.lit(one.name), sku="sku", name="name",
            warehouse="warehouse", category="category", supplier="supplier", file="file",
            owner=_owner(one, chosen, settings), message=said, value=check.value.cast(pl.Float64).fill_nan(None),
            root_cause=check.cause, family=pl.lit(one.family), place=pl.lit(place, pl.Int64),
            supplier_key=_key("supplier", keys), category_key=_key("category", keys),
        )
    )  # fmt: skip


def _known(frame: pl.DataFrame) -> pl.LazyFrame:
    """The frame with every column that an alert may name, null where the frame has none.

    In one piece: where a join has left a frame in several, polars 2.1 can lose its place when it makes sentences of it.
    """
    blank = [name for name in (*ABOUT, "sku", "warehouse", "file") if name not in frame.columns]
    return frame.rechunk().lazy().with_columns(pl.lit(None, pl.String).alias(name) for name in blank)


def _key(name: str, keys: tuple[str, ...]) -> pl.Expr:
    """A scope's name where the alert is about that scope; a cell's supplier or category is no part of its identity."""
    return pl.col(name) if name in keys else pl.lit(None, pl.String)


def _names() -> dict[str, pl.Expr]:
    return {name: pl.col(name) for name in ("sku", "name", "warehouse", "category", "supplier", "file")}


def _level(chosen: RuleSettings, below: bool) -> pl.Expr:
    """The worst level whose limit the figure has reached (both ends inclusive), null where none."""
    figure = pl.col("_figure")
    level = pl.lit(None, pl.String)
    for name in LEVELS:
        limit = _limit(chosen, name)
        reached = figure <= limit + _HAIR if below else figure >= limit - _HAIR
        level = pl.when(reached).then(pl.lit(name)).otherwise(level)
    return pl.when(figure.is_finite()).then(level)


def _limit(chosen: RuleSettings, level: str) -> pl.Expr:
    """The limit of a level for each row: by category, else by class, else the general one; null: never."""
    limit = pl.lit(chosen.limits().get(level), pl.Float64)
    for column, own in (("abc", chosen.classes), ("category", chosen.categories)):
        for key, levels in own.items():
            if level in levels.model_fields_set:
                limit = pl.when(pl.col(column) == key).then(_of(levels, level)).otherwise(limit)
    return limit


def _of(levels: Levels, level: str) -> pl.Expr:
    return pl.lit(levels.limits().get(level), pl.Float64)


def _owner(one: Rule, chosen: RuleSettings, settings: Settings) -> pl.Expr:
    """Who gets an alert: the person named for the rule, else owner or buyer of the item, else the default."""
    if chosen.owner:
        return pl.lit(chosen.owner)
    first, second = ("buyer", "owner") if one.to == "buyer" else ("owner", "buyer")
    people = [pl.when(pl.col(name) != NONE).then(pl.col(name)) for name in (first, second)]
    return pl.coalesce(*people, pl.lit(settings.alerts.default_owner or NONE))


def _worst(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """Of the alerts of one family and row the one registered first."""
    keys = ("family", *_KEY_COLUMNS)
    return alerts.filter(pl.col("place") == pl.col("place").min().over(keys))


def stable_ids(keys: pl.DataFrame) -> pl.Series:
    """A short id per row that is the same on every machine and in every version: 12 hex digits.

    FNV-1a over the characters of the row's texts, all rows at once (one step per character position), mixed by the
    end of MurmurHash3 so that short texts spread over all digits. Sources: Fowler, Noll & Vo; Appleby.
    """
    joined = keys.select(pl.concat_str(pl.all().fill_null("\x1e"), separator="\x1f")).to_series()
    if joined.is_empty():
        return pl.Series("id", [], dtype=pl.String)
    texts = joined.to_numpy().astype(np.str_)
    letters = texts.view(np.uint32).reshape(len(texts), -1)
    mixed = np.full(len(texts), 0xCBF29CE484222325, np.uint64)
    for position in range(letters.shape[1]):
        letter = letters[:, position].astype(np.uint64)
        step = (mixed ^ letter) * np.uint64(0x100000001B3)
        mixed = np.where(letter > 0, step, mixed)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(33)
    return _hex(mixed)


def _hex(numbers: np.ndarray) -> pl.Series:
    """The highest digits of 64-bit numbers in hexadecimal."""
    shifts = np.arange(60, 60 - 4 * _ID_DIGITS, -4, dtype=np.uint64)
    digits = (numbers[:, None] >> shifts) & np.uint64(15)
    signs = np.array(list("0123456789abcdef"), dtype="U1")[digits]
    return pl.Series("id", np.ascontiguousarray(signs).view(f"U{_ID_DIGITS}").ravel().tolist())
