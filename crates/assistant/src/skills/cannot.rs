//! What no skill does and a language model would claim to have done: requests to act on the machine, the home and the
//! world. Said in one honest sentence.
//!
//! Looks at the shape of a request alone, a verb and a thing that it works on; what is known by name is refused in
//! [`super::not_yet`] with what can be done instead. Questions ("how do I lock a door") and texts that are to be written
//! are the language model's, so every template begins with the verb.

use crate::router::pattern::Patterns;
use jarvis_core::{IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "act.unknown",
    description: "Say that something can't be done, where a language model would claim to have done it.",
    examples: &["turn on the lights", "change the wake word to computer", "order a pizza"],
    risk: Risk::None,
}];

#[rustfmt::skip]
const TEMPLATES: &[&str] = &[
    "(turn on|turn off|switch on|switch off|shut off|power on|power off|turn up|turn down|turn|switch|set|change|enable|disable|activate|deactivate|lock|unlock|dim|brighten|open|close|start|stop|check|adjust|reset|restart|reboot|shut down|update|upgrade|connect|disconnect|connect to|pair|charge|mute|unmute|configure|fix|heat up|cool down|lower|raise|increase|decrease|rename) [all|all of] [the|my|our|your|this|that|these|those] {thing} [on|off|up|down|again|now|to {any}|for {any}|in {room}|by {any}]",
    "(turn on|turn off|switch on|switch off|shut off|power on|power off|turn up|turn down|turn|switch|set|change|enable|disable|activate|deactivate|lock|unlock|dim|brighten|open|close|start|stop|check|adjust|reset|restart|reboot|shut down|update|upgrade|connect|disconnect|connect to|pair|charge|mute|unmute|configure|fix|heat up|cool down|lower|raise|increase|decrease|rename) [all|all of] [the|my|our|your|this|that|these|those] [{which}] {thing} [on|off|up|down|again|now|to {any}|for {any}|in {room}|by {any}]",
    "(connect|disconnect|log|sign) [in|out|me] [to|into|from|out of] [the|my|our] {thing}",
    "(delete|remove|erase|move|copy|rename|save|print|upload|share|empty|install|uninstall|download|update|scan|back up|close) [the|my|all|all my|all the|this|that|these|a] {file} [now|to {any}|from {any}|on {any}|called {any}]",
    "(delete|remove|erase|move|copy|rename|save|print|upload|share|empty|install|uninstall|download|update|scan|back up|close) [the|my|all|all my|all the|this|that|these|a] [{which}] {file} [now|to {any}|from {any}|on {any}|called {any}]",
    "(install|uninstall|download) {any}",
    "(take|make|record) [a|an|another] (photo|picture|selfie|video|voice memo|recording|screen recording) [now|of {any}]",
    "(order|book|reserve|buy|rent) [me|us] (a|an|some|two|three) {any}",
    "(schedule|plan|cancel|move|reschedule|create|add) [me] (a|an|the|my|another) [new] {event} [for {any}|with {any}|at {any}|on {any}|to {any}|tomorrow|today]",
    "(pay|transfer|withdraw) [the|my] (bill|bills|rent|money|invoice|{any} dollars|{any} euros) [to {any}]",
    "(search|look on|check|browse) (the internet|the web|online|google|wikipedia|youtube) [for {any}]",
    "(google for|google the|google a|google how|look up online) {any}",
    "(shut down|restart|reboot|log out|log off|hibernate|sleep) [the|my|this] [computer|machine|laptop|pc|system] [now]",
    "(find|locate|ring|track|call) my (phone|keys|car|wallet|tablet|laptop|watch)",
    "(change|set|make|switch) [the|your] (wake word|wakeword|hotword|name|language|hotkey|microphone|model|language model|speaker) [to|into] {any}",
    "(change|set|make|switch) [the|your] (wake word|wakeword|hotword|name|language|hotkey|microphone|model|language model|speaker)",
    "(share|tweet|post) (this|that|it) [on|to] [{any}]",
    "(vacuum|clean|water|feed|walk|wash|cook|make|brew) [me] (the|my|some|a) (house|floor|plants|dog|cat|dishes|car|kitchen|coffee|tea|dinner|living room)",
];

/// What belongs to a machine or a home.
#[rustfmt::skip]
const THINGS: &[&str] = &[
    "ac", "air conditioner", "air conditioning", "battery", "battery saver", "blinds", "bluetooth", "brightness", "bulb", "camera",
    "ceiling fan", "coffee machine", "computer", "curtains", "dark mode", "desktop", "dishwasher", "do not disturb", "door",
    "doors", "fan", "fireplace", "flashlight", "flight mode", "airplane mode", "front door", "garage", "garage door", "gate",
    "headphones", "headset", "heater", "heating", "hotspot", "humidifier", "internet", "keyboard", "lamp", "lamps", "laptop",
    "light", "lights", "location", "lock", "machine", "microwave", "mobile data", "monitor", "monitors", "mouse", "network",
    "night mode", "notifications", "outlet", "oven", "pc", "phone", "playstation", "plug", "printer", "projector", "router",
    "screen", "screen saver", "shutters", "smart plug", "socket", "speaker", "speakers", "sprinkler", "sprinklers", "stereo",
    "stove", "system", "tablet", "television", "temperature", "thermostat", "tv", "vacuum", "vpn", "wallpaper", "washing machine",
    "webcam", "wi fi", "wifi", "xbox", "music",
];

