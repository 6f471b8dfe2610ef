# /// playbook
# name = "rename"
# about = "Renames the files that lie directly in a folder: tidied up, by date, by number, in another case, as slugs, by a pattern, or with a text replaced"
# title = "Rename files in {folders} ({by})"
# examples = ["rename these files with the date in front", "tidy up the file names", "number the photos"]
# folders = "write"
#
# [param.by]
# about = "What becomes of the names"
# type = "choice"
# default = "tidy"
# [param.by.choices]
# tidy = []
# date = []
# number = []
# case = []
# slug = []
# pattern = []
# replace = []
#
# [param.case]
# about = "With by = case: small letters, capitals, or a capital for each word"
# type = "choice"
# default = "lower"
# [param.case.choices]
# lower = []
# upper = []
# title = []
#
# [param.pattern]
# about = "With by = pattern: the new name, made of {name}, {date}, {year}, {month}, {day}, {number} and {ext}: `{date}_{name}{ext}`"
# type = "text"
# default = ""
#
# [param.find]
# about = "With by = replace: the text that is replaced, as it stands"
# type = "text"
# default = ""
#
# [param.with]
# about = "With by = replace: what comes in its place; nothing to take it out"
# type = "text"
# default = ""
#
# [param.start]
# about = "The first number, where files are numbered"
# type = "number"
# default = 1
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# ///
from datetime import datetime, timedelta
import re

UNFINISHED = set("crdownload part partial download opdownload aria2 !ut tmp".split())
RAW = set("raw cr2 cr3 nef arw dng orf rw2 raf pef srw".split())
PHOTOS = RAW | set("jpg jpeg heic heif avif png tif tiff webp".split())
MEDIA = set("mp4 mov avi mkv webm wmv flv m4v mpg mpeg 3gp mts m2ts ogv vob mp3 wav flac aac ogg opus m4a wma".split())
SIDECARS = set("xmp aae thm srt vtt ass ssa sub idx lrc".split())
PAIRED = SIDECARS | RAW | set(["mov"])
DATED = PHOTOS | set(["pdf"])
PROJECT = set(
    ".git .hg .svn Cargo.toml package.json pyproject.toml setup.py go.mod pom.xml build.gradle build.gradle.kts CMakeLists.txt "
    "Makefile Gemfile composer.json mix.exs Package.swift pubspec.yaml".split()
)
PLAIN = {
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "å": "a", "ł": "l", "đ": "d", "ð": "d", "þ": "th",
    "ı": "i", "&": "-and-", "’": "", "'": "",
}
LETTERS = (
    "a àáâãāăą|c çćĉċč|d ď|e èéêëēĕėęě|g ĝğġģ|h ĥħ|i ìíîïĩīĭį|j ĵ|k ķ|l ĺļľ|n ñńņňŋ|o òóôõōŏő|r ŕŗř|s śŝşšș|t ţťț|u ùúûũūŭůűų|w ŵ|"
    "y ýÿŷ|z źżž"
)
for group in LETTERS.split("|"):
    for letter in group[2:]:
        PLAIN[letter] = group[0]


def files(number):
    return "1 file" if number == 1 else f"{number} files"


def add(stay, reason, number=1):
    if number:
        stay[reason] = stay.get(reason, 0) + number


def split_name(name):
    """Gives the name without its extension, and the extension with its dot: `a.tar.gz` keeps both of its."""
    at = name.rfind(".")
    if at <= 0:
        return name, ""
    if at > 4 and name[at - 4 : at].lower() == ".tar":
        at -= 4
    return name[:at], name[at:]


# New names. Each of these is given all names at once, a line each, because one replacement for all is cheaper than one for each.


def squeeze(text, mark):
    while mark + mark in text:
        text = text.replace(mark + mark, mark)
    return "\n".join([line.strip(mark) for line in text.split("\n")])


