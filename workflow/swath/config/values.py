"""What YAML and `--config` hand over, read as what a key declares.

Only spellings of one and the same value are accepted; anything that would need a guess stays an error:

- PyYAML reads `1e-6` as text, and Snakemake's `--config section={key: value}` makes text of everything, so text
  that is a number, `true`/`false` or `null` counts as such where the key is not text itself;
- YAML reads `off` as false: where `off` is a choice, false means that choice;
- a section without keys (`crop:` and nothing below it) takes its defaults;
- true and false are no numbers, and 0 and 1 are not true and false;
- -0.0 is 0.0 (hence the `+ 0.0` below), so that equal configurations have equal hashes.
"""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
NOTHING = ("null", "none", "~", "")


def kinds(annotation: Any) -> Iterator[Any]:
    """The scalar types and literal choices that occur in an annotation; those of a tuple's items too."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType, tuple):
        for argument in get_args(annotation):
            yield from kinds(argument)
    elif origin is Annotated:
        yield from kinds(get_args(annotation)[0])
    elif origin is Literal:
        yield from get_args(annotation)
    elif annotation is not Ellipsis:
        yield annotation


def as_declared(value: Any, annotation: Any) -> Any:
    """Read `value` as `annotation` declares it, or leave it for the model to refuse.

    Raises
    ------
    ValueError : a truth value where a number is declared, or a number where a truth value is.
    """
    return _read(value, frozenset(kinds(annotation)))


def _read(value: Any, declared: frozenset) -> Any:
    if isinstance(value, list | tuple):
        return [_read(item, declared - {NoneType}) for item in value]
    if value is None:
        return {} if any(hasattr(kind, "model_fields") for kind in declared) else None
    if value is False and "off" in declared:
        return "off"
    if isinstance(value, str):
        return _read_text(value, declared)
    if isinstance(value, bool) and bool not in declared and {int, float} & declared:
        raise ValueError("true and false are no numbers")
    if bool in declared and not isinstance(value, bool):
        raise ValueError("a number is neither true nor false")
    return value + 0.0 if isinstance(value, float) else value


def _read_text(value: str, declared: frozenset) -> Any:
    text = value.strip().lower()
    if NoneType in declared and text in NOTHING:
        return None
    if str in declared:
        return int(text) if int in declared and text.isdecimal() else value
    if bool in declared:
        return TRUTH.get(text, value)
    return _number(value, whole=int in declared) if {int, float} & declared else value


def _number(text: str, whole: bool) -> Any:
    try:
        number = float(text) + 0.0
    except ValueError:
        return text
    return int(number) if whole and number.is_integer() else number
