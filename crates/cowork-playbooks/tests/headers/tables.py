# /// playbook
# name = "tables"
# about = "Merges tables (CSV, TSV, JSON lines) into one, drops rows that are there twice, and totals by a column"
# title = "Merge the tables in {folders}"
# examples = ["merge these CSV files into one", "combine the monthly exports and total by customer", "one table from all the spreadsheets, without duplicate rows"]
# folders = "write"
#
# [words]
# do = [
#   "merge", "total", "one table", "single table", "one csv", "single csv", "one spreadsheet", "single spreadsheet", "one big table", "into one", "into a single", "one file from",
#   "delete duplicate row", "dedupe", "deduplicate", "de-duplicate", "roll up", "union", "one sheet", "master table", "master spreadsheet", "master csv", "one big", "clean … csv", "one combined",
#   "sum … column", "aggregate", "one list from", "one long table", "delete … row", "drop … row", "table from", "clean … table", "normalise", "normalize", "average",
#   "clean … column", "combined table", "combined csv", "merged table", "put … into one table", "pivot", "put … into one", "put … into a single", "put … together", "remove … row", "group … row", "group … csv", "group … spreadsheet", "group … export", "group … table", "group … sheet",
# ]
# maybe = []
# with = [
#   "group", "csv", "tsv", "jsonl", "json lines", "spreadsheet", "table", "row", "column", "monthly exports", "export", "exports", "xlsx", "ndjson", "sheet", "timesheet",
#   "duplicate row", "csvs", "bank statement", "sales data", "data file", "tabular", "transactions", "ledger", "order list", "price list", "expense list", "monthly files", "sales files", "sales figures",
#   "comma separated", "delimited", "semicolon", "figures", "sales", "record", "mailing list", "price lists", "lists", "dataset",
# ]
# never = [
#   "photo", "pdf", "presentation", "document", "markdown", "explain", "rename", "empty folder", "todo", "folder size", "filename", "letters", "variance", "text file",
# ]
#
# [param.group]
# about = "The column to group by"
# type = "text"
# default = ""
# after = ["by", "for every", "grouped by", "group by", "per", "for each"]
#
# [param.total]
# about = "The column to total"
# type = "text"
# default = ""
# after = ["total", "total up", "sum of", "total of", "total for", "total the column", "sum the column"]
#
# [param.dedupe]
# about = "Leave out rows that are there twice"
# type = "bool"
# default = false
# on = [
#   "duplicate row", "no duplicate", "not duplicate", "dedupe", "deduplicate", "de-duplicate", "delete duplicate", "unique row", "distinct row", "each row once", "row only once",
#   "row … twice", "drop … duplicate", "no duplicates", "without duplicates", "not duplicates", "drop duplicates", "remove duplicates", "delete duplicates", "duplicates removed", "duplicate removed", "duplicates out", "no repeats",
#   "every row once", "row once", "no double", "not repeat", "not repeats", "not double",
# ]
#
# [param.locale]
# about = "How dates and numbers are written: en-GB, en-US, de, fr, …"
# type = "text"
# default = ""
# [param.locale.choices]
# en-GB = ["british", "uk date", "uk format", "english dates", "uk number"]
# en-US = ["american", "us date", "us format", "us number"]
# de = ["german", "germany"]
# fr = ["french"]
#
# [param.to]
# about = "The file to write"
# type = "text"
# default = "Merged.csv"
# after = ["save it as", "save as", "into a file called", "called", "named", "write it to", "save it to", "save the result as", "save to", "save the result to", "save them as", "output to", "as a file called"]
# ///
finish("This is a header.")
