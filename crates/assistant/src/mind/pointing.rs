//! Answers that the language model points at on a page, quoted from it.
//!
//! Owns how sure it has to be for what is said: less where the words of the question lead there as well. A small model that isn't
//! sure makes no answer of its own: what it looked at is told as such, or nothing.

use super::{Mind, loaded};
use crate::conversation::Conversation;
use crate::skills::screen;
use jarvis_core::{Cancel, HostAction, Message, Passage, Pointed, Reply, Role};
use std::ops::Range;

/// How likely a line has to be to be told as the answer.
const SURE: f32 = 0.7;
/// The same where the words alone lead there, too.
const SURE_OF_BOTH: f32 = 0.35;
/// How likely it has to be to be told as what may be the answer ...
const MAYBE: f32 = 0.4;
/// ... and to be told at all, as the nearest to one.
const NEAR: f32 = 0.1;

/// A page that was asked about.
pub(super) struct OnPage<'a> {
    pub passages: &'a [Passage],
    /// Whether the model can be asked to answer from the whole page.
    pub is_capable: bool,
}

impl Mind {
    /// The passage of the page in `content` that the language model points at for the question in it; none where it can't.
    pub(super) fn point(
        &mut self,
        content: &str,
        passages: &[Passage],
        question: Range<usize>,
        cancel: &Cancel,
    ) -> Option<Pointed> {
        let mut prompt = Conversation::beginning();
        prompt.push(Message::new(Role::User, content));
        let places: Vec<Range<usize>> = passages.iter().map(|passage| passage.place.clone()).collect();
        // A model that fails is told of by the answer that it fails to give.
        loaded(&mut self.model).ok()?.point(&prompt, &places, question, cancel).ok().flatten()
    }
}

impl OnPage<'_> {
    /// What is said where `pointed` was pointed at, `absent` where that can't be it; none where the model is to answer in words of
    /// its own.
    pub(super) fn reply(&self, pointed: Pointed, absent: &str) -> Option<Reply> {
        let passage = self.passages.get(pointed.line)?;
        match pointed.likely {
            likely if likely >= SURE => Some(told(passage, passage.said.clone())),
            _ if self.is_capable => None,
            likely if likely >= NEAR => Some(told(passage, unsure(likely, passage))),
            _ => Some(Reply::say(absent)),
        }
    }

    /// What is said where the words alone lead to `quoted`.
    pub(super) fn checked(&self, pointed: Pointed, quoted: Reply) -> Reply {
        let Some(passage) = self.passages.get(pointed.line) else { return quoted };
        let is_there = |action: &HostAction| match action {
            // Neighbours touch.
            HostAction::Highlight { region } => {
                region.intersection(&passage.region).height * 2 >= passage.region.height.max(1)
            }
            _ => false,
        };
        match quoted.actions.iter().any(is_there) {
            true if pointed.likely >= SURE_OF_BOTH => quoted,
            false if pointed.likely >= SURE => told(passage, passage.said.clone()),
            // It has other means to be sure.
            _ if self.is_capable => quoted,
            false if pointed.likely >= NEAR => told(passage, unsure(pointed.likely, passage)),
            _ => Reply { spoken: screen::nearest_is(&quoted.spoken), ..quoted },
        }
    }
}

/// What is said of `passage`, which is not surely the answer.
fn unsure(likely: f32, passage: &Passage) -> String {
    if likely >= MAYBE { screen::maybe_is(&passage.said) } else { screen::nearest_is(&passage.said) }
}

/// `spoken` of `passage`, which is shown.
fn told(passage: &Passage, spoken: String) -> Reply {
    Reply { spoken, actions: vec![HostAction::Highlight { region: passage.region }], ..Reply::default() }
}
