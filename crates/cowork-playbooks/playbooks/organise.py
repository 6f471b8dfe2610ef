# /// playbook
# name = "organise"
# about = "Moves the files that lie directly in a folder into subfolders: by type, by month, or by a name they share"
# title = "Organise {folders} by {by}"
# examples = [
#   "Organise these files by type",
#   "Put everything into year/month folders",
#   "group the invoices by client name",
# ]
# folders = "write"
#
# [words]
# do = [
#   "organise", "group", "tidy", "bring order", "bring some order", "clean … sort", "order … folder", "sort out … folder",
#   "move … into folder", "put … into folder", "put … into subfolder", "split … into folder", "move … into subfolder", "file away",
#   "into folder", "into subfolder", "put … in order", "get … in order", "in separate folder", "into separate folder", "structure",
#   "a folder for each", "folder by", "put … in folder", "move … in folder",
# ]
# maybe = ["put", "split", "order", "file … by", "sort out", "clean", "move", "file … into"]
# with = ["file"]
# never = [
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
# about = "With by = name: only files whose name fits this, such as `Acme*`, go into one folder named after it"
# type = "text"
# default = ""
#
# [param.rules]
# about = "The path of a file with your own rules; empty for none"
# type = "text"
# default = ""
# after = ["rules in", "rules from", "rules file", "rule file", "following the rules in"]
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not move", "not do", "not organise"]
# ///
from datetime import datetime, timedelta
import re

TYPES = {
    "Documents": "pdf doc docx odt rtf txt md tex pages ppt pptx odp key epub mobi azw3 djvu ps xps wpd msg eml ics vcf",
    "Spreadsheets": "xls xlsx xlsm xlsb ods csv tsv numbers",
    "Images": "jpg jpeg png gif bmp tif tiff webp heic heif avif svg ico raw cr2 cr3 nef arw dng orf rw2 psd ai xcf jxl",
    "Audio": "mp3 wav flac aac ogg oga opus m4a wma aif aiff mid midi amr",
    "Video": "mp4 mov avi mkv webm wmv flv m4v mpg mpeg 3gp mts m2ts ogv vob",
    "Archives": "zip tar gz tgz bz2 tbz xz txz 7z rar zst lz lzma cab",
    "Code": "py js ts jsx tsx rs go java c h cc cpp hpp cs rb php sh ps1 bat html css scss json xml yaml yml toml sql ipynb lua r swift kt",
    "Installers": "exe msi dmg pkg deb rpm appimage apk iso img flatpak snap",
}
FOLDER_OF = {}
for folder, extensions in TYPES.items():
    for extension in extensions.split():
        FOLDER_OF[extension] = folder

UNFINISHED = ["crdownload", "part", "partial", "download", "opdownload", "aria2", "!ut", "tmp"]

