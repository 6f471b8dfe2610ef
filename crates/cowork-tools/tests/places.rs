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
    assert_eq!((named(2), named(3), named(4)), ("Florence", "New York", "Reykjavik"));
    assert_eq!((&found["count"], &found["known"]), (&json!(5), &json!(5)));
}

#[tokio::test]
async fn a_district_is_called_after_its_city_and_a_town_beside_it_is_not() {
    let all = [
        ("Berlin", 52.5200, 13.4050),
        ("Berlin", 52.4986, 13.3918),
        ("Reykjavik", 64.1466, -21.9426),
        ("Reykjavik", 64.1475, -21.9500),
        ("Paris", 48.8590, 2.3780),
        ("Paris", 48.8867, 2.3431),
        ("New York", 40.6782, -73.9442),
        ("Tokyo", 35.6580, 139.7016),
        ("London", 51.5390, -0.1426),
        ("Munich", 48.1660, 11.5860),
        ("Hamburg", 53.5500, 9.9350),
        ("Rome", 41.8890, 12.4690),
        ("Sydney", -33.8908, 151.2743),
        ("Hong Kong", 22.3167, 114.1819),
        ("Barcelona", 41.3900, 2.1600),
        ("Vatican City", 41.9029, 12.4534),
        ("Potsdam", 52.3906, 13.0645),
        ("Versailles", 48.8049, 2.1204),
        ("Furth", 49.4774, 10.9887),
        ("Pasadena", 34.1478, -118.1445),
        ("Oakland", 37.8044, -122.2712),
        ("Jersey City", 40.7178, -74.0631),
    ];
    let found = name(points(&all.map(|(_, north, east)| (north, east)))).await.unwrap();
    let named: Vec<&str> = found["places"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(named, all.map(|(name, ..)| name));
    assert_eq!(found["places"][0]["country"], "Germany");
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
