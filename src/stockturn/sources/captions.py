"""Header texts made comparable, and the vocabulary that says which field a caption may be."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import polars as pl

_TRADITIONAL = (
    "單據編號數庫倉價稅額貨位進銷類別採購應商發結訂點產製幣過帳異動憑證碼項規型備註現實領調撥轉條圖檔歷業務員計劃間區儲廠預無總餘電報損盤盈虧歸舊戶劑鎖門際聯絡話稱簡範圍狀態審許開關閉帶"
    "須請給與對於從這個時後還廢組裝隨車輛運輸費資屬賬簽擔負責觀贈樣遞續雜傳執貼標籤顏幾複檢驗質樓層滯週補齡齊淨筆處鎊圓萬億邊專東傷壞銀錢買賣訖確認記錄變終當達約級線種積寬長體輔換團隊導"
    "匯選擇裡"
)
_SIMPLIFIED = (
    "单据编号数库仓价税额货位进销类别采购应商发结订点产制币过账异动凭证码项规型备注现实领调拨转条图档历业务员计划间区储厂预无总余电报损盘盈亏归旧户剂锁门际联络话称简范围状态审许开关闭带"
    "须请给与对于从这个时后还废组装随车辆运输费资属账签担负责观赠样递续杂传执贴标签颜几复检验质楼层滞周补龄齐净笔处镑圆万亿边专东伤坏银钱买卖讫确认记录变终当达约级线种积宽长体辅换团队导"
    "汇选择里"
)
_TO_SIMPLIFIED = str.maketrans(_TRADITIONAL, _SIMPLIFIED)

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_GAPS = re.compile(r"[\s_\-.]+")
_DOUBLED = re.compile(r"(#\d+|\.\d+|_duplicated_\d+|_\d+)$")
_ASPECT = re.compile(r"#(编码|名称|主档|代码|code|name)$", re.IGNORECASE)
_BRACKET = re.compile(r"\([^()]*\)$")
_CURRENCY = re.compile(r"[\s_]+(?:EUR|USD|GBP|CHF|CNY|RMB|€|\$)$", re.IGNORECASE)
_PREFIX = re.compile(r"^\([^()]*\)|^[^_()/.]{0,8}(?:明细|分录|子表单?|表体|表头)[_\-/]")
_TWO_TONGUES = re.compile(
    r"^([^A-Za-z]*[\u3040-\u9fff][^A-Za-z]*?)[\s/]+([A-Za-z].*)$|^([A-Za-z].*?)[\s/]+([\u3040-\u9fff].*)$"
)
_CJK = re.compile(r"[\u3040-\u9fff]")

_GROUPS = (
    ("opening", re.compile(r"期初|上期|上月|年初|opening|beginning|anfang|期首")),
    ("closing", re.compile(r"期末|本期结存|结存|汇总|closing|ending|balance|end")),
    ("in", re.compile(r"收入|入库|本期收|增加|receipt|incoming|\bin\b|zugang")),
    ("out", re.compile(r"发出|出库|本期发|减少|issue|outgoing|\bout\b|abgang")),
)
_NEUTRAL_GROUP = re.compile(r"明细|信息|子表|分录|单据|detail|line")
_LEAVES = (
    ("qty", re.compile(r"^(数量|主数量|基本数量|qty|quantity|units|menge)$")),
    ("value", re.compile(r"^(金额|成本|总成本|成本金额|amount|value|total cost|cost|wert|betrag)$")),
    ("price", re.compile(r"^(单价|成本单价|均价|price|unit cost|rate|preis)$")),
)


@lru_cache(maxsize=1 << 14)
def norm(caption: str) -> str:
    """One spelling per caption: full width, case, spaces, underscores, humps, traditional characters, marks.

    >>> norm("Qty_On-Hand"), norm("OrderDate"), norm("＊單據編號："), norm("Item No.")
    ('qty on hand', 'order date', '单据编号', 'item no')
    """
    text = unicodedata.normalize("NFKC", caption).translate(_TO_SIMPLIFIED)
    text = _HUMP.sub(" ", text.strip()).strip("*:：? \u3000")
    text = _GAPS.sub(" ", text).strip().lower()
    return text.replace(" ", "") if _CJK.search(text) else text


def simplified(column: pl.Expr) -> pl.Expr:
    """Cells with the traditional characters of captions written in the simplified way."""
    return column.str.replace_many(list(_TRADITIONAL), list(_SIMPLIFIED))


def variants(caption: str) -> list[str]:
    """From exact to loose: without a doubling suffix, an aspect, a unit in brackets, a currency, a table prefix; each language of
    a caption in two.

    >>> variants("库存量（主单位）"), variants("物料编码 Item code")
    (['库存量(主单位)', '库存量'], ['物料编码itemcode', '物料编码', 'item code'])
    """
    full = norm(caption)
    found = [full]
    if "#" in caption:
        # 供应商#名称 is 供应商名称 before it is 供应商
        whole = norm(
            _PREFIX.sub("", unicodedata.normalize("NFKC", caption).strip().lstrip("*")).replace("#", "")
        )
        found += [whole] if whole != full else []
    text = unicodedata.normalize("NFKC", caption).strip().lstrip("*")
    for step in (
        lambda t: _DOUBLED.sub("", t),
        lambda t: _ASPECT.sub("", t),
        lambda t: _PREFIX.sub("", t),
        lambda t: _BRACKET.sub("", t.strip("*: ")),
        lambda t: _CURRENCY.sub("", t),
        lambda t: t.rsplit(".", 1)[-1] if not t.endswith(".") else t,
    ):
        text = step(text).strip()
        if (loose := norm(text)) and loose not in found:
            found.append(loose)
    if both := _TWO_TONGUES.match(text):
        found += [norm(part) for part in both.groups() if part and norm(part) not in found]
    return found


def path_variants(path: tuple[str, ...]) -> list[str]:
    """Spellings of a header of one to three levels, joined by "/".

    Where the group says opening / in / out / closing, the pair is turned into a field-like key (``@in_qty``)
    and the leaf alone is not offered: 期初结存/单价 is not the price of the line. A 合计 level is the group itself.

    >>> path_variants(("本期收入", "本期收入合计", "数量"))
    ['本期收入/数量', '@in_qty']
    >>> path_variants(("出库明细", "商品编码"))
    ['出库明细/商品编码', '商品编码']
    """
    if len(path) == 1:
        return variants(path[0])
    levels = [norm(part) for part in path]
    summed = [
        levels[0],
        *(part for part in levels[1:-1] if not part.endswith(("合计", "小计", "total"))),
        levels[-1],
    ]
    joined = "/".join(summed)
    side = side_of(path)
    if side is None:
        return [joined, *variants(path[-1])]
    leaf = next((name for name, pattern in _LEAVES if pattern.search(levels[-1])), None)
    if leaf is None:
        return [joined]
    if len(summed) > 2:
        return [joined, f"@part_{side}_{leaf}__{levels[1]}"]
    return [joined, f"@{side}_{leaf}"]


def side_of(path: tuple[str, ...]) -> str | None:
    """opening, in, out or closing where the upper levels of a header say so."""
    group = norm(path[0])
    if _NEUTRAL_GROUP.search(group):
        return None
    return next((name for name, pattern in _GROUPS if pattern.search(group)), None)


def split(text: str) -> tuple[str, ...]:
    """Captions of one entry of the vocabulary, normalised, in order, without doubles."""
    return tuple(dict.fromkeys(norm(part) for part in text.replace("\n", "").split("|") if part.strip()))


@dataclass(frozen=True)
class Vocabulary:
    """Everything that the builtin files say about words."""

    fields: Mapping[str, tuple[str, ...]]
    totals: Mapping[str, tuple[str, ...]]
    known: frozenset[str]
    kinds: Mapping[str, str]
    kind_rules: tuple[tuple[re.Pattern[str], str], ...]
    kind_words: tuple[tuple[re.Pattern[str], str], ...]
    kind_headers: Mapping[str, frozenset[str]]
    status: Mapping[str, frozenset[str]]
    rows: Mapping[str, frozenset[str]]
    currencies: Mapping[str, str]

    def recognises(self, path: tuple[str, ...]) -> bool:
        """Whether any field has this header."""
        return any(variant in self.known or variant.startswith("@") for variant in path_variants(path))


def builtin(name: str) -> dict[str, Any]:
    """A data file of the package, parsed."""
    file = resources.files("stockturn.sources") / "builtin" / name
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def vocabulary() -> Vocabulary:
    """The builtin vocabulary."""
    captions = builtin("captions.toml")
    fields = {name: split(text) for name, text in captions["fields"].items()}
    totals = {name: split(text) for name, text in captions["totals"].items()}
    kinds = builtin("kinds.toml")
    sides = ("opening", "in", "out", "closing")
    for side in sides:
        for leaf in ("qty", "value"):
            fields[f"{side}_{leaf}"] = (*fields[f"{side}_{leaf}"], f"@{side}_{leaf}")
    return Vocabulary(
        fields=fields,
        totals=totals,
        known=frozenset(text for texts in (*fields.values(), *totals.values()) for text in texts),
        kinds={text: kind for kind, texts in kinds["exact"].items() for text in split(texts)},
        kind_rules=tuple((re.compile(pattern), kind) for pattern, kind in kinds["rules"].items()),
        kind_words=tuple((re.compile(pattern, re.I), kind) for pattern, kind in kinds["words"].items()),
        kind_headers={kind: frozenset(split(texts)) for kind, texts in kinds["headers"].items()},
        status={name: frozenset(split(texts)) for name, texts in kinds["status"].items()},
        rows={name: frozenset(split(texts)) for name, texts in kinds["rows"].items()},
        currencies={
            text.lower(): code for code, texts in kinds["currencies"].items() for text in texts.split("|")
        },
    )
