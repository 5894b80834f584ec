"""The spine of a case: the standard one with what the case changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from pipeline.errors import UsageError
from pipeline.phantom.anatomy import SpineSpec, standard_spine

_SCALARS = (
    "endplate_concavity_mm",
    "canal_depth_mm",
    "canal_width_mm",
    "sac_end",
    "conus_end",
    "epidural_fat",
    "scoliosis_mm",
    "scoliosis_phase",
    "muscle_fat",
    "back_muscle_mm",
    "subcutaneous_mm",
)
_PER_DISC = {
    "height_mm": "disc_heights_mm",
    "degeneration": "degeneration",
    "bulge_mm": "bulge_mm",
    "stenosis": "stenosis",
    "listhesis_mm": "listhesis_mm",
}


class DiscCase(BaseModel):
    """What is special about one disc; see :class:`SpineSpec`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    height_mm: Annotated[float, Field(gt=0)] | None = None
    degeneration: Annotated[float, Field(ge=0, le=1)] | None = None
    bulge_mm: Annotated[float, Field(ge=0)] | None = None
    stenosis: Annotated[float, Field(ge=0, le=1)] | None = None
    listhesis_mm: float | None = None


class SpineCase(BaseModel):
    """Changes of the standard spine: whole-spine factors, single parameters, single discs; see :class:`SpineSpec`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edition: Literal[1, 2] = 2
    size: Annotated[float, Field(gt=0.5, lt=1.6)] = 1.0
    lordosis: Annotated[float, Field(ge=0, le=2)] = 1.0
    endplate_concavity_mm: float | None = None
    canal_depth_mm: float | None = None
    canal_width_mm: float | None = None
    sac_end: float | None = None
    conus_end: float | None = None
    epidural_fat: float | None = None
    scoliosis_mm: float | None = None
    scoliosis_phase: float | None = None
    muscle_fat: float | None = None
    back_muscle_mm: float | None = None
    subcutaneous_mm: float | None = None
    discs: dict[str, DiscCase] = {}

    @model_validator(mode="after")
    def _discs_exist(self) -> SpineCase:
        known = standard_spine(0).disc_names
        for name in self.discs:
            if name not in known:
                raise ValueError(f"discs: no disc {name!r}; this spine has {', '.join(known)}")
        return self

    @model_serializer(mode="wrap")
    def _as_ever(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The first edition had no name: its truth is written as it was then, so that samples come out byte-equal."""
        values: dict[str, Any] = write(self)
        if self.edition == 1:
            del values["edition"]
        return values

    def spec(self, seed: int) -> SpineSpec:
        """The spine as the anatomy generator takes it.

        Raises
        ------
        UsageError
            If the parameters contradict each other.
        """
        spine = standard_spine(seed)
        values: dict[str, object] = {"edition": self.edition}
        values |= {n: getattr(self, n) for n in _SCALARS if getattr(self, n) is not None}
        for name in ("heights_mm", "depths_mm", "widths_mm", "disc_heights_mm"):
            values[name] = tuple(self.size * value for value in getattr(spine, name))
        values["angles_deg"] = tuple(self.lordosis * angle for angle in spine.angles_deg)
        for level, disc in self.discs.items():
            index = spine.disc_index(level)
            for key, field in _PER_DISC.items():
                wanted = getattr(disc, key)
                if wanted is not None:
                    row = list(values.get(field, getattr(spine, field)))  # type: ignore[call-overload]
                    row[index] = wanted
                    values[field] = tuple(row)
        try:
            return replace(spine, **values)  # type: ignore[arg-type]
        except TypeError as error:
            raise UsageError(f"spine: {error}. Compare with configs/phantom/.") from error
