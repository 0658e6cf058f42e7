//! Secrets as programs are given them, in lines of terminals and code.
//!
//! Owns the forms that no name stands before: what is piped to `sudo -S`, options, links, the value of a field for passwords in
//! HTML, the lines of `.pgpass`; and what in a line of code is an expression and no value. What is named is [`super::text`]'s.

use super::look::{Look, look};
use super::{MASK, bare, is_secret, is_setting};
use std::ops::Range;

/// What writes a word for the next program.
const WRITERS: [&str; 2] = ["echo", "printf"];
/// Words that stand right before a secret, without a sign.
const BEFORE: [&str; 7] = ["cvv", "cvc", "pin", "puk", "otp", "tan", "bearer"];
/// Letters and digits behind an option that are as many may be a password.
pub(super) const MIXED: usize = 5;
/// Digits of a PIN, where nothing but its name stands before it.
const PIN: usize = 3;
/// Fields of a line of `.pgpass`: host, port, database, user, password.
const PGPASS: usize = 5;
/// What a shell gives a program the next word with.
const GIVEN: &str = "<<<";

/// What of `token` is a secret where the rest of it is none: in a link, in the code of a network, in a line of `.pgpass`.
pub(super) fn in_token(token: &str) -> Option<Range<usize>> {
    of_link(token).or_else(|| of_network(token)).or_else(|| of_pgpass(token)).or_else(|| of_pair(token))
}

/// The password of a name and a password in one word: "bob:Gr4peSoda".
fn of_pair(token: &str) -> Option<Range<usize>> {
    let (name, word) = token.split_once(':')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@'));
    let is_word = look(word) == Look::Odd && !word.contains(':');
    (is_name && is_word).then_some(name.len() + 1..token.len())
}

/// The password at the end of a line of `.pgpass`: "host:5432:database:user:password".
fn of_pgpass(token: &str) -> Option<Range<usize>> {
    let mut fields = token.splitn(PGPASS, ':');
    let is_port = |port: &str| port == "*" || !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    fields.next().filter(|host| !host.is_empty())?;
    fields.next().filter(|port| is_port(port))?;
    let names = [fields.next()?, fields.next()?];
    let password = fields.next().filter(|password| !password.is_empty() && *password != MASK)?;
    let is_name = |name: &&str| *name == "*" || name.starts_with(char::is_alphabetic);
    names.iter().all(is_name).then(|| token.len() - password.len()..token.len())
}

/// Whether `token` is an expression of a program, and no value: "lexer.next_token();", "&str,".
pub(super) fn is_expression(token: &str) -> bool {
    let token = token.trim_end_matches([',', ';', '?']);
    let is_of_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '&');
    // "getToken(" and "lexer.next(".
    let is_joined = |path: &str| {
        let rises = path.starts_with(char::is_lowercase) && path.contains(char::is_uppercase);
        rises || path.contains(['.', '_', ':'])
    };
    let is_call = token.ends_with(')')
        && token.split_once('(').is_some_and(|(path, _)| {
            path.starts_with(char::is_alphabetic) && path.chars().all(is_of_path) && is_joined(path)
        });
    is_call || matches!(token, "&str" | "String" | "&String" | "Option<String>" | "Option<&str>")
}

/// The name and the password before the host of a link.
fn of_link(token: &str) -> Option<Range<usize>> {
    let from = token.find("://")? + 3;
    let host = token[from..].split(['/', '?', '#']).next().unwrap_or_default();
    let user = host.rfind('@').filter(|user| *user > 0)?;
    (&host[..user] != MASK).then_some(from..from + user)
}

/// The password of a network as a code for cameras has it: "WIFI:S:Name;T:WPA;P:password;;".
fn of_network(token: &str) -> Option<Range<usize>> {
    let from = token.strip_prefix("WIFI:").and_then(|_| token.find(";P:").or_else(|| token.find(":P:")))? + 3;
    let length = token[from..].find(';').unwrap_or(token.len() - from);
    (length > 0 && !token[from..from + length].contains(MASK)).then_some(from..from + length)
}

/// Whether `token` is what some programs take right behind an option, `mysql -pS3cr3t`, or what stands behind such a word as
/// "CVV" and "Bearer".
fn is_option(before: &str, token: &str) -> bool {
    let is_mixed = |text: &str| {
        text.contains(|c: char| c.is_ascii_digit())
            && text.contains(char::is_alphabetic)
            && text.chars().count() >= MIXED
    };
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let is_long = digits >= PIN || digits > 0 && token.contains(char::is_alphabetic);
    token.strip_prefix("-p").is_some_and(is_mixed) || is_long && BEFORE.contains(&before.to_lowercase().as_str())
}

/// Whether `token` is what a program takes behind the option `before`: `--token x`, `sshpass -p x`, `curl -u name:x`, and what a
/// page takes behind `Authorization: Basic`.
pub(super) fn is_behind_option(tokens: &[&str], at: usize) -> bool {
    let token = tokens[at];
    let before = at.checked_sub(1).map_or("", |before| tokens[before]);
    let first = at.checked_sub(2).map_or("", |first| tokens[first]);
    if is_option(before, token) {
        return true;
    }
    let is_long = || before.strip_prefix("--").is_some_and(|name| is_secret(name) || is_setting(name));
    let takes = || before == "-p" && tokens.iter().any(|token| matches!(*token, "sshpass" | "login"));
    let is_pair = || {
        let pair = token.split_once(':').filter(|_| matches!(before, "-u" | "--user") && !token.contains("://"));
        pair.is_some_and(|(name, word)| name.contains(char::is_alphabetic) && !word.is_empty())
    };
    let is_basic = || bare(before) == "basic" && bare(first) == "authorization";
    !token.starts_with('-') && (is_long() || takes() || is_pair() || is_basic())
}

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
