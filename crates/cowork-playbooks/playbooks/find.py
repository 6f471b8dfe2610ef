# /// playbook
# name = "find"
# about = "Finds a text in the names and in the contents of the files in all granted folders, Word, Excel and PDF files too"
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
#
# [param.exact]
# about = "Whether it must stand there just so; otherwise, where it nowhere does, its words may stand in any order"
# type = "bool"
# default = false
# on = ["exact phrase", "exact words", "word for word"]
# ///
import re

# What files are called that are no text.
NO_TEXT = {
    "Images": "picture", "Audio": "recording", "Video": "film", "Archives": "archive", "Installers": "program",
    "Documents": "document of another kind", "Spreadsheets": "table of another kind", "Unfinished": "unfinished file",
}
# Of these the line says nothing.
PARAGRAPHS = (".docx", ".docm", ".dotx", ".odt")


def shown(path):
    return re.sub(r"[\x00-\x1f\x7f]", "\ufffd", path)


def files_of(number):
    return "1 file" if number == 1 else f"{number:,} files"


def not_looked_into():
    """Says how many contents were not searched, the most first, and why."""
    kinds = [
        (skipped.get("no_text", 0), "scanned PDF", "scanned PDFs"),
        (skipped.get("large", 0) + skipped.get("long_lines", 0), "too large", "too large"),
        (skipped.get("damaged", 0), "damaged or locked", "damaged or locked"),
        (skipped.get("placeholders", 0), "not on this computer", "not on this computer"),
        (skipped.get("unreadable", 0), "not readable", "not readable"),
    ]
    named = {}
    for kind, number in not_text.items():
        name = NO_TEXT.get(kind, "other file without text")
        named[name] = named.get(name, 0) + number
    for name, number in named.items():
        many = name.replace(" of ", "s of ") if " of " in name else name.replace("file", "files") if "file" in name else name + "s"
        kinds.append((number, name, many))
    kinds = sorted([kind for kind in kinds if kind[0]], key=lambda kind: (-kind[0], kind[1]))
    told = [f"{number:,} {one if number == 1 else many}" for number, one, many in kinds]
    return sum([kind[0] for kind in kinds]), ", ".join(told)


def line_of(hit):
    at = shown(hit["path"])
    if "line" not in hit:
        return at
    if hit.get("place"):
        at += f", {hit['place']}"
    elif not hit["path"].lower().endswith(PARAGRAPHS):
        at += f":{hit['line']}"
    return f"{at}  {hit['text'].strip()}"


places = folders()
title = "Search the folders" if len(places) > 1 else "Search the folder"
plan([title])
step(title)

names = where != "contents"
contents = where != "names"


def search(words):
    """Gives what is found in all folders, added up."""
    calls = [later(find_text, place, query, words=words, names=names, contents=contents, most=1000) for place in places]
    results = gather(calls, return_exceptions=True)
    errors = [result for result in results if isinstance(result, Exception)]
    if len(errors) == len(results):
        raise errors[0]
    all = {"hits": [], "matched": 0, "searched": 0, "skipped": {}, "not_text": {}, "more": False, "not_done": []}
    for place, result in zip(places, results):
        if isinstance(result, Exception):
            all["not_done"].append({"folder": place, "why": str(result)})
            continue
        all["hits"] += result["hits"]
        all["matched"] += result["matched"]
        all["searched"] += result["searched"]
        for into, counts in [(all["skipped"], result["skipped"]), (all["not_text"], result.get("not_text", {}))]:
            for reason, number in counts.items():
                into[reason] = into.get(reason, 0) + number
        if not result["complete"]:
            all["more"] = True
    return all


result = search(False)
# What is said so nowhere may be there in other words' company: "contract with Müller", "Müller's contract".
by_words = not result["hits"] and not exact and len(query.split()) > 1
if by_words:
    result = search(True)
skipped = result["skipped"]
not_text = result["not_text"]
not_done = result["not_done"]
matched = result["matched"]
more = result["more"]
searched = result["searched"]

# Names of all folders come first.
hits = [hit for hit in result["hits"] if "line" not in hit] + [hit for hit in result["hits"] if "line" in hit]
found = matched if more else len({hit["path"] for hit in hits})
left, kinds = not_looked_into() if contents else (0, "")
seen = files_of(max(0, searched - left))
if hits:
    times = f"the first {len(hits):,} hits are given" if more else "1 hit" if len(hits) == 1 else f"{len(hits):,} hits"
    told = f"“{query}” stands nowhere just so; its words are all" if by_words else f"“{query}” is"
    summary = f"{told} in {files_of(found)} ({times}); {seen} searched."
else:
    rest = ", nor are its words all in one of them" if by_words else ""
    summary = f"Nothing found: “{query}” is not in the {seen} searched{rest}."
if left:
    summary += f" {left:,} not looked into: {kinds}."
if not_done:
    summary += f" Not searched: {not_done[0]['folder']} ({not_done[0]['why']})."
done(f"{len(hits):,} hit{'' if len(hits) == 1 else 's'}")

# The first hits, for a person; all of them are in the data.
SHOWN = 20
if hits:
    summary += "\n"
for hit in hits[:SHOWN]:
    summary += f"\n  {line_of(hit)}"
if len(hits) > SHOWN:
    summary += f"\n  and {len(hits) - SHOWN:,} more"

data = {"hits": hits, "files": found, "searched": searched, "skipped": skipped}
if not_text:
    data["not_text"] = not_text
if not_done:
    data["not_done"] = not_done
finish(summary, data)
