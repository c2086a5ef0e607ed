"""The demand pattern of every series after every period (Syntetos-Boylan), for the choice of a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stockturn.engine.forecast.smoothing import Array, Ints, ages

PATTERNS = ("smooth", "erratic", "intermittent", "lumpy")
SMOOTH, ERRATIC, INTERMITTENT, LUMPY = range(4)
Codes = npt.NDArray[np.int8]


def patterns(y: Array, origins: Ints, adi_cut: float, cv2_cut: float) -> Codes:
    """Pattern of each series at each origin, from its past alone: codes of shape (origins, series).

    ADI = periods / periods with demand; CV2 = squared coefficient of variation of the non-zero demands, ddof 1
    (0 while fewer than two). Smooth: ADI and CV2 below their cuts; erratic: CV2 at or above; intermittent: ADI at
    or above; lumpy: both. Never sold: intermittent.
    Source: Syntetos, Boylan & Croston (2005), with the usual cuts 1.32 and 0.49.
    """
    sold = np.nan_to_num(y) > 0
    value = np.where(sold, y, 0.0)
    n, hits = ages(y)[origins], np.cumsum(sold, axis=0)[origins]
    total, squares = np.cumsum(value, axis=0)[origins], np.cumsum(value**2, axis=0)[origins]
    some = np.maximum(hits, 1)
    mean = total / some
    variance = np.maximum(squares - hits * mean**2, 0.0) / np.maximum(hits - 1, 1)
    cv2 = np.divide(variance, mean**2, out=np.zeros_like(mean), where=(mean > 0) & (hits > 1))
    sparse = (n >= adi_cut * some) | (hits == 0)
    codes: Codes = (2 * sparse + (cv2 >= cv2_cut)).astype(np.int8)
    return codes
