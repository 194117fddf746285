"""Trains while a page in the browser shows it."""

import time
from collections.abc import Callable

from freyvae.live.feed import Feed
from freyvae.live.follower import LiveFollower
from freyvae.live.server import served
from freyvae.run import Run


def followed(
    run: Run,
    train: Callable[[LiveFollower], Run],
    *,
    title: str,
    port: int | None,
    browser: bool,
    say: Callable[[str], None],
) -> Run:
    """Train with a page that shows it, and serve that page until Ctrl-C when the training is over.

    Args:
        run: what will be trained; the page has links to its report and its explorer when they are there.
        train: trains with a callback, and draws.
        title: of the page.
        port: to listen on; None for the usual one, or the next free one.
        browser: open the page in the browser, when the training begins.
        say: how to say a line.

    Raises:
        BadInput: no port is free; and whatever `train` raises.
    """
    feed = Feed()
    with served(run, feed, title=title, port=port, say=say) as page:
        follower = LiveFollower(feed, on_begin=lambda: page.open(say, browser=browser))
        try:
            done = train(follower)
        except BaseException:
            feed.tell(state=feed.state | {"state": "stopped"})
            raise
        if not follower.has_begun:  # it was trained already
            page.open(say, browser=browser)
            history = done.read_history()
            rows = [dict(zip(history, values, strict=True)) for values in zip(*history.values(), strict=True)]
            trained = {"epoch": len(rows), "epochs": len(rows), "share": 1.0, "seconds": done.training.seconds}
            feed.tell(rows=rows, state=trained | {"state": "drawing"})
        feed.tell(state=feed.state | {"state": "done", "has_pages": done.explorer_path.is_file()})
        say("trained: the page stays until Ctrl-C")
        try:
            stay()
        except KeyboardInterrupt:
            say("stopped")
    return done


def stay() -> None:
    """Wait until the process is told to stop."""
    while True:
        time.sleep(3600)  # Ctrl-C ends this on Windows too, unlike a lock that is waited for
