//! What people ask about their screen.
//!
//! Owns the templates of what says by itself that it is about the screen. "Find a rhyme" and "copy the files" are no such
//! requests: without "on the screen" a thing is looked for only if it is what labels, buttons and messages say, or a name
//! that only stands in a text. What says so only after a look is [`super::follow`]'s.

use super::ASK;
use super::aim::QUESTIONS;
use super::gist;
use super::nouns::{as_written, is_label, is_numbered, is_of_documents, is_short, is_thing, part};
use crate::router::pattern::{Captures, Patterns};
use jarvis_core::{IntentMatch, Slots};

/// The places that "on this page" may name.
macro_rules! place {
    () => {
        "(screen|page|window|web page|webpage|website|site|document|form|dialog|dialogue|email|mail|message|tab|article|invoice|bill|receipt|letter|display|desktop|monitor|pdf|slide|table|chart|popup|text)"
    };
}

/// What is as much in front of the user as a page is, and is more often spoken of where it is not.
macro_rules! thing {
    () => {
        "(chat|conversation|thread|calendar|schedule|recipe|menu|terminal|spreadsheet|ticket|contract|report|file)"
    };
}

/// What `error` is misheard as in a sentence that can mean nothing else.
macro_rules! error {
    () => {
        "(error|errors|era|arrow|air|error message|error messages|message|warning|alert|popup|pop up|dialog|dialogue|notification|exception)"
    };
}

