//! Emergencies: whom to call, at once, in fixed words.
//!
//! Never left to a language model, and never answered with more than is certain. The emergency number and the crisis line
//! are those of the region that the machine's time zone is in; where they are not known for sure, none is named. Jarvis
//! can't call anybody, and says so.

use crate::router::pattern::Patterns;
use jarvis_core::{IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const DANGER: &str = "emergency.danger";
const CRISIS: &str = "emergency.crisis";

const SPECS: &[SkillSpec] = &[
    SkillSpec {
        intent: DANGER,
        description: "Say whom to call in an emergency.",
        examples: &["I'm having a heart attack", "call an ambulance", "my house is on fire"],
        risk: Risk::None,
    },
    SkillSpec {
        intent: CRISIS,
        description: "Say whom to talk to for whoever thinks of ending their life.",
        examples: &["I want to kill myself", "I want to die"],
        risk: Risk::None,
    },
];

#[rustfmt::skip]
const TEMPLATES: &[(&str, &str)] = &[
    (CRISIS, "[i think|i feel like|sometimes|maybe|honestly] i [really|just] (want|wish|need|am going|am gonna|am about|plan|would like|intend|have decided) [to] (die|be dead|end it all|end my life|take my life|take my own life|commit suicide|kill myself|hurt myself|harm myself|hang myself|shoot myself|cut myself|not be alive|not exist|not wake up)"),
    (CRISIS, "i [really|just|also] (do not|no longer|cannot) [want to|go on] (live|living|be alive|live anymore|be alive anymore|be here anymore|exist|exist anymore|live any more|want to live|want to be alive|go on living)"),
    (CRISIS, "i cannot go on [like this] [anymore]"),
    (CRISIS, "i wish i (was|were) (dead|not alive|never born)"),
    (CRISIS, "i (am|feel|have been feeling|am feeling) [very|so|really] suicidal"),
    (CRISIS, "i (have|am having|keep having) [a lot of] (suicidal thoughts|thoughts of suicide)"),
    (CRISIS, "i [am|have been|keep] (think|thinking|thought) (about|of) (suicide|dying|killing myself|ending my life|ending it all|hurting myself|harming myself|taking my life)"),
    (CRISIS, "i (am going to|am gonna|will|might|could|may|should) (kill|hurt|harm|hang|shoot) myself [today|tonight|now]"),
    (CRISIS, "i feel like (dying|killing myself|ending it all|hurting myself)"),
    (CRISIS, "[tell me] (how|what is the best way|what is the easiest way|what is a way|what is a painless way) [do i|can i|should i|would i|could i|to] [to] (kill myself|end my life|commit suicide|hang myself|take my own life|take my life)"),
    (CRISIS, "[should i|i should|let me|help me] (kill myself|end my life|commit suicide)"),
    (CRISIS, "(nobody|no one) would miss me [if i was dead|if i were dead|if i died|if i was gone|if i were gone]"),
    (CRISIS, "(my friend|my son|my daughter|my wife|my husband|my brother|my sister|my mother|my father|my partner|my child|someone|somebody|he|she) (wants to|is going to|is trying to|tries to|is about to) (kill himself|kill herself|kill themselves|commit suicide|end his life|end her life|end their life)"),
    (CRISIS, "(my friend|my son|my daughter|my wife|my husband|my brother|my sister|my mother|my father|my partner|my child) (wants to die|is suicidal)"),
    (DANGER, "[help|help me] [i think|i believe] [that] {who} [is|am|are] (having|getting|suffering) (a|an) [severe|massive|bad] (heart attack|stroke|seizure|allergic reaction|asthma attack|cardiac arrest|anaphylactic shock)"),
    (DANGER, "[i think|i believe] [that] {who} (had|has had|have had|have|has|just had) (a|an) (heart attack|stroke|seizure|cardiac arrest)"),
    (DANGER, "[help|help me] [i think|i believe] [that] {who} [is|am|are] (dying|choking|drowning|suffocating|bleeding|bleeding out|bleeding to death|bleeding badly|bleeding heavily|bleeding a lot|having chest pain|having chest pains|being attacked|being robbed|being stabbed|going to faint|in labor|in danger|trapped|poisoned|unconscious|not breathing|unresponsive|overdosing|on fire|burning)"),
    (DANGER, "[help|help me] [i think] [that] {who} (cannot breathe|can not breathe|stopped breathing|has stopped breathing|collapsed|has collapsed|passed out|is not waking up|will not wake up|does not wake up|overdosed|has overdosed|have overdosed|got stabbed|was stabbed|got shot|was shot|was hit by a car|is bleeding a lot|drank bleach|swallowed poison|swallowed bleach|fell and cannot get up)"),
    (DANGER, "[help] i have been (stabbed|shot|poisoned|attacked|hit by a car|bitten by a snake)"),
    (DANGER, "i have fallen and [i] (cannot|can not) get up"),
    (DANGER, "i [have] (took|taken) (too many|a lot of|an overdose of) [sleeping] (pills|tablets|sleeping pills|painkillers|medication|medicine|drugs)"),
    (DANGER, "i [have] (took|taken) all [of] my (pills|sleeping pills|painkillers|tablets) [at once]"),
    (DANGER, "i have [a|severe|bad|strong|sharp] [severe|bad|strong|sharp] (chest pain|chest pains|pain in my chest|trouble breathing|difficulty breathing)"),
    (DANGER, "my chest (hurts|is hurting|feels tight|is tight) [a lot|badly|really badly]"),
    (DANGER, "[help|please] [please] (call|get|dial|phone|ring|send) [me] (an|the) (ambulance|police|fire brigade|fire department|paramedics|emergency services) [now|quickly|immediately|right now|for me]"),
    (DANGER, "(call|dial|phone|ring) (911|112|999|000|emergency|nine one one|one one two|nine nine nine|9 1 1|1 1 2|9 - 1 - 1|1 - 1 - 2|9 - 9 - 9) [now|quickly|immediately|right now]"),
    (DANGER, "(i|we) [really|urgently] need (an ambulance|the police|the fire department|the fire brigade|a paramedic|emergency help|a doctor now|a doctor right now|a doctor urgently|help now|help right now|medical help)"),
    (DANGER, "{who} needs (an ambulance|a paramedic|emergency help|medical help) [now|quickly|immediately|right now]"),
    (DANGER, "[help] [help] (this is|it is|there is|i have) an emergency"),
    (DANGER, "emergency [emergency]"),
    (DANGER, "[help|help me] [there is|there was] (a fire|fire|an intruder|a burglar|a gas leak|smoke) [in|at] [my|the|our] (house|home|apartment|flat|kitchen|room|building|garage)"),
    (DANGER, "[help] there is (a fire|an intruder|a burglar|a gas leak)"),
    (DANGER, "(my|the|our) (house|home|apartment|flat|kitchen|room|building|garage|car|oven|clothes) (is on fire|are on fire|is burning|are burning|caught fire|has caught fire)"),
    (DANGER, "(someone|somebody) (is breaking in|is breaking into my house|broke in|broke into my house|is in my house|is trying to kill me|is trying to break in|is attacking me|is following me)"),
    (DANGER, "i (smell|can smell) gas"),
    (DANGER, "help [me] i am (dying|hurt|bleeding|choking|injured)"),
    (DANGER, "(what is|what is the|tell me the) (emergency number|number for emergencies|number of the police|suicide hotline)"),
];

/// Who may be in danger; others than these may be heroes of a story.
const WHO: &[&str] = &["i", "he", "she", "we", "they", "someone", "somebody"];

/// What stands before a person, and persons. "My phone is dying" is no emergency, and "the empire collapsed" is none any more.
const WHOSE: &[&str] = &["my", "our", "the", "a", "this"];
#[rustfmt::skip]
const PERSONS: &[&str] = &[
    "aunt", "baby", "boy", "boyfriend", "brother", "child", "children", "colleague", "coworker", "dad", "daughter", "father",
    "friend", "girl", "girlfriend", "grandfather", "grandma", "grandmother", "grandpa", "guy", "husband", "infant", "kid", "kids",
    "lady", "man", "mom", "mother", "mum", "neighbor", "neighbour", "partner", "patient", "person", "roommate", "sister", "son",
    "toddler", "uncle", "wife", "woman",
];

/// Whether that is somebody: "he", "my wife", "the old man", "my dad's" (who is doing something).
fn is_somebody(who: &str) -> bool {
    let words: Vec<&str> = who.split(' ').collect();
    match words[..] {
        [one] => WHO.contains(&one),
        [whose, .., person] => {
            let person = person.strip_suffix("'s").unwrap_or(person);
            words.len() <= 3 && WHOSE.contains(&whose) && PERSONS.contains(&person)
        }
        [] => false,
    }
}

/// Whom to call where.
#[derive(Debug, PartialEq, Eq)]
struct Help {
    emergency: Option<&'static str>,
    crisis: Option<&'static str>,
}

/// The zones of the European Union beside those whose crisis line is known, and of the countries near it that have its number.
#[rustfmt::skip]
const ONE_ONE_TWO: &[&str] = &[
    "Africa/Ceuta", "Asia/Famagusta", "Asia/Nicosia", "Atlantic/Azores", "Atlantic/Canary", "Atlantic/Madeira", "Atlantic/Reykjavik",
    "Europe/Athens", "Europe/Bratislava", "Europe/Brussels", "Europe/Bucharest", "Europe/Budapest", "Europe/Copenhagen",
    "Europe/Helsinki", "Europe/Lisbon", "Europe/Ljubljana", "Europe/Luxembourg", "Europe/Malta", "Europe/Mariehamn",
    "Europe/Oslo", "Europe/Prague", "Europe/Riga", "Europe/Rome", "Europe/Sofia", "Europe/Stockholm",
    "Europe/Tallinn", "Europe/Vaduz", "Europe/Vilnius", "Europe/Warsaw", "Europe/Zagreb",
];

/// The zones of the United States and of Canada.
#[rustfmt::skip]
const NINE_ONE_ONE: &[&str] = &[
    "America/Adak", "America/Anchorage", "America/Boise", "America/Chicago", "America/Denver", "America/Detroit",
    "America/Juneau", "America/Los_Angeles", "America/Menominee", "America/Metlakatla", "America/New_York", "America/Nome",
    "America/Phoenix", "America/Sitka", "America/Yakutat", "Pacific/Honolulu",
    "America/Cambridge_Bay", "America/Dawson", "America/Dawson_Creek", "America/Edmonton", "America/Fort_Nelson",
    "America/Glace_Bay", "America/Goose_Bay", "America/Halifax", "America/Inuvik", "America/Iqaluit", "America/Moncton",
    "America/Rankin_Inlet", "America/Regina", "America/Resolute", "America/St_Johns",
    "America/Swift_Current", "America/Toronto", "America/Vancouver", "America/Whitehorse", "America/Winnipeg",
];

/// Whom to call in the region of a time zone. Sources: the European Commission (112), the FCC and CRTC (911, 988), Samaritans
/// (116 123), TelefonSeelsorge (0800 111 0 111), 3114.fr, 113.nl, the Spanish ministry of health (024), 142.at, 143.ch,
/// Lifeline (13 11 14).
fn help(zone: Option<&str>) -> Help {
    let zone = zone.unwrap_or_default();
    let of = |emergency, crisis| Help { emergency: Some(emergency), crisis };
    match zone {
        "Europe/London" | "Europe/Belfast" | "Europe/Guernsey" | "Europe/Jersey" | "Europe/Isle_of_Man" => {
            of("999", Some("116 123"))
        }
        "Europe/Dublin" => of("112", Some("116 123")),
        "Europe/Berlin" | "Europe/Busingen" => of("112", Some("0800 111 0 111")),
        "Europe/Paris" => of("112", Some("3114")),
        "Europe/Amsterdam" => of("112", Some("113")),
        "Europe/Madrid" => of("112", Some("024")),
        "Europe/Vienna" => of("112", Some("142")),
        "Europe/Zurich" => of("112", Some("143")),
        _ if ONE_ONE_TWO.contains(&zone) => of("112", None),
        _ if NINE_ONE_ONE.contains(&zone)
            || ["America/Indiana/", "America/Kentucky/", "America/North_Dakota/"]
                .iter()
                .any(|part| zone.starts_with(part)) =>
        {
            of("911", Some("988"))
        }
        _ if zone.starts_with("Australia/") => of("000", Some("13 11 14")),
        "Pacific/Auckland" => of("111", Some("1737")),
        _ => Help { emergency: None, crisis: None },
    }
}

/// Says whom to call.
pub struct Emergency {
    patterns: Patterns<&'static str>,
}

impl Emergency {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES) }
    }
}

