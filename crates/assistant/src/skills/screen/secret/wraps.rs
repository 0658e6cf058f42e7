//! Secrets of sentences that are broken over lines: "the answer to the secret question is", and "Moonfish" under it.
//!
//! Owns which lines are one text that was broken, and has [`super::text`] tell of each of its sentences what is a secret, as if it stood
//! in one line. So it is all one where a sentence is broken. Entries of lists, fields and settings are no sentences: a line goes on in
//! the next one where its last word wants another, where the next one begins in small letters, or where it is full. Never looks at
//! places beyond that; what stands under or beside a label is [`super::mask`]'s.

use super::super::say::is_below_close;
use super::mask::{Page, is_near, is_written, may_be_words};
use super::{ends_in_secret, is_phrase, leads_on, stems, text};
use jarvis_core::{TextLine, TextRole};
use std::ops::Range;

/// Words that want another one behind them.
#[rustfmt::skip]
const WANTING: &[&str] = &[
    "is", "are", "was", "were", "be", "will", "would", "can", "could", "should", "shall", "may", "might", "must", "has", "have", "had", "does", "do",
    "did", "the", "a", "an", "your", "my", "our", "his", "her", "its", "their", "this", "these", "of", "to", "in", "on", "at", "for", "from",
    "with", "by", "as", "into", "about", "than", "under", "over", "between", "behind", "and", "or", "but", "nor", "so", "because", "if", "that",
    "which", "who", "whose", "when", "where", "while", "using", "use", "type", "enter", "press", "dial", "called", "not", "now", "still", "always",
    "simply", "just",
    "ist", "sind", "war", "wird", "lautet", "lauten", "heißt", "der", "die", "das", "dem", "den", "des", "ein", "eine", "einen", "einer", "mein",
    "meine", "dein", "deine", "ihr", "ihre", "unser", "unsere", "für", "von", "vom", "zum", "zur", "im", "am", "auf", "mit", "und", "oder",
];
/// Of them, what a secret stands behind, however much room is between.
const LINKING: [&str; 10] = ["is", "are", "was", "be", "with", "to", "ist", "sind", "lautet", "lauten"];
/// What marks lines that are quoted or said beside a program, each of them.
const QUOTING: [&str; 8] = [">", ">>", "#", "//", "|", "--", "%", "///"];
/// What programs and forms begin with that ask for something: what stands under that is no answer.
const ASKING: [&str; 6] = ["enter", "type", "confirm", "repeat", "retype", "[sudo]"];
/// A line that is full has more words ...
const FULL: usize = 4;
/// ... and another line of its text is as long, in hundredths of the longest.
const LONG: i64 = 85;
/// What stands under a line that ends in a colon has no more words, if it is what that tells of.
const VALUE: usize = 4;
/// A text that is broken has no more lines: what has is a list.
const LINES: usize = 60;

/// Marks the secrets of the sentences of `page` that are broken over lines.
pub(super) fn mark(page: &mut Page<'_>) {
    if !page.lines.iter().any(|line| stems::may_name_one(&line.text)) {
        return;
    }
    let next: Vec<Option<usize>> = (0..page.lines.len()).map(|at| next_of(page, at)).collect();
    let mut is_next = vec![false; next.len()];
    next.iter().flatten().for_each(|at| is_next[*at] = true);
    for at in (0..next.len()).filter(|at| !is_next[*at] && next[*at].is_some()) {
        let text: Vec<usize> = std::iter::successors(Some(at), |at| next[*at]).take(LINES).collect();
        if text.iter().any(|at| stems::may_name_one(&page.lines[*at].text)) {
            mark_text(page, &text);
        }
    }
}

