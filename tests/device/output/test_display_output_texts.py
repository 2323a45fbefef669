"""Texts with signs that the font has not: refused before they stand on a touch page as boxes."""

from pathlib import Path

import pytest

from device.config.config import Config, load
from device.errors import ConfigError
from device.output.display_output import refuse_unshowable

EVERYWHERE = {
    "[pad] hall": "hall",
    "[pad] window": "window",
    "[pad] notice": "notice",
    "[touch] notices, line 2": "second",
    "[touch.card] name": "name",
    "[touch.card] number": "number",
}
IN_ORDER = {
    "hall": "延边州政务服务大厅 연변주",
    "window": "综3",
    "notice": "请带好身份证件",
    "second": "办理身份证请到二楼①",
    "name": "李䶮",
    "number": "0071",
}
NOWHERE = {
    "😀": "U+1F600",
    "\U00031350": "U+31350",  # a hanzi of Unicode 15, in no font of today's pads
    "\ue123": "U+E123",  # a sign that somebody made for himself
    "\u200b": "U+200B",  # cannot be seen, and would be looked for in vain
}


def configured(folder: Path, **texts: str) -> Config:
    """A pad with a touchscreen and nothing else, with these texts."""
    said = {**IN_ORDER, **texts}
    (folder / "pad.toml").write_text(
        f"""
[pad]
id = "pad-1"
board = "touch-7"
hall = "{said["hall"]}"
window = "{said["window"]}"
notice = "{said["notice"]}"
[ledger]
path = "l.db"
[touch]
entry_file = "entry.html"
notices = ["请到二楼", "{said["second"]}"]
[touch.card]
name = "{said["name"]}"
number = "{said["number"]}"
""",
        "utf-8",
    )
    return load(folder / "pad.toml")


def test_what_the_font_has_is_in_order(tmp_path: Path) -> None:
    """The control; rare signs that it has among them."""
    refuse_unshowable(configured(tmp_path))


@pytest.mark.parametrize("where", EVERYWHERE)
@pytest.mark.parametrize("sign", NOWHERE, ids=NOWHERE.get)
def test_what_it_has_not_is_named_with_its_place_and_its_code_point(
    tmp_path: Path, where: str, sign: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_unshowable(configured(tmp_path, **{EVERYWHERE[where]: f"延{sign}吉"}))
    text, named = f"延{sign}吉", f"{sign!r} ({NOWHERE[sign]})"
    assert f"{where} = {text!r}: the display has no glyph for {named}; write another sign" in str(
        refused.value
    )
    assert str(refused.value).count("no glyph") == 1


def test_every_place_is_named_in_one_report(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_unshowable(configured(tmp_path, **dict.fromkeys(EVERYWHERE.values(), "😀")))
    assert [where for where in EVERYWHERE if f"{where} = " not in str(refused.value)] == []


def test_a_long_notice_is_no_mistake_where_no_small_display_has_to_hold_it(tmp_path: Path) -> None:
    refuse_unshowable(configured(tmp_path, notice="告" * 40))
