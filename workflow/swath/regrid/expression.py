"""Arithmetic of header keys: numbers, keys, + - * / **, parentheses and log10(), and nothing else."""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping

LONGEST, DEEPEST = 500, 40
# ASSUME no calibration needs a power beyond this one; 9**9**9 would keep a computer busy for days.
LARGEST_POWER = 50.0
_KEY = re.compile(r"[A-Z][A-Z0-9_]*")
_TWO: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_KNOWN = "numbers, header keys, + - * / **, parentheses and log10()"


def keys_of(text: str) -> list[str]:
    """The header keys that an expression names, in order, each once.

    Raises
    ------
    ValueError : not an expression of that kind, with what is wrong.
    """
    tree = _parsed(text)
    found = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(name for name in found if name != "log10"))


def evaluate(text: str, values: Mapping[str, object]) -> float:
    """The value of an expression, a finite number.

    Parameters
    ----------
    values : by upper-case header key; what the expression names must be numbers (no truth values, no texts).

    Raises
    ------
    ValueError : not such an expression, a key that is missing or no number, or a result that is no finite number.
    """
    return _finite(_value(_parsed(text), values), text)


def _parsed(text: str) -> ast.expr:
    """The tree of an expression, every node of it one that is known."""
    if len(text) > LONGEST:
        raise ValueError(f"an expression of {len(text)} letters, expected at most {LONGEST}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"{text!r} is not an expression; expected {_KNOWN}") from None
    _check(tree, text, DEEPEST)
    return tree


def _check(node: ast.expr, text: str, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"{text!r} is nested too deeply")
    if _is_leaf(node):
        return
    if isinstance(node, ast.BinOp) and (type(node.op) in _TWO or isinstance(node.op, ast.Pow)):
        inner = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        inner = [node.operand]
    elif _is_log(node):
        inner = node.args
    else:
        part = ast.get_source_segment(text.strip(), node) or text
        raise ValueError(f"{part!r} is not allowed in an expression; expected {_KNOWN} (header keys in capitals)")
    for part in inner:
        _check(part, text, depth - 1)


def _is_leaf(node: ast.expr) -> bool:
    """Is it a number or a header key?"""
    number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return number or (isinstance(node, ast.Name) and bool(_KEY.fullmatch(node.id)))


def _is_log(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or node.keywords or len(node.args) != 1:
        return False
    return isinstance(node.func, ast.Name) and node.func.id == "log10"


def _value(node: ast.expr, values: Mapping[str, object]) -> float:
    if isinstance(node, ast.Constant):
        return _finite(node.value, str(node.value))
    if isinstance(node, ast.Name):
        return _known(node.id, values)
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, values)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Call):
        value = _value(node.args[0], values)
        if not value > 0:
            raise ValueError(f"log10 of {value:g}, expected a number above 0")
        return math.log10(value)
    left, right = _value(node.left, values), _value(node.right, values)
    return _power(left, right) if isinstance(node.op, ast.Pow) else _apply(_TWO[type(node.op)], left, right)


def _known(name: str, values: Mapping[str, object]) -> float:
    value = values.get(name)
    if value is None:
        raise ValueError(f"{name} is missing")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} = {value!r}, expected a number")
    return _finite(value, name)


def _apply(action: Callable[[float, float], float], left: float, right: float) -> float:
    try:
        return action(left, right)
    except ZeroDivisionError:
        raise ValueError(f"{left:g} divided by 0") from None


def _power(base: float, exponent: float) -> float:
    if abs(exponent) > LARGEST_POWER or (base == 0 and exponent < 0) or (base < 0 and not exponent.is_integer()):
        raise ValueError(
            f"{base:g} ** {exponent:g}; expected a power of at most {LARGEST_POWER:g} that is a real number"
        )
    try:
        return base**exponent
    except OverflowError:
        raise ValueError(f"{base:g} ** {exponent:g} is beyond all numbers") from None


def _finite(value: float, text: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number