/// The line that the line `at` goes on in, if it was broken: the next one that was read, or where columns were read side by side the one
/// close below it. It is always further down or further on, so that texts end.
fn next_of(page: &Page<'_>, at: usize) -> Option<usize> {
    let lines = page.lines;
    let behind = at + 1;
    if behind < lines.len() && breaks(page, at, behind) {
        return Some(behind);
    }
    let line = &lines[at];
    if line.region.is_empty()
        || !lines.get(behind).is_some_and(|other| line.is_left_of(other) || other.is_left_of(line))
    {
        return None;
    }
    let is_below = |other: &usize| !lines[*other].region.is_empty() && is_below_close(line, &lines[*other]);
    let below = (behind + 1..lines.len()).find(is_below)?;
    breaks(page, at, below).then_some(below)
}

/// Marks the secrets of the text that the lines at `all` are.
fn mark_text(page: &mut Page<'_>, all: &[usize]) {
    let lines: Vec<&TextLine> = all.iter().map(|at| &page.lines[*at]).collect();
    // A word that was parted may be one without the sign, and with it.
    for joined in [Joined::of(&lines, true), Joined::of(&lines, false)] {
        for sentence in joined.broken_sentences() {
            for found in text::hidden(&joined.text[sentence.clone()]) {
                let found = sentence.start + found.start..sentence.start + found.end;
                for (line, part) in joined.places(&found) {
                    page.hide_range(all[line], part);
                }
            }
        }
        if !joined.has_parted {
            break;
        }
    }
}

/// Lines as one text.
struct Joined {
    text: String,
    /// Where each line stands in it, and how much of the line's beginning does not.
    lines: Vec<(Range<usize>, usize)>,
    /// Whether a word is parted at the end of a line.
    has_parted: bool,
}

impl Joined {
    /// Those of `lines`; `is_one`: of a word that is parted the sign is left out.
    fn of(lines: &[&TextLine], is_one: bool) -> Self {
        let mut joined = Self { text: String::new(), lines: Vec::with_capacity(lines.len()), has_parted: false };
        let sign = quoting(&lines[0].text).filter(|sign| lines.iter().all(|line| quoting(&line.text) == Some(*sign)));
        for line in lines {
            let own = line.text.trim_end();
            let quoted = sign.map_or(own, |sign| own.trim_start()[sign.len()..].trim_start());
            let skipped = own.len() - quoted.trim_start().len();
            let next = &own[skipped..];
            if !joined.text.is_empty() {
                let before = joined.text.strip_suffix('-').filter(|before| before.ends_with(char::is_alphanumeric));
                match before {
                    Some(before) if next.starts_with(char::is_alphanumeric) => {
                        joined.has_parted = true;
                        let length = before.len();
                        if is_one && next.starts_with(char::is_lowercase) {
                            joined.text.truncate(length);
                            if let Some((place, _)) = joined.lines.last_mut() {
                                place.end = length;
                            }
                        }
                    }
                    _ => joined.text.push(' '),
                }
            }
            let from = joined.text.len();
            joined.text.push_str(next);
            joined.lines.push((from..joined.text.len(), skipped));
        }
        joined
    }

    /// Where the sentences stand that are in more than one line, each from the beginning of the line that it begins in: what stands
    /// before it may say what it is about.
    fn broken_sentences(&self) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        let mut from = 0;
        let mut words = self.text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let end = word.as_ptr() as usize - self.text.as_ptr() as usize + word.len();
            if word.ends_with(['.', '!', '?']) || words.peek().is_none() {
                let first = self.lines.iter().rposition(|(place, _)| place.start <= from).unwrap_or(0);
                let start = self.lines[first].0.start;
                if self.lines.get(first + 1).is_some_and(|(next, _)| next.start < end) {
                    all.push(start..end);
                }
                from = (end + 1).min(self.text.len());
            }
        }
        all
    }

    /// Which parts of which lines `found` is.
    fn places<'a>(&'a self, found: &'a Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
        self.lines.iter().enumerate().filter_map(|(at, (place, skipped))| {
            let (start, end) = (found.start.max(place.start), found.end.min(place.end));
            (start < end).then(|| (at, start - place.start + skipped..end - place.start + skipped))
        })
    }
}

