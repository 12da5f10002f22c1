"""Evaluates the conditions that KFP compiles from dsl.If: comparisons of parameters, in the Common Expression Language (CEL)."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.errors import ConfigError

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
CASTS: dict[str, Callable[[Any], Any]] = {"int": int, "double": float, "string": str}
WORDS = {"true": True, "false": False}


def holds(condition: str, parameters: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds for the parameters of its task.

    Raises:
        ConfigError: for an expression that dsl.If does not compile to, or one about a parameter that is not there.
    """
    spelled = re.sub(r"!(?!=)", " not ", condition.replace("&&", " and ").replace("||", " or "))
    try:
        return bool(value_of(ast.parse(spelled.strip(), mode="eval").body, parameters))
    except (SyntaxError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the condition {condition!r} can't be evaluated: {type(error).__name__}: {error}") from error


def value_of(node: ast.expr, parameters: Mapping[str, Any]) -> Any:
    """Return the value of a part of a condition.

    Raises:
        ValueError: for a part of another kind.
    """
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not value_of(operand, parameters)
        case ast.BoolOp(op=joint, values=parts):
            return (all if isinstance(joint, ast.And) else any)(value_of(part, parameters) for part in parts)
        case ast.Compare(left=left, ops=[comparison], comparators=[right]) if type(comparison) in COMPARISONS:
            return COMPARISONS[type(comparison)](value_of(left, parameters), value_of(right, parameters))
        case ast.Call(func=ast.Name(id=name), args=[argument]) if name in CASTS:
            return CASTS[name](value_of(argument, parameters))
    return single(node, parameters)


def single(node: ast.expr, parameters: Mapping[str, Any]) -> Any:
    """Return the value of a constant or of a parameter.

    Raises:
        ValueError: for anything else.
    """
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() if node.id in WORDS:
            return WORDS[node.id]
        case ast.Subscript(
            value=ast.Attribute(value=ast.Name(id="inputs"), attr="parameter_values"), slice=ast.Constant(value=key)
        ):
            return parameters[str(key)]
    raise ValueError(f"unexpected {ast.unparse(node)}")
