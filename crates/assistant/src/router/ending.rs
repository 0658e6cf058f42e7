//! Whether a user who fell silent is done, as far as the words so far can tell.
//!
//! Owns the signs of a sentence that goes on: a word that needs another after it, a request that lacks its object, a number
//! that lacks its unit; and of one that only looks so: "what is it made of". Recognition's punctuation is none of them:
//! Whisper writes a period or a question mark after whatever it is given ("What is the capital of?"), and only its three
//! dots mean something. Never decides how long to wait and knows nothing of sound: the turn does.

use super::normalize::{Request, is_only_a_call};
use super::{Routed, Router};
use crate::numbers;

/// What the words say about whether more will follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A command that a skill understands, with all it needs: nothing has to follow.
    Command,
    /// No skill knows it: it goes to the language model, and may be whole or not.
    Question,
    /// A skill would answer, but people usually say more in the same breath; or there were no words.
    Open,
    /// More has to follow: "what is the capital of".
    Unfinished,
}

/// A skill that is less sure than this that a request is its own may have heard the half of another.
const CERTAIN: f32 = 0.7;

/// Words after which another has to come.
#[rustfmt::skip]
const DANGLING: &[&str] = &[
    // articles, possessives, quantities
    "a", "an", "the", "my", "your", "our", "their", "his", "its", "some", "any", "every", "each", "another", "other",
    "both", "very", "quite", "many",
    // prepositions
    "of", "to", "from", "for", "with", "at", "by", "in", "about", "into", "onto", "between", "among", "through",
    "during", "without", "within", "until", "till", "since", "than", "as", "via", "per", "versus", "upon", "towards",
    "toward", "against", "near", "behind", "beside", "above", "below", "under",
    // conjunctions and relatives
    "and", "or", "but", "because", "if", "while", "whether", "although", "though", "unless", "nor", "plus", "minus",
    "times", "who", "whose", "which",
    // auxiliaries
    "is", "are", "was", "were", "am", "be", "been", "has", "had", "does", "will", "would", "could", "should", "must",
    // hesitation
    "um", "uh", "er", "erm", "hmm", "maybe", "perhaps", "basically", "actually",
];

/// Of them, the ones that end a sentence after a pronoun: "tell me what it is", "I don't know who you are".
#[rustfmt::skip]
const AFTER_PRONOUN: &[&str] = &[
    "is", "are", "was", "were", "am", "be", "has", "had", "does", "will", "would", "could", "should", "must",
];

#[rustfmt::skip]
const PRONOUNS: &[&str] = &[
    "i", "you", "he", "she", "it", "we", "they", "there",
];

/// Signs that stand for words in a sum.
#[rustfmt::skip]
const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "×", "÷",
];

/// Requests that say what to do and not yet with what.
#[rustfmt::skip]
const WITHOUT_OBJECT: &[&str] = &[
    "add", "ask", "calculate", "call", "can you", "convert", "could you", "count", "divide", "divided", "do you",
    "explain", "explain to me", "find", "find me", "give me", "how", "how about", "how do i", "how do you", "how far", "how long", "how much", "how old",
    "i need", "i need to", "i think", "i want", "i would like", "let me know", "look up", "make", "multiply", "open",
    "play", "play me", "put", "read", "read me", "remind me", "remind me that", "remind me too", "remember",
    "remember that", "say", "search", "send", "set", "show me", "start", "take", "tell me", "translate", "turn",
    "turn the volume", "what", "what about", "who", "will you", "would you", "write",
];

/// Words after which "that" begins what is thought or said, unless it is asked about: "why do you think that?".
#[rustfmt::skip]
const THINKING: &[&str] = &[
    "assume", "believe", "guess", "hope", "imagine", "suppose", "think", "wish",
];

/// Other words after which it does.
#[rustfmt::skip]
const BEFORE_THAT: &[&str] = &[
    "afraid", "certain", "fact", "given", "glad", "likely", "possible", "provided", "seems", "so", "such", "sure", "true",
];

/// Words that stand between "tell" and a "that" which is no beginning: "tell me about that", "tell me who said that".
#[rustfmt::skip]
const NOT_TOLD_TO: &[&str] = &[
    "about", "of", "for", "to", "in", "on", "with", "from", "like", "than", "more", "all", "and", "or", "if", "who", "what",
    "why", "how", "when", "where", "which", "is", "was", "does", "did", "do",
];

