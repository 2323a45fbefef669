"""Where a pad answers, and where it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.response_topic import MAX_TOPIC_BYTES, is_response_topic

PAD = "jl-0431-017"


@pytest.mark.parametrize(
    "topic",
    [
        "hall/answers",
        "/",
        "办事大厅/3 号/结果",
        "hall/answers?",
        "a" * 200,
        "a" * MAX_TOPIC_BYTES,
        "/" * MAX_TOPIC_BYTES,
        "padding/v1",
        "hall/$SYS",
        f"pad/v1/{PAD}/answer/Hall-1",
    ],
)
def test_a_pad_answers_on_it(topic):
    assert is_response_topic(topic, PAD)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "#",
        "hall/+",
        "hall#",
        "$SYS/x",
        "$share/group/hall",
        "$CONTROL/dynamic-security/v1",
        "a\0b",
        "a\nb",
        "a\x85b",
        "a\ud800",
        "a\ufffe",
        "\ufeffpad/v1/other/up/state",
        "办" * 67,
        "a" * 201,
        "a" * (MAX_TOPIC_BYTES + 1),
        "pad",
        "pad/",
        "pad/v2/x",
        "pad/v1/other/up/state",
        "pad/v1/other/answer/Hall-1",
        f"pad/v1/{PAD}/up/entries",
        f"pad/v1/{PAD}/down/receipt",
        f"pad/v1/{PAD}/answer",
        f"pad/v1/{PAD}/answer/",
        f"pad/v1/{PAD}/answer/a/b",
    ],
)
def test_a_pad_does_not_answer_on_it(topic):
    assert not is_response_topic(topic, PAD)


@given(st.text(st.sampled_from("pad/v1+#$\0 ü办\ud800") | st.characters(), max_size=260))
def test_any_text_is_judged_and_what_is_used_is_a_topic_of_mqtt(topic):
    if is_response_topic(topic, PAD):
        assert 0 < len(topic.encode()) <= MAX_TOPIC_BYTES
        assert not set(topic) & set("+#\0")
