//! The names of places, from a gazetteer that comes with the program.

use async_trait::async_trait;
use cowork_core::{Effects, Error, Kind, Label, Preview, Result, ToolContext, ToolOutput, TypedTool, Watch};
use reverse_geocoder::{Locations, Record, ReverseGeocoder};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    places_cities::{City, cities},
    places_countries::country,
    show::{check_size, count, stopped},
};

const OP: &str = "name places";
const EARTH_KM: f64 = 6371.0;
const VATICAN_KM: f64 = 0.7;
/// How many points east and west of the one asked for are looked at, each way.
const BESIDE: i32 = 4;

pub(crate) struct NamePlaces;

/// The arguments of `name_places`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-seldom" = true))]
pub(crate) struct PlacesArgs {
    /// The points, up to 100,000.
    #[schemars(length(min = 1, max = 100_000))]
    points: Vec<Point>,
    /// Only places at most so many kilometres away, 1 to 1,000; 100 if left out.
    #[serde(default = "usually_within")]
    #[schemars(range(min = 1, max = 1_000))]
    within: u32,
}

/// A city and the part of the country that it lies in: what lies beyond the border of that is none of it.
type Known<'a> = (City, &'a str);

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
    const ABOUT: &'static str = "Tells which town points on the earth lie in or near: for example those where photos were taken, \
        without a network. In a large city it is the city, not its district.\n\nGives `places` in the order asked for, each with `name`, `region`, `country`, `code` (of the country, two \
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
        let mut places = Vec::with_capacity(args.points.len());
        each(&args.points, args.within, &ctx.watch, |place| {
            places.push(place.map_or(Value::Null, |place| place.described()));
        })?;
        let known = places.iter().filter(|p| !p.is_null()).count();
        let note = format!("{known} of {}", count(places.len(), "place"));
        let value = json!({ "count": places.len(), "known": known, "places": places });
        Ok(ToolOutput { value, note, label: Label::trusted() })
    }
}

/// Gives the country and the nearest town of each point, `Italy/Florence`, as folders may be called; nothing far from every town.
pub(crate) fn as_folders(points: &[(f64, f64)], watch: &Watch) -> Result<Vec<Option<String>>> {
    let called = |name: &str| {
        let plain = name.replace(['/', '\\'], "-");
        let plain = plain.trim_matches([' ', '.']);
        if plain.is_empty() { "Unnamed".to_owned() } else { plain.to_owned() }
    };
    let points: Vec<Point> = points.iter().map(|&(latitude, longitude)| Point { latitude, longitude }).collect();
    let mut folders = Vec::with_capacity(points.len());
    each(&points, usually_within(), watch, |place| {
        folders.push(place.map(|place| format!("{}/{}", called(place.country()), called(place.name))));
    })?;
    Ok(folders)
}

/// Tells the place of each point, in their order; `None` where none is near.
fn each(points: &[Point], within: u32, watch: &Watch, mut tell: impl FnMut(Option<Place<'_>>)) -> Result<()> {
    if points.is_empty() {
        return Ok(());
    }
    // Read anew for each call, which takes less time than a person notices, rather than held for good: it is large.
    let all = Locations::from_memory();
    let gazetteer = ReverseGeocoder::new(&all);
    let known: Vec<Known<'_>> = cities()
        .filter_map(|city| {
            let middle = Point { latitude: city.latitude, longitude: city.longitude };
            middle.nearest(&gazetteer).map(|(_, record)| (city, record.admin1.as_str()))
        })
        .collect();
    for point in points {
        if watch.cancel.is_cancelled() {
            return Err(stopped(OP));
        }
        let near = point.nearest(&gazetteer).filter(|(km, _)| *km <= f64::from(within));
        tell(near.map(|(km, record)| match point.city(&known, record, km) {
            Some((km, (city, region))) => Place { name: city.name, region, code: city.code, km },
            None => Place { name: &record.name, region: &record.admin1, code: &record.cc, km },
        }));
    }
    Ok(())
}

/// Where a point lies.
struct Place<'a> {
    name: &'a str,
    region: &'a str,
    /// Of the country, two letters.
    code: &'a str,
    km: f64,
}

impl Place<'_> {
    fn country(&self) -> &str {
        country(self.code).unwrap_or(self.code)
    }

    fn described(&self) -> Value {
        json!({
            "name": self.name, "region": self.region, "country": self.country(), "code": self.code,
            "km": (self.km * 10.0).round() / 10.0,
        })
    }
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

    /// Finds the city that the nearest place is a part of, and says how many kilometres away its middle is.
    fn city<'a>(&self, known: &'a [Known<'a>], nearest: &Record, km: f64) -> Option<(f64, &'a Known<'a>)> {
        let within = |(city, part): &&Known<'_>| match (nearest.cc.as_str(), city.code) {
            // Its middle is near all of Rome's, and it reaches no further than a garden.
            ("VA", "IT") => km > VATICAN_KM,
            // A city that is a country by itself has parts of other names.
            (here, there) => here == there && (*part == nearest.admin1 || matches!(here, "HK" | "SG")),
        };
        let reached = known.iter().filter(within).filter_map(|known| {
            let km = self.km(known.0.latitude, known.0.longitude);
            (km <= known.0.reach && !known.0.but.contains(&nearest.name.as_str())).then_some((km, known))
        });
        reached.min_by(|(a, one), (b, other)| (a / one.0.reach).total_cmp(&(b / other.0.reach)))
    }

    fn km_to(&self, record: &Record) -> f64 {
        self.km(record.lat, record.lon)
    }

    fn km(&self, latitude: f64, longitude: f64) -> f64 {
        let (here, there) = (self.latitude.to_radians(), latitude.to_radians());
        let across = (longitude - self.longitude).to_radians();
        let half = ((there - here) / 2.0).sin().powi(2) + here.cos() * there.cos() * (across / 2.0).sin().powi(2);
        2.0 * EARTH_KM * half.sqrt().min(1.0).asin()
    }
}
