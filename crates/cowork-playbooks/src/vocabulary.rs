//! What the matcher knows of English beyond the headers of playbooks: words that mean the same, words that say nothing,
//! verbs that ask for something to be done, things that are no files.

use std::collections::{BTreeSet, HashMap};

use crate::sentence_words::{plain_stems, stem};

/// Words that mean the same, each row under its first.
const SAME: &[&str] = &[
    // Doings.
    "organise, organize, reorganise, reorganize, re-organise, sort, re-sort, arrange, rearrange, categorise, categorize, classify, catalogue",
    "group, regroup, cluster, bucket",
    "split, separate, divide, distribute, segregate",
    "put, move, shift, place them, place these",
    "tidy, tidy up, tidying up, neaten, straighten up, straighten out, declutter",
    "clean, clean up, clean out, cleanup, clear out, clear up, clear, spring clean, clean house",
    "delete, remove, erase, get rid, getting rid, throw, throw away, throw out, discard, trash, ditch, dump, eliminate, clear away, wipe, wipe out, \
        weed out, scrap, toss, toss out, chuck, chuck out, do away with, prune, nuke, set aside, take away, strip out, bin, kill, \
        deduplicate away, zap, purge, flush",
    "find, search, search for, look for, looking for, locate, hunt, hunt for, hunt down, track down, look up, grep, seek, spot, detect, identify, \
        dig out, dig up, discover, not find, look through, go through, look in, scan for, pick out any",
    "show, display, show me, tell, tell me, give me, view, see, let me see, let me know, present, report back, point out, point me",
    "list, list all, enumerate, itemise, itemize",
    "rename, relabel, retitle, rechristen, re-name",
    "replace, substitute, swap, swap out, exchange, find and replace, search and replace, change out",
    "change, update, amend, modify, alter, switch, edit",
    "convert, transform",
    "merge, combine, join, concatenate, concat, consolidate, unite, put together, bring together, stack, append, fuse, collate, stitch, glue, \
        unify, amalgamate, pool, roll together, join up, join together",
    "collect, gather, compile, assemble, pull together, round up, bundle, draw together",
    "total, sum, sum up, add up, subtotal, tally, tot up, totals, totalled, totalling",
    "fix, repair, mend, correct, sort out, improve, polish, make better, make nicer, make nice, make it nice, make it nicer, make this nice, make things nice, make it better, make this better, beautify, nicer, neater, prettify, better organised",
    "deal with, handle, take care, do something, process, work on, help with, help me with, manage, whip into shape",
    "email, e-mail, mail",
    "summarise, summarize, recap, condense, sum it up",
    "analyse, analyze",
    "number, enumerate them",
    "archive, zip, compress, pack",
    // What only wants to see.
    "preview, show me how you, show how you, show me what would change, what would change, what would happen, show me what would happen, what would be changed, dry run, dry-run, simulate, simulation, pretend, only show, only show me, just show, just show me, show me what, show what, \
        what you would, how would you, how you would, what would, only tell, just tell, only tell me, just tell me, test run, trial run, not touch, not change, \
        not do anything, no deletion, no removal, no modification, not actually, not modify, not alter, no changes, not make any change, not make change, first show, show me first, \
        show first, only list, just list, only report, just report, only look, just look, just want to see, only want to see, just a list, \
        as a test, as a trial, see what would, tell me what, list what, just preview, but do nothing, do nothing, hypothetically, \
        let me look first, let me check first, let me see first, just a report, before you do anything, before doing anything, just say, \
        only say, what if, not do it yet, not yet, just checking, not for real, only preview, just report back, show the plan, show me the plan, \
        only a preview, just the list, only a list, just simulate, not apply, leave everything as, leave everything where, \
        not do it, not really do, nothing should change, not want anything changed",
    // What goes on and on.
    "whenever, every time, each time, every day, every morning, every evening, every night, every week, every hour, every minute, every monday, \
        every tuesday, every wednesday, every thursday, every friday, every saturday, every sunday, always, from now on, from now onwards, \
        in future, in the future, from today on, from today onwards, as soon as, as they arrive, as they come, as they appear, as they land, as they \
        show up, as it arrives, as files arrive, when a new, when new, when something new, when anything new, any time, anytime, continuously, \
        constantly, going forward, ongoing, regularly, once a day, once a week, at all times, permanently, each new, every new, any new, \
        that arrive, that come in, new arrival, incoming, when i download, when i add, when i save, when i drop, nightly, the moment, \
        keep an eye on, monitor, watch, watch over, automatically, on arrival, on an ongoing basis, stay, as and when, on a schedule, hourly, \
        every afternoon, after every download, once a new, once new, continually, day after day, every single day, comes in, lands in, \
        shows up, turns up, gets added, is added, are added, round the clock, in the background, all day, auto",
    // How.
    "by, per, for each, for every, according to, based on, on the basis of, depending on, in order of",
    "except, except for, apart from, other than, excluding, save for, aside from, all but, unless",
    "not, without, never, avoid",
    // Things.
    "filename, file name, file-name, name of the file, names of the file, name of file, name of my file, names of my file, \
        name of these file, names of these file, name of all file, file title",
    "folder, directory, dir, map folder",
    "subfolder, sub-folder, sub folder, subdirectory",
    "photo, picture, image, pic, photograph, snapshot, snap, jpeg, jpg, heic, selfie",
    "todo, to-do, open task, action item, outstanding task, action point, open item, to do item, to do list, checklist item, unfinished task, open point",
    "spreadsheet, xlsx, xls, excel file, excel sheet, excel, ods, worksheet, workbook, google sheet",
    "note, meeting note, minutes, meeting minute, jotting, memo, journal entry",
    "temporary, temp, tmp",
    "duplicate row, duplicated row, repeated row, double row, duplicate line, duplicate entry, duplicate record, identical row, \
        repeated line, same row twice, repeated entry, row that appear twice, doubled row, repeat row, redundant row",
    "biggest, largest, heaviest",
    "big, large, huge, heavy, bulky, enormous, massive",
    "bigger, larger, heavier",
];

