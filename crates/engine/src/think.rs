//! The thinking thread: words in, text and clauses out. Owns the mind, with the skills and the language model.
//!
//! The model loads and warms up on a thread of its own (`think/model.rs`), so skills answer before it is there. Between questions the thread sleeps
//! until an alarm is due. What skills need kept for the next run is read at the start and handed on to be written whenever
//! it changed. Never speaks and never decides whether an answer is still wanted; that flag is handed to it.

mod local;
mod model;
mod show;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, sync_channel};
use std::time::{Duration, Instant};

use jarvis_assistant::turn::{Input, Stage};
use jarvis_assistant::{Mind, Names, Piece, Router, skills};
use jarvis_core::{AssistantEvent, Cancel, HostAction, Region, Reply, Result, SystemClock, TurnId};
use jarvis_settings::{Paths, Settings};

use crate::adjust::adjust;
use crate::clipboard::Clipboard;
use crate::heavy::Heavy;
use crate::keep::Keeper;
use crate::load::Parts;
use crate::message::{AskedToSee, Message, Outbox, PANICKED, contained};
use crate::picture::Offered;
use crate::see::{Sight, Sighting};

use model::{Arrived, Model};

/// How long to wait to hear whether there was a wake to unlearn; who listens is loading, perhaps, and will tell later.
const UNLEARNED: Duration = Duration::from_secs(2);
/// What is said where there was none.
const NOTHING_TO_UNLEARN: &str = "Nothing woke me lately, so there is nothing to unlearn.";

/// For how long what was found is framed, s.
const HIGHLIGHTED: f32 = 3.0;

/// Work for the thread.
pub(crate) enum Job {
    /// Answer this, or, if that can't be taken back and the words may be the beginning of more, say so and wait.
    Think { turn: TurnId, text: String, revocable: bool, cancel: Cancel },
    /// The words of this turn are all.
    Decided(TurnId),
    /// Answer from this picture, which the user had sent.
    Show { turn: TurnId, offered: Box<Offered>, cancel: Cancel },
    /// Say how likely these words are all of a question, if that can be told.
    Weigh { turn: TurnId, text: String, cancel: Cancel },
    /// Forget the question of this turn and what was answered to it.
    Unthink(TurnId),
    /// Of the answer of this turn so many words were heard, and the rest will not be.
    CutShort { turn: TurnId, heard: usize },
    /// Whatever rings is done.
    SilenceAlarms,
    /// Look at the screen and answer from it, in no turn.
    See(AskedToSee),
    /// The language model is there, or is not.
    Model(Arrived),
    /// The servers of other programs can be asked, as far as that can be.
    Connected(u64),
    /// Take these settings, and load again what is not there.
    Settings(Arc<Settings>),
    /// Memory is short: let go of what comes back in a moment.
    Spare,
    /// End. Said, because the thread's own channel has an end in its loader.
    Quit,
}

/// A question of a turn.
struct Question {
    turn: TurnId,
    text: String,
    cancel: Cancel,
}

/// What waits for the language model to be loaded.
enum Waiting {
    Question(Question),
    See(AskedToSee),
}

/// The thread's state.
pub(crate) struct Think {
    mind: Mind,
    parts: Arc<dyn Parts>,
    settings: Arc<Settings>,
    paths: Paths,
    outbox: Outbox,
    /// This thread's own channel, for who loads and connects.
    jobs: Sender<Job>,
    /// The language model and what stands beside it.
    model: Model,
    waiting: VecDeque<Waiting>,
    /// What acts, of words that may be the beginning of more.
    undecided: Option<Question>,
    /// The turn that was answered last.
    answered: Option<TurnId>,
    /// Looks at the screen.
    sight: Sight,
    clipboard: Box<dyn Clipboard>,
    /// Takes what skills keep; none where another instance may be the one that does.
    keeper: Option<Keeper>,
}

impl Think {
    /// A mind with all skills. `jobs` is this thread's own channel, for the model's loader.
    pub(crate) fn new(
        parts: Arc<dyn Parts>,
        settings: Arc<Settings>,
        paths: Paths,
        outbox: Outbox,
        heavy: Heavy,
        jobs: Sender<Job>,
        keeper: Option<Keeper>,
    ) -> Self {
        let sight = Sight::new(&parts, &settings, outbox.clone(), heavy.clone());
        let mut mind = Mind::new(Router::new(skills::all()), Arc::new(SystemClock), (&settings.mind).into());
        mind.set_names(Names::of_wake_model(&settings.wake.model));
        mind.set_eyes(Box::new(sight.clone()));
        Self {
            mind,
            sight,
            clipboard: parts.clipboard(),
            parts,
            settings,
            paths,
            outbox,
            jobs,
            model: Model::new(heavy),
            waiting: VecDeque::new(),
            undecided: None,
            answered: None,
            keeper,
        }
    }

    /// The eyes that it sees with.
    pub(crate) fn sight(&self) -> Sight {
        self.sight.clone()
    }

