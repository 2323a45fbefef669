"""The example pages of the documents, in a real Chromium against a real pad."""

from pathlib import Path

import pytest

from sync.entries import Invited
from tests.rigs.pad.desk_pad import PLUGIN_TOKEN, desk_pad, web_server
from tests.rigs.pad.pad_process import TOKEN, PadProcess
from tests.rigs.source.source_tree import ROOT
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until
from tests.rigs.web.chromium import chromium

pytestmark = pytest.mark.browser

SLOWLY_MS = 60_000


def example(name: str, pad: PadProcess, folder: Path) -> Path:
    """The page as the document has it, but for the port."""
    text = (ROOT / "docs" / "examples" / name).read_text("utf-8")
    page = folder / name
    page.write_text(text.replace("127.0.0.1:8600", f"127.0.0.1:{pad.desk.base_url.port}"), "utf-8")
    return page


def test_old_window_software_asks_its_plug_in_and_gets_its_number(tmp_path: Path) -> None:
    lines = 'plugin_token_file = "plugin-token"'
    with desk_pad(tmp_path / "pad", lines) as pad, chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(SLOWLY_MS)
        page.goto(f"{example('plugin.html', pad, tmp_path).as_uri()}#{PLUGIN_TOKEN}")
        page.click("button")
        page.wait_for_selector('#code:text-is("0")')
        pad.press("dissatisfied")
        page.wait_for_selector('#code:text-is("1")')
        pad.free()
        page.click("button")
        page.wait_for_selector('#code:text-is("-1")')  # the same case once more
        (invited,) = [body for body in pad.bodies() if isinstance(body, Invited)]
        assert (invited.source, invited.service.case) == ("plugin", "DH-1")


def test_a_window_system_of_another_origin_invites_and_gets_the_outcome(tmp_path: Path) -> None:
    port = free_port()
    lines = f'origins = ["http://127.0.0.1:{port}"]'
    with (
        desk_pad(tmp_path / "pad", lines) as pad,
        web_server(tmp_path, port) as home,
        chromium() as browser,
    ):
        example("window-system.html", pad, tmp_path)
        page = browser.new_page()
        page.set_default_timeout(SLOWLY_MS)
        page.goto(f"{home}/window-system.html#{TOKEN}")
        until(lambda: "pad.listen" in page.content(), 10, "the page is there")
        page.click("#done")
        page.wait_for_selector('#outcome:text-is("open")')
        pad.press("very_satisfied")
        page.wait_for_selector('#outcome:text-is("rated")')
        pad.free()
        page.click("#done")
        page.wait_for_selector('#outcome:text-is("already-rated")')


def test_the_same_page_from_an_origin_that_nobody_named_gets_nothing(tmp_path: Path) -> None:
    """The control: it is the list that lets the other one in."""
    with (
        desk_pad(tmp_path / "pad", 'origins = ["http://win.hall.lan"]') as pad,
        web_server(tmp_path, free_port()) as home,
        chromium() as browser,
    ):
        example("window-system.html", pad, tmp_path)
        page = browser.new_page()
        page.set_default_timeout(SLOWLY_MS)
        page.goto(f"{home}/window-system.html#{TOKEN}")
        page.click("#done")
        page.wait_for_selector('#outcome:text-is("unreachable")')
        until(lambda: "refused foreign-origin to 127.0.0.1" in pad.last_words(), 5, "it is logged")
        assert not [body for body in pad.bodies() if isinstance(body, Invited)]
