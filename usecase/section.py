"""What every part of the configuration shares."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the configuration: strict, frozen, unknown keys refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
