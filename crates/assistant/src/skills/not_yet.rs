//! What Jarvis is asked to do and can't do yet: said in one honest sentence, since a language model would pretend.
//!
//! Owns no act. An intent leaves this file when a skill of its own serves it. Questions about these things ("how do
//! reminders work") are left to the language model, so templates name the act and never a bare word.

use crate::router::pattern::{Captures, Patterns};
use jarvis_core::{Error, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const fn not_yet(intent: &'static str, description: &'static str, examples: &'static [&'static str]) -> SkillSpec {
    SkillSpec { intent, description, examples, risk: Risk::None }
}

#[rustfmt::skip]
const SPECS: &[SkillSpec] = &[
    not_yet("alarm.set", "Say that alarms can't be set yet.", &["set an alarm for 7 am", "wake me up at six"]),
    not_yet("reminder.set", "Say that there are no reminders yet.", &["remind me to call mom at five"]),
    not_yet("volume.other", "Say that the volume of other things can't be changed.", &["turn up the music", "mute the tv"]),
    not_yet("app.open", "Say that apps can't be opened or closed yet.", &["open firefox", "close the browser"]),
    not_yet("media.control", "Say that music and videos can't be controlled yet.", &["play some music", "next song"]),
    not_yet("note.add", "Say that notes can't be taken yet.", &["take a note", "add milk to my shopping list"]),
    not_yet("memory.remember", "Say that nothing can be remembered yet.", &["remember that my car is red"]),
    not_yet("weather.get", "Say that there is no weather report yet.", &["what is the weather today", "will it rain"]),
    not_yet("sun.times", "Say that sunrise and sunset aren't known yet.", &["when is sunrise"]),
    not_yet("news.get", "Say that there is no news yet.", &["what is in the news"]),
    not_yet("message.send", "Say that calls and messages aren't possible yet.", &["call mom", "send an email to anna"]),
    not_yet("screenshot.take", "Say that screenshots can't be taken yet.", &["take a screenshot"]),
    not_yet("clipboard.read", "Say that the clipboard can't be read yet.", &["what is in my clipboard"]),
    not_yet("timer.pause", "Say that timers can't be paused yet.", &["pause the timer", "restart the timer"]),
];

/// What is said to each intent: what can't be done, and what can instead where there is something.
fn answer(intent: &str) -> Option<&'static str> {
    Some(match intent {
        "alarm.set" => "I can't set alarms yet, but I can set a timer.",
        "reminder.set" => "I can't set reminders yet, but I can set a timer.",
        "volume.other" => "I can't do that, but I can speak louder, quieter, or at any percent of my volume.",
        "app.open" => "I can't open or close apps yet.",
        "media.control" => "I can't play or control media yet.",
        "note.add" => "I can't take notes or keep lists yet.",
        "memory.remember" => "I can't remember things about you yet.",
        "weather.get" => "I can't look up the weather yet.",
        "sun.times" => "I can't look up sunrise and sunset yet.",
        "news.get" => "I can't look up the news yet.",
        "message.send" => "I can't make calls or handle messages yet.",
        "screenshot.take" => "I can't save screenshots yet, but I can read what is on the screen, and copy its text.",
        "clipboard.read" => "I can't read the clipboard yet, but I can copy text from the screen to it.",
        "timer.pause" => {
            "I can't do that with a timer yet, but I can say add two minutes, set a new one, or cancel it."
        }
        _ => return None,
    })
}

