//! What is said for training: the phrase, what sounds like it, and everything else.
//!
//! Near misses are made from the phrase by how it is pronounced. Never makes sound.

use super::dice::Dice;
use super::voices::Use;
use crate::tts::{Espeak, Phonemizer};
use crate::wake::alike::{sounds, syllables};
use jarvis_core::{Error, Result};
use std::ops::RangeInclusive;

/// Syllables of a wake word. Shorter ones are in every conversation ("hey you"), and longer ones don't fit into what a head
/// looks at.
const SYLLABLES: RangeInclusive<usize> = 3..=8;
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

/// Speech as people use it, to learn from; every fourth sentence is tuned with. None of it is measured with.
const EVERYDAY: [&str; 48] = [
    "I left my keys on the kitchen counter this morning.",
    "Hey, do you want to come over for dinner on Sunday?",
    "The second half of the movie was much better than the first.",
    "They just called to say that the delivery is on its way.",
    "Can you pass me the salt and the olive oil, please?",
    "My grandfather used to carve small animals out of wood.",
    "We should leave in five minutes or we will miss the ferry.",
    "Hey there, how was your trip to the coast?",
    "She works as a nurse at the university hospital.",
    "The charger is in the top drawer, next to the batteries.",
    "Okay, let us start with the budget for next year.",
    "He has been practising the violin since he was seven.",
    "A large part of the harbour was closed after the storm.",
    "What a beautiful garden, did you plant all of this yourself?",
    "Hello everybody, and welcome to the evening news.",
    "The driver said that the road would be open again by noon.",
    "I have never seen so many people at the farmers' market.",
    "Hey, stop that, you are going to break the chair!",
    "It was hard to hear the speaker from the last row.",
    "The recipe says two cups of flour and a pinch of nutmeg.",
    "Hi, this is Martha from the office, please call me back.",
    "Jasmine and her brother share a flat near the station.",
    "The children ran across the yard to feed the horses.",
    "You have to turn left after the church and then go straight.",
    "He argued that the service had been too slow all week.",
    "Say what you like, the old version was easier to use.",
    "The train to the airport leaves from platform nine.",
    "Hey, the parcel that you ordered has just arrived.",
    "In the army he learned how to repair almost anything.",
    "Their daughter is studying law in a town in the north.",
    "A jar of honey costs less at the shop around the corner.",
    "I think that the heating has stopped working again.",
    "The game was cancelled because the pitch was under water.",
    "Hey, can somebody help me carry this up the stairs?",
    "Nervous passengers were told to remain in their seats.",
    "They are far too busy to visit us before the holidays.",
    "Please read the instructions before you switch it on.",
    "The artist painted the same hill in every kind of weather.",
    "We are just about to leave, so make it short.",
    "Hey, I have got a question about the invoice from March.",
    "The starving fox came closer to the houses every night.",
    "There was hardly any traffic on the way home.",
    "Charles promised to bring the guitar and a few songs.",
    "Play that part again, I did not get the last words.",
    "A heavy truck passed the window and the glasses shook.",
    "The teacher collected the papers and opened a window.",
    "Oh no, I forgot to water the plants on the balcony!",
    "He sat by the fire and told stories until after midnight.",
];
/// Of the sentences that are learned from and tuned with, those that people might say.
const SENSIBLE: f32 = 0.4;

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

