//! Timers: several at a time, with names, that ring until they are silenced, but not for ever.
//!
//! Keeps timers in memory alone. A timer is due when either clock says so: the monotonic one stands still while the
//! machine sleeps, and the wall clock may be set back.

mod duration;

use crate::router::pattern::{Captures, Patterns};
use jarvis_core::{Error, HostAction, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};
use jiff::Timestamp;
use std::time::{Duration, Instant};

const SET: &str = "timer.set";
const STATUS: &str = "timer.status";
const CANCEL: &str = "timer.cancel";

const SPECS: &[SkillSpec] = &[
    SkillSpec {
        intent: SET,
        description: "Set a timer for a length of time, with or without a name.",
        examples: &["set a timer for five minutes", "start a pasta timer for ten minutes", "an hour and a half timer"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: STATUS,
        description: "Say how long timers have left.",
        examples: &["how much time is left", "check my timers", "how long is left on the pasta timer"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: CANCEL,
        description: "Cancel a timer, or silence one that rings.",
        examples: &["cancel the timer", "stop the pasta timer", "cancel all timers", "turn off the alarm"],
        risk: Risk::None,
    },
];

const TEMPLATES: &[(&str, &str)] = &[
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want|let us have) [me|up|on|in|us] [a|an|another|the|my|one|new] [new] timer [on|up] [for|of|to|at] {duration}",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want) [me|up|on|us] [a|an|another|the|my] {duration} timer",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want) [me|up|on|us] [a|an|another|the|my] {duration} (timer|countdown) (for|called|named|labeled) [the|my|a|some] {label}",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want) [me|up|on|us] [a|an|another|the|my] timer (for|of) {duration} (for|called|named|labeled) [the|my|a|some] {label}",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run|give me|i need|i want) [me|up|on|us] [a|an|another|the|my] {label} timer (for|of|to|at) {duration}",
    ),
    (
        SET,
        "(set|start|create|make|begin|put|add|run) [a|an|another|the|my] timer (called|named|labeled|for [the|my|some]) {label} (for|of|to|at) {duration}",
    ),
    (SET, "[a|another|new] timer [for|of] {duration}"),
    (SET, "[a|an|another] {duration} timer"),
    (SET, "[a|the|my] {label} timer (for|of) {duration}"),
    (SET, "(set|start|begin) [a|the] countdown (for|of|from) {duration}"),
    (SET, "(count down|countdown) [from|for] {duration}"),
    (SET, "(set|start) [a|an] {duration} countdown"),
    (SET, "time {duration}"),
    (SET, "(set|start|create|make|begin) [me] [a|another|the|my] timer"),
    (
        STATUS,
        "how (much time|long|much longer|much|many minutes|many seconds) [time] [is|are|do i have|have i got|does it have|until] [left|remaining|to go] [on|for|in|of] [the|my|that|this] timer [left|have left|have|has left|still has|is done]",
    ),
    (
        STATUS,
        "how (much time|long|much longer|much) [time] [is|do i have] [left|remaining] (on|for|in|of) [the|my|that|this] {label} timer",
    ),
    (
        STATUS,
        "how (much time|long|much longer|much) [time] (does|has|do) [the|my] [{label}] timer [got|have|still have] [left|got left|remaining]",
    ),
    (STATUS, "how (much time|much longer) [is|do i have|have i got] (left|remaining|to go)"),
    (STATUS, "how much longer [is it|now]"),
    (STATUS, "how long (is left|do i have left|have i got left|left)"),
    (STATUS, "how (are|is) (my|the) [{label}] (timer|timers) [doing|going]"),
    (
        STATUS,
        "[check|show|show me|list|read|tell me|what are|what is|give me] [all|all of] [on] [the|my|me] (timer|timers) [status|left|running|active]",
    ),
    (STATUS, "(check|show|show me) [on] (the|my) {label} timer"),
    (STATUS, "(status|time left) (of|on) [the|my|all] [{label}] (timer|timers)"),
    (STATUS, "what is the status (of|on) [the|my|all] [{label}] (timer|timers)"),
    (
        STATUS,
        "when (is|does|will) (the|my) [{label}] timer [be] (done|end|ends|over|up|finish|finished|go off|going off|ring|due)",
    ),
    (STATUS, "(do i have|are there|is there|have i got) [any|a] (timer|timers) [running|set|active|going|left|on]"),
    (
        STATUS,
        "(what|which|how many) timers (do i have|are there|are running|are set|are active|have i got|have i set) [running|set]",
    ),
    (STATUS, "is (the|my) [{label}] timer [still] (running|on|done|going|set|active|over|up)"),
    (
        CANCEL,
        "(cancel|stop|delete|remove|clear|end|kill|silence|dismiss|reset|turn off|shut off|switch off|get rid of) [all|all of|every] [the|my|that|this|these|those] (timer|timers)",
    ),
    (
        CANCEL,
        "(cancel|stop|delete|remove|clear|end|kill|silence|dismiss|turn off|shut off|switch off|get rid of) [the|my|that|this] {label} timer",
    ),
    (CANCEL, "(cancel|stop|delete|remove|end) [the|my] timer (for|called|named) [the|my] {label}"),
    (CANCEL, "(turn|switch|shut) [the|my|that|all] (timer|timers|alarm) off"),
    (
        CANCEL,
        "(cancel|stop|silence|dismiss|turn off|shut off|switch off|mute|end|kill) [the|my|that|this] (alarm|ringing|beeping|ringer|noise)",
    ),
    (CANCEL, "(no more|forget the|forget my|forget all) (timer|timers)"),
];

