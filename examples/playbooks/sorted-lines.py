# /// playbook
# name = "sorted-lines"
# about = "Sorts a text by its lines with the system's own sort, into a file beside it"
# title = "Sort lines in {folders}"
# examples = ["sort the lines of the notes"]
# folders = "write"
# ///

plan(["Sort"])

step("Sort")
# It runs in a sandbox: what it changes is shown, and kept if nobody minds.
came = shell("LC_ALL=C sort notes.txt > notes.sorted.txt; wc -l < notes.sorted.txt", folder=folders("write")[0])
done()

finish(f"{came['stdout'].strip()} lines sorted.", {"ended": came["ended"], "changed": came["changed"]})
