//! The names of places, from a gazetteer that comes with the program.

use async_trait::async_trait;
use cowork_core::{Effects, Error, Kind, Label, Preview, Result, ToolContext, ToolOutput, TypedTool, Watch};
use reverse_geocoder::{Locations, Record, ReverseGeocoder};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    places_countries::country,
    show::{check_size, count, stopped},
};

const OP: &str = "name places";
const EARTH_KM: f64 = 6371.0;
/// How many points east and west of the one asked for are looked at, each way.
const BESIDE: i32 = 4;

pub(crate) struct NamePlaces;

/// The arguments of `name_places`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlacesArgs {
    /// The points, up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    points: Vec<Point>,
    /// Only places at most so many kilometres away, 1 to 1,000; 100 if left out.
    #[serde(default = "usually_within")]
    #[schemars(range(min = 1, max = 1_000))]
    within: u32,
}

/// A point on the earth.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Point {
    /// Degrees north, those of the south negative.
    #[schemars(range(min = -90.0, max = 90.0))]
    latitude: f64,
    /// Degrees east, those of the west negative.
    #[schemars(range(min = -180.0, max = 180.0))]
    longitude: f64,
}

fn usually_within() -> u32 {
    100
}

#[async_trait]
impl TypedTool for NamePlaces {
    type Args = PlacesArgs;
    const NAME: &'static str = "name_places";
    const ABOUT: &'static str = "Tells which town or village points on the earth lie in or near, for example those where photos were taken; \
        without a network. Gives `places` in the order asked for, each with `name`, `region`, `country`, `code` (of the country, two \
        letters) and `km` (how far away its middle is); null where none is near. Places with fewer than 1,000 people are not known.";

    fn effects(&self, args: &PlacesArgs) -> Result<Effects> {
        check_size(OP, args.points.len())?;
        if let Some(at) = args.points.iter().position(|p| !p.is_on_earth()) {
            let why = format!("point {} is not on the earth", at + 1);
            let fix = "latitudes are -90 to 90 degrees, longitudes -180 to 180";
            return Err(Error::new(Kind::InvalidInput, OP, why).with_fix(fix));
        }
        if !(1..=1_000).contains(&args.within) {
            return Err(Error::new(Kind::InvalidInput, OP, "`within` must be 1 to 1,000 kilometres"));
        }
        let title = format!("name {}", count(args.points.len(), "place"));
        Ok(Effects::none().showing(Preview { title, ..Preview::default() }))
    }

    async fn run(&self, args: PlacesArgs, ctx: ToolContext) -> Result<ToolOutput> {
        // Read anew for each call, which takes less time than a person notices, rather than held for good: it is large.
        let all = Locations::from_memory();
        let gazetteer = ReverseGeocoder::new(&all);
        let mut places = Vec::with_capacity(args.points.len());
        for point in &args.points {
            if ctx.watch.cancel.is_cancelled() {
                return Err(stopped(OP));
            }
            let near = point.nearest(&gazetteer).filter(|(km, _)| *km <= f64::from(args.within));
            places.push(near.map_or(Value::Null, |(km, record)| described(record, km)));
        }
        let known = places.iter().filter(|p| !p.is_null()).count();
        let note = format!("{known} of {}", count(places.len(), "place"));
        let value = json!({ "count": places.len(), "known": known, "places": places });
        Ok(ToolOutput { value, note, label: Label::trusted() })
    }
}

/// Gives the country and the nearest town of each point, `Italy/Florence`, as folders may be called; nothing far from every town.
pub(crate) fn as_folders(points: &[(f64, f64)], watch: &Watch) -> Result<Vec<Option<String>>> {
    if points.is_empty() {
        return Ok(Vec::new());
    }
    let all = Locations::from_memory();
    let gazetteer = ReverseGeocoder::new(&all);
    let called = |name: &str| {
        let plain = name.replace(['/', '\\'], "-");
        let plain = plain.trim_matches([' ', '.']);
        if plain.is_empty() { "Unnamed".to_owned() } else { plain.to_owned() }
    };
    let name = |(latitude, longitude): &(f64, f64)| {
        if watch.cancel.is_cancelled() {
            return Err(stopped(OP));
        }
        let point = Point { latitude: *latitude, longitude: *longitude };
        let near = point.nearest(&gazetteer).filter(|(km, _)| *km <= f64::from(usually_within()));
        Ok(near.map(|(_, record)| {
            let code = record.cc.as_str();
            format!("{}/{}", called(country(code).unwrap_or(code)), called(&record.name))
        }))
    };
    points.iter().map(name).collect()
}

fn described(record: &Record, km: f64) -> Value {
    let code = record.cc.as_str();
    json!({
        "name": record.name, "region": record.admin1, "country": country(code).unwrap_or(code), "code": code,
        "km": (km * 10.0).round() / 10.0,
    })
}

impl Point {
    fn is_on_earth(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }

    /// Finds the nearest place, and says how many kilometres away it is.
    ///
    /// The gazetteer compares degrees, and a degree to the east is shorter the further one is from the equator. So it is asked
    /// along the parallel too, as far as something nearer could lie, and on the other side of the date line.
    fn nearest<'a>(&self, gazetteer: &'a ReverseGeocoder<'_>) -> Option<(f64, &'a Record)> {
        let ask = |longitude: f64| {
            let record = gazetteer.search((self.latitude, longitude))?.record;
            Some((self.km_to(record), record))
        };
        let nearer = |a: (f64, &'a Record), b: (f64, &'a Record)| if b.0 < a.0 { b } else { a };
        let sides = [self.longitude - 360.0, self.longitude + 360.0];
        let first = sides.into_iter().filter_map(ask).fold(ask(self.longitude)?, nearer);
        let reach = (first.0 / EARTH_KM).to_degrees() / self.latitude.to_radians().cos().max(0.01);
        let step = reach.min(180.0) / f64::from(BESIDE);
        let beside = (-BESIDE..=BESIDE).filter(|n| *n != 0).filter_map(|n| ask(self.longitude + f64::from(n) * step));
        Some(beside.fold(first, nearer))
    }

    fn km_to(&self, record: &Record) -> f64 {
        let (here, there) = (self.latitude.to_radians(), record.lat.to_radians());
        let across = (record.lon - self.longitude).to_radians();
        let half = ((there - here) / 2.0).sin().powi(2) + here.cos() * there.cos() * (across / 2.0).sin().powi(2);
        2.0 * EARTH_KM * half.sqrt().min(1.0).asin()
    }
}
