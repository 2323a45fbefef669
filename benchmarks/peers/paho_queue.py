"""Runs as a child process: readings handed to paho while there is no broker, as many do.

Arguments: the broker's port, how many to publish. Prints how many `publish` accepted (rc 0, or
"no connection", which paho documents as queued), and waits to be killed.
"""

import json
import sys
from threading import Event

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

TOPIC = "bench/queue"


def main() -> None:
    """Queue, report, and wait to be killed."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="queue", clean_session=False)
    client.max_queued_messages_set(0)
    client.reconnect_delay_set(1, 1)
    client.connect_async("127.0.0.1", int(sys.argv[1]))
    client.loop_start()
    taken = (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)
    wanted = int(sys.argv[2])
    accepted = sum(client.publish(TOPIC, b"x" * 250, qos=1).rc in taken for _ in range(wanted))
    print(json.dumps({"accepted": accepted}), flush=True)
    Event().wait(60)


if __name__ == "__main__":
    main()
