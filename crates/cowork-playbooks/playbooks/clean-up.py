# /// playbook
# name = "clean-up"
# about = "Sets aside what nobody needs: empty folders, temporary files, old installers, broken links"
# title = "Clean up {folders}: {what}"
# examples = ["delete empty folders", "get rid of old installers and temp files", "clean out the junk in Downloads"]
# folders = "write"
# destructive = true
#
# [words]
# do = ["delete", "clean", "tidy away", "sweep", "set … aside", "put … aside", "move … aside"]
# maybe = ["make … space", "free up", "free … space", "make room", "make … room", "take … room"]
# look = [
#   "find", "show", "list", "are there", "is there", "do i have", "any", "which", "what", "count", "report", "how many", "look", "see", "check",
#   "preview", "identify", "have i",
# ]
# with = [
#   "bak",
#   "empty folder", "empty subfolder", "folder … empty", "folder with nothing", "folder … contain nothing", "folder … nothing in", "empty ones", "folder without files", "folder … no files", "subfolder … empty", "folder without anything", "hollow folder", "vacant folder", "folder containing nothing", "folder not … anything", "folder … not contain", "temporary", "temporary file", "cache", "caches", "cached file", "backup file", "swap file", "lock file", "ds_store", "thumbs.db", "partial download", "unfinished download", "incomplete download", "crdownload", "bak file", "half-finished download", "temporaries", "half finished download", "interrupted download", "aborted download", "failed download", "ds store", "thumbs db", "office lock", "autosave", "broken download", "installer", "installers", "setup file", "dmg", "msi", "exe", "installation file", "setup program", "install file", "pkg", "installation package", "deb", "setup exe", "installer package", "disk image", "install package", "broken link", "dead link", "dangling link", "broken symlink", "dead symlink", "dangling symlink", "broken shortcut", "dead shortcut", "link … lead nowhere", "link … point nowhere", "broken symbolic link", "orphaned link", "orphaned symlink", "link … go nowhere", "shortcut … not work", "link … not work", "shortcut … nowhere", "symlink … nowhere", "broken alias", "link … to nothing", "invalid shortcut", "stale link", "stale symlink", "orphaned shortcut", "shortcut … to nothing", "symlink … to nothing", "dangling shortcut", "dead alias",
#   "junk", "rubbish", "garbage", "clutter", "crap", "cruft", "leftover", "left over", "unneeded", "useless file", "debris", "stale file",
#   "litter", "detritus", "gunk", "useless stuff", "junk file", "dead weight", "leftovers", "remnant", "garbage file", "rubbish file",
# ]
# never = [
#   "photo", "video", "music", "song", "pdf", "invoice", "contract", "letter", "receipt", "spreadsheet", "recording", "movie", "note", "report on", "empty this", "empty the", "empty my", "empty out", "empty it", "row", "column", "line", "filename", "name", "sort", "contents of", "emails", "password", "word",
#   "underscore", "space in", "spaces in", "from the text", "csv",
# ]
#
# [param.what]
# about = "What is set aside, such as installers,temporary"
# type = "choice"
# default = "all"
# several = true
# [param.what.choices]
# all = []
# empty-folders = [
#   "empty folder", "empty subfolder", "folder … empty", "folder with nothing", "folder … contain nothing", "folder … nothing in", "empty ones",
#   "folder without files", "folder … no files", "subfolder … empty", "folder without anything", "hollow folder", "vacant folder", "folder containing nothing",
#   "folder not … anything", "folder … not contain",
# ]
# temporary = [
#   "bak",
#   "temporary", "temporary file", "cache", "caches", "cached file", "backup file", "swap file", "lock file", "ds_store", "thumbs.db", "partial download", "unfinished download",
#   "incomplete download", "crdownload", "bak file", "half-finished download", "temporaries", "half finished download", "interrupted download", "aborted download", "failed download",
#   "ds store", "thumbs db", "office lock", "autosave", "broken download",
# ]
# installers = ["installer", "installers", "setup file", "dmg", "msi", "exe", "installation file", "setup program", "install file", "pkg", "installation package", "deb", "setup exe", "installer package", "disk image", "install package"]
# broken-links = [
#   "broken link", "dead link", "dangling link", "broken symlink", "dead symlink", "dangling symlink", "broken shortcut", "dead shortcut", "link … lead nowhere", "link … point nowhere",
#   "broken symbolic link", "orphaned link", "orphaned symlink", "link … go nowhere", "shortcut … not work", "link … not work", "shortcut … nowhere", "symlink … nowhere", "broken alias", "link … to nothing",
#   "invalid shortcut", "stale link", "stale symlink", "orphaned shortcut", "shortcut … to nothing", "symlink … to nothing", "dangling shortcut", "dead alias",
# ]
#
# [param.older_than]
# about = "Only what was last changed longer ago than so many days"
# type = "number"
# default = 0
# unit = "days"
# after = [
#   "older than", "over", "more than", "not touched for", "not used for", "not opened for", "not changed for", "not changed in", "not opened in",
#   "not used in", "not touched in", "untouched for", "unused for", "at least", "not modified for", "not modified in", "before", "unchanged for", "age of",
# ]
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not delete", "not move", "nothing deleted", "not do", "not clean"]
# ///

