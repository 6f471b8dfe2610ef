# Runs pieces of Python one after the other, in one place where names stay. Orders come as lines of JSON by handle 4, answers go by handle 3;
# what the code writes goes to handles 1 and 2, which are the same, and after each piece a mark.
def begin():
    import ast, base64, io, json, linecache, mimetypes, os, queue, signal, sys, threading, traceback, types

    orders = os.fdopen(4, "r", encoding="utf-8", newline="\n")
    answers = os.fdopen(3, "w", encoding="utf-8", newline="\n")
    marks = os.dup(2)
    for handle in (3, 4):
        os.set_inheritable(handle, False)
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")
    os.environ.setdefault("MPLBACKEND", "Agg")
    # What is installed goes to the home folder, and is found there.
    os.environ.update(PIP_USER="1", PIP_BREAK_SYSTEM_PACKAGES="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_WARN_SCRIPT_LOCATION="1")
    import site

    sys.path.append(site.getusersitepackages())
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.argv = [""]
    shown, most, largest = [], 10, 2 << 20

    def show(what, name=None):
        """Shows a picture or a file: a path, bytes, or anything that can be saved as a PNG."""
        if isinstance(what, (str, os.PathLike)):
            name = name or os.path.basename(os.fspath(what))
            with open(what, "rb") as file:
                data = file.read(largest + 1)
        elif isinstance(what, (bytes, bytearray)):
            data = bytes(what)
        else:
            name, data = name or f"plot-{len(shown) + 1}.png", picture(what)
        name = name or f"artifact-{len(shown) + 1}"
        if len(data) > largest or len(shown) >= most:
            print(f"{name} is not shown: at most {most} of at most {largest} bytes are", file=sys.stderr)
            return
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        shown.append({"name": name, "media_type": kind, "data": base64.b64encode(data).decode()})

    def picture(what):
        kept = io.BytesIO()
        if hasattr(what, "savefig"):
            what.savefig(kept, format="png", dpi=100, bbox_inches="tight")
        elif hasattr(what, "save"):
            what.save(kept, format="PNG")
        elif hasattr(what, "_repr_png_"):
            return what._repr_png_()
        else:
            raise TypeError(f"a {type(what).__name__} can't be shown: give a path, bytes, a figure or a picture")
        return kept.getvalue()

    def plots():
        plot = sys.modules.get("matplotlib.pyplot")
        if plot is None:
            return
        for number in plot.get_fignums():
            show(plot.figure(number))
        plot.close("all")

    main.show = show

    def do(source, file):
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        tree = ast.parse(source, file)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, file, "exec"), main.__dict__)
        value = None if last is None else eval(compile(ast.Expression(last.value), file, "eval"), main.__dict__)
        if value is not None:
            main._ = value
            if hasattr(value, "_repr_png_") and not hasattr(value, "savefig"):
                show(value)
        plots()
        return None if value is None else repr(value)

    def fault(error):
        place = error.__traceback__
        while place is not None and not place.tb_frame.f_code.co_filename.startswith("<cell"):
            place = place.tb_next
        lines = traceback.format_exception(type(error), error, place)
        return "".join(lines)

    waiting, busy = queue.Queue(), threading.Event()

    def listen():
        for line in orders:
            order = json.loads(line)
            if "stop" not in order:
                waiting.put(order)
            elif busy.is_set():
                os.kill(os.getpid(), signal.SIGINT)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        try:
            order = waiting.get()
        except KeyboardInterrupt:
            continue
        answer = {}
        try:
            busy.set()
            try:
                answer["result"] = do(order["code"], order["file"])
            finally:
                busy.clear()
        except BaseException as error:
            answer["error"] = fault(error)
        answer["artifacts"] = list(shown)
        shown.clear()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass
        os.write(marks, order["mark"].encode())
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


begin()