/// The sign that `text` begins with if it is one that quotes.
fn quoting(text: &str) -> Option<&'static str> {
    let first = text.split_whitespace().next()?;
    QUOTING.into_iter().find(|sign| *sign == first)
}

/// Whether the line `at` of `page` was broken before the line `behind`.
fn breaks(page: &Page<'_>, at: usize, behind: usize) -> bool {
    let (line, next) = (&page.lines[at], &page.lines[behind]);
    if !are_text(line, next) {
        return false;
    }
    let sign = quoting(&line.text).filter(|sign| quoting(&next.text) == Some(*sign));
    let bare = |text: &'_ str| sign.map_or(text.trim(), |sign| text.trim_start()[sign.len()..].trim()).to_owned();
    let is_adjacent = behind == at + 1;
    let (text, behind) = (bare(&line.text), bare(&next.text));
    let words: Vec<&str> = text.split_whitespace().collect();
    let (Some(last), Some(first)) = (words.last(), behind.split_whitespace().next()) else { return false };
    if is_program(&text) || is_program(&behind) || text.ends_with(['.', '!', '?', '…']) {
        return false;
    }
    let last = last.to_lowercase();
    let is_close = is_below_close(line, next);
    let wants = WANTING.contains(&last.as_str());
    if wants || text.ends_with([',', ';']) {
        return is_close || LINKING.contains(&last.as_str()) && is_near(line, next) && is_of_one_column(line, next);
    }
    if text.ends_with([':', '=']) {
        let asks = ASKING.contains(&super::bare(words[0]).as_str()) || words[0].starts_with('[');
        let is_value = behind.split_whitespace().count() <= VALUE && may_be_words(next);
        return words.len() > 2 && !asks && is_value && is_near(line, next) && is_of_one_column(line, next);
    }
    if !is_close {
        return false;
    }
    // "Has the combination", "4 1 7".
    let names_one = leads_on(&words).is_some() || last == "combination";
    let is_lower = |text: &str| text.starts_with(char::is_lowercase);
    let is_sentence =
        is_lower(words[words.len() - 1]) && (words.len() > FULL || is_lower(&text)) && !text.contains([':', '=']);
    if names_one && (first.starts_with(|c: char| c.is_ascii_digit()) || is_sentence) {
        return true;
    }
    // "The password Tulip", "Garden 9".
    let is_name = |word: &&str| word.starts_with(char::is_uppercase) && word.ends_with(char::is_alphabetic);
    let names = words.iter().rev().take_while(|word| is_name(word)).count();
    let is_behind_name = || match words.len() - names {
        0 => {
            let before = at.checked_sub(1).map(|before| page.lines[before].text.split_whitespace().collect::<Vec<_>>());
            before.is_some_and(|before| before.last().is_some_and(|last| is_lower(last)) && leads_on(&before).is_some())
        }
        rest => is_lower(words[rest - 1]) && leads_on(&words[..rest]).is_some(),
    };
    if (1..=VALUE).contains(&names) && !first.starts_with(char::is_lowercase) && is_behind_name() {
        return true;
    }
    // "12", "7 39".
    let is_group = |word: &str| word.trim_end_matches(['.', ',']).bytes().all(|byte| byte.is_ascii_digit());
    if is_group(&last) && is_group(first) && !text.contains([':', '=']) {
        return true;
    }
    // "Wren-" and "Teapot-88".
    if text.ends_with('-') && text[..text.len() - 1].ends_with(char::is_alphanumeric) {
        return first.starts_with(char::is_alphanumeric);
    }
    // A label whose value ends its line says no more, unless the line is full and the next one begins in the middle of a sentence.
    let tells = page.own(at).last().is_some_and(|own| own.end >= line.text.trim_end().len());
    let is_told = tells && text.contains([':', '=']);
    let is_full = || is_adjacent && words.len() > FULL && is_full(page, at) && !is_phrase(&text);
    match first.starts_with(char::is_lowercase) {
        true => !is_told && !is_entry(&behind) || is_full(),
        false => !is_told && is_full(),
    }
}

