//! The seam of what Jarvis can do without a language model.
//!
//! A skill recognizes its own requests and answers them from its own state. It never waits, never touches a device and
//! asks the host for effects ([`HostAction`]).

use crate::{Clock, Error, Region, Result, ScreenTarget, ScreenText};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// The parameters of a request, by name (`duration` = `"300"`).
pub type Slots = BTreeMap<String, String>;

/// What a skill may do to the machine, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Only speaks.
    None,
    /// Changes something that is easily undone.
    Low,
    /// Changes something that is not.
    High,
}

/// One intent that a skill serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkillSpec {
    /// Name of the contract: `timer.set`.
    pub intent: &'static str,
    /// One line for help and for the language model's tool list.
    pub description: &'static str,
    /// What people say for it.
    pub examples: &'static [&'static str],
    /// What it may do.
    pub risk: Risk,
}

/// Which part of the router decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// A skill's own pattern.
    Pattern,
    /// The learned intent network.
    Learned,
    /// The local language model.
    Model,
    /// A remote model.
    Remote,
}

/// A request that a skill recognized.
#[derive(Debug, Clone, PartialEq)]
pub struct IntentMatch {
    /// One of the skill's [`SkillSpec::intent`]s.
    pub intent: &'static str,
    /// Its parameters.
    pub slots: Slots,
    /// How sure the skill is, 0..=1.
    pub confidence: f32,
}

/// Something that the host has to do beside speaking the reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostAction {
    /// Stop speaking and every alarm, and end the turn.
    Stop,
    /// What woke Jarvis was no call: heed what sounds like it less.
    NotCalled,
    /// Forget what was seen of the screen, with the list of looks, and what was talked about. The mind forgets its part by itself.
    Forget {
        /// What was seen.
        seen: bool,
        /// What was talked about.
        said: bool,
    },
    /// Show a notification.
    Notify {
        /// First line.
        title: String,
        /// The rest.
        body: String,
    },
    /// Set a setting, and keep it. The reply's words are spoken with it in force.
    Set {
        /// Its section and name: `voice.effect`.
        setting: &'static str,
        /// The value, as it is written on the command line.
        value: Cow<'static, str>,
    },
    /// Make a setting that is a number larger or smaller, within its range, and keep it.
    Scale {
        /// Its section and name: `voice.rate`.
        setting: &'static str,
        /// By how much of its present value.
        percent: i16,
    },
    /// Put a text on the clipboard. The reply's words are spoken when it is there.
    Copy {
        /// The text.
        text: String,
    },
    /// Frame a part of the screen for a moment.
    Highlight {
        /// Which, as [`ScreenText`] has it.
        region: Region,
    },
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// What is spoken, and shown if `shown` is `None`. Empty: nothing is said.
    pub spoken: String,
    /// What is shown in place of the spoken words.
    pub shown: Option<String>,
    /// What the host does too.
    pub actions: Vec<HostAction>,
    /// Look at this first: then nothing else of this reply counts, and [`Skill::seen`] makes the answer.
    pub look: Option<ScreenTarget>,
}

/// Something that may answer a question about what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Where it is in what the language model is asked, in bytes.
    pub place: Range<usize>,
    /// What is told of it.
    pub said: String,
    /// Where on the screen it stands, as [`ScreenText`] has it.
    pub region: Region,
}

/// What a skill makes of what was seen for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The answer.
    Reply(Reply),
    /// It is not there: look here, too. Only where that is still possible.
    Look(ScreenTarget),
    /// The language model answers, in words alone, and none of another program.
    Ask {
        /// The question together with what of the screen it is about, told apart: short, for a model that loses a long text.
        /// Empty where such a model would only make an answer up.
        prompt: String,
        /// The same with all of the screen that has room, for a model that can be told what to do where there is no answer.
        /// Two questions about the same screen begin the same.
        in_full: String,
        /// What of it may answer by itself.
        passages: Vec<Passage>,
        /// An answer by the words alone, which a model that can point holds against what it looks at; else it is the answer.
        quoted: Option<Reply>,
        /// Where in `in_full` the question is, in bytes.
        question: Range<usize>,
        /// What the answer has to stand in, a line each: a sentence that says what is not there is not said.
        grounds: String,
        /// Only its numbers, names and addresses have to: what is asked for takes words of its own, as a translation does.
        in_own_words: bool,
        /// What is said where none of the answer stands.
        otherwise: String,
        /// What is said where the model says that there is no answer.
        absent: String,
        /// What is said behind its answer; empty for nothing.
        after: String,
    },
}

impl Reply {
    /// A reply that is just spoken.
    pub fn say(text: impl Into<String>) -> Self {
        Self { spoken: text.into(), ..Self::default() }
    }
}

