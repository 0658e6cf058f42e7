//! What is said for training: the phrase, what sounds like it, and everything else.
//!
//! Near misses are made from the phrase by how it is pronounced. Never makes sound.

use super::dice::Dice;
use crate::tts::Phonemizer;
use crate::wake::alike::sounds;
use jarvis_core::{Error, Result};

/// Sounds of a phrase that is told from others reliably; "hey you" has four and is none.
const SOUNDS: usize = 5;
/// What differs by fewer sounds is the phrase, spoken carelessly.
const NEAREST: usize = 2;

/// Everyday words, in no order: for speech of others, and in place of the phrase's own.
const WORDS: [&str; 243] = [
    "about", "after", "again", "air", "all", "always", "animal", "answer", "apple", "arm", "ask", "away", "baby",
    "back", "ball", "bank", "barn", "basket", "bed", "before", "begin", "bell", "better", "big", "bird", "black",
    "blue", "boat", "body", "book", "bottle", "box", "boy", "bread", "bridge", "bring", "brother", "brown", "build",
    "busy", "butter", "button", "buy", "call", "camera", "candle", "car", "card", "carry", "castle", "cat", "chair",
    "change", "cheese", "chicken", "child", "church", "circle", "city", "clean", "clear", "clock", "close", "cloud",
    "coffee", "cold", "color", "come", "cook", "corner", "country", "cousin", "cross", "cup", "dance", "dark",
    "daughter", "day", "deep", "dinner", "doctor", "dog", "door", "down", "draw", "dream", "drink", "drive", "dry",
    "early", "earth", "east", "easy", "eight", "engine", "evening", "every", "eye", "face", "family", "far", "farm",
    "fast", "father", "field", "finger", "fire", "fish", "five", "floor", "flower", "fly", "follow", "food", "forest",
    "forget", "forty", "four", "friday", "friend", "front", "full", "game", "garden", "gentle", "girl", "give",
    "glass", "gold", "good", "grass", "green", "ground", "group", "hair", "half", "hammer", "hand", "happy", "hard",
    "hat", "head", "heart", "heavy", "help", "high", "hill", "history", "hold", "holiday", "home", "horse", "hospital",
    "hot", "hour", "house", "hundred", "island", "january", "job", "join", "journey", "judge", "jump", "june", "keep",
    "key", "kitchen", "knee", "lady", "lake", "language", "large", "last", "laugh", "leave", "left", "letter", "light",
    "listen", "little", "long", "machine", "market", "matter", "measure", "meeting", "message", "middle", "milk",
    "minute", "monday", "money", "morning", "mother", "mountain", "mouth", "music", "name", "nature", "never", "night",
    "north", "number", "ocean", "office", "often", "open", "orange", "other", "over", "paper", "party", "people",
    "person", "picture", "piece", "place", "plane", "plant", "play", "please", "point", "problem", "purple",
    "question", "quick", "quiet", "radio", "rain", "reason", "river", "road", "round", "salt", "school", "second",
    "seven", "shoulder", "simple", "sister", "sugar", "summer",
];

/// Words that people begin with, or that stand before a name.
const OPENINGS: [&str; 14] =
    ["hey", "hi", "hello", "okay", "the", "say", "they", "my", "and", "a", "oh", "play", "hate", "stay"];

