//! What is known about models by their names.
//!
//! Source: `OpenAI`'s pages on models and prices, as of November 2026, as others report them; where they differ, the higher price. A
//! host knows better where it must: it makes the card.

use cowork_core::{ModelCard, Price};

struct Known {
    /// What its name begins with; the longest that fits counts.
    name: &'static str,
    window: u32,
    most_tokens: u32,
    price: Price,
}

/// Hundredths of a cent for a million tokens: read, read from the cache, kept in it, written.
const fn price(input: u64, cache_read: u64, cache_write: u64, output: u64) -> Price {
    let unit = 100;
    Price { input: input * unit, cache_read: cache_read * unit, cache_write: cache_write * unit, output: output * unit }
}

/// One that is told of as cheaper up to 272,000 tokens read than beyond: more is not asked of it, so that the price holds.
const fn tiered(name: &'static str, price: Price) -> Known {
    Known { name, window: 400_000, most_tokens: 128_000, price }
}

const fn known(name: &'static str, window: u32, most_tokens: u32, price: Price) -> Known {
    Known { name, window, most_tokens, price }
}

const TABLE: &[Known] = &[
    tiered("gpt-6-astra", price(100_000, 10_000, 125_000, 500_000)),
    tiered("gpt-6.1-sol", price(20_000, 2_000, 25_000, 100_000)),
    tiered("gpt-6-sol", price(20_000, 2_000, 25_000, 100_000)),
    tiered("gpt-6-luna", price(1_000, 100, 1_250, 5_000)),
    tiered("gpt-5.6", price(50_000, 5_000, 62_500, 300_000)),
    tiered("gpt-5.6-terra", price(20_000, 2_000, 25_000, 120_000)),
    tiered("gpt-5.6-luna", price(2_000, 200, 2_500, 12_000)),
    tiered("gpt-5.5", price(50_000, 5_000, 50_000, 300_000)),
    tiered("gpt-5.5-pro", price(300_000, 300_000, 300_000, 1_800_000)),
    tiered("gpt-5.4", price(25_000, 2_500, 25_000, 150_000)),
    tiered("gpt-5.4-pro", price(300_000, 300_000, 300_000, 1_800_000)),
    tiered("gpt-5.4-mini", price(7_500, 750, 7_500, 45_000)),
    tiered("gpt-5.3", price(17_500, 1_750, 17_500, 140_000)),
    tiered("gpt-5.2", price(17_500, 1_750, 17_500, 140_000)),
    tiered("gpt-5.1", price(12_500, 1_250, 12_500, 100_000)),
    tiered("gpt-5", price(12_500, 1_250, 12_500, 100_000)),
    tiered("gpt-5-mini", price(2_500, 250, 2_500, 20_000)),
    tiered("gpt-5-nano", price(500, 50, 500, 4_000)),
    known("gpt-4.1", 1_047_576, 32_768, price(20_000, 5_000, 20_000, 80_000)),
    known("gpt-4.1-mini", 1_047_576, 32_768, price(4_000, 1_000, 4_000, 16_000)),
    known("gpt-4.1-nano", 1_047_576, 32_768, price(1_000, 250, 1_000, 4_000)),
    known("gpt-4o", 128_000, 16_384, price(25_000, 12_500, 25_000, 100_000)),
    known("gpt-4o-mini", 128_000, 16_384, price(1_500, 750, 1_500, 6_000)),
    known("o3", 200_000, 100_000, price(20_000, 10_000, 20_000, 80_000)),
    known("o4-mini", 200_000, 100_000, price(11_000, 2_750, 11_000, 44_000)),
];

const SEES: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"];

/// Says what is known about a model of `OpenAI`'s, at this place. Of any other nothing is: little is taken for granted, and it has no
/// price.
pub fn card(model: &str, at: &str) -> ModelCard {
    let name = model.strip_prefix("openai/").unwrap_or(model);
    let fits = |known: &&Known| {
        // `gpt-5` is not what `gpt-5.9` begins with, nor `o3` what `o3-pro` is.
        name.strip_prefix(known.name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("-20") || rest == "-codex" || rest == "-sol")
    };
    let at = at.to_owned();
    match TABLE.iter().filter(fits).max_by_key(|known| known.name.len()) {
        Some(known) => {
            let sees = SEES.map(str::to_owned).to_vec();
            ModelCard { at, window: known.window, most_tokens: known.most_tokens, sees, price: Some(known.price) }
        }
        None => ModelCard { at, window: 128_000, most_tokens: 8_192, sees: Vec::new(), price: None },
    }
}
