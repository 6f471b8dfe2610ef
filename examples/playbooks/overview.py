# /// playbook
# name = "overview"
# about = "Says how much lies where, and which files are the largest and which fit a name"
# title = "Overview of {folders}"
# examples = ["overview of this folder"]
# folders = "read"
#
# [param.name]
# about = "What the names of the files to be listed are like"
# type = "text"
# default = "*.md"
# ///

plan(["Look at the tree", "Find files"])

step("Look at the tree")
trees = {}
for folder in folders():
    seen = folder_tree(folder)
    trees[folder] = {"files": seen["total"]["files"], "folders": seen["total"]["folders"], "bytes": seen["total"]["bytes"]}
done()

step("Find files")
named = [file["path"] for folder in folders() for file in find_files(folder, name=name)["files"]]
largest = [file["path"] for folder in folders() for file in find_files(folder, sort="largest", most=3)["files"]]
done(f"{len(named)} are called {name}")

finish(f"{len(named)} files are called {name}.", {"trees": trees, "named": named, "largest": largest})
