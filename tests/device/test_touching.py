"""What a pad without a touchscreen knows of the touch page: nothing."""

import subprocess
import sys

WEIGHT = """
import sys
import device.agent
found = [name for name in sys.modules if name.startswith(("device.touching", "device.ui.touch",
    "device.web.server", "fontTools", "starlette", "uvicorn"))]
print(*found)
"""


def test_an_agent_without_a_touchscreen_imports_nothing_of_its_page() -> None:
    told = subprocess.run(
        [sys.executable, "-c", WEIGHT], capture_output=True, text=True, check=True, timeout=30
    )
    assert told.stdout.split() == []


def test_the_control_one_that_has_a_page_is_noticed() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import device.ui.touch.opening\n" + WEIGHT],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert "device.ui.touch.opening" in told.stdout.split()
