//! What Jarvis can do without a language model: one file a skill, one line here.

pub mod calc;
pub mod cannot;
pub mod chance;
pub mod date;
pub mod emergency;
pub mod forget;
pub mod greeting;
pub mod itself;
pub mod not_called;
pub mod not_yet;
pub mod repeat;
pub mod screen;
pub mod stop;
pub mod time;
pub mod timer;
pub mod unheard;
pub mod voice;
pub mod volume;

use jarvis_core::Skill;

/// Every skill. Where two are equally sure of a request, the one above answers.
pub fn all() -> Vec<Box<dyn Skill>> {
    vec![
        Box::new(emergency::Emergency::new()),
        Box::new(stop::Stop::new()),
        Box::new(forget::Forget::new()),
        Box::new(repeat::Repeat::new()),
        Box::new(screen::Screen::new()),
        Box::new(timer::Timers::new()),
        Box::new(time::Time::new()),
        Box::new(date::Calendar::new()),
        Box::new(calc::Convert::new()),
        Box::new(calc::Calculator::new()),
        Box::new(voice::Voice::new()),
        Box::new(volume::Volume::new()),
        Box::new(chance::Chance::new()),
        Box::new(itself::Itself::new()),
        Box::new(greeting::Greeting::new()),
        Box::new(unheard::Unheard),
        Box::new(not_called::NotCalled::new()),
        Box::new(not_yet::NotYet::new()),
        Box::new(cannot::Cannot::new()),
    ]
}
