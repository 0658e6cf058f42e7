//! Templates of what people say, and their matching against words.
//!
//! A template is words with three marks: `(a|b c)` one of these, `[a|b]` one of these or nothing, `{name}` one or more
//! words kept under that name. It has to match the whole request: a request that merely begins like one is not one.
//! Matching takes time in proportion to the template's length times the request's, whatever either looks like.

/// One step of a compiled template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The next word has to be this one.
    Word(Box<str>),
    /// Any next word.
    Any,
    /// Go on at either place, the first one preferred.
    Fork(usize, usize),
    /// Go on there.
    Jump(usize),
    /// A slot begins before the next word.
    Open(usize),
    /// The slot ends before the next word.
    Close(usize),
    /// The template is done.
    End,
}

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Pattern {
    steps: Vec<Step>,
    names: Vec<Box<str>>,
}

/// The slots of a match, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures(Vec<(Box<str>, String)>);

impl Captures {
    /// The words of a slot; `None` when the way that matched has no such slot.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, words)| words.as_str())
    }
}

impl Pattern {
    /// Compiles a template.
    ///
    /// # Panics
    /// A mark is not closed. Templates are constants of this crate and each skill's test compiles its own.
    pub fn new(template: &str) -> Self {
        let mut compiler = Compiler { rest: template, steps: Vec::new(), names: Vec::new() };
        compiler.alternatives(None);
        assert!(compiler.rest.is_empty(), "unbalanced template: {template}");
        compiler.steps.push(Step::End);
        Self { steps: compiler.steps, names: compiler.names }
    }

    /// Matches all of `words`.
    pub fn matches(&self, words: &[&str]) -> Option<Captures> {
        // Which (step, word) was reached already: the first way there was the preferred one, and no other can do better.
        let mut seen = vec![false; self.steps.len() * (words.len() + 1)];
        let mut marks = vec![(0, 0); self.names.len()];
        self.run(0, 0, words, &mut seen, &mut marks).then(|| {
            let slots = self.names.iter().zip(marks).filter(|(_, (from, to))| to > from);
            Captures(slots.map(|(name, (from, to))| (name.clone(), words[from..to].join(" "))).collect())
        })
    }

    fn run(
        &self,
        mut step: usize,
        mut at: usize,
        words: &[&str],
        seen: &mut [bool],
        marks: &mut [(usize, usize)],
    ) -> bool {
        loop {
            let place = step * (words.len() + 1) + at;
            if std::mem::replace(&mut seen[place], true) {
                return false;
            }
            match &self.steps[step] {
                Step::Word(word) if words.get(at) == Some(&&**word) => at += 1,
                Step::Any if at < words.len() => at += 1,
                Step::Word(_) | Step::Any => return false,
                Step::Jump(to) => {
                    step = *to;
                    continue;
                }
                Step::Fork(first, second) => {
                    if self.run(*first, at, words, seen, marks) {
                        return true;
                    }
                    step = *second;
                    continue;
                }
                Step::Open(slot) | Step::Close(slot) => {
                    let before = marks[*slot];
                    let is_open = matches!(self.steps[step], Step::Open(_));
                    marks[*slot] = if is_open { (at, at) } else { (before.0, at) };
                    if self.run(step + 1, at, words, seen, marks) {
                        return true;
                    }
                    marks[*slot] = before;
                    return false;
                }
                Step::End => return at == words.len(),
            }
            step += 1;
        }
    }
}

/// Turns a template into steps, by recursive descent.
struct Compiler<'a> {
    rest: &'a str,
    steps: Vec<Step>,
    names: Vec<Box<str>>,
}

