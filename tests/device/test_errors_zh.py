"""Every code of a pad has its Chinese words, which say what the English ones do."""

import re

import pytest

from device.errors import PadCode
from device.errors_zh import in_chinese
from tests.rigs.source.chinese_text import badly_set
from tests.rigs.source.two_languages import code_spans


@pytest.mark.parametrize("code", PadCode, ids=lambda code: code.code)
def test_a_code_says_the_same_in_chinese(code: PadCode) -> None:
    chinese = in_chinese(code)
    assert code_spans(chinese.remedy) == code_spans(code.remedy)
    assert re.findall(r"\d+ ?s|\d+ 秒", chinese.remedy) == [
        found.replace("s", "秒") for found in re.findall(r"\d+ ?s", code.remedy)
    ]
    assert badly_set(f"{chinese.says}。{chinese.remedy}") == []
    assert chinese.says[-1] not in "。，：；"
    assert chinese.remedy[-1] == "。"


def test_no_two_codes_say_the_same() -> None:
    assert len({in_chinese(code).says for code in PadCode}) == len(PadCode)
