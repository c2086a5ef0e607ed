"""What every section of the settings shares."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen section: unknown keys are refused, so that a typing mistake is never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
