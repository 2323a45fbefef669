"""A sentence that can be said in another language later. Pure.

It is a text in English, so logs, the wire and whoever compares texts have it as always. It keeps
the template and the values it was made of, so that a command may print it in the language of the
person who typed the command (`language.py`). `make strings` collects the templates.
"""

from collections.abc import Callable, Iterable

Find = Callable[[str, str | None, int], str]
"""The template to use instead of this one: given the template, its plural and the count."""


class Sentence(str):
    """English text, with what it was made of. msgspec writes plain texts only: `str(sentence)`."""

    __slots__ = ("_count", "_plural", "_template", "_values")

    _template: str
    _plural: str | None
    _count: int
    _values: dict[str, object]

    def __new__(cls, template: str, /, **values: object) -> "Sentence":
        """`template` as for `str.format`; as it is where there are no values."""
        return cls._made(template, None, 1, values)

    @classmethod
    def counted(cls, one: str, many: str, /, *, count: int, **values: object) -> "Sentence":
        """One of two templates, by `count`, which is a value of both."""
        return cls._made(one, many, count, {"count": count, **values})

    @classmethod
    def joined(cls, separator: str, parts: Iterable[object]) -> "Sentence":
        """Sentences and plain texts, one behind the other."""
        values = {f"part{place}": part for place, part in enumerate(parts)}
        escaped = separator.replace("{", "{{").replace("}", "}}")
        return cls._made(escaped.join(f"{{{name}}}" for name in values), None, 1, values)

    @classmethod
    def _made(
        cls, template: str, plural: str | None, count: int, values: dict[str, object]
    ) -> "Sentence":
        chosen = template if plural is None or count == 1 else plural
        made = super().__new__(cls, chosen.format(**values) if values else chosen)
        made._template, made._plural, made._count, made._values = template, plural, count, values
        return made

    def worded(self, find: Find) -> str:
        """The sentence by the templates that `find` gives, also for the sentences within it."""
        template = find(self._template, self._plural, self._count)
        if not self._values:
            return template
        return template.format(
            **{
                name: value.worded(find) if isinstance(value, Sentence) else value
                for name, value in self._values.items()
            }
        )