DAY = 86400000
MOST_PAGES = 20
# What programs leave behind. What was changed within a day may be in use; a download that breaks off is given a week.
LEFT_BEHIND = "{*.tmp,*.temp,~$*,.~lock.*#,~*.tmp,.DS_Store,._.DS_Store,Thumbs.db,ehthumbs.db,*.swp,*.swo,.*.kate-swp}"
BROKEN_OFF = "{*.crdownload,*.part,*.partial,*.download,*.opdownload,*.aria2,*.!ut}"
INSTALLERS = "msi msix dmg pkg deb rpm flatpakref snap".split()
PROJECT = "{.git,.hg,.svn,Cargo.toml,package.json,pyproject.toml,go.mod,pom.xml,build.gradle,CMakeLists.txt}"


def count(number, thing):
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"


def room(size):
    if size < 1000:
        return f"{size} B"
    for unit in ("KB", "MB", "GB"):
        size = size / 1000
        if size < 999.5:
            break
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def above(path):
    return path[: path.rfind("/")]


# How much of each folder could not be looked into.
unread = {}


def pages(tool, key, folder, **more):
    """Gives all that a tool finds, page by page, up to a number that a person could still look over."""
    found = []
    after = None
    for page in range(MOST_PAGES):
        result = tool(folder, most=10000, after=after, **more)
        found += result[key]
        unread[folder] = max(unread.get(folder, 0), result["skipped"].get("unreadable", 0))
        after = result["next"]
        if after is None:
            return found
    notes.append(f"{folder} holds more of them than are looked at in one go: run it again for the rest.")
    return found


def is_within(path, folders):
    at = path.find("/")
    while at >= 0:
        if path[:at] in folders:
            return True
        at = path.find("/", at + 1)
    return False


def projects_in(folder):
    """Gives the folders that are projects: what is in them is left to whoever works on them."""
    found = set([above(entry["path"]) for entry in pages(find_files, "files", folder, name=PROJECT, match_case=True, hidden=True)])
    return set([root for root in found if not is_within(root, found) and "/." not in root])


def is_apart(path):
    """Says whether a path lies in a hidden folder or in a project: there everything may have its reason."""
    return "/." in above(path) or is_within(path, projects)


def empty_folders(folder):
    empty = set()
    for line in pages(folder_tree, "tree", folder, depth=16, files=0):
        path = line["path"]
        if line["files"] == 0 and line["others"] == 0 and path[path.rfind("/") + 1] != "." and not is_apart(path):
            empty.add(path)
    # One within another that is empty goes along with that.
    return [(path, 0) for path in empty if not is_within(path, empty)]


def temporary(folder):
    found = []
    for name, age in ((LEFT_BEHIND, DAY), (BROKEN_OFF, 7 * DAY)):
        for entry in pages(find_files, "files", folder, name=name, kinds=["file"], hidden=True, git_ignored=True, ignored=True, modified_before=time - max(age, older_than * DAY)):
            if not is_apart(entry["path"]):
                found.append((entry["path"], entry["size"]))
    return found


def is_installer(name):
    at = name.rfind(".")
    stem, extension = name[:at].lower(), name[at + 1 :].lower()
    if extension in INSTALLERS:
        return True
    # A program that runs as it is, is none: a setup says so in its name, or has a version there.
    versions = any([stem[n].isdigit() and stem[n + 1] == "." and stem[n + 2].isdigit() for n in range(len(stem) - 2)])
    return extension == "exe" and ("setup" in stem or "install" in stem or versions)


def installers(folder):
    """Installers that lie in the folder itself or in one for them; deeper down they may be a part of something."""
    found = []
    named = "{*.exe,*." + ",*.".join(INSTALLERS) + ",installers,downloads,setup}"
    listing = list_folder(folder, name=named, most=100000)
    entries = listing["entries"]
    for entry in listing["entries"]:
        if entry["kind"] == "folder" and entry["name"].lower() in ("installers", "downloads", "setup"):
            entries = entries + list_folder(entry["path"], name=named, most=100000)["entries"]
    for entry in entries:
        if entry["kind"] == "file" and entry["modified"] < time - (older_than or 90) * DAY and is_installer(entry["name"]):
            if not is_apart(entry["path"]):
                found.append((entry["path"], entry["size"]))
    return found


