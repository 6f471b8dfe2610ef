# /// playbook
# name = "pack"
# about = "Packs the texts of a folder into a zip and a tar.gz, looks into them, and unpacks one beside"
# title = "Pack {folders}"
# examples = ["pack this folder"]
# folders = "write"
# ///

plan(["Pack", "Look into it", "Unpack"])

step("Pack")
root = folders("write")[0]
sources = [f"{root}/old", f"{root}/notes.txt", f"{root}/ü ñ 図.txt", f"{root}/link out"]
made = {}
for name in ["all.zip", "all.tar.gz"]:
    packed = make_archive(f"{root}/{name}", sources)
    made[name] = {"files": packed["files"], "folders": packed["folders"], "left": packed["left"]}
done()

step("Look into it")
seen = {name: [entry["name"] for entry in list_archive(f"{root}/{name}")["entries"]] for name in made}
done()

step("Unpack")
out = extract_archive(f"{root}/all.zip", f"{root}/unpacked")
same = compare_folders(f"{root}/old", f"{root}/unpacked/old")
done(f"{out['made']} files")

finish(f"{out['made']} files packed and unpacked, {same['same']} of them compared.",
       {"made": made, "seen": seen, "out": out["made"], "same": same["same"], "differing": same["differing"]})
