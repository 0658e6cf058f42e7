//! What of the screen's text is said aloud, and how.
//!
//! Owns: the flow of lines into sentences, what is said in the place of a secret, and what nobody wants to hear: long codes, the
//! tails of links. What a secret is decides [`super::secret`] alone. Never shortens what is copied.

use super::secret::{MASK, kept};
pub(super) use super::secret::{has_secret, is_secret};
use jarvis_core::{TextLine, TextRole};

/// Words as long as this that mix letters and digits are codes.
const CODE: usize = 20;
/// Links as long as this are named by their host.
const LINK: usize = 30;

/// What is said in place of a secret.
const UNSAID: &str = "something that I don't say aloud";

/// What is said to who asks for a secret, or what it is like.
pub const NOT_SAID: &str = "I don't say passwords, codes or keys aloud, nor anything about them.";

/// Whether it can be read at all.
pub(super) fn is_legible(line: &TextLine) -> bool {
    line.is_legible()
}

/// Whether `line`, of a screen that is [`super::secret::masked`], has something that is said to nobody.
pub(super) fn is_kept(line: &TextLine) -> bool {
    has_secret(&line.text)
}

/// Whether `said` has something in it that is not said.
pub(super) fn is_unsaid(said: &str) -> bool {
    said.contains(UNSAID)
}

/// `text` as it is said: without codes, secrets and the tails of links.
pub(super) fn aloud(text: &str) -> String {
    // The place that a compiler tells.
    if let Some(place) = super::trace::place(text) {
        return format!("at {place}");
    }
    let kept = kept(text);
    // A sign that is said as one.
    let kept =
        kept.replace(&format!(" = {MASK}"), &format!(": {MASK}")).replace(&format!("={MASK}"), &format!(": {MASK}"));
    let kept = kept.replace(&format!(":{MASK}"), &format!(": {MASK}"));
    kept.split_whitespace().map(word_aloud).collect::<Vec<_>>().join(" ")
}

/// `word` as it is said.
fn word_aloud(word: &str) -> String {
    if let Some((_, rest)) = word.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // Before the host there may be a name and a password.
        let (user, host) = host.rsplit_once('@').map_or((None, host), |(user, host)| (Some(user), host));
        if word.len() >= LINK || user.is_some() {
            return format!("a link to {}", host.trim_start_matches("www."));
        }
    }
    match word {
        word if word.contains(MASK) => word.replace(MASK, UNSAID),
        word if is_code(word) => "a long code".to_owned(),
        word => word.to_owned(),
    }
}

/// A key, a hash, a token: nothing that anyone wants to hear.
fn is_code(word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '=' | '.' | '/');
    let count = |is: fn(&char) -> bool| word.chars().filter(is).count();
    let is_path = word.starts_with(['/', '~', '.']) || word.matches('/').count() > 1 && word.contains('.');
    word.len() >= CODE
        && word.chars().all(is_part)
        && count(char::is_ascii_digit) >= 3
        && count(char::is_ascii_alphabetic) >= 3
        && !is_path
}

/// Lines as one text to be said: a line goes on in the next one unless there is room between them or it is a headline; cells
/// of a row have commas between.
pub(super) fn flow(lines: &[&TextLine]) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let words = aloud(&line.text);
        if words.is_empty() {
            continue;
        }
        if let Some(last) = text.chars().last() {
            let ends = matches!(last, '.' | '!' | '?' | ':' | ',' | ';' | '…' | '-');
            let before = at.checked_sub(1).map(|before| lines[before]);
            if !ends && !before.is_some_and(|before| goes_on(before, line)) {
                // The cells of a row are said in one breath.
                text.push(if before.is_some_and(|before| before.is_left_of(line)) { ',' } else { '.' });
            }
            text.push(' ');
        }
        text.push_str(&words);
    }
    if text.chars().last().is_some_and(|last| last.is_alphanumeric() || matches!(last, ')' | '"' | '”' | '\'')) {
        text.push('.');
    }
    text
}

/// Whether `next` is the same paragraph as `line`: close below it, from about the same left edge.
pub(super) fn goes_on(line: &TextLine, next: &TextLine) -> bool {
    let is_own =
        |role: TextRole| matches!(role, TextRole::Heading | TextRole::Title | TextRole::Control | TextRole::Field);
    !is_own(line.role) && !is_own(next.role) && is_below_close(line, next)
}

/// Whether `next` stands close below `line`, from about the same left edge.
pub(super) fn is_below_close(line: &TextLine, next: &TextLine) -> bool {
    if line.region.is_empty() || next.region.is_empty() {
        return true;
    }
    let height = line.region.height.max(next.region.height) as i32;
    let gap = next.region.y.saturating_sub(line.region.bottom());
    let shift = next.region.x.saturating_sub(line.region.x).saturating_abs();
    gap > -height && gap <= height * 4 / 5 && shift <= 2 * height
}

