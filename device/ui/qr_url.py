"""The address in the QR code beside the text. Pure."""


def link(url: str, token: str = "") -> str:
    """The address in a code: `url` followed by `token`.

    Scheme and host are written in capitals, which mean the same (RFC 3986, 6.2.2.1): a code that
    has only capitals, digits and `$%*+-./:` is smaller. A path is left as it is.
    """
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme.upper()}://{host.upper()}/{path}{token}"
