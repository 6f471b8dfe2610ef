//! `cowork events`

use cowork::{Item, Read, Record};
use jiff::tz::TimeZone;

use crate::{
    app::App,
    fail::{Exit, Fail},
    look::Look,
    names,
    out::Out,
    render::records,
};

/// Reads a thread's log.
pub(crate) async fn events(app: &App, thread: &str, follow: bool, json: bool) -> Result<Exit, Fail> {
    let thread = names::thread(&app.engine, thread).await?;
    let look = Look::of_stdout();
    let zone = TimeZone::system();
    let mut out = Out::default();
    let mut after = 0;
    while !out.is_closed() {
        let page = app.engine.read(Read::thread(thread, after)).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        let mut text = String::new();
        for record in &page {
            text.push_str(&line(record, json, &look, &zone)?);
        }
        out.text(&text);
    }
    let mut events = app.engine.events(thread, after);
    while follow && !out.is_closed() {
        let Some(item) = events.next().await else { break };
        if let Item::Record(record) = item? {
            out.text(&line(&record, json, &look, &zone)?);
        }
    }
    Ok(Exit::Done)
}

fn line(record: &Record, json: bool, look: &Look, zone: &TimeZone) -> Result<String, Fail> {
    if !json {
        return Ok(records::record(record, look, zone).write(look.ink) + "\n");
    }
    let text = serde_json::to_string(record).map_err(|e| {
        cowork::Error::new(cowork::Kind::Internal, "write record", "a record can't be written as JSON").with_source(e)
    })?;
    Ok(text + "\n")
}
