//! "What time is it", here or somewhere else, now or later, and how long until then.
//!
//! Questions about the time that it can't work out are refused, since a language model knows no clock and would invent one.

mod moment;
pub(crate) mod places;

use crate::router::pattern::{Captures, Patterns};
use crate::skills::timer::duration;
use jarvis_core::{Error, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};
use jiff::Zoned;
use jiff::tz::TimeZone;
use moment::Moment;
use std::time::Duration;

const NOW: &str = "time.now";
const LATER: &str = "time.later";
const UNTIL: &str = "time.until";
const DIFFERENCE: &str = "time.difference";
const PART: &str = "time.part";
const UNCLEAR: &str = "time.unclear";

const fn spec(intent: &'static str, description: &'static str, examples: &'static [&'static str]) -> SkillSpec {
    SkillSpec { intent, description, examples, risk: Risk::None }
}

#[rustfmt::skip]
const SPECS: &[SkillSpec] = &[
    spec(NOW, "Tell the time, here or in other places.", &["what time is it", "tell me the time", "what time is it in tokyo", "what time is it in london and tokyo"]),
    spec(LATER, "Tell what time it is after or before a length of time.", &["what time will it be in 3 hours", "what time was it ten minutes ago"]),
    spec(UNTIL, "Tell how long it is until a time of the day.", &["how long until midnight", "how many minutes until 5 pm"]),
    spec(DIFFERENCE, "Tell by how much the time of two places differs.", &["what is the time difference between london and tokyo"]),
    spec(PART, "Tell whether it is morning, afternoon, evening or night.", &["is it morning"]),
    spec(UNCLEAR, "Own up to a question about the time that can't be worked out.", &["what time is it in two cities"]),
];

#[rustfmt::skip]
const TEMPLATES: &[(&str, &str)] = &[
    (NOW, "[tell me|say|give me] what time (is it|it is) [now|right now|currently|at the moment|here|today|exactly] [here|exactly]"),
    (NOW, "(what is the|tell me the|tell me|give me the|say the|check the) [current|exact|local] time [now|right now|currently|at the moment|here|is it|of day|is it now]"),
    (NOW, "what is (current|exact|local) time"),
    (NOW, "what is the time (on|by) (your|the|my) (clock|watch)"),
    (NOW, "(current|the|local|exact) time [now|right now]"),
    (NOW, "[have you] (got|do you have) the time"),
    (NOW, "time [now|right now|check]"),
    (NOW, "what time (do we have|have you got|do you have|you got)"),
    (NOW, "what hour is it [now]"),
    (NOW, "how late is it [now]"),
    (NOW, "is it late [already]"),
    (NOW, "[tell me|say] what time (is it|it is) [right now|now|currently|at the moment] (in|at|over in) {place} [now|right now|currently|at the moment]"),
    (NOW, "(what is|tell me|give me) [the] [current|exact|local] time [right now|now|is it] (in|at|over in) {place} [now|right now|currently]"),
    (NOW, "[current|local] time in {place}"),
    (NOW, "is it (past|after|before|already|nearly|almost|still before|later than) {clock} [already|yet|now]"),
    (NOW, "is it {clock} (already|yet)"),
    (LATER, "[tell me] what time (will it be|is it|would it be|it will be) (in|after) {length} [from now|time]"),
    (LATER, "[tell me] what time (will it be|is it|would it be|it will be) {length} from now"),
    (LATER, "what (will the time be|is the time|will be the time) in {length}"),
    (LATER, "[tell me] what time (was it|is it|it was) {length} ago"),
    (UNTIL, "how (long|much time|much longer|many minutes|many hours|many seconds|many more minutes|many more hours) (until|till|til|to|before|is it until|is it till|is it to|are there until|are left until|is left until|do i have until|do we have until|there are until|left until|remain until) {clock} [today|tonight|tomorrow]"),
    (UNTIL, "how (long|much time) is (left|there) (until|till|before) {clock}"),
    (DIFFERENCE, "(what is the|tell me the|how big is the|how much is the|how large is the) time (difference|zone difference) between {place} and {other}"),
    (DIFFERENCE, "(what is the|tell me the|how big is the) time (difference|zone difference) (to|with) {place}"),
    (DIFFERENCE, "time difference between {place} and {other}"),
    (DIFFERENCE, "time difference (to|with) {place}"),
    (DIFFERENCE, "how (many hours|far) (ahead|behind) is {place}"),
    (DIFFERENCE, "how (many hours|far) (ahead of|behind) {other} is {place}"),
    (DIFFERENCE, "how many hours is {place} (ahead of|behind) {other}"),
    (PART, "is it (still|already|yet) (morning|afternoon|evening|night|night time|daytime|am|pm) [now]"),
    (PART, "is it [the] (morning|afternoon|evening|night|night time|daytime) [now|already|yet|right now|here|or {part}]"),
    (PART, "is it (am or pm|a m or p m|day or night|pm or am|night or day)"),
];