/// Verbs that end a question with the preposition of the word that it asks for: "what are you waiting for".
#[rustfmt::skip]
const STRANDED: &[&str] = &[
    "made of", "made from", "come from", "comes from", "came from", "waiting for", "looking for", "looking at",
    "talking about", "talking to", "talking with", "thinking about", "thinking of", "listening to", "used for", "known for",
    "famous for", "stand for", "good at", "afraid of", "interested in", "born in", "live in", "work for", "belong to",
    "consist of",
];

/// What a number at the end belongs to: it still lacks its unit, or its second half.
#[rustfmt::skip]
const MEASURED: &[&str] = &[
    "timer", "timers", "alarm", "convert", "countdown", "remind", "reminder", "wake", "minutes", "hours", "volume",
    "set",
];

/// Commands that are the beginning of another as often.
const MAY_GO_ON: &[&str] = &["no", "nothing", "wait"];

/// Words that recognition puts where a sentence was broken off, since what follows it is silence: "who composed the music
/// for" becomes "who composed the music for it", "convert 70 degrees to" becomes "convert 70 degrees, too".
#[rustfmt::skip]
const PUT_THERE: &[&str] = &[
    "it", "its", "that", "this", "these", "those", "them", "him", "her", "his", "me", "you", "us", "yours", "mine", "ours",
    "theirs", "hers", "too", "two", "so", "there", "then", "one", "now", "out", "up", "on", "in", "off", "yet", "well",
];

/// Whether the last word of `said` may stand where a sentence was broken off.
pub(crate) fn may_be_put_there(said: &str) -> bool {
    let last = said.rsplit(|c: char| !c.is_alphanumeric() && c != '\'').find(|word| !word.is_empty());
    last.is_none_or(|last| PUT_THERE.contains(&last.to_lowercase().as_str()))
}

impl Router {
    /// Judges `said`, which may be all of a request or its beginning.
    pub fn ending(&self, said: &str) -> Ending {
        if said.trim().is_empty() {
            return Ending::Open;
        }
        if is_only_a_call(said, &self.names) {
            return Ending::Unfinished;
        }
        let request = self.read(said);
        if let Routed::Skill(matched) = self.route_request(&request) {
            let serves = |specs: &[jarvis_core::SkillSpec]| specs.iter().any(|spec| spec.intent == matched.intent);
            let skill = self.skills.iter().find(|skill| serves(skill.specs()));
            // A slot takes whatever word comes last, and that may be half of what is meant.
            let last = request.words.rsplit(' ').next().unwrap_or_default();
            let open_slot = matched.slots.values().any(|slot| slot.rsplit(' ').next() == Some(last));
            return match skill {
                // "No, I mean the moon."
                _ if MAY_GO_ON.contains(&request.words.as_str()) => Ending::Open,
                Some(_) if open_slot && needs_more(&request) => Ending::Unfinished,
                Some(skill) if skill.expects_more(&matched) && needs_more(&request) => Ending::Unfinished,
                Some(skill) if skill.expects_more(&matched) => Ending::Open,
                Some(_) if open_slot && may_be_put_there(last) => Ending::Open,
                // What is only taken to be about the screen since nothing else knows it.
                _ if matched.confidence < CERTAIN => Ending::Open,
                _ => Ending::Command,
            };
        }
        if trails_off(said) || needs_more(&request) { Ending::Unfinished } else { Ending::Question }
    }
}

/// Three dots, a dash or a comma: what recognition writes when the voice stays up.
fn trails_off(said: &str) -> bool {
    said.trim_end().ends_with(['…', ',', '-', '–', '—']) || said.trim_end().ends_with("..")
}

fn needs_more(request: &Request) -> bool {
    let words: Vec<&str> = request.words.split(' ').collect();
    let Some((last, before)) = words.split_last() else { return true };
    let previous = before.last().copied().unwrap_or_default();
    if WITHOUT_OBJECT.contains(&request.words.as_str()) || OPERATORS.contains(last) {
        return true;
    }
    if begins_clause(&words) {
        return true;
    }
    if DANGLING.contains(last) {
        return !(AFTER_PRONOUN.contains(last) && PRONOUNS.contains(&previous) || is_stranded(&words));
    }
    let is_number = numbers::parse(&[last]).is_some_and(|(_, taken)| taken == 1);
    // "Half past seven" has its unit.
    is_number && previous != "past" && before.iter().any(|word| MEASURED.contains(word))
}

/// Whether the last word is a "that" which begins what is told or thought: "tell my wife that", "I think that". Alone it
/// would be what was said before, and people ask about that, but don't ask to be told it.
fn begins_clause(words: &[&str]) -> bool {
    let [before @ .., previous, "that"] = words else { return false };
    if THINKING.contains(previous) {
        return !words.first().is_some_and(|first| ["how", "what", "who", "why"].contains(first));
    }
    let told = before.iter().rposition(|word| *word == "tell").map(|tell| &words[tell + 1..words.len() - 1]);
    BEFORE_THAT.contains(previous)
        || told.is_some_and(|to| to.len() <= 3 && to.iter().all(|word| !NOT_TOLD_TO.contains(word)))
}

