//! Whether words that were heard over an answer interrupt it: not the answer's own, which came back by way of the
//! loudspeaker, and not a murmur.
//!
//! Works on words alone. What it takes for an echo is lost to a user who repeats the answer word for word while it is
//! spoken; that is rare, and an answer that interrupts itself is not forgiven. Never asked about a request to be silent:
//! that one is heeded whatever the answer says.

/// Of the words heard this share has to be the answer's, in its order.
const SHARE: f32 = 0.75;
/// Words that the recognizer may have left out of the answer, or made of others, within the passage.
const SLACK: usize = 2;

/// Whether `heard` is (nearly) a part of `said`, of which it may have caught a piece of a word at either end.
pub fn is_own_words(heard: &str, said: &str) -> bool {
    let (heard, said) = (words(heard), words(said));
    if heard.is_empty() || said.is_empty() {
        return false;
    }
    let enough = (heard.len() as f32 * SHARE).ceil() as usize;
    let passage = heard.len() + SLACK;
    (0..said.len()).any(|from| {
        let part = &said[from..said.len().min(from + passage)];
        in_order(&heard, part) >= enough
    })
}

/// What people utter while they listen, and what a recognizer makes of a cough.
const MURMURS: [&str; 24] = [
    "mhm", "mmhm", "mmhmm", "mm", "mmm", "hm", "hmm", "hmmm", "uh", "uhm", "um", "umm", "huh", "uhhuh", "ah", "ahh",
    "aha", "oh", "ooh", "eh", "er", "ugh", "cough", "coughing",
];

/// Whether `text` has no word in it that says something: it is empty, a murmur, or a remark on a sound.
pub fn is_murmur(text: &str) -> bool {
    words(text).iter().all(|word| {
        let word: String = word.iter().collect();
        MURMURS.contains(&word.as_str())
    })
}

/// Lower-case words without punctuation.
fn words(text: &str) -> Vec<Vec<char>> {
    text.split(|c: char| c.is_whitespace() || c == '-')
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<Vec<_>>())
        .filter(|word| !word.is_empty())
        .collect()
}

/// How many of `heard` are in `said`, in the same order (the longest common subsequence).
fn in_order(heard: &[Vec<char>], said: &[Vec<char>]) -> usize {
    let mut row = vec![0usize; said.len() + 1];
    for word in heard {
        let mut diagonal = 0;
        for (n, other) in said.iter().enumerate() {
            let above = row[n + 1];
            row[n + 1] = if alike(word, other) { diagonal + 1 } else { above.max(row[n]) };
            diagonal = above;
        }
    }
    row[said.len()]
}

/// The same word, or a long one that was misheard in one letter or cut off at an end.
fn alike(one: &[char], other: &[char]) -> bool {
    if one == other {
        return true;
    }
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if short.len() < 4 || long.len() - short.len() > 2 {
        return false;
    }
    let front = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let back = short.iter().rev().zip(long.iter().rev()).take_while(|(a, b)| a == b).count();
    front == short.len() || back == short.len() || front + back >= long.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANSWER: &str = "Once upon a time there was a dragon who lived on a high mountain, above the clouds. He didn't \
                          stop flying until the sun went down.";

    #[test]
    fn its_own_words_are_known_though_misheard() {
        for heard in [
            "who lived on a high mountain",
            "Who lived on a high mountain above the clouds?",
            "There was a dragon.",
            "there was the dragon who lived",
            "untain above the clouds",
            "He did not stop flying until the sun.",
            "a dragons who lived",
        ] {
            assert!(is_own_words(heard, ANSWER), "{heard}");
        }
    }

    #[test]
    fn what_a_user_says_is_not() {
        for heard in [
            "What time is it?",
            "Stop talking.",
            "Please stop.",
            "Be quiet",
            "Hey Jarvis, stop",
            "How high is the mountain?",
            "Tell me about the sun.",
            "no",
            "",
            "mhm",
            "Who was the dragon?",
        ] {
            assert!(!is_own_words(heard, ANSWER), "{heard}");
        }
        assert!(!is_own_words("stop", "It is ten past four."));
        assert!(!is_own_words("stop", ""));
    }

    #[test]
    fn murmurs_are_no_words() {
        for text in ["", "Mhm.", "Hmm...", "uh, um", "Mm-hmm.", "(coughing)", "Uh-huh."] {
            assert!(is_murmur(text), "{text}");
        }
        for text in ["no", "stop", "um, stop", "what?", "okay"] {
            assert!(!is_murmur(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_passage_of_the_answer_is_its_own(from in 0usize..20, count in 1usize..12) {
            let all: Vec<&str> = ANSWER.split_whitespace().collect();
            let passage = all[from..all.len().min(from + count)].join(" ");
            prop_assert!(is_own_words(&passage, ANSWER));
            prop_assert!(is_own_words(&passage.to_uppercase(), ANSWER));
        }

        #[test]
        fn any_text_is_taken(heard in ".{0,60}", said in ".{0,60}") {
            is_own_words(&heard, &said);
        }
    }
}
