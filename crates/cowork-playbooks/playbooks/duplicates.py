# /// playbook
# name = "duplicates"
# about = "Finds files that are there more than once, byte for byte, and sets aside all but one of each"
# title = "Find duplicates in {folders}"
# examples = ["find duplicate photos", "remove duplicates but keep the oldest copy", "are there files in here twice?"]
# folders = "write"
# destructive = true
#
# [words]
# do = [
#   "delete", "clean … duplicate", "dedupe", "dedup", "deduplicate", "de-duplicate", "de-dupe", "only keep one", "keep only one", "keep one",
#   "keep just one", "merge … duplicate", "keep a single copy", "keep a single", "deduping", "deduplication", "collapse", "tidy … duplicate",
#   "leave only one", "leave just one", "except one", "except a single", "keep the oldest", "keep the newest", "handle … duplicate", "deal with … duplicate",
#   "set … aside", "put … aside", "move … aside",
# ]
# look = [
#   "find", "show", "list", "are there", "is there", "do i have", "have i", "any", "which", "what", "check", "count", "report", "how many",
#   "are any", "is any", "see", "did i", "look", "identify", "i have", "give", "preview", "there are", "make a list",
# ]
# with = [
#   "duplicate", "duplicates", "dupes", "dupe", "duplicated", "twice", "double", "doubles", "doubled", "identical", "same file", "same photo", "same document", "same content",
#   "same picture", "redundant copy", "extra copy", "more than once", "multiple copies", "multiple copy", "repeated file", "second copy", "copy of each other",
#   "several copies", "spare copy", "surplus copy", "copies of the same", "dedupe", "dedup", "deduplicate", "de-duplicate", "de-dupe", "deduplication",
#   "exactly the same", "byte for byte", "three times", "several times", "multiple times", "many times", "exact copy", "double up", "redundant file", "redundant",
#   "repeat", "repeats", "stored twice", "unnecessary copy", "all the copies", "copies of", "all copies", "every copy", "file … same", "photo … same", "copies except", "same song", "same video", "same thing",
# ]
# never = [
#   "duplicate-row", "row", "line", "entry", "entries", "record", "csv", "column", "make a copy", "make copies", "in the name", "word",
#   "tsv", "json lines", "jsonl", "table",
# ]
#
# [param.keep]
# about = "Which of the files that are the same stays"
# type = "choice"
# default = "oldest"
# opposites = { oldest = "newest", newest = "oldest" }
# [param.keep.choices]
# oldest = ["older", "oldest", "except oldest", "except … oldest", "except original", "except … original", "except the first version", "keep the original", "earliest", "keep … original", "older one", "oldest one", "first one i saved", "keep the older"]
# newest = ["newer", "newest", "except newest", "except … newest", "except latest", "except … latest", "except … recent", "latest", "most recent", "keep the newer", "keep … recent", "newer one", "keep the last", "keep … newer", "recent one"]
# shortest = ["shortest", "except … shortest", "shortest name", "shortest path", "shorter name", "shortest filename"]
# first = ["keep the first", "except first", "except the first one", "first in the list", "first alphabetically", "first by name", "first one", "first copy"]
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
# on = ["preview", "you would", "not delete", "not move", "nothing deleted", "not do", "not clean"]
# ///
import re

RULES = {
    "oldest": "the oldest is kept",
    "newest": "the newest is kept",
    "shortest": "the one of the shortest path is kept",
    "first": "the first by path is kept",
}
# Said once, where it is decided.
ELSEWHERE = "one outside of folders called backup, old, archive or copies before one in them"
# What one call takes.
BATCH = 50000
SHOWN = 8


def files(number):
    return "1 file" if number == 1 else f"{number:,} files"


def groups_of(number):
    return "1 group" if number == 1 else f"{number:,} groups"


def size(number):
    for unit in ["B", "KB", "MB", "GB"]:
        if number < 1000:
            return f"{number} B" if unit == "B" else f"{number:.1f} {unit}"
        number = number / 1000
    return f"{number:.1f} TB"


def shown(path):
    return re.sub(r"[\x00-\x1f\x7f]", "\ufffd", path)


places = folders("write")
look = "Find files with the same content"
plan([look] if dry_run else [look, "Decide which stay", "Set the others aside"])

step(look)
kinds = [kind for kind in only.split(",") if kind != "all"]
time = now()["millis"]
options = {"keep": keep, "hidden": False, "projects": False, "most": 100000, "most_in_group": 100000}
if kinds:
    options["only"] = kinds
found = find_duplicates(places, **options)
groups = found["duplicates"]
seen = found
# A call names 200,000 files: more is rare.
while seen["next"]:
    seen = find_duplicates(places, after=seen["next"], **options)
    groups += seen["duplicates"]
searched = found["searched"]
wasted = found["wasted"]
told = f"{files(searched)} searched{' of these kinds: ' + ', '.join(kinds) if kinds else ''}, {groups_of(len(groups))} of equal ones, {size(wasted)}"
done(told)

