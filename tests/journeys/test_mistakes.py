"""What a technician gets wrong is told at once and whole, and nothing is touched."""

import pytest

from rigs.hall import Hall

pytestmark = pytest.mark.broker


def test_every_mistake_in_a_configuration_is_named_at_once_and_the_pad_does_not_start(
    hall: Hall,
) -> None:
    pad = hall.pad(start=False)
    good = pad.config.read_text()
    bad = (
        good.replace('window = "3"', 'window = "a window"\nwindo = 3')
        .replace("grace_s = 0", "grace_s = -1")
        .replace("mqtt://127.0.0.1", "mqtt://198.51.100.7")
        .replace('token_file = "token"', 'token_file = "nowhere"')
        .replace('control = "board.sock"', 'controll = "board.sock"')
    )
    pad.config.write_text(bad)
    pad.start(ready=False)
    assert pad.outcome() == 2
    words = pad.last_words()
    for named in ("windo", "grace_s", "198.51.100.7", "nowhere", "controll", "did you mean"):
        assert named in words, words
    assert "S01" in words
    assert not pad.ledger.exists()
    pad.config.write_text(good)  # control: it starts once they are mended
    pad.start()
    pad.rate("mended")


def test_a_ledger_on_a_path_that_cannot_be_written_is_an_error_with_a_code(hall: Hall) -> None:
    pad = hall.pad(start=False)
    text = pad.config.read_text()
    pad.config.write_text(text.replace(str(pad.ledger), str(pad.folder / "token" / "ledger.db")))
    pad.start(ready=False)
    assert pad.outcome() == 1
    assert "L01" in pad.last_words()
    assert "Traceback" not in pad.last_words()
