//! Lines with a name and its password that nothing calls so: "Netflix - bob@mail.example - sunflower", "bob:sunflower".
//!
//! Owns which of such lines have a password: for what stands over them, for how the others of them look, or for a service that
//! everybody has a password of. A line of the same shape by itself ("Anna - anna@post.example - vegetarian", "color:red") is
//! told. Rows of cells are [`super::vault`]'s.

use super::super::shape::{self, Kind};
use super::super::words::words;
use super::look::{Look, is_shouted, look};
use super::mask::{Page, is_near};
use super::{MASK, is_state, vault};
use jarvis_core::{ScreenText, TextLine};
use std::ops::Range;

/// What parts a service, a user's address and a password in one line.
const SIGNS: [&str; 4] = [" - ", " – ", " | ", " / "];
/// What stands over lines of users and passwords, or in the title of their window: a file or a heading.
#[rustfmt::skip]
const OVER: [&str; 9] = [
    "credentials", "creds", "passwords", "passwörter", "passwort", "logins", "zugangsdaten", "vault", "combos",
];
/// Lines over such a list of which one may be its heading ...
const ABOVE: usize = 2;
/// ... which has no more words.
const HEADING: usize = 4;
/// What stands before a colon in settings, and is nobody's name.
#[rustfmt::skip]
const SETTINGS: &[&str] = &[
    "host", "hostname", "port", "server", "user", "username", "name", "email", "mail", "url", "uri", "path", "file", "level", "mode", "type",
    "version", "date", "time", "note", "tel", "phone", "mailto", "http", "https", "ssh", "ftp", "localhost", "title", "status", "id",
];
/// What is on the web under that name and asks for a password.
#[rustfmt::skip]
const SERVICES: &[&str] = &[
    "netflix", "spotify", "amazon", "paypal", "google", "gmail", "facebook", "instagram", "disney", "ebay", "dropbox", "github", "gitlab",
    "steam", "linkedin", "zoom", "icloud", "apple", "microsoft", "outlook", "twitter", "tiktok", "youtube", "reddit", "discord", "slack",
    "whatsapp", "hulu", "airbnb", "uber", "adobe", "twitch", "pinterest", "wordpress", "vpn", "router", "bank",
];
/// Letters of a password, where nothing but its place tells it.
const LEAST: usize = 4;
/// So many lines that look like it are a list of passwords, whatever stands over them.
const MANY: usize = 2;

/// A line that may have a password.
struct Entry<'a> {
    line: usize,
    place: Range<usize>,
    /// What it is for, where the line tells.
    service: Option<&'a str>,
    look: Look,
}

/// Marks the passwords in such lines of `screen`, whose lines are those of `page`.
pub(super) fn mark(page: &mut Page<'_>, screen: &ScreenText) {
    let lines = &screen.lines;
    let mut is_about = None;
    for entry_of in [of_pair, of_address] {
        let entries: Vec<Entry<'_>> =
            lines.iter().enumerate().filter_map(|(at, line)| entry_of(at, &line.text)).collect();
        let goes_on = |one: &Entry<'_>, next: &Entry<'_>| {
            next.line == one.line + 1 && is_near(&lines[one.line], &lines[next.line])
        };
        for block in entries.chunk_by(goes_on) {
            let odd = block.iter().filter(|entry| entry.look == Look::Odd).count();
            let is_list = odd >= MANY || is_called_so(screen, block[0].line) || {
                // A page with a form to log in has lines with colons as any.
                block[0].service.is_some() && (odd > 0 || *is_about.get_or_insert_with(|| vault::is_about(screen)))
            };
            let is_known = |entry: &&Entry<'_>| is_list || entry.service.is_some_and(is_service);
            block.iter().filter(is_known).for_each(|entry| page.hide_range(entry.line, entry.place.clone()));
        }
    }
}

/// Whether the title of the window of `screen`, or what stands over its line `at`, says that passwords follow.
fn is_called_so(screen: &ScreenText, at: usize) -> bool {
    let says = |text: &str| words(text).iter().any(|word| OVER.contains(&word.as_str()));
    let above = &screen.lines[at.saturating_sub(ABOVE)..at];
    let is_heading = |line: &TextLine| line.text.split_whitespace().count() <= HEADING && says(&line.text);
    screen.window.as_deref().is_some_and(says) || above.iter().any(is_heading)
}

