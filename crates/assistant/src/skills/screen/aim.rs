//! Whether a question that no skill knows is about what was seen.
//!
//! Owns that decision. About the page is what points ("it", "this line", "which one"), what asks for what only a text in front
//! of the user can tell ("how much did I pay", "is it overdue"), and what names nothing but what stands there or what
//! documents have ("the late fee", "which buttons are there"). What names something else, and what asks for a kind of thing
//! ("what is a proxy"), is about the world; what asks so for sure is [`super::beyond`]'s. Sees no text, only whether a word stood there.

use super::hand::{self, Likely};
use super::nouns::DETERMINERS;
use super::page::{Page, names};
use crate::skills::date::day::MONTHS;

/// What questions begin with.
pub(super) const QUESTIONS: [&str; 27] = [
    "what", "which", "who", "whose", "when", "where", "why", "how", "is", "are", "was", "were", "does", "do", "did",
    "can", "could", "will", "should", "has", "have", "tell", "explain", "may", "am", "must", "whom",
];

/// Words that point at what was seen, wherever they stand.
pub(super) const POINTING: [&str; 9] = ["it", "this", "these", "those", "he", "she", "him", "its", "hers"];
/// What stands before a "that" that points: "explain that", "what is that".
#[rustfmt::skip]
const BEFORE_THAT: [&str; 20] = [
    "is", "was", "does", "did", "do", "explain", "about", "of", "to", "with", "in", "for", "fix", "on", "mean", "are", "wrote", "sent",
    "said", "signed",
];

/// Words for what documents, messages and programs have or do. After a look, a question that names nothing else is about the
/// one in front.
#[rustfmt::skip]
const TEXT_WORDS: &[&str] = &[
    // Parts of texts and windows.
    "button", "buttons", "option", "options", "setting", "settings", "field", "fields", "menu", "tab", "tabs", "link", "links", "line",
    "lines", "paragraph", "sentence", "word", "words", "heading", "headline", "title", "section", "page", "chapter", "column", "row",
    "table", "list", "item", "items", "entry", "entries", "attachment", "attachments", "picture", "click", "press", "choose", "rows", "columns",
    // Programs and their failures.
    "file", "files", "function", "method", "class", "module", "variable", "error", "errors", "warning", "warnings", "message", "messages",
    "exception", "exceptions", "cause", "caused", "reason", "problem", "problems", "fail", "failed", "crash", "crashed", "fix", "command",
    "version", "status", "result", "results", "output", "code", "folder", "path", "disk", "network", "connection", "server",
    // Money and orders.
    "fee", "fees", "charge", "charges", "charged", "price", "prices", "cost", "costs", "total", "subtotal", "amount", "balance", "payment",
    "payments", "paid", "tax", "taxes", "vat", "discount", "discounts", "deposit", "refund", "refunds", "invoice", "bill", "receipt",
    "account", "order", "orders", "quantity", "shipping", "delivery", "tracking", "package", "parcel", "customer", "service", "item",
    "warranty", "policy", "terms", "conditions", "rate", "interest", "rent", "free", "due", "overdue", "payable", "late", "expire",
    "expires", "expired", "card", "spend", "spent",
    // Letters and appointments.
    "sender", "recipient", "subject", "author", "signature", "contact", "address", "street", "city", "phone", "number", "email",
    "website", "name", "names", "date", "deadline", "appointment", "meeting", "agenda", "location", "place", "venue", "time", "day",
    "reply", "signed", "addressed", "dated",
    // Journeys.
    "departure", "arrival", "arrive", "arrives", "leave", "leaves", "depart", "departs", "gate", "platform", "seat", "flight", "train",
    "ticket", "tickets", "hotel", "booking", "reservation", "parking", "breakfast", "trip",
    // What is said of such things.
    "reference", "id", "summary", "conclusion", "step", "steps", "instruction", "instructions", "score", "grade", "size", "color",
    "colour", "weight", "included", "listed", "mentioned", "attached", "refundable", "missing", "ship", "ships", "shipped", "deliver",
    "delivered", "open", "close", "main", "important", "point", "points",
];

/// Of them, what is said of a thing in a document alone, whatever the thing is: "is lunch included".
const SAID_OF_THINGS: [&str; 10] =
    ["included", "listed", "mentioned", "attached", "refundable", "due", "overdue", "payable", "signed", "addressed"];
