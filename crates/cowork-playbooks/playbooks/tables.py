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
#   "total … by", "total by month", "total by year", "total by week", "total by day", "total by quarter", "total by customer", "total by client", "total by supplier", "total by category",
#   "group", "csv", "tsv", "jsonl", "json lines", "spreadsheet", "table", "row", "column", "monthly exports", "export", "exports", "xlsx", "ndjson", "sheet", "timesheet",
#   "duplicate row", "csvs", "bank statement", "sales data", "data file", "tabular", "transactions", "ledger", "order list", "price list", "expense list", "monthly files", "sales files", "sales figures",
#   "comma separated", "delimited", "semicolon", "figures", "sales", "record", "mailing list", "price lists", "lists", "dataset",
# ]
# never = [
#   "empty row", "blank row", "empty line", "blank line",
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
# [param.format]
# about = "How a CSV is written: for Excel where one writes 1.234,56, or plain; auto goes by the tables"
# type = "choice"
# default = "auto"
# [param.format.choices]
# auto = []
# excel = []
# plain = []
#
# [param.to]
# about = "The file to write"
# type = "text"
# default = "Merged.csv"
# after = ["save it as", "save as", "into a file called", "called", "named", "write it to", "save it to", "save the result as", "save to", "save the result to", "save them as", "output to", "as a file called"]
# ///
import re

ENDINGS = ("csv", "tsv", "tab", "jsonl", "ndjson")
TABLES = tuple(["." + ending for ending in ENDINGS])
SPREADSHEETS = ("xlsx", "xls", "xlsm", "ods", "numbers")
NAMED = "*.{" + ",".join(ENDINGS + SPREADSHEETS) + "}"
# Numbers in columns of such names are not amounts: nobody wants their sum.
NAMES = set("id ids no nr num number year zip postcode plz postal code phone tel telephone mobile fax iban account index".split())
# Languages that write 1.234,56, and places that don't though they speak one of these.
COMMA = set("bg cs da de el es et fi fr hr hu id it lt lv nb nl no pl pt ro ru sk sl sr sv tr uk vi german french spanish italian dutch 1.234,56".split())
POINT = set("de-ch de-li fr-ch it-ch es-mx".split())
# Words that people put around the name of a column.
FILLING = set("the a each every column field of".split())


def counted(number, thing):
    return f"1 {thing}" if number == 1 else f"{number:,} {thing}s"


def ending_of(name):
    at = name.rfind(".")
    return name[at + 1 :].lower() if at > 0 else ""


def key(name):
    return re.sub(r"[\s_]+", "", name.lower())


def words_of(name):
    return re.findall(r"[^\W_]+", name.lower())


def without_s(word):
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def fitting(wanted, columns):
    # The column that is meant: of this name, or the one that has all of its words, or that it is a part of.
    names = [c["name"] for c in columns]
    same = [n for n in names if key(n) == key(wanted)]
    if same:
        return same[0]
    words = set([without_s(w) for w in words_of(wanted)])
    words = words - FILLING if words - FILLING else words
    inside = [n for n in names if words and words.issubset(set([without_s(w) for w in words_of(n)]))]
    if not inside:
        inside = [n for n in names if key(wanted) and (key(wanted) in key(n) or (len(key(n)) > 2 and key(n) in key(wanted)))]
    if len(inside) == 1:
        return inside[0]
    there = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    if inside:
        raise SystemExit(f"“{wanted}” could be any of these columns: {', '.join(inside[:10])}\nsay which one, by its whole name")
    raise SystemExit(f"No column fits “{wanted}”\nthe columns are: {there}")


def is_amount(column):
    return column["type"] == "number" and not (set(words_of(column["name"])) & NAMES)


def below(path):
    return path if several else path.partition("/")[2]


places = folders()
several = len(places) > 1
home = folders("write")[0]
target = to.strip().strip("/") or "Merged.csv"
if ending_of(target) in SPREADSHEETS + ("pdf", "docx", "doc", "html", "htm", "md", "txt"):
    raise SystemExit(f"The result can't be a .{ending_of(target)} file\nit is a CSV, a TSV or JSON lines: call it {target.rpartition('.')[0]}.csv")
if ending_of(target) not in ENDINGS:
    target += ".csv"

