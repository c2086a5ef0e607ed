"""The real command line, in this process."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from typing import Any

from stockturn.cli.app import run


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON; the command must have ended well."""
        assert self.status == 0, self.err
        return json.loads(self.out)


def cli(*argv: object) -> Done:
    """Run ``stockturn`` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run([str(arg) for arg in argv])
    return Done(status, out.getvalue(), err.getvalue())
