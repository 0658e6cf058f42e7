//! "What time is it", here or somewhere else.

use crate::router::pattern::Patterns;
use jarvis_core::{Error, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};
use jiff::Zoned;
use jiff::tz::{self, TimeZone};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "time.now",
    description: "Tell the time, here or in another place.",
    examples: &["what time is it", "tell me the time", "what time is it in tokyo"],
    risk: Risk::None,
}];

const TEMPLATES: &[&str] = &[
    "[tell me|say|give me] what time (is it|it is) [now|right now|currently|at the moment|here|today|exactly] [here|exactly]",
    "(what is the|tell me the|tell me|give me the|say the|check the) [current|exact|local] time [now|right now|currently|at the moment|here|is it|of day|is it now]",
    "what is (current|exact|local) time",
    "what is the time (on|by) (your|the|my) (clock|watch)",
    "(current|the|local|exact) time [now|right now]",
    "[have you] (got|do you have) the time",
    "time [now|right now|check]",
    "what time (do we have|have you got|do you have|you got)",
    "what hour is it [now]",
    "how late is it [now]",
    "is it late [already]",
    "[tell me|say] what time (is it|it is) [right now|now|currently|at the moment] (in|at|over in) {place} [now|right now|currently|at the moment]",
    "(what is|tell me|give me) [the] [current|exact|local] time [right now|now] (in|at|over in) {place} [now|right now|currently]",
    "[current|local] time in {place}",
];

/// Places whose time zone has another name, by how people call them.
const PLACES: &[(&str, &str)] = &[
    ("america", "America/New_York"),
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
    ("california", "America/Los_Angeles"),
    ("cape town", "Africa/Johannesburg"),
    ("chennai", "Asia/Kolkata"),
    ("china", "Asia/Shanghai"),
    ("colorado", "America/Denver"),
    ("dallas", "America/Chicago"),
    ("delhi", "Asia/Kolkata"),
    ("denmark", "Europe/Copenhagen"),
    ("edinburgh", "Europe/London"),
    ("england", "Europe/London"),
    ("finland", "Europe/Helsinki"),
    ("florida", "America/New_York"),
    ("france", "Europe/Paris"),
    ("frankfurt", "Europe/Berlin"),
    ("geneva", "Europe/Zurich"),
    ("germany", "Europe/Berlin"),
    ("gmt", "Etc/UTC"),
    ("great britain", "Europe/London"),
    ("greece", "Europe/Athens"),
    ("greenwich", "Etc/UTC"),
    ("hamburg", "Europe/Berlin"),
    ("hawaii", "Pacific/Honolulu"),
    ("houston", "America/Chicago"),
    ("hungary", "Europe/Budapest"),
    ("india", "Asia/Kolkata"),
    ("ireland", "Europe/Dublin"),
    ("israel", "Asia/Jerusalem"),
    ("italy", "Europe/Rome"),
    ("japan", "Asia/Tokyo"),
    ("korea", "Asia/Seoul"),
    ("kyoto", "Asia/Tokyo"),
    ("las vegas", "America/Los_Angeles"),
    ("manchester", "Europe/London"),
    ("mexico", "America/Mexico_City"),
    ("miami", "America/New_York"),
    ("milan", "Europe/Rome"),
    ("mumbai", "Asia/Kolkata"),
    ("munich", "Europe/Berlin"),
    ("netherlands", "Europe/Amsterdam"),
    ("new delhi", "Asia/Kolkata"),
    ("new york city", "America/New_York"),
    ("new zealand", "Pacific/Auckland"),
    ("norway", "Europe/Oslo"),
    ("osaka", "Asia/Tokyo"),
    ("philadelphia", "America/New_York"),
    ("poland", "Europe/Warsaw"),
    ("portland", "America/Los_Angeles"),
    ("portugal", "Europe/Lisbon"),
    ("rio", "America/Sao_Paulo"),
    ("rio de janeiro", "America/Sao_Paulo"),
    ("russia", "Europe/Moscow"),
    ("san diego", "America/Los_Angeles"),
    ("san francisco", "America/Los_Angeles"),
    ("scotland", "Europe/London"),
    ("seattle", "America/Los_Angeles"),
    ("silicon valley", "America/Los_Angeles"),
    ("south africa", "Africa/Johannesburg"),
    ("south korea", "Asia/Seoul"),
    ("spain", "Europe/Madrid"),
    ("st petersburg", "Europe/Moscow"),
    ("sweden", "Europe/Stockholm"),
    ("switzerland", "Europe/Zurich"),
    ("texas", "America/Chicago"),
    ("thailand", "Asia/Bangkok"),
    ("turkey", "Europe/Istanbul"),
    ("uk", "Europe/London"),
    ("ukraine", "Europe/Kyiv"),
    ("united kingdom", "Europe/London"),
    ("utc", "Etc/UTC"),
    ("wales", "Europe/London"),
    ("washington", "America/New_York"),
    ("washington dc", "America/New_York"),
];

