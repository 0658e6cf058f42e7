//! Who wants to hear in short what a text says, however that is asked for: "sum this up for me", "give me a quick overview",
//! "what's this note about", "put that in one sentence".
//!
//! Owns the wordings, and what of: what is in front of who asks ("this", or nothing said), or something by its name ("the plan"),
//! which may be anything of the world. Never reads a page; that is [`super::read::gist`].

use super::words::words;

/// What a gist is wanted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// What is in front of who asks: "sum this up".
    This,
    /// What was asked for without saying of what: "give me a quick summary".
    Unsaid,
    /// Something by its name: "summarize the plan".
    Named,
}

/// Words that change nothing of what is wanted.
#[rustfmt::skip]
const COURTESY: &[&str] = &[
    "please", "can", "could", "would", "will", "you", "just", "quickly", "briefly", "quick", "brief", "short", "roughly", "basically", "again", "now",
    "then", "so", "ok", "okay", "hey", "for", "me", "us", "very", "really", "all", "mainly", "mostly", "actually", "here", "little", "rough", "general",
    "i", "want", "need", "like", "d", "have", "get", "let", "whole", "entire", "one", "sentence", "line", "up",
];
/// What points at what is in front.
const POINTING: [&str; 4] = ["this", "these", "everything", "what"];
/// To say in short.
#[rustfmt::skip]
const SUMMING: [&str; 8] = ["summarize", "summarise", "summarizing", "recap", "condense", "sum", "wrap", "boil"];
/// What is said in short is called so; of two words the first is enough.
#[rustfmt::skip]
const SUMMARIES: [&str; 21] = [
    "summary", "overview", "gist", "rundown", "recap", "outline", "synopsis", "tldr", "upshot", "nutshell", "essence", "digest", "takeaway",
    "takeaways", "highlights", "essentials", "crux", "briefing", "keypoints", "lowdown", "abstract",
];
/// "The main points", "the short version".
#[rustfmt::skip]
const IN_SHORT: [[&str; 2]; 20] = [
    ["main", "points"], ["main", "point"], ["key", "points"], ["key", "point"], ["short", "version"], ["bottom", "line"], ["big", "picture"],
    ["main", "thing"], ["main", "things"], ["run", "down"], ["short", "form"], ["quick", "version"], ["main", "message"], ["key", "message"],
    ["main", "idea"], ["take", "away"], ["take", "aways"], ["key", "facts"], ["main", "facts"], ["important", "bits"],
];
/// A gist is given, told, wanted.
const GIVING: [&str; 8] = ["give", "tell", "what", "show", "what's", "say", "whats", "read"];
/// What texts are called by who has one in front of them.
#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "note", "text", "page", "mail", "email", "message", "letter", "document", "file", "article", "table", "window", "dialog", "dialogue", "screen",
    "form", "invoice", "bill", "receipt", "report", "chat", "conversation", "thread", "log", "contract", "agreement", "ticket", "tickets", "site",
    "website", "webpage", "popup", "notification", "output", "sheet", "spreadsheet", "calendar", "menu", "terminal", "tab", "display", "desktop",
    "monitor", "pdf", "slide", "chart",
];
/// What is talked about as well.
const TALKED_OF: [&str; 8] = ["plan", "program", "script", "code", "list", "schedule", "recipe", "notes"];

/// What the gist of is asked for with `said`, if one is.
pub(super) fn asked_for(said: &str) -> Option<Of> {
    let said = said.to_lowercase().replace("what's", "what is").replace("whats", "what is");
    let said = words(&said.replace("tl;dr", "tldr").replace("tl dr", "tldr"));
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    about(&said)
        .or_else(|| in_sentences(&said))
        .or_else(|| led_through(&said))
        .or_else(|| shown(&said))
        .or_else(|| summary(&said))
}

