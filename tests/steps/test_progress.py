"""Long work shows how far it is: in place on a terminal, in plain lines in a log."""

from __future__ import annotations

import io

from ingest.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_plain_lines() -> None:
    """No control codes in a file that a person reads next week."""
    log = io.StringIO()
    progress = Progress(log, seconds_between=0)
    with progress.step("read"):
        progress.moving("read: 20,000 lines")
    progress.say("done")
    assert log.getvalue() == "read: 20,000 lines\ndone\n"
    assert list(progress.seconds) == ["read"]


def test_a_log_is_not_flooded() -> None:
    """Of a thousand small steps a log shows none that come within ten seconds."""
    log = io.StringIO()
    progress = Progress(log)
    for number in range(1000):
        progress.moving(str(number))
    assert log.getvalue() == ""


def test_a_terminal_moves_in_place() -> None:
    """And what is said stays, on a line of its own."""
    screen = Terminal()
    progress = Progress(screen)
    progress._told -= 1
    progress.moving("read: 20,000 lines")
    progress.say("done")
    assert screen.getvalue().endswith("read: 20,000 lines\r\x1b[Kdone\n")
