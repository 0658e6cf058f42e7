//! What went wrong, as the screen tells it: a dialog that says so, then an alert that sounds like it, then what a program
//! printed when it failed, then what is shown in red, then what sounds like it.
//!
//! Owns what is an error and what is only a message: a dialog that tells of none is a message, whatever was asked for.

use super::say::{goes_on, is_legible};
use super::words::words;
use super::{frames, read, trace};
use jarvis_core::{ScreenText, TextLine, TextRole, TextSource};

/// Words of failures, and how sure a sign each is.
#[rustfmt::skip]
const SIGNS: &[(&str, u32)] = &[
    ("error", 3), ("errors", 2), ("fatal", 3), ("exception", 3), ("traceback", 2), ("panicked", 3), ("crashed", 3), ("crash", 2),
    ("failed", 3), ("failure", 3), ("fails", 2), ("denied", 3), ("refused", 3), ("forbidden", 3), ("unauthorized", 3),
    ("invalid", 2), ("cannot", 2), ("cant", 2), ("couldnt", 2), ("unable", 2), ("unexpected", 2), ("missing", 1),
    ("warning", 2), ("undefined", 1), ("unresolved", 2), ("aborted", 2), ("expired", 2), ("offline", 1), ("corrupt", 2),
    ("corrupted", 2), ("problem", 1), ("wrong", 1), ("unreachable", 2), ("segfault", 3), ("killed", 1), ("rejected", 2),
    ("declined", 2), ("fehler", 3),
];

/// Signs of more than one word.
const PHRASES: [(&str, u32); 17] = [
    ("could not", 2),
    ("can not", 2),
    ("not found", 3),
    ("no such file", 3),
    ("timed out", 3),
    ("went wrong", 3),
    ("not responding", 3),
    ("segmentation fault", 3),
    ("is full", 2),
    ("out of memory", 3),
    ("out of paper", 2),
    ("no space", 3),
    ("not enough", 2),
    ("not available", 2),
    ("not allowed", 2),
    ("does not exist", 3),
    ("no longer", 1),
];

/// What stands on the buttons of dialogs, which is not their message.
const BUTTONS: [&str; 20] = [
    "ok",
    "okay",
    "cancel",
    "close",
    "yes",
    "no",
    "retry",
    "try again",
    "abort",
    "ignore",
    "help",
    "details",
    "dismiss",
    "continue",
    "quit",
    "report",
    "send report",
    "show details",
    "learn more",
    "more info",
];

/// Less than this is no error.
const LEAST: u32 = 2;
/// So much is one for sure.
const SURE: u32 = 3;
/// The most words of a message that is told with its place.
const PLACE_WORDS: usize = 30;
/// A message that is not in a dialog has no more lines.
const MOST_LINES: usize = 4;
/// What has more words is a text in a window, and no message.
const MOST_WORDS: usize = 60;
/// So few lines over a button may be a picture of a dialog.
const DIALOG_LINES: usize = 10;
/// Lines of a dialog, and its button, are no further from each other than so many of their heights.
const APART: i32 = 7;
/// Titles of dialogs that say nothing.
const PLAIN_TITLES: [&str; 10] =
    ["error", "warning", "information", "info", "question", "message", "alert", "dialog", "notice", "attention"];

/// How much a line sounds like a failure.
fn signs(text: &str) -> u32 {
    let words = words(text);
    let spaced = format!(" {} ", words.join(" "));
    let of_words =
        words.iter().filter_map(|word| SIGNS.iter().find(|(sign, _)| sign == word)).map(|(_, sure)| *sure).max();
    let of_phrases =
        PHRASES.iter().filter(|(sign, _)| spaced.contains(&format!(" {sign} "))).map(|(_, sure)| *sure).max();
    let none = spaced.contains(" 0 errors ") || spaced.contains(" no errors ") || spaced.contains(" without errors ");
    if none { 0 } else { of_words.unwrap_or(0).max(of_phrases.unwrap_or(0)) }
}

/// Whether a dialog that says this tells of a failure. A warning is none yet.
fn fails(text: &str) -> bool {
    let but_warning: Vec<String> = words(text).into_iter().filter(|word| word != "warning").collect();
    signs(&but_warning.join(" ")) >= LEAST
}

fn count(lines: &[&TextLine]) -> usize {
    lines.iter().map(|line| line.text.split_whitespace().count()).sum()
}

