//! What went wrong, as the screen tells it: a dialog's words first, then those of an alert that sound like it, then what is
//! shown in red, then what sounds like it.

use super::say::{goes_on, is_legible};
use jarvis_core::{ScreenText, TextLine, TextRole};

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
const PHRASES: [(&str, u32); 8] = [
    ("could not", 2),
    ("can not", 2),
    ("not found", 3),
    ("no such file", 3),
    ("timed out", 3),
    ("went wrong", 3),
    ("not responding", 3),
    ("segmentation fault", 3),
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
/// A message that is not in a dialog has no more lines.
const MOST_LINES: usize = 4;

/// How much a line sounds like a failure.
fn signs(text: &str) -> u32 {
    let words = super::words::words(text);
    let spaced = format!(" {} ", words.join(" "));
    let of_words =
        words.iter().filter_map(|word| SIGNS.iter().find(|(sign, _)| sign == word)).map(|(_, sure)| *sure).max();
    let of_phrases =
        PHRASES.iter().filter(|(sign, _)| spaced.contains(&format!(" {sign} "))).map(|(_, sure)| *sure).max();
    let none = spaced.contains(" 0 errors ") || spaced.contains(" no errors ") || spaced.contains(" without errors ");
    if none { 0 } else { of_words.unwrap_or(0).max(of_phrases.unwrap_or(0)) }
}

/// Whether it is what a button says.
pub(super) fn is_button(line: &TextLine) -> bool {
    line.role == TextRole::Control || BUTTONS.contains(&super::words::words(&line.text).join(" ").as_str())
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

/// The lines of the error that is on the screen, in reading order; none where nothing looks like one. A dialog's come first
/// whatever they say; else the surest line, the last of several, with what goes on from it: of alerts where one of them
/// sounds like it, and else of all.
pub(super) fn find(screen: &ScreenText) -> Vec<&TextLine> {
    let legible: Vec<&TextLine> = screen.lines.iter().filter(|line| is_legible(line) && !is_button(line)).collect();
    let alerts: Vec<&TextLine> = legible.iter().copied().filter(|line| line.role == TextRole::Alert).collect();
    if is_dialog(screen) {
        return alerts;
    }
    // A window of few words whose title or first words say it is a dialog, whoever drew it.
    let body: Vec<&TextLine> = legible.iter().copied().filter(|line| line.role != TextRole::Title).collect();
    let title = screen.window.as_deref();
    let tells = |title: &str| signs(title) >= LEAST || body.first().is_some_and(|first| signs(&first.text) >= 3);
    if body.len() <= 8 && title.is_some_and(tells) {
        return body;
    }
    let body = if alerts.iter().any(|line| is_alarming(line)) { alerts } else { body };
    let weight = |line: &TextLine| {
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
    while to < body.len() && to - from < MOST_LINES && goes_on(body[to - 1], body[to]) {
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
            sized("Disk almost full", 400, 300, 20, TextRole::Alert),
            sized("Free some space and try again.", 400, 330, 20, TextRole::Alert),
            sized("OK", 500, 400, 20, TextRole::Control),
        ]);
        assert_eq!(found(&screen), ["Disk almost full", "Free some space and try again."]);
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
