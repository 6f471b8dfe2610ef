# /// playbook
# name = "photos"
# about = "Moves photos into folders by the place or the time they were taken"
# title = "Sort the photos in {folders} by {by}"
# examples = ["sort the holiday pictures by place", "arrange photos by day", "put my photos into a folder for each month they were taken"]
# folders = "write"
#
# [words]
# do = [
#   "organise", "group", "tidy", "put … into folder", "split … folder", "move … into folder", "a folder for each", "into folder", "into album", "sort out", "folder by", "album by", "put … in folder", "into subfolder",
#   "make folder", "make … folder for", "make … album", "create folder", "create … folder for", "create … album", "split", "file away",
# ]
# maybe = ["put", "split", "file … by", "order", "move"]
# with = ["photo", "photography", "shot", "camera roll", "raw file", "dcim", "iphone photo", "holiday snap", "album", "camera"]
# never = [
#   "duplicate", "duplicates", "rename", "twice", "delete", "filename", "by type", "by format", "by kind", "by extension", "by size", "by name", "empty", "by file type", "by client", "by project", "by customer", "number",
#   "lowercase",
# ]
#
# [param.by]
# about = "What decides the folder: where a photo was taken, or when"
# type = "choice"
# default = "place"
# [param.by.choices]
# place = [
#   "by place", "folder for … city", "folder for … country", "folder for … place", "album for … place", "folder for … location", "by location", "by where", "by city", "by country", "by town", "by gps", "by destination", "by geotag", "where they were", "where they are from", "where i took", "where we took", "where it was", "by region",
#   "place they", "location they", "geographically", "city folder", "country folder", "where each", "where the photo", "from the same place", "where each one", "in the same place", "by coordinates", "by spot", "place folder", "by holiday destination",
#   "by state", "by continent", "by village", "where taken", "by venue", "where shot", "by geography", "the place",
# ]
# day = ["by day", "folder for … day", "album for … day", "by date", "day by day", "day folder", "by the day", "daily folder", "daily album", "on the same day", "by exact date", "by shooting date", "date folder", "by when", "date taken", "day they", "date they", "when they were", "when i took", "when taken", "when it was"]
# month = ["by month", "folder for … month", "album for … month", "month by month", "month folder", "monthly folder", "year month", "monthly album", "month they"]
# year = ["by year", "folder for … year", "album for … year", "year by year", "year folder", "yearly folder", "by calendar year", "year they", "annual", "yearly album"]
#
# [param.dry_run]
# about = "Only say what would be done"
# type = "bool"
# default = false
# on = ["preview", "you would", "not move", "not do", "not organise"]
# ///
finish("This is a header.")
