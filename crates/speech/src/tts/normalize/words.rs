//! Words, abbreviations and addresses.
//!
//! Owns which abbreviations are written out. Acronyms are left to the pronunciation, which spells those that can't be
//! said, but for the ones that it gets wrong.

use super::calendar::{self, attempt};
use super::numbers::integer;
use super::reader::Reader;
use super::roman;

/// What an abbreviation needs after it to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// Nothing.
    Anything,
    /// A name.
    Capital,
    /// A number.
    Digit,
}

/// Abbreviations with a period, and what they stand for.
#[rustfmt::skip]
const ABBREVIATIONS: &[(&str, &str, After)] = &[
    ("Dr", "Doctor", After::Capital), ("Mr", "Mister", After::Capital), ("Mrs", "Missus", After::Capital), ("Ms", "Miz", After::Capital),
    ("Prof", "Professor", After::Capital), ("St", "Saint", After::Capital), ("Mt", "Mount", After::Capital), ("Ft", "Fort", After::Capital),
    ("Gen", "General", After::Capital), ("Col", "Colonel", After::Capital), ("Capt", "Captain", After::Capital), ("Lt", "Lieutenant", After::Capital),
    ("Sgt", "Sergeant", After::Capital), ("Rev", "Reverend", After::Capital), ("Sen", "Senator", After::Capital), ("Gov", "Governor", After::Capital),
    ("No", "number", After::Digit), ("no", "number", After::Digit), ("Nos", "numbers", After::Digit), ("p", "page", After::Digit),
    ("pp", "pages", After::Digit), ("pg", "page", After::Digit), ("Fig", "figure", After::Digit), ("fig", "figure", After::Digit),
    ("vol", "volume", After::Digit), ("Vol", "volume", After::Digit), ("ch", "chapter", After::Digit), ("Ch", "chapter", After::Digit),
    ("ca", "circa", After::Digit), ("ext", "extension", After::Digit),
    ("St", "Street", After::Anything), ("Ave", "Avenue", After::Anything), ("Blvd", "Boulevard", After::Anything), ("Rd", "Road", After::Anything),
    ("Jr", "Junior", After::Anything), ("Sr", "Senior", After::Anything), ("Inc", "Incorporated", After::Anything), ("Ltd", "Limited", After::Anything),
    ("Corp", "Corporation", After::Anything), ("Co", "Company", After::Anything), ("Bros", "Brothers", After::Anything),
    ("vs", "versus", After::Anything), ("etc", "et cetera", After::Anything), ("approx", "approximately", After::Anything), ("dept", "department", After::Anything),
    ("Dept", "Department", After::Anything), ("est", "estimated", After::Anything), ("min", "minutes", After::Anything), ("max", "maximum", After::Anything),
    ("avg", "average", After::Anything), ("hrs", "hours", After::Anything), ("mins", "minutes", After::Anything), ("govt", "government", After::Anything),
    ("Jan", "January", After::Anything), ("Feb", "February", After::Anything), ("Aug", "August", After::Anything), ("Sept", "September", After::Anything),
    ("Oct", "October", After::Anything), ("Nov", "November", After::Anything), ("Dec", "December", After::Anything),
    ("Mon", "Monday", After::Anything), ("Tue", "Tuesday", After::Anything), ("Tues", "Tuesday", After::Anything), ("Wed", "Wednesday", After::Anything),
    ("Thu", "Thursday", After::Anything), ("Thurs", "Thursday", After::Anything), ("Fri", "Friday", After::Anything),
];

/// The same without a period.
const BARE: &[(&str, &str, After)] = &[
    ("Dr", "Doctor", After::Capital),
    ("Mr", "Mister", After::Capital),
    ("Mrs", "Missus", After::Capital),
    ("Ms", "Miz", After::Capital),
    ("vs", "versus", After::Anything),
    ("etc", "et cetera", After::Anything),
    ("approx", "approximately", After::Anything),
];

/// Acronyms that the pronunciation would take for words.
const SPELLED: &[(&str, &str)] = &[
    ("AWS", "ay W S"),
    ("ETA", "E T ay"),
    ("FAQ", "F ay Q"),
    ("IDE", "I D E"),
    ("IO", "I O"),
    ("LED", "L E D"),
    ("SOS", "S O S"),
    ("UAE", "U ay E"),
    ("UX", "U X"),
];

/// Ends of names on the internet that are said as words; others are spelled.
const SAID_DOMAINS: [&str; 9] = ["com", "org", "net", "info", "dev", "app", "gov", "co", "me"];
const SPELLED_DOMAINS: [&str; 12] = ["io", "ai", "edu", "uk", "de", "fr", "us", "eu", "ch", "at", "tv", "gg"];

/// Characters of the longest address that is recognized. Bounds the work on text without blanks.
const LONGEST_LINK: usize = 2000;

