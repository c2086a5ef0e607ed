"""Run as a process of its own: a binary workbook from stdin to its cells on stdout.

``python -P binary_child.py MEGABYTES MAX_CELLS``. In these formats (xls, xlsb, ods) a file of two kilobytes can claim a
cell so far away that the reader's request for memory ends the process, which no exception handler sees. Here that ends
this process alone. Nothing of the package is imported: the start costs little more than the interpreter's own.

The answer is a pickle of (``"sheets"``, [(name, rows, merges)]), (``"password"``, None), (``"broken"``, text) or
(``"large"``, (name, rows, columns)).
"""

from __future__ import annotations

import pickle
import sys
from typing import Any


def bounded(megabytes: int) -> None:
    """Where the system can do it, more memory than this is refused to the process."""
    try:
        import resource
    except ImportError:
        return
    limit = megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(data: bytes, max_cells: int) -> tuple[str, Any]:
    """What the workbook holds, or why it cannot be read."""
    import io

    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = []
        for position, name in enumerate(book.sheet_names):
            sheet = book.get_sheet_by_index(position)
            bottom, right = sheet.end or (0, 0)
            if (bottom + 1) * (right + 1) > max_cells:
                return "large", (name, bottom + 1, right + 1)
            rows = sheet.to_python(skip_empty_area=False)
            merges = getattr(sheet, "merged_cell_ranges", None) or ()
            sheets.append((name, rows, tuple((*first, *last) for first, last in merges)))
    except calamine.PasswordError:
        return "password", None
    except Exception as error:  # every format has its own kinds of error; all say: not a workbook
        return "broken", str(error)
    return "sheets", sheets


def main() -> None:
    """Reads, answers, ends."""
    bounded(int(sys.argv[1]))
    pickle.dump(answer(sys.stdin.buffer.read(), int(sys.argv[2])), sys.stdout.buffer, protocol=5)


if __name__ == "__main__":
    main()
