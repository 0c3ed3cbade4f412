"""The line at the bottom of a terminal."""

import io

import pytest
from swath.progress import terminal
from swath.progress.terminal import Bar, is_terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch) -> Terminal:
    monkeypatch.setattr(terminal, "_PAUSE_S", 0.0)
    return Terminal()


def test_a_line_is_drawn_once_and_erased(screen):
    bar = Bar(screen, {"TERM": "xterm"})
    bar.draw("epsf 1/2")
    bar.draw("epsf 1/2")
    bar.draw("epsf 2/2")
    bar.clear()
    bar.clear()
    assert screen.getvalue() == "\r\x1b[Kepsf 1/2\r\r\x1b[Kepsf 2/2\r\r\x1b[K"


def test_nothing_is_drawn_while_others_print(monkeypatch):
    monkeypatch.setattr(terminal, "_PAUSE_S", 60.0)
    screen = Terminal()
    bar = Bar(screen, {"TERM": "xterm"})
    bar.clear()
    bar.draw("epsf 1/2")
    assert screen.getvalue() == ""


@pytest.mark.parametrize(
    ("stream", "environment"), [(io.StringIO(), {"TERM": "xterm"}), (Terminal(), {"TERM": "dumb"}), (Terminal(), {})]
)
def test_no_bar_where_a_line_cannot_be_erased(stream, environment):
    assert not is_terminal(stream, environment)
    bar = Bar(stream, environment)
    bar.draw("epsf 1/2")
    bar.clear()
    assert stream.getvalue() == ""
    assert bar.width == 0
    Bar(None).draw("epsf 1/2")
