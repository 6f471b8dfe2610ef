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
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not move", "not do", "not organise"]
# ///
import re

# Words that many file names begin with and that say nothing about whose they are.
GENERIC = set(
    "the and for from with invoice invoices receipt receipts bill bills statement statements report reports letter letters "
    "contract contracts document documents doc scan scans scanned copy final draft version file files img image image "
    "photo dsc screenshot screen shot note notes page pages new old untitled download attachment offer offers quote quotes "
    "order orders january february march april may june july august september october november december "
    "inv rechnung rechnungen re rg facture factures fattura factura quittung angebot angebote vertrag vertrage verträge brief bescheid kontoauszug auszug "
    "beleg belege mahnung gutschrift lieferschein auftrag "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)

UNDATED = "?files with a date that can't be right"
MOST_RULES = 500
MOST_IN_BATCH = 100000


def files(number):
    return "1 file" if number == 1 else f"{number} files"


def things(number, folders):
    return files(number) + (f" and {'1 folder' if folders == 1 else str(folders) + ' folders'}" if folders else "")


def add_up(into, more):
    for key, number in more.items():
        into[key] = into.get(key, 0) + number


def split_name(name):
    at = name.rfind(".")
    return (name[:at], name[at + 1 :].lower()) if at > 0 else (name, "")


def refused(what, why):
    """Ends a task in which nothing could be done."""
    fix = "let your user change what is there, or choose another folder" if "permission" in why else "see to that, then run it again"
    raise SystemExit(f"{what}: {why}\n{fix}")


def not_made(number, reasons):
    """Says how many were not done, and why."""
    told = []
    for one in reasons[:3]:
        others = one["files"] - 1
        told.append(one["why"] + (f" (and {others:,} more like it)" if others else ""))
    return f" Not done: {number:,}, because {'; '.join(told)}{'; and for other reasons' if len(reasons) > 3 else ''}." if number else ""


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


def matcher(plain):
    """Makes a regular expression of a pattern with * and ?."""
    return re.compile(re.escape(plain).replace(r"\*", ".*").replace(r"\?", ".") + "$")


def by_rules(entries):
    # Most rules are about an extension: those are looked up, the others tried in order.
    ends = {}
    others = []
    for at in range(len(rule_list)):
        pattern, target = rule_list[at]
        if pattern[:2] == "*." and pattern.count(".") == 1 and not any([c in pattern[2:] for c in "*?"]):
            ends.setdefault(pattern[2:], at)
        elif pattern[-1:] == "*" and not any([c in pattern[:-1] for c in "*?"]):
            others.append((at, pattern[:-1], None))
        else:
            others.append((at, "", matcher(pattern)))
    none = len(rule_list)
    groups = {}
    for e in entries:
        if e["path"] == rules_file:
            groups["?the rules file"] = [e]
            continue
        low = e["name"].lower()
        dot = low.rfind(".")
        best = ends.get(low[dot + 1 :], none) if dot >= 0 else none
        for at, start, fits in others:
            if at >= best:
                break
            if fits.match(low) if fits else low.startswith(start):
                best = at
                break
        target = fill(rule_list[best][1], e) if best < none else "?no rule fits"
        groups.setdefault("?rules say so" if target == "." else target, []).append(e)
    return groups


def fill(target, e):
    if "{" not in target:
        return target
    _, ext = split_name(e["name"])
    if "{year}" in target or "{month}" in target or "{day}" in target:
        year, month, day = date_of(e)
        if not year:
            return UNDATED
        target = target.replace("{year}", year).replace("{month}", month).replace("{day}", day)
    return target.replace("{type}", e["category"]).replace("{ext}", ext or "none")


# Where files go: each of these gives lists of entries by the folder that they go to, or by "?" and why they stay.

def date_of(e):
    """Gives year, month and day of a file; of which none can be right, empty ones."""
    day = e.get("date", "")
    if day:
        dated[e["date_from"]] = dated.get(e["date_from"], 0) + 1
    return day[:4], day[5:7], day[8:]


def by_date(entries):
    groups = {}
    for e in entries:
        day = e.get("date")
        if day:
            dated[e["date_from"]] = dated.get(e["date_from"], 0) + 1
            groups.setdefault(day[:4] if each == "year" else f"{day[:4]}/{day[5:7]}", []).append(e)
        else:
            groups.setdefault(UNDATED, []).append(e)
    return groups


def words_of(entries):
    """Gives the words of all names: a list for each."""
    text = "\n".join([split_name(e["name"].replace("\n", " "))[0] for e in entries])
    # One replacement for all names is cheaper than an expression for each.
    for character in set(text):
        if not (character.isalpha() or character == "\n" or "\u0300" <= character <= "\u036f"):
            text = text.replace(character, " ")
    return [[word for word in line.split() if len(word) > 1] for line in text.split("\n")]


