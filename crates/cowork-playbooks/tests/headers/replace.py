# /// playbook
# name = "replace"
# about = "Replaces a text by another one in the contents of text files, after a preview"
# title = "Replace “{find}” with “{with}” in {folders}"
# examples = ["replace Acme Ltd with Acme GmbH in all text files", "change every 2025 to 2026 in the markdown files", "find and replace Acme with Globex"]
# folders = "write"
# destructive = true
#
# [words]
# do = ["replace", "find and replace", "search and replace"]
# with = ["file"]
# forms = [
#   "change the name from {find} to {with}", "change the company name from {find} to {with}", "change the address from {find} to {with}", "change the year from {find} to {with}", "change the date from {find} to {with}", "change the price from {find} to {with}", "change the number from {find} to {with}", "change the phone number from {find} to {with}", "change the word from {find} to {with}", "change the spelling from {find} to {with}", "change the title from {find} to {with}", "change the term from {find} to {with}", "change the email address from {find} to {with}",
#   "replace the word {find} with the word {with}", "replace every occurrence of {find} with {with}", "replace all occurrences of {find} with {with}", "replace every mention of {find} with {with}", "replace all mentions of {find} with {with}",
#   "replace every instance of {find} with {with}", "replace all instances of {find} with {with}", "replace every {find} with {with}", "replace all {find} with {with}", "replace the phrase {find} with {with}", "replace the text {find} with {with}",
#   "replace the word {find} with {with}", "replace {find} with {with}", "replace {find} by {with}", "find {find} and replace it with {with}", "find {find} and replace with {with}", "find {find} and change it to {with}",
#   "find {find} replace with {with}", "find all {find} and replace them with {with}", "find every {find} and replace it with {with}", "replace {find} for {with}",
#   "change every mention of {find} to {with}", "change every occurrence of {find} to {with}", "change all occurrences of {find} to {with}", "change all mentions of {find} to {with}", "change every instance of {find} to {with}",
#   "change all instances of {find} to {with}", "change the word {find} to {with}", "change every {find} to {with}", "change every {find} into {with}", "change the spelling of {find} to {with}", "change the name {find} to {with}",
#   "change the year from {find} to {with}", "change the name from {find} to {with}", "change all {find} to {with}", "change {find} to {with}", "change {find} into {with}", "replace {find} to {with}", "turn every {find} into {with}", "turn all {find} into {with}",
#   "change {find} from {find} to {with}", "every mention of {find} should be {with}", "every mention of {find} should become {with}", "every mention of {find} should say {with}", "every {find} should become {with}", "every {find} should be {with}",
#   "every {find} should read {with}", "all mentions of {find} should be {with}", "correct {find} to {with}", "where it says {find} put {with}", "wherever it says {find} put {with}", "wherever it says {find} write {with}", "where it says {find} write {with}",
#   "swap the word {find} with {with}", "swap the word {find} for {with}",
# ]
# never = [
#   "filename", "in the name", "space", "underscore", "rename", "photo", "name of the file", "extension", "folder name", "lowercase", "uppercase", "png", "password",
# ]
#
# [param.find]
# about = "The text to replace"
# type = "text"
#
# [param.with]
# about = "What is put in its place"
# type = "text"
#
# [param.files]
# about = "Which files: a pattern such as `*.md`; empty for all text files"
# type = "text"
# default = ""
# [param.files.choices]
# "*.md" = ["markdown", "md file", "md"]
# "*.txt" = ["txt file", "txt", "plain text file"]
# "*.html" = ["html", "html file", "web page"]
# "*.csv" = ["csv", "csv file"]
# "*.json" = ["json", "json file"]
# "*.xml" = ["xml"]
# "*.yaml" = ["yaml"]
# "*.py" = ["python file", "py file", "python source", "python script"]
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not replace", "not do", "not save", "not write"]
# ///
finish("This is a header.")
