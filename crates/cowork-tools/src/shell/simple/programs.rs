//! The programs that are known to only read, and with what.
//!
//! As GNU coreutils, diffutils, findutils, grep and sed, util-linux (`hexdump`, `rev`), binutils (`strings`), `file`, `xxd` and
//! ripgrep read their arguments; `echo`, `printf`, `pwd`, `true` and `false` as bash does. Whatever is not here is not known.

/// What is known of a program.
#[derive(Debug)]
pub(super) struct Program {
    /// Its names, with blanks between them.
    pub(super) names: &'static str,
    /// Its options of one letter, each with a mark behind it if it takes a value: `:` any, `#` a number, `<` the name of a file that is
    /// read, `?` any that stands in the same word or none.
    pub(super) letters: &'static str,
    /// Its long options without their dashes, with the same marks.
    pub(super) long: &'static str,
    pub(super) operands: Operands,
    pub(super) patterns: Patterns,
    /// What is left out on purpose, and what it does.
    pub(super) but: &'static [(&'static str, &'static str)],
}

/// What a program takes its operands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operands {
    /// Text, options too: nothing that it could be given does anything.
    Any,
    /// Text.
    Text,
    /// Files that are read; `-` is what it is handed.
    Files,
    /// At most one of them, and no option behind it: a second one would be written.
    File,
    /// Names that are looked at; the files are not opened.
    Names,
    /// The same; without one the working directory.
    NamesHere,
    /// What is looked for, then files; without one and told to go through folders, the working directory.
    Sought,
    /// The same, but always the working directory.
    SoughtHere,
    /// At most one, a format that begins with `+`: anything else sets the clock.
    Clock,
    /// A format, then text.
    Format,
    /// Which lines are shown, then files.
    Lines,
    /// Folders, then an expression.
    Expression,
}

/// Where file names may stand that the shell finds by a pattern: one of them may look like an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patterns {
    /// Anywhere: each of its options only reads, and only what the pattern finds.
    Free,
    /// Where none can be taken for an option.
    Guarded,
    /// Nowhere: how many there are matters.
    Never,
}

use Operands::{Any, Clock, Expression, File, Files, Format, Lines, Names, NamesHere, Sought, SoughtHere, Text};
use Patterns::{Free, Guarded, Never};

const fn program(
    names: &'static str,
    (operands, patterns): (Operands, Patterns),
    letters: &'static str,
    long: &'static str,
    but: &'static [(&'static str, &'static str)],
) -> Program {
    Program { names, letters, long, operands, patterns, but }
}

const ELSEWHERE: &str = "reads the files that a file names";
const WAITS: &str = "waits for more and does not end";