impl Compiler<'_> {
    /// `a|b|c` up to the closing mark. An alternative more, nothing, when the mark is `]`.
    fn alternatives(&mut self, close: Option<char>) {
        let mut jumps = Vec::new();
        loop {
            let fork = self.steps.len();
            self.steps.push(Step::Fork(fork + 1, 0));
            self.sequence();
            jumps.push(self.steps.len());
            self.steps.push(Step::Jump(0));
            let after = self.steps.len();
            let is_last = !self.take('|');
            match &mut self.steps[fork] {
                Step::Fork(_, second) => *second = after,
                _ => unreachable!("a fork was put there"),
            }
            if is_last {
                if close != Some(']') {
                    // No way is left but those before: a fork to itself fails, since it was seen.
                    self.steps.push(Step::Jump(after));
                }
                break;
            }
        }
        let end = self.steps.len();
        for jump in jumps {
            self.steps[jump] = Step::Jump(end);
        }
        if let Some(close) = close {
            assert!(self.take(close), "a template lacks its {close}");
        }
    }

    /// Words and marks up to `|`, a closing mark or the end.
    fn sequence(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.chars().next() {
                None | Some('|' | ')' | ']') => return,
                Some('(') => {
                    self.take('(');
                    self.alternatives(Some(')'));
                }
                Some('[') => {
                    self.take('[');
                    self.alternatives(Some(']'));
                }
                Some('{') => {
                    self.take('{');
                    let (name, rest) = self.rest.split_once('}').expect("a template lacks its }");
                    self.rest = rest;
                    self.slot(name);
                }
                Some(_) => {
                    let end = self.rest.find([' ', '|', '(', ')', '[', ']', '{']).unwrap_or(self.rest.len());
                    let (word, rest) = self.rest.split_at(end);
                    self.steps.push(Step::Word(word.into()));
                    self.rest = rest;
                }
            }
        }
    }

    /// One or more words, as few as will do.
    fn slot(&mut self, name: &str) {
        let slot = self.names.iter().position(|known| **known == *name).unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        });
        self.steps.push(Step::Open(slot));
        let any = self.steps.len();
        self.steps.push(Step::Any);
        self.steps.push(Step::Fork(any + 2, any));
        self.steps.push(Step::Close(slot));
    }

    fn take(&mut self, mark: char) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// Templates, each with what it means.
#[derive(Debug, Clone)]
pub struct Patterns<M>(Vec<(M, Pattern)>);

impl<M: Copy> Patterns<M> {
    /// Compiles templates; earlier ones are tried first.
    pub fn new(templates: &[(M, &str)]) -> Self {
        Self(templates.iter().map(|(meaning, template)| (*meaning, Pattern::new(template))).collect())
    }

    /// The first template that matches `text` and whose slots `accept` makes something of.
    pub fn find<T>(&self, text: &str, mut accept: impl FnMut(M, &Captures) -> Option<T>) -> Option<T> {
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        self.0.iter().find_map(|(meaning, pattern)| accept(*meaning, &pattern.matches(&words)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(template: &str, text: &str) -> Option<Captures> {
        Pattern::new(template).matches(&text.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn the_whole_request_has_to_match() {
        assert!(matches("what time is it", "what time is it").is_some());
        assert!(matches("what time is it", "what time is it in paris").is_none());
        assert!(matches("what time is it", "what time is").is_none());
        assert!(matches("", "").is_some());
    }

    #[test]
    fn marks_may_nest() {
        let template = "(what is|tell me) [the [exact|current]] time";
        for text in ["what is time", "tell me the time", "what is the exact time", "tell me the current time"] {
            assert!(matches(template, text).is_some(), "{text}");
        }
        for text in ["what the time", "tell me exact time", "time", "what is tell me time"] {
            assert!(matches(template, text).is_none(), "{text}");
        }
    }

    #[test]
    fn slots_take_one_word_or_more_but_as_few_as_will_do() {
        let captures = matches("set a {label} timer for {duration}", "set a sweet potato timer for one hour").unwrap();
        assert_eq!(captures.get("label"), Some("sweet potato"));
        assert_eq!(captures.get("duration"), Some("one hour"));
        assert_eq!(captures.get("else"), None);
        assert!(matches("set a {label} timer", "set a timer").is_none());
        let captures = matches("convert {amount} to {to}", "convert five to to ten").unwrap();
        assert_eq!((captures.get("amount"), captures.get("to")), (Some("five"), Some("to ten")));
    }

    #[test]
    fn a_slot_of_the_way_not_taken_is_absent() {
        let captures = matches("stop [the {label}] timer", "stop timer").unwrap();
        assert_eq!(captures.get("label"), None);
        let captures = matches("(cancel {a}|cancel {b} now)", "cancel it now").unwrap();
        assert_eq!((captures.get("a"), captures.get("b")), (Some("it now"), None));
    }

    proptest! {
        /// Even templates made to be slow.
        #[test]
        fn long_requests_take_little_time(words in proptest::collection::vec("[ab]", 0..40)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let pattern = Pattern::new("{a} [a] {b} [a|b] {c} [b] {d} (a|b) {e} c");
            prop_assert!(pattern.matches(&words).is_none());
        }

        #[test]
        fn words_match_themselves(text in "[a-z]{1,5}( [a-z]{1,5}){0,6}") {
            prop_assert!(matches(&text, &text).is_some());
            let longer = format!("{text} more");
            prop_assert!(matches(&text, &longer).is_none());
        }
    }
}
