"""Which table this is, and which column is which field: decided from headers and words, with a confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from stockturn.config.ingest import FileRule
from stockturn.errors import InputError, UsageError
from stockturn.sources.captions import Vocabulary, norm, path_variants
from stockturn.sources.kinds import DIRECTION, kind_of
from stockturn.sources.locate import Layout
from stockturn.sources.profiles import PLAIN, Spec, profile_names, specs

MARGIN = 1.0
"""Two tables whose points differ by less than this are a doubt that the user has to settle."""

MINIMUM = 0.6
"""Below this confidence a table is not taken for what it might be: it is listed, and asked for."""

HOPELESS = 0.3
"""Below this confidence a guess would not help anybody: the headers are shown instead."""

_ORDERS_AS_SAID = 6.0
"""For a list said to be of orders that tells ordered and received quantities apart: as receipts, its lines still open
would be refused."""

_LEVELS = 6
_CANONICAL = {
    "kind": "doc_type",
    "ownership": "ownership_text",
    "received_date": "receipt_date",
    "shipped_date": "ship_date",
    "closed": "close_status",
}
"""Names of canonical columns that a header is not read into directly."""

_CANONICAL_OF = {
    "items": {"status": "item_status"},
    "warehouses": {"kind": "warehouse_kind"},
    "overrides": {"period": "month"},
}
"""The same for one table alone."""

_FAMILY = {
    "purchases": ("purchase", "purchase_return", "other_in", "production_in"),
    "sales": ("sale", "sale_return", "other_out", "production_out"),
    "adjustments": ("count", "scrap", "adjustment_in", "adjustment_out"),
    "transfers": ("transfer",),
}


@dataclass(frozen=True)
class Plan:
    """How a sheet is read: the table, the column of each field, the kind of its lines, and how sure that is."""

    spec: Spec
    columns: Mapping[str, int]
    kind: str | None
    confidence: float
    doubts: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    orders_only: bool = False
    sku_from_name: bool = False


def choose(
    layout: Layout,
    words: Vocabulary,
    names: Sequence[str],
    rule: FileRule | None,
    file: str,
    sheet: str | None,
) -> Plan:
    """The best table for these headers. ``names`` are sheet name, titles and file name, the most telling first.

    Raises InputError where no table fits (``no_table``) or where two fit equally (``table_unclear``); the hint
    says which line of the config settles it.
    """
    headers = Headers.of(layout, words)
    given = _given(headers, rule, file, sheet)
    offered = [spec for spec in specs() if _allowed(spec, rule)]
    ranked = sorted(
        (found for spec in offered if (found := _fit(spec, headers, words, names, given, rule)) is not None),
        key=lambda item: -item[0],
    )
    if not ranked:
        raise InputError("no_table", file=file, sheet=sheet or "", found=_captions(layout))
    points, plan = ranked[0]
    if plan.confidence < HOPELESS:
        raise InputError("no_table", file=file, sheet=sheet or "", found=_captions(layout))
    if plan.confidence < MINIMUM:
        raise InputError(
            "table_doubtful", file=file, sheet=sheet or "", first=_shown(plan), share=plan.confidence
        )
    rival = next(
        (other for score, other in ranked[1:] if not _same(plan, other) and points - score < MARGIN), None
    )
    if rival is not None and rule is None:
        raise InputError(
            "table_unclear",
            file=file,
            sheet=sheet or "",
            first=_shown(plan),
            second=_shown(rival),
        )
    return plan


def _captions(layout: Layout) -> str:
    return ", ".join(layout.caption(column) for column, path in enumerate(layout.paths) if path)[:300]


class Headers:
    """The captions of a sheet, by spelling."""

    def __init__(
        self, by_level: Sequence[Mapping[str, list[int]]], known: frozenset[int], total: int
    ) -> None:
        self.by_level = by_level
        self.known = known
        self.total = total

    @classmethod
    def of(cls, layout: Layout, words: Vocabulary) -> Headers:
        """Index every spelling of every header; level 0 is the exact one."""
        by_level: list[dict[str, list[int]]] = [{} for _ in range(_LEVELS)]
        known = set()
        paths = [(column, path) for column, path in enumerate(layout.paths) if path]
        for column, path in paths:
            for level, spelling in enumerate(path_variants(path)[:_LEVELS]):
                by_level[level].setdefault(spelling, []).append(column)
                if spelling in words.known:
                    known.add(column)
        return cls(by_level, frozenset(known), len(paths))

    def find(self, captions: Sequence[str], taken: set[int], levels: int = _LEVELS) -> int | None:
        """The first free column under one of the captions: exact spellings first, then in order of the captions."""
        for level in self.by_level[:levels]:
            for caption in captions:
                for column in level.get(caption, ()):
                    if column not in taken:
                        return column
        return None

    def ending(self, tails: tuple[str, ...], taken: set[int]) -> int | None:
        """The first free column of no known meaning whose caption ends like this: 单据审批状态."""
        named = (
            (columns, caption) for caption, columns in self.by_level[0].items() if caption.endswith(tails)
        )
        free = (c for columns, _ in named for c in columns if c not in taken and c not in self.known)
        return next(free, None)

    def parts(self) -> dict[str, int]:
        """Columns under a reason below 收入 or 发出: ``in_qty__采购类`` -> column."""
        found: dict[str, int] = {}
        for level in self.by_level:
            for spelling, columns in level.items():
                if spelling.startswith("@part_") and spelling.count("__"):
                    found.setdefault(spelling.removeprefix("@part_"), columns[0])
        return found

    def has(self, captions: Sequence[str], taken: set[int]) -> bool:
        """Whether a free column has exactly one of the captions."""
        return self.find(captions, taken, levels=1) is not None


def assign(
    spec: Spec, headers: Headers, words: Vocabulary, given: Mapping[str, int | None]
) -> dict[str, int]:
    """Field -> column. What the config says comes first; each column is given away once."""
    columns = {name: column for name, column in given.items() if column is not None}
    taken = set(columns.values())
    for name in spec.fields:
        if name in given:
            continue
        captions = (*spec.columns.get(name, ()), *words.fields.get(name, ()))
        column = headers.find(captions, taken)
        if column is None and name in words.totals:
            column = headers.find(words.totals[name], taken)
        if column is None and name == "sku":
            column = headers.find(words.fields["sku_weak"], taken)
        if column is None and name == "status":
            column = headers.ending(("状态", "status"), taken)
        if column is not None:
            columns[name] = column
            taken.add(column)
    if spec.shape == "summary":
        columns |= {name: column for name, column in headers.parts().items() if column not in taken}
    if "by_reason" in spec.options:
        columns |= _reasons(spec, headers, words, set(columns.values()))
    if "date" not in given and {"receipt_date", "ship_date"} & columns.keys() and "date" in columns:
        del columns["date"]  # the date of the goods is there; a posting date beside it says nothing more
    return columns


def _reasons(spec: Spec, headers: Headers, words: Vocabulary, taken: set[int]) -> dict[str, int]:
    """Columns of quantities named after a movement text, which tells their side: 组装出库数量 -> out_qty__组装出库."""
    found = {}
    for spelling, columns in headers.by_level[0].items():
        reason = spelling.removesuffix("数量")
        free = next((column for column in columns if column not in taken), None)
        direction = DIRECTION.get(kind_of(reason, words, spec.kinds) or "")
        if reason != spelling and free is not None and direction and reason not in words.rows["opening"]:
            found[f"{'in' if direction > 0 else 'out'}_qty__{reason}"] = free
    return found


def _fit(
    spec: Spec,
    headers: Headers,
    words: Vocabulary,
    names: Sequence[str],
    given: Mapping[str, int | None],
    rule: FileRule | None,
) -> tuple[float, Plan] | None:
    if spec.signature and not all(headers.find([caption], set()) is not None for caption in spec.signature):
        return None
    if rule is not None and rule.table == spec.id == "orders":
        spec = replace(spec, fields=(*spec.fields, "receipt_date"))  # who says so may list what came when
    columns = assign(spec, headers, words, given)
    telling = next((i for i, name in enumerate(names) if spec.words and spec.words.search(name)), None)
    against = [name for name in spec.without if headers.has(words.fields[name], set(columns.values()))]
    from_name = False
    if (telling is not None and not against) or (rule is not None and rule.table):
        for name, captions in spec.weak.items():
            if name not in columns and (column := headers.find(captions, set(columns.values()))) is not None:
                columns[name] = column
        if "sku" not in columns and "name" in columns and any("sku" in choice for choice in spec.requires):
            columns["sku"] = columns["name"]
            from_name = True
    if not _complete(spec, columns):
        return None
    taken = set(columns.values())
    needed = {name for choice in spec.requires for name in choice} | set(spec.hints)
    points = sum(2.0 if name in needed else 1.0 for name in columns)
    points += {0: 4.0, 1: 3.0}.get(telling, 2.0) if telling is not None else 0.0
    points -= 4.0 * len(against) + 0.5 * len(headers.known - taken) + (1.5 if from_name else 0.0)
    if spec.signature:
        points += 4.0 + len(spec.signature)
    if rule is not None and rule.table == spec.id == "orders" and "qty_received" in columns:
        points += _ORDERS_AS_SAID
    kind, kind_said = _kind(spec, headers, words, names, rule)
    points += kind_said
    explained = len(headers.known & taken) / max(1, len(headers.known))
    confidence = (
        1.0 if rule is not None and rule.table else _confidence(explained, telling, spec, against, from_name)
    )
    orders_only = rule is not None and rule.table == "orders" and spec.table != "orders"
    plan = Plan(
        spec,
        columns,
        kind,
        confidence,
        kinds=_kinds(spec, rule),
        orders_only=orders_only,
        sku_from_name=from_name,
    )
    return points, plan


def _complete(spec: Spec, columns: Mapping[str, int]) -> bool:
    required = all(any(name in columns for name in choice) for choice in spec.requires)
    return required and (not spec.any or any(name in columns for name in spec.any))


def _confidence(
    explained: float, telling: int | None, spec: Spec, against: list[str], from_name: bool
) -> float:
    """Half for the table's required fields (they are there), the rest for how much of the header is understood,
    a telling name and a profile's signature; less for what speaks against it."""
    value = 0.5 + 0.3 * explained + (0.1 if telling is not None else 0.0) + (0.1 if spec.signature else 0.05)
    value -= 0.15 * len(against) + (0.1 if from_name else 0.0)
    return round(max(0.05, min(0.99, value)), 2)