/// Tells the time.
pub struct Time {
    patterns: Patterns<()>,
}

impl Time {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(&TEMPLATES.iter().map(|template| ((), *template)).collect::<Vec<_>>()) }
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Time {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |(), captures| {
            let mut slots = Slots::new();
            if let Some(place) = captures.get("place") {
                let place = place.strip_prefix("the ").unwrap_or(place);
                // "in the morning", "in the movie about ...": the language model's.
                zone_name(place)?;
                slots.insert("place".into(), place.to_owned());
            }
            Some(IntentMatch { intent: "time.now", slots, confidence: 0.95 })
        })
    }

    fn run(&mut self, _intent: &str, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let here = context.clock.local();
        let Some(place) = slots.get("place") else {
            return Ok(Reply::say(format!("It's {}.", in_words(&here))));
        };
        let unknown = || {
            Error::new(
                "time.unknown_place",
                format!("I don't know the time zone of {place}."),
                "Name a large city near it.",
            )
        };
        let zone = TimeZone::get(&zone_name(place).ok_or_else(unknown)?).map_err(|_| unknown())?;
        let there = here.with_time_zone(zone);
        let day = match (there.date().cmp(&here.date()), there.weekday()) {
            (std::cmp::Ordering::Equal, _) => "",
            (std::cmp::Ordering::Greater, _) => " tomorrow",
            (std::cmp::Ordering::Less, _) => " yesterday",
        };
        Ok(Reply::say(format!("In {}, it's {}{day}.", capitalized(place), in_words(&there))))
    }
}

/// "3:07 PM".
fn in_words(time: &Zoned) -> String {
    let (hour, half) = match time.hour() {
        0 => (12, "AM"),
        hour @ 1..12 => (hour, "AM"),
        12 => (12, "PM"),
        hour => (hour - 12, "PM"),
    };
    format!("{hour}:{:02} {half}", time.minute())
}

/// The name of the time zone of a place: a known one, or a city with a zone of its own.
fn zone_name(place: &str) -> Option<String> {
    if let Ok(known) = PLACES.binary_search_by_key(&place, |(name, _)| name).map(|at| PLACES[at].1) {
        return Some(known.to_owned());
    }
    let is_city = |zone: &str| {
        zone.rsplit_once('/')
            .is_some_and(|(_, city)| city.len() == place.len() && city.to_lowercase().replace('_', " ") == place)
    };
    tz::db().available().find(|zone| is_city(zone.as_str())).map(|zone| zone.to_string())
}

/// "new york" as a name.
fn capitalized(place: &str) -> String {
    match place {
        "uk" => return "the UK".into(),
        "utc" | "gmt" => return place.to_uppercase(),
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
    use crate::testing::FakeClock;

    fn ask(text: &str, local: &str) -> String {
        let mut skill = Time::new();
        let found = skill.recognize(text).unwrap_or_else(|| panic!("not recognized: {text}"));
        let clock = FakeClock::at(local);
        let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
        skill.run(found.intent, &found.slots, &context).unwrap().spoken
    }

    const HERE: &str = "2026-11-21T15:07:00+01:00[Europe/Berlin]";

    #[test]
    fn the_time_here() {
        assert_eq!(ask("what time is it", HERE), "It's 3:07 PM.");
        assert_eq!(ask("tell me the time", "2026-11-21T00:00:00+01:00[Europe/Berlin]"), "It's 12:00 AM.");
        assert_eq!(ask("what is the time", "2026-11-21T12:30:00+01:00[Europe/Berlin]"), "It's 12:30 PM.");
    }

    #[test]
    fn the_time_elsewhere() {
        assert_eq!(ask("what time is it in tokyo", HERE), "In Tokyo, it's 11:07 PM.");
        assert_eq!(ask("what is the time in new york right now", HERE), "In New York, it's 9:07 AM.");
        assert_eq!(ask("what time is it in the uk", HERE), "In the UK, it's 2:07 PM.");
        assert_eq!(ask("what time is it in sydney", HERE), "In Sydney, it's 1:07 AM tomorrow.");
        assert_eq!(
            ask("what time is it in hawaii", "2026-11-21T05:00:00+01:00[Europe/Berlin]"),
            "In Hawaii, it's 6:00 PM yesterday."
        );
    }

    #[test]
    fn places_are_sorted_and_known() {
        let mut sorted = PLACES.to_vec();
        sorted.sort_unstable();
        assert_eq!(PLACES, sorted);
        for (place, zone) in PLACES {
            assert!(TimeZone::get(zone).is_ok(), "{place}: {zone}");
        }
    }
}
