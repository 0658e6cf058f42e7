//! What of the screen's text is said aloud, and how.
//!
//! Owns: the flow of lines into sentences, and what is never read out: codes, keys, passwords, the tails of links. Never
//! shortens what is copied.

use jarvis_core::{TextLine, TextRole};

/// Lines that a recognizer is less sure of are not read out: wrong words are worse than none.
pub(super) const LEGIBLE: f32 = 0.65;
/// Words as long as this that mix letters and digits are codes.
const CODE: usize = 20;
/// Links as long as this are named by their host.
const LINK: usize = 30;

/// What a label of something secret begins or ends with.
const SECRETS: [&str; 12] =
    ["password", "passwort", "passphrase", "passcode", "pin", "cvv", "cvc", "secret", "token", "puk", "seed", "otp"];

/// Whether it can be read at all.
pub(super) fn is_legible(line: &TextLine) -> bool {
    line.confidence >= LEGIBLE
}

/// Whether `label` names something that is said to nobody.
pub(super) fn is_secret(label: &str) -> bool {
    let words = super::words::words(label);
    let is = |word: Option<&String>| word.is_some_and(|word| SECRETS.contains(&word.as_str()));
    is(words.first())
        || is(words.last())
        || words.windows(2).any(|two| two == ["api", "key"] || two == ["private", "key"])
}

/// `text` as it is said: without codes, secrets and the tails of links.
pub(super) fn aloud(text: &str) -> String {
    if let Some((label, value)) = text.split_once([':', '='])
        && label.split_whitespace().count() <= 3
        && is_secret(label)
        && !value.trim().is_empty()
        && value.split_whitespace().count() == 1
    {
        return format!("{}: something that I don't say aloud", label.trim());
    }
    let word_aloud = |word: &str| {
        if let Some((_, rest)) = word.split_once("://").filter(|_| word.len() >= LINK) {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            return format!("a link to {}", host.trim_start_matches("www."));
        }
        if is_code(word) { "a long code".to_owned() } else { word.to_owned() }
    };
    text.split_whitespace().map(word_aloud).collect::<Vec<_>>().join(" ")
}

/// A key, a hash, a token: nothing that anyone wants to hear.
fn is_code(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '=' | '.' | '/');
    let count = |is: fn(&char) -> bool| word.chars().filter(is).count();
    let is_path = word.starts_with(['/', '~', '.']) || word.matches('/').count() > 1 && word.contains('.');
    word.len() >= CODE
        && word.chars().all(is_part)
        && count(char::is_ascii_digit) >= 3
        && count(char::is_ascii_alphabetic) >= 3
        && !is_path
}

/// Lines as one text to be said: a line goes on in the next one unless there is room between them or it is a headline.
pub(super) fn flow(lines: &[&TextLine]) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let words = aloud(&line.text);
        if words.is_empty() {
            continue;
        }
        if let Some(last) = text.chars().last() {
            let ends = matches!(last, '.' | '!' | '?' | ':' | ',' | ';' | '…' | '-');
            if !ends && !at.checked_sub(1).is_some_and(|before| goes_on(lines[before], line)) {
                text.push('.');
            }
            text.push(' ');
        }
        text.push_str(&words);
    }
    if text.chars().last().is_some_and(|last| last.is_alphanumeric() || matches!(last, ')' | '"' | '”' | '\'')) {
        text.push('.');
    }
    text
}

/// Whether `next` is the same paragraph as `line`: close below it, from about the same left edge.
pub(super) fn goes_on(line: &TextLine, next: &TextLine) -> bool {
    let is_own =
        |role: TextRole| matches!(role, TextRole::Heading | TextRole::Title | TextRole::Control | TextRole::Field);
    if is_own(line.role) || is_own(next.role) {
        return false;
    }
    if line.region.is_empty() || next.region.is_empty() {
        return true;
    }
    let height = line.region.height.max(next.region.height) as i32;
    let gap = next.region.y.saturating_sub(line.region.bottom());
    let shift = next.region.x.saturating_sub(line.region.x).abs();
    gap > -height && gap <= height * 4 / 5 && shift <= 2 * height
}

/// `count` and what it is of, in the plural where it is not one.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The beginning of `text`, of `most` words at most.
pub(super) fn beginning(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() <= most {
        words.join(" ")
    } else {
        format!("{}…", words[..most].join(" ").trim_end_matches(['.', ',']))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, sized};
    use super::*;

    #[test]
    fn secrets_and_codes_are_not_said() {
        for (text, said) in [
            ("Password: hunter2", "Password: something that I don't say aloud"),
            ("API key = sk_test_x", "API key: something that I don't say aloud"),
            ("Your PIN: 4711", "Your PIN: something that I don't say aloud"),
            ("Key AKIAIOSFODNN7EXAMPLE2024 was made", "Key a long code was made"),
            ("See https://www.example.com/a/b/c/d/e?f=g for more", "See a link to example.com for more"),
            ("Wrong password: please try again", "Wrong password: please try again"),
            ("/usr/lib/x86_64-linux-gnu/libfoo.so.12", "/usr/lib/x86_64-linux-gnu/libfoo.so.12"),
            ("Total: 1,234.50 €", "Total: 1,234.50 €"),
        ] {
            assert_eq!(aloud(text), said);
        }
    }

    #[test]
    fn a_line_goes_on_in_the_next_and_paragraphs_end() {
        let lines = [
            line("The file could not be", 10, 10),
            line("saved on the disk", 10, 32),
            line("Free some space", 10, 90),
            sized("Details", 10, 120, 30, TextRole::Heading),
            line("Code 28", 10, 152),
        ];
        let all: Vec<&TextLine> = lines.iter().collect();
        assert_eq!(flow(&all), "The file could not be saved on the disk. Free some space. Details. Code 28.");
        assert_eq!(flow(&[]), "");
    }
}
