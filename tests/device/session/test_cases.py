from device.session.cases import CASES_KEPT, Cases, same_service
from sync.entries import Service


def test_the_invitations_of_a_case_and_its_step_are_listed_newest_first() -> None:
    cases = Cases()
    cases.note("1", Service(case="c-1", step="办结"))
    cases.note("2", Service(case="c-1", step="受理"))
    cases.note("3", Service(case="c-1", step="办结", matter="m"))
    assert list(cases.of(Service(case="c-1", step="办结"))) == ["3", "1"]
    assert list(cases.of(Service(case="c-1"))) == []


def test_services_without_a_case_number_are_never_the_same() -> None:
    cases = Cases()
    cases.note("1", Service(step="办结"))
    assert list(cases.of(Service(step="办结"))) == []


def test_only_the_newest_256_cases_are_remembered() -> None:
    assert CASES_KEPT == 256
    cases = Cases()
    for n in range(CASES_KEPT + 1):
        cases.note(str(n), Service(case=f"c-{n}"))
    assert list(cases.of(Service(case="c-0"))) == []
    assert list(cases.of(Service(case="c-1"))) == ["1"]


def test_cases_from_before_there_was_a_canonical_form_meet_their_equals() -> None:
    """The agent notes at its start what is in the ledger, as it is there."""
    cases = Cases()
    cases.note("1", Service(case="T\u20111 ", step="办结\u3000"))
    assert list(cases.of(Service(case="T-1", step="办结"))) == ["1"]
    assert list(cases.of(Service(case="t-1", step="办结"))) == []


def test_the_same_service_is_so_in_every_spelling_and_never_without_a_case() -> None:
    assert same_service(Service(case="T-1 "), Service(case="\u200bT-1"))
    assert not same_service(Service(case="T-1"), Service(case="T-1", step="受理"))
    assert not same_service(Service(step="办结"), Service(step="办结"))
    assert not same_service(Service(case="T-1"), Service())
    assert not same_service(Service(), Service(case="T-1"))
