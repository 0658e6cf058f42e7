//! Text of the screen, put on the clipboard.
//!
//! Owns what is copied for a request, and what is said of it. "Copy it" is what was told last, and nothing where nothing was.

use super::cells::Cells;
use super::excerpt::COMMON;
use super::nouns::{is_numbered, part};
use super::picking::{self, Picked};
use super::reading::{part_of, place_of, too_few};
use super::say::{self, counted};
use super::secret::Copied;
use super::shape::{self, Kind};
use super::told::{Told, slots};
use super::words::words;
use super::{Screen, error, find, legibly, list, noted, read, secret, table, ties, where_looked};
use crate::router::normalize::is_file_name;
use jarvis_core::{HostAction, Reply, ScreenTarget, ScreenText, Seen, Slots, TextLine};
use std::hash::BuildHasher;

/// What is asked back where nothing says what is to be copied.
const COPY_WHAT: &str = "What should I copy? Say copy everything, copy the error, or copy and what it is called.";

/// What is said where the language model had no answer.
const COPY_NOTHING: &str = "There is no answer to copy. Say copy everything, or copy and what it is called.";

/// What a number is called that is called.
const CALLED: &[&str] = &["phone", "telephone", "hotline", "mobile", "fax"];

/// So many of those that may be meant are named.
const NAMED: usize = 5;

/// What is shown without being called so.
const CODE: [&str; 8] = [
    "code",
    "the code",
    "source code",
    "the source code",
    "snippet",
    "the snippet",
    "code snippet",
    "the code snippet",
];

impl Screen {
    /// Answers [`super::COPY`] where no look is needed: what was told last is no text of the screen, or nothing was.
    pub(super) fn copy_unseen(&self, slots: &Slots, last_reply: Option<&str>) -> Option<Reply> {
        let what = slots.get("what").map(String::as_str);
        if !matches!(what, Some("that" | "it")) {
            return None;
        }
        let told = self.told.as_ref().filter(|_| what == Some("that"));
        let Some(told) = told else { return Some(Reply::say(COPY_WHAT)) };
        if told.about.get("what").is_none_or(|what| what != "answer") {
            return None;
        }
        // Where it was not answered after all, there is nothing to copy.
        let is_said = |reply: &&str, key: Option<u64>| key == Some(self.key.hash_one(*reply));
        let answer = last_reply.filter(|reply| !is_said(reply, told.before));
        let Some(text) = answer else { return Some(Reply::say(COPY_WHAT)) };
        if super::has_no_answer(text) {
            return Some(Reply::say(COPY_NOTHING));
        }
        let spoken = format!("Copied the answer: {}.", counted(text.split_whitespace().count(), "word"));
        Some(Reply { spoken, actions: vec![HostAction::Copy { text: text.to_owned() }], ..Reply::default() })
    }

