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
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not rename", "not move", "not do"]
# ///
from datetime import datetime, timedelta
import re

UNFINISHED = set("crdownload part partial download opdownload aria2 !ut tmp".split())
RAW = set("raw cr2 cr3 nef arw dng orf rw2 raf pef srw".split())
PHOTOS = RAW | set("jpg jpeg heic heif avif png tif tiff webp".split())
MEDIA = set("mp4 mov avi mkv webm wmv flv m4v mpg mpeg 3gp mts m2ts ogv vob mp3 wav flac aac ogg opus m4a wma".split())
SIDECARS = set("xmp aae thm srt vtt ass ssa sub idx lrc".split())
DATED = PHOTOS | set(["pdf"])
# Extensions that are looked at more closely, with their dot: most files have none of these.
SPECIAL = set(["." + extension for extension in UNFINISHED | SIDECARS | RAW | set("mov html htm gz bz2 xz zst lz".split())])
PAIRED = set(["." + extension for extension in SIDECARS | RAW | set(["mov"])])
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
    if "20" not in stem and "19" not in stem:
        return "", stem
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
    number = e["modified"] // 86400000
    if number not in days:
        at = datetime(1970, 1, 1) + timedelta(days=number)
        day = f"{at.year:04d}-{at.month:02d}-{at.day:02d}"
        days[number] = day if believed(day) else ""
    if days[number]:
        by_time.append(e["path"])
    return days[number], stem


# One folder.


# What each kind of file ends with; of the others the names say it.
KINDS = {
    "photos": "jpg jpeg png heic heif avif gif tif tiff webp bmp raw cr2 cr3 nef arw dng orf rw2 raf pef srw",
    "videos": "mp4 mov avi mkv webm wmv flv m4v mpg mpeg 3gp mts m2ts ogv vob",
    "music": "mp3 wav flac aac ogg oga opus m4a wma aif aiff mid midi",
    "pdfs": "pdf",
    "documents": "pdf doc docx odt rtf txt md tex pages",
    "spreadsheets": "xls xlsx xlsm xlsb ods csv tsv numbers",
    "presentations": "ppt pptx odp key",
    "archives": "zip tar gz tgz bz2 tbz xz txz 7z rar zst",
}
WORDS = {
    "screenshots": ["screenshot", "screen shot", "bildschirmfoto"],
    "scans": ["scan"],
    "invoices": ["invoice", "rechnung"],
    "receipts": ["receipt", "quittung", "beleg"],
    "letters": ["letter", "brief"],
    "contracts": ["contract", "vertrag"],
}
wanted_ends = set([end for kind in only.split(",") for end in KINDS.get(kind, "").split()])
wanted_words = [word for kind in only.split(",") for word in WORDS.get(kind, [])]


def is_wanted(path):
    """Says whether a file is of one of the kinds that are wanted."""
    if only == "all":
        return True
    name = path[path.rfind("/") + 1 :].lower()
    return name[name.rfind(".") + 1 :] in wanted_ends or any([word in name for word in wanted_words])


def natural(names):
    """Gives what to sort names by, so that 2 comes before 10: the names with their numbers filled up."""
    names = [name.replace("\n", " ") for name in names]
    shapes = "\n".join(names)
    for digit in "123456789":
        shapes = shapes.replace(digit, "0")
    # Names of one shape have their numbers in the same places.
    shapes = shapes.split("\n")
    cuts = {shape: runs(shape) for shape in set(shapes)}
    keys = []
    for at in range(len(names)):
        name = names[at]
        places = cuts[shapes[at]]
        if len(places) == 1:
            begin, end = places[0]
            keys.append(name[:begin] + name[begin:end].zfill(15) + name[end:])
            continue
        key, last = "", 0
        for begin, end in places:
            key += name[last:begin] + name[begin:end].zfill(15)
            last = end
        keys.append(key + name[last:])
    return "\n".join(keys).lower().split("\n")


def runs(shape):
    """Gives where the numbers of a name lie."""
    return [(match.start(), match.end()) for match in re.finditer("0+", shape)]


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