    /// Works until the channel is closed.
    pub(crate) fn run(mut self, jobs: Receiver<Job>) {
        self.load();
        self.connect();
        self.restore();
        loop {
            self.keep();
            let offer_ends = self.sight.desk().rest(Instant::now());
            let next = [self.mind.next_due(), self.sight.rest(), offer_ends, self.model.patience()];
            let next = next.into_iter().flatten().min();
            let job = match next {
                None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => jobs.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match job {
                Ok(Job::Think { turn, text, revocable, cancel }) => {
                    let asked = Question { turn, text, cancel };
                    if revocable && self.mind.acts_on(&asked.text) {
                        self.undecided = Some(asked);
                        self.outbox.turn(Input::Acts(turn));
                    } else {
                        self.think(asked);
                    }
                }
                Ok(Job::Decided(turn)) => {
                    if let Some(asked) = self.undecided.take_if(|asked| asked.turn == turn) {
                        self.think(asked);
                    }
                }
                Ok(Job::Show { turn, offered, cancel }) => self.show(turn, *offered, &cancel),
                Ok(Job::Weigh { turn, text, cancel }) => self.weigh(turn, &text, &cancel),
                Ok(Job::Unthink(turn)) => {
                    self.waiting.retain(|asked| !matches!(asked, Waiting::Question(question) if question.turn == turn));
                    self.undecided.take_if(|asked| asked.turn == turn);
                    if self.answered == Some(turn) {
                        self.mind.take_back();
                    }
                }
                Ok(Job::CutShort { turn, heard }) => {
                    if self.answered == Some(turn) {
                        self.mind.cut_short(heard);
                    }
                }
                Ok(Job::SilenceAlarms) => {
                    self.mind.silence();
                }
                Ok(Job::See(asked)) => self.see(asked),
                Ok(Job::Model(arrived)) => self.take_model(arrived),
                Ok(Job::Connected(connection)) => self.connected(connection),
                Ok(Job::Settings(settings)) => {
                    let before = std::mem::replace(&mut self.settings, settings);
                    self.mind.set_options((&self.settings.mind).into());
                    self.mind.set_names(Names::of_wake_model(&self.settings.wake.model));
                    self.sight.set_settings(&self.settings);
                    self.follow(&before);
                }
                Ok(Job::Spare) => self.spare(),
                Ok(Job::Quit) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.tell_due();
                    self.lose_patience();
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.sight.close();
    }

    /// Takes up what the last run left.
    fn restore(&mut self) {
        let Some(keeper) = &mut self.keeper else { return };
        for error in self.mind.restore(&keeper.read()) {
            keeper.put_aside(&error.message);
        }
    }

    /// Hands on what has to outlive this run, where that changed.
    fn keep(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(self.mind.kept());
        }
    }

    /// Nothing depends on it but how soon the answer is heard, so an error is left for the answer to meet.
    fn weigh(&mut self, turn: TurnId, text: &str, cancel: &Cancel) {
        let mind = &mut self.mind;
        match contained("Thinking", || mind.end_of_turn(text, cancel)) {
            Ok(Some(whole)) => self.outbox.turn(Input::Weighed(turn, whole)),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(%error, "it can't be told whether the question is whole");
                if error.code == PANICKED {
                    self.load();
                }
            }
        }
    }

    fn think(&mut self, asked: Question) {
        if asked.cancel.is_cancelled() {
            return;
        }
        if self.model.is_coming() && self.mind.needs_model(&asked.text) {
            return self.waiting.push_back(Waiting::Question(asked));
        }
        let Question { turn, text, cancel } = asked;
        self.answered = Some(turn);
        let outbox = &self.outbox;
        let mind = &mut self.mind;
        let (settings, paths, clipboard) = (&mut self.settings, &self.paths, &mut self.clipboard);
        let sight = &self.sight;
        let mut spoken_for = false;
        let mut on_piece = |piece| match piece {
            Piece::Action(HostAction::NotCalled) => match unlearn(outbox, turn) {
                Ok(true) => {}
                Ok(false) => {
                    spoken_for = true;
                    outbox.turn(Input::Text(turn, NOTHING_TO_UNLEARN.into()));
                    outbox.turn(Input::Clause(turn, NOTHING_TO_UNLEARN.into()));
                }
                Err(error) => {
                    spoken_for = true;
                    outbox.turn(Input::Failed(turn, Stage::Think, error));
                }
            },
            Piece::Event(AssistantEvent::ReplyText { .. }) | Piece::Clause(_) if spoken_for => {}
            Piece::Action(action @ (HostAction::Set { .. } | HostAction::Scale { .. })) => {
                if let Err(error) = change(outbox, Arc::make_mut(settings), paths, &action) {
                    outbox.turn(Input::Failed(turn, Stage::Think, error));
                }
            }
            Piece::Action(HostAction::Copy { text }) => {
                if let Err(error) = clipboard.set(text) {
                    outbox.turn(Input::Failed(turn, Stage::Think, error));
                }
            }
            Piece::Action(HostAction::Highlight { region }) => highlight(outbox, settings, region),
            Piece::Action(HostAction::Forget { seen: true, .. }) => sight.forget(),
            other => tell(outbox, turn, other),
        };
        let answer = contained("Thinking", || mind.answer(&text, &cancel, &mut on_piece));
        match answer {
            Ok(answer) => {
                self.outbox.tell_all(self.parts.take_told());
                self.tell_model();
                tracing::debug!(timings = ?answer.timings_ms, intent = answer.intent, "answered");
                self.outbox.turn(Input::Answered(turn));
            }
            Err(error) => {
                self.outbox.tell_all(self.parts.take_told());
                let panicked = error.code == PANICKED;
                self.outbox.turn(Input::Failed(turn, Stage::Think, error));
                if panicked {
                    // The skills keep their timers; what may be broken is the model.
                    self.load();
                }
            }
        }
        self.tell_due();
    }

    /// Answers a question about the screen to whoever waits for it.
    fn see(&mut self, asked: AskedToSee) {
        if asked.given_up.is_cancelled() {
            return;
        }
        if self.model.is_coming() && self.mind.needs_model_about(&asked.question) {
            return self.waiting.push_back(Waiting::See(asked));
        }
        let AskedToSee { target, question, answer, given_up } = asked;
        let (outbox, mind, settings, clipboard) = (&self.outbox, &mut self.mind, &self.settings, &mut self.clipboard);
        let mut uncopied = None;
        let mut on_piece = |piece| match piece {
            Piece::Action(HostAction::Copy { text }) => uncopied = clipboard.set(text).err(),
            Piece::Action(HostAction::Highlight { region }) => highlight(outbox, settings, region),
            _ => {}
        };
        let seen = contained("Looking", || mind.answer_about(&question, &target, &given_up, &mut on_piece));
        let seen = match uncopied {
            Some(error) => Err(error),
            None => seen.map(|(answer, screen)| Sighting { screen, reply: answer.reply }),
        };
        self.outbox.tell_all(self.parts.take_told());
        self.tell_model();
        let _ = answer.try_send(seen);
    }

    /// Says what came due.
    fn tell_due(&mut self) {
        while let Some(Reply { spoken, shown, actions, .. }) = self.mind.due() {
            for action in actions {
                if let HostAction::Notify { title, body } = action {
                    self.outbox.send(Message::Notify { title, body });
                }
            }
            let shown = shown.unwrap_or_else(|| spoken.clone());
            self.outbox.turn(Input::Due { spoken, shown });
        }
    }

    fn serve_waiting(&mut self) {
        for asked in std::mem::take(&mut self.waiting) {
            match asked {
                Waiting::Question(question) => self.think(question),
                Waiting::See(asked) => self.see(asked),
            }
        }
    }
}

/// A piece of an answer, in the turn's words.
fn tell(outbox: &Outbox, turn: TurnId, piece: Piece) {
    match piece {
        Piece::Event(AssistantEvent::Intent { intent, slots, confidence, route }) => {
            outbox.turn(Input::Understood { turn, intent, slots, confidence, route });
        }
        Piece::Event(AssistantEvent::FirstToken) => outbox.turn(Input::FirstToken(turn)),
        Piece::Event(AssistantEvent::ReplyText { text }) => outbox.turn(Input::Text(turn, text)),
        Piece::Event(other) => outbox.send(Message::Event(other)),
        Piece::Clause(clause) => outbox.turn(Input::Clause(turn, clause)),
        Piece::Action(HostAction::Stop) => outbox.turn(Input::StopAsked(turn)),
        Piece::Action(HostAction::Notify { title, body }) => outbox.send(Message::Notify { title, body }),
        // Taken by the thread before: they need its settings, or an answer.
        Piece::Action(
            HostAction::Set { .. }
            | HostAction::Scale { .. }
            | HostAction::NotCalled
            | HostAction::Forget { .. }
            | HostAction::Copy { .. }
            | HostAction::Highlight { .. },
        ) => {}
    }
}

/// Has a part of the screen framed for a moment, where that is wanted.
fn highlight(outbox: &Outbox, settings: &Settings, region: Region) {
    if settings.eyes.highlight {
        outbox.send(Message::Event(AssistantEvent::Highlight { region, seconds: HIGHLIGHTED }));
    }
}

/// Has what woke Jarvis by mistake remembered. Says whether there was anything to remember; in doubt there was.
fn unlearn(outbox: &Outbox, turn: TurnId) -> Result<bool> {
    let (sender, answer) = sync_channel(1);
    outbox.send(Message::NotCalled { turn: Some(turn), answer: sender });
    answer.recv_timeout(UNLEARNED).unwrap_or(Ok(true))
}

/// Changes a setting. Everyone has taken it up before the next piece of the answer comes to them. Only that one: what this
/// thread knows of the others may be old.
fn change(outbox: &Outbox, settings: &mut Settings, paths: &Paths, action: &HostAction) -> Result<()> {
    if let Some((path, value)) = adjust(action, settings, paths)? {
        outbox.send(Message::Adjusted { path, value });
    }
    Ok(())
}
