# /// playbook
# name = "revise"
# about = "Edits a text, patches another, sets permissions, and takes back what it set aside"
# title = "Revise the texts in {folders}"
# examples = ["revise the texts in this folder"]
# folders = "write"
# ///

plan(["Edit", "Patch", "Permissions", "Take back"])

step("Edit")
root = folders("write")[0]
notes = f"{root}/notes.txt"
read_file(notes)
edited = edit_file(notes, [{"old_text": "May", "new_text": "June"}])
try:
    edit_file(notes, [{"old_text": "not in it", "new_text": "x"}])
    missed = "nothing"
except Exception as error:
    missed = "an error"
hits = find_text(root, "signed", names=False, give="counts")["hits"]
replaced = replace_text(paths=[hit["path"] for hit in hits], old_text="signed", new_text="signed and sealed")
done(f"{edited['made'] + replaced['made']} files")

step("Patch")
patch = "\n".join([
    "*** Begin Patch",
    "*** Update File: old/2019/q1/plan.txt",
    "@@",
    " one",
    "-two",
    "+two and a half",
    " three",
    "*** Add File: old/2019/q1/next.txt",
    "+four",
    "*** End Patch",
])
patched = apply_patch(patch, folder=root)
done(f"{patched['made']} files")

step("Permissions")
mode = set_mode([f"{root}/run.sh"], "rwx------")
done()

step("Take back")
aside = set_aside([f"{root}/data.csv", f"{root}/today.log"])
back = restore_files([f"{root}/today.log"])
done(f"{back['made']} of {aside['made']} is back")

finish(f"{edited['made'] + replaced['made'] + patched['made']} texts revised.",
       {"edited": edited["edits"], "missed": missed, "replaced": replaced, "patched": patched["files"], "mode": mode["made"], "back": back})
