//! What of a screen is said to nobody, decided once for a look.
//!
//! Owns which lines hold a secret though they don't name it: under its label or in its row, in a list of them, in the column
//! under its name, where a sentence that names it goes on in the next line, in a private key, and in the answer to who asks for
//! it. What is one by the words of its own line is [`super::text`]'s. Never changes what is copied.

use super::super::say::goes_on;
use super::super::shape::{self, Kind};
use super::super::table;
use super::super::words::words;
use super::{
    MASK, codes, ends_in_secret, has_secret, is_phrase, is_secret, is_state, is_statement, is_value, kept as kept_of,
    leads_on, phrase,
};
use jarvis_core::{ScreenText, TextLine, TextRole};
use std::borrow::Cow;

/// The lines of a list are no further apart, in heights of a line.
const APART: i32 = 3;

/// `screen` with [`MASK`] in the place of each secret.
pub(in crate::skills::screen) fn masked(screen: &ScreenText) -> Cow<'_, ScreenText> {
    let lines = &screen.lines;
    // How many words from the first of each line.
    let mut kept = vec![0; lines.len()];
    for at in 0..lines.len() {
        mark_behind(lines, at, &mut kept);
        mark_near(lines, at, &mut kept);
        mark_list(lines, at, &mut kept);
        mark_separated(lines, at, &mut kept);
        mark_key(lines, at, &mut kept);
        mark_told(lines, at, &mut kept);
        mark_codes(lines, at, &mut kept);
        phrase::cells(lines, at).into_iter().for_each(|cell| kept[cell] = ALL);
    }
    mark_columns(screen, &mut kept);
    let texts = lines.iter().zip(kept).map(|(line, count)| match count {
        0 => kept_of(&line.text),
        count => {
            let rest = line.text.split_whitespace().skip(count).collect::<Vec<_>>().join(" ");
            let is_all = rest.is_empty();
            Cow::Owned(if is_all { MASK.to_owned() } else { format!("{MASK} {}", kept_of(&rest)) })
        }
    });
    let texts: Vec<Option<String>> =
        texts.map(|text| if let Cow::Owned(text) = text { Some(text) } else { None }).collect();
    if texts.iter().all(Option::is_none) {
        return Cow::Borrowed(screen);
    }
    let mut masked = screen.clone();
    for (line, text) in masked.lines.iter_mut().zip(texts) {
        if let Some(text) = text {
            line.text = text;
        }
    }
    Cow::Owned(masked)
}

/// So short a word with a digit is no secret in a sentence: "8 letters".
const SHORTEST: usize = 3;
/// The name of a secret over it has no more words.
const NAME: usize = 3;
/// A phrase has no more words, where nothing but its place tells it.
const PHRASE: usize = 12;
/// Words that begin labels, links and buttons near a field for a password.
#[rustfmt::skip]
const ON_WINDOWS: &[&str] = &[
    "email", "e", "mail", "user", "username", "name", "first", "last", "phone", "address", "remember", "forgot", "forgotten", "show",
    "hide", "sign", "log", "login", "logout", "submit", "continue", "next", "cancel", "save", "ok", "close", "back", "change", "reset",
    "confirm", "repeat", "retype", "new", "current", "old", "security", "settings", "account", "profile", "privacy", "general",
    "network", "help", "about", "create", "register", "two", "manage", "generate", "copy", "edit", "delete", "update", "terms", "keep",
    "stay", "don", "don't", "need", "or", "enter", "use", "no", "yes", "apply", "done", "start", "unlock", "connect", "view", "more",
    "status", "country", "language", "city", "street", "company", "role", "visits", "date", "never", "caps",
];
/// Sentences between a label and the codes under it are no more.
const SENTENCES: usize = 3;
/// Fields of a line with signs between them are as many at least.
const FIELDS: usize = 3;
/// What somebody is told who asks for a secret has no more words.
const REPLY: usize = 4;
/// What stands beside settings that are about secrets.
const SWITCHED: [&str; 8] = ["On", "Off", "on", "off", "enabled", "disabled", "Enabled", "Disabled"];
/// Who asks somebody else for one begins so.
const ASKING: [&str; 9] = ["what", "whats", "which", "and", "send", "tell", "do", "can", "could"];
/// All words of a line.
const ALL: usize = usize::MAX;

