"""Running sums within sorted owners: the few numpy steps that balances and values share."""

from __future__ import annotations

import numpy as np


def leads(owner: np.ndarray) -> np.ndarray:
    """Whether each row is the first of its owner; owners stand together.

    >>> leads(np.array([4, 4, 7])).tolist()
    [True, False, True]
    """
    first = np.ones(len(owner), bool)
    first[1:] = owner[1:] != owner[:-1]
    return first


def running(owner: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Running sum within each owner. Exact for integers; money is good to the last digits of the whole sum.

    >>> running(np.array([4, 4, 7]), np.array([1, 2, 5])).tolist()
    [1, 3, 5]
    """
    total = np.cumsum(amount)
    if not len(total):
        return total
    starts = np.flatnonzero(leads(owner))
    base = np.zeros(len(starts), total.dtype)
    base[1:] = total[starts[1:] - 1]
    total -= np.repeat(base, np.diff(starts, append=len(owner)))
    return total
