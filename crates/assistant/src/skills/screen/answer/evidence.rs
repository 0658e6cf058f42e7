//! The one thing on a page that says all that a question is about, and is of the kind that it asks for.
//!
//! Owns what such a thing is: a message of a conversation, a row, or a sentence, whole even where it is wrapped. It answers only
//! where all words of the question that matter stand in it, or over it, where it has what is asked for (a time, a person, a file,
//! an amount), and where nothing else on the page has both: one shared word is none. Never puts two of them together.

use super::super::chat;
use super::super::excerpt::COMMON;
use super::super::grounds::stem;
use super::super::list;
use super::super::measure::{self, Things, files};
use super::super::question::{Question, Wants};
use super::super::read;
use super::super::say::{aloud, beginning, flow, goes_on, is_kept};
use super::super::shape::{self, Kind};
use super::super::table::{rows, tables};
use super::super::ties::{self, alike};
use super::super::trace;
use super::super::words::words;
use super::sentences::counts;
use super::{MOST_WORDS, Quote};
use jarvis_core::{ScreenText, TextLine, TextRole};

/// Words of questions that no page has to say: when it is asked, that it is asked, and what is done by whoever asks.
#[rustfmt::skip]
const IDLE: &[&str] = &[
    "time", "day", "date", "today", "tomorrow", "tonight", "yesterday", "still", "yet", "already", "else", "exactly", "actually", "currently", "going", "try",
    "tried", "trying", "supposed", "kind", "type", "sort", "called", "named", "ever", "really", "while", "last", "next", "altogether", "each", "group", "chat", "single",
    "per", "wrong", "see", "seeing", "take", "takes", "make", "happen", "happens", "isnt", "dont", "didnt", "doesnt", "wasnt", "cant", "couldnt", "wont", "arent", "werent", "hasnt", "havent", "hadnt", "wouldnt", "shouldnt", "s", "use", "matter",
];
/// What begins the rest of a question that says under which circumstances.
const CONDITIONS: [&str; 3] = ["if", "unless", "before"];
/// What stands before a thing that is only where something else is or happens.
const PREPOSITIONS: [&str; 12] =
    ["on", "in", "at", "for", "to", "from", "with", "of", "by", "under", "into", "through"];
/// How letters are headed: who sent them says nothing of what is in them.
const HEADERS: [&str; 9] = ["from", "to", "cc", "bcc", "date", "sent", "subject", "received", "reply-to"];
/// What stands over others has no more words.
const OVER: usize = 5;
/// A line that is wrapped has no fewer words.
const WRAPPED: usize = 4;
/// What denies.
const DENYING: [&str; 14] = [
    "not", "no", "cant", "cannot", "couldnt", "wont", "isnt", "arent", "didnt", "doesnt", "dont", "never", "unable",
    "sorry",
];
/// Words behind which a reason stands.
const CAUSES: [&str; 6] = ["because", "since", "due", "as", "so", "reason"];
/// A reason may go on in the next sentence, of no more words.
const REASON_WORDS: usize = 30;

/// Something that may answer.
pub(super) struct Unit<'a> {
    /// What it says.
    pub text: String,
    /// The lines that it is of: of a sentence, all of the text that it is in.
    pub lines: Vec<&'a TextLine>,
    /// Who wrote it, and when.
    pub by: Option<(&'a str, &'a str)>,
    /// What stands over it.
    over: Vec<String>,
    /// The paragraph that it is in.
    paragraph: usize,
}

