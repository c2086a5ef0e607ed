"""The sheet Method: what each figure means, how it is worked out, and the choices in force."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from stockturn.config import Settings
from stockturn.model import Block, Sheet
from stockturn.output.formats import shown
from stockturn.output.phrases import Phrases
from stockturn.output.sheets.context import Context
from stockturn.schema import Unit
from stockturn.schema.tables import AIMED

FORMULAS: dict[str, str] = {
    "cogs": "formula_cogs",
    "avg_inventory": "formula_avg_inventory",
    "turnover": "formula_turnover",
    "turnover_period": "formula_turnover_period",
    "dio_days": "formula_dio_days",
    "achievement": "formula_achievement",
    "excess_capital": "formula_excess_capital",
    "carrying_cost": "formula_carrying_cost",
    "gross_margin": "formula_gross_margin",
    "gmroi": "formula_gmroi",
    "sell_through": "formula_sell_through",
    "stockout_rate": "formula_stockout_rate",
    "lost_sales_value": "formula_lost_sales_value",
    "loss_rate": "formula_loss_rate",
    "mix": "formula_mix",
    "rate": "formula_rate",
    "idle": "formula_idle",
    "abc": "formula_abc",
    "xyz": "formula_xyz",
    "pattern": "formula_pattern",
    "age_0_30": "formula_age",
    "status": "formula_status",
    "cover_days": "formula_cover_days",
    "provision": "formula_provision",
    "difference_qty": "formula_difference_qty",
}
"""Figures of the report and the text that says how each is worked out."""

PARAMETERS: dict[str, tuple[str, Callable[[Settings], object]]] = {
    "turnover.average": ("param_average", lambda s: s.turnover.average),
    "turnover.cost": ("param_cost", lambda s: s.turnover.cost),
    "turnover.cost_scope": ("param_cost_scope", lambda s: s.turnover.cost_scope),
    "turnover.targets.company": ("param_target", lambda s: s.turnover.targets.company),
    "turnover.capital_rate": ("param_capital_rate", lambda s: s.turnover.capital_rate),
    "report.green": ("param_green", lambda s: s.report.green),
    "report.amber": ("param_amber", lambda s: s.report.amber),
    "report.stockout_limit": ("param_stockout_limit", lambda s: s.report.stockout_limit),
    "report.dead_limit": ("param_dead_limit", lambda s: s.report.dead_limit),
    "abc.by": ("param_abc_by", lambda s: s.abc.by),
    "abc.a": ("param_abc_a", lambda s: s.abc.a),
    "abc.b": ("param_abc_b", lambda s: s.abc.b),
    "abc.x": ("param_abc_x", lambda s: s.abc.x),
    "abc.y": ("param_abc_y", lambda s: s.abc.y),
    "abc.bucket": ("param_bucket", lambda s: s.abc.bucket),
    "deadstock.dead_days": ("param_dead_days", lambda s: s.deadstock.dead_days),
    "deadstock.never_sold_days": ("param_never_sold_days", lambda s: s.deadstock.never_sold_days),
    "deadstock.stagnant_days": ("param_stagnant_days", lambda s: s.deadstock.stagnant_days),
    "deadstock.slow_days": ("param_slow_days", lambda s: s.deadstock.slow_days),
    "deadstock.slow_cover_days": ("param_slow_cover_days", lambda s: s.deadstock.slow_cover_days),
    "deadstock.new_days": ("param_new_days", lambda s: s.deadstock.new_days),
    "deadstock.age_layers": ("param_age_layers", lambda s: s.deadstock.age_layers),
    "deadstock.provision": ("param_provision", lambda s: s.deadstock.provision),
    "deadstock.rate_days": ("param_rate_days", lambda s: s.deadstock.rate_days),
    "ingest.demand_kinds": ("param_demand_kinds", lambda s: s.ingest.demand_kinds),
}
"""Settings that change a figure of the report: label and where the value stands."""

_SHARES = frozenset(
    {
        "turnover.capital_rate",
        "report.green",
        "report.amber",
        "report.stockout_limit",
        "report.dead_limit",
        "abc.a",
        "abc.b",
    }
)


def build(context: Context) -> Sheet:
    """Bases and dates of this run, definitions, parameters in force, versions."""
    blocks = (_basis(context), _definitions(context.say), _parameters(context), _versions(context))
    return Sheet("method", context.say("sheet_method"), blocks, notes=(context.say("method_note"),))


def _basis(context: Context) -> Block:
    """What this run looked at, and what its cost and averages rest on."""
    say, analysis = context.say, context.analysis
    period = analysis.period
    rows = [
        (say.label("as_of"), analysis.as_of.isoformat()),
        (
            say("period_label"),
            say("period_value", start=period.start.isoformat(), end=period.end.isoformat(), days=period.days),
        ),
        (say("year_label"), say("days_value", days=period.year_days)),
    ]
    if period.clipped:
        rows.append((say("period_label"), say("period_clipped")))
    for name in ("cost_basis", "avg_basis", "flow"):
        if name in analysis.total.columns and analysis.total.height and analysis.total[name][0] is not None:
            rows.append((say.label(name), say.code(name, str(analysis.total[name][0]))))
    if "rate_basis" in analysis.deadstock.columns:
        bases = analysis.deadstock["rate_basis"].drop_nulls().unique().sort().to_list()
        rows += [(say.label("rate_basis"), say.code("rate_basis", str(basis))) for basis in bases]
    scope = context.settings.scope
    for name, values in (("warehouse", scope.warehouse), ("category", scope.category), ("sku", scope.sku)):
        if values:
            rows.append((say.label(name), say("list_comma").join(values)))
    if context.settings.ingest.currency:
        rows.append((say("currency_label"), context.settings.ingest.currency))
    return _pairs(say("block_basis"), "basis", rows, (say("what"), say("in_force")))


def _definitions(say: Phrases) -> Block:
    labels = {"age_0_30": say("ageing_label"), "difference_qty": say("difference_label")}
    meanings = {"age_0_30": say("ageing_meaning")}
    rows = [
        (labels.get(name, say.label(name)), meanings.get(name, say.meaning(name)), say(key))
        for name, key in FORMULAS.items()
    ]
    frame = pl.DataFrame(rows, schema=["figure", "meaning", "formula"], orient="row")
    return Block(
        say("block_definitions"),
        frame,
        "definitions",
        labels={"figure": say("figure"), "meaning": say("meaning"), "formula": say("formula")},
        units=dict.fromkeys(frame.columns, Unit.TEXT),
    )


def _parameters(context: Context) -> Block:
    say, defaults = context.say, Settings()
    rows = []
    for key, (label, get) in PARAMETERS.items():
        value, default = get(context.settings), get(defaults)
        changed = "" if value == default else say("changed_from", default=_said(say, key, default))
        rows.append((say(label), _said(say, key, value), key, changed))
    rows += _targets(context)
    frame = pl.DataFrame(rows, schema=["parameter", "in_force", "key", "changed"], orient="row")
    return Block(
        say("block_parameters"),
        frame,
        "parameters",
        labels={
            "parameter": say("parameter"),
            "in_force": say("in_force"),
            "key": say("config_key"),
            "changed": say("changed"),
        },
        units=dict.fromkeys(frame.columns, Unit.TEXT),
    )


def _targets(context: Context) -> list[tuple[str, str, str, str]]:
    """Targets by scope, each with the key or the row of the target sheet it comes from."""
    say, rows = context.say, []
    for row in context.analysis.targets.iter_rows(named=True):
        scope = {name: row[name] for name in AIMED if row[name] is not None}
        if not scope and row["source_file"] is None:
            continue
        name = say("list_slash").join(scope.values()) or say.word("total")
        place = say("file_row", file=row["source_file"], row=row["source_row"]) if row["source_file"] else ""
        key = place or f"turnover.targets.{next(iter(scope))}"
        rows.append((say("param_target_of", name=name), f"{row['target']:g}", key, ""))
    return rows


def _said(say: Phrases, key: str, value: object) -> str:
    """A setting as a person writes it."""
    if value is None:
        return say("not_set")
    if isinstance(value, tuple):
        words = [f"{part:.0%}" if isinstance(part, float) else say.code("kind", str(part)) for part in value]
        return say("list_comma").join(words)
    if isinstance(value, int | float):
        return shown(value, Unit.SHARE) if key in _SHARES else f"{value:g}"
    return say.code(key.replace(".", "_"), str(value))


def _versions(context: Context) -> Block:
    return _pairs(
        context.say("block_versions"),
        "versions",
        sorted(context.versions.items()),
        (context.say("program"), context.say("version")),
    )


def _pairs(title: str, key: str, rows: list[tuple[str, str]], labels: tuple[str, str]) -> Block:
    frame = pl.DataFrame(rows, schema={"what": pl.String, "said": pl.String}, orient="row")
    return Block(
        title,
        frame,
        key,
        labels={"what": labels[0], "said": labels[1]},
        units={"what": Unit.TEXT, "said": Unit.TEXT},
    )
