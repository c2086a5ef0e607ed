"""Never twice, on random exports: against a slow reference in plain Python, in any order, and again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

import polars as pl
from hypothesis import assume, given
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.sources.dedupe import dedupe
from tests.unit.exports_by_hand import Export, balanced, contents, count, ledger, sale

COMPARED = ("date", "sku", "qty", "warehouse", "partner")
TIMES = st.sampled_from([None, datetime(2024, 3, 1), datetime(2024, 3, 2)])
DAYS = st.sampled_from([date(2024, 1, 1), date(2024, 1, 2), date(2024, 6, 1)])

lines = st.builds(
    lambda sku, qty, day, warehouse, doc, line, kind: {
        **sale(sku, qty), "date": day, "warehouse": warehouse, "doc_no": doc, "line_no": line if doc else None,
        "kind": kind,
    },
    st.sampled_from("XY"), st.integers(1, 2), DAYS, st.sampled_from("WV"),
    st.sampled_from([None, "D1", "D2"]), st.sampled_from([None, "1", "2"]), st.sampled_from(["sale", "scrap"]),
)  # fmt: skip
points = st.builds(count, st.sampled_from("XY"), st.integers(1, 2), warehouse=st.sampled_from("WV"))


@st.composite
def exports(draw: st.DrawFn, rows: st.SearchStrategy[dict[str, object]], table: str) -> list[Export]:
    """Two to four files cut, with overlap and small differences, from a common pool of rows."""
    pool = draw(st.lists(rows, min_size=1, max_size=6))
    files = []
    for name in "abcd"[: draw(st.integers(2, 4))]:
        picked = draw(st.lists(st.sampled_from(pool) | rows, min_size=1, max_size=6))
        files.append(Export(f"{name}.csv", tuple(picked), table, draw(TIMES)))
    return files


Row = tuple[str, int, dict[str, object]]
"""File, number in the file, and what stands there."""


def numbered(files: Iterable[Export]) -> list[Row]:
    return [(file.file, i, row) for file in files for i, row in enumerate(file.rows)]


def say(row: dict[str, object], columns: Iterable[str]) -> tuple[object, ...]:
    return tuple(row.get(column) for column in columns)


def agree(versions: dict[str, Counter[object]], contain: bool) -> str | None:
    """The file whose version holds all others; the smallest name among equals of one time."""
    for name in versions:
        if all(
            other <= versions[name] if contain else other == versions[name] for other in versions.values()
        ):
            return name
    return None


def decide(
    versions: dict[str, Counter[object]], times: dict[str, datetime | None], contain: bool, newest: bool
) -> str | None:
    """The file that counts, None where nothing decides."""
    found = agree(versions, contain)
    if found is not None or not newest:
        return found
    known = [times[name] for name in versions if times[name] is not None]
    latest = {n: v for n, v in versions.items() if times[n] is None or times[n] == max(known)}
    return agree(latest, contain)


def settle(
    rows: Sequence[Row], times: dict[str, datetime | None], contain: bool = True, newest: bool = True
) -> list[Row]:
    versions: dict[str, Counter[object]] = defaultdict(Counter)
    for file, _, row in rows:
        versions[file][say(row, (*COMPARED, "on_hand"))] += 1
    winner = decide(versions, times, contain, newest)
    return [place for place in rows if place[0] == winner]


def hang_together(sets: dict[str, set[object]]) -> list[set[str]]:
    """Files that share something, directly or through others."""
    groups: list[tuple[set[str], set[object]]] = []
    for name, things in sets.items():
        touching = [group for group in groups if group[1] & things]
        groups = [group for group in groups if group not in touching]
        groups.append(({name}.union(*(g[0] for g in touching)), things.union(*(g[1] for g in touching))))
    return [names for names, _ in groups]


def runs(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of one number, cut where more than 60 days lie between."""
    ordered = sorted(rows, key=lambda r: r[2]["date"])  # type: ignore[arg-type, return-value]
    parts: list[list[Row]] = []
    for row in ordered:
        if parts and row[2]["date"] - parts[-1][-1][2]["date"] <= timedelta(days=60):  # type: ignore[operator]
            parts[-1].append(row)
        else:
            parts.append([row])
    return parts


def by(rows: Iterable[Row], *columns: str) -> list[list[Row]]:
    def key(row: Row) -> str:
        return repr(say(row[2], columns))

    return [list(group) for _, group in groupby(sorted(rows, key=key), key=key)]