/// What answers `question` alone.
pub(super) fn of_evidence<'a>(question: &Question, screen: &'a ScreenText) -> Option<Quote<'a>> {
    let asked = Asked::of(question)?;
    let units = units(screen);
    let page: Vec<String> = about(screen).flat_map(words).collect();
    let stands = |word: &str| {
        let texts = screen.lines.iter().flat_map(|line| words(&line.text));
        texts.chain(page.iter().cloned()).any(|read| is_tied(word, &read))
    };
    // The weight, whether all that is asked about stands there, and which unit it is.
    let mut found: Vec<(usize, bool, usize)> = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        if measure::is_question(&unit.text) || !asked.fits(question, unit) {
            continue;
        }
        let own_words = unit.with(&asked.must);
        let has = |word: &str| {
            asked.is_of_kind(word, unit)
                || own_words.contains(&word)
                || asked.may.iter().any(|may| may == word) && unit.has(word)
        };
        let own = asked.must.iter().filter(|word| has(word)).count();
        let as_said = asked.must.iter().filter(|word| unit.has_as_said(word)).count();
        let is_over = |word: &str| unit.over.iter().chain(&page).any(|read| is_tied(word, read));
        let lacking: Vec<&String> = asked.must.iter().filter(|word| !has(word) && !is_over(word)).collect();
        // Most of what is asked about stands there, and the rest elsewhere on the page.
        let is_nearly = match &lacking[..] {
            [] => true,
            [only] => own >= 2 && stands(only),
            _ => false,
        };
        let is_by = question.begins(&["why"])
            && unit.by.is_some_and(|(name, _)| asked.must.iter().any(|word| words(name).contains(word)));
        // Who does it is told by what says that it is done, and by no other word for it.
        let is_done =
            !question.begins(&["who"]) || as_said == own || question.said.get(2).is_some_and(|word| word == "the");
        let is_whole = is_done && is_nearly && asked.may.iter().all(|word| has(word) || is_over(word) || stands(word));
        let is_named = asked.file.as_ref().is_some_and(|file| unit.text.to_lowercase().contains(file.as_str()));
        if !(is_whole && (own > 0 || asked.is_measured) || is_named && asked.is_typed || is_by) {
            continue;
        }
        let beside = asked.may.iter().filter(|word| has(word)).count();
        let has_all = lacking.is_empty() && beside == asked.may.len();
        found.push((own * 4 + as_said * 2 + beside + usize::from(is_named) * 8, has_all, at));
    }
    let best = found.iter().map(|(weight, ..)| *weight).max()?;
    let mut these = found.iter().filter(|(weight, ..)| *weight == best).map(|(_, has_all, at)| (*has_all, *at));
    let ((is_sure, at), None) = (these.next()?, these.next()) else { return None };
    let unit = &units[at];
    let mut said = unit.text.clone();
    let mut lines = unit.lines.clone();
    // What came of it comes first, and then why; and what ends in a colon goes on.
    let is_why = question.begins(&["why"]);
    let next =
        units.get(at + 1).filter(|next| next.by.is_none() && next.text.split_whitespace().count() <= REASON_WORDS);
    match next.filter(|next| is_why && next.paragraph == unit.paragraph || unit.text.trim_end().ends_with(':')) {
        Some(next) => {
            said = format!("{said} {}", next.text);
            lines.extend(next.lines.iter().copied());
        }
        None if is_why && unit.by.is_none() && !asked.has_cause(&unit.text) => return None,
        None => {}
    }
    let said = beginning(&said, MOST_WORDS);
    let said = match unit.by {
        Some((name, time)) => format!("{}, at {time}: {said}", aloud(name)),
        None => format!("It says: {said}"),
    };
    Some(Quote { said, lines, query: None, is_sure })
}

/// What a question asks for.
struct Asked {
    /// Words that have to stand in what answers, or over it.
    must: Vec<String>,
    /// Words that have to stand anywhere on the page: where it is, and under which circumstances.
    may: Vec<String>,
    /// What it asks for by its kind: "file" of "which file was skipped".
    kind: Option<&'static Things>,
    /// The file that it names.
    file: Option<String>,
    /// Only what is measured so can answer it.
    is_measured: bool,
    /// It asks how much something is.
    is_amount: bool,
    /// Something of a kind that can be told answers it.
    is_typed: bool,
}

/// What files of a kind are called by their ends.
const ENDINGS: [(&[&str], &[&str]); 3] = [
    (&["picture", "pictures", "photo", "photos", "image", "images"], &["png", "jpg", "jpeg", "gif", "webp", "svg"]),
    (&["song", "songs", "music", "track"], &["mp3", "flac", "ogg", "wav", "m4a"]),
    (&["video", "film", "movie"], &["mp4", "mkv", "avi", "mov"]),
];

