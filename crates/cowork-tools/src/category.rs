//! What files are by their names alone: of what category, and which go along with another.

mod kept;
mod only;

use std::collections::HashMap;

use cowork_core::{Entry, FileKind};

pub(crate) use self::{
    kept::{is_setting, kept},
    only::Only,
};

/// What a name tells nothing about.
const OTHER: &str = "Other";
/// What a program still writes, or holds open.
const UNFINISHED: &str = "Unfinished";

/// Each category, and the extensions of what is in it.
const CATEGORIES: [(&str, &str); 9] = [
    (
        "Documents",
        "pdf doc docx odt rtf txt md tex pages ppt pptx odp key epub mobi azw3 djvu ps xps wpd msg eml ics vcf",
    ),
    ("Spreadsheets", "xls xlsx xlsm xlsb ods csv tsv numbers"),
    (
        "Images",
        "jpg jpeg png gif bmp tif tiff webp heic heif avif svg ico raw cr2 cr3 nef arw dng orf rw2 raf pef srw psd ai xcf jxl",
    ),
    ("Audio", "mp3 wav flac aac ogg oga opus m4a wma aif aiff mid midi amr"),
    ("Video", "mp4 mov avi mkv webm wmv flv m4v mpg mpeg 3gp mts m2ts ogv vob"),
    ("Archives", "zip tar gz tgz bz2 tbz xz txz 7z rar zst lz lzma cab"),
    (
        "Code",
        "py js ts jsx tsx rs go java c h cc cpp hpp cs rb php sh ps1 bat html htm css scss json xml yaml yml toml sql ipynb lua r swift kt",
    ),
    ("Installers", "exe msi dmg pkg deb rpm appimage apk iso img flatpak snap"),
    (UNFINISHED, "crdownload part partial download opdownload aria2 !ut tmp"),
];

/// What marks a folder as that of a project, which a program looks for by its path.
const PROJECT: &str = ".git .hg .svn Cargo.toml package.json pyproject.toml setup.py go.mod pom.xml build.gradle build.gradle.kts \
    CMakeLists.txt Makefile Gemfile composer.json mix.exs Package.swift pubspec.yaml";

const RAW: &str = "raw cr2 cr3 nef arw dng orf rw2 raf pef srw";
const PHOTOS: &str = "jpg jpeg heic heif avif png tif tiff webp";
/// Settings of a photo, subtitles of a film, words of a song.
const SIDECARS: &str = "xmp aae thm srt vtt ass ssa sub idx lrc";
/// Files that programs put beside others for themselves.
const OF_PROGRAMS: &str = "thumbs.db ehthumbs.db desktop.ini .ds_store ._.ds_store picasa.ini .picasa.ini";
/// What a browser puts after a page's name for the folder of its pictures, in several languages.
const PAGE_FOLDERS: [&str; 6] = ["_files", "-Dateien", "_fichiers", "_archivos", "_file", "-filer"];

/// Says of what category a file is by its name.
pub(crate) fn of_name(name: &str) -> &'static str {
    if name.starts_with("~$") { UNFINISHED } else { of_extension(&split(name).1) }
}

/// Says of what category a file with this extension is, which is in small letters.
pub(crate) fn of_extension(extension: &str) -> &'static str {
    CATEGORIES.iter().find(|(_, extensions)| has(extensions, extension)).map_or(OTHER, |(category, _)| category)
}

/// Gives the extension of a name in small letters; nothing for a name without one.
pub(crate) fn extension(name: &str) -> String {
    split(name).1
}

/// Says whether a program still writes a file or holds it open, by its name.
pub(crate) fn is_unfinished(name: &str) -> bool {
    of_name(name) == UNFINISHED
}

/// Says whether a program puts such a file beside others for itself, so that it is nobody's document: `~$letter.docx`, `Thumbs.db`.
pub(crate) fn is_of_a_program(name: &str) -> bool {
    let low = name.to_lowercase();
    name.starts_with("~$") || low.starts_with(".~lock.") || has(OF_PROGRAMS, &low)
}

/// Says whether a file of this name may go along with another.
pub(crate) fn may_follow(name: &str) -> bool {
    let (_, extension) = split(name);
    [SIDECARS, RAW, PHOTOS, "mov"].iter().any(|list| has(list, &extension))
}

