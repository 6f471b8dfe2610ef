# /// playbook
# name = "folder-report"
# about = "Reports on a folder: sizes, types, ages, the largest files, and what grew since last time"
# title = "Report on {folders}"
# examples = ["what is taking up all the space in here?", "give me an overview of this folder with sizes", "find files bigger than 100 MB"]
# folders = "write"
#
# [words]
# do = [
#   "eat … up", "how many filekind",
#   "report", "make … report", "overview", "how big", "how large", "how much space", "take … space", "using … space", "use … space", "eat … space", "hog … space",
#   "fill up", "disk usage", "storage usage", "statistics", "stats", "breakdown", "what is using", "where … space", "where has … gone", "how full", "how many file",
#   "space usage", "what is in here", "take up", "took up", "summary", "why … big", "so big", "so large", "so full", "why … full", "html report", "using up", "profile", "audit", "inventory", "what grew", "grown", "growth", "space hog", "how old", "takes the most", "how much",
#   "where does … space", "eating up", "size of", "storage report", "break down", "total size", "how many", "count", "occupy", "use up", "consume", "hogging", "analyse", "summary of folder size",
#   "write … report", "gobble", "chart", "space distributed", "distribution of", "top", "biggest", "larger than", "bigger than", "file over", "file … over", "smallest", "eat … storage", "hog … storage", "eat … disk", "space go", "space went", "space gone", "using up", "disk space", "storage space", "sizes",
# ]
# look = ["find", "show", "list", "which", "what", "where are", "are there", "give", "see", "create", "produce", "generate", "i want", "display", "any", "measure", "check", "rank"]
# with = [
#   "how many filekind",
#   "biggest", "big file", "bigger than", "bigger", "size", "sizes", "larger than", "space", "storage", "folder size", "over", "disk usage", "file type", "big", "files are there",
#   "largest", "folder report", "report … folder", "report on", "gb", "mb", "overview", "grown", "growth", "growing", "big folder", "most space", "how old", "by size", "oldest file", "newest file", "breakdown",
#   "statistics", "stats", "full", "by type", "by size", "by age", "by kind", "by extension", "by folder", "since", "last month", "last week", "last year", "by year", "by month", "inventory", "smallest", "using up", "disk", "so big", "so large", "so full", "summary … folder", "html report", "csv report", "kinds of file", "how many file", "file count", "overview … folder", "disk hog", "room",
# ]
# never = [
#   "too many", "too much",
#   "delete", "identical", "duplicate", "duplicates", "twice", "rename", "merge", "replace", "todo", "to do", "note", "sales", "revenue", "customer",
#   "client", "expense", "empty folder", "mention", "organise", "group", "photo by", "minutes", "compare", "words in", "spend", "cost", "money", "invoice total",
# ]
#
# [param.larger_than]
# about = "Only files larger than so many MB are listed"
# type = "number"
# default = 0
# unit = "MB"
# after = ["bigger than", "bigger", "larger than", "more than", "over", "above", "at least", "exceed", "greater than", "exceeding", "past", "beyond", "bigger then", "size of"]
#
# [param.most]
# about = "How many of the largest files are listed"
# type = "number"
# default = 20
# after = ["top", "at most", "most", "the first", "biggest", "limit to"]
# before = ["biggest", "big file", "most", "file … take", "file … use", "oldest", "file"]
#
# [param.to]
# about = "Where the report's files go: a folder; empty for the folder itself"
# type = "text"
# default = ""
# after = ["save it to", "save it in", "save it as", "save to", "write it to", "put it in", "write it into", "save the report in", "save the report to", "store it in", "put the report in"]
# ///
from datetime import datetime, timedelta
import re

MONTHS = "January February March April May June July August September October November December".split()
AGES = {7: "a week", 30: "a month", 90: "3 months", 365: "a year", 730: "2 years", 1825: "5 years"}
NAME = "Folder report"
# So many folders are told apart, so many rows are drawn, so many reports are remembered in the line of growth.
FOLDERS = 1000
ROWS = 12
HISTORY = 200
DIRECTLY = "directly in it"
DIRECTLY_IN_THEM = "directly in them"

