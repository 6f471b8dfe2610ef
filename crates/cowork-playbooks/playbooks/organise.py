# /// playbook
# name = "organise"
# about = "Moves the files that lie directly in a folder into subfolders: by type, by month, or by a name they share"
# title = "Organise {folders} by {by}"
# examples = [
#   "Organise these files by type",
#   "Put everything into year/month folders",
#   "group these files by the first word of their names",
# ]
# folders = "write"
#
# [words]
# do = [
#   "one for filekind", "filekind to filekind folder",
#   "each in … own folder", "in … own folder", "split … filekind from filekind", "keep … apart", "put … apart", "in one folder … in another", "split filekind and filekind",
#   "organise", "group", "tidy", "bring order", "bring some order", "clean … sort", "order … folder", "sort out … folder",
#   "move … into folder", "put … into folder", "put … into subfolder", "split … into folder", "move … into subfolder", "file away",
#   "into folder", "into subfolder", "put … in order", "get … in order", "in separate folder", "into separate folder", "structure",
#   "a folder for each", "folder by", "put … in folder", "move … in folder",
# ]
# maybe = ["put", "split", "order", "file … by", "sort out", "clean", "move", "file … into"]
# with = ["file"]
# never = [
#   "who is in",
#   "duplicate", "duplicates", "twice", "rename", "lowercase", "uppercase", "delete", "empty", "junk", "copy", "place", "location", "gps",
#   "tab", "trip", "best way", "back to", "back where", "outside", "trash", "filename … into", "before each filename", "each filename", "every filename", "all filename", "filename to", "to filename", "size",
# ]
#
# [param.by]
# about = "What decides the subfolder"
# type = "choice"
# default = "type"
# [param.by.choices]
# type = [
#   "filekind in one folder … in another", "filekind file in one folder … in another",
#   "one for filekind", "filekind to filekind folder",
#   "by filetype",
#   "filekind each in … own folder", "filekind in … own folder", "split … filekind from filekind", "split filekind and filekind", "filekind and filekind apart", "filekind apart",
#   "by type", "by kind", "by extension", "by format", "by suffix", "by category", "by sort of file", "by what they are", "by what kind",
#   "by what type", "a folder for documents", "pdf … in one folder", "type folder",
# ]
# date = [
#   "by date", "by month", "by year", "by quarter", "by age", "by modified", "by modification", "by last changed", "by when", "by time",
#   "by how old", "by day", "monthly folder", "yearly folder", "dated folder", "month folder", "year folder", "chronological", "folder for … year", "folder for … month", "folder for … date",
#   "chronologically", "year month folder", "date folder",
# ]
# name = [
#   "by name", "by first word", "by the first word", "by what their names begin with", "by how their names begin", "by client", "by customer", "by company", "by project", "by prefix", "by pattern", "by filename", "by supplier", "by vendor",
#   "by person", "by subject", "by who", "by sender", "by author", "by topic", "by employee", "by tenant", "by patient", "by student",
#   "by brand", "by shop", "by course", "by case", "by account name", "client folder", "project folder", "customer folder", "named after", "same name", "same prefix", "similar name",
# ]
#
# [param.each]
# about = "With by = date: whether each month or each year gets a folder"
# type = "choice"
# default = "month"
# sets = { by = "date" }
# [param.each.choices]
# month = ["by month", "monthly folder", "month folder", "folder for … month", "year month folder", "year … month", "month … year"]
# year = ["by year", "yearly folder", "year folder", "folder for … year", "by calendar year", "annual folder"]
#
# [param.pattern]
# about = "With by = name: only files whose name fits this, such as `Acme*`, go into one folder named after it"
# type = "text"
# default = ""
#
# [param.rules]
# about = "The path of a file with your own rules; empty for none"
# type = "text"
# default = ""
# after = ["rules in", "rules from", "rules file", "rule file", "following the rules in"]
# titles = { by = "your rules" }
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not move", "not do", "not organise"]
# ///
import re

MOST_RULES = 500


def files(number):
    return "1 file" if number == 1 else f"{number} files"


def things(number, folders):
    return files(number) + (f" and {'1 folder' if folders == 1 else str(folders) + ' folders'}" if folders else "")