/// What the words after an answer ask of another place: "and in New York?"
const REPLIES: &[((), &str)] =
    &[((), "[what about|how about|what is it|and] [in|at|for|over in] {place} [now|right now|then]")];

/// Beginnings of questions about the clock, whatever follows.
const ABOUT_THE_CLOCK: &[&str] = &[
    "what time is it in",
    "what time is it at",
    "what time is it when",
    "what time will it be",
    "what time was it",
    "what time would it be",
    "what is the time in",
    "what is the current time in",
    "what is the local time",
    "what is the time difference",
    "what is the time zone difference",
    "time difference",
    "what time zone am i",
    "what is my time zone",
];

/// Places that have no clock that anybody would ask for here: a question about them is for the language model.
const OF_A_STORY: &[&str] =
    &["movie", "film", "book", "song", "story", "game", "episode", "novel", "series", "poem", "show"];

/// Tells the time.
pub struct Time {
    patterns: Patterns<&'static str>,
    replies: Patterns<()>,
    /// Whether the last answer was the time of a place.
    told: bool,
}

impl Time {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES), replies: Patterns::new(REPLIES), told: false }
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
        let known = self.patterns.find(text, |intent, captures| {
            let mut slots = slots(captures)?;
            if intent == LATER && text.ends_with(" ago") {
                slots.insert("ago".into(), "true".into());
            }
            if intent == PART {
                slots.insert("asked".into(), text.to_owned());
            }
            Some(IntentMatch { intent, slots, confidence: 0.95 })
        });
        known.or_else(|| {
            let asks = ABOUT_THE_CLOCK.iter().any(|beginning| text.starts_with(beginning)) || moment::is_until(text);
            let is_story = text.split(' ').any(|word| OF_A_STORY.contains(&word));
            (asks && !is_story).then(|| IntentMatch { intent: UNCLEAR, slots: Slots::new(), confidence: 0.6 })
        })
    }

    fn follow_up(&self, text: &str) -> Option<IntentMatch> {
        let slots = self.told.then(|| self.replies.find(text, |(), captures| slots(captures)))??;
        Some(IntentMatch { intent: NOW, slots, confidence: 1.0 })
    }

    /// What was not understood may be the beginning of what is.
    fn expects_more(&self, matched: &IntentMatch) -> bool {
        matched.intent == UNCLEAR
    }

    fn run(&mut self, intent: &str, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let here = context.clock.local();
        if !context.dry_run {
            self.told = intent == NOW;
        }
        let slot = |name: &str| slots.get(name).map(String::as_str);
        let cannot =
            || Error::new("time.unclear", "I can't work that out yet.", "Ask for the time of one place, or from now.");
        match intent {
            NOW => now(slot("place").map(|place| (place, slot("other"))), &here),
            LATER => {
                let length = slot("length").and_then(duration::parse).ok_or_else(cannot)?;
                later(&here, length, slots.contains_key("ago")).ok_or_else(cannot)
            }
            UNTIL => {
                let moment = slot("clock").and_then(Moment::parse).ok_or_else(cannot)?;
                let then = moment.next(&here).ok_or_else(cannot)?;
                let left = Duration::try_from(here.duration_until(&then)).unwrap_or_default();
                // By the minute, unless that is all there is.
                let left = if left.as_secs() < 60 { left.as_secs() } else { left.as_secs().div_ceil(60) * 60 };
                let words = duration::in_words(Duration::from_secs(left));
                Ok(Reply::say(format!("{} until {}.", capitalized(&words), moment.name(&then))))
            }
            DIFFERENCE => difference(slot("place").unwrap_or_default(), slot("other"), &here),
            PART => Ok(Reply::say(part(slot("asked").unwrap_or_default(), &here))),
            _ => Ok(Reply::say("I can't work that out yet.")),
        }
    }
}

/// The slots of a match; `None` when the words in their places are none: "in the morning", "in the movie about ...".
fn slots(captures: &Captures) -> Option<Slots> {
    let mut slots = Slots::new();
    if let Some(place) = captures.get("place") {
        let of_one = |place: &str| Slots::from([("place".to_owned(), place.to_owned())]);
        slots = match (places::zone(place), place.split_once(" and ")) {
            (Some(_), _) => of_one(place),
            (None, Some((place, other))) => {
                let other = other.strip_prefix("in ").unwrap_or(other);
                places::zone(other).and(places::zone(place))?;
                let mut both = of_one(place);
                both.insert("other".into(), other.to_owned());
                both
            }
            (None, None) => return None,
        };
    }
    if let Some(other) = captures.get("other") {
        places::zone(other)?;
        slots.insert("other".into(), other.to_owned());
    }
    if let Some(length) = captures.get("length") {
        duration::parse(length)?;
        slots.insert("length".into(), length.to_owned());
    }
    if let Some(clock) = captures.get("clock") {
        Moment::parse(clock)?;
        slots.insert("clock".into(), clock.to_owned());
    }
    Some(slots)
}

