//! Rows of names and passwords without heads over them, as password managers and notes have them: "Streaming   tom   Velvet-Moth-31".
//!
//! Owns which cells are passwords for the user's name left of them and for the cells over and under them. What stands under a
//! head is [`super::blocks`]'.

use super::super::shape::{self, Kind};
use super::super::table;
use super::super::words::words;
use super::look::{Look, is_shouted, look};
use jarvis_core::{ScreenText, TextLine};
use std::ops::Deref;

/// Cells of a column begin no further apart, in heights of a line.
const ASIDE: i32 = 2;
/// Rows of a block are no further apart, in heights of a line.
const APART: i32 = 3;
/// So many cells that look like passwords are a column of them, whatever the page is about; one is where it is about them.
const MANY: usize = 2;
/// What a page is about that has passwords.
const ABOUT: [&str; 8] = ["vault", "password", "passwords", "logins", "login", "credentials", "accounts", "passwort"];
/// Letters of a user's name.
const USER: std::ops::RangeInclusive<usize> = 2..=40;

/// The cells of `screen` that are such passwords.
pub(super) fn cells(screen: &ScreenText) -> Vec<&TextLine> {
    let rows = table::rows(screen);
    let gap = |one: &[&TextLine], next: &[&TextLine]| next[0].region.y.saturating_sub(one[0].region.bottom());
    let goes_on = |one: &Vec<&TextLine>, next: &Vec<&TextLine>| {
        i64::from(gap(one, next))
            <= i64::from(APART) * i64::from(one[0].region.height.max(next[0].region.height).max(1))
    };
    let mut found = Vec::new();
    let is_about = std::cell::LazyCell::new(|| is_about(screen));
    for block in rows.chunk_by(goes_on).filter(|block| !are_heads(&block[0])) {
        let cells: Vec<(&TextLine, Look)> = block.iter().flat_map(|row| of_row(row, &is_about)).collect();
        let is_aside = |one: &TextLine, other: &TextLine| {
            let room = i64::from(ASIDE) * i64::from(one.region.height.max(1));
            (i64::from(one.region.x) - i64::from(other.region.x)).abs() <= room
        };
        for (cell, looks) in &cells {
            let column = cells.iter().filter(|(other, _)| is_aside(cell, other));
            let (odd, mixed) = column.fold((0, 0), |(odd, mixed), (_, look)| {
                (odd + usize::from(*look == Look::Odd), mixed + usize::from(*look >= Look::Mixed))
            });
            let is_many = mixed >= MANY && odd > 0 || mixed > 0 && *is_about;
            if is_many && (*looks >= Look::Mixed || is_word(&cell.text)) {
                found.push(*cell);
            }
        }
    }
    found
}

/// The cells of `row` that stand right of a user's name and are one word, and how they look: capitals with digits are numbers of
/// things, but where the page is about passwords.
fn of_row<'a>(row: &[&'a TextLine], is_about: &impl Deref<Target = bool>) -> Vec<(&'a TextLine, Look)> {
    let is_one = |cell: &&TextLine| !cell.text.contains(char::is_whitespace);
    let looks = |text: &str| match look(text) {
        Look::Plain if is_shouted(text) && **is_about => Look::Mixed,
        look => look,
    };
    let pairs = row.windows(2).filter(|two| is_user(&two[0].text));
    pairs.map(|two| two[1]).filter(is_one).map(|cell| (cell, looks(&cell.text))).collect()
}

/// Whether `text` may be the name of a user: a mail address, or one word in small letters.
fn is_user(text: &str) -> bool {
    let is_name = |c: char| c.is_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let is_word = USER.contains(&text.chars().count())
        && text.starts_with(char::is_lowercase)
        && text.chars().all(is_name)
        && look(text) == Look::Plain;
    is_word
        || !shape::find(Kind::Email, text).is_empty() && !text.contains(' ')
        || matches!(text, "Admin" | "Administrator")
}

/// Whether `text` is letters and nothing that a table tells of somebody besides.
fn is_word(text: &str) -> bool {
    text.chars().all(char::is_alphabetic) && text.chars().count() > *USER.start() && !super::is_state(text)
}

/// Whether the cells of `row` are the heads of a table.
fn are_heads(row: &[&TextLine]) -> bool {
    let is_head = |cell: &&TextLine| {
        cell.text.starts_with(char::is_uppercase) && !cell.text.contains(|c: char| c.is_ascii_digit() || c == '@')
    };
    row.len() > 2 && row.iter().all(is_head)
}

/// Whether the page is about passwords.
pub(super) fn is_about(screen: &ScreenText) -> bool {
    let title = screen.window.as_deref().unwrap_or_default();
    let mut texts = std::iter::once(title).chain(screen.lines.iter().map(|line| line.text.as_str()));
    texts.any(|text| words(text).iter().any(|word| ABOUT.contains(&word.as_str())))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{line, screen};
    use super::*;
    use proptest::prelude::*;

    fn found(rows: &[[&str; 3]], title: &str) -> Vec<String> {
        let cell =
            |(row, (column, text)): (usize, (usize, &&str))| line(text, 10 + 300 * column as i32, 10 + 26 * row as i32);
        let lines =
            rows.iter().enumerate().flat_map(|(at, row)| row.iter().enumerate().map(move |cell| (at, cell))).map(cell);
        let screen = ScreenText { window: Some(title.into()), ..screen(lines.collect()) };
        cells(&screen).iter().map(|cell| cell.text.clone()).collect()
    }

    #[test]
    fn passwords_beside_names_are_found_without_heads() {
        let vault = [
            ["Streaming", "tom", "Velvet-Moth-31"],
            ["Work VPN", "tbecker", "9Qx-vv2-LLp"],
            ["Laptop", "tom", "sunflower"],
        ];
        assert_eq!(found(&vault, ""), ["Velvet-Moth-31", "9Qx-vv2-LLp", "sunflower"]);
        assert_eq!(found(&[["Mail", "tom@mill.example", "lighthouse42"]], "My vault"), ["lighthouse42"]);
        let pods =
            [["NAMESPACE", "NAME", "READY"], ["default", "web-7f9c-x2kq1z", "1/1"], ["prod", "db-5d8c-m3np2q", "1/1"]];
        assert!(found(&pods, "").is_empty());
        let branches = [["main", "a8f5f16", "Password reset"], ["next", "46c553f", "Tokens"]];
        assert!(found(&branches, "").is_empty());
        let staff = [["Ada", "ada", "sales"], ["Tim", "tim", "support"]];
        assert!(found(&staff, "Accounts").is_empty());
    }

    proptest! {
        #[test]
        fn any_screen_is_looked_at(
            texts in proptest::collection::vec(("\\PC{0,12}|tom|[a-z]{3}[0-9]{4}x", i32::MIN..i32::MAX, i32::MIN..i32::MAX), 0..20),
        ) {
            cells(&screen(texts.iter().map(|(text, x, y)| line(text, *x, *y)).collect()));
        }
    }
}