/// Slots are looked at by [`fits`].
const TEMPLATES: &[(&str, &str)] = &[
    ("alarm.set", "(set|create|make|add|give me|i need|i want) [me] [up] [a|an|another|the|my] [new] alarm [clock]"),
    (
        "alarm.set",
        "(set|create|make|add|give me|i need|i want) [me] [up] [a|an|another|the|my] [new] alarm [clock] (for|at|in|on|every|to|tomorrow) {any}",
    ),
    ("alarm.set", "(set|create|make|add) [a|an|another|the|my] {clock} alarm"),
    ("alarm.set", "alarm (for|at) {clock}"),
    ("alarm.set", "wake me [up] [tomorrow|early|tomorrow morning|later]"),
    ("alarm.set", "(wake|get) me up [tomorrow] (at|in|by|on|every) {any}"),
    ("alarm.set", "wake me [tomorrow] (at|in|by) {any}"),
    ("alarm.set", "(cancel|delete|remove) [my|the|all|all my] ({clock} alarm|alarms)"),
    ("alarm.set", "(what|which|how many) alarms (do i have|are set|have i set) [set]"),
    ("alarm.set", "do i have (any alarms|an alarm) [set]"),
    ("alarm.set", "when is my [next] alarm"),
    ("alarm.set", "snooze [the alarm|it]"),
    ("alarm.set", "(set|start) [a|the|my] timer (for|until|till|at|to) {clock}"),
    ("reminder.set", "remind me [later|again|tomorrow]"),
    (
        "reminder.set",
        "remind me (to|about|that|at|in|on|by|every|tomorrow|tonight|later|when i|before|after|next) {any}",
    ),
    ("reminder.set", "(set|create|add|make|give me|i need) [me] [up] [a|an|another|the|my] [new] reminder"),
    (
        "reminder.set",
        "(set|create|add|make|give me|i need) [me] [up] [a|an|another|the|my] [new] reminder (to|for|about|that|at|in|on|tomorrow) {any}",
    ),
    ("reminder.set", "(remember|do not forget|do not let me forget) to {any}"),
    ("reminder.set", "(what are|show|show me|list|read|delete|clear|cancel) [all] my reminders"),
    ("reminder.set", "do i have any reminders [today|tomorrow]"),
    ("volume.other", "(mute|unmute) (the audio|the speaker|the speakers|the computer|the music|the tv|everything)"),
    ("volume.other", "(turn|put) (the music|the audio) (up|down) [a bit|a little|a little bit|a lot|more]"),
    ("volume.other", "turn (up|down) the (music|audio) [a bit|a little|a lot]"),
    ("volume.other", "(turn (off|on) the audio|turn the audio (off|on))"),
    (
        "volume.other",
        "(increase|raise|lower|decrease|reduce|set|turn|change|turn up|turn down) [the|your] volume (to|by|up to|down to|of) {any}",
    ),
    (
        "app.open",
        "(open|launch|start|run|start up|open up|bring up|close|quit|exit|kill|switch to) [up] [the|my|a] [new] {app}",
    ),
    ("app.open", "(open|launch|start|run|close|quit|exit) [the|an|my|this] {any} (app|application|program)"),
    (
        "app.open",
        "(open|close|launch) [an|the|all|all my|my|this|that] (app|apps|application|applications|window|windows|program|programs)",
    ),
    ("app.open", "go to {site}"),
    (
        "media.control",
        "(play|put on|start|stop|pause|resume|turn on|turn off|shuffle) [me|some|my|the|this|a|any] [good|relaxing|nice] {media}",
    ),
    ("media.control", "play {any} (on|from) (spotify|youtube|netflix|apple music|the radio)"),
    ("media.control", "play [the] (song|album|artist|playlist|track|video|movie|radio station) {any}"),
    (
        "media.control",
        "(play|skip|go to|go back to|repeat) [to] [the|this|that] [next|previous|last] (song|track|video)",
    ),
    ("media.control", "(next|previous|skip) [the|this] (song|track|video)"),
    ("media.control", "what (song is this|song is playing|is this song|is playing) [now|right now]"),
    ("note.add", "(take|make|add|create|write|leave) [me|down] (a|another) [quick|new] note"),
    ("note.add", "(take|make|add|create) [me] (a|another) [quick|new] note (that|to|of|about|saying|called|for) {any}"),
    ("note.add", "(take|jot) (this|that|it|something) down"),
    ("note.add", "write (this|that) down"),
    ("note.add", "(take|note|jot) down {any}"),
    ("note.add", "(show|read|show me|read me|open|list|delete|search) [all] my notes"),
    ("note.add", "(add|put) {any} (to|on) (my|the|our) {list} list"),
    ("note.add", "what is on my {list} list"),
    ("memory.remember", "(remember|do not forget|keep in mind|make sure you remember) that {any}"),
    ("memory.remember", "(remember|do not forget) (my|i|i am|we) {any}"),
    ("memory.remember", "remember (this|that|it)"),
    ("memory.remember", "what do you (remember|know) about me"),
    (
        "memory.remember",
        "(what is|do you remember|do you know|you remember|forget) my (name|birthday|address|phone number|favorite color)",
    ),
    ("weather.get", "[current] (weather forecast|weather report|weather|forecast) [{when}]"),
    (
        "weather.get",
        "[what is|how is|tell me|check|show me|give me] (the|today's|tomorrow's|the current) (weather forecast|weather report|weather|forecast) [like|going to be like|going to be|looking like|looking|look like|be like|outside|for] [{when}]",
    ),
    ("weather.get", "(what|how) (will|is) the weather (be like|be|going to be like|going to be) [{when}]"),
    ("weather.get", "what does the weather look like [{when}]"),
    (
        "weather.get",
        "(what is|tell me) the (weather|weather forecast|forecast) [like|going to be like] (in|for) {place} [today|tonight|tomorrow|now|right now|this weekend]",
    ),
    (
        "weather.get",
        "(how is the weather|weather|weather forecast) (in|for) {place} [today|tonight|tomorrow|now|right now|this weekend]",
    ),
    ("weather.get", "(what is|how high is) the [current] temperature [outside] [{when}]"),
    (
        "weather.get",
        "(will it|is it going to|is it gonna|is it supposed to|does it) (rain|snow|storm|be sunny|be cold|be hot|be warm|be windy) [{when}]",
    ),
    ("weather.get", "is it (raining|snowing|cold|hot|warm|sunny|windy|cloudy) [outside] [{when}]"),
    ("weather.get", "how (hot|cold|warm|windy) is it [outside|going to be|going to get] [{when}]"),
    ("weather.get", "(do|will|should) i (need|take|bring) (an umbrella|a jacket|a coat) [{when}]"),
    ("sun.times", "(when|what time) (is|was) [the] [next] (sunrise|sunset) [{when}]"),
    ("sun.times", "(when|what time) (does|will) the sun (rise|set|come up|go down) [{when}]"),
    (
        "news.get",
        "[what is|what are|tell me|give me|read|read me|show me|play] [the|today's|some|any] [latest|current|top] (news|headlines) [today|now|this morning|for today]",
    ),
    ("news.get", "(what is in|what is new in|what is happening in) the (news|world) [today|right now]"),
    (
        "message.send",
        "(call|phone|ring|dial|text|message|email|facetime) (my {any}|mom|mum|dad|mommy|daddy|grandma|grandpa|the police|the doctor|a taxi|an ambulance|911|112|999) [back|now]",
    ),
    ("message.send", "call {who} [back|now]"),
    ("message.send", "(make|place) a [phone|video] call [to {any}]"),
    ("message.send", "(send|write) [a|an|my] [text|quick|new] (message|text|email|mail|e mail|sms) to {any}"),
    ("message.send", "send [{any}] (a|an) [text|quick|new] (message|text|email|mail|e mail|sms)"),
    (
        "message.send",
        "(check|read|show|show me|read me|open) my [new|latest|last] (email|emails|mail|messages|texts|inbox|voicemail)",
    ),
    ("message.send", "do i have [any] [new|unread] (email|emails|mail|messages|texts)"),
    ("message.send", "(answer|hang up|end|decline) the (phone|call)"),
    (
        "screenshot.take",
        "(take|make|save|capture|grab) [me] [a|an|another|the] (screenshot|screen shot|screen capture|screen grab|picture of my screen|picture of the screen|photo of my screen) [now|of {any}]",
    ),
    ("screenshot.take", "(screenshot|screen shot|screenshot this|capture my screen|capture the screen)"),
    (
        "clipboard.read",
        "(what is|what do i have|show me what is|read me what is|tell me what is|read what is) (in|on) (my|the) clipboard",
    ),
    ("clipboard.read", "(read|show|read me|show me|read out|paste) (my|the) clipboard"),
    (
        "timer.pause",
        "(pause|resume|unpause|hold|continue|restart|rename|edit) [the|my|that|this|all|all my] [{label}] (timer|timers)",
    ),
    ("timer.pause", "rename [the|my] [{label}] timer (to|by|for) {any}"),
    ("timer.pause", "(change|extend|lengthen|shorten) [the|my|that|this] [{label}] timer"),
    ("timer.pause", "make [the|my] [{label}] timer (longer|shorter)"),
];

