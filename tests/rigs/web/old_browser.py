"""What scripts and styles use that a browser of 2018 does not have.

There are two kinds: syntax, which such a browser cannot read, and names, which it does not know.
For syntax there is a parser of ES2017; for names a list of what may be used, so that a name that is
not on it has to be looked up first.
"""

import re
from collections.abc import Iterator
from typing import Any

OFFICES_HAVE = 69
"""Chromium, of September 2018: the browsers "of 360" and others were built on it for years."""

NAMES = {
    # The language.
    **dict.fromkeys(("charCodeAt", "exec", "forEach", "fromCharCode", "indexOf", "keys"), 1),
    **dict.fromkeys(("length", "min", "now", "parse", "prototype", "random", "replace"), 1),
    **dict.fromkeys(("slice", "some", "stringify", "test", "toLowerCase", "toTimeString"), 1),
    **dict.fromkeys(("trim", "unshift", "message", "Error", "Date", "toDateString"), 1),
    **dict.fromkeys(("push", "split", "filter", "reduce", "max", "ceil"), 1),
    **dict.fromkeys(("Promise", "then"), 32),
    # The page.
    **dict.fromkeys(("activeElement", "addEventListener", "appendChild", "body", "className"), 1),
    **dict.fromkeys(("createElement", "disabled", "focus", "getElementById", "hidden", "id"), 6),
    **dict.fromkeys(("onclick", "onerror", "onload", "required", "select", "src", "tagName"), 6),
    **dict.fromkeys(("textContent", "title", "value", "dataset"), 8),
    **dict.fromkeys(("querySelector", "querySelectorAll", "children", "lastChild"), 4),
    **dict.fromkeys(("removeChild", "getAttribute", "setAttribute", "createElementNS"), 1),
    **dict.fromkeys(("documentElement", "lang", "type", "colSpan", "document"), 1),
    **dict.fromkeys(("scrollHeight", "innerHeight", "innerWidth"), 1),
    **dict.fromkeys(("altKey", "ctrlKey", "metaKey", "preventDefault", "timeStamp"), 1),
    "key": 51,
    "remove": 24,
    # The window.
    **dict.fromkeys(("clearTimeout", "setTimeout", "confirm", "hash", "location"), 1),
    **dict.fromkeys(("clearInterval", "setInterval", "localStorage"), 5),
    **dict.fromkeys(("pathname", "origin", "replaceState"), 8),
    **dict.fromkeys(("getItem", "setItem", "removeItem"), 4),
    "URLSearchParams": 49,
    "get": 49,
    # The wire.
    **dict.fromkeys(("WebSocket", "close", "data", "onclose", "onmessage", "onopen"), 16),
    **dict.fromkeys(("fetch", "headers", "json", "ok"), 42),
}
"""Names of JavaScript and of the browser -> the first Chromium that has them (MDN's tables)."""

STYLES = {
    **dict.fromkeys(("border-collapse", "vertical-align", "flex-direction"), 29),
    **dict.fromkeys(("justify-content", "box-shadow"), 29),
    **dict.fromkeys(("border-bottom-color", "padding-bottom", "padding-top"), 1),
    "font-variant-numeric": 52,
    **dict.fromkeys(("background", "border", "border-bottom", "border-color"), 1),
    **dict.fromkeys(("border-left", "border-left-color", "border-radius", "border-top"), 4),
    **dict.fromkeys(("border-top-color", "color", "cursor", "display", "fill", "font"), 1),
    **dict.fromkeys(("font-family", "font-size", "font-weight", "height", "line-height"), 1),
    **dict.fromkeys(("list-style", "margin", "margin-bottom", "margin-left", "margin-right"), 1),
    **dict.fromkeys(("margin-top", "max-width", "min-height", "min-width", "opacity"), 1),
    **dict.fromkeys(("outline", "outline-offset", "padding", "padding-left"), 1),
    **dict.fromkeys(("padding-right", "position", "stroke", "stroke-linecap"), 1),
    **dict.fromkeys(("stroke-linejoin", "stroke-width", "text-align", "top", "left"), 1),
    **dict.fromkeys(("visibility", "white-space", "width", "word-break", "word-wrap"), 1),
    **dict.fromkeys(("align-items", "flex", "flex-basis", "flex-wrap", "order"), 29),
    "box-sizing": 10,
}
"""Properties of CSS -> the first Chromium that has them."""

SELECTED = {":root", ":focus", ":disabled", "::placeholder", ":first-child"}
SELECTED |= {":last-child", ":hover", ":active", ":lang"}
"""Parts of selectors beyond names; `::placeholder` came with Chromium 57."""

CALLED = {"var"}
"""Functions of CSS; `var` is of Chromium 49, the next ones (`min`, `clamp`) of 79."""

ASKED = {"min-width", "max-width", "max-height"}
"""Media features that `@media` may use."""


def too_new_in_script(script: str, ours: set[str]) -> list[str]:
    """What an old browser would not understand. `ours`: names that the code defines elsewhere."""
    import esprima

    try:
        tree = esprima.parseScript(script)
    except esprima.Error as error:
        return [f"syntax: {error}"]
    nodes = list(_walk(tree))
    names = {node.property.name for node in nodes if _is(node, "MemberExpression")}
    names |= {node.callee.name for node in nodes if node.type == "NewExpression"} - {None}
    given = {getattr(node.key, "name", None) for node in nodes if node.type == "Property"}
    given |= {node.id.name for node in nodes if node.type == "FunctionDeclaration"}
    given |= {name for name in names if name.startswith("_")}
    # Spread objects came a year after ES2017, and are read by this parser all the same.
    objects = (node for node in nodes if node.type == "ObjectExpression")
    spread = ["syntax: {...}" for node in objects if _spreads(node)]
    old = {name for name, since in NAMES.items() if since <= OFFICES_HAVE}
    return [*spread, *sorted(names - given - ours - old)]


def _is(node: Any, kind: str) -> bool:
    return bool(node.type == kind and not node.computed)


def _spreads(node: Any) -> bool:
    return any(part.type != "Property" for part in node.properties)


def _walk(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        for child in node:
            yield from _walk(child)
    elif hasattr(node, "type"):
        yield node
        for child in vars(node).values():
            yield from _walk(child)


def too_new_in_style(style: str) -> list[str]:
    """The same of a style sheet."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    asked = re.findall(r"@([\w-]+)([^{]*)\{", style)
    found = {name for name, _ in asked} - {"media"}
    found |= {name for _, rest in asked for name in re.findall(r"\(\s*([\w-]+)", rest)} - ASKED
    style = re.sub(r"@[\w-]+[^{]*\{", "", style)
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", style):
        found |= set(re.findall(r"::?[\w-]+", selector)) - SELECTED
        for line in filter(str.strip, body.split(";")):
            name, _, value = line.strip().partition(":")
            if not name.startswith("--") and STYLES.get(name, 999) > OFFICES_HAVE:
                found.add(name)
            found |= set(re.findall(r"([\w-]+)\(", value)) - CALLED
            found |= {value.strip()} & {"grid", "contents", "anywhere", "revert"}
            found |= set(re.findall(r"\b(?:anywhere|dvh|svh)\b", value))
    return sorted(found)