    /// Answers [`super::COPY`]: `masked` is the screen of `cells` without its secrets. A secret is copied where it is named, and with
    /// the part of the page that is named by its place; whatever else is copied has none.
    pub(super) fn copy(&mut self, slots: &Slots, cells: &Cells<'_>, masked: &ScreenText, may_look_on: bool) -> Seen {
        let slots = match (slots.get("what").map(String::as_str), &self.told) {
            // What was told last, once more from what is there now.
            (Some("that"), Some(told)) => copied_from(&told.about),
            _ => slots.clone(),
        };
        let written = secret::without(cells.as_written(), cells, secret::MASK);
        let open = cells.with_texts(masked, &written);
        let query = slots.get("query").map_or("", String::as_str);
        let what = slots.get("what").map_or("all", String::as_str);
        let name = query.trim_start_matches("the ");
        let named = if what == "found" { secret::copied(&cells.screen, query) } else { None };
        let (text, name, secrets) = match named {
            Some(Copied::Secret(text)) => (text, format!("the {name}"), Secrets::None),
            Some(Copied::Several(called)) => return self.copies_nothing(legibly(which(name, &called), masked)),
            None if what == "found" && goes_there(query, masked) => {
                let said =
                    format!("I see where the {name} goes. What is typed there is never read, so I copied nothing.");
                return self.copies_nothing(legibly(said, masked));
            }
            None => {
                let is_by_place = part_of(&slots).or_else(|| part(query).filter(|part| part.is_of_list())).is_some();
                match (found_in(&slots, &open), is_by_place.then(|| found_in(&slots, cells))) {
                    (Found::Said(said), _) => return self.copies_nothing(legibly(said, masked)),
                    (Found::Text { text, name }, Some(Found::Text { text: whole, .. })) => {
                        let secrets = if text == whole { Secrets::None } else { Secrets::Copied };
                        (whole, name, secrets)
                    }
                    (Found::Text { text, name }, _) => {
                        let secrets = if text.contains(secret::MASK) { Secrets::LeftOut } else { Secrets::None };
                        (text, name, secrets)
                    }
                }
            }
        };
        if text.trim().is_empty() {
            if may_look_on {
                return Seen::Look(ScreenTarget::PointerMonitor);
            }
            let missing = match (what, part_of(&slots)) {
                ("error" | "message" | "trace", _) => format!("I see no error {} to copy.", where_looked(masked)),
                (_, Some(part)) => too_few(part, &read::body(masked), masked),
                ("line" | "found", _) => {
                    format!("I don't see “{query}” {}, so I copied nothing.", where_looked(masked))
                }
                _ => format!("I see no text {} to copy.", where_looked(masked)),
            };
            return self.copies_nothing(noted(missing, masked));
        }
        let how = || match secret::name_of_one(&cells.screen) {
            Some(name) => format!("say copy the {}, to have it", say::aloud(&name)),
            None => "one is copied by its name".to_owned(),
        };
        if secrets == Secrets::LeftOut && !text.replace(secret::MASK, "").contains(char::is_alphanumeric) {
            let said = format!("That is a secret, so I copied nothing; {}.", how());
            return self.copies_nothing(legibly(said, masked));
        }
        let (lines, words) = (text.lines().count(), text.split_whitespace().count());
        let amount = if lines > 1 {
            format!("{}, {}", counted(lines, "line"), counted(words, "word"))
        } else {
            counted(words, "word")
        };
        let secrets = match secrets {
            Secrets::None => String::new(),
            Secrets::Copied => " There is a secret in it.".to_owned(),
            Secrets::LeftOut => format!(" What is secret is left out; {}.", how()),
        };
        let spoken = legibly(format!("Copied {name}: {amount}.{secrets}"), masked);
        let text = text.replace(secret::MASK, secret::HIDDEN);
        // What is being read is still being read.
        let reading = self.told.take().and_then(|told| told.reading);
        self.told = Some(Told { reading, ..Told::of(slots) });
        Seen::Reply(Reply { spoken, actions: vec![HostAction::Copy { text }], ..Reply::default() })
    }

    /// Says with `said` why nothing is copied.
    fn copies_nothing(&mut self, said: String) -> Seen {
        self.told = None;
        Seen::Reply(Reply::say(said))
    }
}

/// What becomes of the secrets of what is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrets {
    /// It has none, or is the one that was named.
    None,
    Copied,
    LeftOut,
}

/// What is to be copied.
enum Found {
    /// Text, and what it is called. It may be empty.
    Text { text: String, name: String },
    /// None: this is said.
    Said(String),
}

