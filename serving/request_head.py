"""What the head of an HTTP request says about its body, read so that no proxy in front can read it otherwise.

Two servers that see the end of a request in different places make of its rest a request of its own, which passes for another
client's (RFC 9112, section 11.2). A head that could be read in two ways is refused, and its connection closed.
"""

from email.message import Message

from serving.json_values import error_body
from serving.request_body import BodyTooLargeError
from serving.rest_api import Reply, failed

LONGEST_NUMBER = 18  # digits


def refusal(headers: Message, *, has_body: bool, body_bytes: int) -> Reply | None:
    """Return what is answered in place of reading on; None when the body, if any, can be read.

    Args:
        headers: of the request.
        has_body: the method has one, so that its length has to be told.
        body_bytes: largest body.
    """
    lengths, codings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
    if headers.defects or headers.get_payload():  # a line that is no header field ends the standard library's reading of them
        return Reply(400, error_body("expected header fields, each a line with a name, a colon and a value"))
    if len(lengths) + len(codings) > 1:
        return Reply(400, error_body("expected one header that says where the body ends, Content-Length or Transfer-Encoding"))
    if codings:
        return None if codings[0].lower() == "chunked" else Reply(501, error_body("expected Transfer-Encoding: chunked"))
    return _length_refusal(lengths[0] if lengths else "" if has_body else "0", body_bytes)


def _length_refusal(length: str, body_bytes: int) -> Reply | None:
    if not (length.isascii() and length.isdigit()):
        return Reply(411, error_body("expected a Content-Length header with a number, or Transfer-Encoding: chunked"))
    if len(length) > LONGEST_NUMBER or int(length) > body_bytes:
        return failed(BodyTooLargeError(body_bytes))
    return None
