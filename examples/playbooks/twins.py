# /// playbook
# name = "twins"
# about = "Sets every second copy of a file aside, and shows by hashes and by comparing that nothing is lost"
# title = "Set duplicates in {folders} aside"
# examples = ["set duplicates aside in this folder"]
# folders = "write"
# ///

plan(["Copy a folder", "Find duplicates", "Set them aside", "Compare"])

step("Copy a folder")
root = folders("write")[0]
files = [file["path"] for file in find_files(f"{root}/old")["files"] if file["kind"] == "file"]
copied = copy_files([{"from": path, "to": path.replace("/old/", "/copy of old/", 1)} for path in files])
same = compare_folders(f"{root}/old", f"{root}/copy of old")
done(f"{copied['made']} copied, {same['same']} the same")

step("Find duplicates")
twins = find_duplicates([root])
done(f"{twins['groups']} groups")

step("Set them aside")
extra = [path for group in twins["duplicates"] for path in group["files"][1:]]
aside = set_aside(extra)
done(f"{aside['made']} set aside")

step("Compare")
left = hash_files([group["files"][0] for group in twins["duplicates"]])
after = compare_folders(f"{root}/old", f"{root}/copy of old")
done()

finish(f"{aside['made']} copies set aside.",
       {"groups": twins["groups"], "extra": extra, "left": left["count"],
        "after": {"same": after["same"], "only_left": after["only_left"], "only_right": after["only_right"]}})
