//! Secrets in blocks of lines: lists under a heading, tables, private keys, codes under a sentence, answers in a chat.
//!
//! Owns which lines of such a block are hidden, and which part of them. Labels and what stands beside them are [`super::mask`]'s.

use super::super::shape;
use super::super::table;
use super::super::words::words;
use super::look::{Look, look};
use super::mask::{Page, SENTENCES, beside_nothing, is_code, is_near};
use super::text::LOCKED;
use super::{cards, codes, ends_in_secret, is_secret, is_state, is_value, stems};
use jarvis_core::{ScreenText, TextLine, TextRole};
use std::ops::Range;

/// The name of a secret over a column has no more words.
const NAME: usize = 3;
/// Fields of a line with signs between them are as many at least.
const FIELDS: usize = 3;
/// What parts them.
const SIGNS: [char; 4] = ['|', ';', '\t', ','];
/// What parts a name from its secret in a list of them.
const PARTS: [&str; 4] = [": ", " - ", " – ", " = "];
/// What somebody is told who asks for a secret has no more words.
const REPLY: usize = 4;
/// What stands beside settings that are about secrets.
const SWITCHED: [&str; 8] = ["On", "Off", "on", "off", "enabled", "disabled", "Enabled", "Disabled"];
/// Who asks somebody else for one begins so.
const ASKING: [&str; 9] = ["what", "whats", "which", "and", "send", "tell", "do", "can", "could"];
/// What a column is called that tells whose a password is ...
#[rustfmt::skip]
const WHOSE: &[&str] = &[
    "user", "users", "username", "login", "account", "site", "service", "website", "url", "app", "used", "for", "network", "owner", "email",
    "benutzer", "konto", "dienst",
];
/// ... in no more letters.
const WHOSE_LETTERS: usize = 20;
/// Lines near a network's name that have its key.
const NEAR: usize = 4;
/// What the key of a network is called where it stands near its name.
const KEYS: [&str; 7] = ["key", "schlüssel", "psk", "wpa key", "wpa2 key", "wpa2 psk", "netzwerkschlüssel"];

/// Marks the secrets of the block that begins with the line `at`, which may name one.
pub(super) fn mark(page: &mut Page<'_>, at: usize) {
    mark_list(page, at);
    mark_key(page, at);
    mark_told(page, at);
    mark_codes(page, at);
    mark_network(page, at);
    mark_card(page, at);
    mark_answer(page, at);
}

/// Marks the secrets in the rows and columns of `screen`, whose lines are those of `page`.
pub(super) fn mark_rows(page: &mut Page<'_>, screen: &ScreenText) {
    mark_columns(page, screen);
    let rows = table::rows(screen);
    for at in 0..rows.len() {
        mark_first_column(page, &rows[at..]);
    }
    for at in 0..rows.len() {
        mark_separated(page, &rows, at);
    }
}

/// Marks the codes under the line `at`, which tells of codes to type in or to keep: the next lines that are nothing else,
/// behind sentences that say more of them.
fn mark_codes(page: &mut Page<'_>, at: usize) {
    let lines = page.lines;
    let has = |line: &TextLine, is_it: fn(&[&str]) -> bool| is_it(&line.text.split_whitespace().collect::<Vec<_>>());
    if !has(&lines[at], codes::lead_to_some) {
        return;
    }
    let is_told = |line: &&TextLine| line.text.ends_with('.') && line.text.contains(' ') && !has(line, codes::are_all);
    let told = lines[at + 1..].iter().take(SENTENCES).take_while(is_told).count();
    for (index, line) in lines.iter().enumerate().skip(at + 1 + told) {
        if !has(line, codes::are_all) {
            break;
        }
        page.hide(index);
    }
}