/// `count` and what it is of, in the plural where it is not one.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The beginning of `text`, of `most` words at most.
pub(super) fn beginning(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() <= most {
        words.join(" ")
    } else {
        format!("{}…", words[..most].join(" ").trim_end_matches(['.', ',']))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, sized};
    use super::*;

    #[test]
    fn secrets_and_codes_are_not_said() {
        for (text, said) in [
            ("Password: hunter2", "Password: something that I don't say aloud"),
            ("API key = sk_test_x", "API key: something that I don't say aloud"),
            ("Your PIN: 4711", "Your PIN: something that I don't say aloud"),
            ("Key AKIAIOSFODNN7EXAMPLE2024 was made", "Key a long code was made"),
            ("See https://www.example.com/a/b/c/d/e?f=g for more", "See a link to example.com for more"),
            ("Your verification code is 482 913.", "Your verification code is something that I don't say aloud."),
            ("Recovery key: 8F2K-99QX-LM3P-72TT", "Recovery key: something that I don't say aloud"),
            ("Card number: 4111 1111 1111 1111", "Card number: something that I don't say aloud"),
            ("Backup codes: 8F2K-99QX LM3P-72TT", "Backup codes: something that I don't say aloud"),
            ("API keys: AB12-CD34 EF56-GH78", "API keys: something that I don't say aloud"),
            ("PINs: 4711 4712", "PINs: something that I don't say aloud"),
            ("Your passwords: hunter2", "Your passwords: something that I don't say aloud"),
            (
                "Recovery phrase: witch collapse practice feed shame open despair creek road again ice least",
                "Recovery phrase: something that I don't say aloud",
            ),
            ("Seed phrase: 1. witch 2. collapse", "Seed phrase: something that I don't say aloud"),
            ("Passphrase: correct horse battery staple", "Passphrase: something that I don't say aloud"),
            ("Wi-Fi password: blue horse 42", "Wi-Fi password: something that I don't say aloud"),
            ("Wi-Fi password: over the rainbow 42", "Wi-Fi password: something that I don't say aloud"),
            ("Password: is required", "Password: is required"),
            ("Passphrase: must be long", "Passphrase: must be long"),
            (
                "The Wi-Fi password for guests is sunflower.",
                "The Wi-Fi password for guests is something that I don't say aloud.",
            ),
            ("The PIN of the door will be sunflower", "The PIN of the door will be something that I don't say aloud"),
            ("The password that you typed is wrong.", "The password that you typed is wrong."),
            ("The password policy is long.", "The password policy is long."),
            ("The password for guests is on the board.", "The password for guests is on the board."),
            ("DB_PASS=hunter2secret", "DB_PASS: something that I don't say aloud"),
            ("export PGPASSWORD=kx81mmq", "export PGPASSWORD: something that I don't say aloud"),
            ("mysql -u root -pS3cr3tPw shop", "mysql -u root something that I don't say aloud shop"),
            ("postgres://admin:Pa55word@db.example/shop", "a link to db.example"),
            (
                "My login is jane.doe and the password will be Winter2026!",
                "My login is jane.doe and the password will be something that I don't say aloud",
            ),
            ("G-204718 is your verification code.", "something that I don't say aloud is your verification code."),
            ("The door code is 4471#", "The door code is something that I don't say aloud"),
            ("Guest key: sunny#2024", "Guest key: something that I don't say aloud"),
            ("Guest Wi-Fi key is sunny#2024.", "Guest Wi-Fi key is something that I don't say aloud."),
            ("The safe opens with 12-34-56.", "The safe opens with something that I don't say aloud."),
            (
                "Your new login is jane.doe and the password will be Winter2026!",
                "Your new login is jane.doe and the password will be something that I don't say aloud",
            ),
            (
                "G-204718 is your Google code and verification code",
                "something that I don't say aloud is your Google code and verification code",
            ),
            ("The password is sunflower.", "The password is something that I don't say aloud."),
            (
                "PIN: 1234 Password: x",
                "PIN: something that I don't say aloud Password: something that I don't say aloud",
            ),
            ("Use 12 34 56 as the alarm code.", "Use something that I don't say aloud as the alarm code."),
            ("Your password expires on 14.11.2026.", "Your password expires on 14.11.2026."),
            ("The password must have 12 characters", "The password must have 12 characters"),
            ("Forgot your password? Call 0800 555 0142.", "Forgot your password? Call 0800 555 0142."),
            ("The door opens at 18:30.", "The door opens at 18:30."),
            ("Visa 4111, CVV 123", "Visa something that I don't say aloud, CVV something that I don't say aloud"),
            ("Authorization: Bearer ab12cd34", "Authorization: Bearer something that I don't say aloud"),
            ("The keyboard: three layouts", "The keyboard: three layouts"),
            ("ssh -p2222 host", "ssh -p2222 host"),
            ("Wrong password: please try again", "Wrong password: please try again"),
            ("Your password is wrong", "Your password is wrong"),
            ("/usr/lib/x86_64-linux-gnu/libfoo.so.12", "/usr/lib/x86_64-linux-gnu/libfoo.so.12"),
            ("Total: 1,234.50 €", "Total: 1,234.50 €"),
        ] {
            assert_eq!(aloud(text), said);
        }
    }

    #[test]
    fn a_line_goes_on_in_the_next_and_paragraphs_end() {
        let lines = [
            line("The file could not be", 10, 10),
            line("saved on the disk", 10, 32),
            line("Free some space", 10, 90),
            sized("Details", 10, 120, 30, TextRole::Heading),
            line("Code 28", 10, 152),
        ];
        let all: Vec<&TextLine> = lines.iter().collect();
        assert_eq!(flow(&all), "The file could not be saved on the disk. Free some space. Details. Code 28.");
        assert_eq!(flow(&[]), "");
        let cells = [line("Copy paper", 10, 10), line("12", 400, 10), line("51.00", 600, 10), line("Total", 10, 60)];
        assert_eq!(flow(&cells.iter().collect::<Vec<_>>()), "Copy paper, 12, 51.00. Total.");
    }
}
