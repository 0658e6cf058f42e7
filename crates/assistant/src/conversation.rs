//! What was said lately, as the language model gets to see it.
//!
//! Owns the system prompt and the last exchanges, skills' answers among them. Bounded in exchanges, in characters and in
//! time: what was said long ago does not colour a new question. And a question that stands by itself is asked by itself:
//! a small model that sees its own last answers repeats them ("The answer is: ..."), and a prompt that is always the same
//! up to the question is read already when the question comes. Never generates anything.

use jarvis_core::{Message, Role};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Standing instructions. Short: a small model loses long ones, and every word costs time before the first answer. The
/// first sentence is close to the one that small instruction models were trained with: away from it, SmolLM2 of 135
/// million parameters no longer knows the capital of France.
pub const SYSTEM_PROMPT: &str = "You are a helpful AI assistant named Jarvis. Answer in one or two short sentences.";

/// After this long without a word, a question begins a new conversation.
const FORGET_AFTER: Duration = Duration::from_secs(10 * 60);

/// Words that stand for something said before.
const REFERRING: [&str; 27] = [
    "he", "she", "him", "her", "his", "hers", "they", "them", "their", "theirs", "it", "its", "this", "that", "these",
    "those", "one", "ones", "former", "latter", "same", "else", "again", "more", "another", "instead", "too",
];

/// Beginnings of questions that go on from the last answer, beside "and", "but", "or" and "so".
const GOING_ON: [&str; 8] =
    ["what about", "how about", "why not", "go on", "continue", "explain", "really", "are you sure"];

/// Questions that stand by themselves begin so, and have more words than this.
const QUESTION_WORDS: [&str; 12] =
    ["what", "who", "where", "when", "why", "how", "which", "whose", "is", "are", "does", "did"];
const MOST_OF_A_PIECE: usize = 3;

/// The most characters of remembered exchanges in a prompt: about 400 tokens.
const MOST_CHARACTERS: usize = 1600;

/// The most characters of one message; longer ones are cut at a word.
const MOST_OF_ONE: usize = 2000;

#[derive(Debug, Clone)]
struct Exchange {
    user: String,
    assistant: String,
    at: Instant,
}

/// The last exchanges.
#[derive(Debug, Clone)]
pub struct Conversation {
    exchanges: VecDeque<Exchange>,
    most: usize,
}

impl Conversation {
    /// Remembers at most `most` exchanges; 0 remembers none.
    pub fn new(most: usize) -> Self {
        Self { exchanges: VecDeque::new(), most }
    }

    /// Remembers at most `most` from now on.
    pub fn set_length(&mut self, most: usize) {
        self.most = most;
        self.shrink();
    }

    /// Adds what was said and answered.
    pub fn push(&mut self, user: &str, assistant: &str, at: Instant) {
        self.exchanges.push_back(Exchange { user: cut(user).into(), assistant: cut(assistant).into(), at });
        self.shrink();
    }

    /// Takes the last exchange back.
    pub fn pop(&mut self) {
        self.exchanges.pop_back();
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.exchanges.clear();
    }

    /// How many exchanges are remembered.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// What every prompt begins with, so that a model can read it ahead.
    pub fn beginning() -> Vec<Message> {
        vec![Message::new(Role::System, SYSTEM_PROMPT)]
    }

    /// The prompt for a question by itself.
    pub fn alone(user: &str) -> Vec<Message> {
        let mut messages = Self::beginning();
        messages.push(Message::new(Role::User, cut(user)));
        messages
    }

    /// The prompt for a new question: the system prompt, what is remembered if the question refers to it, the question.
    pub fn messages_for(&mut self, user: &str, now: Instant) -> Vec<Message> {
        if self.exchanges.back().is_some_and(|last| now.saturating_duration_since(last.at) > FORGET_AFTER) {
            self.clear();
        }
        let mut room = if refers_back(user) { MOST_CHARACTERS } else { 0 };
        let fits = |exchange: &&Exchange| {
            let length = exchange.user.len() + exchange.assistant.len();
            let fits = length <= room;
            room = room.saturating_sub(length);
            fits
        };
        let kept = self.exchanges.iter().rev().take_while(fits).count();
        let mut messages = Self::beginning();
        for exchange in self.exchanges.range(self.exchanges.len() - kept..) {
            messages.push(Message::new(Role::User, &exchange.user));
            messages.push(Message::new(Role::Assistant, &exchange.assistant));
        }
        messages.push(Message::new(Role::User, cut(user)));
        messages
    }

