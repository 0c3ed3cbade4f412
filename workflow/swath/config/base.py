"""The base of every config section: unknown keys are errors, values are checked, instances never change."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from .values import as_declared

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$"
FOLDER = r"^[^~{}][^{}]*$"
File = Annotated[str, "file"]


class Section(BaseModel):
    """A group of config keys; its docstring becomes the section's heading in the generated documents."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _as_declared(cls, value: Any, info: ValidationInfo) -> Any:
        return as_declared(value, cls.model_fields[info.field_name].annotation)


def key(default: Any, effect: str, unit: str = "", formerly: str = "", **limits: Any) -> Any:
    """Declare one config key.

    Parameters
    ----------
    default : the value a config that leaves the key out takes.
    effect : one sentence for people: what the key does.
    unit : physical unit in astropy notation, empty for none.
    formerly : the key or keys that this one replaces, dotted: tract7dt's, or SPXQuery's as `spxquery.<section>.<name>`.
    limits : pydantic constraints (ge, gt, le, lt, min_length, pattern ...).
    """
    extra = {name: text for name, text in (("unit", unit), ("formerly", formerly)) if text}
    if callable(default):
        return Field(default_factory=default, description=effect, json_schema_extra=extra, **limits)
    return Field(default, description=effect, json_schema_extra=extra, **limits)
