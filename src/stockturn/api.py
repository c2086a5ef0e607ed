"""The verbs: what the command line and a notebook call. The place that collects and touches the edges.

Every verb has two forms: ``turnover(ledger, ...)`` gives its main table as a polars DataFrame, and
``turnover_result(ledger, ...)`` gives all its tables and the notes that belong to them.
"""

from __future__ import annotations