/// A web or mail address, if one is next.
pub fn link(reader: &mut Reader) -> Option<String> {
    let may_begin = reader.before(1).is_none_or(|c| c.is_whitespace() || "([<\"'".contains(c));
    if !may_begin || !reader.peek().is_some_and(char::is_alphanumeric) {
        return None;
    }
    attempt(reader, |reader| {
        let belongs = |c: &char| !c.is_whitespace() && !"()[]<>\"".contains(*c);
        let token: String = (0..=LONGEST_LINK).map_while(|i| reader.ahead(i).filter(belongs)).collect();
        let length = token.chars().count();
        (length <= LONGEST_LINK).then(|| reader.advance(length))?;
        let address = token.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'']);
        let words = web(address).or_else(|| mail(address))?;
        // What ends the sentence is not part of the address.
        let rest = token.chars().count() - address.chars().count();
        reader.retreat(rest);
        Some(words)
    })
}

/// `https://www.example.com/path?x=1` is "example dot com".
fn web(address: &str) -> Option<String> {
    let lower = address.to_lowercase();
    let (bare, certain) = match lower.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => (rest.to_owned(), true),
        Some(_) => return None,
        None => (lower.clone(), lower.starts_with("www.")),
    };
    let host = bare.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?.split(':').next()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let is_host = is_host_name(host);
    let known =
        host.rsplit_once('.').is_some_and(|(_, end)| SAID_DOMAINS.contains(&end) || SPELLED_DOMAINS.contains(&end));
    if certain && !is_host {
        // Something of a link that nobody wants to hear.
        return Some("link".to_owned());
    }
    (is_host && (certain || known && !bare.contains('@'))).then(|| domain(host))
}

/// `jane.doe@example.com` is "jane dot doe at example dot com".
fn mail(address: &str) -> Option<String> {
    let (user, host) = address.split_once('@')?;
    let is_user = !user.is_empty() && user.chars().all(|c| c.is_ascii_alphanumeric() || ".-_+".contains(c));
    let is_host = host.contains('.') && is_host_name(host);
    (is_user && is_host).then(|| format!("{} at {}", spell_out(user), domain(&host.to_lowercase())))
}

/// Whether this may name a host: letters, digits and hyphens between points, no longer than such names are.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    name.len() <= 253 && name.split('.').all(is_label)
}

fn domain(host: &str) -> String {
    match host.rsplit_once('.') {
        Some((rest, end)) if SPELLED_DOMAINS.contains(&end) => {
            let letters: Vec<String> = end.to_uppercase().chars().map(letter_name).collect();
            let rest = if rest.contains('.') { domain(rest) } else { spell_out(rest) };
            format!("{rest} dot {}", letters.join(" "))
        }
        _ => spell_out(host),
    }
}

/// A letter that is not taken for the article.
fn letter_name(letter: char) -> String {
    if letter == 'A' { "ay".to_owned() } else { letter.to_string() }
}

/// Part of an address: words, with its marks named and its digits as numbers.
fn spell_out(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '.' => words.push_str(" dot "),
            '-' => words.push_str(" dash "),
            '_' => words.push_str(" underscore "),
            '+' => words.push_str(" plus "),
            digit if digit.is_ascii_digit() => {
                let mut number = digit.to_string();
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                words.push(' ');
                words.push_str(&integer(&number));
                words.push(' ');
            }
            other => words.push(other),
        }
    }
    words
}

/// A word, an abbreviation written out, if one is next.
pub fn word(reader: &mut Reader) -> Option<String> {
    if !reader.peek().is_some_and(char::is_alphabetic) {
        return None;
    }
    let start = reader.is_start();
    let (before, capital) =
        if start { (reader.word_before(), reader.word_before_is_capital()) } else { (String::new(), false) };
    if start && let Some(words) = attempt(reader, initials).or_else(|| attempt(reader, calendar::weekday)) {
        return Some(words);
    }
    if start && let Some(words) = attempt(reader, version) {
        return Some(words);
    }
    let written: String = reader.run(is_word_character).iter().collect();
    if written == "w" && reader.peek() == Some('/') {
        reader.advance(1);
        let out = reader.peek() == Some('o') && reader.ahead(1).is_none_or(|c| !c.is_alphanumeric());
        reader.advance(usize::from(out));
        return Some(if out { "without" } else { "with" }.to_owned());
    }
    if start
        && reader.is_end()
        && let Some(words) = roman::words(&written, &before, capital).or_else(|| alone(reader, &written))
    {
        return Some(words);
    }
    if let Some(words) = abbreviation(reader, &written) {
        return Some(words);
    }
    if let Some((_, letters)) = SPELLED.iter().find(|(acronym, _)| *acronym == written) {
        return Some((*letters).to_owned());
    }
    // The point of a file's name, or of Node.js.
    if reader.peek() == Some('.') && joins(reader, &written) {
        reader.advance(1);
        return Some(format!("{written} dot "));
    }
    Some(written)
}