/// Whether `said`, which is about a text, wants that in short: "what did the vet say, in a nutshell".
pub(super) fn is_in_short(said: &str) -> bool {
    let said = words(&said.to_lowercase().replace("what's", "what is"));
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let ends = |end: &[&str]| said.len() > end.len() && said.ends_with(end);
    // "In a few words"; not "in line two".
    let is_amount =
        |at: usize| (at + 3..=said.len()).any(|end| is_amount(&said[at + 1..end]) && !UNITS.contains(&said[at + 1]));
    let amount = (1..said.len()).find(|at| said[*at] == "in" && is_amount(*at));
    let begins = matches!(said[..], ["what" | "how" | "tell" | "explain" | "say" | "give" | "describe", ..]);
    let is_told = matches!(said[..], ["tell" | "explain", ..]) || said.iter().any(|word| WANTED.contains(word));
    begins
        && (amount.is_some()
            || SHORTLY.iter().any(|end| ends(end))
            || is_told && said.iter().any(|word| matches!(*word, "roughly" | "briefly")))
}

/// How questions end that want little.
const SHORTLY: [&[&str]; 5] =
    [&["in", "short"], &["in", "brief"], &["put", "simply"], &["to", "sum", "up"], &["in", "your", "own", "words"]];

/// What somebody who wrote something did with it.
const WANTED: [&str; 7] = ["want", "wants", "say", "says", "decide", "decided", "agree"];

/// "What is going on in this chat", "what can I see on this screen".
fn shown(said: &[&str]) -> Option<Of> {
    let of = of_text;
    match said {
        ["what", "is", "going", "on"] => Some(Of::Unsaid),
        ["what", "is", "going", "on", "here"] | ["what", "can", "i", "see", "here"] => Some(Of::This),
        ["what", "is", "going", "on", "in" | "on", thing @ ..]
        | ["what", "can", "i", "see", "in" | "on", thing @ ..] => of(thing),
        ["what", "is", "this" | "that", text, "for"] if TEXTS.contains(text) => Some(Of::This),
        ["what", "is", "it" | "this" | "that", "asking", rest @ ..]
        | ["what", "does", "it" | "this", "ask", rest @ ..] => {
            matches!(rest, [] | ["me"] | ["me", "here"] | ["me", "to", "do"] | ["me", "for"]).then_some(Of::Unsaid)
        }
        _ => None,
    }
}

/// "Fill me in on this page", "run me through that mail".
fn led_through(said: &[&str]) -> Option<Of> {
    let of = of_text;
    // "Brief" is a courtesy of its own.
    let brief = said
        .windows(2)
        .position(|two| two == ["brief", "me"])
        .filter(|at| said[..*at].iter().all(|word| COURTESY.contains(word)));
    if let Some(at) = brief {
        return match &said[at + 2..] {
            ["on" | "about", thing @ ..] => of(thing),
            rest if rest.iter().all(|word| COURTESY.contains(word)) => Some(Of::Unsaid),
            _ => None,
        };
    }
    let first = said.iter().position(|word| !COURTESY.contains(word))?;
    match &said[first..] {
        ["fill", "me", "in"] | ["bring", "me", "up", "to", "speed"] | ["catch", "me", "up"] => Some(Of::Unsaid),
        ["catch", "me", "up", "on", thing @ ..] => of(thing),
        ["fill", "me", "in", "on", thing @ ..] | ["bring", "me", "up", "to", "speed", "on" | "with", thing @ ..] => {
            of(thing)
        }
        ["run" | "walk" | "talk" | "take" | "lead", "me", "through", thing @ ..] if !thing.is_empty() => of(thing),
        ["run" | "go", "through", thing @ ..] if said[first..].ends_with(&["me"]) => {
            of(thing.strip_suffix(&["with", "me"]).or_else(|| thing.strip_suffix(&["for", "me"]))?)
        }
        _ => None,
    }
}

/// "What is this note about", "tell me roughly what this is".
fn about(said: &[&str]) -> Option<Of> {
    let end = said.iter().rposition(|word| *word == "in").filter(|at| is_amount(&said[at + 1..]));
    let said = &said[..end.unwrap_or(said.len())];
    let all = said.len();
    let said: Vec<&str> = said.iter().copied().filter(|word| *word != "all" && !is_softening(word)).collect();
    let is_softened = said.len() < all;
    let said = match &said[..] {
        ["tell" | "show", "me", rest @ ..] | ["in", "short", rest @ ..] => rest,
        said => said,
    };
    match said {
        ["what", "is", thing @ .., "about"] | ["what", thing @ .., "is", "about"] if thing.len() <= 3 => of(thing),
        ["what", "this", "is"] if is_softened => Some(Of::This),
        ["what", "this", "is", "and", ..] => Some(Of::This),
        ["what", "do", "i" | "we", "need" | "have", "to", "know", rest @ ..]
        | ["what", "should" | "must", "i" | "we", "know", rest @ ..]
        | ["is", "there", "anything", "i" | "we", "should", "know", rest @ ..]
        | ["anything", "i" | "we", "should", "know", rest @ ..]
        | ["what", "matters", rest @ ..]
        | ["what", "is", "important", rest @ ..] => match rest {
            [] => Some(Of::Unsaid),
            ["from" | "of" | "about" | "in", thing @ ..] => of(thing),
            _ => None,
        },
        _ => None,
    }
}