/// More are refused, since nobody can tell them apart.
const MOST_TIMERS: usize = 24;
/// Longer ones are refused: they would not outlive the program anyway.
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
    timers: Vec<Timer>,
    next_look: Option<Instant>,
}

impl Timers {
    /// The skill, without timers.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES), timers: Vec::new(), next_look: None }
    }

    fn set(&mut self, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let Some(seconds) = slots.get("duration").and_then(|text| text.parse().ok()) else {
            return Ok(Reply::say("For how long? Say, for example, set a timer for ten minutes."));
        };
        let length = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        if !(SHORTEST..=LONGEST).contains(&length) {
            return Err(Error::new(
                "timer.length",
                "I can set timers from one second to seven days.",
                "Ask for a length between them.",
            ));
        }
        if self.timers.len() >= MOST_TIMERS {
            return Err(Error::new(
                "timer.too_many",
                format!("There are {MOST_TIMERS} timers already."),
                "Cancel one first, or say: cancel all timers.",
            ));
        }
        let now = context.clock.now();
        let timer = Timer {
            label: slots.get("label").cloned(),
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
        if !context.dry_run {
            self.timers.push(timer);
            self.timers.sort_by_key(|timer| timer.ends);
            self.next_look = Some(now + LOOK_EVERY);
        }
        Ok(reply)
    }

    fn status(&self, slots: &Slots, now: Instant) -> Reply {
        let asked: Vec<&Timer> = match slots.get("label") {
            Some(label) => self.timers.iter().filter(|timer| timer.is_called(label)).collect(),
            None => self.timers.iter().collect(),
        };
        let left = |timer: &Timer| match timer.left(now) {
            Duration::ZERO => "is done".to_owned(),
            left => format!("has {} left", duration::in_words(left)),
        };
        match (asked.as_slice(), slots.get("label")) {
            ([], Some(label)) if !self.timers.is_empty() => Reply::say(format!("There is no {label} timer.")),
            ([], _) => Reply::say("There are no timers."),
            ([timer], _) => Reply::say(format!("Your {} {}.", timer.name(), left(timer))),
            (several, _) => {
                let each: Vec<String> =
                    several.iter().map(|timer| format!("the {} {}", timer.name(), left(timer))).collect();
                Reply::say(format!("There are {} timers: {}.", several.len(), each.join(", ")))
            }
        }
    }

    fn cancel(&mut self, slots: &Slots, context: &SkillContext<'_>) -> Reply {
        // What rings is what is meant, unless another one is named.
        let label = slots.get("label");
        let ringing = self.timers.iter().any(|timer| timer.rang > 0);
        let is_meant = |timer: &Timer| match label {
            Some(label) => timer.is_called(label),
            None if slots.contains_key("all") => true,
            None if ringing => timer.rang > 0,
            None => true,
        };
        let meant: Vec<&Timer> = self.timers.iter().filter(|timer| is_meant(timer)).collect();
        let reply = match (meant.as_slice(), label) {
            ([], Some(label)) if !self.timers.is_empty() => format!("There is no {label} timer."),
            ([], _) => "There are no timers.".into(),
            _ if ringing && label.is_none() && !slots.contains_key("all") => String::new(),
            ([timer], _) => format!("I cancelled the {}.", timer.name()),
            (several, None) if !slots.contains_key("all") => {
                let names: Vec<String> = several.iter().map(|timer| format!("the {}", timer.name())).collect();
                return Reply::say(format!("Which one: {}?", names.join(" or ")));
            }
            (several, _) => format!("I cancelled {} timers.", several.len()),
        };
        if !context.dry_run {
            self.timers.retain(|timer| !is_meant(timer));
        }
        Reply::say(reply)
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
        if !["time", "count", "alarm", "ring", "beep", "long", "left", "noise"].iter().any(|word| text.contains(word)) {
            return None;
        }
        self.patterns.find(text, |intent, captures| {
            let slots = slots(intent, captures)?;
            let all = intent == CANCEL && (text.ends_with("timers") || text.contains("timers off"));
            let slots = slots.into_iter().chain(all.then(|| ("all".to_owned(), "true".to_owned()))).collect();
            Some(IntentMatch { intent, slots, confidence: 0.95 })
        })
    }

    fn expects_more(&self, matched: &IntentMatch) -> bool {
        matched.intent == SET && !matched.slots.contains_key("duration")
    }

    fn run(&mut self, intent: &str, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        match intent {
            SET => self.set(slots, context),
            STATUS => Ok(self.status(slots, context.clock.now())),
            _ => Ok(self.cancel(slots, context)),
        }
    }

    fn due(&mut self, context: &SkillContext<'_>) -> Option<Reply> {
        let (now, wall) = (context.clock.now(), context.clock.local().timestamp());
        self.next_look = Some(now + LOOK_EVERY);
        for timer in &mut self.timers {
            if timer.rang == 0 && wall >= timer.ends_at {
                timer.ends = timer.ends.min(now);
                timer.next_ring = timer.next_ring.min(now);
            }
        }
        self.timers.retain(|timer| timer.rang < RINGS || now < timer.next_ring);
        let timer = self.timers.iter_mut().find(|timer| now >= timer.next_ring)?;
        timer.rang += 1;
        timer.next_ring = now + RING_EVERY;
        let text = format!("Your {} is done.", timer.name());
        let notify = HostAction::Notify { title: capitalized(&timer.name()), body: "Time is up.".into() };
        Some(Reply { spoken: text, shown: None, actions: if timer.rang == 1 { vec![notify] } else { vec![] } })
    }

    fn next_due(&self) -> Option<Instant> {
        let first = self.timers.iter().map(|timer| timer.next_ring).min()?;
        Some(self.next_look.map_or(first, |look| look.min(first)))
    }

    fn silence(&mut self) -> bool {
        let before = self.timers.len();
        self.timers.retain(|timer| timer.rang == 0);
        self.timers.len() < before
    }
}

/// The slots of a match; `None` when the words in a duration's place are none.
fn slots(intent: &str, captures: &Captures) -> Option<Slots> {
    let mut slots = Slots::new();
    if let Some(text) = captures.get("duration") {
        slots.insert("duration".into(), duration::parse(text)?.as_secs_f64().to_string());
    }
    if let Some(label) = captures.get("label") {
        // "set a 5 timer for 3 minutes" and "a timer for ten minutes for two hours" are slips of the ear.
        let is_name = label.split(' ').count() <= 4 && (intent != SET || duration::parse(label).is_none());
        slots.insert("label".into(), is_name.then(|| label.to_owned())?);
    }
    Some(slots)
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
