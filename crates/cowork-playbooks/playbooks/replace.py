# /// playbook
# name = "replace"
# about = "Replaces a text by another one in the contents of text files, after a preview"
# title = "Replace “{find}” with “{with}” in {folders}"
# examples = ["replace Acme Ltd with Acme GmbH in all text files", "change every 2025 to 2026 in the markdown files", "find and replace Acme with Globex"]
# folders = "write"
# destructive = true
#
# [words]
# do = ["replace", "find and replace", "search and replace"]
# with = [
#   "file", "text", "text file", "document", "documentation", "letter", "contract", "note", "docs", "template", "manual", "page", "price list", "draft", "paper",
#   "paperwork", "report", "agreement", "script", "correspondence", "recipe", "book", "txt", "md", "log",
# ]
# forms = [
#   "where it says {find} it should say {with}", "wherever it says {find} it should say {with}",
#   "rename {find} to {with} inside", "rename {find} to {with} in the contents", "rename {find} to {with} in the text", "rename {find} to {with} in every document", "rename {find} to {with} in all document", "rename {find} to {with} in all letter", "rename {find} to {with} in all contract", "rename {find} to {with} within",
#   "change the name from {find} to {with}", "change the company name from {find} to {with}", "change the address from {find} to {with}", "change the year from {find} to {with}", "change the date from {find} to {with}", "change the price from {find} to {with}", "change the number from {find} to {with}", "change the phone number from {find} to {with}", "change the word from {find} to {with}", "change the spelling from {find} to {with}", "change the title from {find} to {with}", "change the term from {find} to {with}", "change the email address from {find} to {with}",
#   "replace the word {find} with the word {with}", "replace every occurrence of {find} with {with}", "replace all occurrences of {find} with {with}", "replace every mention of {find} with {with}", "replace all mentions of {find} with {with}",
#   "replace every instance of {find} with {with}", "replace all instances of {find} with {with}", "replace every {find} with {with}", "replace all {find} with {with}", "replace the phrase {find} with {with}", "replace the text {find} with {with}",
#   "replace the word {find} with {with}", "replace {find} with {with}", "replace {find} by {with}", "find {find} and replace it with {with}", "find {find} and replace with {with}", "find {find} and change it to {with}",
#   "find {find} replace with {with}", "find all {find} and replace them with {with}", "find every {find} and replace it with {with}", "replace {find} for {with}",
#   "change every mention of {find} to {with}", "change every occurrence of {find} to {with}", "change all occurrences of {find} to {with}", "change all mentions of {find} to {with}", "change every instance of {find} to {with}",
#   "change all instances of {find} to {with}", "change the word {find} to {with}", "change every {find} to {with}", "change every {find} into {with}", "change the spelling of {find} to {with}", "change the name {find} to {with}",
#   "change the year from {find} to {with}", "change the name from {find} to {with}", "change all {find} to {with}", "change {find} to {with}", "change {find} into {with}", "replace {find} to {with}", "turn every {find} into {with}", "turn all {find} into {with}",
#   "change {find} from {find} to {with}", "every mention of {find} should be {with}", "every mention of {find} should become {with}", "every mention of {find} should say {with}", "every {find} should become {with}", "every {find} should be {with}",
#   "every {find} should read {with}", "all mentions of {find} should be {with}", "correct {find} to {with}", "where it says {find} put {with}", "wherever it says {find} put {with}", "wherever it says {find} write {with}", "where it says {find} write {with}",
#   "swap the word {find} with {with}", "swap the word {find} for {with}",
# ]
# never = [
#   "filename", "in the name", "space", "underscore", "rename", "photo", "name of the file", "extension", "folder name", "lowercase", "uppercase", "png", "password",
# ]
#
# [param.find]
# about = "The text to replace"
# type = "text"
#
# [param.with]
# about = "What is put in its place"
# type = "text"
#
# [param.files]
# about = "Which files: a pattern such as `*.md`; empty for all text files"
# type = "text"
# default = ""
# limits = true
# [param.files.choices]
# "*.md" = ["markdown", "md file", "md"]
# "*.txt" = ["txt file", "txt", "plain text file"]
# "*.html" = ["html", "html file", "web page"]
# "*.csv" = ["csv", "csv file"]
# "*.json" = ["json", "json file"]
# "*.xml" = ["xml"]
# "*.{yml,yaml}" = ["yaml", "yml"]
# "*.css" = ["css", "style sheet", "stylesheet"]
# "*.{js,mjs,cjs}" = ["javascript", "js"]
# "*.{ts,tsx}" = ["typescript"]
# "*.toml" = ["toml"]
# "*.{ini,cfg,conf}" = ["ini", "cfg", "conf", "config file"]
# "*.log" = ["log file"]
# "*.tex" = ["latex", "tex"]
# "*.tsv" = ["tsv"]
# "*.sql" = ["sql"]
# "*.{sh,bash}" = ["shell script", "sh file", "bash script"]
# "*.rs" = ["rust file", "rs file"]
# "*.java" = ["java file"]
# "*.py" = ["python file", "py file", "python source", "python script"]
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not replace", "not do", "not save", "not write"]
# ///
import re

# What one call takes.
BATCH = 100000
# So many files are shown with a line before and after.
SHOWN = 5


def files_of(number):
    return "1 file" if number == 1 else f"{number:,} files"


def lines_of(number):
    return "1 line" if number == 1 else f"{number:,} lines"


def shown(text):
    return re.sub(r"[\x00-\x1f\x7f]", "\ufffd", text.strip())


def add_up(into, more):
    for key, number in more.items():
        into[key] = into.get(key, 0) + number


