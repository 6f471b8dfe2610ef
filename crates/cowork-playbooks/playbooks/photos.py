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
from datetime import datetime, timedelta

RAW = set("raw cr2 cr3 nef arw dng orf rw2 raf pef srw".split())
PHOTOS = RAW | set("jpg jpeg heic heif avif png tif tiff webp psd".split())
SIDECARS = set("xmp aae thm".split())


def photos(number):
    return "1 photo" if number == 1 else f"{number} photos"


def add(into, key, number=1):
    if number:
        into[key] = into.get(key, 0) + number


def split_name(name):
    at = name.rfind(".")
    return (name[:at], name[at + 1 :].lower()) if at > 0 else (name, "")


def sort_out(entries, stay):
    """Gives the photos that decide where they go, and by their names what goes along with them."""
    found = []
    others = []
    for e in entries:
        name = e["name"]
        if e["kind"] != "file":
            if e["kind"] != "folder":
                add(stay, "links and special files")
        elif name[0] == ".":
            add(stay, "hidden files")
        else:
            at = name.rfind(".")
            extension = name[at + 1 :].lower() if at > 0 else ""
            if extension in PHOTOS:
                found.append(e)
            elif extension in SIDECARS or extension == "mov":
                others.append(e)
            else:
                add(stay, "files that are not photos")
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
    """Gives where photos were taken, or the day, by path; nothing for those that can't be read."""
    paths = [e["path"] for e in entries if not e.get("placeholder")]
    said = {}
    # One after the other, keeping only what is needed: there may be very many.
    for at in range(0, len(paths), 10000):
        for one in file_metadata(paths[at : at + 10000])["files"]:
            if "metadata" in one:
                metadata = one["metadata"]
                said[one["path"]] = (metadata.get("latitude"), metadata.get("longitude")) if by == "place" else metadata.get("taken", "")[:10]
    return said


def by_time(entries, said, stay):
    groups = {}
    for e in entries:
        path = e["path"]
        if path not in said:
            add(stay, "photos that can't be read")
            continue
        day = said[path]
        if not day:
            add(stay, "photos without a date")
        elif day[:4] == "1970" or day < "1900" or day > tomorrow:
            add(stay, "photos with a date that can't be right")
        else:
            target = day[:4] if by == "year" else f"{day[:4]}/{day[5:7]}" if by == "month" else f"{day[:4]}/{day}"
            groups.setdefault(target, []).append(e)
    return groups


def by_place(entries, said, stay):
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
    said = look_into(leads)
    unsettled = {}
    groups = by_place(leads, said, unsettled) if by == "place" else by_time(leads, said, unsettled)
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
    return moves, counts


places = folders("write")
several = len(places) > 1
look = "Look at the folders" if several else "Look at the folder"
plan([look, "Ask the photos", "Move photos"])
step(look)
listings = gather([later(list_folder, place, most=200000) for place in places])
files = sum([listing["count"] - listing["folders"] for listing in listings])
done("1 file" if files == 1 else f"{files} files")

step("Ask the photos")
at = datetime(1970, 1, 1) + timedelta(seconds=now()["millis"] // 1000 + 86400)
tomorrow = f"{at.year:04d}-{at.month:02d}-{at.day:02d}"
stayed = {}
planned = {}
notes = []
batches = []
for place, listing in zip(places, listings):
    if listing["next"] is not None:
        notes.append(f"{place} holds more than was looked at, {len(listing['entries'])} of {listing['count']}: run it again for the rest.")
    moves, counts = decide(place, listing["entries"], stayed)
    for target, number in counts.items():
        add(planned, target, number)
    for begin in range(0, len(moves), 100000):
        batches.append(moves[begin : begin + 100000] if len(moves) > 100000 else moves)
total = sum([len(moves) for moves in batches])
staying = sum(stayed.values())
done(f"{total} to move, {staying} stay")


def reasons():
    told = [f"{number} {reason[7:]}" for reason, number in sorted(stayed.items(), key=lambda item: (-item[1], item[0])) if reason[:7] == "photos "]
    return f" Left: {', '.join(told)}." if told else ""


def listed(counts):
    lines = sorted([item for item in counts.items() if item[1] > 0], key=lambda item: (-item[1], item[0]))
    text = "\n\n  " + "   ".join([f"{target} {number}" for target, number in lines[:8]]) if lines else ""
    return text + (f"   and {len(lines) - 8} more" if len(lines) > 8 else "")


said = reasons() + "".join([f" {note}" for note in notes])
data = {"moved": 0, "left": staying, "folders": planned, "stayed": stayed}
if notes:
    data["notes"] = notes
if total == 0:
    finish((f"Nothing to move: {staying} left as they were." if staying else "Nothing to move: no photos here.") + said, data)
if dry_run:
    data["dry_run"] = True
    finish(f"{photos(total)} would be moved, {staying} left as they are; nothing was changed.{said}" + listed(planned), data)

step("Move photos")
results = gather([later(move_files, moves, if_taken="number") for moves in batches], return_exceptions=True)
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
moved = 0
numbered = 0
not_done = []
for moves, result in zip(batches, results):
    lost = []
    if isinstance(result, Exception):
        not_done.append({"folder": moves[0]["from"].split("/")[0], "files": len(moves), "why": str(result)})
        staying += len(moves)
        lost = moves
    else:
        moved += result["made"]
        numbered += result["renamed"]
        staying += result["left"]
        for other in result["otherwise"]:
            if not other.get("renamed"):
                lost.append(moves[other["index"]])
                not_done.append({"path": other["path"], "why": other["reason"]})
    for move in lost:
        parts = move["to"].split("/")
        add(planned, "/".join(parts[:-1] if several else parts[1:-1]) + "/", -1)
done(f"{photos(moved)} moved")
data["moved"] = moved
data["renamed"] = numbered
data["left"] = staying
data["folders"] = {target: number for target, number in planned.items() if number > 0}
if not_done:
    data["not_done"] = not_done
summary = f"{photos(moved)} moved, {staying} left as they were, nothing deleted."
if numbered:
    summary += f" {numbered} got a number, because the name was taken."
if not_done:
    summary += f" Not done: {not_done[0]['why']}."
finish(summary + said + listed(planned), data)
