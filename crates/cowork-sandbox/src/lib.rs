//! The view of the granted folders: directory handles, journal and undo.