/// Words that say nothing about what is wanted.
const SMALL: &str = "a an the my our your his her their all any every each some of in on at to for from with by into onto and or but \
    then so that which this these those them it its they i we you me us please can could would will should want need like \
    just only also too very really now here there is are be was were do does did have has had not no yes out up down over \
    so as if when one two new old last first next same own other more most go get let help hi hello hey thanks thank inside within \
    ca wo cannot may might must shall both nor than hers ours who what where whose kindly quickly okay ok well right am been being \
    love wish try start begin ahead great nice good lot lots bit away off again gonna through across throughout please everybody \
    make give take keep use using leave alone intact untouched back under such while today currently still way possible kind sure \
    would'd got gotten per via between during about around myself yourself various different many much few several whole entire \
    appear actually simply maybe perhaps ask sorry mate cheers dear assistant computer's think since time along into themselves everyone anyone u ur pls plz thx wanna gimme ya dare";

/// Words that may stand between the words of a phrase.
const GLUE: &str =
    "a an the my our your his her their its this these those that all any some every each of are is up me which there";

/// General words for files and where they are: what a playbook that works with any file works with.
const FILES: &str = "file folder subfolder document download desktop thing stuff item everything material mess drive disk disc \
    laptop machine attachment pile home content contents pdf invoice receipt bill contract letter paper presentation powerpoint \
    video movie film clip music song track audio ebook book screenshot screengrab scan archive report statement paperwork slide deck form \
    certificate photo offer quote manual doc docx txt md markdown text log recipe homework assignment drawing sketch icon logo \
    podcast recording gif png mp3 mp4 csv tsv spreadsheet export note card agreement lease tax computer pc mac library collection \
    usb-stick order payslip backup data directory place ones one lot set bunch batch contract word html json xml lecture \
    handout documentation correspondence script template draft brochure poster artwork design font asset episode album graphic svg version rest";

/// What each kind of file is called, as `by type` tells them apart: `filekind` in a header stands for any of them.
const KINDS: &str = "photo video movie film clip music song track audio ebook screenshot pdf spreadsheet presentation powerpoint slide \
    document doc docx txt archive zip csv installer gif png mp3 mp4 svg recording podcast word ppt graphic font text";

