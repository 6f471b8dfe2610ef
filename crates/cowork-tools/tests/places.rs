//! The names of places.

#![allow(clippy::unwrap_used, reason = "a story that goes wrong ends")]

use std::time::Instant;

use cowork_core::{Kind, Result};
use cowork_testkit::{TestRuntime, tool::context};
use serde_json::{Value, json};

async fn name(args: Value) -> Result<Value> {
    let tool = cowork_tools::builtin().into_iter().find(|t| t.spec().name == "name_places").unwrap();
    tool.effects(&args)?;
    tool.run(args, context(None, TestRuntime::new())).await.map(|out| out.value)
}

fn points(all: &[(f64, f64)]) -> Value {
    let points = all.iter().map(|(latitude, longitude)| json!({ "latitude": latitude, "longitude": longitude }));
    json!({ "points": points.collect::<Vec<_>>() })
}

#[tokio::test]
async fn points_in_towns_are_named_after_them() {
    let towns = [
        (48.8584, 2.2945, "France"),
        (-33.8568, 151.2153, "Australia"),
        (43.7696, 11.2558, "Italy"),
        (40.7831, -73.9712, "United States"),
        (64.1466, -21.9426, "Iceland"),
    ];
    let found = name(points(&towns.map(|(north, east, _)| (north, east)))).await.unwrap();
    let countries: Vec<&str> =
        found["places"].as_array().unwrap().iter().map(|p| p["country"].as_str().unwrap()).collect();
    assert_eq!(countries, towns.map(|(.., country)| country));
    let named = |n: usize| found["places"][n]["name"].as_str().unwrap();
    assert_eq!((named(2), named(3), named(4)), ("Florence", "Manhattan", "Reykjavik"));
    assert_eq!((&found["count"], &found["known"]), (&json!(5), &json!(5)));
}

#[tokio::test]
async fn far_from_everywhere_there_is_no_name() {
    let found = name(points(&[(0.0, -140.0), (90.0, 0.0), (-90.0, 180.0), (0.0, 0.0)])).await.unwrap();
    assert_eq!(found["places"], json!([null, null, null, null]));
    let mut wide = points(&[(55.0, 8.0)]);
    assert!(!name(wide.clone()).await.unwrap()["places"][0].is_null());
    wide["within"] = json!(1);
    assert!(name(wide).await.unwrap()["places"][0].is_null());
}

#[tokio::test]
async fn the_nearest_is_the_nearest_in_the_north_and_beyond_the_date_line() {
    // From here Longyearbyen is 20 km to the east, as far in degrees as things 100 km to the south.
    let found = name(points(&[(78.22, 14.8), (-16.79, -179.99)])).await.unwrap();
    assert_eq!(found["places"][0]["name"], "Longyearbyen");
    assert_eq!(found["places"][1]["country"], "Fiji", "the nearest town lies at 179.9 degrees east: {found}");
    assert!(found["places"][1]["km"].as_f64().unwrap() < 100.0);
}

#[tokio::test]
async fn points_that_are_nowhere_are_refused() {
    for (north, east) in [(90.1, 0.0), (0.0, 180.5), (-91.0, 0.0)] {
        let error = name(points(&[(0.0, 0.0), (north, east)])).await.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (Kind::InvalidInput, "point 2 is not on the earth"));
    }
}

#[tokio::test]
async fn many_points_are_one_call() {
    let many: Vec<(f64, f64)> = (0..20_000).map(|n| (f64::from(n % 120) - 50.0, f64::from(n % 359) - 179.0)).collect();
    let began = Instant::now();
    let found = name(points(&many)).await.unwrap();
    eprintln!("20,000 points named: {:?}", began.elapsed());
    assert_eq!(found["places"].as_array().unwrap().len(), many.len());
}
