# /// playbook
# name = "photos"
# about = "Moves photos into folders by the place or the time they were taken"
# title = "Sort the photos in {folders} by {by}"
# examples = ["sort the holiday pictures by place", "arrange photos by day", "put my photos into a folder for each month they were taken"]
# folders = "write"
#
# [words]
# do = [
#   "organise", "group", "tidy", "put … into folder", "split … folder", "move … into folder", "a folder for each", "into folder", "into album", "sort out", "folder by", "album by", "put … in folder", "into subfolder",
#   "make folder", "make … folder for", "make … album", "create folder", "create … folder for", "create … album", "split", "file away",
# ]
# maybe = ["put", "split", "file … by", "order", "move"]
# with = ["photo", "photography", "shot", "camera roll", "raw file", "dcim", "iphone photo", "holiday snap", "album", "camera"]
# never = [
#   "duplicate", "duplicates", "rename", "twice", "delete", "filename", "by type", "by format", "by kind", "by extension", "by size", "by name", "empty", "by file type", "by client", "by project", "by customer", "number",
#   "lowercase", "prefix", "by camera", "by lens", "by device", "by phone", "by model", "by photographer", "by person", "by people", "by face", "by colour", "by color", "by event",
# ]
#
# [param.by]
# about = "What decides the folder: where a photo was taken, or when"
# type = "choice"
# default = "place"
# [param.by.choices]
# place = [
#   "by place", "folder for … city", "folder for … country", "folder for … place", "album for … place", "folder for … location", "by location", "by where", "by city", "by country", "by town", "by gps", "by destination", "by geotag", "where they were", "where they are from", "where i took", "where we took", "where it was", "by region",
#   "place they", "location they", "geographically", "city folder", "country folder", "where each", "where the photo", "from the same place", "where each one", "in the same place", "by coordinates", "by spot", "place folder", "by holiday destination",
#   "by state", "by continent", "by village", "where taken", "by venue", "where shot", "by geography", "the place",
# ]
# day = ["by day", "folder for … day", "album for … day", "by date", "day by day", "day folder", "by the day", "daily folder", "daily album", "on the same day", "by exact date", "by shooting date", "date folder", "by when", "date taken", "day they", "date they", "when they were", "when i took", "when taken", "when it was"]
# month = ["by month", "folder for … month", "album for … month", "month by month", "month folder", "monthly folder", "year month", "monthly album", "month they"]
# year = ["by year", "folder for … year", "album for … year", "year by year", "year folder", "yearly folder", "by calendar year", "year they", "annual", "yearly album"]
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not move", "not do", "not organise"]
# ///
RAW = set("raw cr2 cr3 nef arw dng orf rw2 raf pef srw".split())
PHOTOS = RAW | set("jpg jpeg heic heif avif png tif tiff webp psd".split())


def photos(number):
    return "1 photo" if number == 1 else f"{number} photos"


def moved_things(number, beside):
    return photos(number) + (f" and {beside} that belong to them" if beside else "")


def add(into, key, number=1):
    if number:
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


SOURCES = {"name": "out of the name", "content": "out of the photo or PDF itself"}


def dates_from(dated):
    """Says where dates are from."""
    told = [f"{dated[source]} {SOURCES[source]}" for source in SOURCES if dated.get(source)]
    return f"Dates: {', '.join(told)}." if told else ""


