//! Places by the names that people have for them, and their time zones.
//!
//! Cities that a time zone is called after are looked up in the zones themselves; here are the others.

use jiff::tz::{self, TimeZone};

/// Places whose time zone has another name, by how people call them; sorted.
const PLACES: &[(&str, &str)] = &[
    ("abu dhabi", "Asia/Dubai"),
    ("america", "America/New_York"),
    ("argentina", "America/Argentina/Buenos_Aires"),
    ("arizona", "America/Phoenix"),
    ("atlanta", "America/New_York"),
    ("austin", "America/Chicago"),
    ("australia", "Australia/Sydney"),
    ("austria", "Europe/Vienna"),
    ("bangalore", "Asia/Kolkata"),
    ("barcelona", "Europe/Madrid"),
    ("beijing", "Asia/Shanghai"),
    ("belgium", "Europe/Brussels"),
    ("boston", "America/New_York"),
    ("brazil", "America/Sao_Paulo"),
    ("british columbia", "America/Vancouver"),
    ("bulgaria", "Europe/Sofia"),
    ("calgary", "America/Edmonton"),
    ("california", "America/Los_Angeles"),
    ("cambridge", "Europe/London"),
    ("canberra", "Australia/Sydney"),
    ("cape town", "Africa/Johannesburg"),
    ("chennai", "Asia/Kolkata"),
    ("china", "Asia/Shanghai"),
    ("cologne", "Europe/Berlin"),
    ("colombia", "America/Bogota"),
    ("colorado", "America/Denver"),
    ("connecticut", "America/New_York"),
    ("croatia", "Europe/Zagreb"),
    ("czech republic", "Europe/Prague"),
    ("dallas", "America/Chicago"),
    ("delhi", "Asia/Kolkata"),
    ("denmark", "Europe/Copenhagen"),
    ("edinburgh", "Europe/London"),
    ("egypt", "Africa/Cairo"),
    ("england", "Europe/London"),
    ("finland", "Europe/Helsinki"),
    ("florence", "Europe/Rome"),
    ("florida", "America/New_York"),
    ("france", "Europe/Paris"),
    ("frankfurt", "Europe/Berlin"),
    ("geneva", "Europe/Zurich"),
    ("germany", "Europe/Berlin"),
    ("glasgow", "Europe/London"),
    ("gmt", "Etc/UTC"),
    ("goa", "Asia/Kolkata"),
    ("great britain", "Europe/London"),
    ("greece", "Europe/Athens"),
    ("greenwich", "Etc/UTC"),
    ("guangzhou", "Asia/Shanghai"),
    ("hamburg", "Europe/Berlin"),
    ("hanoi", "Asia/Ho_Chi_Minh"),
    ("hawaii", "Pacific/Honolulu"),
    ("houston", "America/Chicago"),
    ("hungary", "Europe/Budapest"),
    ("iceland", "Atlantic/Reykjavik"),
    ("illinois", "America/Chicago"),
    ("india", "Asia/Kolkata"),
    ("ireland", "Europe/Dublin"),
    ("israel", "Asia/Jerusalem"),
    ("italy", "Europe/Rome"),
    ("japan", "Asia/Tokyo"),
    ("kenya", "Africa/Nairobi"),
    ("korea", "Asia/Seoul"),
    ("krakow", "Europe/Warsaw"),
    ("kyoto", "Asia/Tokyo"),
    ("la", "America/Los_Angeles"),
    ("las vegas", "America/Los_Angeles"),
    ("liverpool", "Europe/London"),
    ("louisiana", "America/Chicago"),
    ("lyon", "Europe/Paris"),
    ("maine", "America/New_York"),
    ("malaysia", "Asia/Kuala_Lumpur"),
    ("manchester", "Europe/London"),
    ("marseille", "Europe/Paris"),
    ("maryland", "America/New_York"),
    ("massachusetts", "America/New_York"),
    ("mexico", "America/Mexico_City"),
    ("miami", "America/New_York"),
    ("milan", "Europe/Rome"),
    ("minneapolis", "America/Chicago"),
    ("minnesota", "America/Chicago"),
    ("missouri", "America/Chicago"),
    ("montreal", "America/Toronto"),
    ("mumbai", "Asia/Kolkata"),
    ("munich", "Europe/Berlin"),
    ("naples", "Europe/Rome"),
    ("netherlands", "Europe/Amsterdam"),
    ("nevada", "America/Los_Angeles"),
    ("new delhi", "Asia/Kolkata"),
    ("new jersey", "America/New_York"),
    ("new mexico", "America/Denver"),
    ("new orleans", "America/Chicago"),
    ("new york city", "America/New_York"),
    ("new zealand", "Pacific/Auckland"),
    ("nigeria", "Africa/Lagos"),
    ("north carolina", "America/New_York"),
    ("norway", "Europe/Oslo"),
    ("nyc", "America/New_York"),
    ("ohio", "America/New_York"),
    ("ontario", "America/Toronto"),
    ("orlando", "America/New_York"),
    ("osaka", "Asia/Tokyo"),
    ("ottawa", "America/Toronto"),
    ("oxford", "Europe/London"),
    ("pakistan", "Asia/Karachi"),
    ("pennsylvania", "America/New_York"),
    ("peru", "America/Lima"),
    ("philadelphia", "America/New_York"),
    ("philippines", "Asia/Manila"),
    ("pittsburgh", "America/New_York"),
    ("poland", "Europe/Warsaw"),
    ("portland", "America/Los_Angeles"),
    ("portugal", "Europe/Lisbon"),
    ("quebec", "America/Toronto"),
    ("queensland", "Australia/Brisbane"),
    ("rio", "America/Sao_Paulo"),
    ("rio de janeiro", "America/Sao_Paulo"),
    ("romania", "Europe/Bucharest"),
    ("russia", "Europe/Moscow"),
    ("sacramento", "America/Los_Angeles"),
    ("salt lake city", "America/Denver"),
    ("salzburg", "Europe/Vienna"),
    ("san diego", "America/Los_Angeles"),
    ("san francisco", "America/Los_Angeles"),
    ("san jose", "America/Los_Angeles"),
    ("saudi arabia", "Asia/Riyadh"),
    ("scotland", "Europe/London"),
    ("seattle", "America/Los_Angeles"),
    ("seville", "Europe/Madrid"),
    ("shenzhen", "Asia/Shanghai"),
    ("silicon valley", "America/Los_Angeles"),
    ("south africa", "Africa/Johannesburg"),
    ("south carolina", "America/New_York"),
    ("south korea", "Asia/Seoul"),
    ("spain", "Europe/Madrid"),
    ("st louis", "America/Chicago"),
    ("st petersburg", "Europe/Moscow"),
    ("stuttgart", "Europe/Berlin"),
    ("sweden", "Europe/Stockholm"),
    ("switzerland", "Europe/Zurich"),
    ("taiwan", "Asia/Taipei"),
    ("tel aviv", "Asia/Jerusalem"),
    ("texas", "America/Chicago"),
    ("thailand", "Asia/Bangkok"),
    ("turkey", "Europe/Istanbul"),
    ("uk", "Europe/London"),
    ("ukraine", "Europe/Kyiv"),
    ("united arab emirates", "Asia/Dubai"),
    ("united kingdom", "Europe/London"),
    ("utah", "America/Denver"),
    ("utc", "Etc/UTC"),
    ("valencia", "Europe/Madrid"),
    ("venice", "Europe/Rome"),
    ("vietnam", "Asia/Ho_Chi_Minh"),
    ("virginia", "America/New_York"),
    ("wales", "Europe/London"),
    ("washington", "America/New_York"),
    ("washington dc", "America/New_York"),
    ("washington state", "America/Los_Angeles"),
    ("wellington", "Pacific/Auckland"),
    ("wisconsin", "America/Chicago"),
];