STYLE = """
:root{--ground:#fcfbf8;--text:#1f2428;--soft:#69727a;--line:#e4e1da;--accent:#2c6e8c;--up:#9a5b13;--down:#3b7a57;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ground:#15181a;--text:#e4e6e7;--soft:#98a1a8;--line:#2b3135;--accent:#78b4cf;--up:#d9a05b;--down:#7fbf9b}}
*{box-sizing:border-box}
body{margin:0 auto;padding:3rem 1.5rem 4rem;max-width:52rem;background:var(--ground);color:var(--text);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:1.9rem;line-height:1.2;margin:0;font-weight:600;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:3rem 0 .9rem;font-weight:600}
p{margin:.4rem 0}
.soft,footer,small{color:var(--soft)}
small{font-size:.82rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:1.2rem;margin:2rem 0 0;padding:1.2rem 0;border:solid var(--line);border-width:1px 0}
dt{font-size:.82rem;color:var(--soft)}
dd{margin:0;font-size:1.5rem;font-weight:600;line-height:1.3}
dd small{display:block;font-weight:400}
ul{list-style:none;margin:0;padding:0}
li{display:grid;grid-template-columns:minmax(7rem,15rem) 1fr 5.5rem 5.5rem;gap:.2rem 1rem;align-items:center;padding:.32rem 0;break-inside:avoid}
li>span:first-child{overflow-wrap:anywhere;line-height:1.3}
li .n{text-align:right;white-space:nowrap}
svg{display:block;width:100%;overflow:visible}
.bar{height:.6rem;border-radius:2px;background:var(--line)}
.bar rect,.col rect{fill:var(--accent)}
.all{height:1.6rem;border-radius:3px}
.all rect{fill:var(--accent)}
.key{display:inline-block;width:.7rem;height:.7rem;border-radius:2px;background:var(--accent);margin-right:.5rem}
.up{color:var(--up)}.down{color:var(--down)}
.bar .up{fill:var(--up)}.bar .down{fill:var(--down)}
.ages{break-inside:avoid;display:grid;grid-template-columns:repeat(7,1fr);gap:.6rem;text-align:center;font-size:.82rem;line-height:1.3}
.ages b,.ages span,.ages small{display:block}.ages b{font-weight:600;margin-bottom:.3rem}.ages i{font-style:normal}
.col{height:7rem;border-bottom:1px solid var(--line);margin-bottom:.3rem}
.line{height:6rem;border-bottom:1px solid var(--line)}
.line polyline{fill:none;stroke:var(--accent);stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.ends{display:flex;justify-content:space-between;font-size:.82rem;color:var(--soft)}
.changes,.kinds{margin-top:.8rem}
.files li{grid-template-columns:1fr 5.5rem 7.5rem}
.files small{display:block;overflow-wrap:anywhere}
footer{margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.85rem}
@media(max-width:36rem){body{padding:1.6rem 1rem 3rem}h1{font-size:1.5rem}h2{margin-top:2.3rem}dl{grid-template-columns:1fr 1fr}
li{grid-template-columns:1fr auto auto}li .bar{grid-column:1/-1;grid-row:2}.files li{grid-template-columns:1fr auto}
.files .n:last-child{grid-column:2;grid-row:2;display:none}.kinds li{grid-template-columns:1fr 2.3rem 4.2rem 5rem;gap:.5rem}
.ages{gap:.3rem;font-size:.75rem}.ages i{display:block}.ages span{width:min-content;margin:auto;min-height:2.6em}}
@media print{:root{--ground:#fff;--text:#000;--soft:#555;--line:#ccc;--accent:#2c6e8c;--up:#9a5b13;--down:#3b7a57}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}body{padding:0;max-width:none;font-size:11pt}h2{break-after:avoid}}
"""


def files_of(number):
    return "1 file" if number == 1 else f"{number:,} files"