/// All that are known.
pub(super) const PROGRAMS: &[Program] = &[
    program("true false echo", (Any, Free), "", "", &[]),
    // `-v` sets a variable; of a format's conversions `%n` does.
    program("printf", (Format, Never), "", "", &[("-v", "sets a variable")]),
    program("pwd", (Text, Never), "LP", "", &[]),
    program("basename", (Text, Free), "azs:", "multiple suffix: zero", &[]),
    program("dirname", (Text, Free), "z", "zero", &[]),
    program("realpath", (Names, Free), "eLmPqsz", REALPATH, &[]),
    program("readlink", (Names, Free), "efmnqsvz", READLINK, &[]),
    program("ls", (NamesHere, Free), "1aAbBcCdfFgGhHiI:klLmnNopqQrRsStT:uUvw:xXZ", LS, &[]),
    program("stat", (Names, Free), "c:fLt", "cached: dereference file-system format: printf: terse", &[]),
    program(
        "df",
        (Names, Guarded),
        "aB:hHiklPt:Tvx:",
        "all block-size: exclude-type: human-readable inodes local no-sync output? portability print-type si total type:",
        &[("--sync", "writes out what waits to be written")],
    ),
    program("du", (NamesHere, Guarded), "0aB:bcd:DhHklLmPsSt:X<x", DU, &[("--files0-from", ELSEWHERE)]),
    program("cat", (Files, Free), "AbeEnstTuv", CAT, &[]),
    program("tac", (Files, Free), "brs:", "before regex separator:", &[]),
    program("head", (Files, Free), "0123456789c:n:qvz", "bytes: lines: quiet silent verbose zero-terminated", &[]),
    program(
        "tail",
        (Files, Guarded),
        "0123456789c:n:qvz",
        "bytes: lines: quiet silent verbose zero-terminated",
        &[
            ("-f", WAITS),
            ("-F", WAITS),
            ("--follow", WAITS),
            ("--retry", WAITS),
            ("--pid", "watches another process"),
            ("-s", "says how often it looks again"),
        ],
    ),
    program("nl", (Files, Free), "b:d:f:h:i:l:n:ps:v:w:", NL, &[]),
    program("rev", (Files, Free), "", "", &[]),
    program("wc", (Files, Guarded), "clLmw", WC, &[("--files0-from", ELSEWHERE)]),
    program("cut", (Files, Free), "b:c:d:f:nsz", CUT, &[]),
    program("tr", (Text, Guarded), "cCdst", "complement delete squeeze-repeats truncate-set1", &[]),
    program(
        "sort",
        (Files, Guarded),
        "bcCdfghik:mMnrRst:uVz",
        SORT,
        &[
            ("-o", "writes a file"),
            ("--output", "writes a file"),
            ("--compress-program", "runs a program"),
            ("-T", "writes files into a folder"),
            ("--temporary-directory", "writes files into a folder"),
            ("-S", "makes it write files sooner"),
            ("--buffer-size", "makes it write files sooner"),
            ("--batch-size", "makes it write files sooner"),
            ("--files0-from", ELSEWHERE),
        ],
    ),
    program("uniq", (File, Never), "cdDf:is:uw:z", UNIQ, &[]),
    program("comm", (Files, Free), "123z", "check-order nocheck-order output-delimiter: total zero-terminated", &[]),
    program("cmp", (Files, Free), "bi:ln:s", "bytes: ignore-initial: print-bytes quiet silent verbose", &[]),
    program(
        "diff",
        (Files, Guarded),
        "abBcC:dD:eEF:I:iL:nNpPqrstTuU:wW:x:X<yZ",
        DIFF,
        &[("-l", "runs a program"), ("--paginate", "runs a program")],
    ),
    program("od", (Files, Free), "A:abcdfij:lN:oS:st:vw?x", OD, &[]),
    program("hexdump", (Files, Free), "bcCde:f<n:os:vx", HEXDUMP, &[]),
    // The second operand is written, with `-r` in place.
    program("xxd", (File, Never), "abc#eg#il#o#ps#u", "", &[("-r", "writes bytes")]),
    program(
        "strings",
        (Files, Guarded),
        "0123456789afe:n:ot:w",
        "all bytes: encoding: print-file-name radix: include-all-whitespace",
        &[("-d", "reads what lies in it with a larger reader"), ("-T", "chooses a larger reader")],
    ),
    program(
        "file",
        (Files, Guarded),
        "0bEe:F:hikLNr",
        "brief dereference exclude: extension keep-going mime mime-encoding mime-type no-dereference no-pad print0 raw separator:",
        &[
            ("-C", "writes a file"),
            ("--compile", "writes a file"),
            ("-m", "reads rules from a file"),
            ("--magic-file", "reads rules from a file"),
            ("-z", "runs a program"),
            ("-Z", "runs a program"),
            ("--uncompress", "runs a program"),
            ("-s", "reads devices"),
            ("--special-files", "reads devices"),
            ("-p", "sets a file's time"),
            ("--preserve-date", "sets a file's time"),
            ("-f", ELSEWHERE),
            ("--files-from", ELSEWHERE),
        ],
    ),
    program(
        "md5sum sha1sum sha224sum sha256sum sha384sum sha512sum",
        (Files, Guarded),
        "btz",
        "binary tag text zero",
        &[("-c", ELSEWHERE), ("--check", ELSEWHERE)],
    ),
    program(
        "b2sum",
        (Files, Guarded),
        "bl:tz",
        "binary length: tag text zero",
        &[("-c", ELSEWHERE), ("--check", ELSEWHERE)],
    ),
    program(
        "cksum",
        (Files, Guarded),
        "a:l:z",
        "algorithm: length: tag untagged zero",
        &[("-c", ELSEWHERE), ("--check", ELSEWHERE)],
    ),
    program(
        "grep egrep fgrep",
        (Sought, Guarded),
        GREP_LETTERS,
        GREP,
        &[("-D", "reads devices"), ("--devices", "reads devices")],
    ),
    program(
        "rg",
        (SoughtHere, Guarded),
        "0A:B:bC:cd:e:E:f<Fg:HiIj:lLm:M:nNopPqr:sSt:T:uUvwx.",
        RG,
        &[
            ("--pre", "runs a program"),
            ("--hostname-bin", "runs a program"),
            ("-z", "runs a program"),
            ("--search-zip", "runs a program"),
        ],
    ),
    program(
        "date",
        (Clock, Never),
        "d:f<I?r<Ru",
        "date: file< iso-8601? reference< rfc-3339: rfc-email universal utc",
        &[("-s", "sets the clock"), ("--set", "sets the clock")],
    ),
    program(
        "sed",
        (Lines, Guarded),
        "n",
        "quiet silent",
        &[
            ("-i", "writes files"),
            ("--in-place", "writes files"),
            ("-e", SCRIPT),
            ("-f", SCRIPT),
            ("-E", SCRIPT),
            ("-r", SCRIPT),
        ],
    ),
    program("find", (Expression, Guarded), "", "", &[]),
];

const SCRIPT: &str = "takes a script that can write and run";

const REALPATH: &str = "canonicalize-existing canonicalize-missing logical no-symlinks physical quiet relative-base< relative-to< \
    strip zero";

const READLINK: &str = "canonicalize canonicalize-existing canonicalize-missing no-newline quiet silent verbose zero";