/// Of those, what nothing that people talk about is: a treaty is signed, and a letter may be.
const SAID_OF_TEXTS_ALONE: [&str; 4] = ["attached", "refundable", "overdue", "payable"];

/// What the rest of a question begins with: "and on Friday".
const BEGINNING_PARTS: [&str; 8] = ["on", "in", "for", "at", "by", "from", "to", "with"];
/// Who speaks of themself.
const FIRST: [&str; 2] = ["i", "we"];
/// What comes before that in a question for a fact, and not for advice.
const OF_FACTS: [&str; 9] = ["did", "do", "have", "am", "are", "was", "were", "must", "had"];
/// What people do that bills, orders, letters and tickets tell of, where nothing else is named: "how much did I pay".
#[rustfmt::skip]
const DEALINGS: &[&str] = &[
    "pay", "paid", "owe", "owed", "spend", "spent", "buy", "bought", "order", "ordered", "return", "send", "sent", "sign", "bring",
    "call", "sit", "sitting", "use", "used", "save", "saved", "book", "booked", "land",
];
/// What was said in the conversation is no matter of a page.
const SAYING: [&str; 8] = ["say", "said", "ask", "asked", "tell", "told", "mean", "talk"];

/// Whether `text`, words in lower case, is about `page`. `is_last`: nothing else was talked about since it was seen.
/// `judge` tells whether it is about something at hand at all ([`hand::is_at_hand`]), and whether it is not for sure.
pub(super) fn is_about(text: &str, page: &Page, is_last: bool, judge: &mut dyn FnMut(Likely) -> bool) -> bool {
    let text = &page.joined(text);
    let words: Vec<&str> = text.split(' ').collect();
    let is_question = QUESTIONS.contains(&words[0]);
    let names = names(text);
    let is_there = page.has(text);
    if words.iter().any(|word| matches!(*word, "you" | "your" | "yourself" | "jarvis")) {
        return is_question && is_there;
    }
    if !is_question {
        // "And the billing email", of which the "and" is gone already.
        let is_part =
            BEGINNING_PARTS.contains(&words[0]) && names.iter().all(|name| page.has_word(name) || is_text_word(name));
        // "And Leo", where that stands there.
        let is_name_there = words.len() <= 2 && !names.is_empty() && names.iter().all(|name| page.has_word(name));
        let is_piece = words[0] == "the" || is_part || is_name_there;
        let is_going_on = is_piece && words.len() <= 4 && !is_of_world(&words, &names, page, is_last);
        return is_last && (is_going_on || judge(Likely::AtHand));
    }
    // "Can I have a dog": what one may and must do is told by what is in front.
    if is_last && let ["can" | "may" | "must" | "do" | "am", "i" | "we", ..] = words[..] {
        return !words.iter().any(|word| SAYING.contains(word));
    }
    // "What haven't I done yet on the to do list".
    if is_last
        && ["to do list", "todo list", "shopping list"].iter().any(|list| text.contains(list))
        && text.contains(" i ")
    {
        return true;
    }
    // "What is Rosa's extension", of somebody in the table that was just seen.
    if is_last && page.has_table() && is_owned_there(&words, page) {
        return true;
    }
    let is_of_world = is_of_world(&words, &names, page, is_last);
    if is_there && !is_of_world {
        return true;
    }
    // What is at hand is on the page that was just seen, or nowhere: said there not to be there, and never made up. Asked for last
    // of what costs nothing, since a model has to read the question for it.
    if (is_last || !crate::conversation::refers_back(text)) && judge(Likely::AtHand) {
        return true;
    }
    if is_of_world {
        return false;
    }
    if is_last && page.has_table() && compares(&words) && strange_of(&names, page) <= 1 {
        return true;
    }
    if hand::names_the_world(text, |word| page.has_word(word)) {
        return false;
    }
    let is_known = |name: &String| page.has_word(name) || is_text_word(name);
    let strange: Vec<&String> = named(&names).filter(|name| !is_known(name)).collect();
    let is_pointing = points(&words) && !is_filler(&words, page);
    // What was talked about since is what "it" is, unless only a text can be so.
    let may_point = is_last || words.iter().any(|word| SAID_OF_TEXTS_ALONE.contains(word));
    if may_point && is_pointing && !names.is_empty() && strange.is_empty() || is_own(&words, page) {
        return true;
    }
    let is_some_there = names.iter().any(|name| page.has_word(name));
    if strange.is_empty() && is_some_there {
        return true;
    }
    if is_last && is_of_row(&words, page) {
        return true;
    }
    // "How much does Emmy earn", "who works in sales": something there, and what it does.
    if is_last && is_some_there && strange.len() <= 1 && is_told_now(&words) && !judge(Likely::Worldly) {
        return true;
    }
    let is_here = is_pointing && words.iter().any(|word| matches!(*word, "this" | "these"));
    is_here || is_last && (is_pointing || is_short(&words, strange.len()) || is_of_thing(&words, &names, &strange))
}