/// What of `cells` the request `slots` asks for.
fn found_in(slots: &Slots, cells: &Cells<'_>) -> Found {
    let screen = &*cells.screen;
    // What is no table is copied as it is written, with its gaps.
    let written = |lines: &[&TextLine]| join(&cells.written(lines));
    let what = slots.get("what").map_or("all", String::as_str);
    let query = slots.get("query").map_or("", String::as_str);
    // "Copy step two" names a part, too.
    let item = || part(query).filter(|part| what == "found" && part.is_of_list());
    let (text, name) = match (what, part_of(slots).or_else(item)) {
        ("error" | "message" | "trace", _) => match error::find(screen) {
            none if none.is_empty() => (written(&error::message(screen)), "the message; it is no error".to_owned()),
            lines if what == "message" => (written(&error::without_place(lines)), "the error".to_owned()),
            _ => (written(&error::whole(screen)), "the error".to_owned()),
        },
        (_, Some(part)) if part.is_of_table() && table::part(part, screen).is_some() => {
            let lines = table::part(part, screen).map_or_else(Vec::new, |(_, lines)| lines);
            (join(&lines), format!("that {}", part.unit))
        }
        (_, Some(part)) => {
            let lines = read::body(screen);
            let text = place_of(part, &lines, screen).map(|place| written(&lines[place]));
            (text.unwrap_or_default(), format!("that {}", part.unit))
        }
        ("line", None) => {
            let row = read::rows_with(query, screen).into_iter().next();
            let line = || find::find(screen, query).map(|found| vec![found.line]);
            let line = row.or_else(line).unwrap_or_default();
            (written(&line).trim().to_owned(), "that line".to_owned())
        }
        ("warning", _) => {
            let rows = read::rows_with("warning", screen);
            match rows.is_empty() {
                true => (written(&error::message(screen)), "the message".to_owned()),
                false => (written(&rows.concat()), "the warning".to_owned()),
            }
        }
        ("found", _) => {
            let name = query.trim_start_matches("the ");
            match found(query, screen, written) {
                Picked::One(text) => (text, format!("the {name}")),
                Picked::Several(all) => return Found::Said(which_value(name, &all, screen)),
            }
        }
        _ => (written(&read::body(screen)), "the text".to_owned()),
    };
    Found::Text { text, name }
}

/// What "copy that" copies after this was told.
fn copied_from(about: &Slots) -> Slots {
    let mut copied = about.clone();
    match about.get("what").map(String::as_str) {
        Some("line" | "row" | "column" | "paragraph" | "sentence" | "step" | "point" | "message" | "trace" | "all") => {
        }
        // That is what was told of it.
        Some("error") => drop(copied.insert("what".into(), "message".into())),
        _ if about.contains_key("query") => drop(copied.insert("what".into(), "found".into())),
        _ => copied = slots("all"),
    }
    copied
}

/// What is asked back where several secrets are meant by `name` alike, which are `called` so: their labels, never what they are.
fn which(name: &str, called: &[String]) -> String {
    let Some(first) = called.first() else {
        return format!("I see more than one {name}, and nothing that tells them apart, so I copied nothing.");
    };
    let named: Vec<String> = called.iter().take(NAMED).map(|name| say::aloud(name)).collect();
    let more = called.len().saturating_sub(NAMED);
    let last = if more > 0 { counted(more, "other") } else { named[named.len() - 1].clone() };
    let before = &named[..named.len() - usize::from(more == 0)];
    // "Netflix password" is its name already.
    let example = if secret::is_secret(first) { first.clone() } else { format!("{first} {name}") };
    format!(
        "Which {name}: {} or {last}? Say, for example, copy the {}. I copied nothing.",
        before.join(", "),
        say::aloud(&example)
    )
}

/// Whether what stands there of the secret that `query` names is a label alone: nobody wants that.
fn goes_there(query: &str, screen: &ScreenText) -> bool {
    secret::is_secret(query) && find::find(screen, query).is_some_and(|found| found.value.is_none())
}

/// What is asked back where any of `all` may be meant by `name`: what they are called, where one can be had by that, and else what they
/// are.
fn which_value(name: &str, all: &[(String, String)], screen: &ScreenText) -> String {
    let is_had = |called: &str, text: &str| {
        let query = format!("{called} {name}").to_lowercase();
        matches!(found(&query, screen, join), Picked::One(found) if found == *text)
    };
    let called: Vec<String> = all.iter().map(|(called, _)| called.clone()).collect();
    let is_apart = |at: usize| !called[at].is_empty() && !called[..at].contains(&called[at]);
    if (0..called.len()).all(is_apart) && all.iter().all(|(called, text)| is_had(called, text)) {
        return which(name, &called);
    }
    let told: Vec<String> = all.iter().take(NAMED).map(|(_, text)| say::aloud(text)).collect();
    let more = all.len().saturating_sub(NAMED);
    let (last, before) = match told.split_last() {
        Some((last, before)) if more == 0 => (last.clone(), before),
        _ => (counted(more, "other"), &told[..]),
    };
    format!("I see {} that may be the {name}: {} and {last}. I copied nothing.", all.len(), before.join(", "))
}

