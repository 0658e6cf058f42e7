//! Timers: several at a time, with names, that ring until they are silenced, but not for ever.
//!
//! Keeps timers in memory, and gives out what has to outlive the program ([`kept`]). A timer is due when either clock says
//! so: the monotonic one stands still while the machine sleeps, and the wall clock may be set back.

pub(crate) mod duration;
mod follow;
mod kept;
mod templates;
mod unclear;

use crate::numbers;
use crate::router::pattern::{Captures, Patterns};
use follow::{Answer, Pending};
use jarvis_core::{Error, HostAction, IntentMatch, Reply, Result, Skill, SkillContext, SkillSpec, Slots};
use jiff::Timestamp;
use std::time::{Duration, Instant};
use templates::{CANCEL, CHANGE, LENGTH, SET, SPECS, STATUS, TEMPLATES, UNCLEAR};
use unclear::Unclear;

/// More are refused, since nobody can tell them apart.
const MOST_TIMERS: usize = 24;
/// Longer ones are refused: that is what a calendar is for.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// Shorter ones are over before they are confirmed.
const SHORTEST: Duration = Duration::from_secs(1);
/// A timer rings this often ...
const RING_EVERY: Duration = Duration::from_secs(6);
/// ... and this many times.
const RINGS: u32 = 10;
/// While timers run, the wall clock is looked at this often, for the case that the machine slept.
const LOOK_EVERY: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, PartialEq)]
struct Timer {
    label: Option<String>,
    length: Duration,
    ends: Instant,
    ends_at: Timestamp,
    /// How often it rang.
    rang: u32,
    next_ring: Instant,
}

impl Timer {
    /// "pasta timer", "5 minute timer".
    fn name(&self) -> String {
        match &self.label {
            Some(label) => format!("{label} timer"),
            // An adjective has no plural: "5 minute timer".
            None => format!("{} timer", duration::in_words(self.length).replace("s ", " ").trim_end_matches('s')),
        }
    }

    fn left(&self, now: Instant) -> Duration {
        // Rounded up: right after it was set, a timer of five minutes has five minutes left. Beyond an hour, nobody wants
        // the seconds.
        let seconds = self.ends.saturating_duration_since(now).as_secs_f64().ceil() as u64;
        Duration::from_secs(if seconds > 3600 { seconds.div_ceil(60) * 60 } else { seconds })
    }

    fn is_called(&self, label: &str) -> bool {
        self.label.as_deref() == Some(label) || duration::parse(label) == Some(self.length)
    }
}

/// Keeps timers.
pub struct Timers {
    patterns: Patterns<&'static str>,
    replies: Patterns<Answer>,
    /// In the order in which they end.
    timers: Vec<Timer>,
    /// What the last answer left open.
    pending: Option<Pending>,
    next_look: Option<Instant>,
    /// What ended while the program was off and was not told yet, and since when it is known.
    missed: Option<(Vec<kept::Missed>, Instant)>,
}

impl Timers {
    /// The skill, without timers.
    pub fn new() -> Self {
        Self {
            patterns: Patterns::new(TEMPLATES),
            replies: Patterns::new(follow::TEMPLATES),
            timers: Vec::new(),
            pending: None,
            next_look: None,
            missed: None,
        }
    }

    fn set(&mut self, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let label = slots.get("label").cloned();
        let Some(length) = seconds(slots, "duration") else {
            let count = slots.get("count").and_then(|count| count.parse::<f64>().ok());
            self.pending = Some(count.map_or(Pending::Length { label }, |count| Pending::Unit { count }));
            return Ok(Reply::say(match count {
                Some(count) => format!("{count} what: seconds, minutes or hours?"),
                None => "For how long? Say, for example, set a timer for ten minutes.".into(),
            }));
        };
        let length = possible(length)?;
        if self.timers.len() >= MOST_TIMERS {
            return Err(Error::new(
                "timer.too_many",
                format!("There are {MOST_TIMERS} timers already."),
                "Cancel one first, or say: cancel all timers.",
            ));
        }
        let now = context.clock.now();
        let timer = Timer {
            label,
            length,
            ends: now + length,
            ends_at: context.clock.local().timestamp() + length,
            rang: 0,
            next_ring: now + length,
        };
        let words = duration::in_words(length);
        let reply = match &timer.label {
            Some(label) => Reply::say(format!("{} timer set for {words}.", capitalized(label))),
            None => Reply::say(format!("Timer set for {words}.")),
        };
        self.pending = Some(Pending::Latest { ends: timer.ends });
        if !context.dry_run {
            self.timers.push(timer);
            self.timers.sort_by_key(|timer| timer.ends);
            self.next_look = Some(now + LOOK_EVERY);
        }
        Ok(reply)
    }

