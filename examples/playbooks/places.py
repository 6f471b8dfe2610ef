# /// playbook
# name = "places"
# about = "Says where a few points on the earth are"
# title = "Name places"
# examples = ["name places"]
# ///

plan(["Name places"])
step("Name places")
points = [{"latitude": 43.7696, "longitude": 11.2558}, {"latitude": 64.1466, "longitude": -21.9426}, {"latitude": 0, "longitude": 0}]
found = name_places(points)
named = [f"{place['name']}, {place['country']}" for place in found["places"] if place]
done(f"{found['known']} of {found['count']}")
finish("; ".join(named), found)
