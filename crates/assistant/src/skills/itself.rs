//! Questions about Jarvis itself: what it records, what leaves the machine, who made it, what it runs on.
//!
//! Fixed answers, since a language model makes up its own. Each holds whatever the settings are; where one depends on a
//! setting, the answer says so. [docs/privacy.md](../../../../docs/privacy.md) has the whole of it: change both.

use crate::router::pattern::Patterns;
use jarvis_core::{Error, IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "assistant.about",
    description: "Say what Jarvis records, what leaves the machine, who made it, and what it runs on.",
    examples: &[
        "do you record what I say",
        "are you connected to the internet",
        "is anyone listening to me",
        "who made you",
        "what model are you",
    ],
    risk: Risk::None,
}];

/// What is asked, slot `about` of the intent.
#[rustfmt::skip]
const TEMPLATES: &[(&str, &str)] = &[
    ("recording", "(do|are|did|will|can) you [always|secretly|ever] (record|recording|recorded|store|storing|save|saving|keep|keeping|log|logging) [a recording of|recordings of|all|all of] (me|this|everything|everything i say|what i say|what i said|all i say|my voice|my words|my conversations|our conversations|our conversation|this conversation|the conversation|recordings|audio|sound|my data|data|data about me|my questions|what i ask)"),
    ("recording", "(are you|is this|am i|am i being|is this being|are we being|is my voice being|is my voice) (recording|recorded|stored|saved|logged)"),
    ("recording", "(what|which) data do you (collect|store|save|keep|have) [about me|on me|from me]"),
    ("recording", "do you (collect|have) [my|any|personal] (data|information) [about me|on me]"),
    ("recording", "(what happens to|what do you do with) (my voice|my recordings|my data|what i say|the recordings)"),
    ("listening", "(are you|is jarvis) [always|still|constantly] (listening|spying|eavesdropping) [to me|on me|to us|to this|to everything|all the time|always]"),
    ("listening", "(is|are|can|does) (anyone|anybody|someone|somebody|other people|people|the government|the police|google|amazon|apple|microsoft|your maker|your makers) [else] (listening|listen|listens|hear|spying|hearing|hears|spy) [in] [to me|on me|me|us|to us|to this|to what i say|what i say|to our conversation]"),
    ("listening", "(who|who else) (is listening|listens|can hear me|hears me|can listen|is hearing me) [to me|to us|in]"),
    ("listening", "do you (listen|spy|eavesdrop) [to me|on me|to us] [all the time|always|to everything]"),
    ("listening", "do you always listen [to me]"),
    // "Can you" and "will you" are gone from the beginning already.
    ("recording", "(record|store|save|keep|log) (everything|everything i say|what i say|all i say|my conversations|our conversations)"),
    ("network", "(work|run) (offline|locally|without internet|without the internet|without a network)"),
    ("network", "(send|share|upload|sell|give) [any of] (my data|my voice|what i say|my words|my recordings|my personal data) [to] [anyone|anybody|the internet|the cloud|google|amazon|apple|openai|a server|other people|others|third parties]"),
    ("hearing", "(can|do|did) you (hear|understand) me [now|well|okay]"),
    ("hearing", "hear me [now|well|okay]"),
    ("hearing", "is this thing on"),
    ("network", "(are|were) you [currently|always] (connected to the internet|connected to the cloud|online|offline|on the internet|connected|in the cloud|cloud based|local|running locally|running on my computer|running on this computer)"),
    ("network", "(do|can) you (use|need|have|access|require|go on|search|browse|reach|work without|run without|work with no) [access to] [the|an|a] (internet|internet connection|internet access|web|cloud|network|internet to work|network connection)"),
    ("network", "(do|can|will) you (work|run) (offline|locally|on my computer|on this machine)"),
    ("network", "(do|are|does|did|will) you [ever] (send|sending|share|sharing|upload|uploading|sell|selling|transmit|give) [any of] (my data|data|my voice|what i say|my words|my questions|anything|recordings|my information|my personal data|everything) [to] [anyone|anybody|the internet|the cloud|google|amazon|apple|openai|a server|other people|someone|somebody|others|third parties]"),
    ("network", "(where|to whom) (does|do|is) (my data|my voice|what i say|my words|my recordings) (go|sent|processed|stored|end up)"),
    ("network", "(does|is|will) (my data|my voice|what i say|anything) (leave|leaving|sent|stay|stays) [this|my|the|on this|on my|to the|to a] (machine|computer|device|cloud|server|internet)"),
    ("network", "(is|are) (my data|my conversations|my voice|you) [really] (private|safe|secure|confidential)"),
    ("network", "(can i trust you|do you respect my privacy|how private are you|what about my privacy|what is your privacy policy|are you safe to use)"),
    ("network", "where do you (run|live|work)"),
    ("maker", "(who|what company|which company) (made|created|built|programmed|designed|invented|developed|wrote|owns) (you|jarvis)"),
    ("maker", "who (is|are|was) your (creator|creators|maker|makers|developer|developers|inventor|owner|programmer|designer|father)"),
    ("maker", "(where|who) (do you come from|do you belong to|do you work for)"),
    ("model", "(what|which) [language|ai|kind of|sort of] (model|llm|ai|language model|neural network|ai model) (are you|do you use|do you run|do you run on|are you using|are you running|are you based on|is this|powers you|runs you)"),
    ("model", "(are|is) (you|this|jarvis) [really|actually|based on|using|powered by|like] [a] (chatgpt|chat gpt|gpt|gpt 4|gpt-4|siri|alexa|google|google assistant|gemini|claude|llama|openai|open ai|copilot|cortana|large language model|language model|llm|smollm)"),
    ("model", "what (are you running on|are you based on|are you made of|powers you|technology do you use)"),
    ("model", "(how do you work|how were you made|how are you made)"),
    ("kind", "are you (a|an) [real] (robot|human|human being|person|machine|computer|program|bot|ai|artificial intelligence|real person|man|woman|app)"),
    ("kind", "are you (human|real|alive|conscious|sentient|artificial|intelligent)"),
    ("kind", "am i (talking|speaking) to a (human|person|machine|computer|robot|real person|bot)"),
    ("kind", "do you have (feelings|a body|a soul|emotions|consciousness)"),
    ("mistakes", "(are you always right|can i trust your answers|do you make mistakes|are your answers correct|are your answers true|can you be wrong|do you lie|do you make things up|do you hallucinate)"),
];

