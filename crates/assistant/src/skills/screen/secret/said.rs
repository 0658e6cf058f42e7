//! What a sentence says that a secret is, in words: "the password is blue horse and the printer hums".
//!
//! Owns how far such words go, and how they are told from what is said of a secret ("is longer than mine"). One word at the end of a
//! sentence, what is quoted, codes, and phrases by their name are [`super::text`]'s. Never looks at other lines.

use super::{LINKS, LITTLE, bare, has_words, is_sign, is_state, stems};

/// What says that a secret is what follows ...
const SAYING: [&str; 11] = ["is", "are", "was", "were", "be", "=", "->", "ist", "sind", "lautet", "lauten"];
/// ... also with one of these behind it.
const STILL: [&str; 9] = ["now", "still", "again", "simply", "just", "called", "named", "jetzt", "noch"];
/// What tells whose or which secret it is, right behind its name: "for guests", "of the shop", "that I use".
#[rustfmt::skip]
const GOING_ON: [&str; 20] = [
    "for", "of", "to", "at", "in", "on", "from", "für", "von", "vom", "zum", "i", "you", "we", "he", "she", "they", "that", "which", "der",
];
/// What ends it.
#[rustfmt::skip]
const ENDING: &[&str] = &[
    "and", "but", "so", "or", "because", "if", "when", "while", "which", "until", "since", "for", "on", "in", "at", "from", "to", "as", "-", "–",
    "und", "aber", "weil", "wenn", "für", "bis", "ab", "seit",
];
/// What secrets are said to be like, or what is done with them.
#[rustfmt::skip]
const LIKE: &[&str] = &[
    "long", "short", "longer", "shorter", "older", "newer", "stronger", "weaker", "safer", "better", "worse", "easy", "easier", "hard", "harder",
    "simple", "difficult", "different", "unique", "same", "similar", "important", "private", "confidential", "mandatory", "visible", "available",
    "ready", "fine", "gone", "blank", "random", "case-sensitive", "personal", "public", "common", "obvious", "useless", "useful", "enough", "always",
    "usually", "also", "often", "currently", "probably", "already", "almost", "really", "very", "quite", "rather", "under", "behind", "inside",
    "above", "beside", "near", "next", "like", "unlike", "with", "without", "than", "what", "where", "who", "how", "one", "something", "nothing",
    "everything", "anything", "made", "known", "given", "shown", "written", "kept", "taken", "chosen", "broken", "seen", "typed", "asked", "about",
    "due", "out", "up", "off", "back", "nowhere", "somewhere", "everywhere", "only", "being", "going", "getting", "protected", "case", "lost", "found",
    "stolen", "more", "less", "much", "many", "two", "three", "four", "five", "six", "eight", "ten", "twelve", "at", "to", "by", "as", "until",
    "wichtig", "lang", "auch", "wie", "immer", "einfach", "schwer", "anders", "derselbe", "dasselbe", "unter", "hinter", "neben",
];
/// Words between a secret's name and the end of its part of the sentence.
const AGAIN: usize = 2;
/// A secret of words has no more of them.
const WORDS: usize = 6;
/// So many words that say nothing of it are a secret, whatever the first of them says: "correct horse battery staple".
const PLAIN: usize = 3;

/// Marks in `hidden` what `tokens`, the words of a sentence, say the secrets to be that end with the tokens `names`.
pub(super) fn mark(tokens: &[&str], names: &[usize], hidden: &mut [bool]) {
    for name in names {
        if let Some(from) = linked(tokens, *name) {
            mark_words(tokens, from, hidden);
        }
        if let Some(from) = meant(tokens, *name) {
            mark_words(tokens, from, hidden);
        }
        mark_named(tokens, *name, hidden);
    }
}

/// Where the words begin that "it" is said to be, right behind the part of the sentence that ends with the secret's name: "he changed the
/// password again; it is green umbrella".
fn meant(tokens: &[&str], name: usize) -> Option<usize> {
    let near = name..(name + AGAIN + 1).min(tokens.len());
    let end = near.into_iter().find(|at| tokens[*at].ends_with([',', ';', ':', '–']) || tokens[*at] == "-")?;
    let rest = tokens.get(end + 1..)?;
    let rest = rest.strip_prefix(&["and"]).unwrap_or(rest);
    let skipped = match rest {
        ["it's" | "it’s", ..] => 1,
        ["it", saying, ..] if SAYING.contains(saying) => 2,
        ["it", "will", "be", ..] => 3,
        _ => return None,
    };
    let from = tokens.len() - rest.len() + skipped;
    let still = tokens[from.min(tokens.len())..].iter().take_while(|token| STILL.contains(token)).count();
    (from + still < tokens.len()).then_some(from + still)
}

/// Where the words begin that the secret that ends with the token `name` is said to be.
fn linked(tokens: &[&str], name: usize) -> Option<usize> {
    let behind = &tokens[name + 1..];
    let is_saying = |token: &str| SAYING.contains(&token.to_lowercase().as_str());
    // What it is of stands between, and nothing that ends a part of the sentence.
    let ends = |token: &str| token.ends_with([',', ';', ':']);
    let at = match behind.first() {
        Some(first) if is_saying(first) || *first == "will" => behind.iter().position(|token| is_saying(token))?,
        Some(first) if GOING_ON.contains(&bare(first).as_str()) => {
            let upto = behind.iter().position(|token| ends(token)).unwrap_or(behind.len());
            behind[..upto].iter().rposition(|token| is_saying(token))?
        }
        _ => return None,
    };
    // "What the password is for", "must be changed".
    let is_told = behind[at] != "be" || at > 0 && matches!(behind[at - 1], "will" | "to");
    let from = name + 2 + at;
    let still = tokens[from.min(tokens.len())..].iter().take_while(|token| STILL.contains(token)).count();
    (is_told && from + still < tokens.len()).then_some(from + still)
}