/// Apps by the names people say. A name that is not here may be anything: "open sesame".
#[rustfmt::skip]
const APPS: &[&str] = &[
    "firefox", "chrome", "google chrome", "chromium", "safari", "edge", "browser", "web browser", "terminal", "spotify",
    "slack", "discord", "zoom", "teams", "microsoft teams", "skype", "telegram", "whatsapp", "outlook",
    "thunderbird", "vs code", "visual studio code", "calculator", "settings", "system settings", "files",
    "file manager", "finder", "explorer", "file explorer", "downloads folder", "documents folder", "email", "mail",
    "calendar", "youtube", "gmail", "google", "netflix", "facebook", "instagram", "twitter", "reddit", "steam",
    "excel", "powerpoint", "microsoft word", "notepad", "text editor", "vlc", "obsidian", "notion", "camera", "photos",
    "google maps", "maps", "task manager", "tab", "browser window", "window",
];

const MEDIA: &[&str] = &[
    "music",
    "song",
    "songs",
    "video",
    "movie",
    "radio",
    "playlist",
    "podcast",
    "audiobook",
    "jazz",
    "rock",
    "pop",
    "classical music",
    "jazz music",
    "rock music",
    "pop music",
    "tunes",
    "playback",
    "album",
];

const LISTS: &[&str] = &["shopping", "grocery", "groceries", "to do", "todo", "task", "packing", "wish", "christmas"];

