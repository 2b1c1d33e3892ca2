"""What is read of a request before anybody looks at it: bounded in work and memory, and of one meaning.

waitress' own parser copies all that has come of the headers with each packet, keeps the size line and the
trailer of a chunked body in memory however long they are, asks for a body that it will refuse, and reads on
after a request whose length is told twice.  It relies on what waitress does not document; see `sockets`.
"""

from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest

END = b"\r\n\r\n"  # of the headers
LONGEST_SIZE_LINE = 1024  # bytes, of a chunk
LONGEST_TRAILER = 2**14  # bytes, of a chunked body


class Request(HTTPRequestParser):
    """A request as it comes in."""

    completed: bool
    path = ""  # of one whose first line or headers can't be read, too

    def __init__(self, adjustments: Any) -> None:
        super().__init__(adjustments)
        self._head = bytearray()  # of the headers, as long as they are not whole

    def received(self, data: bytes) -> int:
        """Takes what has come; gives how many bytes of it are of this request."""
        if self.body_rcv is None and not self.completed:
            known, head = len(self._head), self._head
            head += data
            is_whole = head.find(END, max(0, known - len(END) + 1)) >= 0
            if not is_whole and len(head) < self.adj.max_request_header_size:
                return len(data)
            self.header_plus, self.header_bytes_received = bytes(head[:known]), known
            head.clear()
        taken = int(super().received(data))
        body = self.body_rcv
        if isinstance(body, ChunkedReceiver) and (
            len(body.control_line) > LONGEST_SIZE_LINE or len(body.trailer) > LONGEST_TRAILER
        ):
            self.error, self.completed = BadRequest("A chunk's size line or the trailer is too long"), True
        if self.error:
            self.expect_continue = False  # nobody waits for a body that is refused
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """Refuses what a proxy before this server may have read as another request (RFC 9112, 6.3).

        Raises:
            ParsingError: the length is told twice, or in a way that its version doesn't know.
        """
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding exclude each other")
        if "TRANSFER_ENCODING" in self.headers:  # of 1.1 it was taken out
            raise ParsingError("Transfer-Encoding is of HTTP/1.1")
