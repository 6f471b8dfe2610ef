# /// playbook
# name = "again"
# about = "Sort these files into Papers, Pictures and Tables"
# title = "Sort these files into Papers, Pictures and Tables ({folders})"
# examples = ["Sort these files into Papers, Pictures and Tables"]
# folders = "write"
#
# [[test]]
# about = "does with some of the files what the task did"
# [test.files]
# "a.pdf" = ""
# "b.pdf" = ""
# "e.jpg" = ""
# "f.jpg" = ""
# "g.png" = ""
# "h.png" = ""
# "i.docx" = ""
# "j.docx" = ""
# "k.csv" = ""
# "l.csv" = ""
# "notes.txt" = ""
# [test.moved]
# "a.pdf" = "Papers/a.pdf"
# "b.pdf" = "Papers/b.pdf"
# "e.jpg" = "Pictures/e.jpg"
# "f.jpg" = "Pictures/f.jpg"
# "g.png" = "Pictures/g.png"
# "h.png" = "Pictures/h.png"
# "i.docx" = "Papers/i.docx"
# "j.docx" = "Papers/j.docx"
# "k.csv" = "Tables/k.csv"
# "l.csv" = "Tables/l.csv"
# ///

# Written from a task of 2026-01-15, and run against what was recorded of it.


def ending(name):
    # What stands behind the last dot, in small letters; nothing if there is none.
    front, dot, last = name.rpartition(".")
    return last.lower() if front else ""


plan(["Look at the folder", "Move files"])
places = folders()
if len(places) != 1:
    raise SystemExit("this playbook works in one folder\ngive it with --folder")
place = places[0]

step("Look at the folder")
listing = list_folder(place, most=200000)
done(f"{listing['count']} found")

step("Move files")
FOLDERS = {
    "csv": f"{place}/Tables",
    "docx": f"{place}/Papers",
    "jpg": f"{place}/Pictures",
    "pdf": f"{place}/Papers",
    "png": f"{place}/Pictures",
}
moves = []
for entry in listing["entries"]:
    name = entry["name"]
    if entry["kind"] == "file" and ending(name) in FOLDERS:
        moves.append({"from": entry["path"], "to": f"{FOLDERS[ending(name)]}/{name}"})
moved = move_files(moves)["made"] if moves else 0
done(f"{moved} moved")

finish(f"{moved} moved.")
