# /// playbook
# name = "look-around"
# about = "Says what lies directly in a folder, what its text files begin with, and where a word is found in it"
# title = "Look around in {folders}"
# examples = ["look around here"]
# folders = "read"
#
# [param.word]
# about = "The word to look for"
# type = "text"
# default = "lease"
# ///

plan(["Look at the folder", "Read the text files", "Look for the word"])

step("Look at the folder")
listed = [entry for folder in folders() for entry in list_folder(folder)["entries"]]
kinds = {}
for entry in listed:
    kinds[entry["kind"]] = kinds.get(entry["kind"], 0) + 1
done(f"{len(listed)} things")

step("Read the text files")
texts = [entry["path"] for entry in listed if entry["kind"] == "file" and entry["name"].endswith(".txt")]
begins = {}
for path in texts:
    size = file_info(path)["size"]
    piece = read_file(path, most=40)
    begins[path] = {"size": size, "text": piece["text"], "more": piece["next"] is not None}
done(f"{len(texts)} text files")

step("Look for the word")
found = [hit for folder in folders() for hit in find_text(folder, word)["hits"]]
done(f"{len(found)} places")

places = [{"path": hit["path"], "line": hit.get("line")} for hit in found]
finish(f"{len(listed)} things, {len(texts)} of them text files; `{word}` is in {len(places)} places.",
       {"kinds": kinds, "begins": begins, "places": places})