if not dry_run:
    step("Decide which stay")
aside = []
# Of which file each of those is a copy.
stays = []
room = 0
linked = 0
unnamed = 0
for group in groups:
    same = group["files"]
    unnamed += group["copies"] - len(same)
    others = same[1:]
    if "linked" in group:
        # One file under several names: to take one of them away frees nothing.
        names = set(group["linked"])
        linked += len([path for path in others if path in names])
        others = [path for path in others if path not in names]
    room += len(others) * group["size"]
    aside += others
    stays += [same[0]] * len(others)

left = []
if linked:
    left.append(f"{files(linked)} with other names (hard links), because setting them aside frees nothing")
if unnamed:
    left.append(f"{files(unnamed)} beyond the first 100,000 of a group; run it again for those")
if found["skipped"].get("unreadable"):
    left.append(f"{found['skipped']['unreadable']:,} that could not be read")
if found["skipped"].get("mounts"):
    left.append(f"{found['skipped']['mounts']:,} {'folder' if found['skipped']['mounts'] == 1 else 'folders'} where another disk is mounted")
data = {"groups": len(groups), "searched": searched, "wasted": wasted, "keep": keep, "aside": 0, "room": 0, "linked": linked}
data["largest"] = [
    {"keep": g["files"][0], "others": g["files"][1:21], "copies": g["copies"], "size": g["size"], "wasted": g["wasted"]}
    for g in groups[:100]
]


stayed = set()


def listed():
    """Shows of the first groups what stays, and what goes."""
    lines = ""
    goes = set(aside) - stayed
    for group in groups[:SHOWN]:
        others = [path for path in group["files"][1:] if path in goes]
        # What was found otherwise by then is told beside.
        kept = [path for path in group["files"][1:] if path not in goes and path not in stayed]
        if not others and not kept:
            continue
        lines += f"\n  stays: {shown(group['files'][0])}" + (f" and {len(kept)} more" if kept else "") + f"  ({size(group['size'])})"
        lines += "".join([f"\n   goes: {shown(path)}" for path in others[:3]])
        if len(others) > 3:
            lines += f"\n         and {len(others) - 3:,} more"
    if len(groups) > SHOWN:
        lines += f"\n  and {groups_of(len(groups) - SHOWN)} more"
    return "\n" + lines if lines else ""


def unsaid():
    return " Left: " + "; ".join(left) + "." if left else ""


if not aside:
    if not dry_run:
        done("nothing to set aside")
        step("Set the others aside")
        done("nothing to do")
    what = "There is only 1 file to compare here" if searched == 1 else f"No two {'' if only == 'all' else only.replace(',', ' or ') + ' '}of {files(searched)} have the same content" if searched else "No files to compare here"
    finish((f"Nothing to set aside: {told}." if groups else f"{what}.") + unsaid(), data)
elif dry_run:
    data["room"] = room
    data["would_set_aside"] = len(aside)
    finish(
        f"{files(len(aside))} in {groups_of(len(groups))} would be set aside, {size(room)}; {RULES[keep]}. Nothing was changed."
        + unsaid()
        + listed(),
        data,
    )
else:
    done(f"{files(len(aside))} to set aside, {len(groups):,} stay, {RULES[keep]}")
    step("Set the others aside")
    say(f"Of equal files {RULES[keep]}, {ELSEWHERE}." + listed())
    made = 0
    not_done = []
    reasons = []
    untold = ""
    for start in range(0, len(aside), BATCH):
        batch = aside[start : start + BATCH]
        try:
            result = set_aside(batch, unchanged_since=time, copies_of=stays[start : start + BATCH])
        except (PermissionError, RuntimeError) as error:
            if not made:
                raise
            not_done.append({"files": len(aside) - start, "why": str(error)})
            untold += f" Not done: {len(aside) - start:,}, because {error}."
            stayed.update(aside[start:])
            break
        made += result["made"]
        not_done += [{"path": other["path"], "why": other["reason"]} for other in result["otherwise"]]
        stayed.update([batch[at] for span in result["left_at"] for at in range(span[0], span[1])])
        reasons += result["reasons"]
        untold += f" {result['told']}" if result["told"] else ""
    done(f"{files(made)} set aside")
    if reasons and not made:
        raise SystemExit(f"Nothing was set aside: {reasons[0]['why']}\n{reasons[0]['fix']}")
    data["aside"] = made
    if stayed:
        room -= sum([group["size"] for group in groups for path in group["files"] if path in stayed])
    data["room"] = room
    if not_done:
        data["not_done"] = not_done
    summary = f"{files(made)} set aside, {size(room)}, from {groups_of(len(groups))}; {RULES[keep]}. Nothing was deleted: undo brings them back."
    finish(summary + untold + unsaid() + listed(), data)