/// What lies in folders.
#[rustfmt::skip]
const FILES: &[&str] = &[
    "app", "apps", "backup", "desktop", "directory", "document", "documents", "download", "downloads", "email", "emails", "file",
    "files", "folder", "folders", "photo", "photos", "picture", "pictures", "program", "programs", "recycle bin", "screenshot",
    "software", "spreadsheet", "system", "trash", "video", "videos", "history", "browser history", "cache",
];

/// What stands in calendars.
#[rustfmt::skip]
const EVENTS: &[&str] = &[
    "appointment", "call", "calendar entry", "calendar event", "conference", "dentist appointment", "doctor's appointment",
    "event", "meeting", "meetings", "order", "reservation", "subscription", "task", "to do", "video call", "zoom call",
];

/// What is bought by nobody who says so: "get a life", "book a place in history".
const NO_PURCHASES: &[&str] =
    &["life", "grip", "point", "idea", "joke", "story", "answer", "example", "sense", "feeling"];

/// Words in whose company it is a matter of words: a story about a robot that locks the door.
const IN_WORDS: &[&str] = &[
    "about",
    "essay",
    "explain",
    "how",
    "lyrics",
    "meaning",
    "poem",
    "song",
    "story",
    "translate",
    "what",
    "who",
    "why",
    "without",
];

/// No rooms: "say it in French".
const LANGUAGES: &[&str] = &["english", "french", "german", "italian", "japanese", "latin", "russian", "spanish"];

/// More words than a request like this has.
const MOST_WORDS: usize = 14;

/// Owns up to what can't be done.
pub struct Cannot {
    patterns: Patterns<()>,
}

impl Cannot {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(&TEMPLATES.iter().map(|template| ((), *template)).collect::<Vec<_>>()) }
    }
}

impl Default for Cannot {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Cannot {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        let words: Vec<&str> = text.split(' ').collect();
        if words.len() > MOST_WORDS || words.iter().any(|word| IN_WORDS.contains(word)) {
            return None;
        }
        self.patterns.find(text, |(), slots| {
            let known = |name: &str, list: &[&str]| slots.get(name).is_none_or(|words| list.contains(&words));
            let short = |name: &str| slots.get(name).is_none_or(|words| words.split(' ').count() <= 3);
            let is_bought = !["order", "book", "reserve", "buy", "rent"].contains(&words[0])
                || slots.get("any").is_none_or(|any| !any.split(' ').any(|word| NO_PURCHASES.contains(&word)));
            let is_room = slots.get("room").is_none_or(|room| !LANGUAGES.contains(&room));
            let fits = is_room && known("thing", THINGS) && known("file", FILES) && known("event", EVENTS) && is_bought;
            (fits && short("which") && short("room")).then(|| IntentMatch {
                intent: "act.unknown",
                slots: Slots::new(),
                // Less sure than whoever knows the thing by its name.
                confidence: 0.55,
            })
        })
    }

    /// Nobody is in a hurry for a no.
    fn expects_more(&self, _matched: &IntentMatch) -> bool {
        true
    }

    fn run(&mut self, _intent: &str, _slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        Ok(Reply::say("I can't do that, and I did nothing. Ask me what I can do."))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Talk;

    #[test]
    fn what_no_skill_does_is_refused() {
        for said in [
            "change the wake word to computer",
            "turn on the lights",
            "turn the kitchen lights off",
            "dim the lights in the living room",
            "set the thermostat to 20 degrees",
            "lock the front door",
            "turn off bluetooth",
            "connect to the wifi",
            "take a screenshot",
            "delete all my files",
            "empty the trash",
            "install Firefox",
            "order a pizza",
            "book me a flight to Rome",
            "buy some milk",
            "schedule a meeting for tomorrow",
            "search the web for cats",
            "google the weather in Rome",
            "restart the computer",
            "shut down",
            "find my phone",
            "change the language to German",
            "make me some coffee",
            "could you please turn up the brightness",
        ] {
            assert!(Talk::new().say(said).contains("can't"), "{said}: {}", Talk::new().say(said));
        }
    }

    #[test]
    fn questions_and_texts_are_for_the_language_model() {
        for said in [
            "how do I lock a door",
            "how do egg timers work",
            "what happens when you turn off a computer",
            "why should I restart my computer",
            "write a story about turning off the lights",
            "tell me how to order a pizza",
            "explain how a thermostat works",
            "set the table in French",
            "set theory explained",
            "set an example",
            "turn lead into gold",
            "start a conversation about dogs",
            "close encounters of the third kind",
            "open sesame",
            "order of operations",
            "book recommendations for the summer",
            "get a life quotes",
            "get me a recipe for pancakes",
            "get the capital of France",
            "get me some ideas for dinner",
            "order the planets by size",
            "update me on the history of Rome",
            "google was founded when",
            "close the door in French",
            "give me an idea",
            "who turned off the lights in that song",
            "make a joke",
            "make up a name for a cat",
            "check my spelling of accommodate",
            "find a rhyme for orange",
            "change is hard",
            "is a phone a computer",
            "describe the sea",
            "translate turn on the light into Spanish",
        ] {
            assert_eq!(Talk::new().say(said), "chat", "{said}");
        }
    }
}