def tidy(text):
    for character in set(text):
        if character.isspace() and character != "\n":
            text = text.replace(character, "_")
        elif not (character.isalnum() or character in "_-.\n" or "\u0300" <= character <= "\u036f"):
            text = text.replace(character, "_" if character in "()[]{}+,;&–—" else "")
    text = squeeze(text, "_")
    for mark in "-.":
        text = text.replace("_" + mark, mark).replace(mark + "_", mark)
    return "\n".join([line.strip("_. ") for line in text.split("\n")])


def slug(text):
    text = text.lower()
    for character in set(text):
        if character in PLAIN:
            text = text.replace(character, PLAIN[character])
        elif "\u0300" <= character <= "\u036f":
            text = text.replace(character, "")
        elif not (character.isalnum() or character in "-\n"):
            text = text.replace(character, "-")
    return squeeze(text, "-")


def title_case(text):
    return "\n".join([" ".join([word[:1].upper() + word[1:].lower() for word in line.split(" ")]) for line in text.split("\n")])


def change_all(text):
    if by == "tidy":
        return tidy(text)
    if by == "slug":
        return slug(text)
    if by == "replace":
        return text.replace(find, with_)
    return text.lower() if case == "lower" else text.upper() if case == "upper" else title_case(text)


# Dates.

YEAR_FIRST = re.compile(r"(?:^|\D)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?:\D|$)")
DAY_FIRST = re.compile(r"(?:^|\D)(0?[1-9]|[12]\d|3[01])\.(0?[1-9]|1[0-2])\.((?:19|20)\d\d)(?:\D|$)")


def in_name(stem):
    """Gives the date that a name has in it, and the name without it."""
    match = YEAR_FIRST.search(stem)
    if match:
        found, written = f"{match.group(1)}-{match.group(3)}-{match.group(4)}", match.group(1) + match.group(2) + match.group(3) + match.group(2) + match.group(4)
    else:
        match = DAY_FIRST.search(stem)
        if not match:
            return "", stem
        found = f"{match.group(3)}-{match.group(2).zfill(2)}-{match.group(1).zfill(2)}"
        written = f"{match.group(1)}.{match.group(2)}.{match.group(3)}"
    rest = stem.replace(written, "\x00", 1)
    before, _, after = rest.partition("\x00")
    before, after = before.rstrip(" _-."), after.lstrip(" _-.")
    return found, f"{before}_{after}" if before and after else before or after


def believed(day):
    """Says whether a date can be one: no clock that was never set, nothing that is still to come."""
    return len(day) == 10 and "1900-01-01" <= day <= tomorrow and day[:4] != "1970"


def look_into(entries):
    """Gives the dates that photos and PDF files say of themselves, by path."""
    paths = [e["path"] for e in entries if split_name(e["name"])[1][1:].lower() in DATED and not e.get("placeholder")]
    dates = {}
    # One after the other, keeping only what is needed: there may be very many.
    for at in range(0, len(paths), 10000):
        for found in file_metadata(paths[at : at + 10000])["files"]:
            metadata = found.get("metadata") or {}
            day = (metadata.get("taken") or metadata.get("created") or metadata.get("changed") or "")[:10]
            if believed(day):
                dates[found["path"]] = day
    return dates


