"""What would be read, shown before it is: per sheet its table, profile, mapping and doubts, and a config that works."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import text
from stockturn.model import Ledger, Note
from stockturn.sources.expand import paths_of, sources_of
from stockturn.sources.parts import WARNINGS, said
from stockturn.sources.reading import ledger_of
from stockturn.sources.sheet import SheetRead, read_source
from stockturn.sources.whole import settled

SURE = 0.8
"""Below this confidence a table is shown as a doubt even where it is read."""

_NOT_TABLES = frozenset({"no_header", "no_table", "table_doubtful"})
_DIGITS = re.compile(r"\d+")
_SAMPLES = 8


@dataclass(frozen=True)
class Inspection:
    """One sheet. ``mapping`` is field -> caption, ``unread`` the captions that no field has, ``doubts`` what should be
    settled by a person (keys of the catalogue sections notes, errors and ingest, as Note.key with section)."""

    file: str
    sheet: str | None
    table: str | None
    profile: str | None
    kind: str | None
    confidence: float
    rows: int
    accepted: int
    refused: int
    mapping: dict[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    doubts: tuple[Note, ...] = ()
    unknown_kinds: tuple[str, ...] = ()
    reason: str | None = None
    reason_code: str | None = None
    needs_date: bool = False
    date_max: date | None = None
    wide: bool = False


def inspect(paths: Sequence[Path | str], settings: Settings) -> list[Inspection]:
    """Looks at every sheet of the sources: reads them as ``read`` does and says what was made of each."""
    found, _ = paths_of(paths, settings.ingest)
    sheets = [
        s
        for path in found
        for source in sources_of(path, settings.ingest)
        for s in read_source(source, settings)
    ]
    ledger = settled(ledger_of(sheets, settings), settings)
    rows = ledger.sheets.rows(named=True)
    return [_inspection(sheet, row, ledger) for sheet, row in zip(sheets, rows, strict=True)]


def suggest_config(paths: Sequence[Path | str], settings: Settings) -> str:
    """A commented stockturn.toml that works on these sources.

    Active are only the lines that settle a doubt: files without a table are left out, an undated stock list gets the
    latest date of the ledger. Unknown movement texts are listed with a line that settles them. What was found by itself stands as
    comments, ready to be changed. Names of files are generalised (sales_2024-03.csv -> sales_*-*.csv), so that next
    month's export matches.
    """
    found = inspect(paths, settings)
    lang = settings.lang
    latest = max((one.date_max for one in found if one.date_max is not None), default=None)
    lines = [*_comment(text("ingest.init_head", lang)), "", f'lang = "{lang}"', "", "[ingest]"]
    lines += ['# currency = "CNY"', *_comment(text("ingest.init_options", lang))]
    for name in ('sku_case = "upper"', 'leading_zeros = "match"', 'exclude_skus = ["POSTAGE"]'):
        lines.append(f"# {name}")
    lines += ["# [ingest.unit_factors]", '# "*" = { "箱" = 12 }', ""]
    seen: set[tuple[str, str | None]] = set()
    for one in found:
        key = (_pattern(one.file), one.sheet)
        if key not in seen:
            seen.add(key)
            lines += [*_rule(one, key[0], latest, lang), ""]
    lines += [
        *_comment(text("ingest.init_more", lang)),
        "# [turnover]",
        "# capital_rate = 0.08",
        "# [turnover.targets]",
        "# company = 6.0",
        "# [deadstock]",
        "# dead_days = 180",
        "",
    ]
    return "\n".join(lines)


def _inspection(sheet: SheetRead, row: dict[str, object], ledger: Ledger) -> Inspection:
    mapping = json.loads(str(row["mapping"] or "{}"))
    if sheet.part is None or sheet.plan is None or sheet.context is None or sheet.used is None:
        problem = sheet.problem
        doubts = (Note(f"errors.{problem.key}", dict(problem.params), "warning"),) if problem else ()
        return Inspection(
            file=str(row["file"]),
            sheet=sheet.grid.sheet if sheet.grid else None,
            table=None,
            profile=None,
            kind=None,
            confidence=0.0,
            rows=sheet.grid.height if sheet.grid else 0,
            accepted=0,
            refused=0,
            doubts=doubts,
            reason=str(row["reason"]),
            reason_code=str(row["reason_code"]),
        )
    plan, part, used = sheet.plan, sheet.part, sheet.used
    taken = set(plan.columns.values())
    unread = [used.caption(c) for c, path in enumerate(used.paths) if path and c not in taken]
    stock = part.tables.get("stock")
    needs_date = plan.spec.shape == "stock" and stock is not None and stock["as_of"].null_count() > 0
    return Inspection(
        file=sheet.context.file,
        sheet=sheet.context.sheet,
        table=plan.spec.table,
        profile=plan.spec.profile,
        kind=plan.kind,
        confidence=plan.confidence,
        rows=sheet.grid.height if sheet.grid else 0,
        accepted=part.account.height,
        refused=part.refused.height,
        mapping=mapping,
        unread=tuple(unread),
        doubts=_doubts(sheet, needs_date),
        unknown_kinds=_unknown(sheet, ledger),
        needs_date=needs_date,
        date_max=part.dates[1],
        wide=used is not sheet.layout,
    )


def _doubts(sheet: SheetRead, needs_date: bool) -> tuple[Note, ...]:
    """What a person should look at: a low confidence, warnings, refused rows by reason, a missing date."""
    plan, part, context = sheet.plan, sheet.part, sheet.context
    if plan is None or part is None or context is None:
        return ()
    doubts: list[Note] = []
    if plan.confidence < SURE:
        doubts.append(
            Note("ingest.doubt_table", {"table": plan.spec.table, "share": plan.confidence}, "warning")
        )
    if needs_date:
        doubts.append(Note("ingest.doubt_date", {}, "warning"))
    for note in said(context, (*sheet.notes, *part.notes)):
        if note.key in WARNINGS or note.key == "sku_from_name":
            doubts.append(Note(f"notes.{note.key}", note.params, note.level))
    for code, count in part.refused["reason_code"].value_counts(sort=True).rows():
        doubts.append(Note("ingest.doubt_refused", {"rows": count, "code": code}, "warning"))
    return tuple(doubts)


def _unknown(sheet: SheetRead, ledger: Ledger) -> tuple[str, ...]:
    """Movement texts that nothing knows, as they stand in the refused rows."""
    context = sheet.context
    if context is None or ledger.refused.is_empty():
        return ()
    mine = ledger.refused.filter(
        (pl.col("file") == context.file)
        & pl.col("sheet").eq_missing(pl.lit(context.sheet, pl.String))
        & (pl.col("reason_code") == "kind_unknown")
    )
    return tuple(mine["found"].drop_nulls().unique(maintain_order=True).head(_SAMPLES).to_list())


def _pattern(file: str) -> str:
    base = file.rsplit("!", 1)[-1].replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"\*(?:\W?\*)+", "*", _DIGITS.sub("*", base.replace("[", "?").replace("]", "?")))


def _rule(one: Inspection, pattern: str, latest: date | None, lang: str) -> list[str]:
    head = [f"# --- {one.file}" + (f" / {one.sheet}" if one.sheet else "")]
    names = ["[[ingest.files]]", f"match = {_quoted(pattern)}"]
    if one.sheet:
        names.append(f"sheet = {_quoted(one.sheet)}")
    if one.table is None:
        head += _comment(one.reason or "")
        if one.reason_code in _NOT_TABLES:
            return [*head, *names, "ignore = true"]
        if one.reason_code == "table_unclear":
            return [*head, *names, '# kind = "sale"  # purchase, scrap ...', "ignore = true"]
        return head
    kind = f", {one.kind}" if one.kind else ""
    params = {
        "table": one.table,
        "kind": kind,
        "profile": one.profile,
        "share": one.confidence,
        "rows": one.accepted,
    }
    head += _comment(text("ingest.init_found", lang, **params))
    for doubt in one.doubts:
        head += _comment("! " + text(doubt.key, lang, **doubt.params))
    active: list[str] = []
    if one.needs_date and latest is not None:
        active += [f"as_of = {latest.isoformat()}", *_comment(text("ingest.init_as_of", lang))]
    mapping = ", ".join(
        f"{name} = {_quoted(caption)}" for name, caption in one.mapping.items() if "__" not in name
    )
    comments = [f"# table = {_quoted(one.table)}"]
    if one.unknown_kinds:
        pairs = ", ".join(f'{_quoted(name)} = "skip"' for name in one.unknown_kinds)
        comments += [*_comment(text("ingest.init_kinds", lang)), f"# kinds = {{ {pairs} }}"]
    if not one.wide:
        comments.append(f"# columns = {{ {mapping} }}")
    if one.unread:
        comments += _comment(text("ingest.init_unread", lang, names=", ".join(one.unread)))
    if active:
        return [*head, *names, *active, *comments]
    return [*head, *(f"# {line}" for line in names), *comments]


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _comment(lines: str) -> list[str]:
    return [f"# {line}".rstrip() for line in lines.splitlines()]
