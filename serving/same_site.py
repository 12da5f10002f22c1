"""Whether a request for the page comes from the page itself, and not from another site through its reader's browser.

A browser sends any site's requests to this machine, too. It says from where (Origin, Sec-Fetch-Site), and which name it looked up
(Host): a name of a stranger that suddenly leads here (DNS rebinding) would make that site the same as this one.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

import grpc

from serving.serving_error import ServingError

LOCAL_NAME = "localhost"
OWN = ("same-origin", "none")  # of Sec-Fetch-Site (W3C Fetch Metadata); none: typed in, or a bookmark


def check_host(headers: Mapping[str, str], bound: str) -> None:
    """Take a server that is addressed by number, as localhost or as the name that it is bound to.

    Args:
        headers: of the request, names in lower case.
        bound: what the server is bound to.

    Raises:
        ServingError: PERMISSION_DENIED for any other name.
    """
    name = host_name(headers.get("host", ""))
    if not (is_address(name) or name in (LOCAL_NAME, bound.lower())):
        raise refused("open it by IP address, as localhost or by the name given with --host")


def check_origin(headers: Mapping[str, str]) -> None:
    """Take a request that this page sends, or a program that is no browser.

    Args:
        headers: of the request, names in lower case.

    Raises:
        ServingError: PERMISSION_DENIED for a request of another site.
    """
    origin = headers.get("origin")
    is_own = origin is None or origin.lower().partition("://")[2] == headers.get("host", "").lower() != ""
    if not is_own or headers.get("sec-fetch-site", "same-origin") not in OWN:
        raise refused("another site must not use it")


def host_name(host: str) -> str:
    """Return the name in a Host header, lower case, without port and brackets; '' for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_address(name: str) -> bool:
    """Tell whether a name is an IP address, which needs no look-up."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def refused(reason: str) -> ServingError:
    """Return the error of a request that is not taken."""
    return ServingError(grpc.StatusCode.PERMISSION_DENIED, f"the page is not for this request: {reason}")
