//! What of a screen is said to nobody, decided once for a look.
//!
//! Owns what is hidden of each line: what is a secret by the words of its own line, of which [`super::text`] tells, and what is one
//! for where it stands: under its label or in its row, or where a sentence that names it goes on in the next line. Lists, tables
//! and other blocks are [`super::blocks`]', [`super::vault`]'s and [`super::phrase`]'s. Never changes what is copied.

use super::super::say::goes_on;
use super::super::shape::{self, Kind};
use super::super::table;
use super::{
    LABEL, MASK, blocks, has_words, is_phrase, is_secret, is_state, is_statement, is_value, leads_on, lists, phrase,
    stems, text, vault, wraps,
};
use jarvis_core::{ScreenText, TextLine, TextRole};
use std::borrow::Cow;
use std::ops::Range;

/// The lines of a list are no further apart, in heights of a line.
const APART: i32 = 3;
/// A label has no more lines of codes under it.
const CODES: usize = 40;

/// `screen` with [`MASK`] in the place of each secret.
pub(in crate::skills::screen) fn masked(screen: &ScreenText) -> Cow<'_, ScreenText> {
    let places = places(screen);
    if places.iter().all(Vec::is_empty) {
        return Cow::Borrowed(screen);
    }
    let mut masked = screen.clone();
    for (line, places) in masked.lines.iter_mut().zip(places) {
        places.into_iter().rev().for_each(|place| line.text.replace_range(place, MASK));
    }
    Cow::Owned(masked)
}

/// Where in each line of `screen` secrets are, in bytes, from the first to the last.
pub(in crate::skills::screen) fn places(screen: &ScreenText) -> Vec<Vec<Range<usize>>> {
    let mut page = Page::of(&screen.lines);
    for at in 0..screen.lines.len() {
        if page.may_name_one[at] || !page.own[at].is_empty() {
            mark_behind(&mut page, at);
            mark_near(&mut page, at);
            blocks::mark(&mut page, at);
            phrase::cells(page.lines, at).into_iter().for_each(|cell| page.hide(cell));
        }
    }
    wraps::mark(&mut page);
    mark_made_up(&mut page);
    blocks::mark_rows(&mut page, screen);
    lists::mark(&mut page, screen);
    for cell in vault::cells(screen) {
        page.hide_line(cell);
    }
    page.places()
}

/// Marks words that nobody writes in the line before and the line behind one that has a secret, of the same text.
fn mark_made_up(page: &mut Page<'_>) {
    for at in 1..page.lines.len() {
        let [before, behind] = [at - 1, at].map(|at| !page.own[at].is_empty() || !page.marked[at].is_empty());
        if before != behind && goes_on(&page.lines[at - 1], &page.lines[at]) {
            let other = if before { at } else { at - 1 };
            let lines = page.lines;
            text::made_up(&lines[other].text).for_each(|range| page.hide_range(other, range));
        }
    }
}

/// The cells of the tables of `screen`, by their lines, each with what stands over it.
pub(super) fn table_heads(screen: &ScreenText) -> Vec<(usize, String)> {
    let page = Page {
        lines: &screen.lines,
        may_name_one: Vec::new(),
        own: Vec::new(),
        labels: Vec::new(),
        marked: Vec::new(),
    };
    let tables = table::tables(screen);
    let named = tables.iter().flat_map(|table| table.named_cells());
    named.filter_map(|(head, cell)| Some((page.index(cell)?, head.text.clone()))).collect()
}

/// The lines of a screen, and what of them is hidden.
pub(super) struct Page<'a> {
    /// The lines.
    pub lines: &'a [TextLine],
    /// Whether the line may name a secret.
    may_name_one: Vec<bool>,
    /// What is a secret by the words of the line itself.
    own: Vec<Vec<Range<usize>>>,
    /// Whether the line is the label of a secret and nothing else.
    labels: Vec<bool>,
    marked: Vec<Vec<Range<usize>>>,
}

impl<'a> Page<'a> {
    fn of(lines: &'a [TextLine]) -> Self {
        let may_name_one: Vec<bool> = lines.iter().map(|line| stems::may_name_one(&line.text)).collect();
        let known = lines.iter().zip(&may_name_one);
        let own: Vec<Vec<Range<usize>>> =
            known.clone().map(|(line, may_name_one)| text::hidden_where(&line.text, *may_name_one)).collect();
        let is_label = |((line, may_name_one), own): ((&TextLine, &bool), &Vec<Range<usize>>)| {
            *may_name_one && own.is_empty() && is_label(&line.text)
        };
        let labels = known.zip(&own).map(is_label).collect();
        Self { lines, may_name_one, own, labels, marked: vec![Vec::new(); lines.len()] }
    }

