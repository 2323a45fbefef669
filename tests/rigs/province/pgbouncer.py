"""A real pgbouncer with transaction pooling: each transaction may get another server connection."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.rigs.system.loopback import free_port, listens
from tests.rigs.time.wait import until

MISSING = "no pgbouncer (Debian package pgbouncer)"
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pooled(url: str, server_connections: int = 2) -> Iterator[str]:
    """The URL of the same database through a pooler with so many connections to the server."""
    if PROGRAM is None:
        raise LookupError(MISSING)
    parsed = urlsplit(url)
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="rp-pgbouncer-"))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        "[databases]\n"
        f"* = host=127.0.0.1 port={parsed.port} user={parsed.username}\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\n"
        f"default_pool_size = {server_connections}\nmax_client_conn = 100\n"
        f"logfile = {folder / 'pgbouncer.log'}\n"
    )
    folder.chmod(0o777)  # the pooler refuses to run as root
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    command = [PROGRAM, str(settings)]
    process = subprocess.Popen(
        as_user + command if os.geteuid() == 0 else command, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: listens(port), 10, "pgbouncer listens")
        host = parsed.netloc.rpartition(":")[0]
        yield parsed._replace(netloc=f"{host}:{port}").geturl()
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)
