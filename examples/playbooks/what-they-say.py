# /// playbook
# name = "what-they-say"
# about = "Says what the files of a folder are by their content, and whether something arrives there just now"
# title = "What the files in {folders} are"
# examples = ["what are these files by content"]
# folders = "read"
# ///

plan(["Look at the files", "Wait a moment"])

step("Look at the files")
root = folders()[0]
listed = list_folder(root)["entries"]
paths = [entry["path"] for entry in listed if entry["kind"] == "file"]
told = file_metadata(paths)["files"]
types = {file["path"]: file["type"] for file in told if "type" in file}
done(f"{len(told)} files")

step("Wait a moment")
seen = watch_folder(root, seconds=0, known=[entry["path"] for entry in listed])
done()

finish(f"{len(types)} files say what they are.", {"types": types, "arrived": len(seen["arrived"]), "gone": seen["gone"]})
