"""Connections and their requests, as waitress knows them here.

Who has gone is noticed while its request is answered, and what a supervisor asks has threads of its own.

It relies on what waitress does not document, as `hsvis.serve.sockets` does: pyproject.toml pins it.
"""

import socket
from collections.abc import Collection
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.task import ThreadedTaskDispatcher, WSGITask

from hsvis.errors import ClientGoneError

APART = 2  # threads for what is answered whatever all others do
LOOKAHEAD = 1  # requests that a connection is read on for while one is served: so its end is seen


class Task(WSGITask):
    """A request; an answer that is given up half way is no fault of the server."""

    def execute(self) -> None:
        try:
            super().execute()
        except ClientGoneError:
            raise ClientDisconnected from None


class Channel(HTTPChannel):
    """A connection whose end is seen while a request of it is served.

    Somebody who sends no more may still read, though no browser does.  So it stays open, and whatever does
    not ask is answered; what takes long asks whether there is anybody (`waitress.client_disconnected`), is
    told that there is not, and ends.

    Of requests that are sent at once one is served after the other, each when the answer before has gone out:
    a connection holds one body and one answer at the most, however many come.
    """

    task_class = Task
    has_ended = False
    is_held = False  # its next request waits for the answer before

    def readable(self) -> bool:
        if self.requests and (self.has_ended or (self.request is not None and self.request.headers_finished)):
            return False
        return bool(super().readable())

    def holds_back(self) -> bool:
        """Whether its next request has to wait; the loop gives it to the server then, as soon as it may."""
        with self.outbuf_lock:
            self.is_held = bool(self.total_outbufs_len)
        return self.is_held

    def handle_write(self) -> None:
        super().handle_write()
        if self.is_held and self.requests and self.connected and not self.total_outbufs_len:
            self.is_held = False
            self.server.add_task(self)

    def handle_read(self) -> None:
        if self.requests:
            try:
                self.has_ended = not self.socket.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return
            except OSError:
                pass  # reset: waitress closes it
            if self.has_ended:
                return
        super().handle_read()

    def check_client_disconnected(self) -> bool:
        return self.has_ended or not self.connected


class Dispatcher(ThreadedTaskDispatcher):
    """Gives requests to threads; those of some paths to threads of their own."""

    def __init__(self, threads: int, apart: Collection[str]) -> None:
        """`apart`: paths whose requests are short, as they are sent."""
        super().__init__()
        self._paths, self._apart = frozenset(apart), ThreadedTaskDispatcher()
        self.set_thread_count(threads)
        self._apart.set_thread_count(APART if apart else 0)

    def add_task(self, task: Any) -> None:
        """`task`: a channel, whose first request is to be answered."""
        if task.holds_back():
            return
        if task.requests[0].path in self._paths:
            self._apart.add_task(task)
        else:
            super().add_task(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        self._apart.shutdown(cancel_pending, timeout)
        return bool(super().shutdown(cancel_pending, timeout))
