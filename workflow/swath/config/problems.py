"""What pydantic found wrong, as sentences: key path, value found, what is expected, nearest valid key."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from .base import Section
from .keys import expected, items_of, section_of
from .model import Config
from .nearest import suggestion


class Place(NamedTuple):
    """Where a pydantic error points: the key, what it accepts (None: unknown key), the value that stands there."""

    path: str
    expected: str | None
    value: Any


MISSING = object()


def sentences(error: ValidationError, given: Any, model: type[Section] = Config, where: str = "") -> dict[str, str]:
    """One sentence for every faulty key of `given`, by key path.

    Parameters
    ----------
    error : what validating `given` as `model` raised.
    where : what stands before the paths: the dotted way from the whole config to `given`, with its dot.
    """
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_context=False):
        place = locate(problem["loc"], given, model)
        if place.expected is not None:
            found[where + place.path] = where + _faulty(place)
            continue
        for path, value in _leaves(where + place.path, place.value):
            found[path] = f"{path}: unknown key (value {shown(value)}); {suggestion(path)}"
    return found


def locate(loc: tuple, given: Any, model: type[Section] | None) -> Place:
    """Follow a pydantic location through model and input, as far as there are keys."""
    path, field, words, value = "", None, "a section of keys", given
    for part in loc:
        if model is None:
            model = items_of(field) if isinstance(part, int) else None
            if model is None:
                break
            path, words, value = f"{path}[{part}]", "a file path or a section of keys", _item(value, part)
            continue
        field = model.model_fields.get(part)
        path, value = f"{path}.{part}".lstrip("."), _item(value, part)
        if field is None:
            return Place(path, None, value)
        words, model = expected(field), section_of(field)
    return Place(path or "config", words, value)


def _item(value: Any, part: Any) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return MISSING


def _faulty(place: Place) -> str:
    if place.value is MISSING:
        return f"{place.path}: missing; expected {place.expected}"
    unquoted = place.expected.startswith("text") and not isinstance(place.value, str | bool | list | Mapping)
    return f"{place.path}: found {shown(place.value)}; expected {place.expected}{' (in quotes)' if unquoted else ''}"


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves(f"{path}.{name}", item)
    else:
        yield path, value


def shown(value: Any) -> str:
    """A config value as YAML would spell it; text in quotes, sections by the names of their keys."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return f"a section with {', '.join(map(str, value)) or 'nothing in it'}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