def _kind(
    spec: Spec, headers: Headers, words: Vocabulary, names: Sequence[str], rule: FileRule | None
) -> tuple[str | None, float]:
    """The kind of lines without a text of their own, and points for what says so."""
    if rule is not None and rule.kind:
        return rule.kind, 0.0
    family = _FAMILY.get(spec.base)
    if family is None:
        return spec.kind, 0.0
    for name in names:
        for pattern, kind in words.kind_words:
            if pattern.search(name):
                if kind in family:
                    return kind, 0.0
                return spec.kind, -2.0
    own = words.kind_headers.get(spec.kind or "", frozenset())
    said = any(caption in own for caption in headers.by_level[0])
    return spec.kind, 1.5 if said else 0.0


def _kinds(spec: Spec, rule: FileRule | None) -> dict[str, str]:
    own = dict(spec.kinds)
    if rule is not None:
        own |= {norm(text): kind for text, kind in rule.kinds.items()}
    return own


def _given(headers: Headers, rule: FileRule | None, file: str, sheet: str | None) -> dict[str, int | None]:
    given: dict[str, int | None] = {}
    if rule is None:
        return given
    for name, caption in rule.columns.items():
        name = _CANONICAL_OF.get(rule.table or "", {}).get(name, _CANONICAL.get(name, name))
        if name not in _known_fields():
            raise UsageError(
                "column_unknown",
                column=name,
                match=rule.match,
                known=", ".join(sorted(field for field in _known_fields() if "__" not in field)),
            )
        if caption == "":
            given[name] = None
            continue
        column = headers.find([norm(caption)], set())
        if column is None:
            raise InputError("header_missing", file=file, sheet=sheet or "", column=name, expected=caption)
        given[name] = column
    return given