def sort_out(entries, stay):
    """Gives the photos that decide where they go, and by their names what goes along with them."""
    found = []
    others = []
    rest = 0
    for e in entries:
        category = e.get("category")
        if category is None:
            if e["kind"] != "folder":
                add(stay, "links and special files")
        elif e["name"][0] == ".":
            add(stay, "hidden files")
        elif category == "Images" and split_name(e["name"])[1] in PHOTOS:
            found.append(e)
        elif "belongs_to" in e:
            others.append(e)
        else:
            rest += 1
    add(stay, "files that are not photos", rest)
    # Of a photo in two forms, raw and developed, the developed one decides: what it says of itself can be read more often.
    leads = {}
    along = {}
    for e in found:
        stem, extension = split_name(e["name"])
        low = stem.lower()
        if low not in leads:
            leads[low] = e
        elif split_name(leads[low]["name"])[1] in RAW:
            along.setdefault(e["name"], []).append(leads[low])
            along[e["name"]] += along.pop(leads[low]["name"], [])
            leads[low] = e
        elif extension in RAW:
            along.setdefault(leads[low]["name"], []).append(e)
        else:
            leads[e["name"].lower()] = e
    for e in others:
        low = split_name(e["name"])[0].lower()
        # IMG_1.xmp and IMG_1.CR2.xmp both belong to IMG_1.CR2.
        first = leads.get(low) or leads.get(split_name(low)[0] if split_name(low)[1] in PHOTOS else "")
        if first:
            along.setdefault(first["name"], []).append(e)
        else:
            add(stay, "files that are not photos")
    return list(leads.values()), along


def look_into(entries):
    """Gives where photos were taken, by path; nothing for those that can't be read."""
    paths = [e["path"] for e in entries if not e.get("placeholder")]
    said = {}
    # One after the other, keeping only what is needed: there may be very many.
    for at in range(0, len(paths), 10000):
        for one in file_metadata(paths[at : at + 10000])["files"]:
            if "metadata" in one:
                said[one["path"]] = (one["metadata"].get("latitude"), one["metadata"].get("longitude"))
    return said


def by_time(entries, stay):
    groups = {}
    for e in entries:
        day = e.get("date")
        # The last change says mostly when it was copied.
        if not day or e["date_from"] == "changed":
            add(stay, "photos without a date that can be right")
            continue
        add(dated, e["date_from"])
        target = day[:4] if by == "year" else f"{day[:4]}/{day[5:7]}" if by == "month" else f"{day[:4]}/{day}"
        groups.setdefault(target, []).append(e)
    return groups


def by_place(entries, stay):
    said = look_into(entries)
    # Photos within a kilometre or so of each other are asked about once.
    spots = {}
    for e in entries:
        path = e["path"]
        if path not in said:
            add(stay, "photos that can't be read")
            continue
        latitude, longitude = said[path]
        # What has no fix often says 0, 0, which is in the sea.
        if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
            add(stay, "photos without a place")
        else:
            spots.setdefault((round(latitude, 2), round(longitude, 2)), []).append(e)
    groups = {}
    if not spots:
        return groups
    where = list(spots)
    names = name_places([{"latitude": spot[0], "longitude": spot[1]} for spot in where])["places"]
    for at in range(len(where)):
        group = spots[where[at]]
        if names[at] is None:
            add(stay, "photos far from every town", len(group))
        else:
            target = f"{clean(names[at]['country'])}/{clean(names[at]['name'])}"
            groups.setdefault(target, []).extend(group)
    return groups


def clean(name):
    return name.replace("/", "-").replace("\\", "-").strip(" .") or "Unnamed"


def decide(folder, entries, stay):
    """Gives the moves, and how many files go where."""
    leads, along = sort_out(entries, stay)
    unsettled = {}
    groups = by_place(leads, unsettled) if by == "place" else by_time(leads, unsettled)
    going = set([e["name"] for group in groups.values() for e in group]) if along else set()
    for reason, number in unsettled.items():
        add(stay, reason, number)
    add(stay, "files that belong to a photo that stays", sum([len(group) for name, group in along.items() if name not in going]))
    # A folder is used as it is written already; a file that has the name of one is left, and so are its photos.
    spelled = {}
    taken = set()
    for e in entries:
        if e["kind"] == "folder":
            spelled.setdefault(e["name"].lower(), e["name"])
        else:
            taken.add(e["name"])
    moves = []
    counts = {}
    for target, group in sorted(groups.items()):
        top, slash, below = target.partition("/")
        top = spelled.get(top.lower(), top)
        whole = group + [other for e in group for other in along.get(e["name"], [])] if along else group
        if top in taken:
            add(stay, "photos whose folder's name is taken by a file", len(whole))
            continue
        into = f"{folder}/{top}{slash}{below}/"
        moves += [{"from": e["path"], "to": into + e["name"]} for e in whole]
        add(counts, into if several else f"{top}{slash}{below}/", len(whole))
        going_along.update([other["path"] for e in group for other in along.get(e["name"], [])])
    return moves, counts