def date_of(e, stem, said):
    """Gives a file's date and its name without it: what it says of itself, else what its name says, else when it was changed."""
    day, rest = in_name(stem)
    if e["path"] in said:
        return said[e["path"]], rest
    if day and believed(day):
        return day, rest
    at = datetime(1970, 1, 1) + timedelta(days=e["modified"] // 86400000)
    day = f"{at.year:04d}-{at.month:02d}-{at.day:02d}"
    if believed(day):
        by_time.append(e["path"])
        return day, stem
    return "", stem


# One folder.


def natural(e):
    # By numbers where there are some: 2 comes before 10.
    return [part.zfill(12) if part.isdigit() else part for part in re.split(r"(\d+)", e["name"].lower())]


def partners(entries):
    """Says for files that belong to another which that is, by name: a photo's settings, its raw form, a film's subtitles."""
    whole = {}
    stems = {}
    for e in entries:
        name = e["name"]
        stem, ext = split_name(name)
        ext = ext[1:].lower()
        whole[name.lower()] = name
        if ext in PHOTOS or ext in MEDIA:
            rank = 0 if ext in RAW else 1 if ext in PHOTOS else 2
            low = stem.lower()
            if low not in stems or rank < stems[low][0]:
                stems[low] = (rank, name)
    leader = {}
    for e in entries:
        name = e["name"]
        stem, ext = split_name(name)
        ext = ext[1:].lower()
        low = stem.lower()
        found = None
        if ext in SIDECARS:
            found = whole.get(low) or stems.get(low, (0, None))[1] or stems.get(low[: max(low.rfind("."), 0)], (0, None))[1]
        elif ext in PHOTOS or ext == "mov":
            rank, other = stems.get(low, (2, None))
            if rank == 0 or (ext == "mov" and rank == 1):
                found = other
        if found and found != name:
            leader[name] = found
    # Who goes along goes along with the first of them all.
    return {name: leader.get(first, first) for name, first in leader.items()}


def wanted_names(entries):
    """Gives for each file the name that it should have, without its extension; nothing where there is none."""
    if by not in ("date", "number", "pattern"):
        stems = [split_name(e["name"])[0] for e in entries]
        # A name of several lines becomes one of one line.
        return change_all("\n".join([stem.replace("\n", " ") if "\n" in stem else stem for stem in stems])).split("\n")
    dated = by == "date" or "{date}" in form or "{year}" in form or "{month}" in form or "{day}" in form
    said = look_into(entries) if dated else {}
    width = max(3, len(str(start + len(entries) - 1)))
    wanted = []
    for at in range(len(entries)):
        e = entries[at]
        stem, ext = split_name(e["name"])
        day, rest = date_of(e, stem, said) if dated else ("", stem)
        if dated and not day:
            wanted.append("")
        elif by == "date":
            kept = stem == day or (stem[:10] == day and stem[10:11] in ("_", "-", " ", "."))
            wanted.append(stem if kept else f"{day}_{rest}" if rest else day)
        else:
            name = form.replace("{date}", day).replace("{year}", day[:4]).replace("{month}", day[5:7]).replace("{day}", day[8:])
            name = name.replace("{number}", f"{start + at:0{width}d}").replace("{ext}", "")
            # Last, for a name may have braces in it: `{date}` in a file's name is a part of that name.
            wanted.append(name.replace("{name}", rest.replace("\n", " ")).strip())
    return wanted


def decide(folder, entries):
    """Gives the moves, in an order in which no name is taken, and how many stay and why."""
    stay = {}
    able = []
    used = set()
    paired = False
    pages = set([e["name"][:-6] for e in entries if e["kind"] == "folder" and e["name"][-6:] == "_files"])
    for e in entries:
        name = e["name"]
        if e["kind"] != "file":
            reason = "" if e["kind"] == "folder" else "links and special files"
        elif name[0] == ".":
            reason = "hidden files"
        else:
            at = name.rfind(".")
            ext = name[at + 1 :].lower() if at > 0 else ""
            if ext in PAIRED:
                paired = True
            if ext in UNFINISHED or (name[0] == "~" and name[:2] == "~$"):
                reason = "files in use or not complete"
            elif "\\" in name:
                reason = "names with bytes that are no characters"
            elif pages and ext in ("html", "htm") and name[:at] in pages:
                reason = "saved pages, which find their pictures by name"
            else:
                able.append(e)
                continue
        used.add(name.lower())
        if reason:
            add(stay, reason)
    leader = partners(able) if paired else {}
    ahead = [e for e in able if e["name"] not in leader] if leader else able
    behind = {}
    for e in able if leader else []:
        if e["name"] in leader:
            behind.setdefault(leader[e["name"]], []).append(e)
    if by == "number" or "{number}" in form:
        ahead = sorted(ahead, key=natural)
    wanted = wanted_names(ahead)

    # Who is right already keeps the name; then each of the others gets one that is free, with those that belong to it.
    changing = []
    for at in range(len(ahead)):
        name = ahead[at]["name"]
        dot = name.rfind(".")
        new = wanted[at]
        old = name[: len(new)] if new else ""
        if not new or (old == new and split_name(name)[0] == new):
            group = [ahead[at]] + behind.get(name, [])
            add(stay, "names that are right already" if new else "names of which nothing would be left" if by not in ("date", "pattern") else "files without a date", len(group))
            used |= set([e["name"].lower() for e in group])
        else:
            changing.append((ahead[at], new))
    pairs = []
    mark = "-" if by == "slug" else "_"
    for e, new in changing:
        name = e["name"]
        stem, ext = split_name(name)
        if not behind:
            low = (new + ext).lower()
            if low not in used:
                used.add(low)
                pairs.append((name, new + ext))
                continue
        group = [name] + [other["name"] for other in behind.get(name, [])]
        number = 1
        while True:
            base = new if number == 1 else f"{new}{mark}{number}"
            # IMG_1.CR2.xmp goes by the whole name of its photo, IMG_1.xmp by what stands before the dot.
            names = [base + ext] + [base + other[len(stem) :] for other in group[1:]]
            if not any([n.lower() in used for n in names]):
                break
            number += 1
        used |= set([n.lower() for n in names])
        for at in range(len(group)):
            if group[at] == names[at]:
                add(stay, "names that are right already")
            else:
                pairs.append((group[at], names[at]))
    return in_order(folder, pairs, used), stay


def in_order(folder, pairs, used):
    """Puts renames into an order in which each new name is free; where they go in a circle, one steps aside first."""
    goes = dict(pairs)
    if not any([new in goes for _, new in pairs]):
        return [{"from": f"{folder}/{old}", "to": f"{folder}/{new}"} for old, new in pairs]
    moves = []
    done_with = set()
    for old, _ in pairs:
        chain = []
        while old in goes and old not in done_with and old not in chain:
            chain.append(old)
            old = goes[old]
        aside = None
        if chain and old in chain:
            aside = f"{chain[-1]}.{len(moves)}.renaming"
            moves.append({"from": f"{folder}/{chain[-1]}", "to": f"{folder}/{aside}"})
        for name in reversed(chain):
            done_with.add(name)
            if aside and name == chain[-1]:
                continue
            moves.append({"from": f"{folder}/{name}", "to": f"{folder}/{goes[name]}"})
        if aside:
            moves.append({"from": f"{folder}/{aside}", "to": f"{folder}/{goes[chain[-1]]}"})
    return moves


form = pattern.strip() if by == "pattern" else "{number}" if by == "number" else ""
if by == "pattern":
    if not form:
        raise SystemExit("There is no pattern for the new names\ngive one such as {date}_{name}{ext}")
    for word in re.findall(r"\{([^{}]*)\}", form):
        if word not in ("name", "date", "year", "month", "day", "number", "ext"):
            raise SystemExit(f"Nothing is known as {{{word}}} in a pattern\nthere are {{name}}, {{date}}, {{year}}, {{month}}, {{day}}, {{number}} and {{ext}}")
    if "{ext}" in form[:-5]:
        raise SystemExit("{ext} stands at the end of a pattern or is left out: every file keeps its extension\nsuch as {date}_{name}{ext}")
    if "{" not in form:
        raise SystemExit(f"All files would be called “{form}”\nput {{name}} or {{number}} into the pattern")
if by == "replace" and not find:
    raise SystemExit("There is no text to be replaced\nsay which: find the old one, with the new one")
if by in ("pattern", "replace") and "/" in form + (with_ if by == "replace" else ""):
    raise SystemExit("A name can't have a / in it\nto put files into folders, organise them")

places = folders("write")
several = len(places) > 1
look = "Look at the folders" if several else "Look at the folder"
plan([look, "Decide on names", "Rename files"])

step(look)
listings = gather([later(list_folder, place, most=200000) for place in places])
done(files(sum([listing["count"] - listing["folders"] for listing in listings])))

step("Decide on names")
at = datetime(1970, 1, 1) + timedelta(seconds=now()["millis"] // 1000 + 86400)
tomorrow = f"{at.year:04d}-{at.month:02d}-{at.day:02d}"
by_time = []
stayed = {}
notes = []
batches = []
for place, listing in zip(places, listings):
    entries = listing["entries"]
    if listing["next"] is not None:
        if by == "number" or "{number}" in form:
            raise SystemExit(f"{place} holds {listing['count']} files, more than can be numbered at once\ndivide them over several folders first")
        notes.append(f"{place} holds more than was looked at, {len(entries)} of {listing['count']}: run it again for the rest.")
    marks = [e["name"] for e in entries if e["name"] in PROJECT]
    if marks:
        add(stayed, "files of a project", listing["count"] - listing["folders"])
        notes.append(f"{place} is the folder of a project ({marks[0]} lies in it), so nothing in it was renamed.")
        continue
    moves, stay = decide(place, entries)
    for reason, number in stay.items():
        add(stayed, reason, number)
    for begin in range(0, len(moves), 100000):
        batches.append(moves[begin : begin + 100000] if len(moves) > 100000 else moves)
steps = sum([1 for moves in batches for move in moves if move["to"].endswith(".renaming")])
total = sum([len(moves) for moves in batches]) - steps
staying = sum(stayed.values())
done(f"{total} to rename, {staying} stay")
if by_time:
    notes.append(f"{len(by_time)} had no date but the one on which they were last changed.")

said = "".join([f" {note}" for note in notes])
data = {"renamed": 0, "left": staying, "stayed": stayed}
if notes:
    data["notes"] = notes


def shown(moves):
    lines = []
    for move in moves[:8]:
        old, new = move["from"].split("/")[-1].replace("\n", "\\n"), move["to"].split("/")[-1]
        lines.append(f"\n  {old} → {new}")
    return "\n" + "".join(lines) + (f"\n  and {len(moves) - 8} more" if len(moves) > 8 else "") if moves else ""


first = [move for moves in batches[:1] for move in moves[:100] if not (move["to"] + move["from"]).endswith(".renaming")]
if total == 0:
    finish((f"Nothing to rename: {files(staying)} left as they were." if staying else "Nothing to rename: no files here.") + said, data)
if dry_run:
    data["dry_run"] = True
    data["would"] = [move for moves in batches for move in moves[:1000]]
    finish(f"{files(total)} would be renamed, {staying} left as they are; nothing was changed.{said}" + shown(first), data)

step("Rename files")
results = gather([later(move_files, moves) for moves in batches], return_exceptions=True)
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
made = 0
not_done = []
for moves, result in zip(batches, results):
    if isinstance(result, Exception):
        not_done.append({"folder": moves[0]["from"].split("/")[0], "files": len(moves), "why": str(result)})
        staying += len(moves)
        continue
    made += result["made"]
    staying += result["left"]
    for other in result["otherwise"]:
        not_done.append({"path": moves[other["index"]]["from"], "why": other["reason"]})
        first = [move for move in first if move["from"] != moves[other["index"]]["from"]]
made -= min(steps, made)
done(f"{files(made)} renamed")
data["renamed"] = made
data["left"] = staying
if not_done:
    data["not_done"] = not_done
summary = f"{files(made)} renamed, {staying} left as they were."
if not_done:
    summary += f" Not done: {not_done[0]['why']}."
finish(summary + said + shown(first), data)
