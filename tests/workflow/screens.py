"""Commands on a pseudo terminal, and what its screen shows afterwards."""

import fcntl
import os
import pty
import re
import struct
import termios
from pathlib import Path

COLUMNS = 120
_PIECES = re.compile(r"\x1b\[(\d*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


def run_on_terminal(command: list[str], folder: Path, **environment: str) -> tuple[int, str]:
    """Run a command as if on a terminal of 120 columns; its exit code and all that it printed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "NO_COLOR")}
        os.execvpe(command[0], command, {**kept, "TERM": "xterm", **environment})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    printed = bytearray()
    try:
        while data := os.read(terminal, 65536):
            printed += data
    except OSError:  # how Linux says that nobody is at the other end any more
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed.decode()


def screen(printed: str) -> list[str]:
    """The lines that a terminal shows in the end, without colours."""
    lines, row, column = [""], 0, 0
    for number, code, back, down, text in _PIECES.findall(printed):
        if back:
            column = 0
        elif down:
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif text:
            lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
            column += len(text)
        elif code == "K" and number in ("", "0"):
            lines[row] = lines[row][:column]
        else:
            assert code == "m", f"a code that this screen does not know: {number}{code}"
    return lines