def add(into, key, number):
    into[key] = into.get(key, 0) + number


def staying_for(stayed):
    """Says how many stay for which reason."""
    told = sorted([item for item in stayed.items() if item[1]], key=lambda item: (-item[1], item[0]))
    return " (" + ", ".join([f"{reason}: {number}" for reason, number in told[:8]]) + (", …" if len(told) > 8 else "") + ")" if told else ""


SOURCES = {"name": "out of the name", "content": "out of the photo or PDF itself", "changed": "of the last change, for want of another"}


def dates_from(dated):
    """Says where dates are from."""
    told = [f"{dated[source]} {SOURCES[source]}" for source in SOURCES if dated.get(source)]
    return f"Dates: {', '.join(told)}." if told else ""


# The rules file.


def read_rules(path):
    """Reads a file of rules: a list of (pattern, folder), in order."""
    found = read_file(path)
    if found["binary"]:
        raise SystemExit(f"The rules file {path} is not a text\ngive a text file with lines such as: *.pdf -> Papers")
    if found["next"] is not None:
        raise SystemExit(f"The rules file {path} is too long\nrules take up to {MOST_RULES} lines")
    rules = []
    lines = found["text"].replace("\r\n", "\n").split("\n")
    for at in range(len(lines)):
        line = lines[at].strip()
        if line and not line.startswith("#"):
            rules += read_rule(line, f"The rules file {path}, line {at + 1}: ")
    if not rules:
        raise SystemExit(f"The rules file {path} has no rule in it\nwrite lines such as: *.pdf -> Papers")
    if len(rules) > MOST_RULES:
        raise SystemExit(f"The rules file {path} has {len(rules)} rules\nit may have up to {MOST_RULES}")
    return rules


def read_rule(line, where):
    if "->" not in line:
        raise SystemExit(where + f"there is no arrow in “{line}”\nwrite a pattern, an arrow, a folder: *.pdf -> Papers")
    patterns, _, target = line.partition("->")
    target = target.strip().strip("/")
    patterns = [p.strip().lower() for p in patterns.split(",") if p.strip()]
    if not patterns:
        raise SystemExit(where + "there is no pattern before the arrow\nwrite one such as *.pdf or invoice*")
    if not target:
        raise SystemExit(where + "there is no folder after the arrow\nwrite its name, or a dot for files that are to stay")
    if "->" in target:
        raise SystemExit(where + "there are two arrows\nwrite one rule a line")
    for part in target.split("/"):
        if part == ".." or (part == "." and target != ".") or not part.strip():
            raise SystemExit(where + f"“{target}” does not lead to a folder below\nwrite names with a / between them")
    for word in re.findall(r"\{([^{}]*)\}", target):
        if word not in ("year", "month", "day", "type", "ext"):
            raise SystemExit(where + f"nothing is known as {{{word}}}\nthere are {{year}}, {{month}}, {{day}}, {{type}} and {{ext}}")
    if re.sub(r"\{[a-z]+\}", "", target).count("{") + re.sub(r"\{[a-z]+\}", "", target).count("}"):
        raise SystemExit(where + "a { or } stands alone\nwrite {year}, {month}, {day}, {type} or {ext}")
    for pattern in patterns:
        if "/" in pattern:
            raise SystemExit(where + f"“{pattern}” has a / in it\npatterns are about the names of files only")
    return [(pattern, target) for pattern in patterns]


# Where files go.


def rules_for(place):
    """Gives the rules for a folder; its rules file stays."""
    if rule_list:
        home, _, name = rules_file.rpartition("/")
        first = [(name, ".")] if home == place else []
        return [{"files": files, "folder": target} for files, target in first + rule_list]
    plain = pattern.strip()
    if by == "name" and plain:
        target = re.sub(r"[*?/\\{}\x00-\x1f]+", " ", plain).strip(" .-_") or "Other"
        return [{"files": plain if "*" in plain or "?" in plain else f"*{plain}*", "folder": target}]
    return []


def called(to):
    """Gives a folder as it is told: with the one that it is in only if there are several of those."""
    return (to if several else to.partition("/")[2]) + "/"


places = folders("write")
several = len(places) > 1
look = "Look at the folders" if several else "Look at the folder"
how = f"Decide by the rules in {rules.strip()}" if rules.strip() else "Decide where things go"
plan([look, how, "Move files"])