def by_name(entries):
    if pattern:
        return by_pattern(entries)
    # How many files have each word: what several share names their folder.
    spelling = {}
    counts = {}
    words = words_of(entries)
    for line in words:
        seen = set()
        for word in line:
            low = word.lower()
            if low not in GENERIC and low not in seen:
                seen.add(low)
                counts[low] = counts.get(low, 0) + 1
                if low not in spelling or (spelling[low] == low and word != low):
                    spelling[low] = word
    # What is in the names of nearly all tells nothing apart, unless there is nothing else.
    common = set([low for low, number in counts.items() if number * 10 > len(entries) * 7]) if len(entries) > 9 else set()
    found = {}
    for at in range(len(entries)):
        shared = [word.lower() for word in words[at] if counts.get(word.lower(), 0) > 1]
        low = ([word for word in shared if word not in common] or shared or [""])[0]
        found.setdefault(low, []).append(entries[at])
    groups = {}
    for low, group in found.items():
        target = whole_name(spelling[low], group) if low else "?names that share nothing"
        groups.setdefault(target, []).extend(group)
    return groups


def whole_name(word, group):
    """Gives the words that follow one in all names of a group, with it: of “Côté Jardin 1” and “Côté Jardin 2” both words."""
    after = re.compile(re.escape(word) + r"[^\W\d_]*((?:[ _\-]*(?:& |and |und )?[^\W\d_]{2,})*)", re.IGNORECASE)
    rests = []
    # Of very many some are enough to name a folder.
    for e in group[:: len(group) // 200 + 1]:
        match = after.search(split_name(e["name"])[0])
        rests.append(re.findall(r"[ _\-]*(?:& |and |und )?[^\W\d_]{2,}", match.group(1)) if match else [])
    more = ""
    for at in range(4):
        parts = set([rest[at].lower() if at < len(rest) else "" for rest in rests])
        if len(parts) != 1 or "" in parts or parts.pop().strip(" _-") in GENERIC:
            break
        more += rests[0][at]
    return word + more.replace("_", " ")


def by_pattern(entries):
    plain = pattern.strip().lower()
    wild = "*" in plain or "?" in plain
    folder = re.sub(r"[*?/\\\x00-\x1f]+", " ", pattern).strip(" .-_") or "Other"
    fits = matcher(plain)
    groups = {}
    for e in entries:
        low = e["name"].lower()
        fit = fits.match(low) if wild else plain in low
        groups.setdefault(folder if fit else "?names that share nothing", []).append(e)
    return groups


# What belongs together.


def keep_together(groups):
    """Moves what belongs to another file to where that one goes."""
    where = {e["name"]: target for target, entries in groups.items() for e in entries}
    together = {}
    for target, entries in groups.items():
        for e in entries:
            together.setdefault(where.get(e.get("belongs_to"), target), []).append(e)
    return together


# One folder.


def decide(folder, entries):
    """Gives the moves, how many go to each folder, how many stay and why."""
    stay = {}
    folders_here = {}
    pages = {}
    every = set()
    groups = {}
    for e in entries:
        name = e["name"]
        target = e.get("category")
        if target and name[0] != ".":
            if target in groups:
                groups[target].append(e)
            else:
                groups[target] = [e]
        elif e["kind"] == "folder":
            folders_here[name] = name
            if "belongs_to" in e:
                pages.setdefault(e["belongs_to"], []).append(name)
        else:
            every.add(name)
            add_up(stay, {"hidden files" if e["kind"] == "file" else "links and special files": 1})
    unfinished = groups.pop("Unfinished", [])
    if rule_list or by != "type":
        movable = [e for group in groups.values() for e in group]
        movable.sort(key=lambda e: e["name"])
        groups = by_rules(movable) if rule_list else by_date(movable) if by == "date" else by_name(movable)
    if any(["belongs_to" in e for e in entries]):
        groups = keep_together(groups)
    if unfinished:
        groups["?files in use or not complete"] = unfinished

    # A folder is used as it is written already: no `Images` beside `images`.
    spelled = {}
    for name in folders_here:
        spelled.setdefault(name.lower(), name)
    here = folder.split("/")[-1].lower()
    goes = {}
    for target, group in groups.items():
        top, slash, below = target.partition("/")
        top = spelled.get(top.lower(), top)
        if target[0] == "?":
            reason = target[1:]
        elif not slash and top.lower() == here:
            reason = "in order already"
        else:
            goes.setdefault(f"{top}{slash}{below}", []).extend(group)
            continue
        stay[reason] = stay.get(reason, 0) + len(group)
        every |= set([e["name"] for e in group])

    # A file that is called like one of the new folders makes way before the folder is made; one that stays keeps its name.
    tops = set([target.partition("/")[0] for target in goes]) - every - set(folders_here)
    early = set([e["path"] for group in goes.values() for e in group if e["name"] in tops])
    moves = []
    counts = {}
    for target, group in sorted(goes.items()):
        if target.partition("/")[0] in every:
            reason = "files whose folder's name is taken by a file"
            stay[reason] = stay.get(reason, 0) + len(group)
            continue
        into = f"{folder}/{target}/"
        counts[into if several else f"{target}/"] = len(group)
        moves += [{"from": e["path"], "to": into + e["name"]} for e in group]
        if pages:
            beside = [name for e in group for name in pages.get(e["name"], [])]
            pages_along.update([f"{folder}/{name}" for name in beside if name != target.partition("/")[0]])
            moves += [{"from": f"{folder}/{name}", "to": into + name} for name in beside if name != target.partition("/")[0]]
    if early:
        moves = [move for move in moves if move["from"] in early] + [move for move in moves if move["from"] not in early]
    return moves, counts, stay


# The folders of saved pages, which go along with these.
pages_along = set()
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
    path = asked if asked.partition("/")[0] in folders() and "/" in asked else f"{places[0]}/{asked}"
    rule_list = read_rules(path)
    rules_file = path
wants_dates = any([f"{{{word}}}" in target for _, target in rule_list for word in ("year", "month", "day")]) if rule_list else by == "date"
dated = {}
listings = gather([later(list_folder, place, most=MOST_IN_BATCH, categories=True, dates=wants_dates) for place in places])
found = sum([listing["count"] - listing["folders"] for listing in listings])
found_folders = sum([listing["folders"] for listing in listings])
done(f"{files(found)}, {found_folders} folder{'' if found_folders == 1 else 's'}")

step(how)
batches = []
planned = {}
stayed = {}
notes = []
total = 0
for place, listing in zip(places, listings):
    entries = listing["entries"]
    if listing["project"]:
        number = listing["count"] - listing["folders"]
        add_up(stayed, {"files of a project": number})
        notes.append(f"{place} is the folder of a project ({listing['project']} lies in it), so nothing in it was moved.")
        continue
    moves, counts, stay = decide(place, entries)
    if listing["next"] is not None:
        rest = "run it again for the rest" if moves else "put some of those elsewhere to have the rest looked at"
        notes.append(f"{place} holds more than was looked at, {len(entries)} of {listing['count']}: {rest}.")
    add_up(stayed, stay)
    add_up(planned, counts)
    total += len(moves)
    if moves:
        batches.append(moves)
staying = sum(stayed.values())
done(f"{total} to move, {staying} stay")

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
    finish(f"{things(total - len(pages_along), len(pages_along))} would be moved, {staying} left as they are{staying_for(stayed)}; nothing was changed.{said}", data)

step("Move files")
results = gather([later(move_files, moves, if_taken="number") for moves in batches], return_exceptions=True)
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
moved = 0
renamed = 0
not_done = []
reasons = []
folders_moved = len(pages_along)
for moves, result in zip(batches, results):
    lost = []
    if isinstance(result, Exception):
        staying += len(moves)
        not_done.append({"folder": moves[0]["from"].split("/")[0], "files": len(moves), "why": str(result)})
        reasons.append({"files": len(moves), "why": str(result)})
        lost = moves
    else:
        moved += result["made"]
        renamed += result["renamed"]
        staying += result["left"]
        reasons += result["reasons"]
        lost = [moves[at] for span in result["left_at"] for at in range(span[0], span[1])]
        not_done += [{"path": other["path"], "why": other["reason"]} for other in result["otherwise"] if not other.get("renamed")]
    folders_moved -= len([move for move in lost if move["from"] in pages_along])
    for move in lost:
        parts = move["to"].split("/")
        key = "/".join(parts[:-1] if several else parts[1:-1]) + "/"
        planned[key] = planned.get(key, 0) - 1
done(f"{things(moved - folders_moved, folders_moved)} moved")
if not_done and not moved:
    refused("Nothing was moved", not_done[0]["why"])

counts = sorted([item for item in planned.items() if item[1] > 0], key=lambda item: (-item[1], item[0]))
data["folders"] = dict(counts)
data["moved"] = moved
data["renamed"] = renamed
data["left"] = staying
if not_done:
    data["not_done"] = not_done
summary = f"{things(moved - folders_moved, folders_moved)} moved, {staying} left as they were{staying_for(stayed)}, nothing deleted."
if renamed:
    summary += f" {renamed} got a number, because the name was taken."
if not_done:
    summary += not_made(total - moved, reasons)
summary += said
if counts:
    summary += "\n\n  " + "   ".join([f"{folder} {number}" for folder, number in counts[:8]])
if len(counts) > 8:
    summary += f"   and {len(counts) - 8} more"
finish(summary, data)