places = folders("write")
only = {"files": files} if files.strip() else {}
look = "Find the text in the folders" if len(places) > 1 else "Find the text in the folder"
plan([look, "Show the first lines", "Replace it"] if not dry_run else [look, "Show the first lines"])

step(look)
old = find
new = with_
if not old.strip():
    raise SystemExit("There is nothing to look for\ngive the text that is to be replaced as `find`")
if old == new:
    raise SystemExit("The text would be replaced by itself\ngive another as `with`")
time = now()["millis"]
hits = []
searched = 0
skipped = {}
unsearched = []
not_done = []
untold = ""
errors = []
for place in places:
    after = {}
    while True:
        try:
            part = find_text(place, old, names=False, documents=False, match_case=True, give="counts", most=BATCH, **only, **after)
        except RuntimeError as error:
            errors.append(error)
            unsearched.append({"folder": place, "why": str(error)})
            break
        hits += part["hits"]
        if not after:
            searched += part["searched"]
            add_up(skipped, part["skipped"])
        if not part["next"]:
            break
        after = {"after": part["next"]}
if errors and len(errors) == len(places):
    raise errors[0]
kept_from = [hit for hit in hits if not hit.get("binary")]
binary = len(hits) - len(kept_from)
hits = kept_from
lines = sum([hit["lines"] for hit in hits])
found = f"{lines_of(lines)} in {files_of(len(hits))}"
done(f"{found}, {files_of(searched)} searched" if hits else f"nothing found, {files_of(searched)} searched")

left = []
if binary:
    left.append(f"{files_of(binary)} with the text, not being text files")
if skipped.get("unreadable"):
    left.append(f"{files_of(skipped['unreadable'])} that could not be read")
if skipped.get("long_lines"):
    left.append(f"{files_of(skipped['long_lines'])} with a line of more than 8 MB")
data = {"find": old, "with": new, "searched": searched, "skipped": skipped, "matched": len(hits), "lines": lines}


def unsaid():
    text = " Left: " + "; ".join(left) + "." if left else ""
    if unsearched:
        text += f" Not searched: {unsearched[0]['folder']} ({unsearched[0]['why']})."
    return text + untold


step("Show the first lines")
becomes = f"“{shown(old)}” becomes “{shown(new)}”" if new.strip() else f"“{shown(old)}” is taken out"
preview = ""
if hits:
    # Within one file it takes no time: that is a folder of one.
    first = [hit["path"] for hit in hits[:SHOWN]]
    calls = [later(find_text, path, old, names=False, documents=False, match_case=True, hidden=True, git_ignored=True, ignored=True, most=2) for path in first]
    for path, result in zip(first, gather(calls, return_exceptions=True)):
        if isinstance(result, Exception):
            continue
        for hit in result["hits"][:1]:
            preview += f"\n  {shown(path)}:{hit['line']}"
            preview += f"\n    - {shown(hit['text'])}\n    + {shown(hit['text'].replace(old, new))}"
    if len(hits) > SHOWN:
        preview += f"\n  and {files_of(len(hits) - SHOWN)} more"
done(becomes if hits else "nothing to show")

if not hits:
    # Perhaps it is only written otherwise.
    other = sum([find_text(place, old, names=False, documents=False, give="files", most=1, **only)["matched"] for place in places if not errors])
    if not dry_run:
        step("Replace it")
        done("nothing to do")
    summary = f"Nothing to replace: “{shown(old)}” is in none of the {files_of(searched)} searched."
    if other:
        summary += f" With other capitals it is in {files_of(other)}; what is to be replaced is given exactly as it stands."
    finish(summary + unsaid(), data)
elif dry_run:
    data["files"] = hits[:1000]
    finish(f"{becomes} in {found}. Nothing was changed." + unsaid() + "\n" + preview, data)
else:
    step("Replace it")
    say(f"{becomes} in {found}." + preview)
    paths = [hit["path"] for hit in hits]
    made = 0
    reasons = []
    stayed = set()
    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        try:
            result = replace_text(paths=batch, old_text=old, new_text=new, unchanged_since=time)
        except (PermissionError, RuntimeError) as error:
            if not made:
                raise
            not_done.append({"files": len(paths) - start, "path": batch[0], "why": str(error)})
            untold += f" Not done: {len(paths) - start:,}, because {error}."
            stayed.update(paths[start:])
            break
        made += result["made"]
        reasons += result["reasons"]
        untold += f" {result['told']}" if result["told"] else ""
        not_done += [{"path": other["path"], "why": other["reason"]} for other in result["otherwise"]]
        stayed.update([batch[at] for span in result["left_at"] for at in range(span[0], span[1])])
    changed = [hit for hit in hits if hit["path"] not in stayed] if stayed else hits
    done(f"{files_of(made)} changed")
    if reasons and not made:
        raise SystemExit(f"Nothing was replaced: {reasons[0]['why']}\n{reasons[0]['fix']}")
    data["changed"] = made
    data["files"] = changed[:1000]
    if not_done or unsearched:
        data["not_done"] = unsearched + not_done
    summary = f"{files_of(made)} changed, {lines_of(sum([hit['lines'] for hit in changed]))}: {becomes}. Encodings and line ends are as they were; undo gives all of it back."
    counts = [f"{shown(file['path'])} {file['lines']}" for file in changed[:8]]
    if counts:
        summary += unsaid() + "\n\n  " + "\n  ".join(counts)
        if made > len(counts):
            summary += f"\n  and {files_of(made - len(counts))} more"
    else:
        summary += unsaid()
    finish(summary, data)
