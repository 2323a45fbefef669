"""The demo's broker: rumqttd from PyPI's `iotcore`, MQTT 5 on loopback, no root needed.

`main FILE` serves until it is killed. A hall or a province runs mosquitto; this broker is for the
demo only: it keeps nothing on disk and has no passwords.
"""

import sys
from pathlib import Path

from iotcore import Broker

SETTINGS = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v5.1]
name = "v5-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 100
dynamic_filters = true
"""


def write_settings(path: Path, port: int) -> None:
    """Write rumqttd's configuration for one MQTT 5 listener on 127.0.0.1:`port`."""
    path.write_text(SETTINGS.format(port=port), encoding="utf-8")


def main() -> None:
    """Serve the configuration file that the command line names."""
    Broker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
