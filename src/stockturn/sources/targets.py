"""A sheet of targets (目标拆解): turns a year, or days of stock, to reach by scope."""

from __future__ import annotations

import polars as pl

from stockturn.schema import TABLES
from stockturn.schema.tables import AIMED
from stockturn.sources.body import Body
from stockturn.sources.captions import Vocabulary, norm
from stockturn.sources.grid import ROW
from stockturn.sources.parts import Context, Part, account, lineage, number, refusals

_YEAR = 365.0
_EVERYTHING = ("公司", "全公司", "整体", "总体", "全部", "company", "total", "all", "overall")
"""A dimension or a scope that names the whole company."""


def targets(body: Body, context: Context, words: Vocabulary) -> Part:
    """Targets by the dimensions that a row fills: columns of their own (category, warehouse ...), or one column that
    names the dimension and one for the scope. Days of stock become turns: 365 / days.

    A row with a dimension that has no targets, or without a target above 0, is refused.
    """
    frame, unknown = _spread(body.data, words)
    goal = pl.coalesce(number(frame, "target"), _YEAR / number(frame, "target_days"))
    frame = frame.with_columns(goal.alias("target"))
    useless = frame.filter(~(pl.col("target") > 0) | pl.col("target").is_infinite())
    frame = frame.filter((pl.col("target") > 0) & pl.col("target").is_finite())
    kept = [name for name in TABLES["targets"].schema if name in frame.columns]
    return Part(
        tables={"targets": lineage(frame.select(ROW, *kept), context)},
        account=account(frame),
        refused=pl.concat(
            [
                body.refused,
                refusals(unknown, "target_dimension", "dimension_unknown"),
                refusals(useless, "target", "target_not_positive"),
            ]
        ),
        skipped=body.skipped,
    )


def _spread(frame: pl.DataFrame, words: Vocabulary) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every dimension in a column of its own, null where it does not matter; and the rows whose dimension is not
    known."""
    own = [name for name in AIMED if name in frame.columns]
    frame = frame.with_columns(
        pl.when(~pl.col(name).str.to_lowercase().is_in(_EVERYTHING)).then(name).alias(name) for name in own
    )
    if "target_dimension" not in frame.columns:
        return frame, frame.clear()
    named = {norm(caption): name for name in AIMED for caption in (name, *words.fields[name])}
    named |= {norm(caption): "company" for caption in _EVERYTHING}
    texts = frame["target_dimension"].unique().to_list()
    meant = {text: named.get(norm(text or "company")) for text in texts}
    frame = frame.with_columns(
        _dimension=pl.Series([meant[text] for text in frame["target_dimension"]], dtype=pl.String)
    )
    scope = pl.col("target_scope") if "target_scope" in frame.columns else pl.lit(None, pl.String)
    lost = pl.col("_dimension").is_null() | ((pl.col("_dimension") != "company") & scope.is_null())
    unknown = frame.filter(lost)
    filled = [
        pl.when(pl.col("_dimension") == name).then(scope).otherwise(name if name in own else None).alias(name)
        for name in AIMED
    ]
    return frame.filter(~lost).with_columns(filled), unknown