/// Those of them that a city's name is followed by, to say which one is meant: all that is there has their time.
#[rustfmt::skip]
const REGIONS: &[&str] = &[
    "arizona", "austria", "belgium", "bulgaria", "california", "china", "colorado", "connecticut",
    "croatia", "czech republic", "denmark", "egypt", "england", "finland", "florida", "france",
    "germany", "great britain", "greece", "hawaii", "hungary", "iceland", "illinois", "india",
    "ireland", "israel", "italy", "japan", "kenya", "korea", "louisiana", "maine",
    "maryland", "massachusetts", "malaysia", "minnesota", "missouri", "netherlands", "nevada", "new jersey",
    "new mexico", "new zealand", "nigeria", "north carolina", "norway", "ohio", "pakistan", "pennsylvania",
    "peru", "philippines", "poland", "romania", "saudi arabia", "scotland", "south africa", "south carolina",
    "south korea", "sweden", "switzerland", "taiwan", "texas", "thailand", "turkey", "uk",
    "ukraine", "united arab emirates", "united kingdom", "utah", "vietnam", "virginia", "wales", "washington state",
    "wisconsin",
];

/// Countries of several time zones, and what their names begin with.
const COUNTRIES: &[(&str, &str)] = &[
    ("america", "America/"),
    ("australia", "Australia/"),
    ("brazil", "America/"),
    ("canada", "America/"),
    ("mexico", "America/"),
    ("portugal", "Europe/"),
    ("russia", "Europe/"),
    ("spain", "Europe/"),
    ("united states", "America/"),
    ("us", "America/"),
    ("usa", "America/"),
];