def slow_movements(files: Sequence[Export]) -> list[dict[str, object]]:
    """What a patient clerk keeps of these exports."""
    times = {file.file: file.time for file in files}
    twice: dict[object, Row] = {}
    for file, i, row in reversed(numbered(files)):
        same = say(row, ("kind", "doc_no", "line_no", *COMPARED)) if row["doc_no"] and row["line_no"] else i
        twice[file, same] = (file, i, row)
    rows = sorted(twice.values(), key=lambda place: place[:2])
    loose = {say(row, ("kind", "doc_no")) for _, _, row in rows if row["doc_no"] and not row["line_no"]}
    lined, documents, bare = [], [], []
    for place in rows:
        row = place[2]
        if not row["doc_no"]:
            bare.append(place)
        elif row["line_no"] and say(row, ("kind", "doc_no")) not in loose:
            lined.append(place)
        else:
            documents.append(place)
    kept: list[Row] = []
    for same in by(lined, "kind", "doc_no", "line_no"):
        for run in runs(same):
            kept += settle(run, times)
    scopes = hang_together({f.file: {row["warehouse"] for row in f.rows} for f in files})
    for same in by(documents, "kind", "doc_no", "sku"):
        for scope in scopes:
            for run in runs([place for place in same if place[0] in scope]):
                kept += settle(run, times)
    for same in by(bare, "kind", "warehouse", "date"):
        whole = settle(same, times, newest=False)
        if whole:
            kept += whole
            continue
        skus: dict[str, set[object]] = defaultdict(set)
        for file, _, row in same:
            skus[file].add(row["sku"])
        for names in hang_together(skus):
            kept += settle([place for place in same if place[0] in names], times, newest=False)
    gone = struck_out(rows, [id(place) for place in lined], times)
    kept = [place for place in kept if all(place is not other for other in gone)]
    again = told_by_fuller(kept, rows)
    return [place[2] for place in kept if all(place is not other for other in again)]


def struck_out(rows: Sequence[Row], lined: Sequence[int], times: dict[str, datetime | None]) -> list[Row]:
    """Lines of documents that the newest of their exports lacks, and where no time is known lines on which two differ."""

    def line(place: Row) -> object:
        return ("line", place[2]["line_no"]) if id(place) in lined else ("sku", place[2]["sku"])

    def fact(place: Row) -> object:
        return (say(place[2], ("kind", "doc_no", "date", "sku", "qty")), line(place))

    facts: dict[str, set[object]] = defaultdict(set)
    for place in rows:
        if place[2]["doc_no"]:
            facts[place[0]].add(fact(place))
    gone: list[Row] = []
    for document in by([place for place in rows if place[2]["doc_no"]], "kind", "doc_no"):
        versions: dict[str, list[Row]] = defaultdict(list)
        for place in document:
            versions[place[0]].append(place)
        lines = {file: {line(place) for place in version} for file, version in versions.items()}
        latest = [
            file
            for file in versions
            if None not in [times[f] for f in versions] and times[file] == max(times[f] for f in versions)
        ]  # type: ignore[type-var]
        for file, version in versions.items():
            for other in versions:
                if other == file or not facts[file] & facts[other]:
                    continue
                absent = [
                    place
                    for place in version
                    if line(place) not in lines[other] and near(place, versions[other])
                ]
                if latest == [other]:
                    known = [place for place in rows if place[0] == other]
                    changed = bool(lines[other] - lines[file])
                    gone += [
                        place for place in absent
                        if changed or (place[2]["sku"] in {k[2]["sku"] for k in known} and place[2]["warehouse"] in {k[2]["warehouse"] for k in known})
                    ]  # fmt: skip
                elif len(latest) != 1 and any(
                    line(p) not in lines[file] and near(p, version) for p in versions[other]
                ):
                    gone += absent
    facts_gone = {fact(place) for place in gone}
    return [place for place in rows if place[2]["doc_no"] and fact(place) in facts_gone]


def near(place: Row, version: Sequence[Row]) -> bool:
    days = [other[2]["date"] for other in version]
    gap = timedelta(days=60)
    return min(days) - gap <= place[2]["date"] <= max(days) + gap  # type: ignore[operator, type-var, return-value]


