//! The tasks, and the rules that say whether an answer does what was asked.
//!
//! Owns the questions and nothing about models. Rules look at words, never at meaning, so that the same answer always has
//! the same result; they are lenient in wording and strict in form.

use Rule::{Only, Says, Sentences, Starts, Words};

/// What a task tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Short facts.
    Facts,
    /// Doing what is asked, and in the form that is asked.
    Instructions,
    /// Not rambling: two sentences at most, unless asked for more.
    Brevity,
    /// Saying what a text says in fewer words.
    Summaries,
    /// Which of five tools a request is for; the answer is bound to their names.
    Tools,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [Self::Facts, Self::Instructions, Self::Brevity, Self::Summaries, Self::Tools];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Facts => "short facts",
            Self::Instructions => "instructions",
            Self::Brevity => "two sentences at most",
            Self::Summaries => "summaries",
            Self::Tools => "choice of a tool",
        }
    }
}

/// What has to hold of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// One of these is in it, as words of their own; upper and lower case are the same.
    Says(&'static [&'static str]),
    /// It begins with this word.
    Starts(&'static str),
    /// It is this, but for case and what is around it.
    Only(&'static str),
    /// At most so many sentences, of which there has to be one.
    Sentences(usize),
    /// At least and at most so many words.
    Words(usize, usize),
}

/// A question and its rules, all of which have to hold.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) kind: Kind,
    pub(super) ask: &'static str,
    rules: &'static [Rule],
}

impl Task {
    pub(super) fn is_done_by(&self, answer: &str) -> bool {
        self.rules.iter().all(|rule| rule.holds(answer))
    }
}

impl Rule {
    fn holds(self, answer: &str) -> bool {
        let words = words(answer);
        match self {
            Says(any) => any.iter().any(|text| {
                let text = self::words(text);
                words.windows(text.len()).any(|window| window == text)
            }),
            Starts(word) => words.first().is_some_and(|first| first == word),
            Only(text) => words == self::words(text),
            Sentences(most) => (1..=most).contains(&sentences(answer)),
            Words(least, most) => (least..=most).contains(&words.len()),
        }
    }
}