/// Whether `line` is the label of a secret and nothing else.
fn is_label(line: &TextLine) -> bool {
    let label = line.text.trim_end_matches([':', '=', ' ']);
    is_secret(label) && !has_secret(&line.text) && !line.text.ends_with(['.', '!', '?'])
}

/// Marks what goes on in reading order behind the line `at`, which names a secret.
fn mark_behind(lines: &[TextLine], at: usize, kept: &mut [usize]) {
    let line = &lines[at];
    let tokens: Vec<&str> = line.text.split_whitespace().collect();
    let Some(next) = lines.get(at + 1).filter(|next| !is_other_setting(line, next)) else { return };
    let is_label = is_label(line);
    if goes_on(line, next) {
        kept[at + 1] = kept[at + 1].max(wrapped(&tokens, next));
    }
    let goes_on_in_lines = kept_of(&line.text).trim_end_matches(['.', ',', ' ']).ends_with(MASK);
    if !is_label && !goes_on_in_lines {
        return;
    }
    let is_phrase = is_phrase(&line.text);
    // "Keep them safe. Each can be used once."
    let is_told = |next: &&TextLine| {
        let is_sentence = next.text.ends_with('.') && next.text.contains(' ') && !is_value(&next.text);
        is_label && is_sentence && next.role != TextRole::Field
    };
    let told = lines[at + 1..].iter().take(SENTENCES).take_while(is_told).count();
    for (index, next) in lines.iter().enumerate().skip(at + 1 + told) {
        let is_first = is_label && index == at + 1;
        let is_one = is_first && is_under_label(line, next)
            || (is_first || is_near(&lines[index - 1], next)) && (is_code(next) || is_phrase && is_of_phrase(next));
        if !is_one {
            break;
        }
        kept[index] = ALL;
    }
}

/// Marks the codes under the line `at`, which tells of codes to type in or to keep: the next lines that are nothing else,
/// behind sentences that say more of them.
fn mark_codes(lines: &[TextLine], at: usize, kept: &mut [usize]) {
    let tokens = |line: &TextLine| line.text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let has = |line: &TextLine, is_it: fn(&[&str]) -> bool| {
        let tokens = tokens(line);
        is_it(&tokens.iter().map(String::as_str).collect::<Vec<_>>())
    };
    if !has(&lines[at], codes::lead_to_some) {
        return;
    }
    let is_told = |line: &&TextLine| line.text.ends_with('.') && line.text.contains(' ') && !has(line, codes::are_all);
    let told = lines[at + 1..].iter().take(SENTENCES).take_while(is_told).count();
    for index in at + 1 + told..lines.len() {
        if !has(&lines[index], codes::are_all) {
            break;
        }
        kept[index] = ALL;
    }
}

/// How many words that `next` begins with are the secret that the sentence `tokens` ends with the name of.
fn wrapped(tokens: &[&str], next: &TextLine) -> usize {
    let Some(is_linked) = leads_on(tokens) else { return 0 };
    let has_digit = |token: &str| token.contains(|c: char| c.is_ascii_digit()) && token.len() >= SHORTEST;
    let words: Vec<&str> = next.text.split_whitespace().collect();
    if !words.first().is_some_and(|word| !is_state(word) && (is_linked || has_digit(word))) || is_known(&next.text) {
        return 0;
    }
    1 + words[1..].iter().take_while(|word| has_digit(word)).count()
}

