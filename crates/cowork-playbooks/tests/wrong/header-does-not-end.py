# /// playbook
# name = "tidy"
# about = "x"
("x")