def check_rules(rules: Sequence[FileRule]) -> None:
    """Raises UsageError where a rule of [ingest.files] names a table or a profile that does not exist."""
    tables = {name for spec in specs() for name in (spec.table, spec.id, spec.base)}
    offered = {"table": tables, "profile": {"auto", *profile_names()}}
    for rule in rules:
        for key, known in offered.items():
            value = getattr(rule, key)
            if value and value not in known:
                raise UsageError(
                    "rule_unknown", match=rule.match, key=key, value=value, known=", ".join(sorted(known))
                )


@cache
def _known_fields() -> frozenset[str]:
    return frozenset(name for spec in specs() for name in spec.fields)


def _allowed(spec: Spec, rule: FileRule | None) -> bool:
    if rule is None:
        return True
    if rule.table == "movements" and {"kind", "doc_type"} & rule.columns.keys():
        return spec.base == "ledger"  # who names the movement column has every kind of line in one list
    if rule.profile and rule.profile not in ("auto", spec.profile) and spec.profile != PLAIN:
        return False
    if not rule.table:
        return True
    if rule.table == "orders" and spec.base == "purchases":
        return True
    return rule.table in (spec.table, spec.id, spec.base)


def _same(plan: Plan, other: Plan) -> bool:
    return (plan.spec.table, plan.kind) == (other.spec.table, other.kind) and (
        plan.spec.shape == other.spec.shape
    )


def _shown(plan: Plan) -> str:
    return f"{plan.spec.table} ({plan.kind})" if plan.kind else plan.spec.table
