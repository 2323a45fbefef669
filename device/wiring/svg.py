"""The SVG elements of the drawings, black on white, in millimetres. Pure."""

FONT = "Noto Sans CJK SC, Noto Sans SC, Microsoft YaHei, PingFang SC, sans-serif"
BLACK, GREY = "#000", "#777"
_WIDTH = 0.35
"""Of a line: the least that an office printer draws evenly."""


def sheet(width: float, height: float, marks: list[str], title: str) -> str:
    """A whole drawing of this size."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_mm(width)}mm" '
            f'height="{_mm(height)}mm" viewBox="0 0 {_mm(width)} {_mm(height)}" '
            f'font-family="{FONT}">',
            f"<title>{_escaped(title)}</title>",
            f'<rect width="{_mm(width)}" height="{_mm(height)}" fill="#fff"/>',
            *marks,
            "</svg>",
            "",
        ]
    )


def text(
    x: float,
    y: float,
    words: str,
    size: float,
    *,
    anchor: str = "start",
    bold: bool = False,
    colour: str = BLACK,
) -> str:
    """A text whose baseline begins, ends or has its middle at a point."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{_mm(x)}" y="{_mm(y)}" font-size="{_mm(size)}" text-anchor="{anchor}"'
        f'{weight} fill="{colour}">{_escaped(words)}</text>'
    )


def path(points: str, *, filled: bool = False, colour: str = BLACK, width: float = _WIDTH) -> str:
    """A line through points, in SVG's path syntax ("M 1 2 H 5")."""
    fill = colour if filled else "none"
    return f'<path d="{points}" fill="{fill}" stroke="{colour}" stroke-width="{_mm(width)}"/>'


def circle(x: float, y: float, radius: float, *, filled: bool = False, colour: str = BLACK) -> str:
    """A circle, or a filled one."""
    fill = colour if filled else "#fff"
    return (
        f'<circle cx="{_mm(x)}" cy="{_mm(y)}" r="{_mm(radius)}" fill="{fill}" '
        f'stroke="{colour}" stroke-width="{_mm(_WIDTH)}"/>'
    )


def box(x: float, y: float, width: float, height: float, *, colour: str = BLACK) -> str:
    """A rectangle from its upper left corner."""
    return (
        f'<rect x="{_mm(x)}" y="{_mm(y)}" width="{_mm(width)}" height="{_mm(height)}" '
        f'fill="#fff" stroke="{colour}" stroke-width="{_mm(_WIDTH)}"/>'
    )


def _escaped(words: str) -> str:
    """A text with the characters escaped that XML reserves."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mm(length: float) -> str:
    """A length without trailing zeros, so that the same drawing always has the same text."""
    return f"{length:.2f}".rstrip("0").rstrip(".")
