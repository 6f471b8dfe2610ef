# /// playbook
# name = "clean-up"
# about = "Sets aside what nobody needs: empty folders, temporary files, old installers, broken links"
# title = "Clean up {folders}"
# examples = ["delete empty folders", "get rid of old installers and temp files", "clean out the junk in Downloads"]
# folders = "write"
# destructive = true
#
# [words]
# do = ["delete", "clean", "tidy away", "sweep"]
# maybe = ["make … space", "free up", "free … space", "make room", "make … room"]
# look = [
#   "find", "show", "list", "are there", "is there", "do i have", "any", "which", "what", "count", "report", "how many", "look", "see", "check",
#   "preview", "identify", "have i",
# ]
# with = [
#   "empty folder", "empty subfolder", "folder … empty", "folder with nothing", "folder … contain nothing", "folder … nothing in", "empty ones", "folder without files", "folder … no files", "subfolder … empty", "folder without anything", "hollow folder", "vacant folder", "folder containing nothing", "folder not … anything", "folder … not contain", "temporary", "temporary file", "cache", "caches", "cached file", "backup file", "swap file", "lock file", "ds_store", "thumbs.db", "partial download", "unfinished download", "incomplete download", "crdownload", "bak file", "half-finished download", "temporaries", "half finished download", "interrupted download", "aborted download", "failed download", "ds store", "thumbs db", "office lock", "autosave", "broken download", "installer", "installers", "setup file", "dmg", "msi", "exe", "installation file", "setup program", "install file", "pkg", "installation package", "deb", "setup exe", "installer package", "disk image", "install package", "broken link", "dead link", "dangling link", "broken symlink", "dead symlink", "dangling symlink", "broken shortcut", "dead shortcut", "link … lead nowhere", "link … point nowhere", "broken symbolic link", "orphaned link", "orphaned symlink", "link … go nowhere", "shortcut … not work", "link … not work", "shortcut … nowhere", "symlink … nowhere", "broken alias", "link … to nothing", "invalid shortcut", "stale link", "stale symlink", "orphaned shortcut", "shortcut … to nothing", "symlink … to nothing", "dangling shortcut", "dead alias", "older than", "untouched for", "unused for", "not … in … year", "not … for … year",
#   "junk", "rubbish", "garbage", "clutter", "crap", "cruft", "leftover", "left over", "unneeded", "useless file", "debris", "stale file",
#   "litter", "detritus", "gunk", "useless stuff", "junk file", "dead weight", "leftovers", "remnant", "garbage file", "rubbish file",
# ]
# never = [
#   "photo", "video", "music", "song", "pdf", "invoice", "contract", "letter", "receipt", "spreadsheet", "recording", "movie", "note", "report on", "empty this", "empty the", "empty my", "empty out", "empty it", "row", "column", "line", "filename", "name", "sort", "contents of", "emails", "password", "word",
#   "underscore", "space in", "spaces in", "from the text", "csv",
# ]
#
# [param.what]
# about = "What is set aside"
# type = "choice"
# default = "all"
# several = "all"
# [param.what.choices]
# all = []
# empty-folders = [
#   "empty folder", "empty subfolder", "folder … empty", "folder with nothing", "folder … contain nothing", "folder … nothing in", "empty ones",
#   "folder without files", "folder … no files", "subfolder … empty", "folder without anything", "hollow folder", "vacant folder", "folder containing nothing",
#   "folder not … anything", "folder … not contain",
# ]
# temporary = [
#   "temporary", "temporary file", "cache", "caches", "cached file", "backup file", "swap file", "lock file", "ds_store", "thumbs.db", "partial download", "unfinished download",
#   "incomplete download", "crdownload", "bak file", "half-finished download", "temporaries", "half finished download", "interrupted download", "aborted download", "failed download",
#   "ds store", "thumbs db", "office lock", "autosave", "broken download",
# ]
# installers = ["installer", "installers", "setup file", "dmg", "msi", "exe", "installation file", "setup program", "install file", "pkg", "installation package", "deb", "setup exe", "installer package", "disk image", "install package"]
# broken-links = [
#   "broken link", "dead link", "dangling link", "broken symlink", "dead symlink", "dangling symlink", "broken shortcut", "dead shortcut", "link … lead nowhere", "link … point nowhere",
#   "broken symbolic link", "orphaned link", "orphaned symlink", "link … go nowhere", "shortcut … not work", "link … not work", "shortcut … nowhere", "symlink … nowhere", "broken alias", "link … to nothing",
#   "invalid shortcut", "stale link", "stale symlink", "orphaned shortcut", "shortcut … to nothing", "symlink … to nothing", "dangling shortcut", "dead alias",
# ]
#
# [param.older_than]
# about = "Only what was last changed longer ago than so many days"
# type = "number"
# default = 0
# unit = "days"
# after = [
#   "older than", "over", "more than", "not touched for", "not used for", "not opened for", "not changed for", "not changed in", "not opened in",
#   "not used in", "not touched in", "untouched for", "unused for", "at least", "not modified for", "not modified in", "before", "unchanged for", "age of",
# ]
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not delete", "not move", "nothing deleted", "not do", "not clean"]
# ///
finish("This is a header.")
