# /// playbook
# name = "rename"
# about = "Renames files: by date, number, case, pattern or replacement, or tidies their names"
# title = "Rename files in {folders} by {by}"
# examples = ["rename the photos by the date they were taken", "make all filenames lowercase", "number these files 001, 002, 003"]
# folders = "write"
# destructive = true
#
# [words]
# maybe = ["add the date", "add a date", "add … as a prefix", "append … filename", "append a number", "append the date", "put the date", "put the number", "start … name", "begin … name", "begin … filename", "start … filename", "rename", "filename",
#   "replace … in filename", "tidy … filename", "clean … filename", "remove … from filename", "tidy … name", "delete … from filename",
#   "number … file", "number … photo", "number … scan", "number … document", "number … picture", "prefix … file",
#   "number … consecutively", "number … sequentially", "lowercase … filename", "delete … filename", "delete … in name",
#   "change … filename", "replace … filename", "put the date in front", "put the date before", "add … to the start of", "add … to the front of", "put … at the front of",
#   "replace … in the name", "delete … from … name", "add … to filename", "put … in filename", "put … in front of", "sanitise", "sanitize", "put … filename", "add … filename", "use … filename",
#   "slugify", "convert … filename", "turn … filename",  "number", "lowercase", "uppercase", "capitalise", "capitalize", "prefix", "renumber", "change … name", "give … name", "give … number", "names", "give … file", "lower case", "add … to … name", "convert … name"]
# with = ["filename", "file", "name"]
# forms = [
#   "delete '{find}' from filename", "delete '{find}' in filename", "delete '{find}' from the name",
#   "replace {find} with {with} in filename", "change {find} to {with} in filename", "replace {find} with {with} in the name",
#   "in filename replace {find} with {with}", "in filename change {find} to {with}", "change {find} to {with} in the name", "replace {find} by {with} in filename",
#   "in every filename replace {find} with {with}",
# ]
# never = [
#   "number … slide", "number … page", "number … line",
#   "in the text", "inside the file", "text file", "in the contents", "folder by", "into folder", "subfolder", "column", "row", "contents of",
#   "variable", "every mention", "find … mention",
# ]
#
# [param.by]
# about = "How the new names are made"
# type = "choice"
# default = "tidy"
# [param.by.choices]
# tidy = [
#   "space", "underscore", "odd character", "strange character", "special character", "weird character", "funny character", "illegal character",
#   "invalid character", "accents", "umlaut", "tidy … name", "tidy … filename", "clean … filename", "clean … name", "messy name", "messy filename",
#   "consistent name", "punctuation", "whitespace", "blank", "blanks", "brackets", "emoji", "hyphen", "dash", "tidy name", "sanitise", "sanitize",
#   "symbols", "non-ascii", "unusual character", "clean name",
# ]
# date = [
#   "date … prefix",
#   "by date", "by date taken", "by date they were taken", "by taken", "by when", "by exif", "by capture", "date in front", "date prefix",
#   "date at the front", "date first", "date before", "prefix … date", "date … name", "date … filename", "date taken", "shooting date", "by the day", "by creation", "by invoice date",
#   "capture date", "date to the start", "date to the front", "date … front", "date … start", "with … date", "their date", "iso date", "exif date", "day they were taken", "creation date", "date they were",
# ]
# number = [
#   "number", "numbers", "numbered", "renumber", "sequence", "sequential", "sequentially", "consecutive", "consecutively", "count up", "running number", "001",
#   "001 002 003", "001 002", "01 02 03", "01 02", "1 2 3", "01", "0001", "1 2 3", "counter", "numbering", "in sequence",
# ]
# case = [
#   "lowercase", "lower case", "lower-case", "uppercase", "upper case", "capitals", "capital letter", "capitalise", "capitalize", "title case", "small letters", "all caps",
#   "case", "caps", "sentence case",
# ]
# slug = ["slug", "slugs", "url", "web-safe", "web safe", "url-safe", "kebab", "slugify", "web friendly", "web-friendly", "url friendly", "kebab-case"]
# pattern = ["by pattern", "with the pattern", "using the pattern", "to the pattern", "scheme", "using this pattern", "template", "follow the pattern", "pattern"]
# replace = []
#
# [param.case]
# about = "With by = case: which"
# type = "choice"
# default = "lower"
# sets = { by = "case" }
# [param.case.choices]
# lower = ["lowercase", "lower case", "lower-case", "small letters", "no capitals", "without capitals", "not capitals"]
# upper = ["uppercase", "upper case", "all capitals", "all caps", "in capitals", "capital letters", "block capitals", "capitals"]
# title = ["title case", "capitalise", "capitalize", "capitalise each word", "capital first letter", "start with a capital"]
#
# [param.pattern]
# about = "With by = pattern: the new name, such as `{date} {name}`"
# type = "text"
# default = ""
# after = ["the pattern", "pattern"]
# sets = { by = "pattern" }
#
# [param.find]
# about = "With by = replace: the text in the names"
# type = "text"
# default = ""
# after = ["remove the word", "delete the word", "remove the text", "remove the prefix", "remove the suffix", "without the word", "remove the phrase"]
# sets = { by = "replace" }
#
# [param.with]
# about = "With by = replace: what is put in its place"
# type = "text"
# default = ""
# sets = { by = "replace" }
#
# [param.files]
# about = "Only files whose names fit this, such as `*.pdf`"
# type = "text"
# default = ""
#
# [param.start]
# about = "With by = number: the first number"
# type = "number"
# default = 1
# after = ["starting at", "starting from", "starting with", "start at", "start from", "beginning at", "beginning with", "from number", "start with"]
# sets = { by = "number" }
#
# [param.only]
# about = "Only these kinds of files; all if left out"
# type = "choice"
# default = "all"
# several = true
# limits = true
# [param.only.choices]
# all = []
# photos = ["photo"]
# videos = ["video", "movie", "film", "mp4"]
# music = ["music", "song", "mp3", "audio", "audio file"]
# pdfs = ["pdf"]
# documents = ["document", "word document", "docx"]
# spreadsheets = ["spreadsheet"]
# presentations = ["presentation", "powerpoint", "slide"]
# archives = ["zip", "zip file", "archive file"]
# screenshots = ["screenshot", "screengrab"]
# scans = ["scan"]
# invoices = ["invoice"]
# receipts = ["receipt"]
# letters = ["letter"]
# contracts = ["contract"]
# installers = []
# code = []
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not rename", "not move", "not do"]
# ///