const LS: &str = "all almost-all author block-size: classify? color? context dereference dereference-command-line \
    dereference-command-line-symlink-to-dir directory escape file-type format: full-time group-directories-first hide: \
    hide-control-chars human-readable hyperlink? ignore: ignore-backups indicator-style: inode kibibytes literal no-group \
    numeric-uid-gid quote-name quoting-style: recursive reverse show-control-chars si size sort: tabsize: time: time-style: width: zero";

const DU: &str = "all apparent-size block-size: bytes count-links dereference dereference-args exclude: exclude-from< human-readable \
    inodes max-depth: no-dereference null one-file-system separate-dirs si summarize threshold: time? time-style: total";

const CAT: &str = "number number-nonblank show-all show-ends show-nonprinting show-tabs squeeze-blank";

const NL: &str = "body-numbering: footer-numbering: header-numbering: join-blank-lines: line-increment: no-renumber number-format: \
    number-separator: number-width: section-delimiter: starting-line-number:";

const WC: &str = "bytes chars lines max-line-length total: words";

const CUT: &str = "bytes: characters: complement delimiter: fields: only-delimited output-delimiter: zero-terminated";

const SORT: &str = "check? dictionary-order field-separator: general-numeric-sort human-numeric-sort ignore-case \
    ignore-leading-blanks ignore-nonprinting key: merge month-sort numeric-sort parallel: random-sort reverse sort: stable unique \
    version-sort zero-terminated";

const UNIQ: &str =
    "all-repeated? check-chars: count group? ignore-case repeated skip-chars: skip-fields: unique zero-terminated";

const DIFF: &str = "brief color? context? ed exclude: exclude-from< expand-tabs from-file< ignore-all-space ignore-blank-lines \
    ignore-case ignore-file-name-case ignore-matching-lines: ignore-space-change ignore-tab-expansion ignore-trailing-space \
    initial-tab label: left-column minimal new-file no-dereference no-ignore-file-name-case normal rcs recursive \
    report-identical-files show-c-function show-function-line: side-by-side speed-large-files strip-trailing-cr suppress-blank-empty \
    suppress-common-lines tabsize: text to-file< unidirectional-new-file unified? width:";

const OD: &str = "address-radix: endian: format: output-duplicates read-bytes: skip-bytes: strings? traditional width?";

const HEXDUMP: &str = "canonical format: format-file< length: no-squeezing one-byte-char one-byte-octal skip: two-bytes-decimal \
    two-bytes-hex two-bytes-octal";

const GREP_LETTERS: &str = "0123456789A:abB:cC:d:Ee:f<FGHhIiLlm:noPqRrsTuUvwxyzZ";

const GREP: &str = "after-context: basic-regexp before-context: binary binary-files: byte-offset color? colour? context: count \
    dereference-recursive directories: exclude-dir: exclude-from< exclude: extended-regexp file< files-with-matches \
    files-without-match fixed-strings ignore-case include: initial-tab invert-match label: line-buffered line-number line-regexp \
    max-count: no-filename no-ignore-case no-messages null null-data only-matching perl-regexp quiet recursive regexp: silent text \
    with-filename word-regexp";

const RG: &str = "after-context: before-context: binary block-buffered byte-offset case-sensitive color: colors: column context: \
    context-separator: count count-matches crlf debug dfa-size-limit: encoding: engine: field-context-separator: \
    field-match-separator: file< files files-with-matches files-without-match fixed-strings follow glob-case-insensitive glob: \
    heading hidden iglob: ignore-case ignore-file-case-insensitive ignore-file< include-zero invert-match json line-buffered \
    line-number line-regexp max-columns-preview max-columns: max-count: max-depth: max-filesize: mmap multiline multiline-dotall \
    no-config no-filename no-heading no-ignore no-ignore-dot no-ignore-exclude no-ignore-files no-ignore-global no-ignore-messages \
    no-ignore-parent no-ignore-vcs no-line-number no-messages no-mmap no-pcre2-unicode no-require-git no-unicode null null-data \
    one-file-system only-matching passthru path-separator: pcre2 pretty quiet regex-size-limit: regexp: replace: smart-case sort: \
    sortr: stats stop-on-nonmatch text threads: trace trim type-add: type-clear: type-list type-not: type: unrestricted vimgrep \
    with-filename word-regexp";

/// Programs of which a person would expect to find them above, and why they are not there.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("awk gawk mawk", "takes a script that can write and run"),
    ("cd pushd popd", "changes where everything after it happens"),
    ("env nice nohup stdbuf time timeout xargs exec command builtin sudo", "runs another program"),
    ("bash dash sh zsh eval source . python python3 node perl ruby", "runs what it is given"),
    ("git", "runs hooks, pagers, filters and watchers that the repository's settings name, also when it only shows"),
    ("less more man", "can run an editor or a shell"),
    ("sleep", "only waits"),
    ("make cargo npm", "runs what the project's files say"),
];
