"""Plain-Python twins of the vectorised models, one series at a time, written from the formulas."""

from __future__ import annotations

from collections.abc import Sequence


def ses(y: Sequence[float], alpha: float, from_mean: bool = False) -> float:
    level = y[0]
    for k, value in enumerate(y[1:], start=2):
        weight = max(alpha, 1 / k) if from_mean else alpha
        level = weight * value + (1 - weight) * level
    return level


def moving_average(y: Sequence[float], window: int) -> float:
    tail = y[-window:]
    return sum(tail) / len(tail)


def croston(y: Sequence[float], alpha: float) -> float:
    size = interval = None
    since = 0
    for value in y:
        since += 1
        if value > 0:
            size = value if size is None else alpha * value + (1 - alpha) * size
            interval = since if interval is None else alpha * since + (1 - alpha) * interval
            since = 0
    return 0.0 if size is None or interval is None else size / interval


def tsb(y: Sequence[float], alpha: float, beta: float) -> float:
    chance = 1.0 if y[0] > 0 else 0.0
    size = y[0] if y[0] > 0 else None
    for value in y[1:]:
        chance = beta * (1.0 if value > 0 else 0.0) + (1 - beta) * chance
        if value > 0:
            size = value if size is None else alpha * value + (1 - alpha) * size
    return chance * (size or 0.0)


def seasonal_naive(y: Sequence[float], ahead: int, season: int) -> float:
    at = len(y) - 1 + ahead
    while at >= len(y):
        at -= season
    return y[at] if at >= 0 else y[-1]


def theta(y: Sequence[float], horizon: int, grid: Sequence[float]) -> list[float]:
    """Standard Theta fitted by trying every alpha and solving for its best start with the normal equation."""
    n = len(y)
    slope = 0.0
    if n >= 3:
        middle, mean = (n + 1) / 2, sum(y) / n
        slope = sum((k - middle) * (v - mean) for k, v in enumerate(y, 1)) / sum(
            (k - middle) ** 2 for k in range(1, n + 1)
        )
    best: tuple[float, float, float, float] | None = None
    top = 0.0
    for alpha in grid:
        q = 1 - alpha
        rest, weight = [], []
        level = 0.0
        for k, value in enumerate(y):
            drift = slope / 2 * (1 - q ** (k + 1)) / alpha
            rest.append(value - level - drift)
            weight.append(q**k)
            level = alpha * value + q * level
        start = sum(r * w for r, w in zip(rest, weight, strict=True)) / sum(w * w for w in weight)
        sse = sum((r - start * w) ** 2 for r, w in zip(rest, weight, strict=True))
        top = max(top, sse)
        first = level + start * q**n + slope / 2 * (1 - q ** (n + 1)) / alpha
        if best is None or sse < best[0] - 1e-9 * top:
            best = (sse, alpha, first, slope / 2)
    assert best is not None
    return [best[2] + step * best[3] for step in range(horizon)]


def damped(y: Sequence[float], horizon: int, grid: Sequence[tuple[float, float, float]]) -> list[float]:
    best: tuple[float, list[float]] | None = None
    for alpha, beta, phi in grid:
        level, trend, sse = y[0], 0.0, 0.0
        for k, value in enumerate(y[1:], start=2):
            weight = max(alpha, 1 / k)
            error = value - (level + phi * trend)
            level = level + phi * trend + weight * error
            trend = phi * trend + weight * beta * error
            sse += error**2
        if best is None or sse < best[0] * (1 - 1e-9):
            path, reach = [], 0.0
            for step in range(1, horizon + 1):
                reach += phi**step
                path.append(level + reach * trend)
            best = (sse, path)
    assert best is not None
    return best[1]


def pattern(y: Sequence[float], adi_cut: float = 1.32, cv2_cut: float = 0.49) -> str:
    sizes = [value for value in y if value > 0]
    if not sizes:
        return "intermittent"
    mean = sum(sizes) / len(sizes)
    cv2 = 0.0
    if len(sizes) > 1:
        cv2 = sum((s - mean) ** 2 for s in sizes) / (len(sizes) - 1) / mean**2
    sparse = len(y) / len(sizes) >= adi_cut
    return ("lumpy" if sparse else "erratic") if cv2 >= cv2_cut else ("intermittent" if sparse else "smooth")
