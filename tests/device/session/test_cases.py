from device.session.cases import CASES_KEPT, Cases
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


def test_only_the_newest_cases_are_remembered() -> None:
    cases = Cases()
    for n in range(CASES_KEPT + 1):
        cases.note(str(n), Service(case=f"c-{n}"))
    assert list(cases.of(Service(case="c-0"))) == []
    assert list(cases.of(Service(case="c-1"))) == ["1"]
