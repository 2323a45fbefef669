"""Who has a port: a process of this user by name, another one by a command to type."""

import os
import socket
import sys
from pathlib import Path

from tests.rigs.system.loopback import free_port
from web.port_holder import port_holder


def test_a_listener_of_this_user_is_named() -> None:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as listener:
            listener.bind((host, 0))
            listener.listen()
            said = port_holder(listener.getsockname()[1])
        assert f"(process {os.getpid()}) has it" in said
        assert said.startswith(Path(sys.executable).name[:6]) or "pytest" in said


def test_a_port_that_nobody_has_and_a_system_without_proc_give_the_command(tmp_path: Path) -> None:
    port = free_port()
    for said in (port_holder(port), port_holder(port, tmp_path)):
        assert said == f"to see who has it, as root: `ss -ltnp 'sport = :{port}'`"


def test_a_process_that_may_not_be_looked_at_gives_the_command(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    row = "0: 0100007F:2198 00000000:0000 0A 0:0 0:0 0 1000 0 777 1\n"
    (tmp_path / "net/tcp").write_text(f"heading\n{row}")
    (tmp_path / "4242").mkdir()
    assert "ss -ltnp" in port_holder(0x2198, tmp_path)
    (tmp_path / "4242/fd").mkdir()
    (tmp_path / "4242/fd/3").symlink_to("socket:[777]")
    (tmp_path / "4242/comm").write_text("queue\n")
    assert port_holder(0x2198, tmp_path) == "queue (process 4242) has it"