# Words that many file names begin with and that say nothing about whose they are.
GENERIC = set(
    "the and for from with invoice invoices receipt receipts bill bills statement statements report reports letter letters "
    "contract contracts document documents doc scan scans scanned copy final draft version file files img image image "
    "photo dsc screenshot screen shot note notes page pages new old untitled download attachment offer offers quote quotes "
    "order orders january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)


def extension_of(name):
    at = name.rfind(".")
    return name[at + 1 :].lower() if at > 0 else ""


def why_it_stays(entry):
    name = entry["name"]
    if entry["kind"] != "file":
        return "links and special files"
    if name.startswith("."):
        return "hidden files"
    if name.startswith("~$") or extension_of(name) in UNFINISHED:
        return "files in use or not complete"
    return ""


def by_type(entries):
    return {e["name"]: FOLDER_OF.get(extension_of(e["name"]), "Other") for e in entries}


def by_date(entries):
    folders = {}
    for e in entries:
        # The month by UTC: the log knows no other zone.
        at = datetime(1970, 1, 1) + timedelta(seconds=e["modified"] // 1000)
        folders[e["name"]] = f"{at.year:04d}/{at.month:02d}"
    return folders


def words_of(name):
    at = name.rfind(".")
    stem = name[:at] if at > 0 else name
    return [w for w in re.split(r"[\W\d_]+", stem) if len(w) > 1]


def by_name(entries):
    if pattern:
        return by_pattern(entries)
    # How many files have each word: what several share names their folder.
    spelling = {}
    counts = {}
    for e in entries:
        seen = set()
        for word in words_of(e["name"]):
            low = word.lower()
            if low not in GENERIC and low not in seen:
                seen.add(low)
                counts[low] = counts.get(low, 0) + 1
                if low not in spelling or (spelling[low] == low and word != low):
                    spelling[low] = word
    folders = {}
    for e in entries:
        for word in words_of(e["name"]):
            if counts.get(word.lower(), 0) > 1:
                folders[e["name"]] = spelling[word.lower()]
                break
    return folders


def by_pattern(entries):
    plain = pattern.strip().lower()
    wild = "*" in plain or "?" in plain
    expression = re.escape(plain).replace(r"\*", ".*").replace(r"\?", ".")
    folder = re.sub(r"[*?/\\\x00-\x1f]+", " ", pattern).strip(" .-_") or "Other"
    fits = re.compile(expression + "$") if wild else re.compile(".*" + expression)
    return {e["name"]: folder for e in entries if fits.match(e["name"].lower())}


def decide(folder, entries):
    stay = {}
    movable = []
    taken = {}
    for e in entries:
        low = e["name"].lower()
        if e["kind"] == "folder":
            taken.setdefault(low, e["name"])
            continue
        reason = why_it_stays(e)
        if reason:
            stay[reason] = stay.get(reason, 0) + 1
        else:
            movable.append(e)
    if by == "type":
        wanted = by_type(movable)
    elif by == "date":
        wanted = by_date(movable)
    else:
        wanted = by_name(movable)

    # A folder is used as it is written already: no `Images` beside `images`.
    plain = {e["name"]: e["kind"] for e in entries if e["kind"] != "folder"}
    tops = {target.partition("/")[0] for target in wanted.values()}
    here = folder.split("/")[-1].lower()
    first = []
    rest = []
    for e in movable:
        name = e["name"]
        target = wanted.get(name, "")
        top, slash, below = target.partition("/")
        top = taken.get(top.lower(), top)
        if not target:
            reason = "names that share nothing"
        elif not slash and top.lower() == here:
            reason = "in order already"
        elif top in plain and top not in wanted:
            reason = "files whose folder's name is taken by a file"
        else:
            move = {"from": f"{folder}/{name}", "to": f"{folder}/{top}{slash}{below}/{name}"}
            # A file that is called like one of the new folders makes way before the folder is made.
            (first if name in tops else rest).append(move)
            continue
        stay[reason] = stay.get(reason, 0) + 1
    return first + rest, stay


def files(number):
    return "1 file" if number == 1 else f"{number} files"


def add_up(into, more):
    for key, number in more.items():
        into[key] = into.get(key, 0) + number


def per_folder(moves):
    counts = {}
    for move in moves:
        parts = move["to"].split("/")
        key = "/".join(parts[:-1] if several else parts[1:-1]) + "/"
        counts[key] = counts.get(key, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


places = folders("write")
several = len(places) > 1
look = "Look at the folders" if several else "Look at the folder"
plan([look, "Decide where things go", "Move files"])

step(look)
listings = gather([later(list_folder, place, most=200000) for place in places])
found = 0
found_folders = 0
for listing in listings:
    for entry in listing["entries"]:
        if entry["kind"] == "folder":
            found_folders += 1
        else:
            found += 1
done(f"{files(found)}, {found_folders} folder{'' if found_folders == 1 else 's'}")

step("Decide where things go")
batches = []
stayed = {}
total = 0
for place, listing in zip(places, listings):
    moves, stay = decide(place, listing["entries"])
    add_up(stayed, stay)
    total += len(moves)
    for start in range(0, len(moves), 100000):
        batches.append(moves[start : start + 100000])
staying = sum(stayed.values())
done(f"{total} to move, {staying} stay")

planned = {}
for moves in batches:
    add_up(planned, per_folder(moves))

data = {"moved": 0, "left": staying, "folders": {}, "stayed": stayed}
if total == 0:
    finish(f"Nothing to move: {files(staying)} left as they were." if staying else "Nothing to move: no files here.", data)
if dry_run:
    data["dry_run"] = True
    data["folders"] = planned
    finish(f"{files(total)} would be moved, {staying} left as they are; nothing was changed.", data)

step("Move files")
results = gather([later(move_files, moves, if_taken="number") for moves in batches], return_exceptions=True)
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
moved = 0
renamed = 0
not_done = []
for moves, result in zip(batches, results):
    if isinstance(result, Exception):
        staying += len(moves)
        not_done.append({"folder": moves[0]["from"].split("/")[0], "files": len(moves), "why": str(result)})
        continue
    moved += result["made"]
    renamed += result["renamed"]
    staying += result["left"]
    left_out = set()
    for other in result["otherwise"]:
        if not other.get("renamed"):
            left_out.add(other["index"])
            not_done.append({"path": other["path"], "why": other["reason"]})
    add_up(data["folders"], per_folder([m for index, m in enumerate(moves) if index not in left_out]))
done(f"{files(moved)} moved")

data["moved"] = moved
data["renamed"] = renamed
data["left"] = staying
if not_done:
    data["not_done"] = not_done
summary = f"{files(moved)} moved, {staying} left as they were, nothing deleted."
if renamed:
    summary += f" {renamed} got a number, because the name was taken."
if not_done:
    summary += f" Not done: {not_done[0]['why']}."
counts = sorted(data["folders"].items(), key=lambda item: (-item[1], item[0]))
if counts:
    summary += "\n\n  " + "   ".join([f"{folder} {number}" for folder, number in counts[:8]])
if len(counts) > 8:
    summary += f"   and {len(counts) - 8} more"
finish(summary, data)
