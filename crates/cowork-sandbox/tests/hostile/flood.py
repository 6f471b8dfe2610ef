# 49. Writes without an end: a line of 64 MiB without one, then lines as fast as it can, to its output and its errors, until nobody reads.
# Must happen: the host keeps what it said it would keep, its memory does not grow with it, and it ends the program at its deadline (or by its
# output's limit). The first line is all that can be relied on.
import os
import signal
import sys

from attempts import ok

signal.signal(signal.SIGPIPE, signal.SIG_DFL)
ok("49 began", "the host cuts it off")
for _ in range(64):
    os.write(1, b"\x1b[31m\xff" + b"x" * (1 << 20))
line = b"y" * 100 + b"\n"
while True:
    os.write(1, line * 640)
    os.write(2, line * 640)