/// Speech that is only measured with, never trained on.
const KEPT: [&str; 40] = [
    "The early train was late again, so we walked along the river and had breakfast by the old bridge.",
    "Could you bring the ladder from the garage before it starts to rain?",
    "She said that the harvest would be better this year than anyone had hoped.",
    "I have to charge my phone before the drive to the airport.",
    "He was very nervous about the service, but it went well in the end.",
    "We are going to the market for carrots, cherries and a jar of jam.",
    "Did you hear what happened at the office on Thursday?",
    "The children were playing in the yard while their father washed the car.",
    "Please turn the page and read the second paragraph aloud.",
    "There is hardly any space left on the shelf for another book.",
    "My sister studies geography and her husband drives a taxi.",
    "If the weather stays like this we should leave on Saturday morning.",
    "They have just arrived from Paris with their two daughters.",
    "The large jar in the kitchen is full of coffee beans.",
    "It takes about forty minutes to get there by bus.",
    "Hey, come over here and look at this strange insect.",
    "The judge asked the witness to speak a little louder.",
    "Yesterday the price of bread went up for the third time.",
    "I would like to have the soup and a glass of water, please.",
    "Travelling by night is cheaper, but you hardly sleep at all.",
    "Our neighbour has a dog that barks at every bicycle.",
    "The museum is closed on Mondays and on public holidays.",
    "You can put the groceries on the table next to the door.",
    "He carved his name into the bark of the oak behind the house.",
    "Nobody knew why the lights went out in the middle of the concert.",
    "Have you ever been to the mountains in the first days of winter?",
    "The doctor told him to rest and to drink a lot of tea.",
    "Marvin and Charles were arguing about the rules of the game.",
    "A heavy lorry had blocked the narrow street for more than an hour.",
    "We have to choose between the blue carpet and the darker one.",
    "Her voice was so quiet that the people in the back heard nothing.",
    "The garden is at its best in late spring, when the roses open.",
    "What do you think about painting the hallway in a warmer colour?",
    "They saved enough money to start a small business of their own.",
    "Somebody left an umbrella and a pair of gloves on the train.",
    "The teacher explained the exercise twice and then a third time.",
    "Hay is stored in the barn until the horses need it in winter.",
    "At nine o'clock the driver parked in front of the hotel.",
    "This is the last time that I lend you my car for a weekend.",
    "The starving cats gathered around the harbour every evening.",
];

/// The phrase, as it is spoken, with its pronunciation.
pub(super) struct Phrase {
    /// Lower case, single blanks.
    pub(super) text: String,
    sounds: Vec<char>,
}

impl Phrase {
    /// # Errors
    /// It has too few sounds, or it cannot be pronounced.
    pub(super) fn new(text: &str, phonemizer: &mut dyn Phonemizer) -> Result<Self> {
        // Without signs, which some voices would read aloud.
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
        let text = words.collect::<Vec<_>>().join(" ").to_lowercase();
        let sounds = sounds(&text, phonemizer)?;
        if sounds.len() < SOUNDS {
            return Err(Error::new(
                "wake.short_phrase",
                format!("{text:?} is too short for a wake word: it would be heard in other words all day."),
                "Take a phrase of at least three syllables, such as \"hey computer\".",
            ));
        }
        if sounds.len() > 30 {
            return Err(Error::new(
                "wake.long_phrase",
                format!("{text:?} is too long for a wake word."),
                "Take a phrase of two to four words that is said in under two seconds.",
            ));
        }
        Ok(Self { text, sounds })
    }

    /// How the phrase may be written to be said in different ways.
    pub(super) fn spoken(&self) -> [String; 4] {
        [
            self.text.clone(),
            format!("{}.", self.text.replacen(' ', ", ", 1)),
            format!("{}!", self.text),
            format!("{}?", self.text),
        ]
    }

    /// `count` phrases that sound like it and are not: parts of it, its words among others, and its words with other
    /// sounds. Other `dice` give others.
    ///
    /// # Errors
    /// The phonemizer failed.
    pub(super) fn near_misses(
        &self,
        count: usize,
        dice: &mut Dice,
        phonemizer: &mut dyn Phonemizer,
    ) -> Result<Vec<String>> {
        let words: Vec<&str> = self.text.split(' ').collect();
        let mut found: Vec<String> = Vec::new();
        // A phrase that nothing sounds like does not keep anyone waiting.
        for _ in 0..count * 8 {
            if found.len() == count {
                break;
            }
            let candidate = match dice.below(10) {
                0 if words.len() > 1 => {
                    let cut = 1 + dice.below(words.len() - 1);
                    if dice.chance(0.5) { words[..cut].join(" ") } else { words[cut..].join(" ") }
                }
                1 => replaced(&words, words.len() - 1, dice.of::<&str>(&WORDS)),
                2 if words.len() > 1 => replaced(&words, 0, dice.of::<&str>(&OPENINGS)),
                3 => {
                    let ending = dice.of(&WORDS);
                    format!("{} {ending}", replaced(&words, words.len() - 1, dice.of::<&str>(&WORDS)))
                }
                _ => {
                    let at = dice.below(words.len() + 1).min(words.len() - 1);
                    let mut word = words[at].to_owned();
                    for _ in 0..=dice.below(3) {
                        word = misspelt(&word, dice);
                    }
                    replaced(&words, at, &word)
                }
            };
            let distance = distance(&self.sounds, &sounds(&candidate, phonemizer)?);
            if distance >= NEAREST && !found.contains(&candidate) {
                found.push(candidate);
            }
        }
        Ok(found)
    }
}

