"""What the QR code beside an invitation leads to. Pure.

An invitation's id is random and belongs to one case, so that a photograph of the code is worth
nothing at the next case. A signed token that expires is to take its place here, and only here.
"""


def invitation_link(url: str, invitation: str) -> str:
    """The address at which the case of this invitation is rated.

    Scheme and host are put in capitals, which mean the same (RFC 3986, 6.2.2.1): a code of nothing
    but capitals, digits and `$%*+-./:` is smaller. A path is left as it is.
    """
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme.upper()}://{host.upper()}/{path}{invitation}"