/// What a skill may look at while it answers.
pub struct SkillContext<'a> {
    /// Where "now" comes from.
    pub clock: &'a dyn Clock,
    /// The last thing that Jarvis said, if anything.
    pub last_reply: Option<&'a str>,
    /// Decide and answer, but change nothing (`ask --dry-run`).
    pub dry_run: bool,
}

/// How a skill's last look at the screen stands to what is said now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It did not look lately, and the language model talked about nothing that words could mean instead; skills may have
    /// answered.
    Nothing,
    /// It did not look lately, and the language model talked about something.
    Elsewhere,
    /// It looked, and the language model talked about something since, which "it" is then.
    Before,
    /// What it saw is the last thing that words can mean; other skills may have answered since.
    Last,
}

/// A capability with its own way of being asked for.
pub trait Skill: Send {
    /// The intents that it serves.
    fn specs(&self) -> &'static [SkillSpec];
    /// Whether `text` (lower case, no final punctuation, single spaces) is a request for it.
    fn recognize(&self, text: &str) -> Option<IntentMatch>;
    /// Whether `text` goes on from this skill's own last answer, which was the last thing said: "five minutes" after "For
    /// how long?". Asked before any skill's [`Self::recognize`].
    fn follow_up(&self, text: &str) -> Option<IntentMatch> {
        let _ = text;
        None
    }
    /// Whether `text`, which no skill recognized, is about what this skill saw in its last look ([`Self::seen`]), or makes
    /// sense only after one: "what is the total". Asked of every skill. `of_user` tells how likely it is, 0..=1, that only the
    /// user's own screen, papers and life answer `text`, where there is somebody to ask
    /// ([`crate::LanguageModel::is_of_user`]): it costs as much as reading the question.
    fn about_seen(&self, text: &str, sight: Sight, of_user: &mut dyn FnMut() -> Option<f32>) -> Option<IntentMatch> {
        let _ = (text, sight, of_user);
        None
    }
    /// Its last answer was silenced when so many of its words had been heard; no answer was given since.
    fn cut_short(&mut self, heard: usize) {
        let _ = heard;
    }
    /// Forgets what it saw ([`Self::seen`]), where `seen` says so: nothing that is said from now on is about it. `said`: what was
    /// talked about is forgotten, too.
    fn forget(&mut self, seen: bool, said: bool) {
        let _ = (seen, said);
    }
    /// Whether its answers stand beside the conversation: after "stop", "say that again" or "louder" words go on from the
    /// answer before.
    fn is_aside(&self) -> bool {
        false
    }
    /// Whether `matched`, as it was recognized, lacks what people usually say in the same breath ("set a timer" without a
    /// length), so that a pause after it need not be its end.
    fn expects_more(&self, matched: &IntentMatch) -> bool {
        let _ = matched;
        false
    }
    /// Answers a request for one of its intents.
    ///
    /// # Errors
    /// A sentence for the user.
    fn run(&mut self, intent: &str, slots: &Slots, context: &SkillContext<'_>) -> Result<Reply>;
    /// Answers from the screen what [`Self::run`] wanted a look for ([`Reply::look`]). `may_look_on`: it can be looked once
    /// more, elsewhere. Nothing that stands on the screen is a request: it is only told, found, copied, or asked about.
    ///
    /// # Errors
    /// A sentence for the user.
    fn seen(
        &mut self,
        intent: &str,
        slots: &Slots,
        screen: &ScreenText,
        may_look_on: bool,
        context: &SkillContext<'_>,
    ) -> Result<Seen> {
        let (_, _, _, _) = (slots, screen, may_look_on, context);
        Err(Error::new("skill.unseeing", format!("{intent} is not answered from the screen."), ""))
    }
    /// Something that came due by itself since the last call, such as an alarm: what to say and show.
    fn due(&mut self, context: &SkillContext<'_>) -> Option<Reply> {
        let _ = context;
        None
    }
    /// When [`Self::due`] wants to be asked next; `None` when nothing is pending.
    fn next_due(&self) -> Option<std::time::Instant> {
        None
    }
    /// Whether something of this skill is ringing, to be silenced by "stop".
    fn silence(&mut self) -> bool {
        false
    }
    /// What has to outlive the program, a record each; none for nothing. Asked after every request and everything that came
    /// due, so it has to be quick.
    fn kept(&self) -> Vec<Slots> {
        Vec::new()
    }
    /// Takes back what [`Self::kept`] gave in an earlier run, once, before anything is asked.
    ///
    /// # Errors
    /// It is damaged; then nothing was taken back.
    fn restore(&mut self, kept: &[Slots], context: &SkillContext<'_>) -> Result<()> {
        let (_, _) = (kept, context);
        Ok(())
    }
}