/// Says whether a file of this name can be one of several that go together, as the first or along with it.
pub(crate) fn goes_together(name: &str) -> bool {
    let (_, extension) = split(name);
    may_follow(name) || rank(&extension).is_some()
}

/// Says whether a file may say of itself of when it is: a photo, or a PDF.
pub(crate) fn is_dated(name: &str) -> bool {
    let (_, extension) = split(name);
    extension == "pdf" || has(RAW, &extension) || has(PHOTOS, &extension)
}

/// Gives the names of which one in a folder makes it that of a project.
pub(crate) fn projects() -> impl Iterator<Item = &'static str> {
    PROJECT.split(' ')
}

/// Gives the first entry by which a folder is one of a project.
pub(crate) fn project(entries: &[Entry]) -> Option<&str> {
    entries.iter().map(|e| e.path.name()).find(|name| projects().any(|mark| mark == *name))
}

/// Gives what goes along with another, by its place: a photo's settings and its other form with the photo, subtitles with the film,
/// the folder of a saved page with the page. The name is that of the first of them all, which goes along with none.
pub(crate) fn companions(entries: &[Entry]) -> HashMap<usize, &str> {
    let mut first = HashMap::new();
    if !entries.iter().any(|e| matters(e.path.name())) {
        return first;
    }
    let known = Known::of(entries);
    for (at, entry) in entries.iter().enumerate() {
        let (mut name, mut found) = (entry.path.name(), None);
        // Each step leads to a shorter name, or from a photo to its raw form.
        while let Some(next) = known.leader(name).filter(|next| *next != name) {
            (name, found) = (next, Some(next));
        }
        if entry.kind == FileKind::Folder {
            found = known.pages.get(entry.path.name()).copied();
        }
        found.filter(|_| counts(entry)).map(|name| first.insert(at, name));
    }
    first
}

/// What may have others that go along with it.
struct Known<'a> {
    files: HashMap<String, &'a str>,
    /// By its name without the extension: raw photos before others, and these before films and songs.
    stems: HashMap<String, (u8, &'a str)>,
    /// Pages by the folders that are theirs.
    pages: HashMap<String, &'a str>,
}

impl<'a> Known<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let mut known = Self { files: HashMap::new(), stems: HashMap::new(), pages: HashMap::new() };
        for entry in entries.iter().filter(|e| e.kind == FileKind::File && known_name(e)) {
            let name = entry.path.name();
            let (stem, extension) = split(name);
            known.files.insert(name.to_lowercase(), name);
            if matches!(&*extension, "html" | "htm") {
                for end in PAGE_FOLDERS {
                    known.pages.entry(format!("{stem}{end}")).or_insert(name);
                }
            }
            if let Some(rank) = rank(&extension) {
                let place = known.stems.entry(stem.to_lowercase()).or_insert((rank, name));
                *place = (*place).min((rank, name));
            }
        }
        known
    }

    fn leader(&self, name: &str) -> Option<&'a str> {
        let (stem, extension) = split(name);
        let photo = has(RAW, &extension) || has(PHOTOS, &extension);
        if has(SIDECARS, &extension) {
            // IMG_1.CR2.xmp beside IMG_1.CR2; IMG_1.xmp beside it too; film.en.srt beside film.mp4.
            let low = stem.to_lowercase();
            let of_stem = |stem: &str| self.stems.get(stem).map(|(_, name)| *name);
            let whole = self.files.get(&low).copied();
            return whole.or_else(|| of_stem(&low)).or_else(|| low.rsplit_once('.').and_then(|(s, _)| of_stem(s)));
        }
        if !photo && extension != "mov" {
            return None;
        }
        // A photo beside its raw form; the moving part of a live photo.
        let (rank, other) = self.stems.get(&stem.to_lowercase())?;
        (*rank == 0 || (*rank == 1 && extension == "mov")).then_some(*other)
    }
}

fn counts(entry: &Entry) -> bool {
    entry.kind == FileKind::Folder || (entry.kind == FileKind::File && known_name(entry))
}