    fn status(&self, slots: &Slots, now: Instant) -> Reply {
        let asked: Vec<&Timer> = self.meant(slots).map(|at| &self.timers[at]).collect();
        let left = |timer: &Timer| match timer.left(now) {
            Duration::ZERO => "is done".to_owned(),
            left => format!("has {} left", duration::in_words(left)),
        };
        match (asked.as_slice(), slots.get("label")) {
            ([], _) => Reply::say(self.none(slots)),
            ([timer], _) => Reply::say(format!("Your {} {}.", timer.name(), left(timer))),
            (several, _) => {
                let each: Vec<String> =
                    several.iter().map(|timer| format!("the {} {}", timer.name(), left(timer))).collect();
                Reply::say(format!("There are {} timers: {}.", several.len(), each.join(", ")))
            }
        }
    }

    fn cancel(&mut self, slots: &Slots, context: &SkillContext<'_>) -> Reply {
        let label = slots.get("label").map(String::as_str);
        let is_all = slots.contains_key("all");
        let ringing = self.timers.iter().any(|timer| timer.rang > 0);
        let meant = self.meant(slots).collect::<Vec<_>>();
        let reply = match (meant.as_slice(), label) {
            ([], _) => self.none(slots),
            _ if ringing && label.is_none() && !is_all => String::new(),
            ([at], Some(label)) if place(label).is_some() && self.timers.len() > 1 => {
                format!("I cancelled the {}, the {label} to ring.", self.timers[*at].name())
            }
            ([at], _) => format!("I cancelled the {}.", self.timers[*at].name()),
            (several, None) if !is_all => return self.ask_which(CANCEL, slots, several),
            (several, _) => format!("I cancelled {} timers.", several.len()),
        };
        if !context.dry_run {
            let mut at = 0..;
            self.timers.retain(|_| !at.next().is_some_and(|at| meant.contains(&at)));
        }
        Reply::say(reply)
    }

    /// Gives a timer another length, counted from now, or more or less of the one it has.
    fn change(&mut self, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let meant = self.meant(slots).collect::<Vec<_>>();
        let at = match meant[..] {
            [] => return Ok(Reply::say(self.none(slots))),
            [at] => at,
            ref several => return Ok(self.ask_which(CHANGE, slots, several)),
        };
        let now = context.clock.now();
        let mut timer = self.timers[at].clone();
        let left = timer.left(now);
        let new = match (seconds(slots, "to"), slots.get("by").and_then(|by| by.parse::<f64>().ok())) {
            (Some(to), _) => to,
            (None, by) => left.as_secs_f64() + by.unwrap_or_default(),
        };
        if new < SHORTEST.as_secs_f64() && !left.is_zero() && slots.contains_key("by") {
            let words = duration::in_words(left);
            return Ok(Reply::say(format!("The {} has only {words} left.", timer.name())));
        }
        let new = possible(new)?;
        let name = timer.label.as_ref().map_or_else(|| "timer".to_owned(), |label| format!("{label} timer"));
        let words = duration::in_words(new);
        let is_set = slots.contains_key("to");
        timer.length = if is_set { new } else { (timer.length + new).saturating_sub(left).max(SHORTEST).min(LONGEST) };
        (timer.ends, timer.next_ring, timer.rang) = (now + new, now + new, 0);
        timer.ends_at = context.clock.local().timestamp() + new;
        self.pending = Some(Pending::Latest { ends: timer.ends });
        if !context.dry_run {
            self.timers[at] = timer;
            self.timers.sort_by_key(|timer| timer.ends);
        }
        Ok(Reply::say(match is_set {
            true => format!("The {name} is set for {words} now."),
            false => format!("The {name} has {words} left now."),
        }))
    }