/// "Put that in one sentence", "describe this in a few words".
fn in_sentences(said: &[&str]) -> Option<Of> {
    let at = said.iter().rposition(|word| *word == "in")?;
    let in_short = matches!(said[at + 1..], ["short" | "brief"]) || is_amount(&said[at + 1..]);
    match &said[..at] {
        ["put" | "say" | "tell" | "describe" | "explain" | "give", rest @ ..] if in_short => {
            of(rest.strip_prefix(&["me"]).unwrap_or(rest))
        }
        _ => None,
    }
}

/// What texts are measured in.
const UNITS: [&str; 6] = ["sentence", "sentences", "words", "lines", "line", "nutshell"];

/// "One sentence", "a few words".
fn is_amount(said: &[&str]) -> bool {
    const AMOUNTS: [&str; 10] = ["one", "a", "two", "three", "few", "couple", "of", "single", "or", "short"];
    said.iter().any(|word| UNITS.contains(word))
        && said.iter().all(|word| AMOUNTS.contains(word) || UNITS.contains(word))
}

/// "Sum this up for me", "give me a quick overview of the page".
fn summary(said: &[&str]) -> Option<Of> {
    let end = said.iter().rposition(|word| matches!(*word, "in" | "with")).filter(|at| is_amount(&said[at + 1..]));
    let said = &said[..end.unwrap_or(said.len())];
    let first = said.iter().position(|word| !COURTESY.contains(word))?;
    let said = &said[first..];
    if SUMMING.contains(&said[0]) {
        let rest: Vec<&str> = said[1..].iter().copied().filter(|word| !COURTESY.contains(word)).collect();
        let is_whole =
            matches!(said[0], "sum" | "wrap") && !said.contains(&"up") || said[0] == "boil" && !said.contains(&"down");
        let rest = rest.strip_suffix(&["down"]).unwrap_or(&rest);
        return match rest {
            _ if is_whole => None,
            ["it"] => Some(Of::This),
            rest => of(rest),
        };
    }
    let (at, length) = (0..said.len()).find_map(|at| match said[at..] {
        [word, ..] if SUMMARIES.contains(&word) => Some((at, 1)),
        [one, other, ..] if IN_SHORT.contains(&[one, other]) => Some((at, 2)),
        _ => None,
    })?;
    let is_asked = said[..at].iter().all(|word| {
        GIVING.contains(word)
            || COURTESY.contains(word)
            || matches!(*word, "a" | "an" | "the" | "is" | "are" | "in" | "key" | "main" | "most" | "important")
    });
    let rest: Vec<&str> = said[at + length..].iter().copied().filter(|word| !COURTESY.contains(word)).collect();
    let thing = match &rest[..] {
        ["of" | "in" | "from" | "on" | "about", thing @ ..] => thing,
        rest => rest,
    };
    is_asked.then(|| of(thing)).flatten()
}

fn is_softening(word: &str) -> bool {
    matches!(
        word,
        "please"
            | "roughly"
            | "basically"
            | "mainly"
            | "mostly"
            | "briefly"
            | "quickly"
            | "actually"
            | "again"
            | "then"
            | "so"
            | "exactly"
            | "here"
    )
}

/// As [`of`], where "this" and "that" stand before what a text is called, or alone: not "this world", nor "that once more".
fn of_text(thing: &[&str]) -> Option<Of> {
    match thing {
        ["this" | "that" | "these", .., last] if !TEXTS.contains(last) && !TALKED_OF.contains(last) => None,
        thing => of(thing),
    }
}

