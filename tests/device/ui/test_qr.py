"""The QR code beside the text: a phone reads it, and what is too long for it is known before."""

import pytest
import zxingcpp
from PIL import Image

from device.events import Scene
from device.ui.burn_in import ARRANGEMENTS
from device.ui.oled_picture import pictures
from device.ui.qr import BYTES_MAX, CAPITALS_MAX, SIDE_MAX, fits, modules
from device.ui.qr_url import link
from device.ui.screens import screens
from device.ui.words import load
from sync.phone_token import CHARS, PhoneKey, issue
from tests.rigs.display.golden_pictures import GLASS, HOME, LINK, scenes

WITH_CODE = {name: shown for name, shown in scenes().items() if shown[0].qr is not None}


def drawn(name: str, step: int | None = None) -> list[Image.Image]:
    """The pages of a scene, on glass of both sizes."""
    return [page for glass in GLASS.values() for page in pictures(scenes()[name], glass, step)]


def as_photographed(picture: Image.Image, times: int) -> Image.Image:
    """The glass in its dark frame, so many pixels of the camera to each of its own."""
    framed = Image.new("L", (picture.width + 16, picture.height + 16), 0)
    framed.paste(picture.convert("L"), (8, 8))
    return framed.resize((framed.width * times, framed.height * times), Image.Resampling.NEAREST)


def read(picture: Image.Image, times: int) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(as_photographed(picture, times))]


@pytest.mark.parametrize("times", [1, 2, 3, 5])
@pytest.mark.parametrize("name", WITH_CODE)
def test_a_phone_reads_the_code_on_every_screen_that_has_one(name: str, times: int) -> None:
    for page in drawn(name):
        assert read(page, times) == [WITH_CODE[name][0].qr]


@pytest.mark.parametrize("step", [*ARRANGEMENTS, 7, 13])
def test_a_phone_reads_it_wherever_it_has_walked_to(step: int) -> None:
    for name, text in (("zh-standby-qr", HOME), ("zh-standby-late", LINK)):
        for page in drawn(name, step):
            assert read(page, 3) == [text]


@pytest.mark.parametrize("number", range(40))
def test_a_phone_reads_whatever_token_stands_there(number: int) -> None:
    key = PhoneKey("pad-1", number, bytes([number]) * 32)
    text = link("https://rate.example.cn/R/", issue(key, f"{number:026}", 20787 + number))
    shown = screens(Scene.INVITATION, load(["zh"]), qr=text)
    assert read(pictures(shown, GLASS["1.3"])[0], 2) == [text]


def test_control_a_code_with_a_blot_and_a_screen_without_a_code_are_not_read() -> None:
    picture = drawn("zh-invitation-qr")[0]
    picture.paste(0, (90, 20, 108, 38))
    assert read(picture, 3) == []
    assert read(drawn("zh-invitation")[0], 3) == []


def test_the_token_stands_in_capitals_behind_the_address() -> None:
    text = link("https://Rate.example.cn/R/", LINK[-CHARS:])
    assert text == LINK == "HTTPS://RATE.EXAMPLE.CN/R/" + LINK[-CHARS:]
    assert len(modules(text)) == SIDE_MAX
    assert link("https://h.example:8443/a/b?c=", "01J") == "HTTPS://H.EXAMPLE:8443/a/b?c=01J"
    assert link("https://h.example/") == "HTTPS://H.EXAMPLE/"


@pytest.mark.parametrize(("sign", "most"), [("a", BYTES_MAX), ("A", CAPITALS_MAX)])
def test_how_much_a_code_holds_is_what_the_documents_say(sign: str, most: int) -> None:
    assert fits(sign * most)
    assert not fits(sign * (most + 1))
    assert not fits(sign * 5000)
    with pytest.raises(ValueError, match="too many for a QR code"):
        modules(sign * (most + 1))