fn known_name(entry: &Entry) -> bool {
    let name = entry.path.name();
    !name.starts_with('.') && !is_unfinished(name)
}

/// Says whether a file of this name can be one of several that go together: mostly none in a folder is.
fn matters(name: &str) -> bool {
    let (_, extension) = split(name);
    [SIDECARS, RAW, "html htm mov"].iter().any(|list| has(list, &extension))
}

fn rank(extension: &str) -> Option<u8> {
    match of_extension(extension) {
        _ if has(RAW, extension) => Some(0),
        _ if has(PHOTOS, extension) => Some(1),
        "Audio" | "Video" => Some(2),
        _ => None,
    }
}

fn has(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split(' ').any(|one| one == word)
}

/// Gives a name without its extension, and this in small letters. What begins with its only dot has none.
fn split(name: &str) -> (&str, String) {
    match name.rfind('.').filter(|at| *at > 0) {
        Some(at) => (&name[..at], name[at + 1..].to_lowercase()),
        None => (name, String::new()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says so by failing")]
mod tests {
    use cowork_core::FilePath;

    use super::*;

    fn entry(name: &str, kind: FileKind) -> Entry {
        let path: FilePath = format!("Desk/{name}").parse().unwrap();
        Entry {
            path,
            kind,
            size: 0,
            modified: 0,
            mode: 0o644,
            links: 1,
            identity: [0, 0],
            placeholder: false,
            stored: None,
        }
    }

    fn told(names: &[&str]) -> Vec<String> {
        let kind = |name: &str| if name.ends_with('/') { FileKind::Folder } else { FileKind::File };
        let entries: Vec<Entry> = names.iter().map(|name| entry(name.trim_end_matches('/'), kind(name))).collect();
        let mut found: Vec<String> =
            companions(&entries).iter().map(|(at, first)| format!("{} with {first}", names[*at])).collect();
        found.sort();
        found
    }

    #[test]
    fn a_name_says_of_what_category_a_file_is() {
        let names =
            ["a.PDF", "b.csv", "c.raf", "d.tar.gz", "e.html", "~$f.docx", "g.mkv.part", "h", ".bashrc", "i.", "j.ÄÖ"];
        let expected = "Documents Spreadsheets Images Archives Code Unfinished Unfinished Other Other Other Other";
        assert_eq!(names.map(of_name).join(" "), expected);
    }

    #[test]
    fn no_extension_is_in_two_categories() {
        let all: Vec<&str> = CATEGORIES.iter().flat_map(|(_, extensions)| extensions.split(' ')).collect();
        let distinct: std::collections::BTreeSet<&&str> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn what_belongs_to_another_goes_along_with_the_first_of_them_all() {
        let photos = told(&[
            "IMG_1.CR2",
            "IMG_1.JPG",
            "img_1.jpg.xmp",
            "IMG_1.CR2.xmp",
            "IMG_1.mov",
            "IMG_2.jpg",
            "IMG_2.MOV",
            "x.mov",
        ]);
        let with = [
            "IMG_1.CR2.xmp with IMG_1.CR2",
            "IMG_1.JPG with IMG_1.CR2",
            "IMG_1.mov with IMG_1.CR2",
            "IMG_2.MOV with IMG_2.jpg",
            "img_1.jpg.xmp with IMG_1.CR2",
        ];
        assert_eq!(photos, with);
        let films = told(&["film.mp4", "film.en.srt", "film.srt", "alone.srt", "song.flac", "song.lrc", ".film.srt"]);
        assert_eq!(films, ["film.en.srt with film.mp4", "film.srt with film.mp4", "song.lrc with song.flac"]);
        let pages = told(&["page.html", "page_files/", "other_files/", "deux.htm", "deux_fichiers/", "note.txt"]);
        assert_eq!(pages, ["deux_fichiers/ with deux.htm", "page_files/ with page.html"]);
    }

    #[test]
    fn a_project_is_known_by_one_of_its_files() {
        let entries = ["a.txt", "Cargo.toml", "b"].map(|name| entry(name, FileKind::File));
        assert_eq!(project(&entries), Some("Cargo.toml"));
        assert_eq!(project(&entries[..1]), None);
    }
}
