# /// playbook
# name = "tidy"
# What it does:
# about = "Tidies"
# title = "Tidy {folders}"
# examples = ["tidy up"]
# folders = "write"
#
# [param.days]
# about = "How old, in days"
# type = "number"
# default = 30
#
# [param.how]
# about = "What to do when a name is taken"
# type = "choice"
# default = "number"
# choices = { number = [], overwrite = [] }
# ///
finish("x")
