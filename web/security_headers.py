"""The security headers of our pages: what a page may load, and which pages may frame it. Pure.

The content security policy (CSP) says where a page may load from and connect to, and which pages
may show it inside their own. `nosniff` keeps a browser from guessing another type for an answer
than the one that it names.
"""

from collections.abc import Collection, Mapping

NO_SNIFF = {"x-content-type-options": "nosniff"}

NOBODY = "'none'"
SELF = "'self'"


def content_policy(sources: Mapping[str, str], framed_by: Collection[str] = ()) -> str:
    """A policy of the directives in `sources`. `framed_by`: origins of pages that may frame this
    one, or `SELF`. Leave out `null`, which a policy cannot name.

    Unless `sources` says otherwise, no form is sent anywhere and no `<base>` changes the meaning of
    the page's addresses.
    """
    directives = {**sources}
    directives.setdefault("base-uri", NOBODY)
    directives.setdefault("form-action", NOBODY)
    directives["frame-ancestors"] = " ".join(sorted(framed_by)) or NOBODY
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def page_headers(policy: str, *, referrer: str, cache: str = "no-cache") -> dict[str, str]:
    """The headers of a page and its files. `referrer`: a value of Referrer-Policy."""
    return {
        "content-security-policy": policy,
        **NO_SNIFF,
        "referrer-policy": referrer,
        "cache-control": cache,
    }
