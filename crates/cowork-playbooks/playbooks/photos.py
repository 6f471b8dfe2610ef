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
# What the tool says of files, said of photos.
OF_PHOTOS = {
    "files of other kinds": "files that are not photos",
    "files with a date that can't be right": "photos that do not say when they were taken",
    "files that can't be read": "photos that can't be read",
    "files without a place": "photos without a place",
    "files far from every town": "photos far from every town",
    "files whose folder's name is taken by a file": "photos whose folder's name is taken by a file",
}


def photos(number):
    return "1 photo" if number == 1 else f"{number} photos"


def moved_things(number, beside):
    return photos(number) + (f" and {beside} that belong to them" if beside else "")


def add(into, key, number):
    into[key] = into.get(key, 0) + number


def size(moves):
    return sum([len(move["names"]) for move in moves])


def staying_for(stayed):
    """Says how many stay for which reason."""
    told = sorted([item for item in stayed.items() if item[1]], key=lambda item: (-item[1], item[0]))
    return " (" + ", ".join([f"{reason}: {number}" for reason, number in told[:8]]) + (", …" if len(told) > 8 else "") + ")" if told else ""


SOURCES = {"name": "out of the name", "content": "out of the photo or PDF itself"}


def dates_from(dated):
    """Says where dates are from."""
    told = [f"{dated[source]} {SOURCES[source]}" for source in SOURCES if dated.get(source)]
    return f"Dates: {', '.join(told)}." if told else ""


def called(to):
    """Gives a folder as it is told: with the one that it is in only if there are several of those."""
    return (to if several else to.partition("/")[2]) + "/"


def listed(counts):
    lines = sorted([item for item in counts.items() if item[1] > 0], key=lambda item: (-item[1], item[0]))
    text = "\n\n  " + "   ".join([f"{target} {number}" for target, number in lines[:8]]) if lines else ""
    return text + (f"   and {len(lines) - 8} more" if len(lines) > 8 else "")


places = folders("write")
several = len(places) > 1
plan(["Ask the photos", "Move photos"])

step("Ask the photos")
# The last change says mostly when it was copied.
suggested = gather([later(suggest_folders, place, by=by, only=["photos"], changed=False, projects=False, most=100000) for place in places])
batches = []
planned = {}
stayed = {}
dated = {}
notes = []
for place, one in zip(places, suggested):
    if one["more"]:
        notes.append(f"{place} holds more than is moved in one go, {one['count']} files: run it again for the rest.")
    for reason, number in one["stay"].items():
        add(stayed, OF_PHOTOS.get(reason, reason), number)
    for source, number in one["dated"].items():
        add(dated, source, number)
    if one["moves"]:
        batches.append((one["moves"], one["along"]))
    for move in one["moves"] + one["along"]:
        add(planned, called(move["to"]), len(move["names"]))
total = sum([size(moves) for moves, _ in batches])
beside = sum([size(along) for _, along in batches])
staying = sum(stayed.values())
done(f"{total + beside} to move, {staying} stay")

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
    finish(f"{moved_things(total, beside)} would be moved, {staying} left as they are{staying_for(stayed)}; nothing was changed.{said}" + listed(planned), data)

step("Move photos")
results = gather([later(move_files, moves + along, if_taken="number") for moves, along in batches], return_exceptions=True)
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
moved = 0
beside = 0
numbered = 0
not_done = []
reasons = []
untold = ""
made_of = {}
for (moves, along), result in zip(batches, results):
    if isinstance(result, Exception):
        number = size(moves + along)
        staying += number
        not_done.append({"folder": moves[0]["from"], "files": number, "why": str(result)})
        untold += f" Not done: {number:,}, because {result}."
        continue
    for move, number in zip(moves + along, result["each"]):
        add(made_of, called(move["to"]), number)
    moved += result["made"]
    beside += sum(result["each"][len(moves) :])
    numbered += result["renamed"]
    staying += result["left"]
    reasons += result["reasons"]
    untold += f" {result['told']}" if result["told"] else ""
    not_done += [{"path": other["path"], "why": other["reason"]} for other in result["otherwise"] if not other.get("renamed")]
done(f"{moved_things(moved - beside, beside)} moved")
if reasons and not moved:
    raise SystemExit(f"Nothing was moved: {reasons[0]['why']}\n{reasons[0]['fix']}")
data["moved"] = moved
data["renamed"] = numbered
data["left"] = staying
data["folders"] = {target: number for target, number in made_of.items() if number > 0}
if not_done:
    data["not_done"] = not_done
summary = f"{moved_things(moved - beside, beside)} moved, {staying} left as they were{staying_for(stayed)}, nothing deleted."
if numbered:
    summary += f" {numbered} got a number, because the name was taken."
finish(summary + untold + said + listed(made_of), data)
