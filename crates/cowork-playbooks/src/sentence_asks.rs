//! Whether a sentence asks for something to be done at all.

use crate::sentence::Sentence;

/// What a sentence begins with that only asks.
const QUESTIONS: [&str; 43] = [
    "is ther a limit",
    "is ther a way",
    "is ther a reason",
    "is ther a rul",
    "what count",
    "what mak",
    "what qualify",
    "what defin",
    "would it",
    "could it",
    "will it",
    "how do",
    "how to",
    "how can",
    "how could",
    "how doe",
    "how should",
    "how would",
    "how did",
    "how often",
    "why",
    "should",
    "what is a",
    "what is an",
    "what doe",
    "what is the best",
    "what would be",
    "what happen",
    "when did",
    "when do",
    "when was",
    "when will",
    "when is",
    "who",
    "did you",
    "do you think",
    "is it",
    "was",
    "wer",
    "hav you",
    "can i delet",
    "may i delet",
    "shall",
];
/// With what a question can begin.
const ASKS: [&str; 9] = ["how", "what", "when", "is", "are", "do", "would", "which", "doe"];
/// Words that make a question one of what might be.
const MAY_BE: [&str; 4] = ["would", "should", "could", "can"];
/// What can stand between who did something and what was done.
const BETWEEN: [&str; 14] =
    ["hav", "has", "had", "was", "wer", "been", "already", "just", "recently", "then", "now", "also", "not", "all"];

impl Sentence<'_> {
    /// Says whether somebody only asks about something, or tells what was done: nothing is to be changed for that.
    pub(crate) fn asks_or_tells(&self) -> bool {
        let stems: Vec<&str> = self.words.iter().map(|w| w.stem.as_str()).collect();
        let starts =
            |phrase: &&str| phrase.split(' ').zip(&stems).filter(|(a, b)| a == *b).count() == phrase.split(' ').count();
        let has = |phrase: &str| stems.windows(2).any(|two| two.join(" ") == phrase);
        // Where it begins a wish, `what would` stands for a preview.
        let what_if = self.text.to_lowercase().starts_with("what would be");
        let these = ["the", "my", "our", "all", "thes", "thos", "ther", "any", "som", "you", "your"];
        let in_general = |at: usize| stems.get(at).is_some_and(|stem| !these.contains(stem));
        let means = what_if || (starts(&"what are") && in_general(2)) || (starts(&"are") && in_general(1));
        let measure = ["too many", "too much", "too big", "too few"].iter().any(|p| has(p));
        let may_be = stems.iter().zip(stems.iter().skip(1)).any(|(word, next)| MAY_BE.contains(word) && *next != "you");
        let asks = stems.first().is_some_and(|first| ASKS.contains(first));
        let whether = stems.first().is_some_and(|s| matches!(*s, "can" | "could"))
            && !stems.get(1).is_some_and(|s| matches!(*s, "you" | "u" | "we" | "i" | "ya" | "pleas"));
        let perhaps = stems.first().is_some_and(|s| matches!(*s, "mayb" | "perhap"))
            && stems.iter().any(|s| matches!(*s, "should" | "could" | "might" | "would"));
        QUESTIONS.iter().any(starts)
            || whether
            || perhaps
            || means
            || (asks && measure)
            || (starts(&"how many") && may_be)
            || self.tells_of_it(&stems)
    }

    /// Finds what was done: `I already deleted them`, `they were deleted`.
    fn tells_of_it(&self, stems: &[&str]) -> bool {
        let sentence = self;
        let past = |at: &usize| sentence.text[sentence.words[*at].at.clone()].to_lowercase().ends_with("ed");
        let told = |at: usize| {
            let from = at - stems[..at].iter().rev().take_while(|stem| BETWEEN.contains(stem)).count();
            let been = stems[from..at].iter().any(|stem| matches!(*stem, "was" | "wer" | "been"));
            let begins = from == 1 || (from > 1 && sentence.ends_clause(from - 2));
            let who = from > 0 && matches!(stems[from - 1], "i" | "you" | "he" | "she" | "they" | "we");
            (been || begins && who) && !sentence.words[..at].iter().any(|w| w.head)
        };
        (1..stems.len()).filter(past).any(|at| self.words[at].class.is_verb() && told(at))
    }
}