/// Whether the preposition at the end belongs to the word that the question began with: "where does it come from", "what
/// is that about". Who asks what something is made of names that in between.
fn is_stranded(words: &[&str]) -> bool {
    let ["what" | "who" | "where" | "which", between @ .., verb, preposition] = words else { return false };
    let of_verb = between.len() >= 2 && STRANDED.iter().any(|pair| pair.split_once(' ') == Some((verb, preposition)));
    let of_being = matches!(between, ["is" | "are" | "was" | "were"])
        && matches!(*verb, "it" | "this" | "that" | "he" | "she" | "they" | "you" | "these" | "those")
        && matches!(*preposition, "about" | "for" | "from" | "of" | "with");
    of_verb || of_being
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills;
    use proptest::prelude::*;

    fn judged(said: &str) -> Ending {
        Router::new(skills::all()).ending(said)
    }

    #[test]
    fn a_command_with_all_it_needs_is_done() {
        for said in [
            "What time is it?",
            "Hey Jarvis, what time is it?",
            "Set a timer for ten minutes.",
            "What is twelve times twelve?",
            "What's 15 percent of 80?",
            "Stop.",
            "Cancel the timer.",
            "What day is it today?",
            "How much time is left?",
            "What is 37 plus AD3?",
            "What is 43 plus A in?",
        ] {
            assert_eq!(judged(said), Ending::Command, "{said}");
        }
    }

    #[test]
    fn a_word_that_needs_another_is_no_end_whatever_the_punctuation() {
        for said in [
            "What is the capital of?",
            "Set a timer for.",
            "Set a timer for 10.",
            "Start a pasta timer for 12.",
            "Set an alarm for seven",
            "Remind me too.",
            "What is 12 times?",
            "What is 30% of?",
            "Explain to me why the sky is.",
            "Tell me something about",
            "Can you tell me a story about a dragon who?",
            "Play some music by the",
            "I think that maybe.",
            "Um.",
            "Tell me.",
            "Please turn the volume.",
            "My favorite color is...",
            "What happens when you mix red and...",
            "Hey Jarvis.",
            "Could you please.",
            "Tell me that.",
            "Can you tell my wife that?",
            "Do you think that?",
            "I'm sure that.",
            "Is it true that?",
            "What is made of",
            "Where are the keys of",
            "Wake me up at seven.",
        ] {
            assert_eq!(judged(said), Ending::Unfinished, "{said}");
        }
    }

    #[test]
    fn a_question_may_be_whole() {
        for said in [
            "Why is the sky blue?",
            "Tell me something about the sea.",
            "Tell me what it is.",
            "Who wrote Hamlet?",
            "Tell me about the Roman.",
            "Tell me about that.",
            "Tell me more about that.",
            "Tell me who said that.",
            "What does that mean?",
            "Why do you think that?",
            "Can you explain that?",
            "How do you do that?",
            "What is it made of?",
            "What are black holes made of?",
            "Where does the wind come from?",
            "Who are you talking to?",
            "Where are you from?",
            "What's that about?",
        ] {
            assert_eq!(judged(said), Ending::Question, "{said}");
        }
    }

    #[test]
    fn what_usually_goes_on_is_waited_for() {
        for said in ["Set a timer.", "Hello.", "Wake me up at half past 7.", "No.", ""] {
            assert_eq!(judged(said), Ending::Open, "{said}");
        }
    }

    #[test]
    fn what_only_seems_to_be_a_whole_command_is_waited_for() {
        for said in ["What does it mean one day?", "When is it due?", "Cancel the timer for them."] {
            assert!(matches!(judged(said), Ending::Open | Ending::Question), "{said}");
        }
    }

    #[test]
    fn words_that_stand_where_a_sentence_was_broken_off_are_known() {
        for said in
            ["Who composed the music for it?", "Convert 75 degrees, too.", "I think that's it.", "yours", "", "?"]
        {
            assert!(may_be_put_there(said), "{said}");
        }
        for said in ["What is the capital of Italy?", "Why is the sky blue?", "What is a black hole?", "the bit"] {
            assert!(!may_be_put_there(said), "{said}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_ending(said in "\\PC{0,60}") {
            judged(&said);
            may_be_put_there(&said);
        }
    }
}