/// Whether `next`, the line behind the label `line`, is what that is the label of.
fn is_under_label(line: &TextLine, next: &TextLine) -> bool {
    let is_signed = line.text.trim_end().ends_with([':', '=']);
    let is_beside = is_signed || line.region.is_empty() || line.is_left_of(next);
    next.role == TextRole::Field || is_value(&next.text) || is_beside && are_words_of(line, next)
}

/// Whether `line` is a setting without a value, and `next` another with one: "API_TOKEN=" and "PORT=8080".
fn is_other_setting(line: &TextLine, next: &TextLine) -> bool {
    next.role != TextRole::Field && assigned(&line.text).is_some() && assigned(&next.text).is_some_and(has_words)
}

/// What stands behind the name of a setting and its sign: "8080" of "PORT=8080".
fn assigned(text: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let (name, value) = text.trim().split_once('=')?;
    let name = name.trim_end();
    (name.starts_with(char::is_alphabetic) && name.chars().all(is_of_name)).then_some(value)
}

/// Whether there is more in `text` than signs, which fill a code up: "c3VuZmxvd2Vy==".
fn has_words(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// Whether `next`, near the label `line`, may be words that are the secret: nothing that is said of one or stands on the
/// windows around it.
fn are_words_of(line: &TextLine, next: &TextLine) -> bool {
    let is_text = matches!(next.role, TextRole::Text | TextRole::Alert | TextRole::Error);
    let (label, words): (Vec<&str>, Vec<&str>) =
        (line.text.split_whitespace().collect(), next.text.split_whitespace().collect());
    if is_other_setting(line, next) {
        return false;
    }
    // "Password policy" is the name of something else.
    let is_name = leads_on(&label.iter().map(|word| word.trim_end_matches([':', '='])).collect::<Vec<_>>()).is_some();
    // "Please use the password" goes on as a sentence does.
    let is_short = label.len() == 1 || label.len() <= NAME && line.text.starts_with(char::is_uppercase);
    let Some(first) = words.first().filter(|_| is_text && is_name && is_short && words.len() <= PHRASE) else {
        return false;
    };
    let first = first.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let is_of_window = next.text.starts_with(char::is_uppercase) && ON_WINDOWS.contains(&first.as_str());
    !is_of_window
        && !is_statement(&words)
        && !next.text.trim_end().ends_with(['.', '!', '?', ':', '=', '…'])
        && !is_known(&next.text)
}

/// Whether `line` has nothing but codes.
fn is_code(line: &TextLine) -> bool {
    // "PORT=8080" tells what it is of itself.
    let is_setting = || line.text.split_once('=').is_some_and(|(_, value)| !value.trim_matches('=').is_empty());
    let is_code = || is_value(&line.text) && line.text.contains(|c: char| c.is_ascii_digit()) && !is_setting();
    line.role == TextRole::Field || is_code() && !is_known(&line.text)
}

/// Whether a day or an amount is in `text`.
fn is_known(text: &str) -> bool {
    [Kind::Date, Kind::Amount].iter().any(|kind| !shape::find(*kind, text).is_empty())
}

/// Whether `line` may be words of a phrase, with numbers or without.
fn is_of_phrase(line: &TextLine) -> bool {
    let is_word = |word: &str| word.chars().all(|c| c.is_lowercase() || !c.is_alphabetic());
    line.role == TextRole::Text && !line.text.trim().is_empty() && line.text.split_whitespace().all(is_word)
}

/// Whether `next` stands close below `line` or beside it.
fn is_near(line: &TextLine, next: &TextLine) -> bool {
    let gap = i64::from(next.region.y) - i64::from(line.region.bottom());
    let height = i64::from(line.region.height.max(next.region.height));
    line.is_left_of(next) || line.region.is_empty() || gap <= i64::from(APART) * height && gap > -2 * height
}

/// Marks the codes that stand right of the label `at`, or below it one under the other, wherever they come in reading order.
fn mark_near(lines: &[TextLine], at: usize, kept: &mut [usize]) {
    if lines[at].region.is_empty() || !is_label(&lines[at]) {
        return;
    }
    let mut beside: Vec<usize> =
        (0..lines.len()).filter(|other| *other != at && lines[at].is_left_of(&lines[*other])).collect();
    beside.sort_by_key(|other| lines[*other].region.x);
    // What begins a row is the label of all in it.
    let is_first = !lines.iter().any(|other| other.is_left_of(&lines[at]));
    for beside in beside.into_iter().take(if is_first { usize::MAX } else { 1 }) {
        if is_code(&lines[beside]) || are_words_of(&lines[at], &lines[beside]) {
            kept[beside] = ALL;
        }
    }
    if let Some(under) = below(lines, at)
        && beside_nothing(lines, at)
        && beside_nothing(lines, under)
        && are_words_of(&lines[at], &lines[under])
    {
        kept[under] = ALL;
    }
    let mut over = at;
    while let Some(below) = below(lines, over).filter(|below| is_code(&lines[*below])) {
        kept[below] = ALL;
        over = below;
    }
}

/// Marks the list under the label `at` of many secrets, "Passwords", whose entries tell each what it is of: "Bank: Tiger22".
fn mark_list(lines: &[TextLine], at: usize, kept: &mut [usize]) {
    let is_of_many = words(&lines[at].text).last().is_some_and(|last| last.ends_with('s') && is_secret(last));
    if !is_of_many || !is_label(&lines[at]) || !beside_nothing(lines, at) {
        return;
    }
    for index in at + 1..lines.len() {
        let (before, line) = (&lines[index - 1], &lines[index]);
        if !is_near(before, line) || line.role == TextRole::Heading || line.text.ends_with(['.', '!', '?']) {
            break;
        }
        let is_pair = [": ", " - ", " – ", " = "].iter().any(|sign| line.text.contains(sign));
        let is_switch = line.text.split_whitespace().last().is_some_and(|last| SWITCHED.contains(&last));
        let is_beside = || lines.iter().any(|other| other.is_left_of(line));
        if (is_pair || is_beside()) && !is_switch && line.role != TextRole::Control {
            kept[index] = ALL;
        }
    }
}

/// Marks the rows under the line `at`, whose parts are named with signs between, where one of them is a secret:
/// "name,url,password".
fn mark_separated(lines: &[TextLine], at: usize, kept: &mut [usize]) {
    let parts = |text: &str| [',', ';', '|', '\t'].map(|sign| text.matches(sign).count() + 1).into_iter().max();
    let heads = &lines[at].text;
    let count = parts(heads).filter(|count| *count >= FIELDS).unwrap_or(usize::MAX);
    let is_head = |part: &str| is_secret(part) && part.split_whitespace().count() <= NAME;
    if heads.split([',', ';', '|', '\t']).count() < count || !heads.split([',', ';', '|', '\t']).any(is_head) {
        return;
    }
    for index in at + 1..lines.len() {
        if !is_near(&lines[index - 1], &lines[index]) || parts(&lines[index].text) != Some(count) {
            break;
        }
        kept[index] = ALL;
    }
}

/// Marks the lines of a private key under the one, `at`, that it begins with (RFC 7468).
fn mark_key(lines: &[TextLine], at: usize, kept: &mut [usize]) {
    let is_key = |begins: &str, text: &str| text.contains(begins) && text.contains("PRIVATE KEY");
    if is_key("BEGIN", &lines[at].text) {
        let of_key = lines.iter().enumerate().skip(at + 1).take_while(|(_, line)| !is_key("END", &line.text));
        of_key.for_each(|(index, _)| kept[index] = ALL);
    }
}

/// Marks what somebody is told who asks for a secret in the line `at`: "what is the password?", "sunflower".
fn mark_told(lines: &[TextLine], at: usize, kept: &mut [usize]) {
    let asked = words(&lines[at].text);
    let is_asked = asked.first().is_some_and(|first| ASKING.contains(&first.as_str()))
        && lines[at].text.trim_end().ends_with('?')
        && (ends_in_secret(&lines[at].text) || is_entry(&asked));
    if !is_asked {
        return;
    }
    let is_time = |line: &TextLine| line.text.split_whitespace().any(shape::is_time);
    // Who says it, and when.
    let is_name = |line: &TextLine| {
        is_time(line) || lines.iter().any(|other| is_time(other) && (line.is_left_of(other) || other.is_left_of(line)))
    };
    let told = (at + 1..lines.len()).take(SENTENCES).find(|other| !is_name(&lines[*other]));
    if let Some(told) = told.filter(|told| lines[*told].text.split_whitespace().count() <= REPLY) {
        kept[told] = ALL;
    }
}

/// Whether "and the wifi?" or "what's the code for the gate?" asks how one gets in: a code that is for something, or the
/// network alone.
fn is_entry(asked: &[String]) -> bool {
    let has = |word: &str| asked.iter().any(|one| one == word);
    let is_network = asked.windows(2).any(|two| two[0] == "wi" && two[1] == "fi") || has("wifi") || has("wlan");
    is_network && asked.len() <= FIELDS + 1 || has("code") && has("for")
}

/// Whether the line `at` stands alone in its row, so that what it is the label of stands under it.
fn beside_nothing(lines: &[TextLine], at: usize) -> bool {
    !lines.iter().any(|other| lines[at].is_left_of(other) || other.is_left_of(&lines[at]))
}

/// The line that stands next below the line `at`, and close.
fn below(lines: &[TextLine], at: usize) -> Option<usize> {
    let region = &lines[at].region;
    let is_below = |other: &usize| {
        let other = &lines[*other].region;
        other.y >= region.bottom() && other.x < region.right() && region.x < other.right()
    };
    let found = (0..lines.len()).filter(is_below).min_by_key(|other| lines[*other].region.y)?;
    is_near(&lines[at], &lines[found]).then_some(found)
}

/// Marks what stands in the columns of tables that are called after a secret.
fn mark_columns(screen: &ScreenText, kept: &mut [usize]) {
    for table in table::tables(screen) {
        for (column, cell) in table.cells_under(|head| is_secret(&head.text)) {
            // What begins the rows may be labels, each of its own.
            if (column > 0 || is_code(cell))
                && !is_state(&cell.text)
                && let Some(at) = screen.lines.iter().position(|line| std::ptr::eq(line, cell))
            {
                kept[at] = ALL;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::nouns::Part;
    use super::super::super::say::flow;
    use super::super::super::testing::{line, screen, sized};
    use super::*;
    use proptest::prelude::*;

    fn said(lines: Vec<TextLine>) -> String {
        let screen = screen(lines);
        flow(&masked(&screen).lines.iter().collect::<Vec<_>>())
    }

    #[test]
    fn what_stands_around_a_secret_s_label_is_not_said() {
        let said = said(vec![
            line("Master password for the vault", 10, 10),
            sized("hunter", 10, 40, 20, TextRole::Field),
            line("Recovery key", 10, 80),
            line("8F2K-99QX", 10, 110),
            line("Forgot your password?", 10, 150),
            line("42", 10, 180),
        ]);
        assert!(!said.contains("hunter") && !said.contains("8F2K"), "{said}");
        assert!(said.contains("42"), "{said}");
    }

    #[test]
    fn a_wrapped_sentence_a_list_and_a_column_are_not_said() {
        let wrapped =
            said(vec![line("please use the password", 10, 10), line("sunny2024 and enjoy your stay", 10, 32)]);
        assert!(!wrapped.contains("sunny") && wrapped.contains("enjoy your stay"), "{wrapped}");
        let list = said(vec![
            line("Recovery codes", 10, 10),
            line("8F2K-99QX", 10, 40),
            line("LM3P-72TT", 10, 70),
            line("QQ3P-72TT", 10, 100),
            line("Keep 3 copies of them", 10, 130),
        ]);
        assert!(!list.contains("72TT") && list.contains("Keep 3 copies"), "{list}");
        let phrase = said(vec![
            line("Recovery phrase: witch collapse", 10, 10),
            line("practice feed", 10, 32),
            line("Keep it safe.", 10, 54),
        ]);
        assert!(!phrase.contains("feed") && phrase.contains("Keep it safe"), "{phrase}");
        for words in ["sunflower", "Sunflower", "correct horse battery staple", "over the rainbow", "Blue Horse"] {
            let (over, left) = (line("Wi-Fi password", 10, 10), line("Password", 10, 10));
            let alone = said(vec![over, line(words, 10, 36), line("Ask us anything.", 10, 90)]);
            let beside = said(vec![left, line(words, 300, 10), line("Bins", 10, 36), line("Tuesdays", 300, 36)]);
            assert!(!alone.contains(words) && alone.contains("Ask us"), "{alone}");
            assert!(!beside.contains(words) && beside.contains("Tuesdays"), "{beside}");
        }
        for other in ["Forgot your password?", "Sign in", "Remember me", "At least 8 characters.", "Email"] {
            let form = said(vec![line("Password", 10, 10), line(other, 10, 36)]);
            assert!(form.contains(other), "{form}");
        }
        let plain = vec![line("Your password is", 10, 10), line("valid until 3 May.", 10, 32)];
        assert_eq!(said(plain), "Your password is valid until 3 May.");
    }

    proptest! {
        /// Wherever a secret stands beside its label, no part of it is said.
        #[test]
        fn no_generated_secret_is_said(
            name in "Password|PIN|Recovery code|API key|Backup codes|Passwords", layout in 0..6usize,
            secrets in proptest::collection::vec("[A-Z]{3}[0-9]{3}x?|[a-z]{3}[0-9]{4}", 1..5), x in 0..200i32,
        ) {
            let height = 30;
            let at = |row: usize| 10 + height * row as i32;
            let rows = || secrets.iter().enumerate();
            let lines: Vec<TextLine> = match layout {
                // In its line, right of it, above it, in a list, in a column, wrapped.
                0 => vec![line(&format!("{name}: {}", secrets[0]), x, 10)],
                1 => vec![line(&name, x, 10), line("Other", x, 40), line(&secrets[0], x + 300, 10)],
                2 => vec![line(&name, x, 10), line(&secrets[0], x, 40)],
                3 => std::iter::once(line(&name, x, 10))
                    .chain(rows().map(|(row, secret)| line(secret, x, at(row + 1))))
                    .collect(),
                4 => [("User", &name[..])].into_iter().chain(rows().map(|(_, secret)| ("jane", &secret[..]))).enumerate()
                    .flat_map(|(row, (user, secret))| [line(user, x, at(row)), line(secret, x + 200, at(row))])
                    .collect(),
                _ => vec![line(&format!("Please use the {name}"), x, 10), line(&format!("{} and go", secrets[0]), x, 32)],
            };
            let screen = screen(lines);
            let masked = masked(&screen);
            let spoken = flow(&masked.lines.iter().collect::<Vec<_>>());
            for secret in &secrets {
                prop_assert!(!spoken.contains(secret.as_str()), "{}: {}", layout, spoken);
            }
            if let Some((row, _)) = table::part(Part { unit: "row", at: 1 }, &masked) {
                prop_assert!(!secrets.iter().any(|secret| row.contains(secret.as_str())), "{}", row);
            }
        }

        #[test]
        fn any_screen_can_be_masked(
            texts in proptest::collection::vec(
                ("\\PC{0,12}|(the |my )?(password|PIN|codes?|seed)( is|:)?|[a-z0-9]{1,5}", i32::MIN..i32::MAX, i32::MIN..i32::MAX), 0..20),
        ) {
            let screen = screen(texts.iter().map(|(text, x, y)| line(text, *x, *y)).collect());
            prop_assert_eq!(masked(&screen).lines.len(), screen.lines.len());
        }
    }
}