/// The time zone of a place: "tokyo", "the uk", "los angeles california".
pub fn zone(place: &str) -> Option<TimeZone> {
    TimeZone::get(&zone_name(place)?).ok()
}

fn zone_name(place: &str) -> Option<String> {
    let place = place.strip_prefix("the ").unwrap_or(place);
    if let Some(zone) = single(place) {
        return Some(zone);
    }
    // "paris texas" has the time of Texas, and "toronto canada" that of Toronto.
    place.match_indices(' ').find_map(|(at, _)| {
        let (city, region) = (&place[..at], &place[at + 1..]);
        if REGIONS.contains(&region) && city.split(' ').count() <= 3 && !is_no_name(city) {
            return single(region);
        }
        let (_, beginning) = COUNTRIES.iter().find(|(country, _)| *country == region)?;
        single(city).filter(|zone| zone.starts_with(beginning))
    })
}

fn is_no_name(words: &str) -> bool {
    words.split(' ').any(|word| matches!(word, "a" | "an" | "the" | "and" | "or" | "in" | "of" | "is" | "my"))
}

/// The zone of a known place, or a city with a zone of its own.
fn single(place: &str) -> Option<String> {
    if let Ok(at) = PLACES.binary_search_by_key(&place, |(name, _)| name) {
        return Some(PLACES[at].1.to_owned());
    }
    let is_city = |zone: &str| {
        zone.rsplit_once('/')
            .is_some_and(|(_, city)| city.len() == place.len() && city.to_lowercase().replace('_', " ") == place)
    };
    tz::db().available().find(|zone| is_city(zone.as_str())).map(|zone| zone.to_string())
}

/// "new york" as a name.
pub fn called(place: &str) -> String {
    let place = place.strip_prefix("the ").unwrap_or(place);
    match place {
        "uk" | "us" | "usa" => return format!("the {}", place.to_uppercase()),
        "utc" | "gmt" | "nyc" | "la" => return place.to_uppercase(),
        _ => {}
    }
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    place.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_sorted_and_known() {
        assert!(PLACES.is_sorted_by(|before, after| before.0 < after.0));
        for (place, zone) in PLACES {
            assert!(TimeZone::get(zone).is_ok(), "{place}: {zone}");
        }
        for region in REGIONS {
            assert!(PLACES.iter().any(|(place, _)| place == region), "{region}");
        }
    }

    #[test]
    fn a_city_may_be_said_with_where_it_lies() {
        for (place, zone) in [
            ("tokyo", Some("Asia/Tokyo")),
            ("the uk", Some("Europe/London")),
            ("los angeles california", Some("America/Los_Angeles")),
            ("paris france", Some("Europe/Paris")),
            ("paris texas", Some("America/Chicago")),
            ("toronto canada", Some("America/Toronto")),
            ("sydney australia", Some("Australia/Sydney")),
            ("madrid spain", Some("Europe/Madrid")),
            ("atlantis", None),
            ("berlin canada", None),
            ("the morning", None),
            ("", None),
        ] {
            assert_eq!(zone_name(place).as_deref(), zone, "{place}");
        }
    }
}
