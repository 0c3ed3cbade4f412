"""The config keys as a flat list, and what each one accepts in plain words."""

from collections.abc import Iterator
from functools import reduce
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from .base import FOLDER, NAME, Section
from .model import Config
from .values import kinds

PATTERNS = {
    NAME: "letters, digits and _ . + - only, a letter or digit first",
    FOLDER: "not empty, no braces and no ~ in front",
}
SPXQUERY = "spxquery."  # in front of the names in `formerly` that are SPXQuery's; the others are tract7dt's
COUNTS = {2: "two", 3: "three", 4: "four"}


class Key(NamedTuple):
    """One key that holds a value; `path` is dotted, with `[]` behind a list (`inputs.images[].path`)."""

    path: str
    field: FieldInfo

    @property
    def default(self) -> Any:
        """The value where a config leaves the key out; `...` for a key that must be there."""
        return ... if self.field.is_required() else self.field.get_default(call_default_factory=True)

    @property
    def effect(self) -> str:
        """One sentence: what the key does."""
        return self.field.description or ""

    @property
    def unit(self) -> str:
        """Physical unit, empty for none."""
        return self.field.json_schema_extra.get("unit", "")

    @property
    def formerly(self) -> list[str]:
        """The tract7dt keys that this one replaces."""
        return [name for name in self._formerly if not name.startswith(SPXQUERY)]

    @property
    def in_spxquery(self) -> list[str]:
        """The SPXQuery parameters that this one replaces, as `section.name`."""
        return [name.removeprefix(SPXQUERY) for name in self._formerly if name.startswith(SPXQUERY)]

    @property
    def _formerly(self) -> list[str]:
        return [name.strip() for name in self.field.json_schema_extra.get("formerly", "").split(",") if name.strip()]


def section_of(field: FieldInfo) -> type[Section] | None:
    """The model of a field that is a section of its own, else None."""
    annotation = field.annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def items_of(field: FieldInfo) -> type[Section] | None:
    """The model of the entries of a field that is a list of sections, else None."""
    sections = [kind for kind in kinds(field.annotation) if isinstance(kind, type) and issubclass(kind, Section)]
    return sections[0] if sections and section_of(field) is None else None


def keys(model: type[Section] = Config, prefix: str = "") -> Iterator[Key]:
    """Every key that holds a value, in model order; the keys of list entries follow their list."""
    for name, field in model.model_fields.items():
        section = section_of(field)
        if section is None:
            yield Key(prefix + name, field)
        else:
            yield from keys(section, f"{prefix}{name}.")
        if entry := items_of(field):
            yield from keys(entry, f"{prefix}{name}[].")


def sections(model: type[Section] = Config, prefix: str = "") -> Iterator[tuple[str, type[Section]]]:
    """Every section as (path, model), in model order; list entries as `inputs.images[]`."""
    for name, field in model.model_fields.items():
        suffix = "" if section_of(field) else "[]"
        if section := section_of(field) or items_of(field):
            yield f"{prefix}{name}{suffix}", section
            yield from sections(section, f"{prefix}{name}{suffix}.")


def value_at(config: Section, path: str) -> Any:
    """The value of a dotted key."""
    return reduce(getattr, path.split("."), config)


def is_file(field: FieldInfo) -> bool:
    """Does the field name a file?"""
    options = (field, *get_args(field.annotation))
    return any("file" in (getattr(option, "metadata", ()) or getattr(option, "__metadata__", ())) for option in options)


def expected(field: FieldInfo) -> str:
    """What the field accepts, in plain words: type, limits, choices."""
    declared = set(kinds(field.annotation))
    words = _words(field, declared) + _limits(field)
    return words + (", or null" if NoneType in declared else "")


def _words(field: FieldInfo, declared: set) -> str:
    if section_of(field):
        return "a section of keys"
    if entry := items_of(field):
        plain = "file paths" if any(map(is_file, entry.model_fields.values())) else "names"
        return f"a list of {plain} or of sections of keys"
    if is_file(field):
        return "a file path"
    choices = [kind for kind in kinds(field.annotation) if isinstance(kind, str)]
    if shape := _tuple_arguments(field.annotation):
        count = "" if Ellipsis in shape else f"{COUNTS[len(shape)]} "
        return f"a list of {count}{_items(declared, choices)}"
    if choices:
        return f"one of {', '.join(choices)}"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return " or ".join(word for kind, word in names.items() if kind in declared)


def _items(declared: set, choices: list[str]) -> str:
    if choices:
        return f"names ({', '.join(choices)})"
    return "texts" if str in declared else "numbers"


def _tuple_arguments(annotation: Any) -> tuple:
    options = (annotation, *get_args(annotation)) if get_origin(annotation) not in (Literal, Annotated) else ()
    return next((get_args(option) for option in options if get_origin(option) is tuple), ())


def _limits(field: FieldInfo) -> str:
    words = {"gt": "above {}", "ge": "at least {}", "lt": "below {}", "le": "at most {}"}
    limits = [
        word.format(getattr(limit, name))
        for name, word in words.items()
        for limit in field.metadata
        if hasattr(limit, name)
    ]
    patterns = [PATTERNS[limit.pattern] for limit in field.metadata if getattr(limit, "pattern", None)]
    lengths = ["not empty" for limit in field.metadata if getattr(limit, "min_length", None)]
    return "".join([f" {' and '.join(limits)}" if limits else "", *(f", {text}" for text in patterns + lengths)])
