"""The rows of error codes and their exceptions, which both ends share."""

import enum

import pytest

from device.errors import ConfigError, PadCode
from province.errors import ProvinceCode, StoreUrlError
from sync.error_codes import CodedError, ErrorRow


class Code(ErrorRow, enum.Enum):
    """Two codes of a program that exists in this test only."""

    FIRST = ErrorRow("T01", "the first thing broke", "Mend it.")
    SECOND = ErrorRow("T02", "the second thing broke", "Mend that.", blocks=True)


class ExampleError(CodedError[Code]):
    """Errors of that program; the first code unless another is given."""

    code = Code.FIRST


def test_an_errors_text_has_its_code_the_problem_the_place_and_the_remedy():
    error = ExampleError("in the test")
    assert str(error) == "T01 the first thing broke: in the test. Mend it."
    assert (error.code, error.detail) == (Code.FIRST, "in the test")


def test_an_error_may_be_raised_with_another_code_and_its_class_keeps_its_own():
    error = ExampleError("here", Code.SECOND)
    assert str(error) == "T02 the second thing broke: here. Mend that."
    assert error.code.blocks
    assert ExampleError.code is Code.FIRST


@pytest.mark.parametrize("error", [ConfigError("x"), StoreUrlError("x")])
def test_the_errors_of_pad_and_province_are_coded_errors_and_value_errors(error):
    assert isinstance(error, CodedError)
    assert isinstance(error, ValueError)


def test_no_code_is_used_twice():
    codes = [row.code for row in (*PadCode, *ProvinceCode)]
    assert len(set(codes)) == len(codes)


def test_only_a_pads_code_closes_a_window():
    assert any(row.blocks for row in PadCode)
    assert not any(row.blocks for row in ProvinceCode)