def hollow_text():
    """Says what files claim and don't take: they have holes, or are kept elsewhere."""
    one = hollow["files"] == 1
    return f"{files_of(hollow['files'])} {'claims' if one else 'claim'} {size(hollow['bytes'])} more than {'it takes' if one else 'they take'} on the disk."


def size(number):
    if number < 1000:
        return f"{number} B"
    for unit in ["KB", "MB", "GB"]:
        number = number / 1000
        if number < 999.95:
            return f"{number:.1f} {unit}"
    return f"{number / 1000:.1f} TB"


def change(number):
    return "no change" if number == 0 else f"+{size(number)}" if number > 0 else f"−{size(-number)}"


def share(part, whole):
    number = 100 * part / whole if whole else 0
    return f"{number:.0f}%" if number >= 1 or not part else "<1%"


def day(iso):
    return f"{int(iso[8:10])} {MONTHS[int(iso[5:7]) - 1]} {iso[:4]}"


def when(iso):
    return f"{iso[11:16]} today" if iso[:10] == at[:10] else day(iso)


def date_of(millis):
    at = datetime(1970, 1, 1) + timedelta(seconds=millis // 1000)
    return f"{at.year:04d}-{at.month:02d}-{at.day:02d}"


def shown(text):
    return re.sub("[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", "\ufffd", text)


def esc(text):
    text = shown(text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def cut(text, most):
    return text if len(text) <= most else text[: most * 2 // 3] + "…" + text[len(text) - most // 3 :]


def cell(value):
    text = str(value)
    # What a spreadsheet would take for a formula is a text here.
    if text[:1] in ("=", "+", "-", "@", "\t") and not isinstance(value, int):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if re.search('[",\r\n]', text) else text


def row(section, name, files="", folders="", room="", changed=""):
    return ",".join([cell(value) for value in [section, name, files, folders, room, changed]])


def rows_of(text):
    rows = []
    row = []
    # A row that is broken is a row of other length, which nobody asks for.
    for quoted, plain, end in re.findall('(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)', text):
        row.append(quoted.replace('""', '"') if quoted else plain)
        if end != ",":
            rows.append(row)
            row = []
    return [row for row in rows if len(row) == 6]


def whole(text):
    return int(text) if re.match("[0-9]+$", text) else None


def read_former(path):
    """Gives what a report said, or nothing if it can't be told."""
    try:
        file = read_file(path, most=1048576)
    except RuntimeError:
        return None
    if file.get("binary") or file["next"]:
        return None
    former = {"totals": {}, "folders": {}, "history": [], "at": ""}
    for section, name, files, folders, room, changed in rows_of(file["text"]):
        number = whole(room)
        if section == "report" and re.match(r"\d{4}-\d\d-\d\dT", changed):
            former["at"] = changed
        elif number is None or whole(files) is None:
            continue
        elif section == "total":
            former["totals"][name] = {"files": whole(files), "bytes": number}
        elif section == "folder":
            former["folders"][name] = number
        elif section == "history" and re.match(r"\d{4}-\d\d-\d\dT", changed):
            former["history"].append({"at": changed, "files": whole(files), "bytes": number})
    if not former["at"] or sorted(former["totals"]) != sorted(places):
        return None
    former["files"] = sum([total["files"] for total in former["totals"].values()])
    former["bytes"] = sum([total["bytes"] for total in former["totals"].values()])
    return former


def bar(part, whole, css=""):
    width = 100 * part / whole if whole else 0
    width = max(width, 0.6) if part else 0
    drawn = f' class="{css}"' if css else ""
    return f'<svg class="bar" aria-hidden="true"><rect{drawn} width="{width:.2f}%" height="100%" rx="2"/></svg>'


def listed(rows, whole):
    """A line for each: its name, a bar, how many files, how much room."""
    top = max([room for _, _, room in rows] + [1])
    lines = [
        f'<li><span>{name}</span>{bar(room, top)}<small class="n">{files}</small><span class="n">{size(room)}</span></li>'
        for name, files, room in rows
    ]
    return "<ul>" + "\n".join(lines) + "</ul>"


def section(title, body):
    return f"<section><h2>{title}</h2>\n{body}\n</section>\n" if body else ""


def kinds_chart(kinds, whole):
    """One bar for all of it, and a line for each kind."""
    parts = ""
    lines = ""
    left = 0.0
    strengths = [1, 0.78, 0.6, 0.47, 0.36, 0.28, 0.21, 0.15, 0.1]
    for at, (name, kind) in enumerate(kinds):
        strength = strengths[min(at, len(strengths) - 1)]
        width = 100 * kind["bytes"] / whole if whole else 0
        parts += f'<rect x="{left:.2f}%" width="{max(width - 0.25, 0.1):.2f}%" height="100%" fill-opacity="{strength}"><title>{name} {size(kind["bytes"])}</title></rect>'
        left += width
        lines += f'<li><span><i class="key" style="opacity:{strength}"></i>{name}</span><small class="n">{share(kind["bytes"], whole)}</small><small class="n">{files_of(kind["files"])}</small><span class="n">{size(kind["bytes"])}</span></li>'
    return f'<svg class="all" role="img" aria-label="Shares of the kinds of files">{parts}</svg><ul class="kinds">{lines}</ul>'


def ages_chart(ages):
    top = max([age["bytes"] for age in ages] + [1])
    columns = ""
    for age in ages:
        tall = max(100 * age["bytes"] / top, 1 if age["bytes"] else 0)
        name = AGES.get(age["days"], "older")
        amount = size(age["bytes"]).replace(" ", " <i>")
        columns += f'<div><b>{amount}</i></b><svg class="col" role="img" aria-label="{name}: {size(age["bytes"])}"><rect x="12%" y="{100 - tall:.2f}%" width="76%" height="{tall:.2f}%" rx="2"/></svg><span>{name}</span><small>{age["files"]:,}</small></div>'
    return f'<div class="ages">{columns}</div><p><small>How long ago it was last changed: up to a week, up to a month, and so on; below, how many files.</small></p>'


def line_chart(points):
    """The size over time, if there are at least three reports."""
    if len(points) < 3:
        return ""
    times = [moment(point["at"]) for point in points]
    tops = [point["bytes"] for point in points]
    first, last, top = times[0], times[-1], max(tops + [1])
    spots = [
        f"{100 * (time - first) / max(last - first, 1):.2f},{40 - 38 * number / top:.2f}" for time, number in zip(times, tops)
    ]
    return (
        f'<svg class="line" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="Size over {len(points)} reports"><polyline points="{" ".join(spots)}"/></svg>'
        f'<div class="ends"><span>{day(points[0]["at"])}, {size(tops[0])}</span><span>{day(points[-1]["at"])}, {size(tops[-1])}</span></div>'
    )


def moment(iso):
    seconds = [int(iso[11:13]) * 3600, int(iso[14:16]) * 60, int(iso[17:19])]
    return (datetime(int(iso[:4]), int(iso[5:7]), int(iso[8:10])) - datetime(1970, 1, 1)).days * 86400 + sum(seconds)


def grown(former, folders):
    """Gives which folders grew and shrank, the most first."""
    both_whole = len(folders) < FOLDERS and len(former["folders"]) < FOLDERS
    changes = []
    for path, room in folders.items():
        if path in former["folders"] or both_whole:
            changes.append((path, room - former["folders"].get(path, 0), path not in former["folders"]))
    if both_whole:
        changes += [(path, -room, False) for path, room in former["folders"].items() if path not in folders]
        direct = [total["bytes"] - sum(folders.values()), former["bytes"] - sum(former["folders"].values())]
        changes.append((DIRECTLY if len(places) == 1 else DIRECTLY_IN_THEM, direct[0] - direct[1], False))
    # Of the reports themselves nobody wants to be told.
    return sorted([c for c in changes if c[1] and c[0] != target], key=lambda c: (-abs(c[1]), c[0]))


def growth_part(former, folders):
    if not former:
        return ""
    changes = grown(former, folders)
    lines = ""
    changes = changes[:8]
    rest = total["bytes"] - former["bytes"] - sum([room for _, room, _ in changes])
    # The lines add up to the whole.
    if rest:
        changes.append(("all else", rest, False))
    top = max([abs(c[1]) for c in changes] + [1])
    for path, room, is_new in changes:
        css = "up" if room > 0 else "down"
        new = " <small>new</small>" if is_new else ""
        lines += f'<li><span>{esc(cut(below(path), 60))}{new}</span>{bar(abs(room), top, css)}<small></small><span class="n {css}">{change(room)}</span></li>'
    text = f"<p>{change(total['bytes'] - former['bytes'])} and {total['files'] - former['files']:+,} files since {when(former['at'])}.</p>"
    points = former["history"] + [{"at": former["at"], "bytes": former["bytes"]}, {"at": at, "bytes": total["bytes"]}]
    return text + line_chart(points) + (f'<ul class="changes">{lines}</ul>' if lines else "")


def below(path):
    return path if len(places) > 1 or "/" not in path else path.split("/", 1)[1]


def page(heading, parts):
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{esc(heading)}: folder report</title>\n<style>{STYLE}</style></head>\n<body>\n{parts}</body></html>\n"
    )


places = folders()
target = to.strip().strip("/") if to.strip() else f"{folders('write')[0]}/{NAME}"
if to.strip().startswith(("/", "~", "\\")) or re.match("[A-Za-z]:", to.strip()):
    raise SystemExit(f"`{to}` is no place in the granted folders\nbegin it with the name of one: {', '.join(folders('write'))}")
if target.split("/")[0] not in places:
    target = f"{folders('write')[0]}/{target}"
most = max(0, min(most, 1000))
look = "Look at the folders" if len(places) > 1 else "Look at the folder"
plan([look, "Compare with the last report", "Write the report"])

step(look)
time = now()
at = time["iso"]
trees = gather(
    [later(folder_tree, p, depth=1, sort="largest", most=FOLDERS, files=most, types=1000, ages=True) for p in places],
    return_exceptions=True,
)
not_done = [{"folder": p, "why": str(tree)} for p, tree in zip(places, trees) if isinstance(tree, Exception)]
if len(not_done) == len(places):
    raise [tree for tree in trees if isinstance(tree, Exception)][0]
places = [p for p, tree in zip(places, trees) if not isinstance(tree, Exception)]
trees = [tree for tree in trees if not isinstance(tree, Exception)]
total = {key: sum([tree["total"][key] for tree in trees]) for key in ["files", "folders", "others", "bytes"]}
inside = {}
counts = {}
for tree in trees:
    for folder in tree["tree"]:
        inside[folder["path"]] = folder["bytes"]
        counts[folder["path"]] = folder["files"]
hollow = {key: sum([tree["total"].get("hollow", {}).get(key, 0) for tree in trees]) for key in ["files", "bytes"]}
types = {}
kinds = {}
ages = [{"days": days, "files": 0, "bytes": 0} for days in list(AGES) + [None]]
for tree in trees:
    for one in tree["types"] + [{"type": "…", "category": "Other", **tree["other_types"]}]:
        for sums in [types.setdefault(one["type"], {"files": 0, "bytes": 0}), kinds.setdefault(one["category"], {"files": 0, "bytes": 0})]:
            sums["files"] += one["files"]
            sums["bytes"] += one["bytes"]
    for sum_of, one in zip(ages, tree["ages"]):
        sum_of["files"] += one["files"]
        sum_of["bytes"] += one["bytes"]
by_bytes = lambda item: (-item[1]["bytes"], item[0])
types = [item for item in sorted(types.items(), key=by_bytes) if item[1]["files"]]
kinds = [item for item in sorted(kinds.items(), key=by_bytes) if item[1]["files"]]
largest = [file for tree in trees for file in tree["largest"] if most and file["size"] > larger_than * 1000000]
largest = sorted(largest, key=lambda file: (-file["size"], file["path"]))[:most]
unreadable = sum([tree["skipped"]["unreadable"] for tree in trees])
mounts = sum([tree["skipped"]["mounts"] for tree in trees])
elsewhere = f"{mounts:,} folder{'' if mounts == 1 else 's'} where another disk is mounted"
done(f"{files_of(total['files'])}, {total['folders']:,} folder{'' if total['folders'] == 1 else 's'}, {size(total['bytes'])}")

step("Compare with the last report")
names = []
try:
    names = [entry["name"] for entry in list_folder(target, name=f"{NAME} *", most=100000)["entries"]]
except RuntimeError:
    # It is not there yet, or no folder: that is said when it is written.
    names = []
formers = []
for name in names:
    made = re.match(NAME + r" (\d{4}-\d\d-\d\d)(?: \((\d+)\))?\.csv$", name)
    if made:
        formers.append((made.group(1), int(made.group(2) or 1), name))
former = None
for _, _, name in sorted(formers, reverse=True)[:5]:
    former = read_former(f"{target}/{name}")
    if former:
        break
if former:
    since = f"{change(total['bytes'] - former['bytes'])} since {when(former['at'])}"
    done(since)
else:
    since = ""
    done("there is none of these folders")

step("Write the report")
heading = " and ".join(places) if len(places) < 3 else f"{places[0]} and {len(places) - 1} more folders"
figures = [("Size", size(total["bytes"]), ""), ("Files", f"{total['files']:,}", ""), ("Folders", f"{total['folders']:,}", "")]
if former:
    figures.append((f"Since {when(former['at'])}", change(total["bytes"] - former["bytes"]), f"{total['files'] - former['files']:+,} files"))
parts = f"<header><h1>{esc(heading)}</h1><p class=\"soft\">Folder report, {day(at)}, {at[11:16]} UTC</p></header>\n<dl>"
for name, value, more in figures:
    parts += f"<div><dt>{name}</dt><dd>{value}{f'<small>{more}</small>' if more else ''}</dd></div>"
parts += "</dl>\n"
if not total["files"]:
    parts += "<p>There are no files here.</p>"
else:
    parts += section("What takes up the room", kinds_chart(kinds, total["bytes"]))
    parts += section("Since the last report", growth_part(former, inside))
    where = sorted(inside.items(), key=lambda item: (-item[1], item[0]))
    rows = [(esc(cut(below(path), 60)), files_of(counts[path]), room) for path, room in where[:ROWS]]
    rest = where[ROWS:]
    if rest:
        rows.append((f"{len(rest):,} other folders", files_of(sum([counts[path] for path, _ in rest])), sum([b for _, b in rest])))
    if all([not tree["next"] for tree in trees]):
        direct = total["bytes"] - sum(inside.values())
        alone = total["files"] - sum(counts.values())
        if alone:
            rows.append((DIRECTLY if len(places) == 1 else DIRECTLY_IN_THEM, files_of(alone), direct))
    parts += section("Where it lies", listed(rows, total["bytes"]))
    rows = [(f".{name}" if name not in ("", "…") else "other" if name else "no type", files_of(t["files"]), t["bytes"]) for name, t in types[:ROWS]]
    if types[ROWS:]:
        rest = [t for _, t in types[ROWS:]]
        rows.append((f"{len(rest):,} other types", files_of(sum([t["files"] for t in rest])), sum([t["bytes"] for t in rest])))
    parts += section("Types", listed(rows, total["bytes"]))
    parts += section("When it was last changed", ages_chart(ages))
    lines = ""
    for file in largest:
        folder, _, name = file["path"].rpartition("/")
        lines += f'<li><span>{esc(cut(name, 90))}<small>{esc(cut(folder, 90))}</small></span><span class="n">{size(file["size"])}</span><small class="n">{date_of(file["modified"])}</small></li>'
    title = f"Largest files over {larger_than:,} MB" if larger_than else "Largest files"
    parts += section(title, f'<ul class="files">{lines}</ul>' if lines else "")
remarks = ["Sizes are those of the files, 1 MB being a million bytes; hidden files count too. Links and other disks are not gone into."]
if hollow["files"]:
    remarks.append(f"{hollow_text()} Only what is on the disk counts.")
if mounts:
    remarks.append(f"{elsewhere} {'is' if mounts == 1 else 'are'} not looked into.")
if unreadable:
    remarks.append(f"{unreadable:,} that could not be read are not in it.")
for one in not_done:
    remarks.append(f"Not in it: {esc(one['folder'])} ({esc(one['why'])}).")
parts += f"<footer><p>{' '.join(remarks)}</p><p>This page is one file and loads nothing. Made by Cowork.</p></footer>\n"

csv = ["section,name,files,folders,bytes,changed", row("report", heading, changed=at)]
csv += [row("total", p, tree["total"]["files"], tree["total"]["folders"], tree["total"]["bytes"]) for p, tree in zip(places, trees)]
csv += [row("kind", name, kind["files"], "", kind["bytes"]) for name, kind in kinds]
csv += [row("type", name, sums["files"], "", sums["bytes"]) for name, sums in types]
csv += [row("age", f"within {AGES[age['days']]}" if age["days"] else "older", age["files"], "", age["bytes"]) for age in ages]
csv += [row("folder", path, counts[path], "", room) for path, room in inside.items()]
csv += [row("file", file["path"], 1, "", file["size"], date_of(file["modified"])) for file in largest]
if former:
    history = former["history"] + [{"at": former["at"], "files": former["files"], "bytes": former["bytes"]}]
    csv += [row("history", "", one["files"], "", one["bytes"], one["at"]) for one in history[-HISTORY:]]

# Both files of a report have one number.
taken = {name.lower() for name in names}
name = f"{NAME} {at[:10]}"
number = 1
while f"{name}.html".lower() in taken or f"{name}.csv".lower() in taken:
    number += 1
    name = f"{NAME} {at[:10]} ({number})"
texts = [(f"{target}/{name}.html", page(heading, parts)), (f"{target}/{name}.csv", "\ufeff" + "\n".join(csv) + "\n")]
written = gather([later(write_file, path=path, text=text, if_exists="number") for path, text in texts])
reports = []
for (path, _), result in zip(texts, written):
    other = result["otherwise"]
    if not result["made"]:
        raise SystemExit(f"`{path}` could not be written: {other[0]['reason'] if other else 'it is not known why'}\nsee to that, or say with `to` where else the report goes")
    reports.append(other[0]["renamed"] if other else path)
done(f"{len(reports)} files written")

data = {"reports": reports, "files": total["files"], "folders": total["folders"], "bytes": total["bytes"], "kinds": dict(kinds)}
data["largest"] = largest[:100]
summary = f"{shown(heading)}: {files_of(total['files'])}, {size(total['bytes'])} in {total['folders']:,} folder{'' if total['folders'] == 1 else 's'}."
if former:
    data["since"] = {"at": former["at"], "files": total["files"] - former["files"], "bytes": total["bytes"] - former["bytes"]}
    summary += f" {since[0].upper() + since[1:]}."
if not_done:
    data["not_done"] = not_done
    summary += f" Not looked at: {not_done[0]['folder']} ({not_done[0]['why']})."
if hollow["files"]:
    data["hollow"] = hollow
    summary += f" {hollow_text()}"
if mounts:
    data["mounts"] = mounts
    summary += f" Not looked into: {elsewhere}."
if unreadable:
    data["unreadable"] = unreadable
    summary += f" {unreadable:,} could not be read."
if kinds:
    summary += "\n\n  " + "   ".join([f"{name} {size(kind['bytes'])}" for name, kind in kinds[:6]])
summary += "\n\n  Report: " + shown(reports[0]) + "\n  Data:   " + shown(reports[1])
finish(summary, data)