const WHENS: &[&str] = &[
    "now",
    "right now",
    "today",
    "tonight",
    "tomorrow",
    "outside",
    "outside today",
    "outside right now",
    "this morning",
    "this afternoon",
    "this evening",
    "this week",
    "this weekend",
    "next week",
    "tomorrow morning",
    "tomorrow afternoon",
    "tomorrow evening",
    "later",
    "later today",
    "here",
    "on monday",
    "on tuesday",
    "on wednesday",
    "on thursday",
    "on friday",
    "on saturday",
    "on sunday",
    "for today",
    "for tomorrow",
    "for the weekend",
    "for this weekend",
    "for the week",
    "here today",
];

/// What follows "weather in" and is no place with a forecast, and "call" and is nobody.
const NO_PLACES: &[&str] = &["a", "an", "the", "space", "hell", "heaven", "general", "my", "your", "summer", "winter"];
const NOBODY: &[&str] = &[
    "me",
    "it",
    "this",
    "that",
    "you",
    "him",
    "her",
    "us",
    "stack",
    "stacks",
    "option",
    "options",
    "center",
    "centers",
    "centre",
    "sign",
    "signs",
    "duck",
    "forwarding",
    "waiting",
    "log",
    "off",
    "out",
    "function",
    "functions",
];

/// Whether each slot holds what its name says. `any`, `label` may be anything.
fn fits(slots: &Captures) -> bool {
    let known = |name: &str, list: &[&str]| slots.get(name).is_none_or(|words| list.contains(&words));
    let last_is =
        |name: &str, is: fn(&str) -> bool| slots.get(name).is_none_or(|s| s.split(' ').next_back().is_some_and(is));
    known("app", APPS)
        && known("site", APPS)
        && known("media", MEDIA)
        && known("list", LISTS)
        && known("when", WHENS)
        && last_is("clock", |word| {
            matches!(word, "am" | "pm" | "o'clock" | "oclock" | "noon" | "midnight" | "morning") || word.contains(':')
        })
        && last_is("length", |word| {
            matches!(word, "second" | "seconds" | "minute" | "minutes" | "hour" | "hours" | "min" | "mins")
        })
        && slots.get("place").is_none_or(|place| {
            place.split(' ').count() <= 3 && !place.split(' ').any(|word| NO_PLACES.contains(&word))
        })
        && slots.get("who").is_none_or(|who| !who.contains(' ') && !NOBODY.contains(&who))
}

/// Says what can't be done yet.
pub struct NotYet {
    patterns: Patterns<&'static str>,
}

impl NotYet {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES) }
    }
}

impl Default for NotYet {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for NotYet {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        // Less sure than any skill that can do what was asked.
        self.patterns.find(text, |intent, slots| {
            fits(slots).then(|| IntentMatch { intent, slots: Slots::new(), confidence: 0.8 })
        })
    }

    /// "Play some music" may go on as a question that the language model answers; and nobody is in a hurry for a no.
    fn expects_more(&self, _matched: &IntentMatch) -> bool {
        true
    }

    fn run(&mut self, intent: &str, _slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        let unknown = || Error::new("skill.unknown", format!("No skill serves {intent}."), "");
        answer(intent).map(Reply::say).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeClock;

    #[test]
    fn each_intent_is_answered_in_one_sentence_that_promises_nothing() {
        let clock = FakeClock::new();
        let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
        let mut skill = NotYet::new();
        for (intent, template) in TEMPLATES {
            assert!(SPECS.iter().any(|spec| spec.intent == *intent), "{template}");
        }
        for spec in SPECS {
            let said = skill.run(spec.intent, &Slots::new(), &context).unwrap();
            assert!(said.spoken.starts_with("I can't ") && said.spoken.matches('.').count() == 1, "{}", said.spoken);
            assert!(said.actions.is_empty());
        }
        assert!(skill.run("time.now", &Slots::new(), &context).is_err());
    }
}
