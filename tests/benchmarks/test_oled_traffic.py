"""What pictures cost on the bus, and that a changed picture costs less than a whole one."""

from benchmarks.oled_traffic import SIZE, VISIT, _cost, _ours, _visit, _whole

DARK = bytes(SIZE[0] * SIZE[1] // 8)
LIT = b"\xff" * len(DARK)


def test_a_whole_picture_costs_its_bytes_and_what_addresses_them() -> None:
    assert _cost([LIT], _whole) == 1034
    assert 1024 < _cost([LIT], _ours) < 1150  # the settings, too
    assert _cost([LIT, LIT], _whole) == 2 * 1034


def test_what_has_not_changed_is_not_sent_and_a_power_cut_sends_all_of_it_again() -> None:
    one = bytearray(LIT)
    one[0] = 0
    first = _cost([LIT], _ours)
    assert _cost([LIT, bytes(one)], _ours) - first < 40
    assert _cost([LIT, None, LIT], _ours) == 2 * first


def test_a_visit_shows_every_scene_and_turns_its_pages() -> None:
    film = _visit()
    assert len(film) == sum(count for _, count in VISIT)
    standby, invitation = film[:9], film[9:12]
    assert len(set(standby)) == len(set(invitation)) == 2
    assert standby[0] == standby[2] != standby[1]
    assert film[12] not in standby + invitation