/// A user's name and a word in one piece: "bob:sunflower", "kim@post.example:moonlight".
fn of_pair(line: usize, text: &str) -> Option<Entry<'_>> {
    let (from, text) = trimmed(text);
    let (name, word) = text.split_once(':')?;
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let is_name = name.starts_with(char::is_alphabetic)
        && name.chars().all(is_of_name)
        && !SETTINGS.contains(&name.to_lowercase().as_str());
    // "display:block;" and "std::fmt", "localhost:8080".
    let is_code = text.ends_with([';', ',', '{', '(', ')']) || word.contains(':') || word.starts_with(['/', '\\']);
    let is_word = is_password(word) && !word.bytes().all(|byte| byte.is_ascii_digit());
    let place = from + name.len() + 1..from + text.len();
    (is_name && !is_code && is_word).then(|| Entry { line, place, service: None, look: look(word) })
}

/// A service, a mail address and a word: "Netflix - bob@mail.example - sunflower".
fn of_address(line: usize, text: &str) -> Option<Entry<'_>> {
    let (from, text) = trimmed(text);
    let parts = SIGNS.iter().map(|sign| text.split(sign).collect::<Vec<_>>()).find(|parts| parts.len() == 3)?;
    let [service, user, word] = [parts[0].trim(), parts[1].trim(), parts[2].trim()];
    let is_user = !user.contains(' ') && !shape::find(Kind::Email, user).is_empty();
    let looks = if is_shouted(word) { look(word).max(Look::Mixed) } else { look(word) };
    let place = from + text.len() - word.len()..from + text.len();
    (is_user && is_password(word)).then_some(Entry { line, place, service: Some(service), look: looks })
}

/// `text` without the room around it, and where that begins.
fn trimmed(text: &str) -> (usize, &str) {
    (text.len() - text.trim_start().len(), text.trim())
}

/// Whether `word` may be a password by itself: one word, nothing that is known by its shape, and not yet taken out.
fn is_password(word: &str) -> bool {
    let is_known = [Kind::Date, Kind::Amount, Kind::Email, Kind::Url, Kind::Phone]
        .iter()
        .any(|kind| !shape::find(*kind, word).is_empty());
    word.chars().count() >= LEAST
        && !word.contains(char::is_whitespace)
        && !word.contains(MASK)
        && !is_known
        && !is_state(word)
}

/// Whether `name` is of a service that everybody knows.
fn is_service(name: &str) -> bool {
    words(name).iter().any(|word| SERVICES.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::screen;
    use super::super::masked;
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> String {
        let lines = text.lines().zip(0..).flat_map(|(text, row)| crate::bench::lines(text, row)).collect();
        let told = masked(&screen(lines)).lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
        told.join("\n").replace(MASK, "*")
    }

    #[test]
    fn passwords_without_a_name_are_told_from_other_lines_of_their_shape() {
        for (text, told) in [
            ("My logins\nLibrary - ann@post.example - sunflower", "My logins\nLibrary - ann@post.example - *"),
            ("Netflix - bob@mail.example - sunflower", "Netflix - bob@mail.example - *"),
            ("creds.txt\nbob:sunflower", "creds.txt\nbob:*"),
            ("bob:sunflower\nkim:q7Zt4pW\nann:Kw8dLn5", "bob:*\nkim:*\n*"),
            // And lines that have none.
            ("Anna - anna@post.example - vegetarian", "Anna - anna@post.example - vegetarian"),
            ("creds.txt\nhost:localhost\nport:8080", "creds.txt\nhost:localhost\nport:8080"),
            ("login.css\ncolor:red;\nfloat:left", "login.css\ncolor:red;\nfloat:left"),
            ("Netflix - bob@mail.example - 12.99 EUR", "Netflix - bob@mail.example - 12.99 EUR"),
        ] {
            assert_eq!(of(text), told, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_lines_are_looked_at(
            text in "\\PC{0,60}|((netflix|bob|:|sunflower|a@b\\.example| - |\n|creds|x9Zz4q) ?){0,14}",
        ) {
            of(&text);
        }
    }
}
