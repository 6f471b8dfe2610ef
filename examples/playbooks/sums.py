# /// playbook
# name = "sums"
# about = "Adds up the amounts of a table with the system's own Python, and draws them as bars beside it"
# title = "Add up data.csv in {folders}"
# examples = ["add up the amounts and draw them"]
# folders = "write"
# ///

plan(["Read", "Draw"])

# Names stay from one piece to the next.
step("Read")
code("import csv\namounts = [float(row['amount']) for row in csv.DictReader(open('data.csv'))]")
done()

step("Draw")
draw = """
bar = '<rect x="{}" y="{}" width="16" height="{}"/>'
heights = [round(100 * amount / max(amounts)) for amount in amounts]
bars = ''.join(bar.format(20 * n, 100 - high, high) for n, high in enumerate(heights))
size = 20 * len(bars.split('/>')) - 20
open('amounts.svg', 'w').write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} 100">{bars}</svg>')
sum(amounts)
"""
came = code(draw)
done()

finish(f"The sum is {came['result']}; the bars are in amounts.svg.", {"changed": came["changed"]})
