//! "What day is it", "how long until Christmas": the calendar, today and around it.

pub(crate) mod day;

use crate::router::pattern::{Captures, Patterns};
use crate::skills::time::places;
use day::Day;
use jarvis_core::{Error, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};
use jiff::civil::{Date, Weekday};

const TODAY: &str = "date.today";
const UNCLEAR: &str = "date.unclear";

const SPECS: &[SkillSpec] = &[
    SkillSpec {
        intent: TODAY,
        description: "Tell the date, the day of the week, or how many days it is until a date.",
        examples: &["what is the date", "what day is tomorrow", "how many days until christmas", "what week is it"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: UNCLEAR,
        description: "Own up to a question about the calendar that can't be worked out.",
        examples: &["when is the next full moon", "what day will it be when I am forty"],
        risk: Risk::None,
    },
];

/// What is asked about a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Date,
    Weekday,
    Month,
    Year,
    Week,
    Until,
    Since,
}

impl Asked {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Date, "date"),
        (Self::Weekday, "weekday"),
        (Self::Month, "month"),
        (Self::Year, "year"),
        (Self::Week, "week"),
        (Self::Until, "until"),
        (Self::Since, "since"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(asked, _)| *asked == self).map_or("date", |(_, name)| name)
    }

    fn from_name(name: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == name).map_or(Self::Date, |(asked, _)| *asked)
    }
}

const TEMPLATES: &[(Asked, &str)] = &[
    (
        Asked::Date,
        "(what is|tell me|give me|say) [the] [current|today's|todays|exact|full] date [today|now|right now|is it|of today|is today]",
    ),
    (Asked::Date, "what (is|was|will be) the date [be|on|for|of] {day}"),
    (
        Asked::Date,
        "(what is the|what is|tell me the|tell me) [current|today's|exact] date [today|now|right now|is it] in {place} [now|right now|today]",
    ),
    (Asked::Date, "what date is it [now|right now|today] in {place} [now|right now|today]"),
    (Asked::Weekday, "(what|which) day [of the week] is it [now|right now|today] in {place} [now|right now|today]"),
    (
        Asked::Weekday,
        "(what|which) (day|weekday|date|day of the week) (is it|will it be|was it|would it be) [on] {day}",
    ),
    (Asked::Weekday, "what (is|was) {offset}"),
    (Asked::Date, "(what is|tell me) {day} date"),
    (Asked::Date, "what date (is|was|will) [it|be] [on] {day}"),
    (Asked::Date, "what date (is it|is today|do we have|it is) [today]"),
    (Asked::Date, "(today's|todays|the|current) date"),
    (Asked::Date, "what (is|day is) today [today]"),
    (Asked::Date, "which date is (it|today) [today]"),
    (Asked::Weekday, "(what|which) day (is it|it is|is today|do we have) [today|now]"),
    (Asked::Weekday, "(what|which) day of the (week|month) is (it|today) [today]"),
    (
        Asked::Weekday,
        "(what|which) (day|weekday|day of the week) (is|was|does|will) [it|be] [on] {day} [be|fall on|on]",
    ),
    (Asked::Weekday, "tell me (the|what) day [of the week] [it is|is it] [today]"),
    (Asked::Weekday, "what is (the day|today's day|the weekday) [of the week] [today]"),
    (Asked::Weekday, "is (it|today) {weekday} [today|already]"),
    (Asked::Month, "(what|which) month (is it|are we in|is this|it is) [now|today]"),
    (Asked::Month, "what is the [current] month"),
    (Asked::Year, "(what|which) year (is it|are we in|is this|it is) [now|today]"),
    (Asked::Year, "what is the [current] year"),
    (
        Asked::Week,
        "(what|which) (week|week number|week of the year|calendar week) (is it|are we in|is this) [now|today]",
    ),
    (Asked::Week, "what is the [current] week number"),
    (
        Asked::Until,
        "how (many days|long|many more days|much longer|far) (until|till|til|to|before|is it until|is it till|is it to|are there until|are left until|is there until|are it until|left until|away is) {day}",
    ),
    (Asked::Until, "how many (sleeps|weeks) (until|till|to|are there until|is it until) {day}"),
    (Asked::Until, "how many days away is {day}"),
    (Asked::Until, "[tell me] when is {day} [this year]"),
    (Asked::Since, "how (many days|long) (since|has it been since|is it since|ago was|ago is) {day}"),
];

/// What the words after an answer ask of another day or place: "and tomorrow?"
#[rustfmt::skip]
const REPLIES: &[((), &str)] = &[
    ((), "[what about|how about|and] [in] {place}"),
    ((), "[what about|how about|and] [on] {day}"),
];