    /// The places of the timers that are meant. Without a name that is what rings, if anything does, or every one.
    fn meant(&self, slots: &Slots) -> impl Iterator<Item = usize> + use<'_> {
        let label = slots.get("label").map(String::as_str);
        let nth = label.and_then(place);
        let named = label.map(str::to_owned);
        let latest = slots.contains_key("latest").then_some(match self.pending {
            Some(Pending::Latest { ends }) => Some(ends),
            _ => None,
        });
        let only_ringing = !slots.contains_key("all") && self.timers.iter().any(|timer| timer.rang > 0);
        let count = self.timers.len();
        let is_meant = move |at: usize, timer: &Timer| match (nth, &named, latest) {
            (Some(nth), ..) => nth.at(count) == Some(at),
            (_, Some(label), _) => timer.is_called(label),
            (.., Some(ends)) => ends == Some(timer.ends),
            _ => !only_ringing || timer.rang > 0,
        };
        self.timers.iter().enumerate().filter(move |(at, timer)| is_meant(*at, timer)).map(|(at, _)| at)
    }

    /// What is said where no timer is the one that is meant.
    fn none(&self, slots: &Slots) -> String {
        match (slots.get("label"), self.timers.as_slice()) {
            (_, []) => "There are no timers.".into(),
            (Some(label), [_]) if place(label).is_some() => "There is only one timer.".into(),
            (Some(label), timers) if place(label).is_some() => format!("There are only {} timers.", timers.len()),
            (Some(label), _) => format!("There is no {label} timer."),
            (None, _) => "That timer is over.".into(),
        }
    }

    fn ask_which(&mut self, intent: &'static str, slots: &Slots, several: &[usize]) -> Reply {
        let names: Vec<String> = several.iter().map(|at| format!("the {}", self.timers[*at].name())).collect();
        self.pending = Some(Pending::Which { intent, slots: slots.clone() });
        Reply::say(format!("Which one: {}?", names.join(" or ")))
    }

    /// Asks whether a timer is meant by a length of time that answers nothing.
    fn offer(&mut self, slots: &Slots) -> Reply {
        let seconds = seconds(slots, "duration").unwrap_or_default();
        self.pending = Some(Pending::Offer { seconds });
        let words = duration::in_words(Duration::try_from_secs_f64(seconds).unwrap_or_default());
        Reply::say(format!("Do you want a timer for {words}?"))
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Timers {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        let known = self.patterns.find(text, |intent, captures| {
            let slots = slots(intent, captures)?;
            let all = intent == CANCEL && (text.ends_with("timers") || text.contains("timers off"));
            let slots = slots.into_iter().chain(all.then(|| ("all".to_owned(), "true".to_owned()))).collect();
            Some(IntentMatch { intent, slots, confidence: 0.95 })
        });
        known.or_else(|| {
            let unclear = unclear::about(text)?;
            let slots = Slots::from([("unclear".to_owned(), unclear.name().to_owned())]);
            Some(IntentMatch { intent: UNCLEAR, slots, confidence: 0.6 })
        })
    }

    fn follow_up(&self, text: &str) -> Option<IntentMatch> {
        let pending = self.pending.as_ref()?;
        let found = self.replies.find(text, |answer, captures| follow::understood(pending, answer, captures))?;
        let is_none = matches!(pending, Pending::Which { .. }) && self.meant(&found.1).next().is_none();
        // What is to be cancelled is what rings, and not what was set last.
        let is_ringing = found.0 == CANCEL && self.timers.iter().any(|timer| timer.rang > 0);
        (!is_none && !is_ringing).then_some(IntentMatch { intent: found.0, slots: found.1, confidence: 1.0 })
    }

    fn expects_more(&self, matched: &IntentMatch) -> bool {
        let is_open = matched.intent == SET && !matched.slots.contains_key("duration");
        is_open || [LENGTH, UNCLEAR].contains(&matched.intent)
    }

    fn run(&mut self, intent: &str, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let (now, wall) = (context.clock.now(), context.clock.local().timestamp());
        for timer in &mut self.timers {
            timer.follow(now, wall);
        }
        let before = self.pending.clone();
        if !slots.contains_key("latest") {
            self.pending = None;
        }
        let reply = match intent {
            SET => self.set(slots, context),
            STATUS => Ok(self.status(slots, context.clock.now())),
            CHANGE => self.change(slots, context),
            LENGTH => Ok(self.offer(slots)),
            UNCLEAR => {
                let unclear = slots.get("unclear").map_or(Unclear::Everything, |name| Unclear::from_name(name));
                self.pending = (unclear == Unclear::Length).then_some(Pending::Length { label: None });
                Ok(Reply::say(unclear.answer()))
            }
            _ => Ok(self.cancel(slots, context)),
        };
        if context.dry_run {
            self.pending = before;
        }
        reply
    }

    fn due(&mut self, context: &SkillContext<'_>) -> Option<Reply> {
        if let Some((missed, _)) = self.missed.take() {
            return Some(kept::told(&missed));
        }
        let (now, wall) = (context.clock.now(), context.clock.local().timestamp());
        self.next_look = Some(now + LOOK_EVERY);
        for timer in &mut self.timers {
            timer.follow(now, wall);
        }
        self.timers.retain(|timer| timer.rang < RINGS || now < timer.next_ring);
        let timer = self.timers.iter_mut().find(|timer| now >= timer.next_ring)?;
        timer.rang += 1;
        timer.next_ring = now + RING_EVERY;
        let text = format!("Your {} is done.", timer.name());
        let notify = HostAction::Notify { title: capitalized(&timer.name()), body: "Time is up.".into() };
        let actions = if timer.rang == 1 { vec![notify] } else { vec![] };
        Some(Reply { spoken: text, actions, ..Reply::default() })
    }

    fn next_due(&self) -> Option<Instant> {
        if let Some((_, since)) = &self.missed {
            return Some(*since);
        }
        let first = self.timers.iter().map(|timer| timer.next_ring).min()?;
        Some(self.next_look.map_or(first, |look| look.min(first)))
    }

    fn silence(&mut self) -> bool {
        let before = self.timers.len();
        self.timers.retain(|timer| timer.rang == 0);
        self.timers.len() < before
    }

    fn kept(&self) -> Vec<Slots> {
        self.timers.iter().filter_map(Timer::record).collect()
    }

    fn restore(&mut self, records: &[Slots], context: &SkillContext<'_>) -> Result<()> {
        let now = context.clock.now();
        let (timers, missed) = kept::restored(records, now, context.clock.local().timestamp())?;
        self.timers = timers;
        self.next_look = Some(now + LOOK_EVERY);
        self.missed = (!missed.is_empty()).then_some((missed, now));
        Ok(())
    }
}

