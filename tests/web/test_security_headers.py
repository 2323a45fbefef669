from web.security_headers import SELF, content_policy, page_headers


def test_forms_and_frames_are_forbidden_unless_allowed() -> None:
    assert content_policy({"default-src": "'self'"}) == (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert "form-action 'self';" in content_policy({"form-action": SELF})


def test_the_origins_that_may_frame_it_are_named() -> None:
    framed_by = ["https://win.hall.lan", SELF, "http://10.0.0.9"]
    assert content_policy({}, framed_by).endswith(
        "frame-ancestors 'self' http://10.0.0.9 https://win.hall.lan"
    )


def test_a_page_has_all_of_the_headers() -> None:
    assert page_headers("default-src 'none'", referrer="no-referrer") == {
        "content-security-policy": "default-src 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