/// Verbs that ask for something to be done. One that heads a clause and is none of a playbook's words asks for something that
/// it doesn't do.
const VERBS: &str = "organise group split put tidy clean delete find rename replace change convert merge collect total fix deal-with \
    email summarise analyse number archive copy duplicate backup send forward share post publish upload download translate write compose draft \
    explain describe compare contrast diff review proofread rate rank evaluate assess calculate compute estimate forecast predict \
    recommend suggest advise plan schedule book reserve buy purchase order pay sell call phone ring text message remind notify \
    play watch listen read open close launch run execute install uninstall update upgrade download draw paint sketch design sing cook \
    code program debug deploy test compile build invent brainstorm teach learn answer reply respond ask invite cancel register \
    sign fill apply transcribe crop resize rotate annotate highlight redact encrypt decrypt lock unlock protect hide unhide restore undo \
    revert recover sync synchronise synchronize print scan extract unzip decompress unpack attach link mount format partition shut \
    restart reboot turn switch set toggle enable disable block unblock subscribe unsubscribe like follow tweet chat talk speak paraphrase \
    rewrite rephrase shorten expand classify label tag star mark rate vote negotiate research investigate verify prove solve simplify \
    paste cut export import chart plot graph visualise visualize count measure weigh check arrange flip mirror trim transcode render stream \
    lowercase uppercase capitalise capitalize renumber shelve frobnicate generate create invoice charge refund ship deliver order bake";

/// Verbs that say nothing by themselves: `show`, `make`, `count` go with what follows them.
const LIGHT: &str = "show list check count create generate set turn mark label tag read open run start like ask use text apply link cut \
    preview measure see test follow report scan form book order invoice";

/// Things that are no files, or parts of a file that only some playbooks know.
const FOREIGN: &str = "playlist watchlist wishlist mailbox news email contact calendar meeting appointment party inbox message password account flight hotel restaurant weather headline \
    website webpage bookmark tab browser tweet poem joke story essay haiku limerick summary translation calculator function python \
    javascript sql linux windows car bus train taxi pizza dinner lunch breakfast stock money colleague boss friend team \
    usb stick cloud server printer internet web google youtube slack row column cell line paragraph sentence table colour color \
    alphabetically alphabetical variance difference capital president birthday wedding holiday-booking reservation \
    alarm timer reminder light thermostat bitcoin crypto game puzzle code bug app software password wifi network advert \
    best nearest nearby cheap cheapest cheaper eat speech slogan caption cover-letter blog newsletter subscriber user database \
    dishes laundry kitchen room house garden bedroom wardrobe fridge desk bookshelf garage toy shoe clothes sock history cookie cache-browser \
    question meaning life opinion advice idea tip trick reason page chapter background watermark font stain language";

/// The words of each class.
const CLASSES: [(&str, u8); 7] = [
    (SMALL, Class::SMALL),
    (GLUE, Class::GLUE),
    (FILES, Class::FILE),
    (KINDS, Class::KIND),
    (VERBS, Class::VERB),
    (LIGHT, Class::LIGHT),
    (FOREIGN, Class::FOREIGN),
];

/// What a word is among the known words: it may be several things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Class(u8);

/// The words a sentence is compared with, made once.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary {
    same: HashMap<String, Vec<(Vec<String>, String)>>,
    classes: HashMap<String, Class>,
    /// Every stem that means something here, by its first letter: what a slip of the keys may have been.
    known: HashMap<char, BTreeSet<String>>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        let mut same: HashMap<String, Vec<(Vec<String>, String)>> = HashMap::new();
        for row in SAME {
            let mut phrases = row.split(',').map(plain_stems).filter(|p| !p.is_empty());
            let Some(first) = phrases.next() else { continue };
            let name = first.join("-");
            for phrase in std::iter::once(first).chain(phrases) {
                same.entry(phrase[0].clone()).or_default().push((phrase, name.clone()));
            }
        }
        for phrases in same.values_mut() {
            phrases.sort_by_key(|(p, _)| std::cmp::Reverse(p.len()));
        }
        let mut classes: HashMap<String, Class> = HashMap::new();
        for (words, class) in CLASSES {
            words.split_whitespace().map(stem).for_each(|stem| classes.entry(stem).or_default().0 |= class);
        }
        let mut vocabulary = Self { same, classes, known: HashMap::new() };
        let lists = CLASSES.into_iter().map(|(words, _)| words);
        let words = lists.flat_map(plain_stems).chain(SAME.iter().flat_map(|row| plain_stems(row)));
        words.for_each(|stem| vocabulary.learn(&stem));
        vocabulary
    }
}