    fn shrink(&mut self) {
        while self.exchanges.len() > self.most {
            self.exchanges.pop_front();
        }
    }
}

/// Whether a question can only be understood with what was said before: "when was she born", "and in Germany", "why".
pub(crate) fn refers_back(question: &str) -> bool {
    let question = question.to_lowercase();
    let words: Vec<&str> = question.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let plain = words.join(" ");
    let stands_alone = |rest: &[&str]| {
        rest.len() > MOST_OF_A_PIECE && QUESTION_WORDS.contains(&rest[0]) && !matches!(rest[1], "about" | "not")
    };
    let goes_on = match &words[..] {
        // "And what is the capital of Italy" asks nothing of the answer before, and a small model would give that again.
        ["and" | "but" | "or" | "so", rest @ ..] => !stands_alone(rest),
        _ => GOING_ON.iter().any(|beginning| plain.starts_with(beginning)),
    };
    words.len() <= 2 || words.iter().any(|word| REFERRING.contains(word)) || goes_on
}

/// The beginning of a text that is too long, up to a word's end.
fn cut(text: &str) -> &str {
    let text = text.trim();
    match text.char_indices().nth(MOST_OF_ONE) {
        None => text,
        Some((end, _)) => &text[..text[..end].rfind(char::is_whitespace).unwrap_or(end)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_exchanges_come_between_the_instructions_and_the_question() {
        let now = Instant::now();
        let mut conversation = Conversation::new(2);
        for (user, assistant) in [("one", "1"), ("two", "2"), ("three", "3")] {
            conversation.push(user, assistant, now);
        }
        let messages = conversation.messages_for(" and four? ", now);
        let contents: Vec<_> = messages.iter().map(|message| message.content.as_str()).collect();
        assert_eq!(contents, [SYSTEM_PROMPT, "two", "2", "three", "3", "and four?"]);
        assert_eq!(messages[1].role, Role::User);
        assert_eq!(messages[2].role, Role::Assistant);
    }

    #[test]
    fn an_old_conversation_is_forgotten() {
        let now = Instant::now();
        let mut conversation = Conversation::new(4);
        conversation.push("who was ada lovelace", "A mathematician.", now);
        assert_eq!(conversation.messages_for("when was she born", now + FORGET_AFTER).len(), 4);
        assert_eq!(conversation.messages_for("hello", now + FORGET_AFTER * 2).len(), 2);
        assert!(conversation.is_empty());
    }

    #[test]
    fn a_question_that_stands_by_itself_is_asked_by_itself() {
        for question in [
            "When was she born?",
            "Why?",
            "And in Germany?",
            "What about dogs?",
            "Tell me more.",
            "Is that late?",
            "Another one, please.",
        ] {
            assert!(refers_back(question), "{question}");
        }
        for question in
            ["What is the capital of France?", "Tell me a joke.", "Why is the sky blue?", "Who wrote Hamlet?"]
        {
            assert!(!refers_back(question), "{question}");
        }
        let now = Instant::now();
        let mut conversation = Conversation::new(4);
        conversation.push("who was ada lovelace", "A mathematician.", now);
        assert_eq!(conversation.messages_for("why is the sky blue", now).len(), 2);
        assert_eq!(conversation.len(), 1, "it is still remembered");
    }

    proptest! {
        #[test]
        fn a_prompt_is_bounded_whatever_was_said(
            said in proptest::collection::vec((".{0,900}", ".{0,900}"), 0..8),
            question in ".{0,3000}",
        ) {
            let now = Instant::now();
            let mut conversation = Conversation::new(4);
            for (user, assistant) in &said {
                conversation.push(user, assistant, now);
            }
            let messages = conversation.messages_for(&question, now);
            let before: usize = messages[1..messages.len() - 1].iter().map(|m| m.content.len()).sum();
            prop_assert!(before <= MOST_CHARACTERS);
            prop_assert!(messages.last().unwrap().content.chars().count() <= MOST_OF_ONE);
            prop_assert_eq!(messages.len() % 2, 0);
        }
    }
}
