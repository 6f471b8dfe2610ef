# /// playbook
# name = "notes-report"
# about = "Joins the notes (Markdown and text) in a folder into one document with contents, sources and a list of open to-dos"
# title = "Make a report of the notes in {folders}"
# examples = [
#   "Turn my notes into one report",
#   "Collect the meeting notes into a single document with a table of contents",
#   "List every open to-do in my notes",
# ]
# folders = "read"
#
# [param.what]
# about = "The whole report, or only what is open to do"
# type = "choice"
# default = "report"
# [param.what.choices]
# report = ["report", "document"]
# todos = ["todo", "todos", "to-do", "to-dos", "to do", "to dos", "open tasks", "action items"]
#
# [param.title]
# about = "What the document is called"
# type = "text"
# default = ""
#
# [param.to]
# about = "The document's file, such as Report.md. None: Notes report.md; for to-dos, no file is written"
# type = "text"
# default = ""
# ///
import re

MOST = 100000
SHOWN = 30


def counted(number, thing):
    return f"1 {thing}" if number == 1 else f"{number:,} {thing}s"


def below(path):
    return path if several else path.partition("/")[2]


places = folders()
several = len(places) > 1
only_todos = what == "todos"
target = to.strip().strip("/")
if not target and not only_todos:
    target = "Notes report.md"
if target and not target.lower().endswith((".md", ".markdown")):
    target += ".md"
if target and not folders("write"):
    raise SystemExit("The report can't be written: no folder is allowed for writing\nallow one, or ask for the open to-dos only")
name = title.strip() or ("Open to-dos" if only_todos else "Notes")

find = "Find the notes"
work = "List what is open to do" if only_todos else "Write the report"
plan([find, work])

step(find)
# What this made before, under its own name or a number, is no note.
stem = target.rpartition("/")[2].rpartition(".")[0] or "Notes report"
own = re.compile(re.escape(stem.lower()) + r"( \(\d+\))?\.(md|markdown)$")
sources = []
made = []
left = []
errors = []
for place in places:
    after = None
    while True:
        options = {"after": after} if after else {}
        try:
            page = find_files(place, name="{*.md,*.markdown,*.txt}", kinds=["file"], most=10000, **options)
        except RuntimeError as error:
            errors.append(error)
            left.append({"path": place, "why": str(error)})
            break
        for entry in page["files"]:
            path = entry["path"]
            if own.match(path.rpartition("/")[2].lower()):
                made.append(path)
                left.append({"path": path, "why": "it is called like the report"})
            else:
                sources.append(path)
        after = page.get("next")
        if not after or len(sources) > MOST:
            break
if len(errors) == len(places):
    raise errors[0]
done(counted(len(sources), "note"))

if not sources:
    told = f" {below(made[0])} is left out: it is called like the report." if made else ""
    finish("Nothing to do: no notes (.md, .txt) here." + told, {"texts": 0, "todos": [], "left": left})
if len(sources) > MOST:
    raise SystemExit(f"There are more than {MOST:,} notes, too many for one document\nrun it on a folder with fewer")

step(work)
dated = [path for path in sources if re.search(r"(19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d[^/]*$", path)]
order = "date" if len(dated) * 2 > len(sources) else "name"
options = {"order": order, "title": name}
if target:
    options["path"] = folders("write")[0] + "/" + target
    options["if_taken"] = "number"
    options["parts"] = "todos" if only_todos else "all"
joined = join_texts(sources=sources, **options)
todos = joined["todo_count"]
left += joined["left"]
left_count = len(left) - len(joined["left"]) + joined["left_count"]
open_todos = counted(todos, "open to-do")
done(open_todos if only_todos else f"{counted(joined['texts'], 'note')}, {open_todos}")

if only_todos:
    noted = len(set([item["path"] for item in joined["todos"]]))
    summary = f"{open_todos} in {counted(noted, 'note')}; {counted(joined['texts'], 'note')} read." if todos and todos == len(joined["todos"]) else f"{open_todos}; {counted(joined['texts'], 'note')} read."
    if target:
        summary += f" They are in {below(joined['path'])}."
else:
    by = "date" if order == "date" else "name"
    summary = f"{counted(joined['texts'], 'note')} ({counted(joined['words'], 'word')}) by {by} in {below(joined['path'])}, {open_todos}."
    if joined["links"]:
        summary += f" {counted(joined['links'], 'link')} between notes {'leads' if joined['links'] == 1 else 'lead'} to {'its place' if joined['links'] == 1 else 'their places'} in it."
if todos:
    summary += "\n"
    shown = SHOWN if only_todos else 10
    for item in joined["todos"][:shown]:
        text = item["text"] if len(item["text"]) <= 100 else item["text"][:99] + "…"
        summary += f"\n  {below(item['path'])}:{item['line']}  {text}"
    if todos > shown:
        summary += f"\n  and {todos - shown:,} more"
if left_count:
    summary += "\n\nLeft out:"
    for item in left[:10]:
        summary += f"\n  {below(item['path'])}: {item['why']}"
    if left_count > 10:
        summary += f"\n  and {left_count - 10:,} more"
data = {"texts": joined["texts"], "words": joined["words"], "todo_count": todos, "todos": joined["todos"], "left": left}
if target:
    data["path"] = joined["path"]
finish(summary, data)