/// Beginnings of questions that only a calendar can answer, whatever follows.
#[rustfmt::skip]
const ABOUT_THE_CALENDAR: &[&str] = &[
    "what date is it", "what date will it be", "what date was it", "what day will it be", "what day was it", "what day is it",
    "what is the date in", "what is the date on", "when is my birthday", "when is easter", "when was easter", "when is the next full moon",
    "when is the next new moon", "when is the next eclipse", "when is the next solar eclipse", "when is the next lunar eclipse",
    "when is the next leap year", "when is the next public holiday", "when is the next bank holiday", "how old am i",
];

/// Tells the date.
pub struct Calendar {
    patterns: Patterns<Asked>,
    replies: Patterns<()>,
    /// What was asked last, of this skill.
    asked: Option<Asked>,
}

impl Calendar {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES), replies: Patterns::new(REPLIES), asked: None }
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Calendar {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        let known = self.patterns.find(text, slots);
        // "What day was it when Kennedy was shot" is history.
        let is_history = text.contains(" was it when ") || text.contains(" celebrated");
        let unclear = || !is_history && ABOUT_THE_CALENDAR.iter().any(|beginning| text.starts_with(beginning));
        let own_up = || IntentMatch { intent: UNCLEAR, slots: Slots::new(), confidence: 0.6 };
        known.map(matched).or_else(|| unclear().then(own_up))
    }

    fn follow_up(&self, text: &str) -> Option<IntentMatch> {
        let asked = self.asked?;
        self.replies.find(text, |(), captures| slots(asked, captures)).map(matched)
    }

    /// What was not understood may be the beginning of what is.
    fn expects_more(&self, matched: &IntentMatch) -> bool {
        matched.intent == UNCLEAR
    }

    fn run(&mut self, intent: &str, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        if !context.dry_run {
            self.asked = None;
        }
        if intent == UNCLEAR {
            return Ok(Reply::say("I can't work that out yet."));
        }
        let here = context.clock.local();
        let place = slots.get("place").map(String::as_str);
        let today = match place.and_then(places::zone) {
            Some(zone) => here.with_time_zone(zone).date(),
            None => here.date(),
        };
        let asked = slots.get("asked").map_or(Asked::Date, |name| Asked::from_name(name));
        if !context.dry_run && matches!(asked, Asked::Date | Asked::Weekday | Asked::Until) {
            self.asked = Some(asked);
        }
        if let Some(place) = place {
            return Ok(Reply::say(format!("In {}, it's {}.", places::called(place), full(today, false))));
        }
        if let Some(weekday) = slots.get("weekday").and_then(|name| day::weekday(name)) {
            let is_so = if today.weekday() == weekday { "Yes" } else { "No" };
            return Ok(Reply::say(format!("{is_so}, today is {}.", weekday_name(today.weekday()))));
        }
        let name = slots.get("day").map(String::as_str);
        let unknown =
            || Error::new("date.unknown_day", "I don't know that day.", "Name a date, such as December 25th.");
        let date = match name {
            None => today,
            Some(name) if asked == Asked::Since => {
                Day::parse(name).and_then(|day| day.last_before(today)).ok_or_else(unknown)?
            }
            Some(name) => Day::parse(name).and_then(|day| day.date(today)).ok_or_else(unknown)?,
        };
        let subject = match days_between(today, date) {
            0 => "Today is".to_owned(),
            1 => "Tomorrow is".to_owned(),
            -1 => "Yesterday was".to_owned(),
            days if days < 0 => "That was".to_owned(),
            _ => name
                .filter(|name| Day::is_named(name))
                .map_or("That is".into(), |name| format!("{} is on", capitalized(name))),
        };
        Ok(Reply::say(match asked {
            Asked::Date => format!("{subject} {}.", full(date, date.year() != today.year() || name.is_none())),
            Asked::Weekday => format!("{subject} {}.", full(date, date.year() != today.year())),
            Asked::Month => format!("It's {}.", month_name(date)),
            Asked::Year => format!("It's {}.", date.year()),
            Asked::Week => format!("It's week {}.", date.iso_week_date().week()),
            Asked::Until => match days_between(today, date) {
                0 => format!("That's today, {}.", full(date, false)),
                days => {
                    format!("{}, which is {}.", capitalized(&distance(days)), full(date, date.year() != today.year()))
                }
            },
            Asked::Since => match days_between(date, today) {
                0 => "That's today.".into(),
                1 => "One day.".into(),
                days => format!("{days} days."),
            },
        }))
    }
}

/// The slots of a question; `None` when the words in their places are none.
fn slots(asked: Asked, captures: &Captures) -> Option<Slots> {
    let mut slots = Slots::from([("asked".to_owned(), asked.name().to_owned())]);
    if let Some(day) = captures.get("day").or_else(|| captures.get("offset")) {
        let parsed = Day::parse(day)?;
        // "when is monday" is clear to a person; "when is today" is no question.
        if asked == Asked::Until && parsed == Day::Offset(0) {
            return None;
        }
        // "what is christmas" asks for more than a date.
        if captures.get("offset").is_some() && !matches!(parsed, Day::Offset(days) if days != 0) {
            return None;
        }
        slots.insert("day".into(), day.to_owned());
    }
    if let Some(weekday) = captures.get("weekday") {
        day::weekday(weekday)?;
        slots.insert("weekday".into(), weekday.to_owned());
    }
    if let Some(place) = captures.get("place") {
        places::zone(place)?;
        slots.insert("place".into(), place.to_owned());
    }
    Some(slots)
}

