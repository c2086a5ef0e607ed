"""Stages of long work, on stderr, and only when somebody is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stockturn.cli.options import Request
from stockturn.i18n import has, text


@contextmanager
def stages(request: Request) -> Iterator[Callable[[str], None]]:
    """A function that says what is being done now; silent where stderr is no terminal or with --quiet."""
    if request.quiet or not sys.stderr.isatty():
        yield lambda detail: None
        return
    from rich.console import Console
    from rich.text import Text

    lang = request.settings.lang
    with Console(stderr=True).status(text("cli.working", lang)) as status:
        yield lambda detail: status.update(Text(stage_text(detail, lang)))


def stage_text(detail: str, lang: str) -> str:
    """A stage of the engine in words, or the file that is being read.

    >>> stage_text("forecast", "zh"), stage_text("sales.csv", "en")
    ('处理中：需求预测', 'Working: sales.csv')
    """
    code = f"codes.stage_{detail}"
    return text("cli.working_on", lang, detail=text(code, lang) if has(code, lang) else detail)
