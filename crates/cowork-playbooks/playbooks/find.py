# /// playbook
# name = "find"
# about = "Finds a text in the names and in the contents of the files in all granted folders"
# title = "Find “{query}” in {folders}"
# examples = [
#   "Find all files that mention Project Falcon",
#   "which of these documents contain the word indemnity?",
#   "where is the lease agreement",
# ]
# folders = "read"
#
# [words]
# do = [
#   "find", "where is", "where are", "where did", "where have", "where i", "which", "what file", "what document", "any file", "any document",
#   "list file", "list document", "list", "show", "do i have", "is there", "are there", "have i got", "did i save", "have i", "lost", "misplaced",
#   "does … mention", "do … mention", "any … mention", "where in", "where do", "where does", "in which", "where", "what mentions", "i need",
# ]
# with = ["file", "email", "page", "message", "password"]
# never = [
#   "title case",
#   "duplicate", "duplicates", "twice", "same file", "identical", "bigger", "biggest", "smaller", "smallest", "oldest",
#   "newest", "older than", "newer than", "more than", "less than", "mb", "gb", "size", "space", "empty folder", "empty file",
#   "change every", "flight to", "how many", "how much", "best", "nearest", "nearby", "cheap", "cheapest", "how do", "how to", "how can", "yourself", "about you", "make a", "create a", "prepare", "generate", "make an",
#   "what does", "explain", "summary", "why", "to do", "todo",
# ]
#
# [param.query]
# about = "The text to look for"
# type = "text"
# after = [
#   "mention", "mentions", "mentioning", "mentioned", "contain", "the word", "the words", "the phrase", "the text", "the term", "the string",
#   "with the name", "that say", "saying", "that have", "about", "named", "called", "titled", "refer to", "references", "talk about", "concerning",
#   "include", "including", "where is", "where are", "where did i put", "where did i save", "where did i leave", "where have i put", "where have i saved",
#   "where i put", "where i saved", "where i left", "find", "do i have", "lost", "misplaced", "have i got", "where does", "where did", "i need", "discuss",
#   "regarding", "related to", "relating to", "with the word", "with the text", "with the phrase", "speak of", "deal with", "to do with",
#   "anything on", "everything on", "something on", "occurrence of", "file with the", "document with the", "it say", "have … in them", "cite", "quote",
# ]
#
# [param.where]
# about = "Where to look: names of files, their contents, or both"
# type = "choice"
# default = "both"
# [param.where.choices]
# names = ["in filename", "by filename", "named", "called", "with … in the filename", "with … in the name", "in their name", "in the name", "name contain", "filename contain", "whose name"]
# contents = ["in the contents", "inside the files", "in the text", "in their contents", "in the content", "inside the document"]
# both = []
# ///
import re


def shown(path):
    return re.sub(r"[\x00-\x1f\x7f]", "\ufffd", path)


places = folders()
title = "Search the folders" if len(places) > 1 else "Search the folder"
plan([title])
step(title)

names = where != "contents"
contents = where != "names"
calls = [later(find_text, place, query, names=names, contents=contents, most=1000) for place in places]
results = gather(calls, return_exceptions=True)

hits = []
matched = 0
searched = 0
skipped = {}
more = False
not_done = []
errors = [result for result in results if isinstance(result, Exception)]
if len(errors) == len(results):
    raise errors[0]
for place, result in zip(places, results):
    if isinstance(result, Exception):
        not_done.append({"folder": place, "why": str(result)})
        continue
    hits += result["hits"]
    matched += result["matched"]
    searched += result["searched"]
    for reason, number in result["skipped"].items():
        skipped[reason] = skipped.get(reason, 0) + number
    if not result["complete"]:
        more = True

found = matched if more else len({hit["path"] for hit in hits})
seen = "1 file" if searched == 1 else f"{searched} files"
if hits:
    told = "1 file" if found == 1 else f"{found} files"
    times = f"the first {len(hits)} hits are given" if more else "1 hit" if len(hits) == 1 else f"{len(hits)} hits"
    summary = f"“{query}” is in {told} ({times}); {seen} searched."
else:
    summary = f"Nothing found: “{query}” is not in the {seen} searched."
left = skipped.get("binary", 0) + skipped.get("large", 0) + skipped.get("unreadable", 0)
if left and contents:
    summary += f" The contents of {left} were not looked into: not text, too large or not readable."
if not_done:
    summary += f" Not searched: {not_done[0]['folder']} ({not_done[0]['why']})."
done(f"{len(hits)} hit{'' if len(hits) == 1 else 's'}")

# The first hits, for a person; all of them are in the data.
SHOWN = 20
if hits:
    summary += "\n"
for hit in hits[:SHOWN]:
    if "line" in hit:
        summary += f"\n  {shown(hit['path'])}:{hit['line']}  {hit['text'].strip()}"
    else:
        summary += f"\n  {shown(hit['path'])}"
if len(hits) > SHOWN:
    summary += f"\n  and {len(hits) - SHOWN} more"

data = {"hits": hits, "files": found, "searched": searched, "skipped": skipped}
if not_done:
    data["not_done"] = not_done
finish(summary, data)
