"""Every code of the province's end has its Chinese words, which say what the English ones do."""

import pytest

from province.errors import ProvinceCode
from province.errors_zh import in_chinese
from tests.rigs.source.chinese_text import badly_set
from tests.rigs.source.two_languages import code_spans


@pytest.mark.parametrize("code", ProvinceCode, ids=lambda code: code.code)
def test_a_code_says_the_same_in_chinese(code: ProvinceCode) -> None:
    chinese = in_chinese(code)
    assert code_spans(chinese.says) == code_spans(code.says)
    assert code_spans(chinese.remedy) == code_spans(code.remedy)
    assert badly_set(f"{chinese.says}。{chinese.remedy}") == []
    assert chinese.says[-1] not in "。，：；"
    assert chinese.remedy[-1] == "。"


def test_no_two_codes_say_the_same() -> None:
    assert len({in_chinese(code).says for code in ProvinceCode}) == len(ProvinceCode)
