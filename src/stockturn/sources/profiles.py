"""Profiles: how the exports of one system are read. They are data (builtin/*.toml), never code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from stockturn.sources.captions import builtin, split

PLAIN = "plain"


@dataclass(frozen=True)
class Spec:
    """One kind of table of one profile; see builtin/tables.toml for the meaning of the keys."""

    id: str
    base: str
    profile: str
    table: str
    shape: str
    requires: tuple[tuple[str, ...], ...]
    any: tuple[str, ...]
    without: tuple[str, ...]
    fields: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    weak: Mapping[str, tuple[str, ...]]
    hints: tuple[str, ...]
    words: re.Pattern[str] | None
    kind: str | None = None
    signature: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    amount: str | None = None
    places_after: str | None = None


@cache
def specs() -> tuple[Spec, ...]:
    """Every table of every profile, the plain ones last."""
    plain = {name: _spec(name, PLAIN, entry) for name, entry in builtin("tables.toml").items()}
    found: list[Spec] = []
    folder = resources.files("stockturn.sources") / "builtin" / "profiles"
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            tree = builtin(f"profiles/{file.name}")
            name = file.name.removesuffix(".toml")
            found += [_derived(plain[entry["base"]], name, entry) for entry in tree.get("table", ())]
    return (*found, *plain.values())


def profile_names() -> tuple[str, ...]:
    """All profiles, plain included."""
    return tuple(sorted({spec.profile for spec in specs()}))


def _spec(name: str, profile: str, entry: Mapping[str, Any]) -> Spec:
    return Spec(
        id=name,
        base=name,
        profile=profile,
        table=entry["table"],
        shape=entry["shape"],
        requires=tuple(tuple(choice.split("|")) for choice in entry["requires"]),
        any=tuple(entry.get("any", ())),
        without=tuple(entry.get("without", ())),
        fields=tuple(entry["fields"]),
        columns={field: split(text) for field, text in entry.get("columns", {}).items()},
        weak={field: split(text) for field, text in entry.get("weak", {}).items()},
        hints=tuple(entry.get("hints", ())),
        words=re.compile(entry["words"], re.IGNORECASE) if entry.get("words") else None,
        kind=entry.get("kind"),
    )


def _derived(base: Spec, profile: str, entry: Mapping[str, Any]) -> Spec:
    """A profile's table: the plain one with its own captions first, and a signature that recognises it."""
    own = {field: split(text) for field, text in entry.get("columns", {}).items()}
    columns = {name: (*own.get(name, ()), *base.columns.get(name, ())) for name in {**base.columns, **own}}
    fields = (*entry.get("fields", ()), *(name for name in own if name not in base.fields), *base.fields)
    return Spec(
        id=entry.get("id", base.id),
        base=base.base,
        profile=profile,
        table=entry.get("table", base.table),
        shape=entry.get("shape", base.shape),
        requires=tuple(tuple(c.split("|")) for c in entry["requires"])
        if "requires" in entry
        else base.requires,
        any=tuple(entry.get("any", base.any)),
        without=tuple(entry.get("without", base.without)),
        fields=tuple(dict.fromkeys(name for name in fields if name not in entry.get("drop", ()))),
        columns=columns,
        weak=base.weak,
        hints=base.hints,
        words=re.compile(entry["words"], re.IGNORECASE) if entry.get("words") else base.words,
        kind=entry.get("kind", base.kind),
        signature=split(entry.get("signature", "")),
        kinds={text: kind for kind, texts in entry.get("kinds", {}).items() for text in split(texts)},
        status={name: split(texts) for name, texts in entry.get("status", {}).items()},
        options=frozenset(entry.get("options", ())),
        amount=entry.get("amount"),
        places_after=entry.get("places_after"),
    )