    /// Whether the line `at` is the label of a secret and nothing else.
    pub fn is_label(&self, at: usize) -> bool {
        self.labels[at]
    }

    /// What is a secret by the words of the line `at` itself.
    pub fn own(&self, at: usize) -> &[Range<usize>] {
        &self.own[at]
    }

    /// Hides all of the line `at`.
    pub fn hide(&mut self, at: usize) {
        self.hide_range(at, 0..self.lines[at].text.len());
    }

    /// Hides all of `line`, which is one of the page's.
    pub fn hide_line(&mut self, line: &TextLine) {
        if let Some(at) = self.index(line) {
            self.hide(at);
        }
    }

    /// Hides `range` of the line `at`, in bytes.
    pub fn hide_range(&mut self, at: usize, range: Range<usize>) {
        if !self.lines[at].text[range.clone()].contains(MASK) || range.len() > MASK.len() {
            self.marked[at].push(range);
        }
    }

    /// Hides the first `count` words of the line `at`.
    fn hide_words(&mut self, at: usize, count: usize) {
        let text = &self.lines[at].text;
        let last = text.split_whitespace().take(count).last();
        let end = last.map_or(0, |word| word.as_ptr() as usize - text.as_ptr() as usize + word.len());
        self.hide_range(at, 0..end);
    }

    /// Which line of the page `line` is.
    pub fn index(&self, line: &TextLine) -> Option<usize> {
        let from = std::ptr::from_ref(line).addr().checked_sub(self.lines.as_ptr().addr())?;
        Some(from / size_of::<TextLine>())
            .filter(|at| self.lines.get(*at).is_some_and(|other| std::ptr::eq(other, line)))
    }

