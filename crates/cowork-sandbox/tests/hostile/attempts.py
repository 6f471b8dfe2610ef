"""What the hostile programs in Python have in common: they say how each attempt went, and know what the host wrote into `facts`."""

import errno
import sys

_escaped = 0


def ok(what, how):
    """Prevented as it has to be."""
    print(f"ok {what}: {how}", flush=True)


def escaped(what, detail):
    """Not prevented, or not in the way that it has to be."""
    global _escaped
    _escaped += 1
    print(f"ESCAPED {what}: {detail}", flush=True)


def refused(what, attempt, *errors):
    """Makes an attempt, which has to fail with one of these errors (names)."""
    try:
        done = attempt()
    except OSError as error:
        name = errno.errorcode.get(error.errno, str(error))
        if name in errors:
            ok(what, name)
        else:
            escaped(what, f"refused with {name}, which is not the expected way")
    else:
        escaped(what, f"it was done: {done!r:.200}")


def facts():
    """Gives what the host said, or nothing."""
    try:
        with open("facts", encoding="utf-8", errors="surrogateescape") as lines:
            return dict(line.rstrip("\n").split("=", 1) for line in lines if "=" in line)
    except OSError:
        return {}


def finish():
    """Ends the program: well only if nothing escaped."""
    sys.stdout.flush()
    sys.exit(1 if _escaped else 0)
