"""How large batches become over links and brokers of each kind. No clock, no network."""

from sync.batch_size import GROW_AFTER, LITTLE_BYTES, SMALL, BatchSize

MOST = 1024
MUCH = 100 * LITTLE_BYTES


def test_a_good_link_gets_the_greatest_batches_from_the_first() -> None:
    size = BatchSize(MOST)
    for _ in range(20):
        assert size.entries == MOST
        size.receipted(MOST)
    size.cut(20 * MOST, MOST, MUCH)
    assert size.entries == MOST


def test_cuts_that_delivered_nothing_make_batches_smaller_down_to_one_entry() -> None:
    size = BatchSize(MOST)
    sizes = []
    for _ in range(9):
        size.connected()
        size.cut(0, size.entries, MUCH)
        sizes.append(size.entries)
    assert sizes == [64, 32, 16, 8, 4, 2, 1, 1, 1]


def test_a_cut_that_delivered_little_leaves_room_for_several_batches_the_next_time() -> None:
    size = BatchSize(MOST)
    size.cut(200, MOST, MUCH)
    assert size.entries == 66
    size.connected()
    size.cut(3, 66, MUCH)
    assert size.entries == 1


def test_receipts_make_batches_larger_again() -> None:
    size = BatchSize(MOST)
    size.cut(0, MOST, MUCH)
    grown = []
    size.connected()
    for _ in range(24):
        size.receipted(size.entries)
        grown.append(size.entries)
    assert grown[3] == 2 * SMALL
    assert grown[-1] == MOST


def test_a_live_rating_that_a_cut_interrupts_says_nothing_about_the_size() -> None:
    size = BatchSize(MOST)
    size.cut(0, 1, 150)
    size.cut(0, 3, 450)
    assert size.entries == MOST
    size.cut(5, 1, 2 * LITTLE_BYTES)
    assert size.entries == MOST


def test_what_was_too_long_for_the_broker_is_not_tried_again_at_every_receipt() -> None:
    size = BatchSize(MOST)
    tried_too_long = 0
    for _ in range(1_000):
        if size.entries > 100:
            tried_too_long += 1
            size.too_long(size.entries)
        else:
            size.receipted(size.entries)
    assert 50 <= size.entries <= 128
    assert tried_too_long < 25


def test_one_entry_that_is_too_long_stays_one_entry() -> None:
    size = BatchSize(MOST)
    size.too_long(1)
    assert size.entries == 1


def test_what_an_earlier_connection_delivered_makes_no_batch_larger() -> None:
    size = BatchSize(MOST)
    size.receipted(GROW_AFTER * SMALL)
    size.cut(0, MOST, MUCH)
    size.connected()
    size.receipted(GROW_AFTER * SMALL - 1)
    assert size.entries == SMALL
    size.receipted(1)
    assert size.entries == 2 * SMALL


def test_a_batch_of_less_than_a_kibibyte_says_nothing_and_one_of_a_kibibyte_does() -> None:
    size = BatchSize(MOST)
    size.cut(0, MOST, 1023)
    assert size.entries == MOST
    size.cut(0, MOST, 1024)
    assert size.entries == SMALL


def test_four_batches_of_a_size_are_receipted_before_it_doubles() -> None:
    size = BatchSize(MOST)
    size.cut(0, MOST, MUCH)
    size.receipted(255)
    assert size.entries == 64
    size.receipted(1)
    assert size.entries == 128


def test_a_third_of_what_a_connection_delivered_is_the_most_of_the_next_batch() -> None:
    for delivered, largest, entries in (
        (200, 100, 66),
        (200, 67, 66),
        (200, 66, MOST),
        (600, 200, MOST),
        (2, 100, 1),
    ):
        size = BatchSize(MOST)
        size.cut(delivered, largest, MUCH)
        assert size.entries == entries, (delivered, largest)


def test_a_size_that_was_too_long_is_exceeded_again_after_64_batches_of_the_half() -> None:
    size = BatchSize(MOST)
    size.too_long(200)
    assert size.entries == 100
    for entries in (100, 200):
        size.receipted(64 * entries - 1)
        assert size.entries == entries
        size.receipted(1)
        assert size.entries == 2 * entries


def test_a_batch_never_has_more_than_the_most_entries() -> None:
    size = BatchSize(100)
    size.too_long(120)
    for _ in range(3):
        size.receipted(64 * 100)
        assert size.entries == 100
