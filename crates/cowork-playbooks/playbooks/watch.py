# /// playbook
# name = "watch"
# about = "Watches a folder, and organises what arrives there"
# title = "Watch {folders}"
# examples = ["whenever a PDF lands in this folder, file it by date", "keep Downloads sorted from now on", "sort new files by type every morning"]
# folders = "write"
#
# [words]
# do = ["whenever", "keep … organise", "keep … tidy", "keep … in order", "keep … sorted", "when … arrive", "when … land", "when … come in", "when … appear", "when … get added", "when … show up", "if … arrive", "new file … arrive", "new ones",
#   "as … arrive", "as … come in", "when … added", "when … downloaded", "when … saved", "when … dropped", "when … turn up", "keep … clean", "keep … neat"]
# with = ["file", "organise", "tidy", "group", "put", "file it", "clean"]
# look = []
# never = ["email", "delete", "rename", "replace", "duplicate", "duplicates", "merge", "remind", "backup", "report", "summary", "empty", "convert", "place", "track", "size"]
#
# [param.apply]
# about = "The playbook that is applied to what arrives"
# type = "choice"
# default = "organise"
# [param.apply.choices]
# organise = []
#
# [param.by]
# about = "What decides the subfolder"
# type = "choice"
# default = "type"
# [param.by.choices]
# type = [
#   "by filetype",
#   "by type", "by kind", "by extension", "by format", "by suffix", "by category", "by sort of file", "by what they are", "by what kind",
#   "by what type", "a folder for documents", "pdf … in one folder", "type folder",
# ]
# date = [
#   "by date", "by month", "by year", "by quarter", "by age", "by modified", "by modification", "by last changed", "by when", "by time",
#   "by how old", "by day", "monthly folder", "yearly folder", "dated folder", "month folder", "year folder", "chronological", "folder for … year", "folder for … month", "folder for … date",
#   "chronologically", "year month folder", "date folder",
# ]
# name = [
#   "by name", "by client", "by customer", "by company", "by project", "by prefix", "by pattern", "by filename", "by supplier", "by vendor",
#   "by person", "by subject", "by who", "by sender", "by author", "by topic", "by employee", "by tenant", "by patient", "by student",
#   "by brand", "by shop", "by course", "by case", "by account name", "client folder", "project folder", "customer folder", "named after", "same name", "same prefix", "similar name",
# ]
#
# [param.pattern]
# about = "Only files whose name fits this, such as `*.pdf`"
# type = "text"
# default = ""
#
# [param.hours]
# about = "How long to watch, in hours"
# type = "number"
# default = 8
# unit = "hours"
# after = ["for the next", "for", "during the next", "over the next"]
# ///
from datetime import datetime, timedelta
import re

# What a call of `watch_folder` takes: more can't be told from what arrives.
MOST_KNOWN = 10000
# So many calls are made at most; a playbook may make 1,000.
MOST_CALLS = 980
# How long an empty file may stay empty before it is taken to be meant so, in minutes.
EMPTY = 60


def files_of(number):
    return "1 file" if number == 1 else f"{number:,} files"


def shown(text):
    return re.sub(r"[\x00-\x1f\x7f]", "\ufffd", text)


def not_made(number, reasons):
    """Says how many were not done, and why."""
    told = []
    for one in reasons[:3]:
        others = one["files"] - 1
        told.append(one["why"] + (f" (and {others:,} more like it)" if others else ""))
    return f" Not done: {number:,}, because {'; '.join(told)}{'; and for other reasons' if len(reasons) > 3 else ''}." if number else ""


def why_it_stays(entry):
    name = entry["name"]
    if entry["kind"] == "folder":
        return "folders"
    if entry["kind"] != "file":
        return "links and special files"
    if name.startswith("."):
        return "hidden files"
    if entry["category"] == "Unfinished":
        return "files in use or not complete"
    if fits and not fits.match(name.lower()):
        return "names that do not fit the pattern"
    # A clock that was never set, or one that runs ahead: such a date decides nothing. Times are in milliseconds.
    changed = entry["modified"]
    if by == "date" and (changed < -2208988800000 or 0 <= changed < 31536000000 or changed > until + 86400000):
        return "dates that can't be right"
    return ""


