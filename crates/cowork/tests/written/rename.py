# /// playbook
# name = "again"
# about = "Rename the photos: Rome instead of IMG_"
# title = "Rename the photos: Rome instead of IMG_ ({folders})"
# examples = ["Rename the photos: Rome instead of IMG_"]
# folders = "write"
# destructive = true
#
# [param.old]
# about = "The text in names that is replaced"
# type = "text"
# default = "IMG_"
#
# [[test]]
# about = "does with some of the files what the task did"
# [test.files]
# "IMG_0001.jpg" = ""
# "IMG_0002.jpg" = ""
# "readme.txt" = ""
# [test.moved]
# "IMG_0001.jpg" = "Rome 0001.jpg"
# "IMG_0002.jpg" = "Rome 0002.jpg"
# ///

# Written from a task of 2026-01-15, and run against what was recorded of it.

plan(["Look at the folder", "Rename files"])
places = folders()
if len(places) != 1:
    raise SystemExit("this playbook works in one folder\ngive it with --folder")
place = places[0]

step("Look at the folder")
listing = list_folder(place, most=200000)
done(f"{listing['count']} found")

step("Rename files")
new = "Rome "
moves = []
for entry in listing["entries"]:
    name = entry["name"]
    if entry["kind"] == "file" and old in name:
        moves.append({"from": entry["path"], "to": f"{place}/{name.replace(old, new)}"})
moved = move_files(moves)["made"] if moves else 0
done(f"{moved} moved")

finish(f"{moved} moved.")
