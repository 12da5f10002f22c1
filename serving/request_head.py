"""What the head of an HTTP request says about its body, read so that no proxy in front can read it otherwise.

Two servers that see the end of a request in different places make of its rest a request of its own, which passes for another
client's (RFC 9112, section 11.2). A head that could be read in two ways is refused, and its connection closed.
"""

from email.message import Message

from serving.json_values import error_body
from serving.rest_api import Reply

LONGEST_NUMBER = 18  # digits


def refusal(headers: Message, *, has_body: bool, body_bytes: int) -> Reply | None:
    """Return what is answered in place of reading on; None when the body, if any, can be read.

    Args:
        headers: of the request.
        has_body: the method has one, so that its length has to be told.
        body_bytes: largest body.
    """
    lengths = headers.get_all("Content-Length", [] if has_body else ["0"])
    if headers.defects or headers.get_payload():  # a line that is no header field ends the standard library's reading of them
        return Reply(400, error_body("expected header fields, each a line with a name, a colon and a value"))
    if "Transfer-Encoding" in headers or not lengths or not _is_number(lengths[0]):
        return Reply(411, error_body("expected a Content-Length header; chunked bodies are not read"))
    if len(lengths) > 1:
        return Reply(400, error_body("expected one Content-Length header"))
    if len(lengths[0]) > LONGEST_NUMBER or int(lengths[0]) > body_bytes:
        return Reply(413, error_body(f"the body is larger than {body_bytes} bytes (--max_message_mb)"))
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