def broken_links(folder):
    found = pages(find_files, "files", folder, kinds=["link"], broken_links=True, hidden=True, git_ignored=True, ignored=True)
    return [(entry["path"], 0) for entry in found if not is_apart(entry["path"])]


KINDS = {
    "empty-folders": ("empty folder", empty_folders),
    "temporary": ("temporary file", temporary),
    "installers": ("old installer", installers),
    "broken-links": ("broken link", broken_links),
}

if older_than < 0:
    raise SystemExit("A number of days can't be less than 0\nleave it out for the usual: a day for temporary files, 90 for installers")
wanted = what.split(",")
kinds = [kind for kind in KINDS if "all" in wanted or kind in wanted]
looks = {kind: f"Look for {KINDS[kind][0]}s" for kind in kinds}
aside = "Set these aside"
places = folders("write")
plan(list(looks.values()) + [aside])
step(looks[kinds[0]])
time = now()["millis"]
notes = []
projects_of = {}
for place in places:
    projects = projects_in(place)
    if place in projects:
        notes.append(f"{place} is the folder of a project, so nothing in it was touched.")
        continue
    projects_of[place] = projects
    if projects:
        notes.append(f"{count(len(projects), 'project')} in {place} {'was' if len(projects) == 1 else 'were'} left alone.")
found = {}
seen = set()
for kind in kinds:
    thing, finder = KINDS[kind]
    step(looks[kind])
    group = []
    for place, projects in projects_of.items():
        for path, size in finder(place):
            if path not in seen:
                seen.add(path)
                group.append((path, size))
    if group:
        found[kind] = group
    size = sum([size for _, size in group])
    done(count(len(group), thing) + (f", {room(size)}" if size else "") if group else "none")
total = len(seen)
weight = sum([size for group in found.values() for _, size in group])
listed = ", ".join([count(len(found[kind]), KINDS[kind][0]) for kind in found])

said = "".join([f" {note}" for note in notes])
if sum(unread.values()):
    said += f" {sum(unread.values())} could not be looked into: there is no permission."
data = {"set_aside": 0, "bytes": 0, "found": {kind: {"count": len(group), "bytes": sum([size for _, size in group])} for kind, group in found.items()}}
if notes:
    data["notes"] = notes
paths = sorted(seen)
sizes = {path: size for group in found.values() for path, size in group}


def shown(paths):
    largest = sorted(paths, key=lambda path: (-sizes[path], path))
    lines = "".join(["\n  " + path.replace("\n", "\\n") + (f"  {room(sizes[path])}" if sizes[path] else "") for path in largest[:10]])
    return ("\n" + lines if lines else "") + (f"\n  and {len(paths) - 10} more" if len(paths) > 10 else "")


if total == 0:
    finish("Nothing to clean up here." + said, data)
if dry_run:
    data["dry_run"] = True
    data["would"] = paths[:10000]
    finish(f"{listed} would be set aside{f', {room(weight)} in all' if weight else ''}; nothing was changed.{said}" + shown(paths), data)

step(aside, listed)
parts = [paths[at : at + 100000] for at in range(0, total, 100000)]
results = gather([later(set_aside, part, unchanged_since=time) for part in parts], return_exceptions=True)
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
made = 0
not_done = []
reasons = []
untold = ""
gone = set(paths)
for part, result in zip(parts, results):
    if isinstance(result, Exception):
        not_done.append({"files": len(part), "why": str(result)})
        untold += f" Not done: {len(part):,}, because {result}."
        gone -= set(part)
        continue
    made += result["made"]
    reasons += result["reasons"]
    untold += f" {result['told']}" if result["told"] else ""
    not_done += [{"path": other["path"], "why": other["reason"]} for other in result["otherwise"]]
    gone -= set([part[at] for span in result["left_at"] for at in range(span[0], span[1])])
weight = sum([sizes[path] for path in gone])
done(f"{made} set aside, {room(weight)}")
if reasons and not made:
    raise SystemExit(f"Nothing was set aside: {reasons[0]['why']}\n{reasons[0]['fix']}")
data["set_aside"] = made
data["bytes"] = weight
if not_done:
    data["not_done"] = not_done
less = f": {room(weight)} less in your folders" if weight else ""
said_of = listed if made == total else f"{made} of {total} ({listed})"
summary = f"Set aside: {said_of}{less}. All of it is kept for undo{'; the room is free when that is let go of' if weight else ''}."
finish(summary + untold + said + shown(sorted(gone)), data)