/// What of `screen`, which has no secrets, is called `query`, empty where nothing is: all that a heading is over, a value, or the line
/// itself.
fn found(query: &str, screen: &ScreenText, written: impl Fn(&[&TextLine]) -> String) -> Picked {
    let whole = read::body(screen);
    let is_code = CODE.contains(&query);
    // "The ingredients".
    if let Some(place) = list::under(query.trim_start_matches("the "), &whole).filter(|_| !is_code) {
        return Picked::One(written(&whole[place]));
    }
    // "The phone number of Eva" where a table has a row of hers and a column of those.
    let topic: Vec<String> = words(query).into_iter().filter(|word| word != "number").collect();
    if let Some(table::Cell { cell, .. }) = table::cell(screen, &topic, false) {
        return Picked::One(cell.text.clone());
    }
    let named = picking::owner_first(query);
    let found = find::find(screen, &named);
    // Nobody writes "code" over it: it is what the window shows.
    if is_code {
        let is_called_so = |found: &find::Found<'_>| {
            found.value.as_ref().is_some_and(|value| has_digit(&value.text)) && !has_file(&found.line.text)
        };
        let value = found.filter(is_called_so).and_then(|found| found.value);
        return Picked::One(value.map_or_else(|| written(&whole), |value| value.text));
    }
    if let Some(picked) = picking::pick(screen, &named) {
        return picked;
    }
    Picked::One(match found {
        // The name of a file is what it is, and no label of its size.
        Some(find::Found { value: Some(value), .. }) if !is_numbered(query) => value.text,
        Some(found) => found.line.text.clone(),
        // "The error code" of "could not be installed (code 1603)".
        None if query.contains("error") => {
            let numbered = |line: &&TextLine| numbered(query, &line.text).or_else(|| code_of_error(&line.text));
            error::find(screen).iter().find_map(numbered).unwrap_or_default()
        }
        None => shaped(query, screen).unwrap_or_default(),
    })
}

/// The number or the address that stands in the one sentence that says all that `query` says of it: "the emergency number of the
/// camp" of "In an emergency call the camp on 01632 960 177". Never a secret.
fn shaped(query: &str, screen: &ScreenText) -> Option<String> {
    let said = words(query);
    let is_any = |names: &[&str]| said.iter().any(|word| names.contains(&word.as_str()));
    let kind = match () {
        () if is_any(&["address"]) => Kind::Email,
        () if is_any(CALLED) || is_any(&["number"]) => Kind::Phone,
        () => return None,
    };
    let is_of = |word: &&String| !matches!(word.as_str(), "number" | "address") && !COMMON.contains(&word.as_str());
    let of: Vec<&String> = said.iter().filter(is_of).collect();
    // "The booking number" is none that is called.
    if of.is_empty() || kind == Kind::Phone && of.len() == 1 && !is_any(CALLED) {
        return None;
    }
    let masked = secret::masked(screen);
    let body = read::body(&masked);
    let told = body.iter().filter(|line| !say::is_kept(line)).flat_map(|line| read::sentences(&line.text));
    let about = told.filter(|text| {
        let read = words(text);
        of.iter().all(|word| CALLED.contains(&word.as_str()) || read.iter().any(|read| ties::alike(word, read)))
    });
    let mut found = about.flat_map(|text| {
        let places = shape::find(kind, &text);
        places.into_iter().map(|place| text[place].to_owned()).collect::<Vec<_>>()
    });
    let value = found.next()?;
    found.all(|other| other == value).then_some(value)
}

/// The code that stands behind "error" or "code" in `text`: "0x41" of "(error 0x41)".
pub(super) fn code_of_error(text: &str) -> Option<String> {
    ["error code", "error"].iter().find_map(|name| numbered(name, text))
}