/// `count` sentences of speech to train on: words in no order, which have every sound in every neighbourhood.
pub(super) fn speech(count: usize, dice: &mut Dice) -> Vec<String> {
    (0..count)
        .map(|_| {
            // Many sentences begin as a call does.
            let opening = dice.chance(0.3).then(|| *dice.of::<&str>(&OPENINGS));
            let count = 4 + dice.below(6);
            let words: Vec<&str> = opening.into_iter().chain((0..count).map(|_| *dice.of(&WORDS))).collect();
            format!("{}.", words.join(if dice.chance(0.15) { ", " } else { " " }))
        })
        .collect()
}

/// Sentences to measure with.
pub(super) fn kept_speech() -> &'static [&'static str] {
    &KEPT
}

fn replaced(words: &[&str], at: usize, with: &str) -> String {
    let mut words = words.to_vec();
    words[at] = with;
    words.join(" ")
}

/// `word` with one of its letters, or groups of letters, replaced by one of the same kind, or left out.
fn misspelt(word: &str, dice: &mut Dice) -> String {
    const VOWELS: [&str; 9] = ["a", "e", "i", "o", "u", "ee", "ay", "ar", "oo"];
    const CONSONANTS: [&str; 18] =
        ["b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "ch", "sh"];
    let letters: Vec<char> = word.chars().collect();
    let at = dice.below(letters.len());
    let is_vowel = matches!(letters[at], 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let other = if dice.chance(0.15) && letters.len() > 3 {
        ""
    } else if is_vowel {
        dice.of::<&str>(&VOWELS)
    } else {
        dice.of::<&str>(&CONSONANTS)
    };
    let (before, after) = (letters[..at].iter(), letters[at + 1..].iter());
    before.collect::<String>() + other + &after.collect::<String>()
}

/// How many sounds have to be put in, taken out or replaced (Levenshtein).
pub(super) fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tts::Espeak;
    use proptest::prelude::*;

    #[test]
    fn near_misses_sound_like_the_phrase_and_are_not() {
        let mut espeak = Espeak::new("en-us").unwrap();
        let phrase = Phrase::new(" Hey  Jarvis ", &mut espeak).unwrap();
        assert_eq!(phrase.text, "hey jarvis");
        let near = phrase.near_misses(60, &mut Dice::new(1), &mut espeak).unwrap();
        assert_eq!(near.len(), 60);
        assert!(!near.contains(&phrase.text));
        assert!(near.iter().any(|near| near == "jarvis" || near == "hey"), "{near:?}");
        assert_eq!(near, phrase.near_misses(60, &mut Dice::new(1), &mut espeak).unwrap());
        assert_ne!(near, phrase.near_misses(60, &mut Dice::new(2), &mut espeak).unwrap());
    }

    #[test]
    fn a_phrase_that_is_no_wake_word_is_refused() {
        let mut espeak = Espeak::new("en-us").unwrap();
        let code = |text: &str, espeak: &mut Espeak| Phrase::new(text, espeak).err().unwrap().code;
        assert_eq!(code("hey", &mut espeak), "wake.short_phrase");
        assert_eq!(code("", &mut espeak), "wake.short_phrase");
        assert_eq!(code("!?", &mut espeak), "wake.short_phrase");
        assert_eq!(code(&"computer ".repeat(10), &mut espeak), "wake.long_phrase");
    }

    #[test]
    fn what_is_measured_with_is_never_trained_on() {
        let trained = speech(500, &mut Dice::new(3));
        assert!(kept_speech().iter().all(|kept| !trained.iter().any(|trained| trained == kept)));
    }

    proptest! {
        #[test]
        fn distance_is_a_metric(a in "[abc]{0,8}", b in "[abc]{0,8}", c in "[abc]{0,8}") {
            let of = |a: &str, b: &str| {
                distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
            };
            prop_assert_eq!(of(&a, &b), of(&b, &a));
            prop_assert_eq!(of(&a, &b) == 0, a == b);
            prop_assert!(of(&a, &c) <= of(&a, &b) + of(&b, &c));
        }

        #[test]
        fn a_misspelt_word_is_never_empty_for_long_ones(word in "[a-z]{2,10}", seed in any::<u64>()) {
            prop_assert!(!misspelt(&word, &mut Dice::new(seed)).is_empty());
        }
    }
}