/// The slots of a match; `None` when the words in a duration's place are none.
fn slots(intent: &str, captures: &Captures) -> Option<Slots> {
    let mut slots = Slots::new();
    for (slot, name, sign) in
        [("duration", "duration", 1.0), ("to", "to", 1.0), ("more", "by", 1.0), ("less", "by", -1.0)]
    {
        if let Some(text) = captures.get(slot) {
            slots.insert(name.into(), (sign * length_of(text)?.as_secs_f64()).to_string());
        }
    }
    // Of "a day" people speak for other reasons.
    if intent == LENGTH && !captures.get("duration").is_some_and(is_of_a_timer) {
        return None;
    }
    if let Some(count) = captures.get("count") {
        slots.insert("count".into(), read_count(count)?.to_string());
    }
    if let Some(label) = captures.get("label") {
        // "set a 5 timer for 3 minutes" and "a timer for ten minutes for two hours" are slips of the ear.
        let is_name = label.split(' ').count() <= 4
            && label.len() <= kept::LONGEST_LABEL
            && (intent != SET || !is_like_a_length(label));
        slots.insert("label".into(), is_name.then(|| label.to_owned())?);
    }
    Some(slots)
}

/// Words beside a length of time that change nothing.
const FILLERS: &[&str] = &[
    "about",
    "additional",
    "approximately",
    "around",
    "exactly",
    "extra",
    "just",
    "like",
    "maybe",
    "more",
    "roughly",
    "uh",
    "um",
];

/// A length of time, as it is said in passing: "like ten minutes", "two more minutes".
fn length_of(text: &str) -> Option<Duration> {
    let words: Vec<&str> = text.split(' ').filter(|word| !FILLERS.contains(word)).collect();
    duration::parse(&words.join(" "))
}

/// A number without a unit, above zero.
fn read_count(text: &str) -> Option<f64> {
    numbers::parse_all(text).filter(|count| *count > 0.0)
}

/// Whether a length of time alone is one that is timed: it has a number, and is no matter of days.
fn is_of_a_timer(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    numbers::parse(&words).is_some() && !words.iter().any(|word| word.starts_with("day") || word.starts_with("week"))
}

/// Whether a name is none, but a length of time that was not understood: "banana minute".
fn is_like_a_length(label: &str) -> bool {
    let has = |stems: &[&str]| label.split(' ').any(|word| stems.iter().any(|stem| word.starts_with(stem)));
    duration::parse(label).is_some()
        || numbers::parse_all(label).is_some()
        || has(&["minute", "second", "hour", "timer"])
}

/// A place in the row of timers that ring one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// From one on.
    Nth(usize),
    Last,
}

impl Place {
    /// Which of `count` timers it is.
    fn at(self, count: usize) -> Option<usize> {
        match self {
            Self::Nth(nth) => (1..=count).contains(&nth).then(|| nth - 1),
            Self::Last => count.checked_sub(1),
        }
    }
}

/// "second", "2nd", "last".
fn place(label: &str) -> Option<Place> {
    let words: Vec<&str> = label.split(' ').collect();
    match words[..] {
        ["last"] => Some(Place::Last),
        ["next"] => Some(Place::Nth(1)),
        // Its length: "the thirty second timer".
        [_, "second"] => None,
        _ => {
            let (nth, taken) = numbers::parse_ordinal(&words)?;
            (taken == words.len()).then_some(Place::Nth(nth as usize))
        }
    }
}

/// A slot of seconds.
fn seconds(slots: &Slots, name: &str) -> Option<f64> {
    slots.get(name)?.parse().ok()
}

/// The length of a timer.
///
/// # Errors
/// No timer has it.
fn possible(seconds: f64) -> Result<Duration> {
    let length = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
    if (SHORTEST..=LONGEST).contains(&length) {
        return Ok(length);
    }
    Err(Error::new("timer.length", "I can set timers from one second to seven days.", "Ask for a length between them."))
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod kept_tests;
#[cfg(test)]
mod talk_tests;
#[cfg(test)]
mod tests;
