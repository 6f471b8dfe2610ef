# /// playbook
# name = "folder-report"
# about = "Reports on a folder: sizes, types, ages, the largest files, and what grew since last time"
# title = "Report on {folders}"
# examples = ["what is taking up all the space in here?", "give me an overview of this folder with sizes", "find files bigger than 100 MB"]
# folders = "write"
#
# [words]
# do = [
#   "report", "make … report", "overview", "how big", "how large", "how much space", "take … space", "using … space", "use … space", "eat … space", "hog … space",
#   "fill up", "disk usage", "storage usage", "statistics", "stats", "breakdown", "what is using", "where … space", "where has … gone", "how full", "how many file",
#   "space usage", "what is in here", "take up", "took up", "summary", "why … big", "so big", "so large", "so full", "why … full", "html report", "using up", "profile", "audit", "inventory", "what grew", "grown", "growth", "space hog", "how old", "takes the most", "how much",
#   "where does … space", "eating up", "size of", "storage report", "break down", "total size", "how many", "count", "occupy", "use up", "consume", "hogging", "analyse", "summary of folder size",
#   "write … report", "gobble", "chart", "space distributed", "distribution of", "top", "biggest", "larger than", "bigger than", "file over", "file … over", "smallest", "eat … storage", "hog … storage", "eat … disk", "space go", "space went", "space gone", "using up", "disk space", "storage space", "sizes",
# ]
# look = ["find", "show", "list", "which", "what", "where are", "are there", "give", "see", "create", "produce", "generate", "i want", "display", "any", "measure", "check", "rank"]
# with = [
#   "biggest", "big file", "bigger than", "bigger", "size", "sizes", "larger than", "space", "storage", "folder size", "over", "disk usage", "file type", "big", "files are there",
#   "largest", "folder report", "report … folder", "report on", "gb", "mb", "overview", "grown", "growth", "growing", "big folder", "most space", "how old", "by size", "oldest file", "newest file", "breakdown",
#   "statistics", "stats", "full", "by type", "by size", "by age", "by kind", "by extension", "by folder", "since", "last month", "last week", "last year", "by year", "by month", "inventory", "smallest", "using up", "disk", "so big", "so large", "so full", "summary … folder", "html report", "csv report", "kinds of file", "how many file", "file count", "overview … folder", "disk hog", "room",
# ]
# never = [
#   "delete", "identical", "duplicate", "duplicates", "twice", "rename", "merge", "replace", "todo", "to do", "note", "sales", "revenue", "customer",
#   "client", "expense", "empty folder", "mention", "organise", "group", "photo by", "minutes", "compare", "words in", "spend", "cost", "money", "invoice total",
# ]
#
# [param.larger_than]
# about = "Only files larger than so many MB are listed"
# type = "number"
# default = 0
# unit = "MB"
# after = ["bigger than", "bigger", "larger than", "more than", "over", "above", "at least", "exceed", "greater than", "exceeding", "past", "beyond", "bigger then", "size of"]
#
# [param.most]
# about = "How many of the largest files are listed"
# type = "number"
# default = 20
# after = ["top", "at most", "most", "the first", "biggest", "limit to"]
# before = ["biggest", "big file", "most", "file … take", "file … use", "oldest", "file"]
#
# [param.to]
# about = "Where the report's files go: a folder; empty for the folder itself"
# type = "text"
# default = ""
# after = ["save it to", "save it in", "save it as", "save to", "write it to", "put it in", "write it into", "save the report in", "save the report to", "store it in", "put the report in"]
# ///
finish("This is a header.")
