"""What the names and titles of a sheet say about its time."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime
from fnmatch import fnmatch

import polars as pl

from stockturn.config.ingest import FileRule, IngestSettings
from stockturn.sources.dates import day_in_name, days_in, month_in_name, months_in, span_in_name
from stockturn.sources.expand import Source
from stockturn.sources.grid import ROW, Grid
from stockturn.sources.locate import Layout
from stockturn.sources.parts import Context

_EXPORTED = re.compile(r"(导出|打印|制表|生成|export|print|created|generated)", re.IGNORECASE)
_TITLE_PLACE = re.compile(r"(?:仓库|仓库名称|warehouse)\s*[:：]\s*([^\s:：,，;；]+)", re.IGNORECASE)
_TITLE_ORG = re.compile(
    r"(?:^|[\s|])(?:账套|账套名称|核算主体|公司|公司名称|库存组织|组织|company|legal entity|organi[sz]ation)"
    r"\s*[:：]\s*([^\s:：,，;；]+)",
    re.IGNORECASE,
)
_SHEET_PLACE = re.compile(r"(仓|仓库|门店|分店)$|^(wh|warehouse)[\s_-]?\w+$", re.IGNORECASE)
_MOMENT = re.compile(r"((?:19|20)\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2}))?")

_STAMP = re.compile(
    rf"{_EXPORTED.pattern}\w{{0,2}}?(?:日期|时间|date|time|on|at|[\s:：])*{_MOMENT.pattern}(?::\d{{2}})?",
    re.IGNORECASE,
)
"""When an export was made: 打印日期：2024/5/1, in a title that may name its period as well."""


def rule_for(source: Source, sheet: str | None, settings: IngestSettings) -> FileRule | None:
    """The first rule of the config that names this file (and sheet)."""
    for rule in settings.files:
        if not (fnmatch(source.base, rule.match) or fnmatch(source.name, rule.match)):
            continue
        if rule.sheet is None or (sheet is not None and fnmatch(sheet, rule.sheet)):
            return rule
    return None


def context_of(
    grid: Grid, layout: Layout, source: Source, rule: FileRule | None, settings: IngestSettings
) -> Context:
    """Names, titles and the dates in them. A printing time is when the export was made, not what it shows; a stock
    list without any other date shows that time."""
    telling = [title for title in layout.titles if not _EXPORTED.search(title)]
    mixed = [
        _STAMP.sub("", title)
        for title in layout.titles
        if _EXPORTED.search(title) and re.search(r"期间|日期[:：]|period", title)
    ]
    exported = _exported(layout.titles, source.stem) or grid.exported_at
    period = _period(telling + mixed, layout, grid, source.stem)
    as_of, where = _as_of(telling, layout.titles, source.stem, period)
    return Context(
        file=source.name,
        sheet=grid.sheet,
        stem=source.stem,
        titles=layout.titles,
        period=period,
        as_of=as_of,
        as_of_from=where,
        exported_at=exported,
        warehouse=_warehouse(layout.titles, grid.sheet),
        org=(rule.org if rule else None) or _org(layout.titles),
        rule=rule,
        currency=settings.currency,
    )


def _warehouse(titles: tuple[str, ...], sheet: str | None) -> str | None:
    """The one warehouse that a report is of: 仓库：杭州总仓 in a title, or a sheet named after it."""
    for title in titles:
        if match := _TITLE_PLACE.search(title):
            return match.group(1)
    return sheet.strip() if sheet and _SHEET_PLACE.search(sheet.strip()) else None


def page_places(grid: Grid, skipped: pl.DataFrame) -> pl.DataFrame:
    """Rows among the skipped that name a warehouse (仓库：杭州总仓), in order: ``row`` and ``warehouse``."""
    told = grid.frame.join(skipped.select(ROW), on=ROW, how="semi", maintain_order="left")
    texts = [name for name, dtype in told.schema.items() if dtype == pl.String]
    named = [pl.col(name).str.extract(f"(?i){_TITLE_PLACE.pattern}", 1) for name in texts]
    place = pl.coalesce(named) if named else pl.lit(None, pl.String)
    return told.select(ROW, place.alias("warehouse")).drop_nulls().sort(ROW)


def _org(titles: tuple[str, ...]) -> str | None:
    """The company or set of books that a report is of: 账套：002 in a title."""
    found = (match.group(1) for title in titles if (match := _TITLE_ORG.search(title)))
    return next(found, None)


def _exported(titles: tuple[str, ...], stem: str) -> datetime | None:
    for title in titles:
        found = _EXPORTED.search(title)
        if found and (match := _MOMENT.search(title, found.end())):
            year, month, day, hour, minute = (int(part or 0) for part in match.groups())
            try:
                return datetime(year, month, day, hour, minute)
            except ValueError:
                continue
    stamp = re.search(r"(?<!\d)((?:19|20)\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?", stem)
    if stamp:
        try:
            return datetime(*(int(part or 0) for part in stamp.groups()))  # type: ignore[arg-type]
        except ValueError:
            pass
    named = day_in_name(stem)
    return datetime(named.year, named.month, named.day) if named else None


def _period(telling: list[str], layout: Layout, grid: Grid, stem: str) -> tuple[date, date] | None:
    """First and last day of what a report covers: two days in the titles, else one or two months, else the columns
    会计年度 / 会计期间, else two days, the month or a month's last
    day in the file name."""
    text = "  ".join(telling)
    days = days_in(text)
    if len(days) >= 2:
        return min(days[:2]), max(days[:2])
    months = months_in(text)
    if months:
        return _month(min(months))[0], _month(max(months))[1]
    if (columns := _period_columns(layout, grid)) is not None:
        return columns
    if (span := span_in_name(stem)) is not None:
        return span
    if (named := month_in_name(stem)) is not None:
        return _month(named)
    day = day_in_name(stem)
    whole = _month((day.year, day.month)) if day else None
    return whole if whole and day == whole[1] else None


def _period_columns(layout: Layout, grid: Grid) -> tuple[date, date] | None:
    at = {path[-1]: column for column, path in enumerate(layout.paths) if path}
    year, month = at.get("会计年度"), at.get("会计期间")
    if year is None or month is None:
        return None
    frame = grid.frame.slice(layout.body).select(
        pl.col(f"c{year}").cast(pl.String).cast(pl.Float64, strict=False).alias("y"),
        pl.col(f"c{month}").cast(pl.String).cast(pl.Float64, strict=False).alias("m"),
    )
    pairs = frame.drop_nulls().unique().rows()
    months = sorted((int(y), int(m)) for y, m in pairs if 1990 < y < 2100 and 1 <= m <= 12)
    return (_month(months[0])[0], _month(months[-1])[1]) if months else None


def _as_of(
    telling: list[str], titles: tuple[str, ...], stem: str, period: tuple[date, date] | None
) -> tuple[date | None, str | None]:
    days = days_in("  ".join(telling))
    if days:
        return max(days), "title"
    if (day := day_in_name(stem)) is not None:
        return day, "file_name"
    if period is not None and months_in("  ".join(telling)):
        return period[1], "title"
    exported = days_in("  ".join(titles))
    if exported:
        return max(exported), "title"
    named = month_in_name(stem)
    return (_month(named)[1], "file_name") if named else (None, None)


def _month(month: tuple[int, int]) -> tuple[date, date]:
    year, number = month
    return date(year, number, 1), date(year, number, monthrange(year, number)[1])
