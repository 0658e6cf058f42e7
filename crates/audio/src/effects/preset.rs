//! The voices that can be chosen, each a chain of effects. To add one, add its line to the table of names and its chain.

use super::{
    BandPass, BassShelf, Chain, Compressor, Distortion, Effect, Limiter, Modulation, Pitch, PitchShift, Reverb,
};
use crate::error::AudioError;

/// Louder than this nothing gets, in decibels of full scale.
const CEILING: f32 = -1.0;

/// A way to sound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Preset {
    /// As the voice is: nothing is done to it.
    #[default]
    Normal,
    /// Deep and growling.
    Evil,
    /// On one note.
    Robot,
    /// Over a bad line.
    Radio,
    /// In a large hall of stone.
    Cave,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Normal, Self::Evil, Self::Robot, Self::Radio, Self::Cave];

    /// Its name in settings and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Evil => "evil",
            Self::Robot => "robot",
            Self::Radio => "radio",
            Self::Cave => "cave",
        }
    }

    /// The preset of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Its chain for a device of `rate` samples a second; `amount` (0 to 1) is how much of it is heard. The limiters'
    /// gains make all of them about as loud as the voice is.
    ///
    /// # Errors
    /// The rate or the amount is out of its range.
    pub fn chain(self, rate: u32, amount: f32) -> Result<Chain, AudioError> {
        let effects: Vec<Box<dyn Effect>> = match self {
            Self::Normal => Vec::new(),
            Self::Evil => vec![
                Box::new(PitchShift::new(rate, Pitch::Times(0.74), 0.86)?),
                Box::new(Modulation::new(rate, 34.0, 0.16)?),
                Box::new(BassShelf::new(rate, 180.0, 6.0)?),
                Box::new(Distortion::new(rate, 5.0, 0.55)?),
                Box::new(Reverb::new(rate, 0.7, 0.35, 3_500.0, 0.16)?),
                Box::new(Limiter::new(rate, -2.5, CEILING)?),
            ],
            Self::Robot => vec![
                Box::new(PitchShift::new(rate, Pitch::Flat(96.0), 1.0)?),
                Box::new(Modulation::new(rate, 48.0, 0.3)?),
                Box::new(Distortion::new(rate, 3.0, 0.4)?),
                Box::new(Reverb::new(rate, 0.12, 0.05, 9_000.0, 0.35)?),
                Box::new(Limiter::new(rate, 1.5, CEILING)?),
            ],
            Self::Radio => vec![
                Box::new(BandPass::new(rate, 380.0, 3_100.0)?),
                Box::new(Compressor::new(rate, -30.0, 4.0, 9.0)?),
                Box::new(Distortion::new(rate, 6.0, 0.7)?),
                Box::new(BandPass::new(rate, 300.0, 3_600.0)?),
                Box::new(Limiter::new(rate, -1.5, CEILING)?),
            ],
            Self::Cave => {
                // Much more of the room, and its words are lost in it.
                vec![Box::new(Reverb::new(rate, 2.4, 1.0, 4_200.0, 0.24)?), Box::new(Limiter::new(rate, 0.0, CEILING)?)]
            }
        };
        Chain::new(effects, amount)
    }
}
