"""What `init` shows and writes."""

from __future__ import annotations

import tomllib
from pathlib import Path

from stockturn.config import Settings, load_settings
from stockturn.sources import read
from stockturn.sources.inspect import inspect, suggest_config


def folder(path: Path) -> Path:
    """A small folder: two tables, one list without a date, one file that is no table, one unknown movement text."""
    (path / "sales_2024-01.csv").write_text(
        "date,sku,qty,price,customer\n2024-01-09,A1,3,5,C\n", encoding="utf-8"
    )
    (path / "库存.csv").write_text("货号,库存数量,备注\nA1,7,x\n", encoding="utf-8")
    (path / "people.csv").write_text("first,last\nAda,L\n", encoding="utf-8")
    moves = "日期,商品编码,单据类型,数量\n2024-01-05,A1,采购入库,10\n2024-01-06,A1,神秘,1\n"
    (path / "moves.csv").write_text(moves, encoding="utf-8")
    return path


def test_inspect_tells_table_mapping_and_doubts(tmp_path: Path) -> None:
    """Each sheet with its table, the columns found, those not used, and what is in doubt."""
    found = {Path(one.file).name: one for one in inspect([folder(tmp_path)], Settings())}
    assert found["sales_2024-01.csv"].table == "movements"
    assert found["sales_2024-01.csv"].mapping["customer"] == "customer"
    assert found["库存.csv"].unread == ("备注",)
    assert found["库存.csv"].needs_date
    assert [note.key for note in found["库存.csv"].doubts] == ["ingest.doubt_date"]
    assert found["people.csv"].table is None
    assert found["moves.csv"].unknown_kinds == ("神秘",)


def test_suggested_config_works_on_the_folder(tmp_path: Path) -> None:
    """The text is a config: it loads, leaves the file without a table out and dates the stock list."""
    for lang in ("en", "zh"):
        home = tmp_path / lang
        home.mkdir()
        text = suggest_config([folder(home)], load_settings(None, {"lang": lang}))
        config = home / "stockturn.toml"
        config.write_text(text, encoding="utf-8")
        ledger = read([home], load_settings(config))
        assert ledger.sheets["table"].null_count() == 0
        assert ledger.sheets.height == 3
        assert str(ledger.table("stock").collect()["as_of"][0]) == "2024-01-09"
        assert not [note for note in ledger.notes if note.key == "stock_dated_by_ledger"]


def test_names_of_files_are_generalised(tmp_path: Path) -> None:
    """Next month's export matches the same rule."""
    (tmp_path / "stock_12.csv").write_text("sku,qty_on_hand\nA,1\n", encoding="utf-8")
    (tmp_path / "sales_2024-01.csv").write_text("date,sku,qty,customer\n2024-01-09,A,3,C\n", encoding="utf-8")
    tree = tomllib.loads(suggest_config([tmp_path], Settings()))
    assert [rule["match"] for rule in tree["ingest"]["files"]] == ["stock_*.csv"]


def test_unknown_movement_text_can_be_settled_by_the_config(tmp_path: Path) -> None:
    """The line that the config offers, made active, takes the row in."""
    home = folder(tmp_path)
    config = home / "stockturn.toml"
    config.write_text(
        '[[ingest.files]]\nmatch = "moves.csv"\nkinds = { "神秘" = "scrap" }\n', encoding="utf-8"
    )
    moved = read([home / "moves.csv"], load_settings(config)).table("movements").collect()
    assert dict(zip(moved["kind"], moved["qty"], strict=True)) == {"purchase": 10.0, "scrap": -1.0}
