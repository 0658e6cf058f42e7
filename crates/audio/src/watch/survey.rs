//! Which of the sound server's devices the user's choice means: pure, from what the server said.
//!
//! A name means what [`crate::device::choose`] says. No name means the server's default, but for one case: the microphone
//! of a Bluetooth headset is not opened by default while there is another, because opening it makes the headset's own
//! sound a telephone's. Whoever names the headset gets it.

// Elsewhere nobody tells what there is.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

use super::Target;
use crate::device::{DeviceInfo, Direction, choose};
use crate::error::AudioError;

/// A device as the server describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Device {
    /// Its identifier.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// A Bluetooth microphone that lowers the headset's sound to a telephone's while it is open.
    pub is_telephone: bool,
    /// Muted on the server, or by a key that the server knows of.
    pub is_muted: bool,
    /// Made from another source by the server: noise suppression, echo cancellation, a remapped channel.
    pub is_processed: bool,
    /// Its plug is out.
    pub is_unplugged: bool,
    /// Built into the machine.
    pub is_internal: bool,
    /// There is hardware behind it.
    pub is_hardware: bool,
}

/// What the server has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Identifier of the default microphone; empty or that of something else when there is none.
    pub default_source: String,
    /// Identifier of the default speaker.
    pub default_sink: String,
    /// Microphones; what a speaker plays is none.
    pub sources: Vec<Device>,
    /// Speakers.
    pub sinks: Vec<Device>,
}

impl Device {
    /// A device of which nothing else is known.
    pub fn new(id: String, description: Option<String>) -> Self {
        Self { name: description.unwrap_or_else(|| id.clone()), id, ..Self::default() }
    }

    /// How well it stands in for a headset; none when it should not.
    fn rank(&self) -> Option<u8> {
        // What is made from another source would open that one, which may be the headset.
        let stands_in = !self.is_telephone && !self.is_unplugged && !self.is_processed;
        stands_in.then(|| u8::from(self.is_hardware) + 2 * u8::from(self.is_internal))
    }

    fn target(&self, remark: Option<String>) -> Target {
        Target { id: self.id.clone(), remark, is_muted: self.is_muted, is_processed: self.is_processed }
    }
}

impl Survey {
    /// What `wanted` means now; empty is the system's choice.
    pub fn target(&self, direction: Direction, wanted: &str) -> Result<Target, AudioError> {
        let devices = match direction {
            Direction::Input => &self.sources,
            Direction::Output => &self.sinks,
        };
        if devices.is_empty() {
            return Err(AudioError::NoDevice { direction });
        }
        if wanted.trim().is_empty() {
            return match direction {
                Direction::Input => self.default_microphone(),
                Direction::Output => {
                    let default = devices.iter().find(|device| device.id == self.default_sink);
                    Ok(default.unwrap_or(&devices[0]).target(None))
                }
            };
        }
        let infos: Vec<DeviceInfo> = devices
            .iter()
            .map(|device| DeviceInfo { name: device.name.clone(), id: device.id.clone(), is_default: false })
            .collect();
        match choose(wanted, &infos) {
            Some(index) => Ok(devices[index].target(None)),
            None => Err(AudioError::UnknownDevice {
                direction,
                name: wanted.trim().into(),
                available: infos.into_iter().map(|info| info.name).collect(),
            }),
        }
    }

    fn default_microphone(&self) -> Result<Target, AudioError> {
        let default = self.sources.iter().find(|device| device.id == self.default_source);
        // The first of the best.
        let other =
            self.sources.iter().rev().max_by_key(|device| device.rank()).filter(|device| device.rank().is_some());
        match (default, other) {
            (Some(headset), Some(other)) if headset.is_telephone => Ok(other.target(Some(format!(
                "I listen with “{}”: opening the microphone of “{}” would lower its sound to a telephone's. Choose it by \
                 its name in the settings to use it all the same.",
                other.name, headset.name
            )))),
            (Some(headset), None) if headset.is_telephone => Ok(headset.target(Some(format!(
                "While I listen with “{}” its sound is no better than a telephone's. Plug in another microphone to keep \
                 it good.",
                headset.name
            )))),
            (Some(default), _) => Ok(default.target(None)),
            // The server's default is no microphone at all, such as what a speaker plays.
            (None, Some(other)) => Ok(other.target(None)),
            (None, None) => self
                .sources
                .first()
                .map(|device| device.target(None))
                .ok_or(AudioError::NoDevice { direction: Direction::Input }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn device(id: &str) -> Device {
        Device { name: format!("The {id}"), is_hardware: true, ..Device::new(id.into(), None) }
    }

    fn headset() -> Device {
        Device { is_telephone: true, ..device("headset") }
    }

    fn internal() -> Device {
        Device { is_internal: true, ..device("internal") }
    }

    fn survey(default: &str, sources: Vec<Device>) -> Survey {
        Survey { default_source: default.into(), sources, ..Survey::default() }
    }

    fn microphone(survey: &Survey, wanted: &str) -> Target {
        survey.target(Direction::Input, wanted).unwrap()
    }

    #[test]
    fn the_server_s_default_is_followed() {
        let survey = survey("webcam", vec![internal(), device("webcam")]);
        assert_eq!(microphone(&survey, ""), device("webcam").target(None));
    }

    #[test]
    fn a_headset_is_not_opened_by_default_while_there_is_another_microphone() {
        let survey = survey("headset", vec![headset(), device("webcam"), internal()]);
        let target = microphone(&survey, " ");
        assert_eq!(target.id, "internal");
        let remark = target.remark.unwrap();
        assert!(remark.contains("“The internal”") && remark.contains("“The headset”"), "{remark}");
        assert_eq!(microphone(&survey, "the headset"), headset().target(None), "who names it gets it");
    }

    #[test]
    fn a_headset_alone_is_better_than_deafness() {
        let unplugged = Device { is_unplugged: true, ..device("jack") };
        let of_the_headset = Device { is_processed: true, ..device("suppressed") };
        let survey = survey("headset", vec![unplugged, headset(), of_the_headset]);
        let target = microphone(&survey, "");
        assert_eq!(target.id, "headset");
        assert!(target.remark.unwrap().contains("telephone"));
    }

    #[test]
    fn a_default_that_is_no_microphone_is_passed_over() {
        assert_eq!(microphone(&survey("speaker.monitor", vec![device("webcam")]), "").id, "webcam");
        assert_eq!(microphone(&survey("speaker.monitor", vec![headset()]), "").id, "headset");
        let none = survey("speaker.monitor", vec![]).target(Direction::Input, "");
        assert_eq!(none, Err(AudioError::NoDevice { direction: Direction::Input }));
    }

    proptest! {
        #[test]
        fn a_microphone_that_is_there_is_found_and_a_headset_only_for_want_of_another(
            kinds in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()), 1..8),
            default in 0usize..8,
        ) {
            let sources: Vec<Device> = kinds
                .iter()
                .enumerate()
                .map(|(number, &(is_telephone, is_unplugged, is_processed, is_internal))| Device {
                    is_telephone, is_unplugged, is_processed, is_internal, ..device(&number.to_string())
                })
                .collect();
            let survey = survey(&default.to_string(), sources.clone());
            let target = microphone(&survey, "");
            let chosen = sources.iter().find(|device| device.id == target.id).unwrap();
            let others = sources.iter().any(|device| device.rank().is_some());
            prop_assert!(!(chosen.is_telephone && others));
            let default = sources.get(default).filter(|device| !device.is_telephone);
            prop_assert!(default.is_none_or(|default| default.id == target.id));
        }
    }
}
