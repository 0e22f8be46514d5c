"""Messages on the pipes between the trusted side and a student's process: a head and a body.

The head is a small JSON object; the body is empty or one frame of `autograder.wire`.
"""

import json
import struct
from typing import Any

from autograder.wire import WireError, strict_json

SIZES = struct.Struct("<QQ")  # of head and body
MOST_HEAD = 1 << 20


class TooLarge(WireError):
    """A message says that it is larger than it may be."""


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """Return one message as bytes."""
    text = json.dumps(head).encode()
    return SIZES.pack(len(text), len(body)) + text + body


def unpack(buffer: bytearray, most: int) -> tuple[dict[str, Any], bytes] | None:
    """Take the first message off the buffer; None if it has not arrived in full.

    most: bytes that a message may have.  Raises WireError for anything malformed.
    """
    if len(buffer) < SIZES.size:
        return None
    head_size, body_size = SIZES.unpack_from(buffer)
    if head_size > MOST_HEAD or body_size > most:
        raise TooLarge("a message larger than it may be")
    end = SIZES.size + head_size + body_size
    if len(buffer) < end:
        return None
    head = strict_json(bytes(buffer[SIZES.size : SIZES.size + head_size]))
    body = bytes(buffer[SIZES.size + head_size : end])
    del buffer[:end]
    if type(head) is not dict:
        raise WireError("a head that is no object")
    return head, body
