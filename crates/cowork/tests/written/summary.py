# /// playbook
# name = "read-sales-csv-and"
# about = "Read sales.csv and write summary.md"
# title = "Read sales.csv and write summary.md ({folders})"
# examples = ["Read sales.csv and write summary.md"]
# folders = "write"
#
# [param.source]
# about = "The file that is read"
# type = "text"
# default = "sales.csv"
#
# [param.target]
# about = "The file that is made or changed"
# type = "text"
# default = "summary.md"
# ///

# Written from a task of 2026-01-15, and run against what was recorded of it.

plan(["Read tables", "Write file"])
places = folders()
if len(places) != 1:
    raise SystemExit("this playbook works in one folder\ngive it with --folder")
place = places[0]

step("Read tables")
tables = read_tables([f"{place}/{source}"], most=1000)

step("Write file")
written = write_file(f"{place}/{target}", f"# Sales\n\n- rows: {tables['rows']}\n- column_count: {tables['column_count']}\n")["made"]
done(f"{written} written")

finish(f"{written} written.")