impl Asked {
    fn of(question: &Question) -> Option<Self> {
        let said = &question.said;
        let is_of_end = |at: usize| {
            let before = |back: usize| at.checked_sub(back).map_or("", |at| said[at].as_str());
            let is_at = |word: &str| PREPOSITIONS.contains(&word);
            let is_one = |word: &str| {
                matches!(word, "the" | "my" | "our" | "your" | "his" | "her" | "their" | "this" | "that" | "a" | "an")
            };
            at > 1 && (is_one(before(1)) && is_at(before(2)))
        };
        let condition = said.iter().skip(1).position(|word| CONDITIONS.contains(&word.as_str())).map(|at| at + 1);
        let (mut must, mut may) = (Vec::new(), Vec::new());
        for word in &question.topic {
            if IDLE.contains(&word.as_str()) {
                continue;
            }
            let at = said.iter().position(|other| other == word)?;
            if condition.is_some_and(|from| at > from) {
                continue;
            }
            if is_of_end(at) { may.push(word.clone()) } else { must.push(word.clone()) }
        }
        if must.is_empty() {
            std::mem::swap(&mut must, &mut may);
        }
        let kind = measure::things(question);
        let file = question.file.clone();
        // What is asked to be measured, or for a time, is told by what has one.
        let is_time = question.begins(&["what", "which"]) && question.said.get(1).is_some_and(|word| word == "time");
        let is_measured = measure::is_measure(question) || is_time;
        let is_amount = question.begins(&["how"]) && question.says(&["much"]);
        let is_typed = is_measured || matches!(&question.wants, Wants::Value { is_number: true, .. });
        // One word is little to go by where nothing else is known of the answer.
        let is_judged = question.begins(&["is", "are", "was", "were", "did", "does", "has", "have", "can", "do"]);
        let is_cut = condition.is_some() && question.says(&["should"]);
        let is_enough = must.len() > usize::from(is_judged || is_cut);
        is_enough.then_some(Self { must, may, kind, file, is_measured, is_amount, is_typed })
    }

    /// Whether `text` says why: in brackets, behind what happened and a colon, or with a word for it.
    fn has_cause(&self, text: &str) -> bool {
        let is_told = |before: &str| words(before).iter().any(|read| self.must.iter().any(|word| is_form(word, read)));
        text.contains('(')
            || text.split_once(": ").is_some_and(|(before, _)| is_told(before))
            || words(text).iter().any(|word| CAUSES.contains(&word.as_str()))
    }

    /// Whether `unit` is of the kind that `word` asks for, as "IMG_1.jpg" is a file and a picture.
    fn is_of_kind(&self, word: &str, unit: &Unit<'_>) -> bool {
        self.kind.is_some_and(|kind| kind.called.contains(&word) && (kind.are_in)(&unit.text))
            || is_file_of(word, &unit.text)
            || matches!(word, "pay" | "paid" | "spend" | "spent") && self.is_amount && is_price(&unit.text)
    }

    /// Whether `unit` has what is asked for.
    fn fits(&self, question: &Question, unit: &Unit<'_>) -> bool {
        // "What does the shed cost" is asked for an amount, too.
        let is_cost = matches!(question.wants, Wants::Value { kind: Some(Kind::Amount), .. });
        let is_who = question.begins(&["who", "whose", "whom"]);
        if question.begins(&["why"])
            && question.says(&DENYING)
            && !words(&unit.text).iter().any(|word| DENYING.contains(&word.as_str()))
        {
            return false;
        }
        (!question.begins(&["how"]) || !question.says(&["many", "much"]) || counts(&unit.text))
            && (!is_who || unit.by.is_some() || measure::has_name(&unit.text))
            && (!is_cost || measure::says_how_much(&unit.text))
            && measure::may_answer(question, &unit.text)
    }
}

impl Unit<'_> {
    /// Those of `wanted` that it has: no word of it stands for two of them.
    fn with<'w>(&self, wanted: &'w [String]) -> Vec<&'w str> {
        let mut read = words(&self.text);
        let mut found = Vec::new();
        for is in [is_form, is_tied] {
            for word in wanted.iter().map(String::as_str) {
                if found.contains(&word) {
                    continue;
                }
                if let Some(at) = read.iter().position(|read| is(word, read)) {
                    read.swap_remove(at);
                    found.push(word);
                }
            }
        }
        found.extend(wanted.iter().map(String::as_str).filter(|word| self.is_closing(word) || self.is_by(word)));
        found
    }

    /// Whether it has `word` itself, and not another for it.
    fn has_as_said(&self, word: &str) -> bool {
        words(&self.text).iter().any(|read| is_form(word, read))
    }

    fn has(&self, word: &str) -> bool {
        words(&self.text).iter().any(|read| is_tied(word, read)) || self.is_closing(word) || self.is_by(word)
    }

    /// What is open until then closes then.
    fn is_closing(&self, word: &str) -> bool {
        matches!(word, "close" | "closes" | "shut") && self.text.to_lowercase().contains("open until")
    }

    fn is_by(&self, word: &str) -> bool {
        self.by.is_some_and(|(name, _)| words(name).iter().any(|read| alike(word, read)))
    }
}

fn is_tied(word: &str, read: &str) -> bool {
    is_form(word, read) || ties::others(word).any(|other| other == read || stem(other) == stem(read) && read.len() > 3)
}

/// Whether both are forms of one word: "copied" and "copying".
fn is_form(word: &str, read: &str) -> bool {
    alike(word, read) || word.chars().count() > 3 && stem(&stem(word)) == stem(&stem(read))
}