/// The slot `what` of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// `screen.read`, and how much.
    Read(&'static str),
    /// `screen.read` of every monitor or of the one under the pointer.
    ReadWide(&'static str, &'static str),
    /// `screen.find` of `{query}`, wherever it stands.
    Find,
    /// `screen.find`, if that is what screens say.
    FindLabel,
    /// `screen.copy`, and what.
    CopyPart(&'static str),
    /// `screen.copy` of what is found for `{query}`.
    CopyFound,
    /// `screen.copy`, if that is what screens say.
    CopyLabel,
    /// `screen.copy`, less surely, if it is the name of a thing.
    CopyThing,
    /// `screen.read` of what is found for `{query}`.
    ReadFound,
    /// `screen.read` of the whole row of what is found for `{query}`.
    ReadRow,
    /// `screen.find` of that row.
    FindRow,
    /// `screen.read` of a part by its place.
    ReadPart,
    /// `screen.copy` of one.
    CopyNth,
    /// `screen.ask`.
    Ask,
    /// `screen.ask` of `{query}`, if that is a question: "on this page, who is ...".
    AskHere,
    /// `screen.ask`, if it asks for what documents alone have.
    AskDocument,
}

use Meaning::{
    Ask, AskDocument, AskHere, CopyFound, CopyLabel, CopyNth, CopyPart, CopyThing, Find, FindLabel, FindRow, Read,
    ReadFound, ReadPart, ReadRow, ReadWide,
};

#[rustfmt::skip]
const TEMPLATES: &[(Meaning, &str)] = &[
    (Read("summary"), "(what is|what have i got|what do you see|what can you see|what do i have|what is there|tell me what is|describe what is) on [my|the|this] (screen|monitor|display|desktop) [right now|now|at the moment]"),
    (Read("summary"), "what am i looking at [here|right now|now]"),
    (Read("summary"), "(look at|describe|see|check) [what is on] (my|the|this) screen"),
    (Read("summary"), "(what window is this|which window is this|what is this window|what application is this|what program is this)"),
    (Read("summary"), "what does (my|the|this) screen say"),
    (Read("summary"), concat!("(look at|have a look at|take a look at|check) (this|the|my) ", place!())),
    (Read("summary"), concat!("(look at|have a look at|take a look at) (this|the|my) ", thing!())),
    (Read("summary"), concat!("what is in (this|my) ", place!())),
    (Read("summary"), concat!("what is in (this|my) ", thing!())),
    (Read("all"), concat!("read [me|out|aloud] [out] (this|the|my) [whole|entire|full] ", thing!(), " [out|aloud|out loud|to me]")),
    (Read("all"), concat!("read [me|out|aloud] [out] (the|this|my|that) [whole|entire|full] ", place!(), " [out|aloud|out loud|to me]")),
    (Read("all"), concat!("read [me|out|aloud] (what is|everything|all|what it says|the text|all the text|all of the text) on (the|this|my) ", place!(), " [out|aloud|out loud|to me]")),
    (Read("all"), "read [me|out|aloud] (this|it|it all|all of it|all of this|this all|everything|the text|this text|the whole thing|the whole text|this paragraph|the paragraph|what it says|what is there|what it says there|what it says here) [out|aloud|out loud|to me]"),
    (Read("all"), "(what does|tell me what) (this|it) (say|says) [here|there|on my screen|on the screen|on this page]"),
    (Read("all"), concat!("(what does|tell me what) (this|the|that) ", place!(), " (say|says)")),
    (ReadWide("all", "monitor"), "read [me] (the whole|my whole|the entire|my entire|the full) (screen|monitor|display|desktop)"),
    (ReadWide("summary", "monitors"), "what is on (all my|my other|both my|both|all) (screens|monitors|displays)"),
    (ReadWide("all", "monitors"), "read (all my|both my|both|all) (screens|monitors|displays)"),
    (ReadRow, "read [me|out] [out] the (line|row|entry|lines|rows) (about|with|that says|which says|that has|containing|that mentions|where it says|for|of) [the|a|an|my] {query}"),
    (FindRow, "(find|locate|show me|highlight|look for) the (line|row|entry) (about|with|that says|which says|that has|containing|that mentions|where it says|for|of) [the|a|an|my] {query}"),
    (ReadFound, "read [me|out] [out] the (sentence|part|paragraph|section|bit|passage|piece) (about|with|that says|which says|that has|containing|that mentions|where it says|for) [the|a|an|my] {query}"),
    (Find, "(find|locate|show me|highlight|look for) the (sentence|part|paragraph|section) (about|with|that says|which says|that has|containing|that mentions|where it says) [the|a|an|my] {query}"),
    (ReadPart, concat!("read [me|out] [out] [the|that|this] {part} [(on|of|in) (the|this|my) ", place!(), "] [out|aloud|out loud|to me|again]")),
    (ReadPart, "what does [the] {part} say"),
    (ReadPart, "(what is|what stands|what does it say) (in|on|at) [the] {part}"),
    (Read("changes"), concat!("(did|has|have) (anything|something) (change|changed) (on|in) (my|the|this) ", place!())),
    (Read("changes"), concat!("what (changed|has changed|is new) (on|in) (my|the|this) ", place!())),
    (Read("changes"), "did anything change [here]"),
    (Read("error"), concat!("(what does|tell me what|read me what|read what) (that|this|the|my) ", error!(), " (say|says) [here|there|on my screen|on the screen|again]")),
    (Read("error"), concat!("(what is|what was) (that|this|the) ", error!(), " [here|there|on my screen|on the screen|about|saying]")),
    (Read("error"), concat!("read [me|out] [out] (that|this|the) ", error!(), " [out|aloud|to me]")),
    (Read("error"), "what went wrong [here|there|on my screen|on the screen|now|just now]"),
    (Read("error"), "what (error|errors) (is this|is that|is it|do i have|am i getting|is it showing|is there|are there) [here|on my screen|on the screen]"),
    (Read("error"), "(is there|are there|do you see|did i get) [an|any] (error|errors|error message) [here|on my screen|on the screen|on this page]"),
    (Read("error"), "why did (that|this|it) fail [here]"),
    (Ask, concat!("(explain|explain to me|help me with|what can i do about|what do i do about|how do i fix|how can i fix|how do i solve|how do i get rid of) (that|this|the) ", error!(), " [on my screen|on the screen|here]")),
    (Ask, concat!("(what does|what did) (that|this|the) ", error!(), " mean [here|on my screen]")),
    (Ask, concat!("(what does|what do|what is|where does|when does|why does) (this|that|the|my) ", place!(), " (say|says|tell|mention|mean|claim|write|recommend) (about|on|of|regarding|concerning) {query}")),
    (Ask, concat!("does (this|that|the) ", place!(), " (say|tell|mention|contain|have|list|include|explain) {query}")),
    (Ask, concat!("(according to|based on|from) (this|the) ", place!(), " {query}")),
    (Ask, "(explain|translate|rephrase|simplify) (this|the) (page|screen|document|article|email|mail|message|text|paragraph|sentence) [to me|in simple words|in simple terms]"),
    (Find, "(find|locate|show me|point to|highlight|look for|search for|point at|where is|where do you see|where can i find|where do i find|where can i see|do you see|is there) [the|a|an|my] {query} (on|in) (the|this|my) screen"),
    (Find, concat!("(find|locate|show me|point to|highlight|look for|search for|where is|where can i find|where do i find|where can i see|where do i see) [the|a|an|my] {query} (on|in) this ", place!())),
    (Find, "(find|locate|highlight|where is|where do i find) [the|a|an|my] {query} (on|in) the (page|window|form|dialog|web page|website|invoice|document|email)"),
    (Find, "(where does it say|find where it says|show me where it says|show me where it is written|where is it written|where is written|highlight where it says|where do you see|where on the screen is|where on my screen is|where on this page is|where on the page is) [the|that|my] {query}"),
    (Find, "(find|locate|highlight) the (word|words|text|phrase|line|label) {query}"),
    (Ask, "(what does it|what does this) say (about|regarding|concerning) {query}"),
    (Ask, concat!("(is there|does it say) (anything|something) about {query} (here|on this ", place!(), ")")),
    (AskDocument, "(what is|what was|tell me|give me|show me) the {query}"),
    (Find, "what does it say (next to|under|after|beside|behind|below|at) [the] {query}"),
    (FindLabel, "(find|locate|show me|highlight|point to|point at|where is|look for|search for) [me] [the|my|that|a] {query}"),
    (CopyPart("trace"), "copy (the|that|this) [whole|full|entire] (trace|traceback|trace back|stack trace|stacktrace|back trace|backtrace|stack) [to the clipboard|to my clipboard]"),
    (CopyPart("warning"), "copy (the|that|this) warning [to the clipboard|to my clipboard]"),
    (CopyPart("message"), "copy (the|that|this) [error] (message|messages|exception) [text] [to the clipboard|to my clipboard]"),
    (CopyPart("error"), concat!("copy (the|that|this) ", error!(), " [text] [to the clipboard|to my clipboard]")),
    (CopyPart("all"), "copy [all|all of] (the text|this text|that text|text|everything|it all|all of it|all of this|all|the whole thing|the whole text|what is on my screen|what is on the screen|what it says) [on the screen|on my screen|on this page|on the page|here|in this window] [to the clipboard|to my clipboard]"),
    (CopyPart("all"), "copy (this|the|the whole|this whole|the entire) (page|screen|window|dialog|web page|article|document text|email|message text|paragraph) [to the clipboard|to my clipboard]"),
    (CopyPart("all"), concat!("copy the text (of|from|on|in) (this|the|my) ", place!(), " [to the clipboard|to my clipboard]")),
    (CopyPart("all"), "copy this [to the clipboard|to my clipboard]"),
    // Right after an answer it is what that was; else nobody knows.
    (CopyPart("it"), "copy (it|them|that line|this line|the line|that number|that text) [to the clipboard|to my clipboard]"),
    (CopyNth, "copy [the] {part} [to the clipboard|to my clipboard]"),
    (CopyPart("line"), "copy the line (with|that says|which says|that has|containing|about|that contains|where it says) [the|a|an] {query}"),
    (CopyFound, "copy [the|my|that] {query} (on|from|in) (the|this|my) (screen|page|window|form|dialog|web page|website|invoice|email) [to the clipboard|to my clipboard]"),
    (CopyFound, "copy [the|my|that] {query} to (the|my) clipboard"),
    (CopyFound, "put [the|my|that] {query} (on|in|into|onto) (the|my) clipboard"),
    (CopyLabel, "copy [the|my|that] {query}"),
    (CopyThing, "copy (the|my|that|this) {query}"),
    (AskHere, concat!("(on|in) (this|the|my) ", place!(), " {query}")),
    (Ask, concat!("{before} (on|in) this ", place!(), " [{after}]")),
    (Ask, "{before} (on|in) (my|the) screen"),
];

/// Recognizes requests.
pub(super) struct Requests(Patterns<Meaning>);

impl Requests {
    pub(super) fn new() -> Self {
        Self(Patterns::new(TEMPLATES))
    }

    /// The request that `text` is, if it is one.
    pub(super) fn recognize(&self, text: &str) -> Option<IntentMatch> {
        let request = self.0.find(text, |meaning, slots| accept(meaning, slots, text));
        request.or_else(|| (gist::asked_for(text) == Some(gist::Of::This)).then(summed_up))
    }
}

fn accept(meaning: Meaning, captures: &Captures, text: &str) -> Option<IntentMatch> {
    let query = as_written(captures.get("query").unwrap_or_default());
    let query = query.as_str();
    let sure = |confidence, intent, slots: &[(&str, &str)]| {
        let slots = slots.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Some(IntentMatch { intent, slots, confidence })
    };
    let matched = |intent, slots: &[(&str, &str)]| sure(0.9, intent, slots);
    let part = || captures.get("part").and_then(part);
    match meaning {
        Read(what) => matched(super::READ, &[("what", what)]),
        ReadWide(what, place) => matched(super::READ, &[("what", what), ("where", place)]),
        ReadFound if is_short(query) => matched(super::READ, &[("what", "found"), ("query", query)]),
        ReadRow if is_short(query) => matched(super::READ, &[("what", "found"), ("query", query), ("unit", "row")]),
        FindRow if is_short(query) => matched(super::FIND, &[("query", query), ("unit", "row")]),
        ReadPart => part().and_then(|part| matched(super::READ, &[("what", part.unit), ("at", &part.at.to_string())])),
        CopyNth => part()
            .filter(|part| part.unit != "sentence")
            .and_then(|part| matched(super::COPY, &[("what", part.unit), ("at", &part.at.to_string())])),
        CopyPart("line") if is_short(query) => matched(super::COPY, &[("what", "line"), ("query", query)]),
        CopyPart("line") => None,
        CopyPart(what) => matched(super::COPY, &[("what", what)]),
        Find if is_short(query) => matched(super::FIND, &[("query", query)]),
        FindLabel if is_label(query) || is_numbered(query) => matched(super::FIND, &[("query", query)]),
        CopyFound if is_short(query) => matched(super::COPY, &[("what", "found"), ("query", query)]),
        CopyLabel if is_label(query) || is_numbered(query) => {
            matched(super::COPY, &[("what", "found"), ("query", query)])
        }
        CopyThing if is_thing(query) => sure(0.52, super::COPY, &[("what", "found"), ("query", query)]),
        Ask if is_question(captures) => matched(ASK, &[("question", text)]),
        AskHere if is_begun_as_question(query) => matched(ASK, &[("question", query)]),
        AskDocument if is_of_documents(query) => matched(ASK, &[("question", text)]),
        Find | FindLabel | FindRow | ReadFound | ReadRow | CopyFound | CopyLabel | CopyThing | Ask | AskHere
        | AskDocument => None,
    }
}

fn is_begun_as_question(query: &str) -> bool {
    let (first, rest) = query.split_once(' ').unwrap_or((query, ""));
    !rest.is_empty() && QUESTIONS.contains(&first)
}

/// Beginnings of what is no question about a text.
const NO_QUESTIONS: [&str; 12] =
    ["write", "put", "click", "type", "draw", "make", "open", "play", "press", "add", "set", "create"];

/// "Is the deadline on this page before Friday" is one; "what is the role of light in this text book" is none, and neither is
/// "click on the button on my screen".
fn is_question(captures: &Captures) -> bool {
    let Some(before) = captures.get("before") else { return true };
    let first = before.split(' ').next().unwrap_or_default();
    before.split(' ').count() >= 2 && !NO_QUESTIONS.contains(&first)
}

/// To hear in short what a text says.
pub(super) fn summed_up() -> IntentMatch {
    let slots = Slots::from([("what".to_owned(), "gist".to_owned())]);
    IntentMatch { intent: super::READ, slots, confidence: 0.9 }
}

/// What a request about what is seen for sure means, if no template fits: a question.
pub(super) fn question(text: &str) -> IntentMatch {
    IntentMatch { intent: ASK, slots: Slots::from([("question".to_owned(), text.to_owned())]), confidence: 1.0 }
}
