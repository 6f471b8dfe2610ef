# /// playbook
# name = "notes-report"
# about = "Puts notes (Markdown and text) into one document with contents and sources, or lists the open to-dos in them"
# title = "Collect the notes in {folders}"
# examples = ["turn my notes into one report", "list every open to-do in my notes", "collect the meeting notes into a single document with a table of contents"]
# folders = "write"
#
# [words]
# do = [
#   "turn … into", "merge", "collect", "one document", "single document", "one report", "into a report", "into one", "into a single", "make … report", "make … document", "todo report", "write … report",
#   "put … into one", "list … todo", "list … to do", "list … task", "list … to dos", "show … to dos", "find … to dos", "which … to dos", "what … to dos", "give … to dos", "any … to dos", "are … to dos", "collect … to dos", "make … to dos", "see … to dos", "list … checkbox", "list … unticked", "show … todo", "show … to do", "show … task", "show … checkbox", "show … unticked", "find … todo", "find … to do", "find … task", "find … checkbox", "find … unticked", "which … todo", "which … to do", "which … task", "which … checkbox", "which … unticked", "what … todo", "what … to do", "what … task", "what … checkbox", "what … unticked", "give … todo", "give … to do", "give … task", "give … checkbox", "give … unticked", "any … todo", "any … to do", "any … task", "any … checkbox", "any … unticked", "are … todo", "are … to do", "are … task", "are … checkbox", "are … unticked", "collect … todo", "collect … to do", "collect … task", "collect … checkbox", "collect … unticked", "make … todo", "make … to do", "make … task", "make … checkbox", "make … unticked", "create … todo", "create … to do", "create … task", "create … checkbox", "create … unticked", "see … todo", "see … to do", "see … task", "see … checkbox", "see … unticked", "check … todo", "check … to do", "check … task", "check … checkbox", "check … unticked", "extract", "what … still to do", "still have to do", "pull … out", "put … together", "join … together", "pull out", "convert … into", "write up",
#   "one file", "make … out of", "create … from", "build … from", "open task", "report from", "report out of", "single file", "pull … from", "generate … from", "produce … from", "what is left to do", "one big document", "copy … into one",
# ]
# with = [
#   "note", "notes", "todo", "to dos", "todos", "to-dos", "markdown", "md", "journal", "diary", "diaries", "notebook", "meeting minutes", "protocol", "tasks", "logbook", "research note", "text file", "txt", "unticked", "checkbox", "unchecked",
#   "open task", "table of contents", "contents", "write-up", "log entry", "daily log", "lecture", "journals", "interview", "markdown file", "meeting", "in my notes", "writings", "open box", "ticked",
# ]
# never = [
#   "csv", "tsv", "spreadsheet", "duplicate", "duplicates", "photo", "rename", "empty folder", "size", "space", "biggest", "replace", "organise", "pdf", "presentation", "summary", "email",
#   "into text", "into english", "into german", "into pdf", "folder overview", "xlsx", "appointment", "mention", "schedule",
# ]
#
# [param.what]
# about = "A report of all notes, or only the list of open to-dos"
# type = "choice"
# default = "report"
# [param.what.choices]
# report = []
# todos = [
#   "todo", "todos", "to do", "to dos", "to-dos", "open task", "task list", "tasks", "still to do", "unticked", "action", "actions", "checkbox", "unchecked", "left to do", "open box",
#   "outstanding", "unfinished", "open item", "pending",
# ]
#
# [param.title]
# about = "The document's title"
# type = "text"
# default = ""
# after = ["titled", "with the title", "entitled", "under the title", "headed", "called", "and call it", "call it", "title it", "named"]
#
# [param.to]
# about = "The file to write; empty for one named after the title"
# type = "text"
# default = ""
# after = ["save it as", "save as", "save it to", "write it to", "save to", "into a file called", "into the file", "in a file called", "save them to", "save the result as", "save them as"]
# ///
finish("This is a header.")