/// Whether it asks for something of what stands there: "rosa's extension".
fn is_owned_there(words: &[&str], page: &Page) -> bool {
    let owner = |word: &&str| word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).map(str::to_owned);
    words
        .iter()
        .filter_map(owner)
        .any(|owner| !matches!(owner.as_str(), "what" | "who" | "it") && page.has_word(&owner))
}

/// Whether it compares or counts what rows have: "who is the newest", "how many people work there".
fn compares(words: &[&str]) -> bool {
    let is_most = |word: &&str| {
        matches!(*word, "most" | "least" | "first" | "last" | "best" | "worst")
            || word.len() > 5 && word.ends_with("est")
    };
    let is_joined = |word: &&str| matches!(*word, "in" | "of" | "on" | "ever");
    match words {
        ["who" | "which" | "what" | "when", ..] => words.iter().any(is_most) && !words.iter().any(is_joined),
        ["how", "many", _, .., "there" | "here"] => words.len() <= 6,
        ["how", "much" | "many", .., "altogether" | "together"] | ["how", "much" | "many", .., "in", "total"] => true,
        _ => false,
    }
}

/// How many of `names` are neither on the page nor said of texts.
fn strange_of(names: &[String], page: &Page) -> usize {
    named(names).filter(|name| !page.has_word(name) && !is_text_word(name)).count()
}

/// Whether it asks how much or how many something that stands there has, or there are in it: "how much memory does Xorg use", "how
/// many people work in sales".
fn is_of_row(words: &[&str], page: &Page) -> bool {
    let has = |name: &[&str]| !name.is_empty() && page.has(&name.join(" "));
    match words {
        ["how", "much" | "many", _, "does" | "do", name @ .., _] => has(name),
        ["how", "many", _, "work" | "are" | "sit" | "study" | "play", "in" | "at" | "for" | "from", name @ ..] => {
            has(name)
        }
        _ => false,
    }
}

/// Whether it asks what somebody or something does or has now: what is told of the past and of how things work is of the
/// world.
fn is_told_now(words: &[&str]) -> bool {
    if words.iter().any(|word| matches!(*word, "stand" | "stands" | "mean" | "work")) {
        return false;
    }
    match words {
        ["what" | "which" | "when" | "where" | "who", "is" | "are", rest @ ..] => {
            rest.iter().any(|word| is_certain_word(word))
        }
        ["who", verb, ..] => verb.ends_with('s') && *verb != "was",
        ["how", "much" | "many", ..] => true,
        ["what" | "which" | "when" | "where", "does" | "do", ..] => true,
        ["what" | "which", _, "does" | "do" | "is" | "are", ..] => true,
        ["does" | "is" | "are" | "has", ..] => true,
        _ => false,
    }
}

/// `text` as a whole question: "and the billing email", of which the "and" is gone already, is "what is the billing email".
pub(super) fn as_question(text: &str) -> String {
    let rest = ["what about ", "how about "].iter().find_map(|beginning| text.strip_prefix(beginning));
    let is_part = |text: &str| {
        let mut words = text.split(' ');
        // "By when do I have to pay" is a question already.
        words.next().is_some_and(|word| word == "the" || BEGINNING_PARTS.contains(&word))
            && !words.next().is_some_and(|word| QUESTIONS.contains(&word))
    };
    match rest {
        Some(rest) => format!("what is {rest}"),
        None if is_part(text) => format!("what is {text}"),
        None => text.to_owned(),
    }
}

