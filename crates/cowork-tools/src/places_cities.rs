//! Large cities, which the gazetteer knows by their districts too: how far they reach, about.

/// A city that its districts and suburbs are called after.
pub(crate) struct City {
    /// The country's code.
    pub(crate) code: &'static str,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    /// How far it reaches from its middle, in kilometres.
    pub(crate) reach: f64,
    pub(crate) name: &'static str,
    /// Towns within its reach that are none of its districts.
    pub(crate) but: Vec<&'static str>,
}

/// Gives them all.
pub(crate) fn cities() -> impl Iterator<Item = City> {
    CITIES.lines().filter_map(|line| {
        let (line, but) = line.split_once("; ").unwrap_or((line, ""));
        let mut parts = line.splitn(5, ' ');
        let code = parts.next()?;
        let mut number = || parts.next()?.parse::<f64>().ok();
        let (latitude, longitude, reach) = (number()?, number()?, number()?);
        let but = but.split(", ").filter(|name| !name.is_empty()).collect();
        Some(City { code, latitude, longitude, reach, name: parts.next()?, but })
    })
}

const CITIES: &str = "\
AE 24.45 54.38 15 Abu Dhabi
AE 25.20 55.27 25 Dubai
AR -34.60 -58.38 12 Buenos Aires
AT 48.21 16.37 14 Vienna
AU -34.93 138.60 18 Adelaide
AU -27.47 153.03 20 Brisbane
AU -37.81 144.96 25 Melbourne
AU -31.95 115.86 20 Perth
AU -33.87 151.21 25 Sydney
BD 23.81 90.41 14 Dhaka
BE 51.22 4.40 8 Antwerp
BE 50.85 4.35 8 Brussels
BR -22.91 -43.17 25 Rio de Janeiro
BR -23.55 -46.63 22 São Paulo
CA 45.50 -73.57 15 Montreal; Laval, Longueuil
CA 43.65 -79.38 18 Toronto
CA 49.28 -123.12 7 Vancouver
CH 47.56 7.59 5 Basel
CH 46.95 7.45 5 Bern
CH 46.20 6.14 4 Geneva
CH 47.38 8.54 7 Zurich
CL -33.45 -70.67 18 Santiago
CN 39.90 116.41 25 Beijing
CN 23.13 113.26 18 Guangzhou
CN 31.23 121.47 25 Shanghai
CN 22.54 114.06 15 Shenzhen
CO 4.71 -74.07 15 Bogotá
CZ 50.08 14.44 11 Prague
DE 52.52 13.40 24 Berlin
DE 53.08 8.80 12 Bremen
DE 50.94 6.96 12 Cologne
DE 51.51 7.47 10 Dortmund
DE 51.05 13.74 10 Dresden
DE 51.23 6.77 9 Düsseldorf; Neuss, Meerbusch
DE 51.46 7.01 8 Essen
DE 50.11 8.68 9 Frankfurt am Main; Offenbach
DE 53.55 9.99 18 Hamburg
DE 52.38 9.73 8 Hanover
DE 51.34 12.37 9 Leipzig
DE 48.14 11.58 11 Munich
DE 49.45 11.08 7 Nuremberg; Furth
DE 48.78 9.18 8 Stuttgart
DK 55.68 12.57 8 Copenhagen
EG 30.04 31.24 15 Cairo
ES 41.39 2.17 6 Barcelona
ES 40.42 -3.70 10 Madrid
ES 37.39 -5.98 6 Seville
ES 39.47 -0.38 6 Valencia
FI 60.17 24.94 12 Helsinki
FR 45.76 4.84 5 Lyon
FR 43.30 5.37 9 Marseille
FR 48.86 2.35 6 Paris
FR 43.60 1.44 7 Toulouse
GB 52.49 -1.89 9 Birmingham
GB 55.95 -3.19 8 Edinburgh
GB 55.86 -4.25 8 Glasgow
GB 53.41 -2.99 6 Liverpool
GB 51.51 -0.13 20 London
GB 53.48 -2.24 6 Manchester; Salford
GR 37.98 23.73 8 Athens; Piraeus
HK 22.30 114.18 25 Hong Kong
HU 47.50 19.04 12 Budapest
ID -6.21 106.85 16 Jakarta
IE 53.35 -6.26 9 Dublin
IL 32.09 34.78 5 Tel Aviv
IN 12.97 77.59 16 Bengaluru
IN 13.08 80.27 13 Chennai
IN 28.61 77.21 20 Delhi
IN 17.39 78.49 15 Hyderabad
IN 22.57 88.36 9 Kolkata
IN 19.08 72.88 22 Mumbai
IR 35.69 51.39 16 Tehran
IS 64.14 -21.92 6 Reykjavik
IT 43.77 11.26 5 Florence
IT 45.46 9.19 8 Milan
IT 40.85 14.27 7 Naples
IT 41.90 12.50 13 Rome
IT 45.07 7.69 7 Turin
IT 45.44 12.34 5 Venice
JP 35.01 135.77 9 Kyoto
JP 35.18 136.91 11 Nagoya
JP 34.69 135.50 7 Osaka
JP 35.69 139.74 14 Tokyo
KE -1.29 36.82 14 Nairobi
KR 35.18 129.08 14 Busan
KR 37.57 126.98 16 Seoul
MA 33.57 -7.59 9 Casablanca
MX 19.40 -99.14 17 Mexico City
MY 3.14 101.69 9 Kuala Lumpur
NG 6.52 3.38 15 Lagos
NL 52.37 4.90 8 Amsterdam
NL 51.92 4.48 7 Rotterdam; Schiedam
NL 52.07 4.30 6 The Hague
NO 59.91 10.75 10 Oslo
NZ -36.85 174.76 15 Auckland
PE -12.05 -77.04 18 Lima
PH 14.60 120.98 6 Manila
PK 24.86 67.00 18 Karachi
PL 50.06 19.95 9 Krakow
PL 52.23 21.01 13 Warsaw
PT 38.72 -9.14 7 Lisbon
PT 41.16 -8.63 5 Porto
RO 44.43 26.10 10 Bucharest
RU 55.76 37.62 18 Moscow
RU 59.93 30.36 18 Saint Petersburg
SE 57.71 11.97 10 Gothenburg
SE 59.33 18.07 9 Stockholm; Solna
SG 1.35 103.82 25 Singapore
TH 13.76 100.50 18 Bangkok
TR 39.93 32.86 15 Ankara
TR 41.02 28.99 22 Istanbul
TW 25.03 121.57 9 Taipei
UA 50.45 30.52 14 Kyiv
US 33.75 -84.39 10 Atlanta
US 42.34 -71.07 5 Boston; Cambridge, Somerville, Brookline
US 41.84 -87.68 16 Chicago; Cicero, Evanston, Oak Park
US 32.78 -96.80 14 Dallas
US 29.76 -95.37 20 Houston; Pasadena
US 34.05 -118.32 16 Los Angeles; Beverly Hills, Burbank, Compton, Culver City, Glendale, Inglewood, Pasadena, Santa Monica
US 25.77 -80.21 7 Miami; Miami Beach, Coral Gables
US 40.71 -73.94 20 New York
US 39.99 -75.13 12 Philadelphia
US 32.76 -117.15 14 San Diego
US 37.76 -122.44 7 San Francisco
US 47.62 -122.33 9 Seattle
US 38.91 -77.04 9 Washington, D.C.
VN 21.03 105.85 11 Hanoi
VN 10.78 106.70 13 Ho Chi Minh City
ZA -33.95 18.50 16 Cape Town
ZA -26.20 28.05 16 Johannesburg";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_city() {
        assert_eq!(cities().count(), CITIES.lines().count());
        assert!(cities().all(|c| (4.0..=25.0).contains(&c.reach) && c.latitude.abs() < 70.0 && !c.name.is_empty()));
    }
}
