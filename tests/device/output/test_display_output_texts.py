"""Texts with characters that the font does not have are refused; a page would show boxes."""

from pathlib import Path

import pytest

from device.config.config import Config, load
from device.errors import ConfigError
from device.output.display_output import refuse_unshowable

FIELDS = {
    "[pad] hall": "hall",
    "[pad] window": "window",
    "[pad] notice": "notice",
    "[touch] notices, line 2": "second",
    "[touch.card] name": "name",
    "[touch.card] number": "number",
}
GOOD_TEXTS = {
    "hall": "延边州政务服务大厅 연변주",
    "window": "综3",
    "notice": "请带好身份证件",
    "second": "办理身份证请到二楼①",
    "name": "李䶮",
    "number": "0071",
}
NOT_IN_FONT = {
    "😀": "U+1F600",
    "\U00031350": "U+31350",  # a Chinese character of Unicode 15, not in the pads' font
    "\ue123": "U+E123",  # private use area: a character of somebody's own font
    "\u200b": "U+200B",  # invisible: a reader would not find it in the text
}


def configured(folder: Path, **texts: str) -> Config:
    """A pad with a touchscreen and nothing else, with these texts."""
    values = {**GOOD_TEXTS, **texts}
    (folder / "pad.toml").write_text(
        f"""
[pad]
id = "pad-1"
board = "touch-7"
hall = "{values["hall"]}"
window = "{values["window"]}"
notice = "{values["notice"]}"
[ledger]
path = "l.db"
[touch]
entry_file = "entry.html"
notices = ["请到二楼", "{values["second"]}"]
[touch.card]
name = "{values["name"]}"
number = "{values["number"]}"
""",
        "utf-8",
    )
    return load(folder / "pad.toml")


def test_texts_that_the_font_has_are_accepted(tmp_path: Path) -> None:
    """The control; with rare characters that the font has."""
    refuse_unshowable(configured(tmp_path))


IDENTITY = {"[pad] window": {"\ue123", "\u200b"}}
"""What never reaches the font: the canonical form of the field refuses it or leaves it out."""


@pytest.mark.parametrize(
    ("field", "character"),
    [
        (field, sign)
        for field in FIELDS
        for sign in sorted(NOT_IN_FONT.keys() - IDENTITY.get(field, set()))
    ],
)
def test_a_character_that_the_font_does_not_have_is_named_with_its_field_and_code_point(
    tmp_path: Path, field: str, character: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_unshowable(configured(tmp_path, **{FIELDS[field]: f"延{character}吉"}))
    text, named = f"延{character}吉", f"{character!r} ({NOT_IN_FONT[character]})"
    assert f"{field} = {text!r}: the display has no glyph for {named}; write another sign" in str(
        refused.value
    )
    assert str(refused.value).count("no glyph") == 1


def test_a_private_character_in_the_window_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"window.*U\+E123"):
        configured(tmp_path, window="延\ue123")


def test_an_invisible_character_in_the_window_is_left_out(tmp_path: Path) -> None:
    config = configured(tmp_path, window="延\u200b吉")
    assert config.pad.window == "延吉"
    refuse_unshowable(config)


def test_every_field_is_named_in_one_report(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_unshowable(configured(tmp_path, **dict.fromkeys(FIELDS.values(), "😀")))
    assert [field for field in FIELDS if f"{field} = " not in str(refused.value)] == []


def test_a_long_notice_is_no_error_on_a_pad_without_a_small_display(tmp_path: Path) -> None:
    refuse_unshowable(configured(tmp_path, notice="告" * 40))