/// What stands behind the last word of `query` in `text`, if that is a number: "1603" of "(code 1603)".
fn numbered(query: &str, text: &str) -> Option<String> {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let name = query.split_whitespace().last().filter(|_| query.contains("error"))?;
    let all: Vec<String> = text.split_whitespace().map(bare).collect();
    let at = all.iter().position(|word| word.eq_ignore_ascii_case(name))?;
    all.into_iter().nth(at + 1).filter(|word| has_digit(word))
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

/// Whether the name of a file is in `text`: "code.py".
fn has_file(text: &str) -> bool {
    text.split_whitespace().any(|word| is_file_name(&word.to_lowercase()))
}

/// The most letters that a line begins further to the right than others: what stands further away is in another column.
const DEEPEST: i32 = 40;
/// Letters of a line from which their width is known.
const LETTERS: usize = 4;
/// Letters are all of one width where none differs more than that from the usual, in hundredths.
const ONE_WIDTH: u32 = 12;

/// Lines as they stand, a line each; cells of one row with tabs between, as spreadsheets take them. Where all letters are of
/// one width, as in code, lines begin as far to the right as they do there.
fn join(lines: &[&TextLine]) -> String {
    let rows: Vec<&[&TextLine]> = lines.chunk_by(|line, next| line.is_left_of(next)).collect();
    let letter = letter(lines);
    let left = lines.iter().map(|line| line.region.x).min().unwrap_or(0);
    let indent = |row: &[&TextLine]| {
        letter.map_or(0, |width| (row[0].region.x.saturating_sub(left) as f32 / width).round() as i32)
    };
    let is_block = rows.iter().all(|row| indent(row) <= DEEPEST);
    let row = |cells: &&[&TextLine]| {
        let text = cells.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\t");
        let spaces = if is_block { " ".repeat(indent(cells) as usize) } else { String::new() };
        // What was read with its spaces keeps them.
        if text.starts_with([' ', '\t']) { text } else { format!("{spaces}{text}") }
    };
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// How wide a letter is, in pixels, if all are of one width.
fn letter(lines: &[&TextLine]) -> Option<f32> {
    let count = |line: &TextLine| line.text.chars().count();
    let known = lines.iter().filter(|line| count(line) >= LETTERS && line.region.width > 0);
    let mut widths: Vec<f32> = known.map(|line| line.region.width as f32 / count(line) as f32).collect();
    widths.sort_by(f32::total_cmp);
    let usual = *widths.get(widths.len() / 2)?;
    let is_usual = |width: &f32| (width - usual).abs() * 100.0 <= usual * ONE_WIDTH as f32;
    widths.iter().all(is_usual).then_some(usual)
}

#[cfg(test)]
mod tests {
    use super::super::testing::line;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn code_is_copied_as_far_to_the_right_as_it_stands() {
        let code = [line("fn main() {", 50, 0), line("loop {", 90, 26), line("}", 90, 52), line("}", 50, 78)];
        let all: Vec<&TextLine> = code.iter().collect();
        assert_eq!(join(&all), "fn main() {\n    loop {\n    }\n}");
        // Letters of other widths, and another column.
        let mut prose = code.clone();
        prose[1].region.width = 30;
        assert_eq!(join(&prose.iter().collect::<Vec<_>>()), "fn main() {\nloop {\n}\n}");
        let far = [line("left", 10, 0), line("right", 600, 26)];
        assert_eq!(join(&far.iter().collect::<Vec<_>>()), "left\nright");
        let cells = [line("Shirt", 10, 0), line("19.99", 300, 0)];
        assert_eq!(join(&cells.iter().collect::<Vec<_>>()), "Shirt\t19.99");
    }

    #[test]
    fn a_number_is_copied_from_the_sentence_that_says_what_it_is_of() {
        let camp = "No phones and no knives. In an emergency call the camp on 01632 960 177.";
        assert_eq!(copied(camp, "emergency number of the camp"), "01632 960 177");
        assert_eq!(
            copied("The report goes to books@lamp.example.", "address the report goes to"),
            "books@lamp.example"
        );
        assert_eq!(copied("To change your booking call us on 0800 555 0142.", "booking number"), "");
        let two = "Call the camp in an emergency on 01632 960 177.\nThe emergency camp: 01632 960 200";
        assert_eq!(copied(two, "emergency number of the camp"), "", "two of them");
        // What stands in a list of secrets is none that is copied for its shape.
        let by_shape = |head: &str| {
            let rows = [head, "Bank card: 0151 2345 6781", "Old mail: Tiger22"];
            let lines = rows.iter().zip(0..).flat_map(|(text, row)| crate::bench::lines(text, row)).collect();
            shaped("number of the bank card", &super::super::testing::screen(lines))
        };
        assert_eq!(by_shape("Numbers").as_deref(), Some("0151 2345 6781"));
        assert_eq!(by_shape("Passwords"), None);
    }

    #[test]
    fn a_cell_is_copied_of_the_row_that_is_named() {
        let table = "Name            Room   Phone\n\
                     Anna Berg       12     0151 2345 6781\n\
                     Dirk Olsen      13     0151 2345 6784\n\
                     Eva Lindqvist   14     0151 2345 6785";
        assert_eq!(copied(table, "phone number of eva lindqvist"), "0151 2345 6785");
        assert_eq!(copied(table, "phone number of anna berg"), "0151 2345 6781");
    }

    /// What is said and copied of `screen`.
    fn copy(screen: &ScreenText, slots: &Slots) -> Seen {
        Screen::new().copy(slots, &Cells::of(screen), &secret::masked(screen), false)
    }

    /// What is copied of the lines of `text` where `query` is asked for.
    fn copied(text: &str, query: &str) -> String {
        let lines = text.lines().zip(0..).flat_map(|(text, row)| crate::bench::lines(text, row)).collect();
        let screen = super::super::testing::screen(lines);
        match found(query, &screen, join) {
            Picked::One(text) => text,
            Picked::Several(all) => which_value(query, &all, &screen),
        }
    }

    #[test]
    fn what_is_called_so_is_copied_whole_and_no_name_of_a_file_for_the_code() {
        let soup = "Lentil soup\n\nIngredients\n300 g red lentils\n2 carrots\n1 onion\n\nBoil it.";
        assert_eq!(copied(soup, "ingredients"), "300 g red lentils\n2 carrots\n1 onion");
        let editor = "code.py   /home/tom/shop2\nimport csv\nMAX = 5";
        assert_eq!(copied(editor, "code"), "code.py\t/home/tom/shop2\nimport csv\nMAX = 5");
        assert_eq!(copied("Your code: KX-4471", "the code"), "KX-4471");
        assert_eq!(copied("! Error: the update could not be installed (code 1603).", "error code"), "1603");
        assert_eq!(copied("Nothing here", "error code"), "");
    }

    #[test]
    fn which_of_several_secrets_is_meant_is_asked_by_their_labels() {
        let called = |count: usize| (1..=count).map(|at| format!("Door {at}")).collect::<Vec<_>>();
        assert_eq!(
            which("password", &["Netflix".to_owned(), "Bank".to_owned()]),
            "Which password: Netflix or Bank? Say, for example, copy the Netflix password. I copied nothing."
        );
        assert!(which("code", &called(5)).starts_with("Which code: Door 1, Door 2, Door 3, Door 4 or Door 5?"));
        assert!(which("code", &called(7)).contains("Door 5 or 2 others?"));
        assert!(which("code", &[]).contains("nothing that tells them apart"));
        let table = "Service    User    Password\nNetflix    bob     sunflower\nBank       ann     Tiger22";
        let lines = table.lines().zip(0..).flat_map(|(text, row)| crate::bench::lines(text, row)).collect();
        let screen = super::super::testing::screen(lines);
        let about = Slots::from([("what".into(), "found".into()), ("query".into(), "password".into())]);
        let Seen::Reply(reply) = copy(&screen, &about) else { panic!("no reply") };
        assert!(reply.actions.is_empty() && reply.spoken.contains("Netflix or Bank"), "{}", reply.spoken);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_added_but_room(
            texts in proptest::collection::vec(("[a-z(){};]{1,20}", i32::MIN / 4..i32::MAX / 4, 0..400i32), 0..12),
        ) {
            let lines: Vec<TextLine> = texts.iter().map(|(text, x, y)| line(text, *x, *y)).collect();
            let copied = join(&lines.iter().collect::<Vec<_>>());
            let bare: String = copied.split_whitespace().collect();
            prop_assert_eq!(bare, texts.iter().map(|(text, ..)| text.as_str()).collect::<String>());
            prop_assert!(copied.len() <= texts.len() * (21 + DEEPEST as usize));
        }
    }
}
