# /// playbook
# name = "counted"
# about = "Counts the words of a text by a command that goes on while something else is done"
# title = "Count words in {folders}"
# examples = ["count the words of the notes"]
# folders = "write"
# ///

plan(["Start", "Count"])

# It waits for the name of a file, and meanwhile the list is read.
step("Start")
started = shell("while read name; do wc -w < \"$name\" | tee \"$name.words\"; done", folder=folders("write")[0], background=True)
names = [entry["path"] for entry in list_folder(folders("write")[0])["entries"]]
done()

step("Count")
job(started["job"], input="notes.txt\n")
came = job(started["job"], end=True)
done()

finish(f"{len(names)} entries; the words of notes.txt are counted.", {"changed": came["changed"]})