/// Whether `text` has an amount, or says what everybody pays: "410 each".
fn is_price(text: &str) -> bool {
    !shape::find(Kind::Amount, text).is_empty()
        || words(text).windows(2).any(|two| two[0].parse::<u32>().is_ok() && matches!(two[1].as_str(), "each" | "per"))
}

fn is_file_of(word: &str, text: &str) -> bool {
    let ends = ENDINGS.iter().filter(|(called, _)| called.contains(&word)).flat_map(|(_, ends)| ends.iter());
    let ends: Vec<&&str> = ends.collect();
    !ends.is_empty() && files(text).any(|file| ends.iter().any(|end| file.ends_with(&format!(".{end}"))))
}

/// What all of a page is about: its title, and what stands at its head.
fn about(screen: &ScreenText) -> impl Iterator<Item = &str> {
    let is_path = |title: &&str| !title.contains('/');
    let body = read::body(screen);
    let messages = chat::messages(screen);
    let first = messages.first().and_then(|first| first.head.first().or(first.body.first()));
    let end = first.and_then(|first| body.iter().position(|line| std::ptr::eq(*line, *first))).unwrap_or(1);
    let head: Vec<&str> = body.into_iter().take(end).map(|line| line.text.as_str()).collect();
    screen.window.as_deref().filter(is_path).into_iter().chain(head)
}

/// All that may answer, from top to bottom.
pub(super) fn units(screen: &ScreenText) -> Vec<Unit<'_>> {
    let messages = chat::messages(screen);
    if !messages.is_empty() {
        let first = messages[0].head.first().or(messages[0].body.first()).map_or(0, |line| line.region.y);
        let over = read::body(screen).into_iter().filter(|line| line.region.y < first && !is_kept(line));
        let unit = |text, by, lines, paragraph| Unit { text, by, lines, over: Vec::new(), paragraph };
        let head = over.map(|line| unit(aloud(&line.text), None, vec![line], 0));
        let said = messages.iter().enumerate().filter(|(_, message)| !message.is_kept()).map(|(at, message)| {
            let lines = message.head.iter().chain(&message.body).copied().collect();
            unit(message.text(), Some((message.name, message.time)), lines, at + 1)
        });
        return head.chain(said).collect();
    }
    let mut all: Vec<Unit<'_>> = Vec::new();
    let mut over: Vec<String> = Vec::new();
    let tables = tables(screen);
    let is_head =
        |line: &TextLine| tables.iter().any(|table| table.heads().iter().any(|head| std::ptr::eq(*head, line)));
    let rows: Vec<Vec<&TextLine>> =
        rows(screen).into_iter().filter(|row| !row.iter().any(|line| is_head(line))).collect();
    let mut at = 0;
    while at < rows.len() {
        let end = (at + 1..rows.len())
            .find(|next| !matches!((&rows[next - 1][..], &rows[*next][..]), ([one], [other]) if is_wrapped(one, other)))
            .unwrap_or(rows.len());
        let lines: Vec<&TextLine> = rows[at..end].iter().flatten().copied().collect();
        let is_alone = end == at + 1 && lines.len() == 1;
        let paragraph = at;
        at = end;
        if lines.iter().any(|line| is_kept(line)) || lines.iter().any(|line| trace::is_prompt(&line.text)) {
            continue;
        }
        if is_alone && is_over(lines[0]) {
            over = words(&lines[0].text);
            continue;
        }
        let header = lines[0].text.split(':').next().unwrap_or_default().trim().to_lowercase();
        if lines[0].text.contains(':') && HEADERS.contains(&header.as_str()) {
            continue;
        }
        let texts = if lines.len() > 1 && end - paragraph == 1 {
            vec![lines.iter().map(|line| aloud(&line.text)).collect::<Vec<_>>().join(", ")]
        } else {
            read::sentences(&without_leaders(&flow(&lines)))
        };
        all.extend(texts.into_iter().map(|text| Unit {
            text,
            lines: lines.clone(),
            by: None,
            over: over.clone(),
            paragraph,
        }));
    }
    all
}

/// `text` without the dots that lead from what is done to what came of it: "Packing ........ done".
fn without_leaders(text: &str) -> String {
    let is_leader = |word: &&str| !(word.len() > 1 && word.chars().all(|c| c == '.'));
    text.split_whitespace().filter(is_leader).collect::<Vec<_>>().join(" ")
}

/// Whether `line` stands over what follows: the name of a section.
fn is_over(line: &TextLine) -> bool {
    let text = line.text.trim();
    let is_short = text.split_whitespace().count() <= OVER;
    line.role == TextRole::Heading
        || is_short && text.starts_with('[') && text.ends_with(']')
        || is_short && text.ends_with(':')
}