def told_by_fuller(rows: Sequence[Row], everything: Sequence[Row]) -> list[Row]:
    """Rows without a document number that files with numbers tell as well, at least nine in ten of those of their days;
    and with them the rest of these days, which is refused. Days of which any file has both sorts are left alone."""
    sorts: dict[tuple[str, object], set[bool]] = defaultdict(set)
    for place in everything:
        sorts[place[0], say(place[2], ("kind", "date"))].add(bool(place[2]["doc_no"]))
    mixed = {day for (_, day), found in sorts.items() if len(found) > 1}
    rows = [place for place in rows if say(place[2], ("kind", "date")) not in mixed]
    numbered = [place for place in rows if place[2]["doc_no"]]
    gone: list[Row] = []
    for file in {place[0] for place in rows}:
        days: dict[object, list[Row]] = defaultdict(list)
        for place in rows:
            day = say(place[2], ("kind", "date"))
            if (
                place[0] == file
                and not place[2]["doc_no"]
                and any(other[0] != file and say(other[2], ("kind", "date")) == day for other in numbered)
            ):
                days[day].append(place)
        found = 0
        for day, own in days.items():
            there = Counter(
                say(o[2], ("sku", "qty", "warehouse"))
                for o in numbered
                if o[0] != file and say(o[2], ("kind", "date")) == day
            )
            found += sum(
                (Counter(say(place[2], ("sku", "qty", "warehouse")) for place in own) & there).values()
            )
        total = sum(len(own) for own in days.values())
        if total and found >= 0.9 * total:
            gone += [place for own in days.values() for place in own]
    return gone


def slow_stock(files: Sequence[Export]) -> list[dict[str, object]]:
    times = {file.file: file.time for file in files}
    return [
        row for same in by(numbered(files), "as_of", "sku", "warehouse")
        for _, _, row in settle(same, times, contain=False)
    ]  # fmt: skip


def as_told(rows: Iterable[dict[str, object]], columns: Sequence[str]) -> list[str]:
    return sorted(repr(say(row, columns)) for row in rows)


MOVED = ("date", "sku", "qty", "kind", "warehouse", "doc_no")
COUNTED = ("as_of", "sku", "on_hand", "warehouse")


@given(exports(lines, "movements"))
def test_movements_are_those_of_the_slow_reference(files: list[Export]) -> None:
    """Line numbers are left out of the comparison: of two files that tell a document with and without them,
    either may stand for it."""
    kept = dedupe(ledger(*files), Settings())
    rows = kept.table("movements").select(MOVED).collect().rows(named=True)
    assert as_told(rows, MOVED) == as_told(slow_movements(files), MOVED)
    assert balanced(kept)


@given(exports(points, "stock"))
def test_stock_points_are_those_of_the_slow_reference(files: list[Export]) -> None:
    kept = dedupe(ledger(*files), Settings())
    rows = kept.table("stock").select(COUNTED).collect().rows(named=True)
    assert as_told(rows, COUNTED) == as_told(slow_stock(files), COUNTED)
    assert balanced(kept)


@given(exports(lines, "movements"), exports(points, "stock"), st.randoms(use_true_random=False))
def test_no_order_of_files_matters(moved: list[Export], counted: list[Export], random: object) -> None:
    """Frames, counts and lists are equal, byte by byte once sorted, in any order of reading."""
    counted = [Export(f"s{file.file}", file.rows, file.table, file.time) for file in counted]
    files = [*moved, *counted]
    shuffled = files.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = (dedupe(ledger(*order), Settings()) for order in (files, shuffled))
    for table in ("movements", "stock"):
        assert contents(one, table, lineage=True).equals(contents(two, table, lineage=True))
    assert one.sheets.sort("file").equals(two.sheets.sort("file"))
    for frame in ("refused", "replaced"):
        left, right = getattr(one, frame), getattr(two, frame)
        assert left.sort(pl.all()).equals(right.sort(pl.all())) if left.width else not right.width


@given(exports(lines, "movements"))
def test_every_source_row_is_accepted_refused_or_skipped_once(files: list[Export]) -> None:
    """Accepted and refused rows of the sheets are the rows of the frames."""
    kept = dedupe(ledger(*files), Settings())
    accepted, refused = kept.sheets["accepted"].sum(), kept.sheets["refused"].sum()
    assert accepted == kept.table("movements").collect().height
    assert refused == kept.refused.height
    assert abs(kept.sheets["qty_sum"].sum() - kept.table("movements").collect()["qty"].sum()) < 1e-9


@given(exports(lines, "movements"))
def test_doing_it_again_changes_nothing(files: list[Export]) -> None:
    """Where a file tells lines of one day with and without a number, its numbered ones may stand in another file after
    the first look, and a second look would take the others for a poorer copy of these: such days are left out."""
    sorts: dict[object, set[bool]] = defaultdict(set)
    for file, _, row in numbered(files):
        sorts[file, say(row, ("kind", "date"))].add(bool(row["doc_no"]))
    assume(all(len(found) == 1 for found in sorts.values()))
    once = dedupe(ledger(*files), Settings())
    again = dedupe(once, Settings())
    assert contents(again, "movements", lineage=True).equals(contents(once, "movements", lineage=True))
    assert again.sheets.equals(once.sheets)