/// Whether it is what a button says.
pub(super) fn is_button(line: &TextLine) -> bool {
    line.role == TextRole::Control || BUTTONS.contains(&words(&line.text).join(" ").as_str())
}

/// Whether the window is a dialog: all its prose is that of one. A tool tip or a bar in a window stands beside other text.
pub(super) fn is_dialog(screen: &ScreenText) -> bool {
    let prose = || screen.lines.iter().filter(|line| is_legible(line) && !is_button(line));
    prose().any(|line| line.role == TextRole::Alert) && !prose().any(|line| line.role == TextRole::Text)
}

/// Whether an alert, such as a bar in a window, sounds like a failure; a tool tip does not.
pub(super) fn is_alarming(line: &TextLine) -> bool {
    line.role == TextRole::Alert && signs(&line.text) >= LEAST
}

/// Whether it is what a dialog may say, in a picture.
fn is_prose(line: &TextLine) -> bool {
    matches!(line.role, TextRole::Text | TextRole::Heading | TextRole::Error)
}

/// Of `lines`, those that stand with `button`: no further from it, or from another of them, than [`APART`] of their heights.
/// None where they are more than a dialog has.
fn around<'a>(button: &'a TextLine, lines: &[&'a TextLine]) -> Option<Vec<&'a TextLine>> {
    let mut near = vec![button];
    let mut far: Vec<&TextLine> = lines.to_vec();
    loop {
        let (joins, others): (Vec<_>, Vec<_>) =
            far.into_iter().partition(|line| near.iter().any(|other| is_near(line, other)));
        if joins.is_empty() {
            break;
        }
        far = others;
        near.extend(joins);
        if near.len() > DIALOG_LINES + 1 {
            return None;
        }
    }
    Some(lines.iter().copied().filter(|line| near.iter().any(|other| std::ptr::eq(*line, *other))).collect())
}

fn is_near(line: &TextLine, other: &TextLine) -> bool {
    let (a, b) = (line.region, other.region);
    let beside = a.x.max(b.x).saturating_sub(a.right().min(b.right()));
    let over = a.y.max(b.y).saturating_sub(a.bottom().min(b.bottom()));
    let most = i32::try_from(a.height.max(b.height)).unwrap_or(i32::MAX).saturating_mul(APART);
    beside <= most && over <= most
}

/// The words of a dialog, if that is what the screen shows: by what its lines are, by its title and size, or, in a picture
/// where nothing else is known, by its few lines over a button.
fn dialog(screen: &ScreenText) -> Option<Vec<&TextLine>> {
    let legible = || screen.lines.iter().filter(|line| is_legible(line));
    let prose = || legible().filter(|line| !is_button(line));
    let said: Vec<&TextLine> = if is_dialog(screen) {
        prose().filter(|line| line.role == TextRole::Alert).collect()
    } else {
        let body: Vec<&TextLine> = prose().filter(|line| line.role != TextRole::Title).collect();
        let tells = |title: &str| signs(title) >= LEAST || body.first().is_some_and(|first| signs(&first.text) >= 3);
        let is_titled = body.len() <= 8 && screen.window.as_deref().is_some_and(tells);
        // The tree tells what a window's lines are; a picture of one doesn't.
        let is_seen = screen.window.is_none() || screen.source != TextSource::Accessibility;
        let button = || legible().next_back().filter(|line| is_seen && is_button(line));
        match is_titled {
            true => body,
            false => around(button()?, &body).filter(|near| {
                // A window may be any; a picture that is made of one is made for what it says.
                let tells = screen.window.is_none() || near.iter().any(|line| fails(&line.text));
                tells && near.iter().all(|line| is_prose(line))
            })?,
        }
    };
    (!said.is_empty() && count(&said) <= MOST_WORDS).then_some(said)
}

/// What a dialog says that tells of no error; none where there is no dialog, or [`find`] finds an error.
pub(super) fn message(screen: &ScreenText) -> Vec<&TextLine> {
    dialog(screen).filter(|_| find(screen).is_empty()).unwrap_or_default()
}

/// The title of the window as it is said before the message of a dialog, with a full stop; empty where it says nothing, or
/// the message says it as well.
pub(super) fn title(screen: &ScreenText, message: &[&TextLine]) -> String {
    let Some(title) = screen.window.as_deref().map(str::trim).filter(|_| is_dialog(screen)) else {
        return String::new();
    };
    let said: Vec<String> = message.iter().flat_map(|line| words(&line.text)).collect();
    let own = words(title);
    let is_plain = own.len() == 1 && PLAIN_TITLES.contains(&own[0].as_str());
    let is_program = screen.application.as_deref().is_some_and(|name| words(name) == own);
    if own.is_empty() || is_plain || is_program || own.iter().all(|word| said.contains(word)) {
        return String::new();
    }
    let title = super::say::aloud(&super::say::beginning(title, 14));
    format!("{}. ", title.trim_end_matches(['.', ':', '…']))
}

/// What a program printed, row by row: the cells of a row are told apart where letters stand far from each other.
struct Printed<'a> {
    rows: Vec<Vec<&'a TextLine>>,
    texts: Vec<String>,
}

