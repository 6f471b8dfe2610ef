# /// playbook
# name = "duplicates"
# about = "Finds files that are there more than once, byte for byte, and sets aside all but one of each"
# title = "Find duplicates in {folders}"
# examples = ["find duplicate photos", "remove duplicates but keep the oldest copy", "are there files in here twice?"]
# folders = "write"
# destructive = true
#
# [words]
# do = [
#   "delete", "clean … duplicate", "dedupe", "dedup", "deduplicate", "de-duplicate", "de-dupe", "only keep one", "keep only one", "keep one",
#   "keep just one", "merge … duplicate", "keep a single copy", "keep a single", "deduping", "deduplication", "collapse", "tidy … duplicate",
#   "leave only one", "leave just one", "except one", "except a single", "keep the oldest", "keep the newest", "handle … duplicate", "deal with … duplicate",
# ]
# look = [
#   "find", "show", "list", "are there", "is there", "do i have", "have i", "any", "which", "what", "check", "count", "report", "how many",
#   "are any", "is any", "see", "did i", "look", "identify", "i have", "give", "preview", "there are", "make a list",
# ]
# with = [
#   "duplicate", "duplicates", "dupes", "dupe", "duplicated", "twice", "double", "doubles", "doubled", "identical", "same file", "same photo", "same document", "same content",
#   "same picture", "redundant copy", "extra copy", "more than once", "multiple copies", "multiple copy", "repeated file", "second copy", "copy of each other",
#   "several copies", "spare copy", "surplus copy", "copies of the same", "dedupe", "dedup", "deduplicate", "de-duplicate", "de-dupe", "deduplication",
#   "exactly the same", "byte for byte", "three times", "several times", "multiple times", "many times", "exact copy", "double up", "redundant file", "redundant",
#   "repeat", "repeats", "stored twice", "unnecessary copy", "all the copies", "copies of", "all copies", "every copy", "file … same", "photo … same", "copies except", "same song", "same video", "same thing",
# ]
# never = [
#   "duplicate-row", "row", "line", "entry", "entries", "record", "csv", "column", "make a copy", "make copies", "in the name", "word",
#   "tsv", "json lines", "jsonl", "table",
# ]
#
# [param.keep]
# about = "Which of the files that are the same stays"
# type = "choice"
# default = "oldest"
# [param.keep.choices]
# oldest = ["oldest", "except oldest", "except … oldest", "except original", "except … original", "except the first version", "keep the original", "earliest", "keep … original", "older one", "oldest one", "first one i saved", "keep the older"]
# newest = ["newest", "except newest", "except … newest", "except latest", "except … latest", "except … recent", "latest", "most recent", "keep the newer", "keep … recent", "newer one", "keep the last", "keep … newer", "recent one"]
# shortest = ["shortest", "except … shortest", "shortest name", "shortest path", "shorter name", "shortest filename"]
# first = ["keep the first", "except first", "except the first one", "first in the list", "first alphabetically", "first by name", "first one", "first copy"]
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not delete", "not move", "nothing deleted", "not do", "not clean"]
# ///
finish("This is a header.")
