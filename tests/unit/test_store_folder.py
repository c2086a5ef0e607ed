"""The ledger folder: round trip, the same file again, forgetting, listing, damage, and other runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockturn import store
from stockturn.config import Settings
from stockturn.errors import InputError
from stockturn.i18n import LANGUAGES, error_text
from stockturn.model import Ledger, Note
from stockturn.sources.dedupe import dedupe
from tests.unit.exports_by_hand import NOW, Export, balanced, contents, count, export, ledger, sale, told

EARLY, LATE = datetime(2024, 2, 1, 8), datetime(2024, 2, 5, 8)
combine = partial(dedupe, settings=Settings())

JANUARY = export("jan.csv", [sale("X", n, day=n, doc_no=f"D{n}", line_no="1") for n in (1, 2, 3)], time=EARLY)
FEBRUARY = export(
    "feb.csv",
    [sale("X", 7, day=3, doc_no="D3", line_no="1"), sale("X", 4, day=4, doc_no="D4", line_no="1")],
    time=LATE,
)
STOCK = export("stock.csv", [count("X", 5), count("Y", 1)], table="stock")


def put(folder: Path, *exports: Export) -> store.Outcome:
    return store.merge(ledger(*exports), folder, combine, now=NOW)


def same(left: Ledger, right: Ledger) -> bool:
    """Equal tables with lineage, counts and lists."""
    tables = {*left.tables, *right.tables}
    lists = [(getattr(left, name), getattr(right, name)) for name in ("sheets", "refused", "replaced")]
    return all(contents(left, name, True).equals(contents(right, name, True)) for name in tables) and all(
        (
            one.sort(pl.all()).equals(two.sort(pl.all()))
            if one.height and two.height
            else one.height == two.height
        )
        for one, two in lists
    )


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_goes_in_comes_back(tmp_path: Path) -> None:
    outcome = put(tmp_path / "led", JANUARY, STOCK)
    assert outcome.added == ("jan.csv", "stock.csv")
    assert same(store.load(tmp_path / "led"), ledger(JANUARY, STOCK))
    assert store.is_ledger(tmp_path / "led")
    assert not store.is_ledger(tmp_path)


def test_overlap_is_counted_once_whether_read_together_or_one_by_one(tmp_path: Path) -> None:
    together = dedupe(ledger(JANUARY, FEBRUARY, STOCK), Settings())
    for number, order in enumerate(permutations((JANUARY, FEBRUARY, STOCK))):
        folder = tmp_path / str(number)
        for one in order:
            put(folder, one)
        kept = store.load(folder)
        assert same(kept, together)
        assert balanced(kept)
    assert told(together, "movements", "qty") == [(-1.0,), (-2.0,), (-4.0,), (-7.0,)]


def test_the_same_file_again_changes_not_one_byte(tmp_path: Path) -> None:
    put(tmp_path, JANUARY, FEBRUARY)
    before = {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path) if name != ".lock"}
    renamed = Export("other/jan.csv", JANUARY.rows, time=EARLY, digest="hash of jan.csv")
    outcome = put(tmp_path, renamed, FEBRUARY)
    assert (outcome.added, outcome.known) == ((), ("feb.csv", "other/jan.csv"))
    assert {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path) if name != ".lock"} == before


def test_the_same_file_read_differently_counts_as_read_last(tmp_path: Path) -> None:
    """The config was mended, so that a row which was refused is now accepted."""
    put(tmp_path, Export("jan.csv", JANUARY.rows[:2], time=EARLY))
    outcome = put(tmp_path, JANUARY)
    assert outcome.reread == ("jan.csv",)
    assert same(store.load(tmp_path), ledger(JANUARY))


def test_other_settings_count_the_folder_anew(tmp_path: Path) -> None:
    """The day that two files tell differently is refused, until the config says which counts."""
    days = (export("a.csv", [sale("X", 1)], time=EARLY), export("b.csv", [sale("X", 2)], time=LATE))
    put(tmp_path, *days)
    assert told(store.load(tmp_path), "movements", "qty") == []
    newest = partial(dedupe, settings=Settings.model_validate({"ingest": {"overlap": "newest"}}))
    outcome = store.merge(ledger(*days), tmp_path, newest, now=NOW, choices="newest")
    assert outcome.known == ("a.csv", "b.csv")
    assert told(store.load(tmp_path), "movements", "qty") == [(-2.0,)]


def test_a_copy_beside_the_file_is_known_in_the_same_run(tmp_path: Path) -> None:
    """Even where what was read of the two is not alike: an item may be credited to the first file alone."""
    copy = Export("z/jan.csv", JANUARY.rows[:1], time=EARLY, digest="hash of jan.csv")
    assert put(tmp_path, JANUARY, copy).known == ("z/jan.csv",)
    assert len(told(store.load(tmp_path), "movements", "qty")) == 3


def test_two_files_of_one_name_are_two_exports(tmp_path: Path) -> None:
    first, second = (
        Export("out/export.csv", rows, time=time, digest=f"{digit}" * 64)
        for rows, time, digit in ((JANUARY.rows, EARLY, "a"), (FEBRUARY.rows, LATE, "b"))
    )
    for number, order in enumerate(permutations((first, second))):
        for one in order:
            put(tmp_path / str(number), one)
    left, right = (store.load(tmp_path / str(number)) for number in range(2))
    assert same(left, right)
    assert set(left.sheets["file"]) == {"out/export.csv@aaaaaaaa", "out/export.csv@bbbbbbbb"}
    with pytest.raises(InputError, match="ledger_file_ambiguous"):
        store.forget(tmp_path / "0", "export.csv", combine, now=NOW)
    store.forget(tmp_path / "0", "out/export.csv@bbbbbbbb", combine, now=NOW)
    assert set(store.load(tmp_path / "0").sheets["file"]) == {"out/export.csv"}


POOL = [
    *(sale("X", n % 3 + 1, day=n, doc_no=f"D{n}", line_no="1") for n in range(1, 5)),
    *(sale("X", n % 2 + 1, day=1) for n in range(3)),
]
cuts = st.lists(
    st.tuples(st.lists(st.sampled_from(POOL), min_size=1, max_size=4), st.sampled_from([None, EARLY, LATE])),
    min_size=1,
    max_size=4,
)


@settings(max_examples=settings.default.max_examples // 3)
@given(cuts, st.data())
def test_a_forgotten_file_leaves_the_ledger_in_which_it_never_was(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[tuple[list[dict[str, object]], datetime | None]],
    data: st.DataObject,
) -> None:
    home = tmp_path_factory.mktemp("ledgers")
    exports = [export(f"{i}.csv", rows, time=time) for i, (rows, time) in enumerate(drawn)]
    gone = data.draw(st.sampled_from(exports))
    put(home / "with", *exports)
    outcome = store.forget(home / "with", gone.file, combine, now=NOW)
    assert outcome.forgotten == (gone.file,)
    rest = [one for one in exports if one is not gone]
    if rest:
        put(home / "without", *rest)
        assert same(store.load(home / "with"), store.load(home / "without"))
    else:
        assert not outcome.ledger.tables
    shutil.rmtree(home)


def test_forgetting_by_last_part_of_the_name_or_by_hash(tmp_path: Path) -> None:
    put(tmp_path, Export("exports/jan.csv", JANUARY.rows), FEBRUARY)
    assert store.forget(tmp_path, "jan.csv", combine, now=NOW).forgotten == ("exports/jan.csv",)
    assert store.forget(tmp_path, "hash of feb", combine, now=NOW).forgotten == ("feb.csv",)
    with pytest.raises(InputError, match="ledger_file_unknown"):
        store.forget(tmp_path, "feb.csv", combine, now=NOW)


def test_the_listing_says_what_each_file_gave_and_who_corrected_it(tmp_path: Path) -> None:
    put(tmp_path, JANUARY)
    put(tmp_path, FEBRUARY)
    rows = store.listing(tmp_path).select(
        "file",
        "sheets",
        "rows_read",
        "accepted",
        "refused",
        "skipped",
        "replaced_rows",
        "replaced_by",
        "file_hash",
    )
    assert rows.rows() == [
        ("feb.csv", 1, 4, 2, 0, 2, 0, None, "hash of feb.csv"),
        ("jan.csv", 1, 5, 2, 0, 3, 1, "feb.csv", "hash of jan.csv"),
    ]
    assert store.listing(tmp_path)["ingested_at"].to_list() == [NOW] * 2
    assert store.listing(tmp_path)["exported_at"].to_list() == [LATE, EARLY]


def test_tables_without_overlap_are_written_once(tmp_path: Path) -> None:
    """A generation holds the tables in which files overlap, and no others."""
    put(tmp_path, JANUARY, FEBRUARY, STOCK)
    generation = {Path(name).name for name in files_in(tmp_path) if name.startswith("generations/")}
    assert generation == {"movements.parquet", "sheets.parquet", "refused.parquet", "replaced.parquet"}


def test_what_no_manifest_names_is_gone_after_two_runs(tmp_path: Path) -> None:
    """The generation before is kept for a reader that is still at work, the one before that is not."""
    put(tmp_path, JANUARY)
    at_work = store.load(tmp_path)
    put(tmp_path, FEBRUARY)
    assert len(told(at_work, "movements", "qty")) == 3
    put(tmp_path, STOCK)
    store.forget(tmp_path, "stock.csv", combine, now=NOW)
    store.forget(tmp_path, "feb.csv", combine, now=NOW)
    assert len(list((tmp_path / "generations").iterdir())) == 2
    assert len(list((tmp_path / "segments").iterdir())) == 2


def test_notes_of_a_file_stay_with_it(tmp_path: Path) -> None:
    said = Note("dedupe_line_repeated", {"file": "jan.csv", "count": 1, "doc_no": "D1"}, "warning")
    store.merge(replace(ledger(JANUARY, FEBRUARY), notes=(said,)), tmp_path, combine, now=NOW)
    assert said in store.load(tmp_path).notes
    assert said not in store.forget(tmp_path, "jan.csv", combine, now=NOW).ledger.notes


def test_frames_of_the_python_api_can_be_kept_too(tmp_path: Path) -> None:
    frames = Ledger.of(movements=ledger(JANUARY).table("movements").with_columns(source_file=pl.lit(None)))
    store.merge(frames, tmp_path, combine, now=NOW)
    store.merge(frames, tmp_path, combine, now=NOW)
    assert told(store.load(tmp_path), "movements", "qty", "source_file") == [
        (-q, None) for q in (1.0, 2.0, 3.0)
    ]


def test_a_file_that_gave_nothing_leaves_no_trace(tmp_path: Path) -> None:
    outcome = put(tmp_path, export("readme.csv", []), JANUARY)
    assert outcome.nothing_in == ("readme.csv",)
    assert store.listing(tmp_path)["file"].to_list() == ["jan.csv"]


def damage_missing(folder: Path) -> None:
    next(folder.glob("segments/*/movements.parquet")).unlink()


def damage_truncated(folder: Path) -> None:
    file = next(folder.glob("segments/*/movements.parquet"))
    file.write_bytes(file.read_bytes()[:-10])


def damage_footer(folder: Path) -> None:
    file = next(folder.glob("segments/*/movements.parquet"))
    file.write_bytes(file.read_bytes()[:-12] + b"x" * 12)


def damage_list(folder: Path) -> None:
    file = next(folder.glob("generations/*/sheets.parquet"))
    file.write_bytes(b"x" * file.stat().st_size)


def damage_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"format": 1, "files": [{"name"', encoding="utf-8")


def damage_keys(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"format": 1}', encoding="utf-8")


DAMAGES = [damage_missing, damage_truncated, damage_footer, damage_list, damage_manifest, damage_keys]


@pytest.mark.parametrize("damage", DAMAGES)
def test_reading_a_damaged_folder_says_which_one(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    put(tmp_path, JANUARY)
    damage(tmp_path)
    for verb in (store.load, store.listing):
        with pytest.raises(InputError, match="ledger_damaged") as caught:
            verb(tmp_path)
        assert all(str(tmp_path) in error_text(caught.value, lang)[0] for lang in LANGUAGES)


@pytest.mark.parametrize("damage", DAMAGES)
def test_writing_to_a_damaged_folder_mends_it_or_leaves_it_alone(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """What is made anew from whole segments is mended (a broken list); nothing is built on what is lost."""
    put(tmp_path, JANUARY)
    damage(tmp_path)
    before = files_in(tmp_path)
    if damage is damage_list:
        put(tmp_path, FEBRUARY)
        assert same(store.load(tmp_path), dedupe(ledger(JANUARY, FEBRUARY), Settings()))
        return
    with pytest.raises(InputError, match="ledger_damaged"):
        put(tmp_path, FEBRUARY)
    assert files_in(tmp_path) == before


def test_a_folder_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    put(tmp_path, JANUARY)
    file = tmp_path / "manifest.json"
    file.write_text(
        json.dumps({**json.loads(file.read_text(encoding="utf-8")), "format": 99}), encoding="utf-8"
    )
    before = file.read_bytes()
    for verb in (lambda: store.load(tmp_path), lambda: put(tmp_path, FEBRUARY)):
        with pytest.raises(InputError, match="ledger_newer"):
            verb()
    assert file.read_bytes() == before


def test_a_folder_with_other_things_is_not_taken(tmp_path: Path) -> None:
    """A config file beside is no other thing."""
    (tmp_path / "led").mkdir()
    (tmp_path / "led/stockturn.toml").write_text("", encoding="utf-8")
    assert put(tmp_path / "led", JANUARY).added
    shutil.rmtree(tmp_path / "led")
    (tmp_path / "sales.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match="ledger_folder_taken"):
        put(tmp_path, JANUARY)
    with pytest.raises(InputError, match="ledger_missing"):
        store.load(tmp_path)
    assert files_in(tmp_path) == {"sales.xlsx"}


def test_every_error_of_the_folder_says_what_to_do() -> None:
    """Every key has a sentence and a hint in every language, and their fields are those that are given."""
    fields = ["folder", "file", "detail", "found", "known", "pid", "host", "since", "lock", "names"]
    keys = ["missing", "damaged", "newer", "locked", "disk_full", "not_writable", "folder_taken"]
    for key in [*keys, "file_unknown", "file_ambiguous"]:
        for lang in LANGUAGES:
            sentence, hint = error_text(InputError(f"ledger_{key}", **dict.fromkeys(fields, "x")), lang)
            assert sentence
            assert hint
