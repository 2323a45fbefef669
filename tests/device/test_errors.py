"""An error of the pad carries the code that docs/errors.md gives for what happened."""

import pytest

from device.errors import ConfigError, DriverError, LedgerError, PadCode, PadError, by_code


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        (PadError, "X01", "a part of the agent failed"),
        (LedgerError, "L01", "an entry could not be written"),
        (DriverError, "K03", "the keys do not answer"),
        (ConfigError, "S01", "the configuration cannot be used"),
    ],
)
def test_an_error_without_a_code_of_its_own_has_that_of_its_kind(
    kind: type[PadError], code: str, says: str
) -> None:
    error = kind("some detail")
    assert error.code is by_code(code)
    assert error.summary == f"{code} {says}: some detail"
    assert kind("some detail", PadCode.LEDGER_FULL).code is PadCode.LEDGER_FULL


def test_a_ledger_or_driver_that_fails_is_an_error_of_the_system_and_a_setting_of_its_value() -> (
    None
):
    assert issubclass(LedgerError, OSError)
    assert issubclass(DriverError, OSError)
    assert issubclass(ConfigError, ValueError)


def test_every_code_is_found_by_its_text_and_no_other_is() -> None:
    assert [by_code(row.code) for row in PadCode] == list(PadCode)
    with pytest.raises(StopIteration):
        by_code("L99")