impl<'a> Printed<'a> {
    fn of(body: Vec<&'a TextLine>) -> Self {
        let rows: Vec<Vec<&TextLine>> = body.chunk_by(|line, next| line.is_left_of(next)).map(<[_]>::to_vec).collect();
        let text = |row: &Vec<&TextLine>| row.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("  ");
        let texts = rows.iter().map(text).collect();
        Self { rows, texts }
    }

    fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }

    /// The message.
    fn message(&self) -> Vec<&'a TextLine> {
        trace::find(&self.texts()).into_iter().flat_map(|at| self.rows[at].iter().copied()).collect()
    }
}

/// The error as developers pass it on: of what a program printed with its stack, or the code that the compiler shows.
pub(super) fn whole(screen: &ScreenText) -> Vec<&TextLine> {
    let message = find(screen);
    let printed = Printed::of(read::body(screen));
    match frames::whole(&printed.texts()) {
        Some(range) if message.iter().all(|line| printed.message().iter().any(|other| std::ptr::eq(*line, *other))) => {
            printed.rows[range].concat()
        }
        _ => message,
    }
}

/// `message` without the line that tells nothing but a place in code.
pub(super) fn without_place(message: Vec<&TextLine>) -> Vec<&TextLine> {
    message.into_iter().filter(|line| trace::place(&line.text).is_none()).collect()
}

/// Where in the code the error is, in words, with what went wrong; and the lines that say so.
pub(super) fn place(screen: &ScreenText) -> Option<(String, Vec<&TextLine>)> {
    let printed = Printed::of(read::body(screen));
    let texts = printed.texts();
    let place = frames::origin(&texts)?;
    // Whole paths say less than they sound.
    let is_short = !place.file.starts_with(['/', '\\', '~']) && place.file.get(1..2) != Some(":");
    let name = if is_short { place.file } else { place.file.rsplit(['/', '\\']).next()? };
    let name = name.trim_start_matches("./");
    let message: Vec<&TextLine> = printed.message();
    let told = without_place(message.clone());
    let said = super::say::beginning(&super::say::flow(&told), PLACE_WORDS);
    let lines = printed.rows[place.at].iter().copied().chain(message).collect();
    Some((format!("It is in line {} of {name}. It says: {said}", place.row), lines))
}