impl Default for Emergency {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Emergency {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |intent, captures| {
            let is_fit = captures.get("who").is_none_or(is_somebody);
            is_fit.then(|| IntentMatch { intent, slots: Slots::new(), confidence: 1.0 })
        })
    }

    fn run(&mut self, intent: &str, _slots: &Slots, context: &SkillContext<'_>) -> Result<Reply> {
        let here = context.clock.local();
        let help = help(here.time_zone().iana_name());
        let emergency = help.emergency.unwrap_or("your local emergency number");
        let words = match (intent, help.crisis) {
            (CRISIS, Some(line)) => format!(
                "I'm sorry that it hurts this much. Please talk to someone now: call {line}, at any hour. If you are in danger, call {emergency}. I can't call for you."
            ),
            (CRISIS, None) => format!(
                "I'm sorry that it hurts this much. Please talk to someone now, a friend or a crisis line near you. If you are in danger, call {emergency}. I can't call for you."
            ),
            _ => format!("Call {emergency} now. I can't call for you. If you can't, shout for somebody near you."),
        };
        Ok(Reply { spoken: digit_by_digit(&words), shown: Some(words), ..Reply::default() })
    }
}

/// As numbers are dialled: "9 1 1", which a voice would read as nine hundred and eleven.
fn digit_by_digit(text: &str) -> String {
    let mut spoken = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c.is_ascii_digit() && spoken.ends_with(|before: char| before.is_ascii_digit()) {
            spoken.push(' ');
        }
        spoken.push(c);
    }
    spoken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Talk;
    use jiff::tz::TimeZone;

    fn intent(said: &str) -> Option<&'static str> {
        use crate::router::normalize::{Names, Request};
        Emergency::new().recognize(&Request::new(said, &Names::default()).words).map(|found| found.intent)
    }

    #[test]
    fn whoever_is_in_danger_learns_whom_to_call() {
        for said in [
            "I'm having a heart attack",
            "I think I'm having a stroke!",
            "My husband is having a seizure",
            "I can't breathe",
            "Help, my baby is choking",
            "someone is breaking into my house",
            "The kitchen is on fire",
            "Call an ambulance!",
            "Hey Jarvis, call 911",
            "I need an ambulance",
            "I have chest pain",
            "My wife collapsed",
            "I took too many pills",
            "This is an emergency",
            "He's not breathing",
            "my baby isn't breathing",
            "She's choking",
            "my dad's having a heart attack",
            "the old man collapsed",
            "someone's breaking in",
            "Call 9-1-1",
            "we need an ambulance",
            "my friend needs an ambulance",
            "I've been stabbed",
            "my clothes are on fire",
            "I am bleeding",
            "I took all my pills",
        ] {
            assert_eq!(intent(said), Some(DANGER), "{said}");
        }
        for said in [
            "I want to kill myself",
            "I want to die",
            "I want to die.",
            "I just want to end it all",
            "I don't want to live anymore",
            "I wish I was dead",
            "I'm suicidal",
            "I'm thinking about suicide",
            "how do I kill myself",
            "I am going to kill myself",
            "I feel like killing myself",
        ] {
            assert_eq!(intent(said), Some(CRISIS), "{said}");
        }
    }

    #[test]
    fn questions_and_figures_of_speech_are_no_emergencies() {
        for said in [
            "what is a heart attack",
            "what are the signs of a stroke",
            "who had a heart attack in that movie",
            "how do I prevent a heart attack",
            "I want to kill time",
            "I want to die my hair",
            "how do I kill a process",
            "the project is on fire on github",
            "why do people die",
            "call mom",
            "I have a stroke order question",
            "is Hamlet dying",
            "Romeo wants to die",
            "my phone is dying",
            "my battery's dying",
            "my computer is unresponsive",
            "my laptop will not wake up",
            "the toast is burning",
            "the project is on fire",
            "the roman empire collapsed",
            "the president was shot",
            "a species is in danger",
            "I took all my medication",
            "I want to end it",
            "he is about to die",
            "I could kill for a coffee",
            "help",
            "help me",
        ] {
            assert_eq!(intent(said), None, "{said}");
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_region() {
        let mut talk = Talk::at("2026-11-21T15:07:00-05:00[America/New_York]");
        assert!(talk.say("I'm having a heart attack").starts_with("Call 9 1 1 now. I can't call for you."));
        assert!(talk.say("I want to die").contains("call 9 8 8, at any hour. If you are in danger, call 9 1 1."));
        let mut talk = Talk::at("2026-11-21T15:07:00+00:00[Europe/London]");
        assert!(talk.say("call an ambulance").starts_with("Call 9 9 9 now."));
        let mut talk = Talk::at("2026-11-21T15:07:00+01:00[Europe/Warsaw]");
        assert!(talk.say("call an ambulance").starts_with("Call 1 1 2 now."));
        assert!(talk.say("I want to die").contains("a crisis line near you"));
        let mut talk = Talk::at("2026-11-21T15:07:00+00:00[UTC]");
        assert!(talk.say("call an ambulance").starts_with("Call your local emergency number now."));
        for zone in ONE_ONE_TWO.iter().chain(NINE_ONE_ONE) {
            assert!(TimeZone::get(zone).is_ok(), "{zone}");
        }
    }
}