def counted(number):
    return "1 file" if number == 1 else f"{number} files"


def add(stay, reason, number=1):
    if number:
        stay[reason] = stay.get(reason, 0) + number


def staying_for(stayed):
    """Says how many stay for which reason."""
    told = sorted([item for item in stayed.items() if item[1]], key=lambda item: (-item[1], item[0]))
    return " (" + ", ".join([f"{reason}: {number}" for reason, number in told[:8]]) + (", …" if len(told) > 8 else "") + ")" if told else ""


SOURCES = {"name": "out of the name", "content": "out of the photo or PDF itself", "changed": "of the last change, for want of another"}


def dates_from(dated):
    """Says where dates are from."""
    told = [f"{dated[source]} {SOURCES[source]}" for source in SOURCES if dated.get(source)]
    return f"Dates: {', '.join(told)}." if told else ""


rule = {"by": case if by == "case" else by, "most": 100000}
if by == "pattern":
    rule["pattern"] = pattern
if by == "replace":
    rule["find"] = find
    rule["with"] = with_
if by in ("number", "pattern"):
    rule["start"] = start
kinds = [kind for kind in only.split(",") if kind != "all"]
if kinds:
    rule["only"] = kinds
if files.strip():
    rule["files"] = files.strip()
places = folders("write")
plan(["Decide on names", "Rename files"])

step("Decide on names")
suggested = gather([later(suggest_names, place, **rule) for place in places])
stayed = {}
notes = []
batches = []
for place, names in zip(places, suggested):
    for reason, number in names["stay"].items():
        add(stayed, reason, number)
    if names["more"]:
        notes.append(f"{place} holds more files than are renamed in one go, {names['count']}: run it again for the rest.")
    if names["project"]:
        notes.append(f"{place} is the folder of a project ({names['project']} lies in it), so nothing in it was renamed.")
    if names["moves"]:
        batches.append(names["moves"])
total = sum([len(moves) for moves in batches])
staying = sum(stayed.values())
done(f"{total} to rename, {staying} stay")
dated = {}
for names in suggested:
    for source, number in names["dated"].items():
        add(dated, source, number)
if dates_from(dated):
    notes.append(dates_from(dated))
nothing = stayed.get("names of which nothing would be left", 0)
if nothing:
    notes.append(f"{counted(nothing)} would have no name left, so {'it keeps its own' if nothing == 1 else 'they keep theirs'}.")

said = "".join([f" {note}" for note in notes])
data = {"renamed": 0, "left": staying, "stayed": stayed}
if notes:
    data["notes"] = notes


def one_line(path):
    return path.split("/")[-1].replace("\n", "\\n")


def shown(moves, number):
    lines = []
    for move in moves[:8]:
        lines.append(f"\n  {one_line(move['from'])} → {one_line(move['to'])}")
    return "\n" + "".join(lines) + (f"\n  and {number - min(len(moves), 8)} more" if number > len(moves[:8]) else "") if moves else ""


first = [move for moves in batches[:1] for move in moves[:100]]
if total == 0:
    finish((f"Nothing to rename: {counted(staying)} left as they were{staying_for(stayed)}." if staying else "Nothing to rename: no files here.") + said, data)
if dry_run:
    data["dry_run"] = True
    data["would"] = [move for moves in batches for move in moves[:1000]]
    finish(f"{counted(total)} would be renamed, {staying} left as they are{staying_for(stayed)}; nothing was changed.{said}" + shown(first, total), data)

step("Rename files")
results = gather([later(move_files, moves) for moves in batches], return_exceptions=True)
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
made = 0
not_done = []
reasons = []
untold = ""
for moves, result in zip(batches, results):
    if isinstance(result, Exception):
        untold += f" Not done: {len(moves):,}, because {result}."
        not_done.append({"folder": moves[0]["from"].split("/")[0], "files": len(moves), "why": str(result)})
        staying += len(moves)
        continue
    made += result["made"]
    staying += result["left"]
    reasons += result["reasons"]
    untold += f" {result['told']}" if result["told"] else ""
    not_done += [{"path": moves[other["index"]]["from"], "why": other["reason"]} for other in result["otherwise"]]
    lost = set([moves[at]["from"] for span in result["left_at"] for at in range(span[0], span[1])])
    first = [move for move in first if move["from"] not in lost]
done(f"{counted(made)} renamed")
if reasons and not made:
    raise SystemExit(f"Nothing was renamed: {reasons[0]['why']}\n{reasons[0]['fix']}")
data["renamed"] = made
data["left"] = staying
if not_done:
    data["not_done"] = not_done
data["dated"] = dated
summary = f"{counted(made)} renamed, {staying} left as they were{staying_for(stayed)}." + untold
finish(summary + said + shown(first, made), data)