step(look)
rule_list = []
rules_file = ""
if rules.strip():
    asked = rules.strip()
    rules_file = asked if asked.partition("/")[0] in folders() and "/" in asked else f"{places[0]}/{asked}"
    rule_list = read_rules(rules_file)
decides = each if by == "date" else by
suggested = gather([later(suggest_folders, place, by=decides, rules=rules_for(place), most=100000) for place in places])
found = sum([one["count"] for one in suggested])
inside = sum([one["inside"] for one in suggested])
done(f"{files(found)}, {inside} folder{'' if inside == 1 else 's'}")

step(how)
batches = []
stayed = {}
dated = {}
notes = []
for place, one in zip(places, suggested):
    if one["project"]:
        notes.append(f"{place} is the folder of a project ({one['project']} lies in it), so nothing in it was moved.")
    if one["more"]:
        notes.append(f"{place} holds more than is moved in one go, {one['count']} files: run it again for the rest.")
    for reason, number in one["stay"].items():
        add(stayed, reason, number)
    for source, number in one["dated"].items():
        add(dated, source, number)
    moves = one["moves"] + one["along"]
    if moves:
        batches.append((moves, one["folders"]))
planned = {}
for moves, _ in batches:
    for move in moves:
        add(planned, called(move["to"]), len(move["names"]))
total = sum(planned.values())
pages = sum([len(move["names"]) for _, along in batches for move in along])
staying = sum(stayed.values())
done(f"{total + pages} to move, {staying} stay")

if dates_from(dated):
    notes.append(dates_from(dated))
said = "".join([f" {note}" for note in notes])
data = {"moved": 0, "left": staying, "folders": {}, "stayed": stayed}
if notes:
    data["notes"] = notes
if total == 0:
    nothing = f"Nothing to move: {files(staying)} left as they were{staying_for(stayed)}." if staying else "Nothing to move: no files here."
    finish(nothing + said, data)
if dry_run:
    data["dry_run"] = True
    data["folders"] = dict(sorted(planned.items(), key=lambda item: (-item[1], item[0])))
    finish(f"{things(total, pages)} would be moved, {staying} left as they are{staying_for(stayed)}; nothing was changed.{said}", data)

step("Move files")
results = gather([later(move_files, moves + along, if_taken="number") for moves, along in batches], return_exceptions=True)
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
moved = 0
pages_moved = 0
renamed = 0
not_done = []
reasons = []
untold = ""
made_of = {}
for (moves, along), result in zip(batches, results):
    if isinstance(result, Exception):
        number = sum([len(move["names"]) for move in moves + along])
        staying += number
        not_done.append({"folder": moves[0]["from"], "files": number, "why": str(result)})
        untold += f" Not done: {number:,}, because {result}."
        continue
    for move, number in zip(moves, result["each"]):
        add(made_of, called(move["to"]), number)
    pages_moved += sum(result["each"][len(moves) :])
    moved += result["made"]
    renamed += result["renamed"]
    staying += result["left"]
    not_done += [{"path": other["path"], "why": other["reason"]} for other in result["otherwise"] if not other.get("renamed")]
    reasons += result["reasons"]
    untold += f" {result['told']}" if result["told"] else ""
done(f"{things(moved - pages_moved, pages_moved)} moved")
if reasons and not moved:
    raise SystemExit(f"Nothing was moved: {reasons[0]['why']}\n{reasons[0]['fix']}")

counts = sorted([item for item in made_of.items() if item[1]], key=lambda item: (-item[1], item[0]))
data["folders"] = dict(counts)
data["moved"] = moved
data["renamed"] = renamed
data["left"] = staying
if not_done:
    data["not_done"] = not_done
summary = f"{things(moved - pages_moved, pages_moved)} moved, {staying} left as they were{staying_for(stayed)}, nothing deleted."
if renamed:
    summary += f" {renamed} got a number, because the name was taken."
summary += untold + said
if counts:
    summary += "\n\n  " + "   ".join([f"{folder} {number}" for folder, number in counts[:8]])
if len(counts) > 8:
    summary += f"   and {len(counts) - 8} more"
finish(summary, data)
