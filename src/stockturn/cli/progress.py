"""Stages of long work, on stderr, and only when somebody is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stockturn.cli.options import Request
from stockturn.i18n import text


@contextmanager
def stages(request: Request) -> Iterator[Callable[[str], None]]:
    """A function that says what is being done now; silent where stderr is no terminal or with --quiet."""
    if request.quiet or not sys.stderr.isatty():
        yield lambda detail: None
        return
    from rich.console import Console

    lang = request.settings.lang
    with Console(stderr=True).status(text("cli.working", lang)) as status:
        yield lambda detail: status.update(text("cli.working_on", lang, detail=detail))
