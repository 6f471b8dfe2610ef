//! Kinds of files as people name them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{PHOTOS, RAW, has, of_extension, split};

/// A kind of files, by their names alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Only {
    /// Pictures of a camera or phone, raw or not.
    Photos,
    /// Films.
    Videos,
    /// Music and other sound.
    Music,
    /// Texts, PDF files, presentations and spreadsheets.
    Documents,
    /// Spreadsheets and tables.
    Spreadsheets,
    /// Archives.
    Archives,
    /// Installers and images of disks.
    Installers,
    /// Programs and their data.
    Code,
    /// Pictures and PDF files that say in their names that they were scanned.
    Scans,
    /// Pictures that say in their names that they show a screen.
    Screenshots,
    /// PDF files.
    Pdfs,
    /// Presentations.
    Presentations,
    /// What calls itself an invoice.
    Invoices,
    /// What calls itself a receipt.
    Receipts,
    /// What calls itself a letter.
    Letters,
    /// What calls itself a contract.
    Contracts,
}

/// Words that a name of a scan has.
const SCANS: &str = "scan scans scanned scanner camscanner scannen gescannt scansione numérisation numérisé numerisation escaneo escaneado";
/// What is in a name of a picture of a screen.
const SCREENS: [&str; 7] =
    ["screenshot", "screen shot", "screen_shot", "bildschirmfoto", "capture d", "captura de pantalla", "schermata"];
const PRESENTATIONS: &str = "ppt pptx pps ppsx odp key";
const INVOICES: &str = "invoice invoices rechnung rechnungen facture factures factura fattura";
const RECEIPTS: &str = "receipt receipts quittung quittungen beleg belege reçu recibo ricevuta";
const LETTERS: &str = "letter letters brief briefe lettre carta lettera";
const CONTRACTS: &str = "contract contracts vertrag verträge contrat contrato contratto";

impl Only {
    /// Says whether a file of this name is of one of these kinds; every file is if there are none.
    pub(crate) fn any(only: &[Self], name: &str) -> bool {
        only.is_empty() || only.iter().any(|one| one.has(name))
    }

    fn has(self, name: &str) -> bool {
        let (stem, extension) = split(name);
        let category = of_extension(&extension);
        match self {
            Self::Photos => extension == "psd" || has(RAW, &extension) || has(PHOTOS, &extension),
            Self::Videos => category == "Video",
            Self::Music => category == "Audio",
            Self::Documents => matches!(category, "Documents" | "Spreadsheets"),
            Self::Spreadsheets => category == "Spreadsheets",
            Self::Archives => category == "Archives",
            Self::Installers => category == "Installers",
            Self::Code => category == "Code",
            Self::Pdfs => extension == "pdf",
            Self::Presentations => has(PRESENTATIONS, &extension),
            Self::Invoices => is_paper(category) && says(stem, INVOICES),
            Self::Receipts => is_paper(category) && says(stem, RECEIPTS),
            Self::Letters => is_paper(category) && says(stem, LETTERS),
            Self::Contracts => is_paper(category) && says(stem, CONTRACTS),
            Self::Scans => (category == "Images" || extension == "pdf") && says(stem, SCANS),
            Self::Screenshots => {
                let low = stem.to_lowercase();
                category == "Images" && SCREENS.iter().any(|words| low.contains(words))
            }
        }
    }
}

/// Says whether such a file can be a paper that somebody wrote: a document, or a picture of one.
fn is_paper(category: &str) -> bool {
    matches!(category, "Documents" | "Spreadsheets" | "Images")
}

/// Says whether one of these words stands in a name.
fn says(stem: &str, words: &str) -> bool {
    stem.to_lowercase().split(|c: char| !c.is_alphabetic()).any(|word| !word.is_empty() && has(words, word))
}

#[cfg(test)]
mod tests {
    use super::Only;

    #[test]
    fn a_kind_is_told_by_the_name() {
        for (only, names, others) in [
            (Only::Photos, ["IMG_1.JPG", "a.cr2", "b.heic"], ["Thumbs.db", "film.mov", "a.xmp"]),
            (
                Only::Scans,
                ["SCAN0001.jpg", "Scan 2024-05-01.pdf", "CamScanner 3.pdf"],
                ["Scania.pdf", "scan.docx", "a.jpg"],
            ),
            (
                Only::Screenshots,
                ["Screenshot_1.png", "Bildschirmfoto 2.png", "Screen Shot 3.jpg"],
                ["a.png", "screenshot.pdf", "b"],
            ),
            (
                Only::Invoices,
                ["Invoice 7.pdf", "RECHNUNG_2024.docx", "scan-invoice.jpg"],
                ["invoice.py", "invoicing.pdf", "a.pdf"],
            ),
            (Only::Documents, ["a.docx", "b.PDF", "c.xlsx"], ["d.zip", "e.py", "f.jpg"]),
        ] {
            assert!(names.iter().all(|name| Only::any(&[only], name)), "{only:?}");
            assert!(!others.iter().any(|name| Only::any(&[only], name)), "{only:?}");
        }
        assert!(Only::any(&[], "anything"), "without a kind all are meant");
    }
}
