# /// playbook
# name = "watch"
# about = "Watches a folder, and organises what arrives there"
# title = "Watch {folders}"
# examples = ["whenever a PDF lands in this folder, file it by date", "keep Downloads sorted from now on", "sort new files by type every morning"]
# folders = "write"
#
# [words]
# do = ["whenever", "keep … organise", "keep … tidy", "keep … in order", "keep … sorted", "when … arrive", "when … land", "when … come in", "when … appear", "when … get added", "when … show up", "if … arrive", "new file … arrive", "new ones",
#   "as … arrive", "as … come in", "when … added", "when … downloaded", "when … saved", "when … dropped", "when … turn up", "keep … clean", "keep … neat"]
# with = ["file", "organise", "tidy", "group", "put", "file it", "clean"]
# look = []
# never = ["email", "delete", "rename", "replace", "duplicate", "duplicates", "merge", "remind", "backup", "report", "summary", "empty", "convert", "place", "track", "size"]
#
# [param.apply]
# about = "The playbook that is applied to what arrives"
# type = "choice"
# default = "organise"
# [param.apply.choices]
# organise = []
#
# [param.by]
# about = "What decides the subfolder"
# type = "choice"
# default = "type"
# [param.by.choices]
# type = [
#   "by type", "by kind", "by extension", "by format", "by suffix", "by category", "by sort of file", "by what they are", "by what kind",
#   "by what type", "a folder for documents", "pdf … in one folder", "type folder",
# ]
# date = [
#   "by date", "by month", "by year", "by quarter", "by age", "by modified", "by modification", "by last changed", "by when", "by time",
#   "by how old", "by day", "monthly folder", "yearly folder", "dated folder", "month folder", "year folder", "chronological", "folder for … year", "folder for … month", "folder for … date",
#   "chronologically", "year month folder", "date folder",
# ]
# name = [
#   "by name", "by client", "by customer", "by company", "by project", "by prefix", "by pattern", "by filename", "by supplier", "by vendor",
#   "by person", "by subject", "by who", "by sender", "by author", "by topic", "by employee", "by tenant", "by patient", "by student",
#   "by brand", "by shop", "by course", "by case", "by account name", "client folder", "project folder", "customer folder", "named after", "same name", "same prefix", "similar name",
# ]
#
# [param.pattern]
# about = "Only files whose name fits this, such as `*.pdf`"
# type = "text"
# default = ""
#
# [param.hours]
# about = "How long to watch, in hours"
# type = "number"
# default = 8
# unit = "hours"
# after = ["for the next", "for", "during the next", "over the next"]
# ///
finish("This is a header.")