impl Vocabulary {
    /// Gives the longest phrase that begins here and means the same as another: how many words it has, and its name.
    pub(crate) fn same(&self, stems: &[&str]) -> Option<(usize, &str)> {
        let phrases = self.same.get(*stems.first()?)?;
        let begins = |phrase: &[String]| phrase.len() <= stems.len() && phrase.iter().zip(stems).all(|(a, b)| a == b);
        phrases.iter().find(|(phrase, _)| begins(phrase)).map(|(phrase, name)| (phrase.len(), name.as_str()))
    }

    /// Takes in a word of a header.
    pub(crate) fn learn(&mut self, stem: &str) {
        let Some(first) = stem.chars().next().filter(char::is_ascii_alphabetic) else { return };
        let known = self.known.entry(first).or_default();
        if !known.contains(stem) {
            known.insert(stem.to_owned());
        }
    }

    /// Gives the one known word that a slip of the keys made this of: two letters in each other's place, one left out, or one
    /// twice; in a long word also one for another.
    pub(crate) fn slip(&self, typed: &str) -> Option<&str> {
        const SHORTEST: usize = 4;
        const LONG: usize = 7;
        let length = typed.len();
        if length < SHORTEST || !typed.bytes().all(|b| b.is_ascii_lowercase()) {
            return None;
        }
        let near = self.known.get(&typed.chars().next()?)?;
        if near.contains(typed) {
            return None;
        }
        let is_slip = |known: &&String| {
            known.len() + 1 >= length && known.len() <= length + 1 && strsim::osa_distance(typed, known) == 1 && {
                let same = known.len() == length && length < LONG;
                let more = known.len() < length;
                !(same && strsim::levenshtein(typed, known) == 1 || more && !doubles(typed, known))
            }
        };
        let mut found = near.iter().filter(is_slip);
        found.next().filter(|_| found.next().is_none()).map(String::as_str)
    }

    /// Gives what a stem is among the known words.
    pub(crate) fn class(&self, stem: &str) -> Class {
        self.classes.get(stem).copied().unwrap_or_default()
    }
}

impl Class {
    const SMALL: u8 = 1;
    const GLUE: u8 = 2;
    const FILE: u8 = 4;
    const KIND: u8 = 8;
    const VERB: u8 = 16;
    const LIGHT: u8 = 32;
    const FOREIGN: u8 = 64;

    pub(crate) fn is_small(self) -> bool {
        self.0 & Self::SMALL != 0
    }

    /// It may stand between the words of a phrase.
    pub(crate) fn is_glue(self) -> bool {
        self.0 & Self::GLUE != 0
    }

    pub(crate) fn is_file(self) -> bool {
        self.0 & Self::FILE != 0
    }

    pub(crate) fn is_kind(self) -> bool {
        self.0 & Self::KIND != 0
    }

    /// It asks for something, and is none that says nothing by itself.
    pub(crate) fn is_verb(self) -> bool {
        self.0 & (Self::VERB | Self::LIGHT) == Self::VERB
    }

    pub(crate) fn is_light(self) -> bool {
        self.0 & Self::LIGHT != 0
    }

    pub(crate) fn is_foreign(self) -> bool {
        self.0 & Self::FOREIGN != 0
    }
}

/// Says whether a word is another one with a letter twice.
fn doubles(typed: &str, known: &str) -> bool {
    let bytes = typed.as_bytes();
    (1..bytes.len()).any(|at| bytes[at] == bytes[at - 1] && [&typed[..at], &typed[at + 1..]].concat() == known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keys_is_no_other_word() {
        let vocabulary = Vocabulary::default();
        for (typed, meant) in [
            ("orgnaise", Some("organise")),
            ("dublicates", Some("duplicates")),
            ("downlaods", Some("downloads")),
            ("folderr", Some("folder")),
            ("remoe", Some("remove")),
            ("remote", None),
            ("deplete", None),
            ("resorts", None),
        ] {
            assert_eq!(vocabulary.slip(&stem(typed)).map(str::to_owned), meant.map(stem), "{typed}");
        }
    }
}
