"""Where the answer to a command may be published. Pure.

The sender of a command names the topic, and the pad publishes there with its own rights. So a topic
is used only when every broker takes it and when nobody takes a message on it for something else
than an answer.
"""

MAX_TOPIC_BYTES = 200
"""Of UTF-8. mosquitto ends the connection at which a topic of more than 200 levels is published."""

_CONTRACT = "pad"
"""The first level of the contract's own topics, in this version and in later ones."""


def is_response_topic(topic: str, pad: str) -> bool:
    """Whether `pad` answers on `topic`: a topic outside the contract, or `pad/v1/{pad}/answer/` and
    one level.
    """
    if not topic.isprintable() or any(char in topic for char in "+#"):
        return False
    # The `$` topics are the broker's own (MQTT 5.0, 4.7.2).
    if topic.startswith("$") or not 0 < len(topic.encode()) <= MAX_TOPIC_BYTES:
        return False
    levels = topic.split("/")
    if levels[0] != _CONTRACT:
        return True
    return levels[:-1] == [_CONTRACT, "v1", pad, "answer"] and levels[-1] != ""