/// What `thing` is of those.
fn of(thing: &[&str]) -> Option<Of> {
    match thing {
        [] => Some(Of::Unsaid),
        ["what" | "everything", "is" | "s", "on" | "in", ..] => Some(Of::This),
        // What was just talked about may be meant as well.
        ["it" | "that"] => Some(Of::Unsaid),
        [pointing] if POINTING.contains(pointing) => Some(Of::This),
        ["this" | "that" | "these", rest @ ..] if rest.len() <= 3 => Some(Of::This),
        ["the" | "my" | "our", .., last] if TEXTS.contains(last) => Some(Of::This),
        ["the" | "my" | "our", .., last] if TALKED_OF.contains(last) => Some(Of::Named),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_may_want_its_answer_in_short() {
        for said in [
            "what did the vet say, in a nutshell",
            "what happened last night in two sentences",
            "tell me roughly what we've booked",
            "what does this code do, put simply",
            "what's the story here, in your own words",
            "explain to me briefly what I have to do",
            "tell me in a few words how this is made",
        ] {
            assert!(is_in_short(said), "{said}");
        }
        for said in ["how long does it take roughly", "what stands in line two", "who lives in one room", "in short"] {
            assert!(!is_in_short(said), "{said}");
        }
    }

    #[test]
    fn a_gist_is_asked_for_in_many_words() {
        for said in [
            "sum this up for me",
            "Can you sum it up?",
            "summarise this please",
            "put this in one sentence",
            "tell me roughly what this is and how it goes",
            "what's this note about",
            "what is all this about?",
            "give me an overview of this",
            "sum up this file in a sentence or two",
            "summarize the page",
            "what's the gist of this",
            "recap this thread for me",
            "summarise the log please",
            "give me a summary of the contract",
            "what's the mail about",
            "what's this about in one line",
            "fill me in on this page",
            "run me through this mail",
            "can you walk me through the contract",
            "go through this with me",
            "tl;dr of this",
            "what can I see on this screen",
            "what's going on in this chat",
            "what is this form for",
            "brief me on this page",
            "what are the takeaways of this article",
            "what should I know about this",
            "what's the crux of this letter",
            "catch me up on this thread",
        ] {
            assert_eq!(asked_for(said), Some(Of::This), "{said}");
        }
        for said in [
            "give me a quick summary",
            "quick overview please",
            "the short version please",
            "what are the main points",
            "just the gist",
            "what do I need to know",
            "could you summarize that in two sentences",
            "put that in one sentence",
            "what is it about",
            "give me the gist of it",
            "tldr",
            "tl;dr please",
            "the takeaway",
            "what's the takeaway",
            "what are the key takeaways",
            "what are the highlights",
            "give me the highlights",
            "what should I know",
            "anything I should know",
            "is there anything I should know",
            "what's important here",
            "what matters",
            "brief me",
            "can you brief me please",
            "catch me up",
            "give me the short version",
            "what's the main message",
            "just the essentials please",
            "fill me in",
            "what's it asking me here",
        ] {
            assert_eq!(asked_for(said), Some(Of::Unsaid), "{said}");
        }
        for said in ["summarize the plan", "give me a summary of my notes", "what's the list about"] {
            assert_eq!(asked_for(said), Some(Of::Named), "{said}");
        }
    }

    #[test]
    fn what_the_world_knows_is_no_gist_of_a_text() {
        for said in [
            "summarize the french revolution",
            "give me an overview of world war two",
            "what is hamlet about",
            "what is the sum of two and three",
            "sum five and six",
            "what is the total",
            "wrap the present",
            "put milk on the list",
            "tell me a story in three sentences",
            "what should I know about cats",
            "highlight the total",
            "brief history of time",
            "what is important in a marriage",
            "what matters in life",
            "give me a takeaway menu",
            "what are the highlights of Rome",
            "what is the point of life",
            "walk me through that step by step",
            "run me through that one more time",
            "what is going on in this world",
            "what can I see in that museum",
            "what is this",
            "tell me what it costs",
            "tell me what it is",
            "tell me what this is",
            "",
        ] {
            assert_eq!(asked_for(said), None, "{said}");
        }
    }
}