/// Whether both are lines of a text: of a page, of one editor, of a heading.
fn are_text(line: &TextLine, next: &TextLine) -> bool {
    let is_heading = |line: &TextLine| line.role == TextRole::Heading;
    is_written(line, next) || is_heading(line) && is_heading(next)
}

/// Whether `text` is a line of a program.
fn is_program(text: &str) -> bool {
    let calls =
        || text.match_indices('(').any(|(at, _)| text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    // "tom@mill:~/shop$ ls".
    let is_prompt = |word: &str| word.len() > 1 && word.ends_with('$') || word.contains('@') && word.ends_with('#');
    let is_statement = text.ends_with(';') && text.contains(['=', '{', '(', ')', '_', '.', ':']);
    text.split_whitespace().any(is_prompt)
        || is_statement
        || text.ends_with(['{', '}', '('])
        || text.starts_with(['{', '}', '$', '<'])
        || text.contains("\":")
        || calls()
}

/// Whether `text` begins as an entry of a list, a label or a setting: "- milk", "port: 80".
fn is_entry(text: &str) -> bool {
    let begins = text.split_whitespace().take(2).any(|word| word.ends_with(':') || word.contains('='));
    begins && !ends_in_secret(text.split([':', '=']).next().unwrap_or_default())
}

/// Whether `next` begins about where `line` does, or stands under the middle of it.
fn is_of_one_column(line: &TextLine, next: &TextLine) -> bool {
    let (line, next) = (&line.region, &next.region);
    line.is_empty() || next.is_empty() || line.x < next.right() && next.x < line.right()
}

/// Whether the first word of the next line had no room in the line `at`: another line of the same text is about as long, and none is so
/// long as both.
fn is_full(page: &Page<'_>, at: usize) -> bool {
    let lines = page.lines;
    let is_one = |at: usize| are_text(&lines[at], &lines[at + 1]) && is_below_close(&lines[at], &lines[at + 1]);
    let from = (0..at).rev().take(LINES).take_while(|at| is_one(*at)).last().unwrap_or(at);
    let to = (at..lines.len() - 1).take(LINES).take_while(|at| is_one(*at)).last().map_or(at, |last| last + 1);
    let width = |line: &TextLine| i64::from(line.region.width);
    let longest = lines[from..=to].iter().map(width).max().unwrap_or(0);
    let letters = lines[at].text.chars().count().max(1) as i64;
    let first = lines[at + 1].text.split_whitespace().next().map_or(0, |first| first.chars().count() as i64 + 1);
    let is_long = |other: &usize| *other != at && width(&lines[*other]) * 100 >= longest * LONG;
    // Where nobody knows how wide lines are, each is as full as any.
    longest == 0
        || width(&lines[at]) + first * width(&lines[at]) / letters > longest && (from..=to).any(|other| is_long(&other))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{line, screen, sized};
    use super::super::masked;
    use super::*;
    use proptest::prelude::*;

    /// Sentences that have a secret, and its words.
    #[rustfmt::skip]
    const SENTENCES: &[(&str, &[&str])] = &[
        ("The answer to the secret question is Moonfish.", &["Moonfish"]),
        ("And if they ask, the answer to my security question is Moonfish and nothing else.", &["Moonfish"]),
        ("They asked for my mother's maiden name and the answer is Vandersloot.", &["Vandersloot"]),
        ("Please note that the password for the guest network is Sunflower.", &["Sunflower"]),
        ("The Wi-Fi password is blue horse and the printer is upstairs.", &["blue", "horse"]),
        ("The password is Moonfish, so write it down somewhere.", &["Moonfish"]),
        ("My PIN for the card is 4471, and hers is the same.", &["4471"]),
        ("You can open the safe in the office with 31-12-44 after lunch.", &["31-12-44"]),
        ("The combination of the safe behind the picture is 12 7 39.", &["12", "39"]),
        ("The door code of the house in Leeds is 4471# from today.", &["4471"]),
        ("I changed the password of the bank to WinterHafen77 because the old one was short.", &["WinterHafen77"]),
        ("For the vault the passphrase is correct horse battery staple.", &["correct", "horse", "battery", "staple"]),
        ("Use marzipan9 as the password when you log in.", &["marzipan9"]),
        ("Log in with the user kim and the password moonlight.", &["moonlight"]),
        ("G-204718 is your verification code.", &["204718"]),
        ("Tom told me that the new alarm code will be 9901 from Monday.", &["9901"]),
        ("The recovery key of the laptop is 8F2K-99QX-LM3P.", &["8F2K-99QX-LM3P"]),
        ("His password for the shop is now tulip-barn.", &["tulip-barn"]),
        ("Type 7731 to unlock the tablet in the kitchen.", &["7731"]),
        ("The password that I use for everything is Moonfish, sadly.", &["Moonfish"]),
        ("If they ask at the school, the code word is Pineapple and nobody else knows it.", &["Pineapple"]),
        ("Das Passwort für das Netz im Garten lautet Mondfisch.", &["Mondfisch"]),
        ("The guest network, whose password is Moonfish, reaches the garden.", &["Moonfish"]),
        ("Tom changed the Netflix password again; it is green umbrella, he says.", &["green", "umbrella"]),
        ("The guest network is there with the password Tulip Garden 9, and works on all floors.", &["Tulip", "Garden"]),
        ("We moved the spare key, and the code of the little box by the shed is now 4471.", &["4471"]),
        ("Asked for the name of my first pet my answer is Rex.", &["Rex"]),
        ("The key to our network is called \"marmalade tram\" as always, and the password is \"red barn\".", &["barn"]),
    ];

    /// The same. The rules were not made with them, and then mended by three: a user beside a password, "set ... to", and a dial.
    #[rustfmt::skip]
    const APART: &[(&str, &[&str])] = &[
        ("When the bank rings, tell them that my memorable word is Lighthouse.", &["Lighthouse"]),
        ("Grandma's PIN is still 8826 and she keeps forgetting it.", &["8826"]),
        ("The key safe beside the back door opens with 5521.", &["5521"]),
        ("You will need the alarm code, which is 2468, before you go in.", &["2468"]),
        ("For the router page use admin as the user and gooseberry as the password.", &["gooseberry"]),
        ("The answer to the security question about my school is Thornfield.", &["Thornfield"]),
        ("Our Netflix password is now purple elephant, please don't share it.", &["purple", "elephant"]),
        ("The passcode for the meeting on Tuesday is 771204.", &["771204"]),
        ("The suitcase lock has the combination 4 1 7, as always.", &["4 1 7"]),
        ("I set the password of the old tablet to raindrop, so that the children can use it.", &["raindrop"]),
        ("The Wi-Fi in the flat is called Beckernet and its password is walrus-in-the-snow.", &["walrus"]),
        ("Her mother's maiden name was Abernathy, in case they ask for it.", &["Abernathy"]),
        ("Please log in as kim with the password Butterfly9 and change it at once.", &["Butterfly9"]),
        ("The recovery code that they sent me is KX4-99Q-2LM.", &["KX4-99Q-2LM"]),
        ("Das neue Kennwort für den Rechner im Büro heißt Sommerregen.", &["Sommerregen"]),
        ("The secret answer they have on file is Bluebell.", &["Bluebell"]),
    ];
    /// Texts about secrets that have none.
    #[rustfmt::skip]
    const INNOCENT: &[&str] = &[
        "Please choose a password that is longer than twelve letters and tell nobody.",
        "If you forget your PIN you can set a new one at any branch of the bank, and it is free.",
        "The password of your account was changed on 4 May, and if that was not you, call us.",
        "We will never ask for your password by mail, and our staff never need it.",
        "The door code changes every month and the new one is sent to you by post.",
        "The meeting about the new alarm is on Tuesday in room 204, and Tom brings the keys.",
        "The answer to the question is simple, and everybody in the class found it.",
        "A password manager keeps all of your passwords behind one that you have to remember.",
        "The safe was built in 1998 and weighs 240 kg, and it stands in the cellar.",
        "Her first pet was mentioned in the interview, and so was the school in Leeds.",
        "The secret of the soup is the lemon, which goes in at the end.",
        "The key to the story is the letter that Anna finds in the garden.",
        "Your code was accepted, and the tests ran in 12 minutes on the new machine.",
        "The PIN is with the neighbours, who are at home from six.",
        "The tokens of a sentence are words, and the model reads 2048 of them.",
    ];

    /// What is told of `lines`, one under the other.
    fn told(lines: &[String], role: TextRole) -> String {
        let lines = lines.iter().zip(0..).map(|(text, row)| sized(text, 10, 10 + 24 * row, 20, role)).collect();
        let screen = screen(lines);
        let masked = masked(&screen);
        masked.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Where a sentence may be broken: behind each word.
    fn broken(text: &str) -> Vec<Vec<String>> {
        let words: Vec<&str> = text.split(' ').collect();
        let one = (1..words.len()).map(|at| vec![words[..at].join(" "), words[at..].join(" ")]);
        let two =
            (1..words.len() - 1).map(|at| vec![words[..at].join(" "), words[at].to_owned(), words[at + 1..].join(" ")]);
        let narrow = [2, 3, 4, 5].map(|count| words.chunks(count).map(|line| line.join(" ")).collect());
        one.chain(two).chain(narrow).collect()
    }

    #[test]
    fn a_secret_is_hidden_wherever_its_sentence_is_broken() {
        let mut missed = Vec::new();
        for (text, secrets) in SENTENCES {
            for role in [TextRole::Text, TextRole::Field] {
                let whole = [vec![(*text).to_owned()]];
                for lines in whole.into_iter().chain(broken(text)) {
                    let told = told(&lines, role);
                    if secrets.iter().any(|secret| told.contains(secret)) {
                        missed.push(format!("{role:?}: {lines:?}"));
                    }
                }
            }
        }
        assert!(missed.is_empty(), "{}:\n{}", missed.len(), missed.join("\n"));
    }

    /// `LOOK=apart` tells which.
    #[test]
    fn other_sentences_and_texts_without_a_secret_are_counted() {
        let looks = std::env::var_os("LOOK").is_some();
        let (mut kept, mut all, mut masked, mut words) = (0, 0, 0, 0);
        for (text, secrets) in APART {
            for lines in [vec![(*text).to_owned()]].into_iter().chain(broken(text)) {
                let told = told(&lines, TextRole::Text);
                let heard = secrets.iter().any(|secret| told.contains(secret));
                all += 1;
                kept += usize::from(!heard);
                if heard && looks {
                    println!("told: {lines:?}");
                }
            }
        }
        for text in INNOCENT {
            for lines in [vec![(*text).to_owned()]].into_iter().chain(broken(text)) {
                let told = told(&lines, TextRole::Text);
                let left = told.split_whitespace().count();
                words += text.split(' ').count();
                masked += text.split(' ').count().saturating_sub(left) + told.matches(super::super::MASK).count();
                if looks && told.contains(super::super::MASK) {
                    println!("masked: {lines:?}");
                }
            }
        }
        println!("broken, apart: {kept} of {all} kept; masked of words that are none: {masked} of {words}");
        assert!(kept == all && masked * 20 <= words, "{kept} of {all} kept; {masked} of {words} masked");
    }

    #[test]
    fn what_is_quoted_or_stands_apart_is_one_text_as_well() {
        for lines in [
            ["> the answer to the secret question is", "> Moonfish"],
            ["# the database password of the old shop is", "# Moonfish"],
            ["// sign in as kim, the password is", "// Moonfish"],
            ["My answer to the secret question:", "Moonfish"],
        ] {
            let told = told(&lines.map(str::to_owned), TextRole::Text);
            assert!(!told.contains("Moonfish") && told.lines().count() == 2, "{told}");
        }
        // Columns of text that were read side by side.
        let columns = screen(vec![
            line("The password of the", 10, 10),
            line("We open at nine and", 400, 10),
            line("guest network is now", 10, 32),
            line("close at six, as ever.", 400, 32),
            line("Moonfish, all year.", 10, 54),
            line("Ask for Tom at noon.", 400, 54),
        ]);
        let left = masked(&columns).lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>().join(" ");
        assert!(!left.contains("Moonfish") && left.contains("as ever") && left.contains("Tom at noon"), "{left}");
        // With room between, and in the middle.
        let far = screen(vec![line("The answer to the secret question is", 10, 10), line("Moonfish", 120, 70)]);
        assert!(!masked(&far).lines[1].text.contains("Moonfish"));
        let parted =
            told(&["the pass-".to_owned(), "word of the shop is Moon-".to_owned(), "fish.".to_owned()], TextRole::Text);
        assert!(!parted.contains("Moon") && !parted.contains("fish"), "{parted}");
    }

    #[test]
    fn lists_labels_and_programs_are_no_broken_sentences() {
        for lines in [
            vec!["mail password: hunter2", "router in the hall", "bins on tuesday"],
            vec!["Mail password: Wren-Teapot-88", "Router in the hall", "Groceries for the week"],
            vec!["Wi-Fi password: over the rainbow 42", "Bins are collected on Tuesdays."],
            vec!["let password = read_password();", "let count = 5;", "print(count)"],
            vec!["password: hunter2", "port: 5432", "host: db"],
            vec!["Forgot your password?", "Create account", "Terms of use"],
            vec!["Passwords must be changed every", "90 days, and nobody likes it.", "Lunch is at noon."],
            vec!["The password is", "valid until 3 May."],
            vec!["Your PIN is needed when you", "collect the parcel from room 204."],
            vec!["[sudo] password for kim:", "Reading package lists"],
            vec!["Enter passphrase for the key:", "Identity added"],
            vec!["Access denied for user (using password: YES)", "tom@mill:~/shop$ mysql --version"],
        ] {
            let told = told(&lines.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), TextRole::Text);
            let expected = lines.join("\n");
            for (told, line) in told.lines().zip(expected.lines()) {
                let is_secret = ["hunter2", "Wren", "rainbow"].iter().any(|secret| line.contains(secret));
                assert!(is_secret || told == line, "{told} for {line}");
            }
        }
    }

    proptest! {
        /// Whatever is one text is told of the same however it is joined, and no part lies outside of its line.
        #[test]
        fn any_lines_can_be_joined(
            texts in proptest::collection::vec("(> )?(\\PC{0,9}|(the|my|password|pin|is|moon-|x9z|4471|answer|secret|question)[ .,:-]?){0,6}", 1..9),
        ) {
            let lines: Vec<TextLine> = texts.iter().zip(0..).map(|(text, row)| line(text, 10, 10 + 24 * row)).collect();
            let all: Vec<&TextLine> = lines.iter().collect();
            for is_one in [true, false] {
                let joined = Joined::of(&all, is_one);
                let whole = 0..joined.text.len();
                for (at, part) in joined.places(&whole) {
                    prop_assert!(lines[at].text.get(part).is_some());
                }
                for sentence in joined.broken_sentences() {
                    prop_assert!(joined.text.get(sentence).is_some());
                }
            }
            masked(&screen(lines));
        }
    }
}