def folder_for(entry):
    if by == "date":
        # The month by UTC: the log knows no other zone.
        at = datetime(1970, 1, 1) + timedelta(seconds=entry["modified"] // 1000)
        return f"{at.year:04d}/{at.month:02d}"
    if by == "name":
        return re.sub(r"[*?/\\\x00-\x1f]+", " ", pattern).strip(" .-_") or "Other"
    return entry["category"]


def move_of(entry):
    top, slash, below = folder_for(entry).partition("/")
    # A folder is used as it is written already: no `Images` beside `images`.
    top = written.get(top.lower(), top)
    return {"from": entry["path"], "to": f"{place}/{top}{slash}{below}/{entry['name']}"}


def complete(entries):
    """Gives what may be moved; what is empty may be the place that a browser keeps for what it loads."""
    ready = []
    for entry in entries:
        # Somebody works on what was there before.
        reason = "files that were there before" if entry["path"] in before else why_it_stays(entry)
        if reason:
            if entry["path"] not in known:
                stayed[reason] = stayed.get(reason, 0) + 1
            known[entry["path"]] = 1
            pending.pop(entry["path"], None)
        elif entry["size"] == 0 and pending.get(entry["path"], 0) < EMPTY:
            pending.setdefault(entry["path"], 0)
            known[entry["path"]] = 1
        elif f"{entry['path']}.part" in known:
            # It is being loaded beside this name, and comes to it in the end.
            pending.setdefault(entry["path"], 0)
            known[entry["path"]] = 1
        else:
            pending.pop(entry["path"], None)
            ready.append(entry)
    return ready


def organised(entries):
    """Moves what is complete, in one batch; says how many were moved."""
    moves = [move_of(entry) for entry in entries]
    for entry in entries:
        known[entry["path"]] = 1
    try:
        result = move_files(moves, if_taken="number")
    except PermissionError as error:
        not_done.append({"files": len(moves), "why": str(error)})
        say(f"{files_of(len(moves))} left where they are: {error}")
        return 0
    except RuntimeError as error:
        # Perhaps another task is at work there: it is tried again, ever more seldom.
        for entry in entries:
            failed[entry["path"]] = (failed.get(entry["path"], (0, ""))[0] + 1, str(error))
            pending[entry["path"]] = min(EMPTY, 2 ** failed[entry["path"]][0])
        say(f"{files_of(len(moves))} not moved, tried again later: {error}")
        return 0
    for entry in entries:
        failed.pop(entry["path"], None)
    left_out = set()
    for other in result["otherwise"]:
        if not other.get("renamed"):
            left_out.add(other["index"])
            not_done.append({"path": other["path"], "why": other["reason"]})
    here = {}
    for index, move in enumerate(moves):
        if index in left_out:
            continue
        # Its name is free: another file of that name is a new one.
        known.pop(move["from"], None)
        top = move["to"].split("/")[1]
        written.setdefault(top.lower(), top)
        known[f"{place}/{top}"] = 1
        folder = "/".join(move["to"].split("/")[1:-1]) + "/"
        here[folder] = here.get(folder, 0) + 1
        total[folder] = total.get(folder, 0) + 1
    if here:
        counts = sorted(here.items(), key=lambda item: (-item[1], item[0]))
        say(f"{files_of(result['made'])} arrived and moved: " + ", ".join([f"{f} {n}" for f, n in counts[:5]]))
    return result["made"]


places = folders("write")
place = places[0]
if len(places) > 1:
    raise SystemExit(f"One folder can be watched at a time, and {len(places)} were given: {', '.join(places)}\nbegin a task for each")
if not 1 <= hours <= 720:
    raise SystemExit(f"{hours} hours can't be watched\ngive 1 to 720")
fits = None
if pattern.strip():
    plain = pattern.strip().lower()
    wild = "*" in plain or "?" in plain
    expression = re.escape(plain).replace(r"\*", ".*").replace(r"\?", ".")
    fits = re.compile(expression + "$") if wild else re.compile(".*" + expression)
elif by == "name":
    raise SystemExit("By name there must be a pattern that says which files go together\ngive `pattern`, such as `Acme*`")

plan(["Look at the folder", "Wait, and organise what arrives", "Say what was done"])
step("Look at the folder")
begin = now()["millis"]
until = begin + hours * 3600000
first = list_folder(place, most=MOST_KNOWN + 1)["entries"]
if len(first) > MOST_KNOWN:
    raise SystemExit(f"{place} holds more than {MOST_KNOWN:,} entries, among which what arrives can't be told\norganise it first")
known = {entry["path"]: 1 for entry in first}
before = {entry["path"]: 1 for entry in first if entry["kind"] != "folder"}
written = {entry["name"].lower(): entry["name"] for entry in first if entry["kind"] == "folder"}
done(f"{len(first):,} there already, which stay")

step("Wait, and organise what arrives")
moved = 0
rounds = 0
calls = 2
total = {}
stayed = {}
not_done = []
# What could not be moved, how often, and why.
failed = {}
# What came and is not complete, with for how many minutes it has been waited for.
pending = {}
ended = f"the {hours} hours are over" if hours > 1 else "the hour is over"
while True:
    millis = now()["millis"]
    calls += 1
    left = (until - millis) // 1000
    if left <= 0:
        break
    if calls > MOST_CALLS:
        ended = "a run makes only so many calls: begin it again"
        break
    if len(known) > MOST_KNOWN:
        ended = f"more than {MOST_KNOWN:,} lie in the folder by now"
        break
    # What is not complete is looked at again, ever more seldom.
    waited = min(list(pending.values()) + [EMPTY])
    seconds = min(left, max(60, waited * 60)) if pending else left
    calls += 1
    try:
        came = watch_folder(place, seconds=min(seconds, 3600), known=list(known))
    except RuntimeError as error:
        if not moved:
            raise
        ended = f"it can't be watched any more ({error})"
        break
    for path in came["gone"]:
        known.pop(path, None)
        before.pop(path, None)
        pending.pop(path, None)
    # What still grew when the time was up is not known yet: the next call waits for it.
    ready = complete(came["arrived"]) if came.get("settled", True) else []
    if pending and came["timed_out"]:
        looks = list(pending)[:100]
        for path in looks:
            pending[path] += max(1, min(seconds, 3600) // 60)
        found = gather([later(file_info, path) for path in looks], return_exceptions=True)
        calls += len(looks)
        for path, entry in zip(looks, found):
            if isinstance(entry, Exception):
                failed.pop(path, None)
                pending.pop(path, None)
                known.pop(path, None)
        ready += complete([entry for entry in found if not isinstance(entry, Exception)])
    if ready:
        rounds += 1
        calls += 1
        moved += organised(ready)
done(f"{files_of(moved)} moved in {'1 round' if rounds == 1 else f'{rounds:,} rounds'}")

step("Say what was done")
data = {"moved": moved, "rounds": rounds, "folders": total, "stayed": stayed, "ended": ended}
summary = f"{files_of(moved)} organised as they arrived; {ended}. Nothing was deleted."
waiting = [path for path in pending if path not in failed]
not_done += [{"path": path, "why": why} for path, (_, why) in failed.items()]
if waiting:
    data["not_complete"] = waiting[:100]
    summary += f" Left, because not complete: {files_of(len(waiting))}."
if not_done:
    data["not_done"] = not_done[:300]
    reasons = {}
    for one in not_done:
        reasons[one["why"]] = reasons.get(one["why"], 0) + one.get("files", 1)
    reasons = sorted([{"files": number, "why": why} for why, number in reasons.items()], key=lambda one: -one["files"])
    summary += not_made(sum([one["files"] for one in reasons]), reasons)
staying = [f"{reason} ({number})" for reason, number in stayed.items() if number]
if staying:
    summary += " Left where they are: " + ", ".join(staying) + "."
counts = sorted(total.items(), key=lambda item: (-item[1], item[0]))
if counts:
    summary += "\n\n  " + "   ".join([f"{shown(folder)} {number}" for folder, number in counts[:8]])
if len(counts) > 8:
    summary += f"   and {len(counts) - 8} more"
done()
finish(summary, data)
