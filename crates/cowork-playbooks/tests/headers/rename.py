# /// playbook
# name = "rename"
# about = "Renames files: by date, number, case, pattern or replacement, or tidies their names"
# title = "Rename files in {folders} by {by}"
# examples = ["rename the photos by the date they were taken", "make all filenames lowercase", "number these files 001, 002, 003"]
# folders = "write"
# destructive = true
#
# [words]
# maybe = ["rename", "filename",
#   "replace … in filename", "tidy … filename", "clean … filename", "remove … from filename", "tidy … name", "delete … from filename",
#   "number … file", "number … photo", "number … scan", "number … document", "number … picture", "prefix … file",
#   "number … consecutively", "number … sequentially", "lowercase … filename", "delete … filename", "delete … in name",
#   "change … filename", "replace … filename", "put the date in front", "put the date before", "add … to the start of", "add … to the front of", "put … at the front of",
#   "replace … in the name", "delete … from … name", "add … to filename", "put … in filename", "put … in front of", "sanitise", "sanitize", "put … filename", "add … filename", "use … filename",
#   "slugify", "convert … filename", "turn … filename",  "number", "lowercase", "uppercase", "capitalise", "capitalize", "prefix", "renumber", "change … name", "give … name", "give … number", "names", "give … file", "lower case", "add … to … name", "convert … name"]
# with = ["filename", "file", "name"]
# forms = [
#   "replace {find} with {with} in filename", "change {find} to {with} in filename", "replace {find} with {with} in the name",
#   "in filename replace {find} with {with}", "in the filename change {find} to {with}", "change {find} to {with} in the name", "replace {find} by {with} in filename",
#   "in every filename replace {find} with {with}",
# ]
# never = [
#   "in the text", "inside the file", "text file", "in the contents", "folder by", "into folder", "subfolder", "column", "row", "contents of",
#   "variable", "every mention", "find … mention",
# ]
#
# [param.by]
# about = "How the new names are made"
# type = "choice"
# default = "tidy"
# [param.by.choices]
# tidy = [
#   "space", "underscore", "odd character", "strange character", "special character", "weird character", "funny character", "illegal character",
#   "invalid character", "accents", "umlaut", "tidy … name", "tidy … filename", "clean … filename", "clean … name", "messy name", "messy filename",
#   "consistent name", "punctuation", "whitespace", "blank", "blanks", "brackets", "emoji", "hyphen", "dash", "tidy name", "sanitise", "sanitize",
#   "symbols", "non-ascii", "unusual character", "clean name",
# ]
# date = [
#   "by date", "by date taken", "by date they were taken", "by taken", "by when", "by exif", "by capture", "date in front", "date prefix",
#   "date at the front", "date first", "date before", "prefix … date", "date … name", "date … filename", "date taken", "shooting date", "by the day", "by creation", "by invoice date",
#   "capture date", "date to the start", "date to the front", "date … front", "date … start", "with … date", "their date", "iso date", "exif date", "day they were taken", "creation date", "date they were",
# ]
# number = [
#   "number", "numbers", "numbered", "renumber", "sequence", "sequential", "sequentially", "consecutive", "consecutively", "count up", "running number", "001",
#   "001 002 003", "001 002", "01 02 03", "01 02", "1 2 3", "01", "0001", "1 2 3", "counter", "numbering", "in sequence",
# ]
# case = [
#   "lowercase", "lower case", "lower-case", "uppercase", "upper case", "capitals", "capital letter", "capitalise", "capitalize", "title case", "small letters", "all caps",
#   "case", "caps", "sentence case",
# ]
# slug = ["slug", "slugs", "url", "web-safe", "web safe", "url-safe", "kebab", "slugify", "web friendly", "web-friendly", "url friendly", "kebab-case"]
# pattern = ["by pattern", "with the pattern", "using the pattern", "to the pattern", "scheme", "using this pattern", "template", "follow the pattern", "pattern"]
# replace = []
#
# [param.case]
# about = "With by = case: which"
# type = "choice"
# default = "lower"
# sets = { by = "case" }
# [param.case.choices]
# lower = ["lowercase", "lower case", "lower-case", "small letters", "no capitals", "without capitals", "not capitals"]
# upper = ["uppercase", "upper case", "all capitals", "all caps", "in capitals", "capital letters", "block capitals", "capitals"]
# title = ["title case", "capitalise", "capitalize", "capitalise each word", "capital first letter", "start with a capital"]
#
# [param.pattern]
# about = "With by = pattern: the new name, such as `{date} {name}`"
# type = "text"
# default = ""
# after = ["the pattern", "pattern"]
# sets = { by = "pattern" }
#
# [param.find]
# about = "With by = replace: the text in the names"
# type = "text"
# default = ""
# after = ["remove the word", "delete the word", "remove the text", "remove the prefix", "remove the suffix", "without the word", "remove the phrase"]
# sets = { by = "replace" }
#
# [param.with]
# about = "With by = replace: what is put in its place"
# type = "text"
# default = ""
# sets = { by = "replace" }
#
# [param.start]
# about = "With by = number: the first number"
# type = "number"
# default = 1
# after = ["starting at", "starting from", "starting with", "start at", "start from", "beginning at", "beginning with", "from number", "start with"]
# sets = { by = "number" }
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not rename", "not move", "not do"]
# ///
finish("This is a header.")
