# /// playbook
# name = "one-of-many"
# about = "Writes a second table beside the one that is there, combines both, and joins the texts of a folder into a document"
# title = "Make one of many in {folders}"
# examples = ["make one of many"]
# folders = "write"
# ///

plan(["Combine tables", "Join texts"])

step("Combine tables")
root = folders("write")[0]
write_file(f"{root}/more.csv", "Name;Amount;Since\nAnn;1,50;31.12.2025\nBob;broken\nCleo;2,25;1.3.2026\n")
tables = [f"{root}/data.csv", f"{root}/more.csv", f"{root}/photo.jpg", f"{root}/gone.csv"]
seen = read_tables(tables)
merged = combine_tables(f"{root}/all.csv", tables, source_column="File", clean=True, locale="de")
groups = combine_tables(f"{root}/groups.jsonl", tables, group_by=["name"], sum=["amount"], dates=["since"])
done(f"{merged['rows_out']} rows")

step("Join texts")
notes = [f"{root}/notes.txt", f"{root}/report (final).md", f"{root}/latin-\\xe9.txt", f"{root}/empty.txt"]
joined = join_texts(notes, path=f"{root}/all.md", title="All of it", order="name")
done(f"{joined['texts']} texts")

text = {name: read_file(f"{root}/{name}")["text"] for name in ["all.csv", "groups.jsonl", "all.md"]}
finish(f"{merged['rows_out']} rows, {groups['group_count']} groups, {joined['texts']} texts.",
       {"columns": seen["columns"], "broken": merged["broken_rows"], "left": merged["left"], "totals": groups["totals"],
        "texts_left": joined["left"], "text": text})
