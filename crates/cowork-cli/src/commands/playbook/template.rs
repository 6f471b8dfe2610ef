//! What a new playbook begins as.

/// Gives the starting point, under a name.
pub(super) fn of(name: &str) -> String {
    TEXT.replace("NAME", name)
}

const TEXT: &str = r#"# /// playbook
# # This header says what the playbook is. It is TOML: text stands in quotes,
# # and a comment in it begins with two of these signs.
# name = "NAME"
# about = "Lists the files in a folder that are larger than a given size"
# # What a run is called; {folders} and {parameter} are filled in.
# title = "List files over {kilobytes} KB in {folders}"
# examples = ["pick out large files"]
# # The folders it needs: "none", "read" to look at them, "write" to change files.
# folders = "read"
#
# # A parameter is a value of the program below: --param kilobytes=500 sets it.
# # Its type is text, number, bool or choice.
# [param.kilobytes]
# about = "The size, in KB"
# type = "number"
# default = 100
#
# # It is called by its name. To have words call it as well, take the second #
# # out of these three lines: one of `do` and one of `with` must be in the task.
# # [words]
# # do = ["pick out"]
# # with = ["file"]
#
# # A test: these files are made in a folder of their own, the playbook runs
# # there, and what came of it is compared. `cowork playbook check NAME` does it.
# # A file is its text, or its size in bytes. What can be expected: summary,
# # moved, tree, contains and fails.
# [[test]]
# about = "names the large file and leaves all as it is"
# files = { "large.zip" = 200000, "small.txt" = "hello" }
# summary = "1 file is larger than 100 KB"
# tree = ["large.zip", "small.txt"]
#
# [[test]]
# about = "takes the size from its parameter"
# files = { "large.zip" = 200000 }
# params = { kilobytes = 500 }
# summary = "No file"
# ///

# Below the header is the program: Python, in which the tools are functions.

# The plan is what a person sees first. Each step() is one of its lines.
plan(["Look at the folder", "Pick the large files"])

step("Look at the folder")
entries = []
for place in folders():
    # A tool gives back what its description says: here a list of entries.
    entries.extend(list_folder(place)["entries"])
done(f"{len(entries)} entries")

step("Pick the large files")
large = [e["path"] for e in entries if e["kind"] == "file" and e["size"] > kilobytes * 1000]
done(f"{len(large)} picked")

# To change something, call a tool that does, such as
#     move_files([{"from": path, "to": f"{place}/Large/{name}"} for …])
# with folders = "write" above. It is asked about first, and can be undone.

if not large:
    finish(f"No file is larger than {kilobytes} KB.")
count = "1 file is" if len(large) == 1 else f"{len(large)} files are"
finish(f"{count} larger than {kilobytes} KB:\n\n  " + "\n  ".join(large[:20]), {"files": large})
"#;