    /// What is hidden of each line: each place once, and as one what has nothing but room between.
    fn places(self) -> Vec<Vec<Range<usize>>> {
        let mut all = self.own;
        for ((line, places), marked) in self.lines.iter().zip(&mut all).zip(self.marked) {
            places.extend(marked);
            places.retain(|place| !place.is_empty());
            places.sort_by_key(|place| place.start);
            places.dedup_by(|next, before| {
                let is_one = next.start <= before.end || line.text[before.end..next.start].trim().is_empty();
                before.end = if is_one { before.end.max(next.end) } else { before.end };
                is_one
            });
        }
        all
    }
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
/// What programs begin with that ask for a secret.
const ASKED: [&str; 7] = ["enter", "type", "confirm", "repeat", "retype", "forgot", "forgotten"];
/// Sentences between a label and the codes under it are no more.
pub(super) const SENTENCES: usize = 3;

/// Whether `text` is the label of a secret, as far as its words tell.
fn is_label(text: &str) -> bool {
    let label = text.trim_end_matches([':', '=', ' ']);
    let is_code = || label.ends_with([';', '{', '}', ',', '(']) || label.contains("(\"") || label.contains("()");
    is_secret(label) && !text.ends_with(['.', '!', '?']) && !is_code()
}

/// Whether `text` says something of what stands around it and nothing else: "(case-sensitive)".
fn is_remark(text: &str) -> bool {
    text.starts_with('(') && text.ends_with(')')
}

/// Marks what goes on in reading order behind the line `at`, which names a secret.
fn mark_behind(page: &mut Page<'_>, at: usize) {
    let lines = page.lines;
    let line = &lines[at];
    let Some(next) = lines.get(at + 1).filter(|next| !is_other_setting(line, next)) else { return };
    let is_label = page.is_label(at);
    if goes_on(line, next) {
        let tokens: Vec<&str> = line.text.split_whitespace().collect();
        let count = wrapped(&tokens, next);
        if count > 0 {
            page.hide_words(at + 1, count);
        }
    }
    let bare = line.text.trim_end_matches(['.', ',', ' ']);
    let goes_on_in_lines = page.own[at].last().is_some_and(|last| last.end >= bare.len()) || bare.ends_with(MASK);
    if !is_label && !goes_on_in_lines {
        return;
    }
    let is_phrase = is_phrase(&line.text);
    // "Keep them safe. Each can be used once."
    let is_told = |next: &&TextLine| {
        let is_sentence = next.text.ends_with('.') && next.text.contains(' ') && !is_value(&next.text);
        is_label && (is_sentence || is_remark(&next.text)) && !is_typed(line, next)
    };
    let told = lines[at + 1..].iter().take(SENTENCES).take_while(is_told).count();
    for (index, next) in lines.iter().enumerate().skip(at + 1 + told).take(CODES) {
        let is_first = is_label && index == at + 1;
        let is_behind_remark = is_label && index == at + 1 + told && told > 0 && is_remark(&lines[index - 1].text);
        let is_one = is_first && is_under_label(line, next)
            || is_behind_remark && are_words_of(line, next)
            || !page.is_label(index)
                && (is_first || is_near(&lines[index - 1], next))
                && (is_typed(line, next) || is_code(next) || is_phrase && is_written(line, next) && is_of_phrase(next));
        if !is_one {
            break;
        }
        page.hide(index);
    }
}

/// How many words that `next` begins with are the secret that the sentence `tokens` ends with the name of.
fn wrapped(tokens: &[&str], next: &TextLine) -> usize {
    let Some(is_linked) = leads_on(tokens) else { return 0 };
    let has_digit = |token: &str| token.contains(|c: char| c.is_ascii_digit()) && token.len() >= SHORTEST;
    let words: Vec<&str> = next.text.split_whitespace().collect();
    // "Enter this setup key:" and "GEZD GNBV GY3T".
    let is_signed = tokens.last().is_some_and(|last| last.ends_with(':'));
    if (is_signed || is_linked) && is_value(&next.text) && !is_known(&next.text) {
        return words.len();
    }
    let is_it = |word: &&str| !is_state(word) && !word.ends_with([':', '=']) && (is_linked || has_digit(word));
    if !words.first().is_some_and(is_it) || is_known(&next.text) {
        return 0;
    }
    1 + words[1..].iter().take_while(|word| has_digit(word)).count()
}

/// Whether `next`, the line behind the label `line`, is what that is the label of.
fn is_under_label(line: &TextLine, next: &TextLine) -> bool {
    let is_signed = line.text.trim_end().ends_with([':', '=']);
    let is_beside = is_signed || line.region.is_empty() || line.is_left_of(next);
    is_typed(line, next) || is_value(&next.text) || is_beside && are_words_of(line, next)
}

/// Whether `line` is a setting without a value, and `next` another with one: "API_TOKEN=" and "PORT=8080".
fn is_other_setting(line: &TextLine, next: &TextLine) -> bool {
    !is_typed(line, next) && assigned(&line.text).is_some() && assigned(&next.text).is_some_and(has_words)
}

/// What stands behind the name of a setting and its sign: "8080" of "PORT=8080".
fn assigned(text: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let (name, value) = text.trim().split_once('=')?;
    let name = name.trim_end();
    (name.starts_with(char::is_alphabetic) && name.chars().all(is_of_name)).then_some(value)
}

/// Whether `next`, near the label `line`, may be words that are the secret: nothing that is said of one or stands on the
/// windows around it.
fn are_words_of(line: &TextLine, next: &TextLine) -> bool {
    let is_text = is_written(line, next);
    let (label, words): (Vec<&str>, Vec<&str>) =
        (line.text.split_whitespace().collect(), next.text.split_whitespace().collect());
    if is_other_setting(line, next) {
        return false;
    }
    // "Password policy" is the name of something else.
    let is_beside = line.is_left_of(next);
    let is_name = leads_on(&label.iter().map(|word| word.trim_end_matches([':', '='])).collect::<Vec<_>>()).is_some()
        || is_beside && is_label(&line.text);
    // "Enter PIN:" is asked by a program, which shows nothing of what is typed.
    let is_asked = label.len() > 1 && words.len() > 1 && ASKED.contains(&super::bare(label[0]).as_str());
    if is_asked {
        return false;
    }
    // "Please use the password" goes on as a sentence does, and "Name of your first pet" has its answer beside it.
    let most = if is_beside { LABEL } else { NAME };
    let is_short = label.len() == 1 || label.len() <= most && line.text.starts_with(char::is_uppercase);
    is_text && is_name && is_short && may_be_words(next)
}

/// Whether `next` may be words that are a secret, if the line before it says so: nothing that is said of one or stands on the windows
/// around it.
pub(super) fn may_be_words(next: &TextLine) -> bool {
    let words: Vec<&str> = next.text.split_whitespace().collect();
    let Some(first) = words.first().filter(|_| words.len() <= PHRASE) else { return false };
    let is_of_window = next.text.starts_with(char::is_uppercase) && ON_WINDOWS.contains(&super::bare(first).as_str());
    !is_of_window
        && !is_statement(&words)
        && !next.text.trim_end().ends_with(['.', '!', '?', ':', '=', '…'])
        && !next.text.starts_with('[')
        && !words.iter().any(|word| word.ends_with(':'))
        && !is_known(&next.text)
}

/// Whether `line` has nothing but codes.
pub(super) fn is_code(line: &TextLine) -> bool {
    // "PORT=8080" tells what it is of itself.
    let is_setting = || line.text.split_once('=').is_some_and(|(_, value)| !value.trim_matches('=').is_empty());
    let is_code = || is_value(&line.text) && line.text.contains(|c: char| c.is_ascii_digit()) && !is_setting();
    is_code() && !is_known(&line.text)
}

/// Whether `next` is what somebody typed into a field under or beside the label `line`. The lines of an editor are all in one.
fn is_typed(line: &TextLine, next: &TextLine) -> bool {
    next.role == TextRole::Field && line.role != TextRole::Field
}

/// Whether `next` is text beside the text `line`: of a page, of a message, or both of one editor.
pub(super) fn is_written(line: &TextLine, next: &TextLine) -> bool {
    matches!(next.role, TextRole::Text | TextRole::Alert | TextRole::Error)
        || next.role == TextRole::Field && line.role == TextRole::Field
}

/// Whether a day or an amount is in `text`.
fn is_known(text: &str) -> bool {
    [Kind::Date, Kind::Amount].iter().any(|kind| !shape::find(*kind, text).is_empty())
}

/// Whether `line` may be words of a phrase, with numbers or without.
fn is_of_phrase(line: &TextLine) -> bool {
    let is_word = |word: &str| word.chars().all(|c| c.is_lowercase() || !c.is_alphabetic());
    !line.text.trim().is_empty() && line.text.split_whitespace().all(is_word)
}

/// Whether `next` stands close below `line` or beside it.
pub(super) fn is_near(line: &TextLine, next: &TextLine) -> bool {
    let gap = i64::from(next.region.y) - i64::from(line.region.bottom());
    let height = i64::from(line.region.height.max(next.region.height));
    line.is_left_of(next) || line.region.is_empty() || gap <= i64::from(APART) * height && gap > -2 * height
}

/// Marks the codes that stand right of the label `at`, or below it one under the other, wherever they come in reading order.
fn mark_near(page: &mut Page<'_>, at: usize) {
    let lines = page.lines;
    if lines[at].region.is_empty() || !page.is_label(at) {
        return;
    }
    let (mut beside, mut is_first) = (Vec::new(), true);
    for (other, line) in lines.iter().enumerate().filter(|(other, _)| *other != at) {
        if lines[at].is_left_of(line) {
            beside.push(other);
        }
        is_first &= !line.is_left_of(&lines[at]);
    }
    beside.sort_by_key(|other| lines[*other].region.x);
    let is_alone = is_first && beside.is_empty();
    // What begins a row is the label of all in it.
    for beside in beside.into_iter().take(if is_first { usize::MAX } else { 1 }) {
        let is_it = is_typed(&lines[at], &lines[beside]) || is_code(&lines[beside]);
        if is_it || are_words_of(&lines[at], &lines[beside]) {
            page.hide(beside);
        }
    }
    if let Some(under) = below(lines, at)
        && is_alone
        && beside_nothing(lines, under)
        && are_words_of(&lines[at], &lines[under])
    {
        page.hide(under);
    }
    let mut over = at;
    for _ in 0..CODES {
        let is_it =
            |below: &usize| (is_typed(&lines[at], &lines[*below]) || is_code(&lines[*below])) && !page.is_label(*below);
        let Some(below) = below(lines, over).filter(is_it) else { break };
        page.hide(below);
        over = below;
    }
}

/// Whether the line `at` stands alone in its row, so that what it is the label of stands under it.
pub(super) fn beside_nothing(lines: &[TextLine], at: usize) -> bool {
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
    fn of_an_editor_only_the_secret_s_line_is_not_said() {
        let rows = [
            "Mail password: Wren-Teapot-88!",
            "Router in the hall",
            "Recovery phrase, keep it safe:",
            "orbit velvet canyon",
        ];
        for role in [TextRole::Field, TextRole::Alert, TextRole::Text] {
            let lines = rows.iter().zip(0..).map(|(text, row)| sized(text, 10, 10 + 26 * row, 20, role)).collect();
            let said = said(lines);
            assert!(said.contains("Router in the hall"), "{role:?}: {said}");
            assert!(!said.contains("Wren") && !said.contains("velvet"), "{role:?}: {said}");
        }
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
