"""``stockturn replay``."""

from __future__ import annotations

import typer

from stockturn.cli.options import SHOW, TALK, WHEN, WHERE, Option, Request, command
from stockturn.cli.reorder import LEVEL

START = Option(
    "start",
    str | None,
    "First day that is lived through again; default: the last 12 months, or the later half.",
    "replay.start",
    flags=("--from",),
    metavar="DATE",
)
LEVELS = Option(
    "level",
    list[float],
    "A service level of the curve, such as 0.95; may be given several times.",
    "replay.service_levels",
    default=[],
)
NO_CURVE = Option("no_curve", bool, "No curve: what was done and the suggestions alone.", default=False)
DEMAND = Option(
    "demand_factor", float | None, "What if so many times as much had been asked for.", "replay.demand_factor"
)
LEAD = Option(
    "lead_time_factor",
    float | None,
    "What if orders had taken so many times as long.",
    "replay.lead_time_factor",
)
LOST = Option(
    "lost_sales",
    bool | None,
    "Add the estimate of what days without stock missed to the demand.",
    "replay.lost_sales",
    flags=("--lost-sales",),
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "replay", START, LEVEL, LEVELS, NO_CURVE, DEMAND, LEAD, LOST, WHEN[0], *WHERE, *SHOW, *TALK)
    def replay(request: Request) -> None:
        """Your own past again, by the suggestions. Capital and service against what was done."""
        from stockturn import api
        from stockturn.cli.progress import stages
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        settings = request.settings
        if request.no_curve:
            bare = settings.replay.model_copy(update={"service_levels": ()})
            settings = settings.model_copy(update={"replay": bare})
        with stages(request) as stage:
            result = api.replay_result(ledger, settings, stage)
        # On the screen the caveats stand below the tables.
        emit(result, request, every_note=not request.on_screen)
