"""The ledger folder: canonical tables as Parquet and a manifest, written so that a run leaves the old or the new.

Layout::

    LEDGER/
      manifest.json                   what counts: format, files, parts of every table, notes
      segments/<digest>/*.parquet     what was read from one source file, before anything was compared;
                                      named by the digest of its contents and never changed
      generations/<number>-<digest>/  what follows from all segments: counts, refused and replaced lines, and those
                                      tables in which files overlap (the others are read from their segments)
      .lock                           who is writing

A run writes new segments and a new generation beside the old ones and then replaces ``manifest.json`` in one step:
that step is the commit. What no manifest names is removed after it and at the start of the next writing run, except
what the manifest before named, for a reader that is still at work. Because every file keeps its own segment,
:func:`forget` gives the ledger in which the file never was. Other folders beside these are left alone.
"""

from stockturn.store.folder import Outcome, choices, forget, is_ledger, listing, load, merge

__all__ = ["Outcome", "choices", "forget", "is_ledger", "listing", "load", "merge"]