/// Marks the words from the token `from` on that are a secret, if they are.
fn mark_words(tokens: &[&str], from: usize, hidden: &mut [bool]) {
    let ends = |token: &str| token.ends_with([',', ';', '.', '!', '?']) && has_words(token);
    let count = tokens[from..].iter().take(WORDS + 1).position(|token| ENDING.contains(&bare(token).as_str()));
    let stop = tokens[from..].iter().position(|token| ends(token)).map(|at| at + 1);
    let count = count.unwrap_or(usize::MAX).min(stop.unwrap_or(usize::MAX)).min(tokens.len() - from);
    let words = &tokens[from..from + count];
    let says = |token: &str| {
        let word = bare(token);
        is_state(token)
            || LITTLE.contains(&word.as_str())
            || LIKE.contains(&word.as_str())
            || LINKS.contains(&word.as_str())
            || word.len() > 4 && word.ends_with("ed")
    };
    let is_word = |token: &str| !says(token) && !is_sign(token);
    let Some(first) = words.first() else { return };
    let is_plain = words.len() > PLAIN && words[1..].iter().all(|token| is_word(token));
    if words.len() <= WORDS && (is_word(first) || is_plain) && words.iter().all(|token| !is_sign(token)) {
        // "Blue horse and seven spoons", but not "blue horse and the printer hums".
        let stop = stop.unwrap_or(tokens.len() - from);
        let more = tokens.get(from + count + 1..from + stop).unwrap_or_default();
        let goes_on = tokens.get(from + count).is_some_and(|token| matches!(*token, "and" | "und"))
            && (1..=PLAIN).contains(&more.len())
            && more.iter().all(|token| is_word(token));
        hidden[from..from + if goes_on { stop } else { count }].fill(true);
    }
}

/// Marks the words in capitals that stand right behind the secret's name in the middle of a sentence: "use the password Sunflower to get
/// in", "with the password Tulip Garden 9, it works".
fn mark_named(tokens: &[&str], name: usize, hidden: &mut [bool]) {
    let is_in_sentence =
        name > 0 && tokens[name].starts_with(char::is_lowercase) && tokens[name].ends_with(char::is_alphabetic);
    let is_one = |token: &str| {
        let is_name = token.starts_with(char::is_uppercase) && token.chars().skip(1).any(char::is_lowercase);
        (is_name && !is_state(token) && !stems::may_name_one(token)) || token.starts_with(|c: char| c.is_ascii_digit())
    };
    let behind = &tokens[name + 1..];
    let ends = |token: &str| token.ends_with([',', '.', ';', '!', ')']);
    let run = behind.iter().take(WORDS).take_while(|token| is_one(token)).count();
    let run = behind[..run].iter().position(|token| ends(token)).map_or(run, |at| at + 1);
    let is_whole = run > 0
        && (ends(behind[run - 1]) || behind.get(run).is_none_or(|next| ENDING.contains(next)))
        && behind[0].starts_with(char::is_uppercase);
    if is_in_sentence && is_whole {
        hidden[name + 1..=name + run].fill(true);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MASK, kept};

    #[test]
    fn words_that_a_secret_is_said_to_be_are_hidden_and_what_is_said_of_it_is_told() {
        for (text, left) in [
            ("The Wi-Fi password is blue horse and the printer hums.", "The Wi-Fi password is X and the printer hums."),
            ("The password is Moonfish, so write it down.", "The password is X, so write it down."),
            ("The password is correct horse battery staple.", "The password is X."),
            ("The password of the shop was red barn until May.", "The password of the shop was X until May."),
            ("My password is now green apple", "My password is now X"),
            ("Use the password Sunflower to get in.", "Use the password X to get in."),
            ("The password for the guest room will be old river stone.", "The password for the guest room will be X."),
            (
                "The password that I use for the shop is green apple, sadly.",
                "The password that I use for the shop is X, sadly.",
            ),
            (
                "Tom changed the password again; it is green umbrella, he says.",
                "Tom changed the password again; it is X, he says.",
            ),
            ("It has the password Tulip Garden 9, and it works.", "It has the password X, and it works."),
            ("I like the password, it is easy to remember.", "I like the password, it is easy to remember."),
            ("Ask for the password Tom gave you.", "Ask for the password Tom gave you."),
            ("Our code word is Pineapple, as ever.", "Our code word is X, as ever."),
            // And what is none.
            ("The password is too short and nobody likes it.", "The password is too short and nobody likes it."),
            ("The PIN is printed on the back of the card.", "The PIN is printed on the back of the card."),
            ("The password is longer than mine, which is good.", "The password is longer than mine, which is good."),
            ("Your password must be changed soon, and often.", "Your password must be changed soon, and often."),
            ("The door code is easy to remember.", "The door code is easy to remember."),
            ("Ask Tom what the password is for and when.", "Ask Tom what the password is for and when."),
            ("The password that you typed is wrong, try again.", "The password that you typed is wrong, try again."),
            ("Use the password manager to get in.", "Use the password manager to get in."),
            ("The PIN is with the neighbours until May.", "The PIN is with the neighbours until May."),
            ("The password for guests is on the board, ask Tom.", "The password for guests is on the board, ask Tom."),
        ] {
            assert_eq!(kept(text).replace(MASK, "X"), left);
        }
    }
}