/// Marks the list under the label `at` of many secrets, "Passwords", whose entries tell each what it is of: "Bank: Tiger22". It ends
/// where there is more room than between its entries.
fn mark_list(page: &mut Page<'_>, at: usize) {
    let lines = page.lines;
    if !page.is_label(at) {
        return;
    }
    let is_of_many = words(&lines[at].text).last().is_some_and(|last| last.ends_with('s') && is_secret(last));
    if !is_of_many || !beside_nothing(lines, at) {
        return;
    }
    let mut pitch = None;
    for index in at + 1..lines.len() {
        let (before, line) = (&lines[index - 1], &lines[index]);
        let is_row = before.is_left_of(line);
        let gap = line.region.y.saturating_sub(before.region.bottom()).max(0);
        let room = pitch.map_or(i32::MAX, |pitch: i32| pitch.saturating_add(line.region.height as i32 / 2));
        if !is_near(before, line) || line.role == TextRole::Heading || line.text.ends_with(['.', '!', '?']) {
            break;
        }
        if index > at + 1 && !is_row {
            if gap > room {
                break;
            }
            pitch = pitch.or(Some(gap));
        }
        let is_switch = line.text.split_whitespace().last().is_some_and(|last| SWITCHED.contains(&last));
        if is_switch || line.role == TextRole::Control || is_count(&line.text) {
            continue;
        }
        let value = PARTS.iter().filter_map(|sign| Some(line.text.find(sign)? + sign.len())).min();
        if let Some(from) = value {
            page.hide_range(index, from..line.text.len());
        } else if lines.iter().any(|other| other.is_left_of(line)) {
            page.hide(index);
        }
    }
}

/// Whether `text` says how many there are of something: "12 sites".
fn is_count(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|first| first.len() <= 4 && first.bytes().all(|byte| byte.is_ascii_digit()))
        && words.next().is_some_and(|next| next.chars().all(char::is_lowercase))
        && words.next().is_none()
}

/// Marks the rows under the row `at`, whose parts are named with signs between, where one of them is a secret:
/// "name,url,password" and "id | user | password".
fn mark_separated(page: &mut Page<'_>, rows: &[Vec<&TextLine>], at: usize) {
    let parts = |text: &str| {
        SIGNS.map(|sign| (text.matches(sign).count() + 1, sign)).into_iter().max_by_key(|(count, _)| *count)
    };
    let is_one =
        |row: &[&TextLine]| row.iter().map(|cell| cell.text.matches(SIGNS).count()).sum::<usize>() + 1 >= FIELDS;
    if !is_one(&rows[at]) {
        return;
    }
    let heads = joined(&rows[at]);
    let Some((count, sign)) = parts(&heads).filter(|(count, _)| *count >= FIELDS) else { return };
    // A sentence with commas is no row of heads.
    let is_short = |part: &str| part.split_whitespace().count() <= NAME && !stems::has_digit(part);
    if !heads.split(sign).all(is_short) {
        return;
    }
    let is_head = |part: &str| is_secret(part);
    let columns: Vec<usize> =
        heads.split(sign).enumerate().filter(|(_, part)| is_head(part)).map(|(at, _)| at).collect();
    if columns.is_empty() {
        return;
    }
    for (before, row) in rows[at..].iter().zip(&rows[at + 1..]) {
        let text = joined(row);
        if !is_near(before[0], row[0]) {
            break;
        }
        // "---+---".
        if !text.contains(char::is_alphanumeric) {
            continue;
        }
        let places = places(&text, sign);
        match places.len() {
            all if all == count => columns.iter().for_each(|column| hide_in_row(page, row, &places[*column])),
            // There is a sign in one of them.
            all if all > count => hide_in_row(page, row, &(0..text.len())),
            _ => break,
        }
    }
}