/// Whether `text` makes sense only of a text in front of the user, though nothing was seen.
pub(super) fn needs_a_look(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let names = names(text);
    let is_written = || {
        matches!(
            &words[..],
            ["who", "is" | "was", "it" | "this", "from" | "to" | "by"]
                | ["who", "sent" | "wrote" | "signed", "it" | "this"]
        )
    };
    let is_own_sum = || words.starts_with(&["how", "much"]) && is_own(&words, &Page::default());
    is_own_sum()
        || QUESTIONS.contains(&words[0])
            && words.iter().any(|word| matches!(*word, "it" | "this"))
            && (!names.is_empty() && names.iter().all(|name| is_text_word(name)) || is_written())
}

/// Whether `text` makes sense only of a text, whatever was talked about: "is it overdue".
pub(super) fn is_of_a_thing(text: &str) -> bool {
    needs_a_look(text) && text.split(' ').any(|word| SAID_OF_TEXTS_ALONE.contains(&word))
}

/// Whether `word` is said of documents, messages and programs.
pub(super) fn is_text_word(word: &str) -> bool {
    TEXT_WORDS.contains(&word)
}

/// Without what compares: "the most expensive item" is an item.
fn named(names: &[String]) -> impl Iterator<Item = &String> {
    let compares = |at: usize| {
        let word = names[at].as_str();
        matches!(word, "most" | "least")
            || word.len() > 5 && word.ends_with("est")
            || at > 0 && matches!(names[at - 1].as_str(), "most" | "least")
    };
    (0..names.len()).filter(move |at| !compares(*at)).map(|at| &names[at])
}

/// Whether a kind of thing is asked about, or something of something else: "what is a proxy", "the capital of France". "The
/// manager of the west" is of the page that was seen last, where both stand there.
fn is_of_world(words: &[&str], names: &[String], page: &Page, is_last: bool) -> bool {
    let is_any = |word: &&str| matches!(*word, "a" | "an");
    let is_certain =
        || words.iter().any(|word| is_certain_word(word)) && !words.windows(2).any(|two| two == ["it", "called"]);
    if words.iter().any(is_any) && !is_certain() {
        return true;
    }
    match words {
        ["what" | "who", "is" | "are" | "was", "a" | "an", ..] => return true,
        // Persons of the past, and what is told of things by their kind.
        ["who", "was", name, ..] if !is_certain_word(name) => return true,
        ["tell", "me", .., "about", name] if !is_certain_word(name) => return true,
        ["how", "do" | "does", name, .., "work"] if !is_certain_word(name) => return true,
        ["how", "far", "is", "it", "from" | "to", ..] => return true,
        ["why", "does" | "is", "it", "rain" | "raining" | "snow" | "snowing" | "thunder" | "dark" | "cold" | "hot"] => {
            return true;
        }
        // "What is electricity", but not "what is proxy" where a label is called so.
        ["what", "is" | "are", name] if names.len() == 1 && !POINTING.contains(name) && *name != "that" => {
            return !page.has_label(name) && !name.contains(|c: char| c.is_ascii_digit());
        }
        _ => {}
    }
    // "The 17th of October" is a day.
    let is_of = |at: &usize| words[*at] == "of" && !words.get(at + 1).is_some_and(|next| MONTHS.contains(next));
    let Some(of) = (1..words.len()).find(is_of) else { return false };
    let head = super::page::names(&words[..of].join(" "));
    let tail = super::page::names(&words[of + 1..].join(" "));
    let is_there = |part: &[String]| part.iter().all(|name| page.has_word(name));
    if is_last && words.get(of + 1).is_some_and(|word| DETERMINERS.contains(word)) && is_there(&head) && is_there(&tail)
    {
        return false;
    }
    !head.is_empty()
        && !tail.is_empty()
        && !head.iter().all(|name| is_text_word(name))
        && !page.has_together(&[head, tail].concat())
}

/// Whether `word` stands with something certain, and not with a kind of thing.
fn is_certain_word(word: &str) -> bool {
    DETERMINERS.contains(&word) || POINTING.contains(&word) || FIRST.contains(&word) || matches!(word, "there" | "me")
}

