# /// playbook
# name = "notes-report"
# about = "Puts notes (Markdown and text) into one document with contents and sources, or lists the open to-dos in them"
# title = "Collect the notes in {folders}"
# examples = ["turn my notes into one report", "list every open to-do in my notes", "collect the meeting notes into a single document with a table of contents"]
# folders = "write"
#
# [words]
# do = [
#   "still open", "what … open", "pull … together", "bring … together", "into a document",
#   "turn … into", "merge", "collect", "one document", "single document", "one report", "into a report", "into one", "into a single", "make … report", "make … document", "todo report", "write … report",
#   "put … into one", "list … todo", "list … to do", "list … task", "list … to dos", "show … to dos", "find … to dos", "which … to dos", "what … to dos", "give … to dos", "any … to dos", "are … to dos", "collect … to dos", "make … to dos", "see … to dos", "list … checkbox", "list … unticked", "show … todo", "show … to do", "show … task", "show … checkbox", "show … unticked", "find … todo", "find … to do", "find … task", "find … checkbox", "find … unticked", "which … todo", "which … to do", "which … task", "which … checkbox", "which … unticked", "what … todo", "what … to do", "what … task", "what … checkbox", "what … unticked", "give … todo", "give … to do", "give … task", "give … checkbox", "give … unticked", "any … todo", "any … to do", "any … task", "any … checkbox", "any … unticked", "are … todo", "are … to do", "are … task", "are … checkbox", "are … unticked", "collect … todo", "collect … to do", "collect … task", "collect … checkbox", "collect … unticked", "make … todo", "make … to do", "make … task", "make … checkbox", "make … unticked", "create … todo", "create … to do", "create … task", "create … checkbox", "create … unticked", "see … todo", "see … to do", "see … task", "see … checkbox", "see … unticked", "check … todo", "check … to do", "check … task", "check … checkbox", "check … unticked", "extract", "what … still to do", "still have to do", "pull … out", "put … together", "join … together", "pull out", "convert … into", "write up",
#   "one file", "make … out of", "create … from", "build … from", "open task", "report from", "report out of", "single file", "pull … from", "generate … from", "produce … from", "what is left to do", "one big document", "copy … into one",
# ]
# with = [
#   "by notes",
#   "note", "notes", "todo", "to dos", "todos", "to-dos", "markdown", "md", "journal", "diary", "diaries", "notebook", "meeting minutes", "protocol", "tasks", "logbook", "research note", "text file", "txt", "unticked", "checkbox", "unchecked",
#   "open task", "table of contents", "contents", "write-up", "log entry", "daily log", "lecture", "journals", "interview", "markdown file", "meeting", "in my notes", "writings", "open box", "ticked",
# ]
# never = [
#   "scan",
#   "csv", "tsv", "spreadsheet", "duplicate", "duplicates", "photo", "rename", "empty folder", "size", "space", "biggest", "replace", "organise", "pdf", "presentation", "summary", "email",
#   "into text", "into english", "into german", "into pdf", "folder overview", "xlsx", "appointment", "mention", "schedule",
# ]
#
# [param.what]
# about = "A report of all notes, or only the list of open to-dos"
# type = "choice"
# default = "report"
# [param.what.choices]
# report = []
# todos = [
#   "still open", "what … open",
#   "todo", "todos", "to do", "to dos", "to-dos", "open task", "task list", "tasks", "still to do", "unticked", "action", "actions", "checkbox", "unchecked", "left to do", "open box",
#   "outstanding", "unfinished", "open item", "pending",
# ]
#
# [param.title]
# about = "The document's title"
# type = "text"
# default = ""
# after = ["titled", "with the title", "entitled", "under the title", "headed", "called", "and call it", "call it", "title it", "named"]
#
# [param.to]
# about = "The file to write; empty for one named after the title"
# type = "text"
# default = ""
# after = ["save it as", "save as", "save it to", "write it to", "save to", "into a file called", "into the file", "in a file called", "save them to", "save the result as", "save them as"]
# ///
import re

MOST = 100000
SHOWN = 30


def counted(number, thing):
    return f"1 {thing}" if number == 1 else f"{number:,} {thing}s"


def below(path):
    return path if several or "/" not in path else path.partition("/")[2]


places = folders()
several = len(places) > 1
only_todos = what == "todos"
target = to.strip().strip("/")
if not target and not only_todos:
    target = "Notes report.md"
if target.lower().endswith((".pdf", ".docx", ".doc", ".odt", ".html", ".htm", ".txt", ".rtf")):
    stem, _, ending = target.rpartition(".")
    raise SystemExit(f"The report can't be a .{ending} file\nit is Markdown: call it {stem}.md")
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
unread = {}
left = []
errors = []
for place in places:
    after = None
    while True:
        options = {"after": after} if after else {}
        try:
            page = find_files(place, name="{*.md,*.markdown,*.txt}", kinds=["file"], most=100000, **options)
        except RuntimeError as error:
            errors.append(error)
            left.append({"path": place, "why": str(error)})
            break
        paths = [entry["path"] for entry in page["files"]]
        # Mostly none is: one look at all of them is cheaper than one at each.
        if stem.lower() in "\n".join(paths).lower():
            made = set([path for path in paths if own.match(path.rpartition("/")[2].lower())])
            left += [{"path": path, "why": "it is called like the report"} for path in paths if path in made]
            paths = [path for path in paths if path not in made]
        sources += paths
        unread[place] = page["skipped"].get("unreadable", 0)
        after = page.get("next")
        if not after or len(sources) > MOST:
            break
if len(errors) == len(places):
    raise errors[0]
left += [{"path": place, "why": f"{number:,} in it could not be looked into: there is no permission"} for place, number in unread.items() if number]
done(counted(len(sources), "note"))

if not sources:
    told = "".join([f" {below(one['path'])} is left out: {one['why']}." for one in left[:3]])
    finish("Nothing to do: no notes (.md, .txt) here." + told, {"texts": 0, "todos": [], "left": left})
if len(sources) > MOST:
    raise SystemExit(f"There are more than {MOST:,} notes, too many for one document\nrun it on a folder with fewer")

step(work)
dated = re.findall(r"(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d[^/\n]*$", "\n".join(sources), re.MULTILINE)
order = "date" if len(dated) * 2 > len(sources) else "name"
options = {"order": order, "title": name}
if target:
    options["path"] = folders("write")[0] + "/" + target
    options["if_taken"] = "number"
    options["parts"] = "todos" if only_todos else "all"
for attempt in range(3):
    try:
        joined = join_texts(sources=sources, **options)
        break
    except RuntimeError as error:
        # Somebody works on them just now: nothing was written yet.
        if attempt == 2 or "while it was being read" not in str(error):
            raise
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