# What goes along with a photo, by path.
going_along = set()
places = folders("write")
several = len(places) > 1
look = "Look at the folders" if several else "Look at the folder"
plan([look, "Ask the photos", "Move photos"])
step(look)
listings = gather([later(list_folder, place, most=100000, categories=True, dates=by != "place") for place in places])
files = sum([listing["count"] - listing["folders"] for listing in listings])
done("1 file" if files == 1 else f"{files} files")

step("Ask the photos")
stayed = {}
planned = {}
dated = {}
notes = []
batches = []
for place, listing in zip(places, listings):
    moves, counts = decide(place, listing["entries"], stayed)
    if listing["next"] is not None:
        rest = "run it again for the rest" if moves else "put some of those elsewhere to have the rest looked at"
        notes.append(f"{place} holds more than was looked at, {len(listing['entries'])} of {listing['count']}: {rest}.")
    for target, number in counts.items():
        add(planned, target, number)
    if moves:
        batches.append(moves)
total = sum([len(moves) for moves in batches])
staying = sum(stayed.values())
done(f"{total} to move, {staying} stay")


def listed(counts):
    lines = sorted([item for item in counts.items() if item[1] > 0], key=lambda item: (-item[1], item[0]))
    text = "\n\n  " + "   ".join([f"{target} {number}" for target, number in lines[:8]]) if lines else ""
    return text + (f"   and {len(lines) - 8} more" if len(lines) > 8 else "")


if dates_from(dated):
    notes.append(dates_from(dated))
said = "".join([f" {note}" for note in notes])
data = {"moved": 0, "left": staying, "folders": planned, "stayed": stayed}
if notes:
    data["notes"] = notes
if total == 0:
    finish((f"Nothing to move: {staying} left as they were{staying_for(stayed)}." if staying else "Nothing to move: no photos here.") + said, data)
if dry_run:
    data["dry_run"] = True
    finish(f"{moved_things(total - len(going_along), len(going_along))} would be moved, {staying} left as they are{staying_for(stayed)}; nothing was changed.{said}" + listed(planned), data)

step("Move photos")
results = gather([later(move_files, moves, if_taken="number") for moves in batches], return_exceptions=True)
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
moved = 0
numbered = 0
not_done = []
reasons = []
beside = len(going_along)
for moves, result in zip(batches, results):
    lost = []
    if isinstance(result, Exception):
        not_done.append({"folder": moves[0]["from"].split("/")[0], "files": len(moves), "why": str(result)})
        reasons.append({"files": len(moves), "why": str(result)})
        staying += len(moves)
        lost = moves
    else:
        moved += result["made"]
        numbered += result["renamed"]
        staying += result["left"]
        reasons += result["reasons"]
        lost = [moves[at] for span in result["left_at"] for at in range(span[0], span[1])]
        not_done += [{"path": other["path"], "why": other["reason"]} for other in result["otherwise"] if not other.get("renamed")]
    beside -= len([move for move in lost if move["from"] in going_along])
    for move in lost:
        parts = move["to"].split("/")
        add(planned, "/".join(parts[:-1] if several else parts[1:-1]) + "/", -1)
done(f"{moved_things(moved - beside, beside)} moved")
if not_done and not moved:
    refused("Nothing was moved", not_done[0]["why"])
data["moved"] = moved
data["renamed"] = numbered
data["left"] = staying
data["folders"] = {target: number for target, number in planned.items() if number > 0}
if not_done:
    data["not_done"] = not_done
summary = f"{moved_things(moved - beside, beside)} moved, {staying} left as they were{staying_for(stayed)}, nothing deleted."
if numbered:
    summary += f" {numbered} got a number, because the name was taken."
if not_done:
    summary += not_made(total - moved, reasons)
finish(summary + said + listed(planned), data)