def wanted_names(entries, stems):
    """Gives for each file the name that it should have, without its extension; nothing where there is none."""
    if by not in ("date", "number", "pattern"):
        # A name of several lines becomes one of one line.
        return change_all("\n".join([stem.replace("\n", " ") if "\n" in stem else stem for stem in stems])).split("\n")
    dated = by == "date" or "{date}" in form or "{year}" in form or "{month}" in form or "{day}" in form
    said = look_into(entries) if dated else {}
    width = max(3, len(str(start + len(entries) - 1)))
    if by == "number":
        return [f"{start + at:0{width}d}" for at in range(len(entries))]
    wanted = []
    for at in range(len(entries)):
        stem = stems[at]
        day, rest = date_of(entries[at], stem, said) if dated else ("", stem)
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
    used = set()
    paired = False
    able, names, stems, ends = [], [], [], []
    pages = set([e["name"][:-6] for e in entries if e["kind"] == "folder" and e["name"][-6:] == "_files"])
    for e in entries:
        name = e["name"]
        if e["kind"] != "file":
            reason = "" if e["kind"] == "folder" else "links and special files"
        elif name[0] == ".":
            reason = "hidden files"
        else:
            at = name.rfind(".")
            end = name[at:] if at > 0 else ""
            extension = end.lower()
            reason = "names with bytes that are no characters" if "\\" in name else ""
            if extension in SPECIAL:
                paired = paired or extension in PAIRED
                if extension[1:] in UNFINISHED:
                    reason = "files in use or not complete"
                elif name[:at] in pages and extension in (".html", ".htm"):
                    reason = "saved pages, which find their pictures by name"
                elif name[:at].lower().endswith(".tar"):
                    end = name[at - 4 :]
            if name[0] == "~" and name[:2] == "~$":
                reason = "files in use or not complete"
            if not reason:
                able.append(e)
                names.append(name)
                ends.append(end)
                stems.append(name[: -len(end)] if end else name)
                continue
        used.add(name.lower())
        if reason:
            add(stay, reason)

    # Those that others go along with, in the order in which they are numbered.
    leader = partners(able) if paired else {}
    behind = {}
    chosen = range(len(names))
    if leader:
        chosen = [at for at in chosen if names[at] not in leader]
        for name, first in leader.items():
            behind.setdefault(first, []).append(name)
    if "{number}" in form:
        keys = natural(names)
        chosen = sorted(chosen, key=lambda at: keys[at])
    if only != "all":
        # What goes along with a file of another kind stays with it.
        for at in chosen:
            if not is_wanted(names[at]):
                group = [names[at]] + behind.get(names[at], [])
                used |= set([name.lower() for name in group])
                add(stay, "files of other kinds", len(group))
        chosen = [at for at in chosen if is_wanted(names[at])]
    if leader or only != "all" or "{number}" in form:
        able, names, stems, ends = [able[at] for at in chosen], [names[at] for at in chosen], [stems[at] for at in chosen], [ends[at] for at in chosen]
    wanted = wanted_names(able, stems)

    # Who is right already keeps the name; then each of the others gets one that is free, with those that belong to it.
    changing = [at for at in range(len(names)) if wanted[at] != stems[at] and wanted[at]]
    if len(changing) < len(names):
        for at in range(len(names)):
            if wanted[at] == stems[at] or not wanted[at]:
                group = [names[at]] + behind.get(names[at], [])
                used |= set([name.lower() for name in group])
                none = "files without a date" if by in ("date", "pattern") else "names of which nothing would be left"
                add(stay, "names that are right already" if wanted[at] else none, len(group))
    new = [wanted[at] + ends[at] for at in changing]
    # Mostly every new name is free: then nothing has to be tried.
    distinct = set("\n".join(new).lower().split("\n"))
    if not behind and len(distinct) == len(new) and distinct.isdisjoint(used):
        return in_order(folder, [names[at] for at in changing], new), stay
    old, new = [], []
    mark = "-" if by == "slug" else "_"
    for at in changing:
        name, stem = names[at], stems[at]
        # IMG_1.CR2.xmp and IMG_1.xmp keep what comes after IMG_1.
        rests = [ends[at]] + [other[len(stem) :] for other in behind.get(name, [])]
        number = 1
        while True:
            base = wanted[at] if number == 1 else f"{wanted[at]}{mark}{number}"
            low = base.lower()
            if not any([low + rest.lower() in used for rest in rests]):
                break
            number += 1
        used |= set([low + rest.lower() for rest in rests])
        old += [name] + behind.get(name, [])
        new += [base + rest for rest in rests]
    return in_order(folder, old, new), stay


def in_order(folder, old, new):
    """Puts renames into an order in which each new name is free: who has it steps on first."""
    if not set(old).isdisjoint(new):
        goes = {old[at]: new[at] for at in range(len(old))}
        begun = set()
        order = []
        for name in old:
            chain = []
            while name in goes and name not in begun:
                begun.add(name)
                chain.append(name)
                name = goes[name]
            order += reversed(chain)
        old, new = order, [goes[name] for name in order]
    into = folder + "/"
    return [{"from": into + old[at], "to": into + new[at]} for at in range(len(old))]


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
days = {}
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
total = sum([len(moves) for moves in batches])
staying = sum(stayed.values())
done(f"{total} to rename, {staying} stay")
if by_time:
    notes.append(f"{len(by_time)} had no date but the one on which they were last changed.")

said = "".join([f" {note}" for note in notes])
data = {"renamed": 0, "left": staying, "stayed": stayed}
if notes:
    data["notes"] = notes


def shown(moves, number):
    lines = []
    for move in moves[:8]:
        old, new = move["from"].split("/")[-1].replace("\n", "\\n"), move["to"].split("/")[-1]
        lines.append(f"\n  {old} → {new}")
    return "\n" + "".join(lines) + (f"\n  and {number - min(len(moves), 8)} more" if number > len(moves[:8]) else "") if moves else ""


first = [move for moves in batches[:1] for move in moves[:100]]
if total == 0:
    finish((f"Nothing to rename: {files(staying)} left as they were." if staying else "Nothing to rename: no files here.") + said, data)
if dry_run:
    data["dry_run"] = True
    data["would"] = [move for moves in batches for move in moves[:1000]]
    finish(f"{files(total)} would be renamed, {staying} left as they are; nothing was changed.{said}" + shown(first, total), data)

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
done(f"{files(made)} renamed")
data["renamed"] = made
data["left"] = staying
if not_done:
    data["not_done"] = not_done
summary = f"{files(made)} renamed, {staying} left as they were."
if not_done:
    summary += f" Not done: {not_done[0]['why']}."
finish(summary + said + shown(first, made), data)
