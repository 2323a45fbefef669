"""Small changes of a module's source that a test should notice. Pure.

One mutant changes one place: a comparison, a boundary, a boolean, a number, a text, an operator, a
member of an enumeration, what is returned, or a statement that is left out. What no test can see,
or should have to, is left alone: annotations, docstrings, imports, decorators, `if TYPE_CHECKING`,
the texts of log lines and of f-strings.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.Pow: ast.Mult,
}

BUILTIN_TYPES = ("str", "int", "bytes", "bool", "float", "dict", "list", "tuple", "set")

Members = Mapping[str, list[str]]
"""The members of each enumeration, by its name."""


class Mutant(NamedTuple):
    """`before` at `line` becomes `after`; `source`: the whole module with the change.

    `last`: the last line of `before`. `function`: the outermost function that holds it, as
    `Class.method`; empty for what runs while the module loads.
    """

    line: int
    last: int
    function: str
    kind: str
    before: str
    after: str
    source: str


class Change(NamedTuple):
    """A node and the text that replaces it."""

    node: ast.expr | ast.stmt
    kind: str
    after: str
    function: str = ""


def enumerations(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """The enumerations of all modules, with more than one member."""
    found: dict[str, list[str]] = {}
    for source in sources.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(b) for b in node.bases):
                names = [
                    target.id
                    for statement in node.body
                    if isinstance(statement, ast.Assign)
                    for target in statement.targets
                    if isinstance(target, ast.Name)
                ]
                if len(names) > 1:
                    found[node.name] = names
    return found


def mutants(source: str, members: Members) -> list[Mutant]:
    """Every mutant of a module, by line."""
    raw = source.encode()
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, kind, after, function in _Places(members).of(ast.parse(source)):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[node.end_lineno - 1] + node.end_col_offset
        before = raw[first:last].decode()
        text = after if isinstance(node, ast.stmt) else f"({after})"
        changed = raw[:first].decode() + text + raw[last:].decode()
        words = " ".join(before.split()), " ".join(after.split())
        found.append(Mutant(node.lineno, node.end_lineno, function, kind, *words, changed))
    return sorted(dict.fromkeys(found), key=lambda mutant: (mutant.line, mutant.kind))


class _Places:
    """Walks a tree and yields what may be changed."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def of(
        self, node: ast.AST, classes: tuple[str, ...] = (), function: str = ""
    ) -> Iterator[Change]:
        """The changes of a node and of all below it."""
        changes = self._expression if isinstance(node, ast.expr) else self._statement
        for change in changes(node):
            yield change._replace(function=function)
        inside = function
        if isinstance(node, ast.ClassDef):
            classes = (*classes, node.name)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not function:
            inside = ".".join((*classes, node.name))
        body = {id(child) for child in getattr(node, "body", ())} if inside != function else set()
        for child in self._below(node):
            yield from self.of(child, classes, inside if id(child) in body else function)

    def _below(  # noqa: PLR0911, PLR0912 -- one case for each kind of node
        self, node: ast.AST
    ) -> list[ast.AST]:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.JoinedStr():
                return []
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                return []
            case ast.Assign(targets=[ast.Name(id="__all__"), *_]):
                return []
            case ast.ClassDef():
                return list(_without_words(node.body))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                arguments = [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
                return [*arguments, *_without_words(node.body)]
            case ast.Module():
                return list(_without_words(node.body))
            case ast.AnnAssign():
                return [*_bounds(node.annotation), *([node.value] if node.value else [])]
            case ast.Assert():
                return [node.test]
            case ast.Expr(value=ast.Constant()):
                return []
            case ast.Call() if _is_log(node):
                return []
            case ast.Call():
                return [node.func, *node.args, *(word.value for word in node.keywords)]
            case ast.Subscript() if _is_type(node.value):
                return _bounds(node)
            case ast.BinOp(op=ast.BitOr()) if _is_type(node.left) or _is_type(node.right):
                return []
        return list(ast.iter_child_nodes(node))

    # --- expressions ----------------------------------------------------------------------------

    def _expression(self, node: ast.AST) -> Iterator[Change]:
        match node:
            case ast.Compare():
                for n, operator in enumerate(node.ops):
                    for other in COMPARISONS[type(operator)]:
                        ops = [*node.ops[:n], other(), *node.ops[n + 1 :]]
                        yield _changed(
                            node, "comparison", ast.Compare(node.left, ops, node.comparators)
                        )
            case ast.BoolOp():
                other_bool = ast.Or() if isinstance(node.op, ast.And) else ast.And()
                yield _changed(node, "boolean", ast.BoolOp(other_bool, node.values))
                for n in range(len(node.values)):
                    rest = [*node.values[:n], *node.values[n + 1 :]]
                    kept = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
                    yield _changed(node, "operand", kept)
            case ast.UnaryOp(op=ast.Not()):
                yield _changed(node, "boolean", node.operand)
            case ast.UnaryOp(op=ast.USub()):
                yield _changed(node, "sign", node.operand)
            case ast.BinOp(op=ast.BitOr()) if _is_type(node.left) or _is_type(node.right):
                return
            case ast.BinOp() if type(node.op) in OPERATORS:
                op = OPERATORS[type(node.op)]()
                yield _changed(node, "operator", ast.BinOp(node.left, op, node.right))
            case ast.IfExp():
                test = ast.UnaryOp(ast.Not(), node.test)
                yield _changed(node, "condition", ast.IfExp(test, node.body, node.orelse))
            case ast.Constant():
                yield from self._constant(node)
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if attr in self._members.get(
                name, ()
            ):
                names = self._members[name]
                other_name = names[(names.index(attr) + 1) % len(names)]
                yield Change(node, "member", f"{name}.{other_name}")

    def _constant(self, node: ast.Constant) -> Iterator[Change]:
        match node.value:
            case bool():
                yield Change(node, "boolean", str(not node.value))
            case int() | float():
                yield Change(node, "number", repr(node.value + 1))
                if node.value not in (0, 1):
                    yield Change(node, "number", repr(node.value - 1))
            case str() | bytes() if node.value:
                other = "?" + node.value if isinstance(node.value, str) else b"?" + node.value
                yield Change(node, "text", repr(other))

    # --- statements -----------------------------------------------------------------------------

    def _statement(self, node: ast.AST) -> Iterator[Change]:
        match node:
            case ast.Expr(value=ast.Constant()):
                return
            case ast.Expr(value=ast.Call() as call) if _is_log(call):
                return
            case ast.Expr() | ast.Raise() | ast.Delete():
                yield Change(node, "left out", "pass")
            case ast.Assign(targets=[target]) if not isinstance(target, ast.Name | ast.Tuple):
                yield Change(node, "left out", "pass")
            case ast.AugAssign():
                yield Change(node, "left out", "pass")
                if type(node.op) in OPERATORS:
                    op = OPERATORS[type(node.op)]()
                    yield _changed(node, "operator", ast.AugAssign(node.target, op, node.value))
            case ast.Continue():
                yield Change(node, "left out", "break")
            case ast.Break():
                yield Change(node, "left out", "continue")
            case ast.Return(value=value) if value is not None:
                if not (isinstance(value, ast.Constant) and value.value in (None, True, False)):
                    yield Change(node, "returned", "return None")
            case ast.If() | ast.While() if (
                not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant)
                and ast.unparse(node.test) != "TYPE_CHECKING"
            ):
                yield Change(node.test, "condition", f"not ({ast.unparse(node.test)})")


def _changed(node: ast.expr | ast.stmt, kind: str, other: ast.AST) -> Change:
    return Change(node, kind, ast.unparse(ast.fix_missing_locations(other)))


def _without_words(body: list[ast.stmt]) -> list[ast.stmt]:
    return [
        statement
        for statement in body
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]


def _bounds(annotation: ast.expr) -> list[ast.AST]:
    """What a type says beside its name: the bounds in `Annotated[int, Meta(ge=0)]`."""
    return [
        bound
        for node in ast.walk(annotation)
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value) == "Annotated"
        and isinstance(node.slice, ast.Tuple)
        for bound in node.slice.elts[1:]
    ]


def _is_log(node: ast.Call) -> bool:
    function = node.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "log"
    )


def _is_type(node: ast.expr) -> bool:
    """Whether it looks like a type: `int | None`, `Press | Fault`, `dict[str, int]`."""
    match node:
        case ast.Constant(value=None):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in BUILTIN_TYPES or (name[:1].isupper() and not name.isupper())
        case ast.BinOp(op=ast.BitOr()):
            return _is_type(node.left) or _is_type(node.right)
        case ast.Subscript():
            return _is_type(node.value)
    return False
