//! Secrets as programs are given them, in lines of terminals and code.
//!
//! Owns two forms that no name stands before: what is piped to `sudo -S`, and the value of a field for passwords in HTML. What is
//! named, or is an option, is [`super::text`]'s.

use std::ops::Range;

/// What writes a word for the next program.
const WRITERS: [&str; 2] = ["echo", "printf"];
/// What a shell gives a program the next word with.
const GIVEN: &str = "<<<";

/// Which of `tokens` are written for a program that reads a password: `echo x | sudo -S`.
pub(super) fn piped(tokens: &[&str]) -> Range<usize> {
    let is_sudo = |token: &str| token == "sudo" || token.ends_with("|sudo");
    let reads = |at: &usize| {
        let behind = tokens[at + 1..].iter().take_while(|token| **token != "|");
        is_sudo(tokens[*at]) && behind.into_iter().any(|token| matches!(*token, "--stdin") || is_short(token))
    };
    let Some(sudo) = (0..tokens.len()).find(reads) else { return 0..0 };
    // "sudo -S ls <<< x".
    if let Some(given) = (sudo..tokens.len()).find(|at| tokens[*at].starts_with(GIVEN)) {
        let from = if tokens[given] == GIVEN { given + 1 } else { given };
        return from..(from + 1).min(tokens.len()).max(from);
    }
    // "echo x|sudo -S ls": the word has the pipe in it.
    let pipe = match tokens[sudo] == "sudo" {
        true => tokens[..sudo].iter().rposition(|token| *token == "|"),
        false => Some(sudo + 1),
    };
    let Some(pipe) = pipe else { return 0..0 };
    let Some(writer) = tokens[..pipe].iter().rposition(|token| WRITERS.contains(token)) else { return 0..0 };
    let options = tokens[writer + 1..pipe].iter().take_while(|token| token.starts_with('-')).count();
    writer + 1 + options..pipe
}

/// Whether `token` has the option `-S` among others: `-S`, `-kS`.
fn is_short(token: &str) -> bool {
    token.strip_prefix('-').is_some_and(|options| options.contains('S') && options.chars().all(char::is_alphabetic))
}

/// The values of fields for passwords in `text`: `<input type="password" value="...">`.
pub(super) fn in_fields(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let starts = lower.match_indices("<input").map(|(at, _)| at);
    let fields = starts.map(|from| from..tag_end(&lower, from));
    let is_secret = |field: &Range<usize>| {
        let value = attribute(&lower, field, "type");
        value.is_some_and(|value| &lower[value] == "password")
    };
    fields
        .filter(is_secret)
        .filter_map(|field| attribute(&lower, &field, "value"))
        .filter(|value| !value.is_empty())
        .collect()
}

/// Where the tag ends that begins at `from`: a ">" in quotes is none of it.
fn tag_end(text: &str, from: usize) -> usize {
    let mut quote = None;
    for (at, c) in text[from..].char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return from + at,
            _ => {}
        }
    }
    text.len()
}

/// Where the value of the attribute `name` of the tag at `tag` is, without its quotes.
fn attribute(text: &str, tag: &Range<usize>, name: &str) -> Option<Range<usize>> {
    let places = text[tag.clone()].match_indices(name).map(|(at, _)| tag.start + at);
    let from = places.filter(|at| text[..*at].ends_with([' ', '\t', '\'', '"'])).find_map(|at| {
        let rest = text[at + name.len()..tag.end].trim_start().strip_prefix('=')?.trim_start();
        Some(tag.end - rest.len())
    })?;
    let value = &text[from..tag.end];
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let from = from + usize::from(quote.is_some());
    let value = &text[from..tag.end];
    let end = match quote {
        Some(quote) => value.find(quote),
        None => value.find(char::is_whitespace).or_else(|| value.strip_suffix('/').map(str::len)),
    };
    Some(from..from + end.unwrap_or(value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_of_fields_and_what_is_piped_are_found() {
        for (text, secret) in [
            ("<input type=password value=moon>", Some("moon")),
            ("<INPUT value='a b' type=\"password\">", Some("a b")),
            ("<input type=password value=\"blue>horse\">", Some("blue>horse")),
            ("<input type=password value=moon/light/>", Some("moon/light")),
            ("<input type=text value=moon>", None),
            ("<input type=password>", None),
            ("<input type=password value=", None),
        ] {
            assert_eq!(in_fields(text).first().map(|range| &text[range.clone()]), secret, "{text}");
        }
        for (text, range) in [
            ("echo x | sudo -S ls", 1..2),
            ("echo -n a b | sudo -kS ls", 2..4),
            ("echo x|sudo -S ls", 1..2),
            ("sudo -S ls <<< x", 4..5),
            ("sudo -S ls <<<x", 3..4),
            ("sudo -S ls <<<", 4..4),
            ("echo x | sudo ls", 0..0),
            ("sudo -S ls", 0..0),
            ("echo x | cat", 0..0),
        ] {
            assert_eq!(piped(&text.split(' ').collect::<Vec<_>>()), range, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at(text in "\\PC{0,60}|(<input|type|=|password|value|\"|>| |é){0,14}|((echo|-n|x|\\||sudo|-S) ){0,9}") {
            for range in in_fields(&text) {
                prop_assert!(text.get(range).is_some());
            }
            let tokens: Vec<&str> = text.split_whitespace().collect();
            prop_assert!(tokens.get(piped(&tokens)).is_some());
        }
    }
}