/// `v2.0`.
fn version(reader: &mut Reader) -> Option<String> {
    reader.eat("v").then_some(())?;
    let mut parts = vec![reader.digits()];
    while reader.peek() == Some('.') && reader.ahead(1).is_some_and(|c| c.is_ascii_digit()) {
        reader.advance(1);
        parts.push(reader.digits());
    }
    let words: Vec<String> = parts.iter().map(|part| integer(part)).collect();
    (!parts[0].is_empty() && reader.is_end()).then(|| format!("version {}", words.join(" point ")))
}

/// A letter that is a word by itself: of a formula, of a programming language, or Greek.
fn alone(reader: &mut Reader, written: &str) -> Option<String> {
    let name = match written {
        "C" | "F" if reader.peek() == Some('#') && !reader.ahead(1).is_some_and(|c| c.is_alphanumeric()) => {
            reader.advance(1);
            return Some(format!("{written} sharp"));
        }
        "x" if reader.before(2) == Some(' ')
            && reader.before(3).is_some_and(|c| c.is_ascii_digit())
            && reader.peek() == Some(' ')
            && reader.ahead(1).is_some_and(|c| c.is_ascii_digit()) =>
        {
            "times"
        }
        "α" => "alpha",
        "β" => "beta",
        "γ" => "gamma",
        "δ" | "Δ" => "delta",
        "ε" => "epsilon",
        "θ" => "theta",
        "λ" => "lambda",
        "μ" => "mu",
        "π" => "pi",
        "σ" | "Σ" => "sigma",
        "φ" => "phi",
        "ω" | "Ω" => "omega",
        _ => return None,
    };
    Some(name.to_owned())
}

fn is_word_character(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '\u{300}'..='\u{36f}')
}

/// Whether the period that is next has a word right after it that is no new sentence.
fn joins(reader: &Reader, before: &str) -> bool {
    let sentence =
        before.chars().next_back().is_some_and(char::is_lowercase) && reader.ahead(1).is_some_and(char::is_uppercase);
    reader.ahead(1).is_some_and(char::is_alphanumeric) && !sentence
}

/// `U.S.`, `e.g.`, `Ph.D.`
fn initials(reader: &mut Reader) -> Option<String> {
    let mut letters = String::new();
    let mut parts = 0;
    while reader.peek().is_some_and(char::is_alphabetic) {
        let mut copy = *reader;
        let part = copy.run(char::is_alphabetic);
        if part.len() > 2 || copy.peek() != Some('.') {
            break;
        }
        letters.extend(part);
        parts += 1;
        copy.advance(1);
        *reader = copy;
    }
    if parts < 2 || reader.peek().is_some_and(char::is_alphanumeric) {
        return None;
    }
    match letters.to_lowercase().as_str() {
        "eg" => return Some("for example,".to_owned()),
        "ie" => return Some("that is,".to_owned()),
        "aka" => return Some("also known as".to_owned()),
        _ => {}
    }
    // The last period may also be the sentence's.
    if ends_sentence(reader) {
        reader.retreat(1);
    }
    Some(letters.to_uppercase())
}

/// Whether a sentence ends here, right after a period.
fn ends_sentence(reader: &Reader) -> bool {
    let mut rest = *reader;
    rest.run(|c| matches!(c, ' ' | '\t' | '"' | ')' | '\''));
    rest.peek().is_none_or(|c| c == '\n' || c.is_uppercase())
}

fn abbreviation(reader: &mut Reader, written: &str) -> Option<String> {
    let has_period = reader.peek() == Some('.') && !reader.ahead(1).is_some_and(char::is_alphanumeric)
        || reader.peek() == Some('.') && reader.ahead(1).is_some_and(|c| c.is_ascii_digit());
    // Part of a path, "/etc/hosts", is no abbreviation.
    let in_path = reader.before(written.chars().count() + 1) == Some('/') || reader.peek() == Some('/');
    if in_path && !has_period {
        return None;
    }
    let table = if has_period { ABBREVIATIONS } else { BARE };
    let mut after = *reader;
    after.advance(usize::from(has_period));
    let ends = ends_sentence(&after);
    let mut next = after;
    next.blanks();
    let fits = |needed: After| match needed {
        After::Anything => true,
        After::Capital => next.peek().is_some_and(char::is_uppercase),
        After::Digit => next.peek().is_some_and(|c| c.is_ascii_digit()),
    };
    let (_, words, needed) = table.iter().find(|(short, _, needed)| *short == written && fits(*needed))?;
    // A title's period never ends a sentence; that of "etc." may, and then it stays.
    if has_period && !(ends && *needed == After::Anything) {
        reader.advance(1);
    }
    Some((*words).to_owned())
}