/// The lines of the error that is on the screen, in reading order; none where nothing looks like one. What a dialog says
/// comes first if it tells of a failure; else an alert that does, what a program printed, and at last the surest line, the
/// last of several, with what goes on from it.
pub(super) fn find(screen: &ScreenText) -> Vec<&TextLine> {
    let legible: Vec<&TextLine> = screen.lines.iter().filter(|line| is_legible(line) && !is_button(line)).collect();
    let alerts: Vec<&TextLine> = legible.iter().copied().filter(|line| line.role == TextRole::Alert).collect();
    let body: Vec<&TextLine> = legible.iter().copied().filter(|line| line.role != TextRole::Title).collect();
    let printed = Printed::of(body.clone()).message();
    // A window may show nothing but a trace.
    if let Some(said) = dialog(screen).filter(|said| printed.is_empty() || said.len() < printed.len() + 2) {
        let of_title = screen.window.as_deref().is_some_and(fails);
        // "Delete 48 photos? This can not be undone." asks, and tells of no failure.
        let asks = said.iter().any(|line| line.text.trim_end().ends_with('?'))
            && !said.iter().any(|line| signs(&line.text) >= SURE);
        let is_one = of_title
            || said.iter().any(|line| line.role == TextRole::Error)
            || !asks && said.iter().any(|line| fails(&line.text));
        return if is_one { said } else { Vec::new() };
    }
    // Where something is shown in red, the error is.
    let is_red = |line: &TextLine| line.role == TextRole::Error;
    if !printed.is_empty() && (!body.iter().any(|line| is_red(line)) || printed.iter().any(|line| is_red(line))) {
        return printed;
    }
    let body = if alerts.iter().any(|line| is_alarming(line)) { alerts } else { body };
    let weight = |line: &TextLine| {
        // What was typed is no message.
        if trace::is_prompt(&line.text) {
            return 0;
        }
        let sure = signs(&line.text);
        // Red says less than red words: prices, logos and deleted lines are red, too.
        if line.role == TextRole::Error { sure + LEAST } else { sure }
    };
    let Some(at) = (0..body.len()).max_by_key(|at| (weight(body[*at]), *at)).filter(|at| weight(body[*at]) >= LEAST)
    else {
        return Vec::new();
    };
    let mut from = at;
    // The red lines over it belong to it.
    while from > 0
        && body[at].role == TextRole::Error
        && body[from - 1].role == TextRole::Error
        && goes_on(body[from - 1], body[from])
    {
        from -= 1;
    }
    let mut to = at + 1;
    while to < body.len()
        && to - from < MOST_LINES
        && goes_on(body[to - 1], body[to])
        && !trace::is_prompt(&body[to].text)
    {
        to += 1;
    }
    body[from..to].to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, screen, sized};
    use super::*;

    fn found(screen: &ScreenText) -> Vec<&str> {
        find(screen).iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_dialog_comes_before_all_else() {
        let screen = screen(vec![
            sized("The disk is full", 400, 300, 20, TextRole::Alert),
            sized("Free some space and try again.", 400, 330, 20, TextRole::Alert),
            sized("OK", 500, 400, 20, TextRole::Control),
        ]);
        assert_eq!(found(&screen), ["The disk is full", "Free some space and try again."]);
    }

    #[test]
    fn a_tool_tip_is_no_error_and_a_bar_is_one_if_it_says_so() {
        let with = |alert: &str, text: &str| {
            screen(vec![
                sized(alert, 10, 10, 20, TextRole::Alert),
                sized("Card declined", 10, 200, 20, TextRole::Error),
                line(text, 10, 400),
            ])
        };
        assert_eq!(found(&with("Opens a new tab", "all is fine")), ["Card declined"]);
        assert_eq!(found(&with("Could not load the page", "fatal error")), ["Could not load the page"]);
        let tip = screen(vec![sized("Opens a new tab", 10, 10, 20, TextRole::Alert), line("all is fine", 10, 400)]);
        assert_eq!(found(&tip), [""; 0]);
    }

    #[test]
    fn red_words_come_before_others_and_the_last_of_a_terminal_counts() {
        let red = screen(vec![
            line("error: old news", 10, 10),
            line("all is fine", 10, 60),
            sized("Card declined", 10, 200, 20, TextRole::Error),
            line("more", 10, 400),
        ]);
        assert_eq!(found(&red), ["Card declined"]);
        let terminal = screen(vec![
            line("$ cat a", 10, 10),
            line("cat: a: No such file or directory", 10, 30),
            line("$ git push", 10, 130),
            line("Permission denied (publickey).", 10, 150),
            line("fatal: Could not read from remote repository.", 10, 170),
        ]);
        assert_eq!(found(&terminal), ["fatal: Could not read from remote repository."]);
    }

    #[test]
    fn a_dialog_that_tells_of_no_failure_is_a_message() {
        for (title, text, is_error) in [
            ("Zwo", "Meeting at noon in room Albatross", false),
            ("Warning", "You are about to close 3 tabs.", false),
            ("Warning", "The file could not be saved.", true),
            ("Backup failed", "Try it later.", true),
            ("Question", "Save the changes?", false),
            ("Delete?", "Delete 48 photos for good? You can not undo it?", false),
            ("Question", "The upload failed. Try again?", true),
        ] {
            let mut screen =
                screen(vec![sized(text, 10, 10, 20, TextRole::Alert), sized("OK", 10, 90, 20, TextRole::Control)]);
            screen.window = Some(title.into());
            assert_eq!(!found(&screen).is_empty(), is_error, "{title}");
            let told: Vec<&str> = message(&screen).iter().map(|line| line.text.as_str()).collect();
            let expected = if is_error { Vec::new() } else { vec![text] };
            assert_eq!(told, expected, "{title}");
        }
        let story =
            (0..30).map(|at| sized("a ship that sailed from a port", 10, 22 * at, 20, TextRole::Alert)).collect();
        let story = screen(story);
        assert!(found(&story).is_empty() && message(&story).is_empty(), "a text is no message");
    }

    #[test]
    fn a_picture_of_a_dialog_is_one() {
        let screen = screen(vec![
            line("Update Manager", 10, 6),
            sized("Could not install updates", 90, 60, 28, TextRole::Heading),
            line("The package cache is locked by another process (pid 4312).", 90, 92),
            line("Error code: 0x80070005", 90, 108),
            line("Retry", 318, 176),
            line("Cancel", 418, 176),
        ]);
        assert_eq!(found(&screen).len(), 4);
        assert!(title(&screen, &find(&screen)).is_empty(), "it is among the lines");
    }

    #[test]
    fn a_dialog_in_a_picture_ends_where_the_others_begin() {
        let shown = vec![
            sized("Dear Emmy,", 3, 30, 10, TextRole::Text),
            sized("your order 48213 ships on Monday.", 3, 44, 10, TextRole::Text),
            sized("Error", 456, 317, 9, TextRole::Text),
            sized("The disk is full: 0 bytes left on /home.", 530, 355, 14, TextRole::Text),
            sized("OK", 765, 437, 10, TextRole::Text),
        ];
        assert_eq!(found(&screen(shown)), ["Error", "The disk is full: 0 bytes left on /home."]);
    }

    #[test]
    fn a_dialog_that_is_read_from_its_picture_is_told_whole() {
        let shown = vec![
            line("The backup could not be finished.", 100, 100),
            line("The disk “Vault” needs another 3.8 GB.", 100, 130),
            line("(Error code 0x80070070)", 100, 160),
            line("Retry", 300, 220),
        ];
        let all: Vec<String> = shown[..3].iter().map(|line| line.text.clone()).collect();
        let mut seen = screen(shown);
        (seen.window, seen.source) = (Some("Backup".into()), TextSource::Recognizer);
        assert_eq!(found(&seen), all);
    }

    #[test]
    fn a_title_is_said_where_it_says_something() {
        let with = |window: &str, text: &str| {
            let mut screen = screen(vec![sized(text, 10, 10, 20, TextRole::Alert)]);
            (screen.window, screen.application) = (Some(window.into()), Some("zenity".into()));
            title(&screen, &find(&screen))
        };
        assert_eq!(with("Backup failed", "The disk is full."), "Backup failed. ");
        for window in ["Error", "zenity", "The disk is full", ""] {
            assert_eq!(with(window, "The disk is full."), "", "{window}");
        }
    }

    #[test]
    fn what_a_program_printed_says_it_under_its_stack() {
        let screen = screen(vec![
            line("Traceback (most recent call last):", 20, 20),
            line("File \"/srv/app/main.py\", line 42, in <module>", 40, 50),
            line("run(config[\"port\"])", 60, 80),
            line("KeyError: 'port'", 20, 110),
        ]);
        assert_eq!(found(&screen), ["KeyError: 'port'"]);
    }

    #[test]
    fn a_small_window_with_a_telling_title_is_its_message() {
        let mut dialog =
            screen(vec![line("The document is read-only.", 10, 30), line("Save a copy?", 10, 55), line("OK", 10, 90)]);
        assert!(found(&dialog).is_empty());
        dialog.window = Some("Error".into());
        assert_eq!(found(&dialog), ["The document is read-only.", "Save a copy?"]);
    }

    #[test]
    fn what_is_fine_is_no_error() {
        for text in ["Build finished: 0 errors", "Terror in the dark", "Inbox (3)", "No errors found"] {
            assert!(found(&screen(vec![line(text, 0, 0), line("and more", 0, 200)])).is_empty(), "{text}");
        }
        assert!(found(&screen(vec![])).is_empty());
        let mut blurred = line("Fatal error", 0, 0);
        blurred.confidence = 0.2;
        assert!(found(&screen(vec![blurred])).is_empty());
    }
}