/// The words of a text in lower case, without what is between them.
fn words(text: &str) -> Vec<String> {
    let is_mark = |c: char| !(c.is_alphanumeric() || c == '\'');
    text.split(is_mark).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Ends of sentences and of lines with words in them.
fn sentences(text: &str) -> usize {
    let lines = text.lines().filter(|line| !words(line).is_empty());
    let in_line = |line: &str| {
        let ends = line.split_inclusive(['.', '!', '?']).filter(|part| !words(part).is_empty());
        // "3.5" goes on after its point.
        let mut count = 0;
        let mut open = false;
        for part in ends {
            let goes_on = open && !part.starts_with(char::is_whitespace);
            count += usize::from(!goes_on);
            open = part.ends_with(['.', '!', '?']);
        }
        count
    };
    lines.map(in_line).sum()
}

const fn fact(ask: &'static str, rules: &'static [Rule]) -> Task {
    Task { kind: Kind::Facts, ask, rules }
}

const fn instruction(ask: &'static str, rules: &'static [Rule]) -> Task {
    Task { kind: Kind::Instructions, ask, rules }
}

const fn brevity(ask: &'static str) -> Task {
    Task { kind: Kind::Brevity, ask, rules: &[Sentences(2), Words(4, 60)] }
}

const fn summary(ask: &'static str, rules: &'static [Rule]) -> Task {
    Task { kind: Kind::Summaries, ask, rules }
}

const fn tool(ask: &'static str, rules: &'static [Rule]) -> Task {
    Task { kind: Kind::Tools, ask, rules }
}

/// What a request for a tool is asked with.
pub(super) const TOOLS: &str = "There are five tools. timer: waits and rings. weather: tells the forecast. music: plays songs. calculator: does sums. lights: switches lamps. Which tool is for this request? ";
/// Their names, as the form of an answer.
pub(super) const TOOL_NAMES: &str = "timer|weather|music|calculator|lights";

/// All tasks. Standing instructions and sampling are tuned on those with even places and reported on the others.
pub(super) const TASKS: [Task; 62] = [
    fact("What is the capital of France?", &[Says(&["paris"])]),
    fact("What is the capital of Italy?", &[Says(&["rome"])]),
    fact("Which planet is closest to the sun?", &[Says(&["mercury"])]),
    fact("Which planet is the largest in the solar system?", &[Says(&["jupiter"])]),
    fact("Who wrote Romeo and Juliet?", &[Says(&["shakespeare"])]),
    fact("Who painted the Mona Lisa?", &[Says(&["leonardo", "da vinci"])]),
    fact("How many days are in a week?", &[Says(&["seven", "7"])]),
    fact("How many months are in a year?", &[Says(&["twelve", "12"])]),
    fact("At how many degrees Celsius does water boil?", &[Says(&["100", "hundred", "100°c"])]),
    fact("At how many degrees Celsius does water freeze?", &[Says(&["0", "zero", "0°c"])]),
    fact("What is the largest ocean?", &[Says(&["pacific"])]),
    fact("What is the longest river in Africa?", &[Says(&["nile"])]),
    fact("Which language do people speak in Brazil?", &[Says(&["portuguese"])]),
    fact("Which language do people speak in Austria?", &[Says(&["german"])]),
    instruction("Say the word hello and nothing else.", &[Only("hello")]),
    instruction("Say the word goodbye and nothing else.", &[Only("goodbye")]),
    instruction("Answer with yes or no: is ice cold?", &[Starts("yes"), Words(1, 12)]),
    instruction("Answer with yes or no: is fire cold?", &[Starts("no"), Words(1, 12)]),
    instruction(
        "Name three fruits.",
        &[Says(&["apple", "apples", "banana", "bananas", "orange", "oranges"]), Words(3, 25)],
    ),
    instruction("Name three colors.", &[Says(&["red", "blue", "green"]), Words(3, 25)]),
    instruction("Repeat after me: the cat sat on the mat.", &[Says(&["the cat sat on the mat"])]),
    instruction("Repeat after me: rain falls in spring.", &[Says(&["rain falls in spring"])]),
    instruction("Finish the sentence: roses are red, violets are", &[Says(&["blue"])]),
    instruction("Finish the sentence: an apple a day keeps the", &[Says(&["doctor"])]),
    instruction("Count from one to four.", &[Says(&["one two three four", "1 2 3 4"])]),
    instruction("Count from one to five.", &[Says(&["one two three four five", "1 2 3 4 5"])]),
    instruction("Translate thank you into Spanish.", &[Says(&["gracias"])]),
    instruction("Translate hello into French.", &[Says(&["bonjour", "salut"])]),
    instruction(
        "Tell me a word that rhymes with cat.",
        &[Says(&["hat", "bat", "mat", "rat", "sat", "fat", "that", "pat"])],
    ),
    instruction("Tell me a word that means the opposite of hot.", &[Says(&["cold", "cool", "chilly"])]),
    brevity("Why is the sky blue?"),
    brevity("Why is the grass green?"),
    brevity("What is music?"),
    brevity("What is a computer?"),
    brevity("Tell me about dogs."),
    brevity("Tell me about elephants."),
    brevity("How does a car work?"),
    brevity("How do planes fly?"),
    brevity("How do I sleep better?"),
    brevity("How do I learn to cook?"),
    brevity("Who was Albert Einstein?"),
    brevity("Who was Isaac Newton?"),
    summary(
        "Summarize this in one sentence: The library opens at nine on weekdays. It closes at six. On Sundays the library stays closed all day, and books can be returned in the box beside the door.",
        &[Sentences(1), Words(5, 30), Says(&["library"])],
    ),
    summary(
        "Summarize this in one sentence: The train to Leeds was late this morning. A tree had fallen on the line. Workers cleared it within two hours, and trains are running again.",
        &[Sentences(1), Words(5, 25), Says(&["train", "trains"])],
    ),
    summary(
        "Summarize this in one sentence: Anna bought a red bicycle last week. She rides it to work every day. She says that it saves her money and keeps her healthy.",
        &[Sentences(1), Words(5, 25), Says(&["bicycle", "bike"])],
    ),
    summary(
        "Summarize this in one sentence: Bees visit flowers to drink nectar. They carry pollen from one flower to the next. Without them many plants would make no fruit.",
        &[Sentences(1), Words(5, 23), Says(&["bees"])],
    ),
    summary(
        "Summarize this in one sentence: The museum has a new room about ships. Visitors can see models of old boats and a real anchor. Children get in free until May.",
        &[Sentences(1), Words(5, 25), Says(&["museum"])],
    ),
    summary(
        "Summarize this in one sentence: Heavy snow fell in the mountains on Friday. Several roads were closed. The village got its bread by helicopter until Sunday.",
        &[Sentences(1), Words(5, 22), Says(&["snow"])],
    ),
    summary(
        "Summarize this in one sentence: Coffee comes from the seeds of a bush. The seeds are roasted and ground. People drink it all over the world, mostly in the morning.",
        &[Sentences(1), Words(5, 24), Says(&["coffee"])],
    ),
    summary(
        "Summarize this in one sentence: The old bridge will be repaired in autumn. Cars have to take the road by the river for six weeks. People on foot can still cross.",
        &[Sentences(1), Words(5, 27), Says(&["bridge"])],
    ),
    tool("Wake me in ten minutes.", &[Only("timer")]),
    tool("Ring when the pasta has cooked for eight minutes.", &[Only("timer")]),
    tool("Will it rain tomorrow?", &[Only("weather")]),
    tool("Do I need a coat today?", &[Only("weather")]),
    tool("Play some jazz.", &[Only("music")]),
    tool("I want to hear the Beatles.", &[Only("music")]),
    tool("What is seventeen times four?", &[Only("calculator")]),
    tool("How much is ten percent of ninety?", &[Only("calculator")]),
    tool("Make it brighter in the kitchen.", &[Only("lights")]),
    tool("Switch off the lamp in the hall.", &[Only("lights")]),
    tool("Put on a song for dancing.", &[Only("music")]),
    tool("Is it going to be sunny on Sunday?", &[Only("weather")]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_look_at_words() {
        assert!(Says(&["da vinci"]).holds("It was Leonardo DA VINCI!"));
        assert!(!Says(&["7"]).holds("There are 77.") && !Says(&["no"]).holds("I know."));
        assert!(Only("hello").holds(" \"Hello!\"\n") && !Only("hello").holds("Hello there"));
        assert!(Starts("yes").holds("Yes, it is.") && !Starts("yes").holds("Oh yes"));
        assert!(Words(1, 2).holds("two words") && !Words(1, 2).holds("") && !Words(1, 2).holds("one two three"));
    }

    #[test]
    fn sentences_end_with_a_mark_or_a_line() {
        for (text, count) in [
            ("", 0),
            ("One.", 1),
            ("No mark", 1),
            ("It is 3.5 metres. Really?! Yes", 3),
            ("1. Apples\n2. Pears\n", 4),
            ("Wait... what?", 2),
        ] {
            assert_eq!(sentences(text), count, "{text:?}");
        }
    }

    #[test]
    fn both_halves_have_every_kind() {
        for kind in Kind::ALL {
            let places: Vec<usize> =
                TASKS.iter().enumerate().filter(|(_, task)| task.kind == kind).map(|(place, _)| place).collect();
            let even = places.iter().filter(|place| place.is_multiple_of(2)).count();
            assert_eq!(even * 2, places.len(), "{kind:?}");
        }
    }
}