fn matched(slots: Slots) -> IntentMatch {
    IntentMatch { intent: TODAY, slots, confidence: 0.95 }
}

/// "in 3 days", "tomorrow".
fn distance(days: i32) -> String {
    match days {
        1 => "tomorrow".into(),
        -1 => "yesterday".into(),
        days if days < 0 => format!("{} days ago", -days),
        days => format!("in {days} days"),
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

/// "Saturday, November 21st, 2026".
pub(crate) fn full(date: Date, with_year: bool) -> String {
    let year = if with_year { format!(", {}", date.year()) } else { String::new() };
    let ending = match (date.day(), date.day() % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{}, {} {}{ending}{year}", weekday_name(date.weekday()), month_name(date), date.day())
}

fn weekday_name(day: Weekday) -> String {
    capitalized(day::WEEKDAYS[day.to_monday_zero_offset() as usize])
}

fn month_name(date: Date) -> String {
    capitalized(day::MONTHS[date.month() as usize - 1])
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeClock;

    fn ask(text: &str) -> String {
        let mut skill = Calendar::new();
        let found = skill.recognize(text).unwrap_or_else(|| panic!("not recognized: {text}"));
        let clock = FakeClock::new();
        let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
        skill.run(found.intent, &found.slots, &context).unwrap().spoken
    }

    #[test]
    fn days_are_told() {
        for (asked, told) in [
            ("what is the date", "Today is Saturday, November 21st, 2026."),
            ("what day is it", "Today is Saturday, November 21st."),
            ("what day of the week is it", "Today is Saturday, November 21st."),
            ("what is today", "Today is Saturday, November 21st, 2026."),
            ("what day is tomorrow", "Tomorrow is Sunday, November 22nd."),
            ("what is the date tomorrow", "Tomorrow is Sunday, November 22nd."),
            ("what day was yesterday", "Yesterday was Friday, November 20th."),
            ("what is tomorrow's date", "Tomorrow is Sunday, November 22nd."),
            ("what day is the day after tomorrow", "That is Monday, November 23rd."),
            ("what day is christmas", "Christmas is on Friday, December 25th."),
            ("what day of the week is july 4th", "That is Sunday, July 4th, 2027."),
            ("what date is next friday", "That is Friday, November 27th."),
            ("what date is it in two weeks", "That is Saturday, December 5th."),
            ("what month is it", "It's November."),
            ("what year is it", "It's 2026."),
            ("what week is it", "It's week 47."),
            ("is it friday", "No, today is Saturday."),
            ("is it saturday today", "Yes, today is Saturday."),
            ("how many days until christmas", "In 34 days, which is Friday, December 25th."),
            ("how long until new year", "In 41 days, which is Friday, January 1st, 2027."),
            ("how many days until friday", "In 6 days, which is Friday, November 27th."),
            ("how many days until the first of december", "In 10 days, which is Tuesday, December 1st."),
            ("when is halloween", "In 344 days, which is Sunday, October 31st, 2027."),
            ("how many days since christmas", "331 days."),
            ("what is the day after tomorrow", "That is Monday, November 23rd."),
            ("what day is it the day after tomorrow", "That is Monday, November 23rd."),
            ("what day will it be in 3 days", "That is Tuesday, November 24th."),
            ("what day was it 10 days ago", "That was Wednesday, November 11th."),
            ("what is the date in auckland", "In Auckland, it's Sunday, November 22nd."),
            ("what day is it in tokyo", "In Tokyo, it's Saturday, November 21st."),
            ("when is easter", "In 127 days, which is Sunday, March 28th, 2027."),
            ("when is easter 2028", "In 512 days, which is Sunday, April 16th, 2028."),
            ("what day is good friday", "Good friday is on Friday, March 26th, 2027."),
            ("how long until thanksgiving", "In 5 days, which is Thursday, November 26th."),
            ("when is my birthday", "I can't work that out yet."),
            ("when is the next full moon", "I can't work that out yet."),
            ("what day will it be when i am old", "I can't work that out yet."),
        ] {
            assert_eq!(ask(asked), told, "{asked}");
        }
    }

    #[test]
    fn history_is_for_the_language_model() {
        let skill = Calendar::new();
        for text in [
            "what is the date of the french revolution",
            "what day did the war end",
            "when is the best time to plant tomatoes",
            "what year was einstein born",
            "how long until the sun dies",
            "what is a date",
            "what is christmas",
            "what is easter",
            "what day is best for laundry",
            "how many days are in a leap year",
            "what is today's news",
            "is it raining",
        ] {
            assert_eq!(skill.recognize(text), None, "{text}");
        }
    }
}
