#!/usr/bin/env python3
"""Runs a command on a pseudo-terminal and talks to it as a person would.

    terminal.py COMMAND … <<DIALOGUE

Lines of the dialogue: "wait TEXT" reads until the text has come, "type TEXT" sends a line, "press KEY"
a single key, "end STATUS" waits for the end. Nothing waits for a fixed time: what does not come within
a minute is a failure, told with all that was seen.
"""

import os
import pty
import select
import sys
import time

PATIENCE = 60


def fail(why, seen):
    sys.exit("%s; seen so far:\n%s" % (why, seen.decode(errors="replace")))


def main():
    dialogue = [line.rstrip("\n").partition(" ") for line in sys.stdin if line.strip()]
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", COLUMNS="80", LINES="24", PAGER="cat")
        os.execvp(sys.argv[1], sys.argv[1:])
    seen = b""  # of what was seen, everything
    position = 0  # and up to where it was waited for
    open_ = True

    def read(deadline):
        nonlocal seen, open_
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            piece = b""
        seen += piece
        open_ = bool(piece)
        return True

    for verb, _, text in dialogue:
        deadline = time.monotonic() + PATIENCE
        if verb == "wait":
            wanted = text.encode()
            while wanted not in seen[position:]:
                if not open_ or not read(deadline):
                    fail("waited for %r" % text, seen)
            position = seen.index(wanted, position) + len(wanted)
        elif verb in ("type", "press"):
            os.write(terminal, text.encode() + (b"\n" if verb == "type" else b""))
        elif verb == "end":
            while open_:
                if not read(deadline):
                    os.kill(child, 9)
                    fail("waited for the end", seen)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if status != int(text):
                fail("ended with %d instead of %s" % (status, text), seen)
        else:
            sys.exit("no verb %r" % verb)


main()
