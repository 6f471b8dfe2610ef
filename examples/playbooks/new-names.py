# /// playbook
# name = "new-names"
# about = "Says which names the files of a folder would get if they were tidied up, and of what category they are, and which folders they would go to; changes nothing"
# title = "Suggest names in {folders}"
# examples = ["suggest tidy names here"]
# folders = "read"
# ///

plan(["Look at the folder", "Work out names", "Work out folders"])

step("Look at the folder")
folder = folders()[0]
listed = list_folder(folder, categories=True)
categories = {}
for entry in listed["entries"]:
    if entry["kind"] == "file":
        categories[entry["category"]] = categories.get(entry["category"], 0) + 1
done(f"{listed['files']} files")

step("Work out names")
tidy = suggest_names(folder)
slugs = suggest_names(folder, by="slug")
done(f"{len(tidy['moves'])} would be tidier")

step("Work out folders")
kinds = suggest_folders(folder)
done(f"{len(kinds['moves'])} folders")

finish(f"{len(tidy['moves'])} of {tidy['count']} files would get a tidier name, {len(slugs['moves'])} one for the web.",
       {"categories": categories, "tidy": tidy["moves"], "stay": tidy["stay"], "slugs": slugs["moves"]})