look = "Look at the folders" if several else "Look at the folder"
plan([look, "Read the tables", "Merge them"])

step(look)
stem, _, ending = target.rpartition("/")[2].rpartition(".")
# What was merged before is not counted again under another name either.
own = re.compile("(" + re.escape(stem.lower()) + r"( \(\d+\))?\." + re.escape(ending.lower()) + r"|merged( \(\d+\))?\.csv)$")
sources = []
size = 0
made = []
spreadsheets = []
left = []
errors = []
for place in places:
    after = None
    while True:
        options = {"after": after} if after else {}
        try:
            page = list_folder(place, name=NAMED, most=100000, **options)
        except RuntimeError as error:
            errors.append(error)
            left.append({"path": place, "why": str(error)})
            break
        here = [entry for entry in page["entries"] if entry["kind"] == "file" and not entry["name"].startswith((".", "~$"))]
        tables = [entry for entry in here if entry["name"].lower().endswith(TABLES)]
        if len(tables) < len(here):
            spreadsheets += [entry["path"] for entry in here if ending_of(entry["name"]) in SPREADSHEETS]
        # Mostly none is: one look at all of them is cheaper than one at each.
        names = "\n".join([entry["name"] for entry in tables]).lower()
        if stem.lower() in names or "merged" in names:
            made += [entry["path"] for entry in tables if own.match(entry["name"].lower())]
            tables = [entry for entry in tables if not own.match(entry["name"].lower())]
        sources += [entry["path"] for entry in tables]
        size += sum([entry["size"] for entry in tables])
        after = page.get("next")
        if not after or len(sources) > 100000:
            break
if len(errors) == len(places):
    raise errors[0]
done(f"{counted(len(sources), 'table')}, {size / 1000000:.1f} MB" if size >= 100000 else counted(len(sources), "table"))

for path in made:
    left.append({"path": path, "why": "it is called like a result"})
for path in spreadsheets:
    left.append({"path": path, "why": "it is a spreadsheet; save it as CSV to have it merged"})


def tell_left(items, number):
    if not number:
        return ""
    lines = [f"\n  {below(item['path'])}: {item['why']}" for item in items[:10]]
    more = f"\n  and {number - 10:,} more" if number > 10 else ""
    return "\n\nLeft out:" + "".join(lines) + more


data = {"files": 0, "rows_in": 0, "rows_out": 0, "left": left}
if not sources:
    finish("Nothing to merge: no CSV, TSV or JSON lines here." + tell_left(left, len(left)), data)
if len(sources) > 100000:
    raise SystemExit("There are more tables than can be merged at once, which is 100,000\nput some of them into other folders")
sources.sort()

step("Read the tables")
found = read_tables(sources, first=0, most=1)
done(f"{counted(found['rows'], 'row')}, {counted(found['column_count'], 'column')}" + (f", {found['broken']:,} broken" if found["broken"] else ""))
left += found["left"]
left_count = len(left) - len(found["left"]) + found["left_count"]
if not found["files"]:
    data["left"] = left
    finish("Nothing to merge: none of the files is a table." + tell_left(left, left_count), data)
columns = found["columns"]
group_by = [fitting(group.strip(), columns)] if group.strip() else []
if total.strip():
    amounts = [fitting(name.strip(), columns) for name in re.split(r",|;| and ", total) if name.strip()]
elif group_by:
    amounts = [c["name"] for c in columns if is_amount(c) and c["name"] not in group_by]
else:
    amounts = []
dates = [c["name"] for c in columns if c["type"] == "date" and c["name"] not in group_by] if group_by else []

step("Merge them")


def writes_commas():
    """Says whether numbers are written as in 1.234,56: as the locale says, else as the tables do."""
    name = locale.strip().lower().replace("_", "-")
    if not name:
        return found["decimal"] == "comma"
    return name.partition("-")[0] in COMMA and name not in POINT


options = {"if_taken": "number", "distinct": dedupe, "group_by": group_by, "sum": amounts, "dates": dates}
if locale.strip():
    options["locale"] = locale.strip()
    options["clean"] = True
# Where fractions are written with a comma, spreadsheets want `;` between the cells, and a mark that it is UTF-8.
comma = format == "excel" or (format == "auto" and writes_commas())
if comma:
    options["decimal_comma"] = True
