"""Serves a training while it lasts: a page, and what is new as server-sent events."""

import json
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from freyvae.explorer.server import PORT, SECONDS_TO_ANSWER, Handler, make_server
from freyvae.live.feed import Feed, News
from freyvae.live.page import live_page, policy
from freyvae.run import Run

PAGE = "/live"
EVENTS = "/live/events"
# without news the state is sent again, so that who has left is noticed
_SECONDS_TO_PING = 10.0
# between one event and the next
_SECONDS_BETWEEN = 0.5
# after which there is no news
_ENDS = ("done", "stopped")


@contextmanager
def served(run: Run, feed: Feed, *, title: str, port: int | None, say: Callable[[str], None]) -> Iterator["Live"]:
    """Serve the page of a training in this block, beside the run's own files. Raises `BadInput` as `make_server`."""

    class LiveHandler(Handler):
        home, page_name, printed_by = PAGE, "page", "freyvae train --live"

        def serve_path(self, path: str) -> None:
            if path == PAGE:
                self.answer_with(live_page(title), "text/html; charset=utf-8", policy())
            elif path == EVENTS:
                _send_events(self, feed)
            else:
                super().serve_path(path)

    with make_server(run, port=PORT if port is None else port, say=say, handler=LiveHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
        thread.start()
        try:
            yield Live(server.address(server.token), server.address(server.token_for_once()))
        finally:
            server.shutdown()


class Live:
    """Where a training can be looked at.

    Attributes:
        address: of the page.
    """

    def __init__(self, address: str, address_for_once: str):
        self.address, self._for_once = address, address_for_once

    def open(self, say: Callable[[str], None], *, browser: bool = True) -> None:
        """Say where it is, and open it in the browser."""
        say(f"live at {self.address}")
        # other users can read the command line of the browser, so its token is valid only once
        if browser and not webbrowser.open(self._for_once):
            say("no browser could be opened: open the address by hand")


def _send_events(handler: Handler, feed: Feed) -> None:
    """Send news until the other side has left, or the training is over."""
    handler.begin_stream("text/event-stream")
    if handler.command == "HEAD":
        return
    seen = drawn = changes = 0
    while True:
        handler.server.give(handler.connection, SECONDS_TO_ANSWER)
        news = feed.news(seen, drawn)
        handler.wfile.write(_event(news))
        handler.wfile.flush()
        seen, drawn = news.seen, news.drawn
        if news.state["state"] in _ENDS:
            return
        changes = feed.wait(changes, _SECONDS_TO_PING)
        if feed.state["state"] not in _ENDS:
            time.sleep(_SECONDS_BETWEEN)


def _event(news: News) -> bytes:
    found: dict[str, Any] = {**news.state, "first": news.seen - len(news.rows), "rows": news.rows}
    if news.pictures is not None:
        found["pictures"] = news.pictures
    return f"data: {json.dumps(found, separators=(',', ':'))}\n\n".encode()