/// Whether a word points at what was seen.
fn points(words: &[&str]) -> bool {
    let is_that = |at: usize| words[at] == "that" && at > 0 && BEFORE_THAT.contains(&words[at - 1]);
    (0..words.len()).any(|at| POINTING.contains(&words[at]) || is_that(at))
}

/// Whether the "it" stands for what comes behind: "how long does it take to boil an egg", "is it true that cats fly".
fn is_filler(words: &[&str], page: &Page) -> bool {
    let Some(it) = words.iter().position(|word| *word == "it") else { return false };
    let Some(to) = words[it..].iter().position(|word| matches!(*word, "to" | "that" | "if")) else { return false };
    let behind = names(&words[it + to + 1..].join(" "));
    !behind.is_empty() && !behind.iter().all(|name| page.has_word(name))
}

/// Whether it asks for a fact of who asks: "how much did I pay". "How do I" and "should I" ask for advice.
fn is_own(words: &[&str], page: &Page) -> bool {
    let Some(who) = words.iter().position(|word| FIRST.contains(word)).filter(|who| *who > 0) else { return false };
    let is_advice = words[0] == "how" && who == 2 && words[1] != "did" && words[1] != "have";
    if is_advice || !OF_FACTS.contains(&words[who - 1]) || words.iter().any(|word| SAYING.contains(word)) {
        return false;
    }
    let behind = &words[who + 1..];
    let helping = behind.iter().take_while(|word| matches!(**word, "have" | "need" | "want" | "to" | "ever")).count();
    let Some((verb, rest)) = behind[helping..].split_first() else { return false };
    let is_known = |name: &String| page.has_word(name) || is_text_word(name);
    let about = names(&[&words[..who], rest].concat().join(" "));
    if about.is_empty() {
        // "Who am I" and "where was I born" ask for nothing that is named.
        return DEALINGS.contains(verb) || names(verb).iter().any(is_known);
    }
    // The verb may be any.
    about.iter().all(is_known)
}

/// Whether so few words can only go on from what was seen: "which line", "how much", "what about the fee".
fn is_short(words: &[&str], strange: usize) -> bool {
    match words {
        ["when" | "where" | "why" | "who" | "which"] | ["how", "much" | "many" | "long" | "often" | "far"] => true,
        ["which", rest @ ..] => {
            strange <= 1 && rest.len() <= 6 && !rest.iter().any(|word| word.len() > 5 && word.ends_with("est"))
        }
        ["what", name] => !POINTING.contains(name),
        ["how", "many", _] => true,
        ["how", "many", things, "are" | "were", "there"] => is_text_word(things),
        ["who" | "what", _, "the", "most" | "least"] => true,
        ["what", "does", "the", "form" | "page" | "window" | "dialog", ..] => words.len() <= 6,
        // "What functions are there", "what can I click", "what should I do".
        ["what", _, "is" | "are", "there"] => true,
        ["what", "can" | "should" | "must", "i" | "we", ..] => words.len() <= 5 && strange <= 1,
        ["how", "much", "is" | "are" | "was" | "were", "the" | "this" | "that" | "these" | "those", ..] => {
            words.len() <= 7
        }
        ["what" | "how", "about", "the" | "my", rest @ ..] => rest.len() <= 3,
        _ => false,
    }
}

/// Whether it is about a thing of a document, or whether there is one.
fn is_of_thing(words: &[&str], names: &[String], strange: &[&String]) -> bool {
    if strange.is_empty() && !names.is_empty() {
        return true;
    }
    let is_link = |word: &&str| matches!(*word, "on" | "in" | "of" | "between" | "like" | "after" | "than");
    if let ["is" | "are" | "was" | "were", "there", rest @ ..] = words {
        return rest.len() <= 4 && !rest.iter().any(is_link);
    }
    let last = words.last().copied().unwrap_or_default();
    let is_joined = words
        .iter()
        .rev()
        .skip(1)
        .find(|word| **word != "the")
        .is_some_and(|word| matches!(*word, "of" | "in" | "than" | "for" | "from"));
    let is_some_known = named(names).count() > strange.len();
    let is_said_of = SAID_OF_THINGS.contains(&last) && strange.len() <= 1;
    // "When does the train leave": what a thing does may be called otherwise there.
    let is_done = strange.len() == 1 && is_some_known && *strange[0] == last && words.contains(&"the") && !is_joined;
    is_said_of || is_done
}