for attempt in range(3):
    try:
        merged = combine_tables(f"{home}/{target}", sources, **options)
        break
    except RuntimeError as error:
        # Somebody works on them just now: nothing was written yet.
        if attempt == 2 or "while it was being read" not in str(error):
            raise
done(f"{counted(merged['rows_out'], 'row')} in {below(merged['path'])}")

for name in ["path", "files", "rows_in", "rows_out", "duplicates", "empty", "broken", "broken_rows", "columns", "groups", "totals", "unclear", "total_rows", "lacking"]:
    data[name] = merged[name]
data["left"] = left

what = f"{counted(merged['group_count'], 'group')} by {group_by[0]}" if group_by else counted(merged["rows_out"], "row")
summary = f"{counted(merged['rows_in'], 'row')} from {counted(merged['files'], 'table')} merged into {below(merged['path'])}: {what}"
summary += f", {counted(merged['column_count'], 'column')}."
facts = []
if merged["duplicates"]:
    facts.append(f"{counted(merged['duplicates'], 'row')} that {'was' if merged['duplicates'] == 1 else 'were'} there twice")
if merged["empty"]:
    facts.append(counted(merged["empty"], "empty row"))
if merged["broken"]:
    facts.append(counted(merged["broken"], "broken row"))
if merged["total_rows"]:
    facts.append(f"{counted(merged['total_rows'], 'row')} at the end of a table that only {'adds' if merged['total_rows'] == 1 else 'add'} up the others")
if facts:
    summary += f" Not written: {', '.join(facts)}."

for lack in [lack for lack in merged["lacking"] if lack["rows"]]:
    fate = "they count for no group by it" if lack["column"] in group_by else "they add nothing to it"
    named = ", ".join([below(path) for path in lack["paths"][:6]]) + (", …" if lack["files"] > 6 else "")
    summary += f"\n\nWithout {lack['column']}: {counted(lack['files'], 'table')} of {merged['files']:,}, with {counted(lack['rows'], 'row')}; {fate}: {named}."
if comma and ending_of(target) == "csv":
    summary += "\n\nWritten for a spreadsheet with decimal commas: “;” between the cells, UTF-8 with its mark."

SHOWN = 10


def table_of(groups):
    names = [group_by[0], "Rows"] + amounts
    heads = merged["columns"][:1] + merged["columns"][1 : 2 + len(amounts)]
    rows = [heads] + [[row[heads[0]].strip() or f"(no {heads[0]})"] + [row[h] for h in heads[1:]] for row in groups[:SHOWN]]
    rows = [[" ".join(cell.split()) for cell in row[:5]] for row in rows]
    rows = [[cell if len(cell) <= 30 else cell[:29] + "…" for cell in row] for row in rows]
    widths = [max([len(row[i]) for row in rows]) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0] + " " * (widths[0] - len(row[0]))]
        cells += [" " * (widths[i] - len(row[i])) + row[i] for i in range(1, len(row))]
        lines.append("\n  " + "   ".join(cells).rstrip())
    return "".join(lines)


if group_by:
    summary += "\n" + table_of(merged["groups"])
    if merged["group_count"] > SHOWN:
        summary += f"\n  and {merged['group_count'] - SHOWN:,} more"
if merged["totals"]:
    summary += "\n\nTotal: " + ", ".join([f"{name} {amount}" for name, amount in list(merged["totals"].items())[:5]])
for item in merged["unclear"][:5]:
    fate = "not added up" if item["column"] in amounts else "left as it is" if item["cells"] == 1 else "left as they are"
    summary += f"\n\n{counted(item['cells'], 'cell')} in {item['column']} {fate}:"
    for one in item["named"]:
        summary += f"\n  “{one['cell']}” ({below(one['path'])}:{one['line']}), {one['why'].replace(': say which `locale`', '; say which locale')}"
    if item["cells"] > len(item["named"]):
        summary += f"\n  and {item['cells'] - len(item['named']):,} more"
if merged["broken"]:
    summary += "\n\nBroken rows:"
    for row in merged["broken_rows"][:10]:
        summary += f"\n  {below(row['path'])}:{row['line']}  {row['why']}"
    if merged["broken"] > 10:
        summary += f"\n  and {merged['broken'] - 10:,} more"
summary += tell_left(left, left_count)
finish(summary, data)
