"""The changes: each replaces one expression or statement of a module by another one."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARED = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip
OPPOSITE = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "argmin": "argmax",
    "argmax": "argmin", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor",
}  # fmt: skip
ALONG = {"axis", "dim"}
REDUCING = {"sum", "mean", "std", "var", "min", "max", "argmin", "argmax", "any", "all", "cumsum", "argsort"}
EITHER_WAY = {"min", "max", "minimum", "maximum", "array_equal", "equal", "isclose"}  # order says nothing
TOLD = {"progress", "tell", "print", "warn"}  # calls that only say something


@dataclass(frozen=True)
class Change:
    """One change of a module's source text between two offsets in characters."""

    path: str
    line: int
    kind: str
    before: str
    after: str
    begin: int
    end: int

    @property
    def name(self) -> str:
        what = f"{_short(self.before)} -> {_short(self.after)}"
        return f"{self.path}:{self.line} {self.kind}: {what} @{self.begin}"

    def apply(self, source: str) -> str:
        return source[: self.begin] + self.after + source[self.end :]


def _short(code: str) -> str:
    return " ".join(code.split())


def changes(root: Path, path: str) -> list[Change]:
    """All changes of one module that can be compiled, in the order of the text."""
    source = (root / path).read_text(encoding="utf-8")
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = source.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:  # columns are in bytes
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found: dict[tuple[int, int, str], Change] = {}
    for node, kind, after in _of(ast.parse(source)):
        begin = offset(node.lineno, node.col_offset)
        end = offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        change = Change(path, node.lineno, kind, source[begin:end], after, begin, end)
        try:
            if ast.dump(ast.parse(change.apply(source))) != ast.dump(ast.parse(source)):
                found.setdefault((begin, end, after), change)
        except SyntaxError:
            continue
    return sorted(found.values(), key=lambda change: (change.begin, change.end, change.after))


def _of(module: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    """(node, kind of change, new text) of all that can be changed; no annotations, messages, docstrings."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Assert, ast.Import, ast.ImportFrom)):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        waiting += _children(node)
        yield from _expression(node)
        if isinstance(node, ast.arguments):
            yield from _defaults(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not _tells(node.value):
            yield node, "removed call", "pass"


def _children(node: ast.AST) -> list[ast.AST]:
    left_out: list[ast.AST | None] = []
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        left_out = [node.returns, *node.decorator_list]
    elif isinstance(node, ast.ClassDef):
        left_out = [*node.decorator_list, *node.bases]
    elif isinstance(node, (ast.AnnAssign, ast.arg)):
        left_out = [node.annotation]
    elif isinstance(node, ast.arguments):
        left_out = [*node.defaults, *node.kw_defaults]
    elif isinstance(node, ast.Call) and _tells(node):
        return []
    return [child for child in ast.iter_child_nodes(node) if child not in left_out]


def _tells(call: ast.Call) -> bool:
    return _called(call) in TOLD


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _expression(node: ast.AST) -> Iterator[tuple[ast.expr, str, str]]:
    if isinstance(node, ast.Compare):
        yield from ((node, "comparison", text) for text in _comparisons(node))
    elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED and not _is_text(node):
        yield node, "arithmetic", _wrapped(ast.BinOp(node.left, COMPUTED[type(node.op)](), node.right))
    elif isinstance(node, ast.BoolOp):
        yield (
            node,
            "logic",
            _wrapped(ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)),
        )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.Invert)):
        yield node, "negation", _wrapped(node.operand)
    elif isinstance(node, (ast.If, ast.While, ast.IfExp)) and not isinstance(node.test, ast.UnaryOp):
        yield node.test, "negation", f"(not {_wrapped(node.test)})"
    elif isinstance(node, ast.Constant):
        yield from ((node, "constant", text) for text in _constants(node.value))
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.Slice):
        yield from _slice(node)


def _comparisons(node: ast.Compare) -> Iterator[str]:
    for k, operator in enumerate(node.ops):
        parts = [_wrapped(node.left)]
        for j, (other, right) in enumerate(zip(node.ops, node.comparators, strict=True)):
            parts += [COMPARED[type(operator)] if j == k else _sign(other), _wrapped(right)]
        yield f"({' '.join(parts)})"


def _slice(node: ast.Slice) -> Iterator[tuple[ast.expr, str, str]]:
    bounds = [one for one in (node.lower, node.upper) if one is not None]
    for bound in bounds:
        if not isinstance(bound, ast.Constant):
            yield bound, "slice bound", f"({ast.unparse(bound)} + 1)"
        if len(bounds) > 1:
            yield bound, "slice bound", "None"


def _call(node: ast.Call) -> Iterator[tuple[ast.expr, str, str]]:
    name, function = _called(node), node.func
    if name in OPPOSITE:
        swapped = OPPOSITE[name]
        text = f"{_wrapped(function.value)}.{swapped}" if isinstance(function, ast.Attribute) else swapped
        yield function, "opposite", text
    for keyword in node.keywords:
        if keyword.arg in ALONG and isinstance(keyword.value, ast.Constant) and keyword.value.value in (0, 1):
            yield keyword.value, "axis", str(1 - int(keyword.value.value))
    if name in REDUCING and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
        if node.args[0].value in (0, 1):
            yield node.args[0], "axis", str(1 - int(node.args[0].value))
    elif (
        len(node.args) > 1
        and name not in EITHER_WAY
        and not any(isinstance(one, ast.Starred) for one in node.args[:2])
    ):
        first, second, *rest = node.args
        call = ast.Call(function, [second, first, *rest], node.keywords)
        yield node, "swapped arguments", ast.unparse(call)


def _defaults(arguments: ast.arguments) -> Iterator[tuple[ast.expr, str, str]]:
    for default in (*arguments.defaults, *arguments.kw_defaults):
        if isinstance(default, ast.Constant):
            yield from ((default, "default", text) for text in _constants(default.value))


def _constants(value: object) -> list[str]:
    if isinstance(value, bool):
        return [repr(not value)]
    if isinstance(value, int):
        return [str(value + 1), f"({value - 1})"] if value <= 16 else [str(value * 2)]
    if isinstance(value, float):
        return [repr(value * 2) if value else "1.0"]
    return []


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _wrapped(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def _sign(operator: ast.cmpop) -> str:
    return ast.unparse(ast.Compare(ast.Name("a"), [operator], [ast.Name("b")]))[2:-2]