/// The time here, or in one or two places.
fn now(places: Option<(&str, Option<&str>)>, here: &Zoned) -> Result<Reply> {
    let Some((first, second)) = places else { return Ok(Reply::say(format!("It's {}.", in_words(here)))) };
    let first = format!("In {}, it's {}", places::called(first), there(first, here)?);
    Ok(Reply::say(match second {
        None => format!("{first}."),
        Some(second) => format!("{first}, and in {}, {}.", places::called(second), there(second, here)?),
    }))
}

/// "1:07 AM tomorrow".
fn there(place: &str, here: &Zoned) -> Result<String> {
    Ok(with_day(&here.with_time_zone(zone(place)?), here))
}

fn zone(place: &str) -> Result<TimeZone> {
    let unknown = || format!("I don't know the time zone of {}.", places::called(place));
    places::zone(place).ok_or_else(|| Error::new("time.unknown_place", unknown(), "Name a large city near it."))
}

fn with_day(then: &Zoned, here: &Zoned) -> String {
    let day = match here.date().until(then.date()).map(|span| span.get_days()) {
        Ok(0) => String::new(),
        Ok(1) => " tomorrow".into(),
        Ok(-1) => " yesterday".into(),
        _ => format!(" on {}", crate::skills::date::full(then.date(), then.year() != here.year())),
    };
    format!("{}{day}", in_words(then))
}

fn later(here: &Zoned, length: Duration, ago: bool) -> Option<Reply> {
    let words = duration::in_words(length);
    let then = if ago { here.checked_sub(length).ok()? } else { here.checked_add(length).ok()? };
    let then = with_day(&then, here);
    Some(Reply::say(if ago {
        format!("{} ago, it was {then}.", capitalized(&words))
    } else {
        format!("In {words}, it will be {then}.")
    }))
}

/// By how much the clocks of two places differ now; of one place and here.
fn difference(place: &str, other: Option<&str>, here: &Zoned) -> Result<Reply> {
    let now = here.timestamp();
    let offset = |zone: &TimeZone| i64::from(zone.to_offset(now).seconds());
    let there = offset(&zone(place)?);
    let (than, base) = match other {
        Some(other) => (places::called(other), offset(&zone(other)?)),
        None => ("here".into(), i64::from(here.offset().seconds())),
    };
    let name = capitalized(&places::called(place));
    let by = duration::in_words(Duration::from_secs((there - base).unsigned_abs()));
    let of = if other.is_some() { format!(" of {than}") } else { " of you".into() };
    Ok(Reply::say(match there.cmp(&base) {
        std::cmp::Ordering::Equal => match other {
            Some(_) => format!("{name} and {than} have the same time."),
            None => format!("{name} has the same time as you."),
        },
        std::cmp::Ordering::Greater => format!("{name} is {by} ahead{of}."),
        std::cmp::Ordering::Less => format!("{name} is {by} behind{}.", of.replace(" of", "")),
    }))
}

/// "Yes, it's 9:05 AM.", to what asks for a part of the day.
fn part(asked: &str, here: &Zoned) -> String {
    let hour = here.hour();
    let has = |word: &str| asked.split(' ').any(|asked| asked == word);
    let is_so = match () {
        // One of two is asked for: the time says which.
        () if has("or") => None,
        () if has("morning") => Some((5..12).contains(&hour)),
        () if has("afternoon") => Some((12..18).contains(&hour)),
        () if has("evening") => Some((17..23).contains(&hour)),
        () if has("night") => Some(!(6..21).contains(&hour)),
        () if has("daytime") => Some((7..19).contains(&hour)),
        () if has("am") => Some(hour < 12),
        () if has("pm") => Some(hour >= 12),
        () => None,
    };
    let said = match is_so {
        Some(true) => "Yes, it's",
        Some(false) => "No, it's",
        None => "It's",
    };
    format!("{said} {}.", in_words(here))
}

/// "3:07 PM".
pub(crate) fn in_words(time: &Zoned) -> String {
    let (hour, half) = match time.hour() {
        0 => (12, "AM"),
        hour @ 1..12 => (hour, "AM"),
        12 => (12, "PM"),
        hour => (hour - 12, "PM"),
    };
    format!("{hour}:{:02} {half}", time.minute())
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