/// The cells of a row as one text.
fn joined(row: &[&TextLine]) -> String {
    row.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Where the parts of `text` are that `sign` parts, without the room around them.
fn places(text: &str, sign: char) -> Vec<Range<usize>> {
    let place = |part: &str| {
        let from = part.as_ptr() as usize - text.as_ptr() as usize + (part.len() - part.trim_start().len());
        from..from + part.trim().len()
    };
    text.split(sign).map(place).collect()
}

/// Hides `place` of the cells of `row`, [`joined`].
fn hide_in_row(page: &mut Page<'_>, row: &[&TextLine], place: &Range<usize>) {
    let mut from = 0;
    for cell in row {
        let to = from + cell.text.len();
        let (start, end) = (place.start.clamp(from, to) - from, place.end.clamp(from, to) - from);
        if let Some(at) = page.index(cell).filter(|_| start < end) {
            page.hide_range(at, start..end);
        }
        from = to + 1;
    }
}

/// Marks the key of the network that the line `at` names, in the lines near it: "SSID" and "Key", also in one cell: "key tram-19".
fn mark_network(page: &mut Page<'_>, at: usize) {
    let lines = page.lines;
    let text = &lines[at].text;
    if !["key", "psk", "schl"].iter().any(|part| stems::has(text, part)) {
        return;
    }
    let tokens: Vec<&str> = text.split_whitespace().take(NAME + 1).collect();
    let is_key = |tokens: &[&str]| KEYS.contains(&words(&tokens.join(" ")).join(" ").as_str());
    let is_named = tokens.len() < NAME && is_key(&tokens);
    let is_whole = tokens.len() == 2 && is_key(&tokens[..1]) && look(tokens[1]) >= Look::Mixed;
    let near = at.saturating_sub(NEAR)..(at + NEAR + 1).min(lines.len());
    if !(is_named || is_whole) || !lines[near].iter().any(is_of_network) {
        return;
    }
    if is_whole {
        page.hide_range(at, text.len() - tokens[1].len()..text.len());
        return;
    }
    let is_value = |line: &TextLine| line.text.split_whitespace().count() <= REPLY && !is_state(&line.text);
    let beside = (0..lines.len())
        .filter(|other| lines[at].is_left_of(&lines[*other]))
        .min_by_key(|other| lines[*other].region.x);
    let under = || Some(at + 1).filter(|next| *next < lines.len() && is_near(&lines[at], &lines[*next]));
    if let Some(value) = beside.or_else(under).filter(|value| is_value(&lines[*value])) {
        page.hide(value);
    }
}

/// Whether `line` names a network.
fn is_of_network(line: &TextLine) -> bool {
    let words = words(&line.text);
    let has = |name: &str| words.iter().any(|word| word == name);
    has("ssid") || has("network") || has("wlan") || has("wifi") || has("netzwerk") || has("wi") && has("fi")
}

/// Marks what the line `at` answers to a question that only its owner knows, in the line over it: "Answer: Rex", "My answer is Rex."
fn mark_answer(page: &mut Page<'_>, at: usize) {
    let lines = page.lines;
    let asks = |line: &TextLine| {
        let words = words(&line.text);
        let has = |first: &str, next: &str| words.windows(2).any(|two| two[0] == first && two[1] == next);
        let is_question = |first: &str| has(first, "question") || has(first, "questions");
        has("maiden", "name")
            || has("first", "pet")
            || has("childhood", "pet")
            || is_question("secret")
            || is_question("security")
    };
    let is_label = |text: &str| {
        let words = words(text);
        !words.is_empty()
            && words.iter().all(|word| matches!(word.as_str(), "the" | "my" | "your" | "our" | "and" | "answer"))
    };
    if at == 0 || !stems::has(&lines[at].text, "answer") {
        return;
    }
    let text = &lines[at].text;
    // "Your answer" over it, or beside it.
    if is_label(text) && lines[at.saturating_sub(SENTENCES)..at].iter().any(asks) {
        let beside = (0..lines.len()).find(|other| lines[at].is_left_of(&lines[*other]));
        let under = || Some(at + 1).filter(|next| *next < lines.len() && is_near(&lines[at], &lines[*next]));
        let is_one = |told: &usize| {
            lines[*told].role != TextRole::Control && lines[*told].text.split_whitespace().count() <= REPLY
        };
        if let Some(told) = beside.or_else(under).filter(is_one) {
            page.hide(told);
        }
    }
    if !asks(&lines[at - 1]) {
        return;
    }
    let told = [":", "=", " is ", " was "].iter().filter_map(|sign| {
        let (label, answer) = text.split_once(sign)?;
        let is_label =
            words(label).iter().all(|word| matches!(word.as_str(), "the" | "my" | "your" | "our" | "and" | "answer"));
        (is_label && !answer.trim().is_empty()).then(|| answer.trim_start())
    });
    if let Some(answer) = told.min_by_key(|answer| answer.len()).filter(|answer| !is_state(answer)) {
        page.hide_range(at, text.len() - answer.len()..text.len());
    }
}

/// Marks the number right of the line `at`, which names a card: "Gift card" and "6011-2093-7741-0083".
fn mark_card(page: &mut Page<'_>, at: usize) {
    let lines = page.lines;
    if lines[at].text.split_whitespace().count() <= NAME && cards::is_named(&lines[at].text) {
        let is_number = |line: &TextLine| lines[at].is_left_of(line) && cards::is_one(&line.text);
        (0..lines.len()).filter(|other| is_number(&lines[*other])).for_each(|other| page.hide(other));
    }
}

/// Marks the lines of a private key under the one, `at`, that it begins with (RFC 7468).
fn mark_key(page: &mut Page<'_>, at: usize) {
    let lines = page.lines;
    let is_key = |begins: &str, text: &str| text.contains(begins) && text.contains("PRIVATE KEY");
    if is_key("BEGIN", &lines[at].text) {
        let of_key = lines.iter().enumerate().skip(at + 1).take_while(|(_, line)| !is_key("END", &line.text));
        of_key.for_each(|(index, _)| page.hide(index));
    }
}

/// Marks what somebody is told who asks for a secret in the line `at`: "what is the password?", "sunflower".
fn mark_told(page: &mut Page<'_>, at: usize) {
    let lines = page.lines;
    if !lines[at].text.trim_end().ends_with('?') {
        return;
    }
    // "Thanks! And the alarm?"
    let question = lines[at].text.trim_end().trim_end_matches('?');
    let question = question.rsplit(['.', '!', '?']).next().unwrap_or(question);
    let asked = words(question);
    let is_begun = asked.first().is_some_and(|first| ASKING.contains(&first.as_str()));
    let is_asked = is_begun && (ends_in_secret(question) || is_entry(&asked));
    // "And the alarm?" is answered with a code, or with anything.
    let is_lock = is_begun
        && asked.len() <= FIELDS
        && asked.last().is_some_and(|last| LOCKED.contains(&last.as_str()) || last == "gate" || last == "door");
    if !is_asked && !is_lock {
        return;
    }
    let is_time = |line: &TextLine| line.text.split_whitespace().any(shape::is_time);
    // Who says it, and when.
    let is_name = |line: &TextLine| {
        is_time(line) || lines.iter().any(|other| is_time(other) && (line.is_left_of(other) || other.is_left_of(line)))
    };
    let told = (at + 1..lines.len()).take(SENTENCES).find(|other| !is_name(&lines[*other]));
    let is_it = |told: &usize| {
        lines[*told].text.split_whitespace().count() <= REPLY && (is_asked || is_value(&lines[*told].text))
    };
    if let Some(told) = told.filter(is_it) {
        page.hide(told);
    }
}

/// Whether "and the wifi?" or "what's the code for the gate?" asks how one gets in: a code that is for something, or the
/// network alone.
fn is_entry(asked: &[String]) -> bool {
    let has = |word: &str| asked.iter().any(|one| one == word);
    let is_network = asked.windows(2).any(|two| two[0] == "wi" && two[1] == "fi") || has("wifi") || has("wlan");
    is_network && asked.len() <= FIELDS + 1 || has("code") && has("for")
}

/// Marks the first cells of the rows under `rows[0]` where that calls them a password and another column tells whose each is:
/// "Password   User   Site". Under "Passwords" stands what they are of.
fn mark_first_column(page: &mut Page<'_>, rows: &[Vec<&TextLine>]) {
    let Some((heads, rows)) = rows.split_first() else { return };
    let [first, others @ ..] = &heads[..] else { return };
    let is_of_one = words(&first.text).last().is_some_and(|last| !last.ends_with('s'));
    let tells_whose = |head: &&TextLine| {
        words(&head.text).iter().any(|word| WHOSE.contains(&word.as_str())) && head.text.len() <= WHOSE_LETTERS
    };
    if !is_of_one
        || !is_secret(&first.text)
        || first.text.split_whitespace().count() > NAME
        || !others.iter().any(tells_whose)
    {
        return;
    }
    let mut before = *first;
    for row in rows {
        let is_under =
            (i64::from(row[0].region.x) - i64::from(first.region.x)).abs() <= i64::from(first.region.height.max(1));
        if row.len() < 2 || !is_under || !is_near(before, row[0]) {
            break;
        }
        if !is_state(&row[0].text) {
            page.hide_line(row[0]);
        }
        before = row[0];
    }
}

/// Marks what stands in the columns of tables that are called after a secret.
fn mark_columns(page: &mut Page<'_>, screen: &ScreenText) {
    for table in table::tables(screen) {
        for (column, cell) in table.cells_under(|head| is_secret(&head.text)) {
            // What begins the rows may be labels, each of its own.
            if (column > 0 || is_code(cell)) && !is_state(&cell.text) {
                page.hide_line(cell);
            }
        }
    }
}
