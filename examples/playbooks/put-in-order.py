# /// playbook
# name = "put-in-order"
# about = "Puts the files of a folder into subfolders by kind, keeps a copy of the letters, sets empty files aside, writes a list"
# title = "Put {folders} in order"
# examples = ["put this folder in order"]
# folders = "write"
# ///

plan(["Look at the folder", "Make room", "Move, copy and set aside", "Write a list"])

step("Look at the folder")
root = folders("write")[0]
files = [entry for entry in list_folder(root)["entries"] if entry["kind"] == "file" and not entry["name"].startswith(".")]
empty = [entry["path"] for entry in files if entry["size"] == 0]
full = [entry for entry in files if entry["size"] > 0]
done(f"{len(full)} files, {len(empty)} empty ones")

step("Make room")
make_folder(f"{root}/Papers/Copies")
done()

step("Move, copy and set aside")
letters = [entry for entry in full if entry["name"].endswith(".txt")]
copied = copy_files([{"from": entry["path"], "to": f"{root}/Papers/Copies/{entry['name']}"} for entry in letters])
moves = []
for entry in full:
    parts = entry["name"].rsplit(".", 1)
    kind = parts[1].upper() if len(parts) == 2 else "Other"
    moves.append({"from": entry["path"], "to": f"{root}/Papers/{kind}/{entry['name']}"})
moved = move_files(moves, if_taken="number")
aside = set_aside(empty) if empty else {"made": 0}
done(f"{moved['made']} moved, {copied['made']} copied, {aside['made']} set aside")

step("Write a list")
lines = [f"{move['to']}\n" for move in moves]
written = write_file(f"{root}/Papers/list.txt", "".join(lines))
again = write_file(f"{root}/Papers/list.txt", "never", if_exists="skip")
done()

finish(f"{moved['made']} files moved, {copied['made']} copied, {aside['made']} set aside.",
       {"moved": moved, "copied": copied, "aside": aside, "written": written, "again": again})
