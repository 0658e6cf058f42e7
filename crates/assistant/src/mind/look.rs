//! What a skill wants to look at, looked at, and the language model's answer from it.
//!
//! Owns that it is looked where the skill wants, once more at most, and that of a model's answer only that is given out which
//! the page bears. Never decides what is to be looked at, nor what is made of it.

use super::sentences::Sentences;
use super::{MOST_SENTENCES, Manner, Mind, NO_ANSWER, Piece, picture, words};
use crate::conversation::Conversation;
use crate::router::normalize::Request;
use crate::skills::screen::{self, Screen};
use jarvis_core::{
    Cancel, Error, IntentMatch, Look, Message, Result, Role, ScreenTarget, ScreenText, Seen, Skill, SkillContext,
};

/// What an answer about a page in the words of the model is made of.
pub(super) struct InWords {
    pub(super) grounds: screen::Grounds,
    pub(super) prompt: String,
    /// What is said where nothing of the answer may be.
    pub(super) otherwise: String,
    /// What is said where the model says that there is no answer.
    pub(super) absent: String,
    /// The model is one that was told to say so.
    pub(super) is_capable: bool,
    /// Those that such a model's answer may have.
    pub(super) sentences: usize,
}

/// Where somebody else than a skill says to look, and what was seen there. With a skill of its own, which knows nothing of
/// what the user was told.
pub(super) struct Glance {
    pub(super) target: ScreenTarget,
    pub(super) seen: Option<ScreenText>,
    pub(super) skill: Screen,
}

impl Mind {
    /// Has the language model answer from what was seen. Gives out sentence by sentence what the page bears, up to the first
    /// that it doesn't; what is said otherwise where that is none.
    pub(super) fn answer_on(
        &mut self,
        page: InWords,
        cancel: &Cancel,
        on_piece: &mut dyn FnMut(Piece),
    ) -> Result<String> {
        let mut messages = Conversation::beginning();
        messages.push(Message::new(Role::User, page.prompt.as_str()));
        let enough = cancel.child();
        let is_absent = std::cell::Cell::new(false);
        let may_be_said = |said: &str, sentence: &str| {
            let absent = page.is_capable && screen::says_it_is_absent(sentence);
            is_absent.set(absent && said.is_empty());
            !absent && page.grounds.bear(sentence)
        };
        let mut sentences = Sentences::new(&may_be_said);
        if page.prompt.is_empty() {
            sentences.say(&page.otherwise, on_piece);
            return Ok(sentences.said);
        }
        let manner = match page.is_capable {
            // The likeliest word is the one that stands there.
            true => Manner { stays_here: true, temperature: 0.0, sentences: page.sentences },
            false => Manner { stays_here: true, temperature: self.options.temperature, sentences: MOST_SENTENCES },
        };
        let made = self.generate(messages, manner, &enough, &mut |piece| {
            if !sentences.take(piece, on_piece) {
                enough.cancel();
            }
        });
        // That it has no answer is no reason to say nothing of what is there.
        made.map(drop).or_else(|error| if error.code == NO_ANSWER { Ok(()) } else { Err(error) })?;
        if cancel.is_cancelled() {
            return Ok(sentences.said);
        }
        sentences.end(on_piece);
        if sentences.said.is_empty() {
            sentences.say(if is_absent.get() { &page.absent } else { &page.otherwise }, on_piece);
        }
        Ok(sentences.said)
    }

    /// Looks where a skill wants, or where `glance` says, and once more where it then wants; gives what it makes of it.
    pub(super) fn look_and_see(
        &mut self,
        matched: &IntentMatch,
        request: &Request,
        wanted: ScreenTarget,
        mut glance: Option<&mut Glance>,
        cancel: &Cancel,
    ) -> Result<Seen> {
        let eyes = self.eyes.as_mut().ok_or_else(no_eyes)?;
        let mut target = glance.as_ref().map_or(wanted, |glance| glance.target.clone());
        // Who named the place is answered from there.
        let mut may_look_on = glance.is_none();
        let reason = format!("to answer: {}", request.text);
        if matched.intent == screen::PICTURE
            && let Some(offered) = picture::offer(&mut **eyes, &target, &reason, &request.text, cancel)?
        {
            glance.into_iter().for_each(|glance| glance.seen = Some(ScreenText::default()));
            return Ok(offered);
        }
        loop {
            let seen = eyes.look(&Look { target: target.clone(), reason: reason.clone() }, cancel)?;
            let is_unread = screen::is_unread(matched.intent, &matched.slots, &seen);
            let context = SkillContext { clock: &*self.clock, last_reply: words(&self.last_reply), dry_run: false };
            let made = match glance.as_deref_mut() {
                Some(glance) => {
                    let made = glance.skill.seen(matched.intent, &matched.slots, &seen, may_look_on, &context);
                    glance.seen = Some(seen);
                    made
                }
                None => self.router.seen(matched, &seen, may_look_on, &context),
            };
            // Text is what is asked for; that there is none to be had otherwise either is no failure.
            if is_unread && let Ok(Some(offered)) = picture::offer(&mut **eyes, &target, &reason, &request.text, cancel)
            {
                return Ok(offered);
            }
            match made? {
                Seen::Look(on) if std::mem::take(&mut may_look_on) => target = on,
                made => return Ok(made),
            }
        }
    }
}

fn no_eyes() -> Error {
    Error::new("eyes.absent", "I can't see the screen from here.", "Ask the running Jarvis, or `jarvis see`.")
}