/// Whether `next` is the rest of what `line` says: of prose, which goes on in the middle of a sentence.
fn is_wrapped(line: &TextLine, next: &TextLine) -> bool {
    let is_field = line.role == TextRole::Field && next.role == TextRole::Field;
    let gap = next.region.y.saturating_sub(line.region.bottom());
    let height = line.region.height.max(1) as i32;
    let is_under =
        (-height / 2..=height / 2).contains(&gap) && (next.region.x - line.region.x).saturating_abs() <= height / 2;
    let (text, rest) = (line.text.trim(), next.text.trim());
    if !(goes_on(line, next) || is_field && is_under) || text.split_whitespace().count() < WRAPPED {
        return false;
    }
    let is_labelled =
        |text: &str| text.split_once(": ").is_some_and(|(label, _)| label.split_whitespace().count() <= OVER);
    let is_open = || text.ends_with(',') || text.rsplit(' ').next().is_some_and(|last| COMMON.contains(&last));
    let is_prompt = trace::is_prompt(text) || trace::is_prompt(rest);
    if is_prompt || list::without_mark(rest) != rest {
        return false;
    }
    match rest.chars().next() {
        Some(first) if first.is_lowercase() => !text.ends_with(['!', '?']),
        Some(first) if first.is_uppercase() => !is_field && !is_labelled(text) && !is_labelled(rest),
        _ => is_open(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::question;
    use super::super::super::testing::{line, screen};
    use super::*;
    use proptest::prelude::*;

    fn said(texts: &[&str], asked: &str) -> Option<String> {
        let lines = texts.iter().zip(0..).flat_map(|(text, row)| crate::bench::lines(text, row)).collect();
        let page = screen(lines);
        of_evidence(&question::read(asked), &page).map(|quote| quote.said)
    }

    #[test]
    fn what_has_all_words_and_what_is_asked_for_answers_alone() {
        let log = [
            "anna@box:~$ ./sync.sh",
            "08:00:01 Copying plans ... 41 files",
            "08:02:10 skipped plans/attic.pdf (in use)",
            "08:03:00 Finished: 41 files, 1 skipped",
        ];
        assert_eq!(
            said(&log, "which file was skipped").as_deref(),
            Some("It says: 08:02:10 skipped plans/attic.pdf (in use).")
        );
        assert_eq!(said(&log, "how many visitors were there"), None);
        assert_eq!(said(&log, "who skipped it"), None, "nobody is named");
    }

    #[test]
    fn a_sentence_is_told_whole_where_it_is_wrapped() {
        let mail = [
            "We replaced both front pads and the left wiper, which were",
            "worn. We are open until five on weekdays and until noon on",
            "Saturday. Ask for Dennis at the desk.",
        ];
        assert_eq!(
            said(&mail, "when do they close on saturday").as_deref(),
            Some("It says: We are open until five on weekdays and until noon on Saturday.")
        );
        assert_eq!(said(&mail, "when did i buy the wiper"), None, "one shared word is no answer");
        assert!(said(&mail, "did they replace the pads").unwrap().contains("replaced both front pads"));
    }

    #[test]
    fn what_is_said_in_a_conversation_is_told_with_who_said_it() {
        let chat = [
            "[18:02] Noor: who is in tomorrow?",
            "[18:04] Tom: I can drive, three seats free",
            "[18:09] Oscar: sorry, I can't come, my knee is bad",
        ];
        assert_eq!(said(&chat, "who is driving").as_deref(), Some("Tom, at 18:04: I can drive, three seats free"));
        assert!(said(&chat, "why isn't oscar coming").unwrap().contains("knee"));
        assert_eq!(said(&chat, "who is cooking"), None);
    }

    proptest! {
        /// Whatever is asked: what is said is of the page, and never what only asks.
        #[test]
        fn any_screen_is_asked(
            texts in proptest::collection::vec(("\\PC{0,30}|[a-z]{1,6}( [a-z]{1,6}){1,6}[.?]?|\\[08:1[0-9]\\] [A-Z][a-z]{1,4}: [a-z]{1,3}\\??", 0..400i32), 0..12),
            asked in "(who|when|what time|why|which file|how many|is|did) (\\PC{0,20}|[a-z]{1,6} [a-z]{1,6})",
        ) {
            let screen = screen(texts.iter().map(|(text, y)| line(text, 10, *y)).collect());
            if let Some(quote) = of_evidence(&question::read(&asked), &screen) {
                prop_assert!(!quote.lines.is_empty());
            }
        }
    }
}
