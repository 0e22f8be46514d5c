"""Small automatic errors in a reference: one change to its syntax tree at a time.

Every operator, comparison, constant, sign, axis, minimum and maximum is altered once, and every
operand left out once.  A check that
does not notice one of them is either too weak or facing a change that changes nothing.
"""

import ast
import copy
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
    ast.GtE: ast.Lt,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
NAMES = {
    "exp": "expm1", "expm1": "exp", "log": "log1p", "log1p": "log", "maximum": "minimum",
    "minimum": "maximum", "max": "min", "min": "max", "sum": "mean", "mean": "sum", "tanh": "sin",
    "any": "all", "all": "any", "zeros_like": "ones_like", "ones_like": "zeros_like", "zip": "map",
    "abs": "positive", "sqrt": "square",
}  # fmt: skip


def mutants(function: Callable) -> Iterator[tuple[str, Callable]]:
    """Yield (what was changed, the changed function) for every single change."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    body = tree.body[0]
    assert isinstance(body, ast.FunctionDef)
    body.returns, body.decorator_list = None, []
    for argument in body.args.args:
        argument.annotation = None
    if ast.get_docstring(body):
        body.body = body.body[1:]
    places = [node for statement in body.body for node in ast.walk(statement)]
    for i, node in enumerate(places):
        for said, change in _changes(node):
            changed = copy.deepcopy(tree)
            twin = [n for statement in changed.body[0].body for n in ast.walk(statement)][i]  # type: ignore[attr-defined]
            change(twin)
            ast.fix_missing_locations(changed)
            yield f"{said} in `{ast.unparse(_statement(body, node))}`", _compiled(changed, function)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], None]]]:
    """The changes that one node of the tree offers."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in OPERATORS:
        new = OPERATORS[type(node.op)]
        yield f"{type(node.op).__name__}→{new.__name__}", lambda n: setattr(n, "op", new())
    if isinstance(node, ast.BinOp):
        yield f"only the left of {type(node.op).__name__}", lambda n: _become(n, n.left)
        yield f"only the right of {type(node.op).__name__}", lambda n: _become(n, n.right)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        new = OPERATORS[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__}→{new.__name__}", lambda n: n.ops.__setitem__(0, new())
    if isinstance(node, ast.Compare) and isinstance(
        node.ops[0], ast.Gt | ast.Lt | ast.GtE | ast.LtE
    ):
        edge = {ast.Gt: ast.GtE, ast.Lt: ast.LtE, ast.GtE: ast.Gt, ast.LtE: ast.Lt}[
            type(node.ops[0])
        ]
        yield (
            f"{type(node.ops[0]).__name__}→{edge.__name__}",
            lambda n: n.ops.__setitem__(0, edge()),
        )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "−→+", lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"{node.value}→{node.value + 1}", lambda n: setattr(n, "value", n.value + 1)
        if node.value == 1:
            yield "1→0", lambda n: setattr(n, "value", 0)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield ".T dropped", lambda n: setattr(n, "attr", "real")
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield f"{node.attr}→{NAMES[node.attr]}", lambda n: setattr(n, "attr", NAMES[n.attr])


def _become(node: Any, other: Any) -> None:
    node.__class__, node.__dict__ = other.__class__, other.__dict__


def _statement(body: ast.FunctionDef, node: ast.AST) -> ast.AST:
    """The innermost statement that holds a node, for the report."""
    holding = [s for s in ast.walk(body) if isinstance(s, ast.stmt) and node in ast.walk(s)]
    simple = [
        s for s in holding if not isinstance(s, ast.FunctionDef | ast.For | ast.While | ast.If)
    ]
    return (simple or [n for n in [node] if isinstance(n, ast.expr)] or holding)[-1]


def _compiled(tree: ast.Module, function: Callable) -> Callable:
    space = dict(vars(sys.modules[function.__module__]))
    exec(compile(tree, f"<mutant of {function.__name__}>", "exec"), space)
    return space[function.__name__]
