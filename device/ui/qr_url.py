"""What the QR code beside the text leads to. Pure."""


def link(url: str, token: str = "") -> str:
    """The address in a code, with a token behind it or as it stands.

    Scheme and host are put in capitals, which mean the same (RFC 3986, 6.2.2.1): a code of nothing
    but capitals, digits and `$%*+-./:` is smaller. A path is left as it is.
    """
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme.upper()}://{host.upper()}/{path}{token}"
