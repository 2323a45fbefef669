"""The desk on the hall's network, with TLS up to the page's WebSocket; and a pad without one."""

import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.rigs.pad.desk_pad import desk_pad
from tests.rigs.pad.pad_process import TOKEN
from tests.rigs.system.child_environment import environment
from tests.rigs.web.certificate import make_certificate
from tests.rigs.web.chromium import chromium


@pytest.mark.browser
def test_the_clerks_page_works_over_tls(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    lines = f'certificate = "{certificate.chain}"\ncertificate_key = "{certificate.key}"'
    with desk_pad(tmp_path / "pad", lines) as pad, chromium() as browser:
        port = pad.desk.base_url.port
        trusting = ssl.create_default_context(cafile=str(certificate.authority))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(verify=trusting, trust_env=False, headers=headers) as client:
            assert client.get(f"https://127.0.0.1:{port}/v1/window").json()["state"] == "ready"
        with pytest.raises(httpx.TransportError):  # the control: no plain HTTP
            pad.desk.get("/v1/window")
        page = browser.new_context(ignore_https_errors=True).new_page()
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        page.goto(f"https://127.0.0.1:{port}/#token={TOKEN}")
        page.fill("#number", "C003")
        page.keyboard.press("Enter")
        page.wait_for_selector('body[data-state="ready"]')
        page.fill("#case", "DH-1")
        page.keyboard.press("Enter")
        page.wait_for_selector('#visit-rows tr[data-standing="open"]')
        pad.press("satisfied")
        page.wait_for_selector('#visit-rows tr[data-standing="rated"]')
        assert [url[:4] for url in sockets] == ["wss:"]


def test_a_pad_without_a_desk_imports_nothing_of_it() -> None:
    """So it needs no memory for the desk."""
    program = """
import sys
import device.agent, device.cli
print(*sorted({name.partition(".")[0] for name in sys.modules}))
print(*sorted(name for name in sys.modules if name.startswith(("device.desk.", "web"))))
"""
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert not {"starlette", "uvicorn", "wsproto", "h11", "anyio"} & set(printed[0].split())
    assert not {"device.desk.http", "device.desk.start", "web.server"} & set(printed[1].split())
    assert "asyncio" in printed[0]  # the control: imported modules are listed
