#!/usr/bin/env python3
"""Runs a program on a terminal of its own, and types when something is shown.

usage: drive.py COLSxROWS [STEP ...] -- COMMAND [ARGUMENT ...]

  wait:TEXT   until TEXT has come since the last step that typed
  keys:TEXT   types TEXT; \\r, \\e and \\xNN as in Python
  rest:TIME   so many seconds
  size:COLSxROWS  another size of the terminal: the program draws everything anew
  mark:NAME   prints NAME and the seconds since the program began

Ends with the program's exit status; 1 when something does not come within 30 seconds."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 30
DRAWING = re.compile(rb"\x1b(\[[0-9;:?<>= ]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-B]|[=>78cDEHM])")


def main(arguments):
    at = arguments.index("--")
    size, steps, command = arguments[0], arguments[1:at], arguments[at + 1:]
    cols, rows = (int(part) for part in size.split("x"))
    child, terminal = pty.fork()
    if child == 0:
        # Before the program looks.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        os.execvp(command[0], command)
    begun, seen = time.monotonic(), b""

    def read(until):
        """Takes what comes; whether the program may still write."""
        nonlocal seen
        while True:
            left = until - time.monotonic()
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                return True
            try:
                more = os.read(terminal, 65536)
            except OSError:
                more = b""
            if not more:
                return False
            seen += more
            if until == float("inf"):
                continue
            return True

    def shown():
        return DRAWING.sub(b"", seen).decode(errors="replace")

    try:
        for step in steps:
            kind, _, value = step.partition(":")
            end = time.monotonic() + PATIENCE
            if kind == "wait":
                while value not in shown():
                    if time.monotonic() > end or not read(min(end, time.monotonic() + 0.1)):
                        sys.exit(f"drive: `{value}` did not come; last came:\n{shown()[-3000:]}")
            elif kind == "keys":
                seen = b""
                os.write(terminal, value.replace("\\e", "\x1b").encode().decode("unicode_escape").encode("latin-1"))
            elif kind == "rest":
                until = time.monotonic() + float(value)
                while time.monotonic() < until and read(until):
                    pass
            elif kind == "size":
                wide, high = (int(part) for part in value.split("x"))
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", high, wide, 0, 0))
            elif kind == "mark":
                print(value, f"{time.monotonic() - begun:.2f}")
            else:
                sys.exit(f"drive: no step `{kind}`")
        end = time.monotonic() + PATIENCE
        while read(min(end, time.monotonic() + 0.5)):
            if time.monotonic() > end:
                sys.exit(f"drive: {command[0]} does not end; last came:\n{shown()[-3000:]}")
    except SystemExit:
        os.kill(child, signal.SIGHUP)
        raise
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(status if status >= 0 else 128 - status)


main(sys.argv[1:])
