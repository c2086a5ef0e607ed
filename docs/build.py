"""Reference pages made from the registries: ``python -m docs.build`` writes them, ``--check`` says which are stale."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from stockturn.cli import options
from stockturn.config import Settings
from stockturn.config.base import Section
from stockturn.engine.metrics import METRICS
from stockturn.i18n import text
from stockturn.schema import COLUMNS, TABLES

FOLDER = Path(__file__).parent
MADE = "<!-- made by `make docs`; do not edit -->\n\n"


def settings_page() -> str:
    """Every setting with its default and its meaning."""
    lines = [
        "# Settings\n",
        "All of them may stand in `stockturn.toml`, beside the exports or in the working folder; an option of the",
        "command line wins over the file. An unknown key or a wrong value is refused by name. `stockturn init DIR` writes",
        "a commented file that fits a folder.\n",
    ]
    for name, model in _sections("", Settings):
        lines += [
            f"\n## {f'[{name}]' if name else 'top level'}\n",
            "| key | default | meaning |",
            "| --- | --- | --- |",
        ]
        for key, field in model.model_fields.items():
            if _inner(field.annotation) is None or _is_many(field.annotation):
                lines.append(f"| `{key}` | {_default(field)} | {field.description} |")
    return MADE + "\n".join(lines) + "\n"


def _sections(name: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    if any(_inner(f.annotation) is None or _is_many(f.annotation) for f in model.model_fields.values()):
        yield name, model
    for key, field in model.model_fields.items():
        inner = _inner(field.annotation)
        if inner is not None:
            path = f"{name}.{key}" if name else key
            yield from _sections(f"{path}.NAME" if _is_many(field.annotation) == "dict" else path, inner)


def _inner(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((inner for arg in get_args(annotation) if (inner := _inner(arg)) is not None), None)


def _is_many(annotation: Any) -> str | None:
    shown = str(annotation)
    return "dict" if shown.startswith("dict") else "tuple" if shown.startswith("tuple") else None


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None or value in ((), {}, ""):
        return ""
    shown = ", ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
    return f"`{shown}`"


def columns_page() -> str:
    """Every column that leaves the engine, with its unit, labels and meaning."""
    lines = [
        "# Columns\n",
        "Names are the same in JSON, CSV, Parquet and the Python API, in every language; screens and workbooks show the labels.\n",
        "| column | unit | label | 中文 | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, column in sorted(COLUMNS.items()):
        english, chinese = (text(f"columns.{name}", lang) for lang in ("en", "zh"))
        meaning = text(f"columns.{name}_meaning", "en")
        lines.append(f"| `{name}` | {column.unit} | {english} | {chinese} | {meaning} |")
    return MADE + "\n".join(lines) + "\n"


def tables_page() -> str:
    """The canonical tables that exports are read into."""
    lines = [
        "# Canonical tables\n",
        "What every export becomes. Columns in bold are required; all others may be absent.\n",
    ]
    for table in TABLES.values():
        shown = ", ".join(f"**{f.name}**" if f.required else f.name for f in table.fields)
        lines += [f"\n## {table.name}\n", shown]
    return MADE + "\n".join(lines) + "\n"


def options_page() -> str:
    """The options that the analysing commands share."""
    lines = ["# Options\n", "| option | meaning | setting |", "| --- | --- | --- |"]
    for option in options.ANALYSE:
        flags = ", ".join(f"`{flag}`" for flag in option.flags or ("--" + option.name.replace("_", "-"),))
        lines.append(f"| {flags} | {option.help} | {f'`{option.setting}`' if option.setting else ''} |")
    return MADE + "\n".join(lines) + "\n"


def metrics_page() -> str:
    """The figures of turnover, from their registry: formula, when there is none, source, example."""
    lines = [
        "# Metrics\n",
        "The figures of `stockturn turnover`, as they are computed. A figure of a group is a ratio of sums, never a mean of",
        "ratios; what is not known is empty, with a reason, never 0 or infinity. Units and labels stand in [columns](columns.md),",
        "balances, cost methods, averages and targets in [turnover](turnover.md).\n",
    ]
    for metric in METRICS.values():
        body = inspect.cleandoc(metric.definition).split("\n>>>")[0].strip()
        head, _, facts = body.partition("\n\n")
        labels = " / ".join(text(f"columns.{metric.name}", lang) for lang in ("en", "zh"))
        lines += [
            f"\n## {metric.name}\n",
            f"*{labels}* ({metric.unit}). {head}\n",
            "```text",
            facts.strip(),
            "```",
        ]
    return MADE + "\n".join(lines) + "\n"


def alerts_page() -> str:
    """The alert rules, from their registry: when, by which figure, from where on, who is told."""
    from stockturn.engine.alerts import RULES

    lines = [
        "# Alerts\n",
        "The rules of `stockturn alerts`. Each looks at rows of the engine's results; its *figure* decides the level, from the",
        "limit itself on. Limits stand under `[alerts.rules.NAME]` in the settings, for all goods, by ABC `classes` and by",
        '`categories`; `"never"` switches a level off. Where a figure is not known there is no alert; an',
        "alert of the run before, whose rule has no input this time or whose figure is not known, is *not evaluated*, never",
        "resolved.\n",
        "Of stockout, projected_stockout, below_safety and below_reorder, and of dead, stagnant and slow, the first that holds",
        "is shown per sku and warehouse: one alert with one id, whose rule and level may change.\n",
        "States: *new*; *ongoing* (also when the same day is run again); *escalated* (a higher level, or at the same level a",
        "worse rule of those above); *resolved* (shown once); *snoozed* (`stockturn snooze ID LEDGER --until DATE`; it wakes on",
        "that day, or when its level rises); *not evaluated*. They need a ledger folder; without one every alert is new.",
        "Running it every day and sending mail: [cron](cron.md).\n",
    ]
    settings = Settings().alerts
    for rule in RULES.values():
        limits = settings.rule(rule.name).limits()
        sign = "<=" if rule.below else ">="
        said = ", ".join(f"{level} {sign} {limit:g}" for level, limit in limits.items())
        head, _, facts = inspect.cleandoc(rule.definition).partition("\n\n")
        own = "".join(
            f"; class {name}: "
            + ", ".join(f"{level} {sign} {limit:g}" for level, limit in levels.limits().items())
            for name, levels in settings.rule(rule.name).classes.items()
        )
        lines += [
            f"\n## {rule.name}\n",
            f"*{text(f'codes.rule_{rule.name}', 'en')} / {text(f'codes.rule_{rule.name}', 'zh')}.* {head} Goes to the {rule.to}.\n",
            "```text",
            f"{facts.strip()}\nLevels:  {said}{own}",
            "```",
        ]
    return MADE + "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "columns.md": columns_page,
    "tables.md": tables_page,
    "options.md": options_page,
    "metrics.md": metrics_page,
    "alerts.md": alerts_page,
}


def stale() -> list[str]:
    """Names of the pages that no longer say what the registries say."""
    return [
        name
        for name, make in PAGES.items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != make()
    ]


if __name__ == "__main__":
    old = stale()
    if "--check" in sys.argv:
        sys.exit(f"stale, run make docs: {', '.join(old)}" if old else 0)
    for page in old:
        (FOLDER / page).write_text(PAGES[page](), encoding="utf-8")
        print(f"written: docs/{page}")