/// What is said about each.
fn answer(about: &str) -> Option<&'static str> {
    Some(match about {
        "recording" => {
            "No, the sound is not kept. It stays in memory while I need it, and the log holds none of your words. Nothing leaves this machine, unless you allowed models on other machines."
        }
        "listening" => {
            "Nobody but me. I listen for my name on this machine unless you mute me or switch the wake word off. Nothing leaves it, unless you allowed another program's models."
        }
        "hearing" => "Yes, I'm here.",
        "network" => {
            "I work on this machine. I need the internet to fetch models alone. Nothing of yours leaves it, unless you allowed models on other machines in the settings. That is off at first."
        }
        "maker" => "I'm Jarvis, an open source program. I run on your own machine.",
        "model" => {
            "I'm Jarvis. What I know how to do needs no model; for other questions I ask a language model, which runs on this machine unless you chose another one. The settings say which."
        }
        "kind" => "I'm a program, no person. I run on your own machine.",
        "mistakes" => {
            "I can be wrong. Time, timers and sums are worked out; other answers come from a language model, and some of those are false. Check what matters."
        }
        _ => return None,
    })
}

/// Answers questions about itself.
pub struct Itself {
    patterns: Patterns<&'static str>,
}

impl Itself {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(TEMPLATES) }
    }
}

impl Default for Itself {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Itself {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |about, _| {
            let slots = Slots::from([("about".to_owned(), about.to_owned())]);
            Some(IntentMatch { intent: "assistant.about", slots, confidence: 0.95 })
        })
    }

    fn run(&mut self, intent: &str, slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        let unknown = || Error::new("skill.unknown", format!("No skill serves {intent}."), "");
        slots.get("about").and_then(|about| answer(about)).map(Reply::say).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Talk;

    #[test]
    fn every_question_has_an_answer_that_makes_no_promise_which_a_setting_breaks() {
        for (about, template) in TEMPLATES {
            let answer = answer(about).unwrap_or_else(|| panic!("{template}"));
            let claims_all = answer.contains("Nothing");
            assert!(!claims_all || answer.contains("unless you allowed"), "{answer}");
        }
    }

    #[test]
    fn questions_about_itself_are_not_left_to_the_language_model() {
        for (said, about) in [
            ("do you record what I say", "recording"),
            ("are you recording me", "recording"),
            ("am I being recorded", "recording"),
            ("is anyone listening to me", "listening"),
            ("are you always listening", "listening"),
            ("can you hear me", "hearing"),
            ("are you connected to the internet", "network"),
            ("do you need the internet", "network"),
            ("do you send my data to the cloud", "network"),
            ("where does my voice go", "network"),
            ("does my data leave this machine", "network"),
            ("who made you", "maker"),
            ("what model are you", "model"),
            ("which language model do you use", "model"),
            ("are you ChatGPT", "model"),
            ("are you a robot", "kind"),
            ("do you make mistakes", "mistakes"),
        ] {
            assert_eq!(Talk::new().say(said), answer(about).unwrap(), "{said}");
        }
        for said in [
            "who made the pyramids",
            "who created python",
            "what is a language model",
            "how does the internet work",
            "do you like music",
            "is anyone listening to vinyl these days",
            "can you record a song",
            "what is recording",
            "are you going to the party",
        ] {
            assert_eq!(Talk::new().say(said), "chat", "{said}");
        }
    }
}
