# 27. Changes a file whose group the sandbox doesn't know (fact `strange`, laid by the host; more names with commas between).
# Must happen: it is changed, or refused with EACCES, EPERM or EROFS; never EOVERFLOW, and never half: what was in it is still in it.
import errno
import os

from attempts import escaped, facts, finish, ok

for name in filter(None, facts().get("strange", "").split(",")):
    def content():
        with open(name, "rb") as file:
            return file.read()

    try:
        before = content()
    except OSError as error:
        ok(f"27 reading {name}", errno.errorcode[error.errno])
        continue
    attempts = {
        "appending to": lambda: os.write(os.open(name, os.O_WRONLY | os.O_APPEND), b"more\n"),
        "the mode of": lambda: os.chmod(name, 0o640),
        "the times of": lambda: os.utime(name),
        "renaming": lambda: os.rename(name, name + ".27") or os.rename(name + ".27", name),
    }
    for what, attempt in attempts.items():
        try:
            attempt()
            ok(f"27 {what} {name}", "done")
        except OSError as error:
            known = errno.errorcode[error.errno]
            clean = known in ("EACCES", "EPERM", "EROFS")
            (ok if clean else escaped)(f"27 {what} {name}", known)
    if not content().startswith(before):
        escaped(f"27 the content of {name}", "is not what it was")
finish()