/// `text` as phrases are compared and said: its words in lower case with single blanks between, without signs, which some
/// voices would read aloud.
pub fn plain_phrase(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether a wake word can be made of `text`.
///
/// # Errors
/// It has letters that the English voices have no sounds for, or too few or too many syllables, or espeak-ng is not there.
pub fn check_phrase(text: &str) -> Result<()> {
    Phrase::new(text, &mut Espeak::new("en-us")?).map(drop)
}

/// The phrase, as it is spoken, with its pronunciation.
pub(super) struct Phrase {
    /// [`plain_phrase`].
    pub(super) text: String,
    pub(super) syllables: usize,
    sounds: Vec<char>,
}

impl Phrase {
    /// # Errors
    /// As [`check_phrase`].
    pub(super) fn new(text: &str, phonemizer: &mut dyn Phonemizer) -> Result<Self> {
        let text = plain_phrase(text);
        // Latin with all its accents; of other scripts the voices say the letters' names at best.
        let foreign = |word: &&str| word.chars().any(|c| !c.is_ascii() && !('\u{c0}'..='\u{24f}').contains(&c));
        if let Some(word) = text.split(' ').find(foreign) {
            return Err(Error::new(
                "wake.foreign_phrase",
                format!(
                    "The voices, which are English, can't say \u{201c}{word}\u{201d}: only Latin letters and digits."
                ),
                "Spell it in Latin letters as it sounds to you, with `--phrase`.",
            ));
        }
        let syllables = syllables(&text, phonemizer)?;
        if !SYLLABLES.contains(&syllables) {
            let (least, most) = SYLLABLES.into_inner();
            let (code, hint) = if syllables < least {
                (
                    "wake.short_phrase",
                    "A short one is heard in other words all day. Take four syllables or more, such as \"hey computer\".",
                )
            } else {
                ("wake.long_phrase", "Take two to four words that are said in under two seconds.")
            };
            let count = if syllables == 1 { "1 syllable".to_owned() } else { format!("{syllables} syllables") };
            return Err(Error::new(
                code,
                format!("\u{201c}{text}\u{201d} has {count}, and a wake word needs {least} to {most}."),
                hint,
            ));
        }
        let sounds = sounds(&text, phonemizer)?;
        Ok(Self { text, syllables, sounds })
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

/// `count` sentences of speech to learn from, or to tune with: some that people might say, the others of words in no order,
/// which have every sound in every neighbourhood.
pub(super) fn speech(count: usize, of: Use, dice: &mut Dice) -> Vec<String> {
    let tunes = of == Use::Tune;
    let sensible: Vec<&str> =
        EVERYDAY.into_iter().enumerate().filter(|(i, _)| (i % 4 == 3) == tunes).map(|(_, text)| text).collect();
    (0..count)
        .map(|_| {
            if dice.chance(SENSIBLE) {
                return (*dice.of::<&str>(&sensible)).to_owned();
            }
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
    fn a_phrase_that_is_no_wake_word_is_refused_with_the_reason() {
        let refused = |text: &str| check_phrase(text).err().unwrap_or_else(|| panic!("{text} is none"));
        for short in ["hey", "hey you", "", "!?", "okay"] {
            let error = refused(short);
            assert!(error.code == "wake.short_phrase" && error.message.contains("3 to 8"), "{short}: {error:?}");
        }
        assert_eq!(refused(&"computer ".repeat(10)).code, "wake.long_phrase");
        for (foreign, word) in [
            ("\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} computer", "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}"),
            ("hey \u{8d3e}\u{7ef4}\u{65af}", "\u{8d3e}\u{7ef4}\u{65af}"),
        ] {
            let error = refused(foreign);
            assert!(error.code == "wake.foreign_phrase" && error.message.contains(word), "{foreign}: {error:?}");
        }
        for good in ["hey Jarvis", "Hey, computer!", "Alexa", "caf\u{e9} r\u{e9}sum\u{e9}", "okay radio"] {
            check_phrase(good).unwrap();
        }
    }

    #[test]
    fn what_is_measured_with_is_never_trained_on() {
        let [learned, tuned] = [Use::Learn, Use::Tune].map(|of| speech(500, of, &mut Dice::new(3)));
        assert!(kept_speech().iter().all(|kept| !learned.iter().chain(&tuned).any(|other| other == kept)));
        assert!(
            EVERYDAY
                .iter()
                .all(|text| !learned.iter().any(|other| other == text) || !tuned.iter().any(|other| other == text))
        );
        assert!(EVERYDAY.iter().all(|text| learned.iter().chain(&tuned).any(|other| other == text)));
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
