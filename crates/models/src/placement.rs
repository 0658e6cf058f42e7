//! Which models go where: packs what is wanted into the memory of this machine, of its graphics processor, and onto
//! servers of other programs.
//!
//! A vector bin packing with an order instead of a price. What is wanted comes in the order in which its absence is felt
//! (ears, voice, language, eyes), and each want has its ways, best first: the graphics processor, the processor, a smaller
//! model, a server. Of all packings that fit, the one is taken in which (1) what is felt more is there, whatever becomes of
//! what is felt less, and then (2) what is felt more goes its better way, as long as nothing is lost by that. A handful of
//! wants with a handful of ways each are searched through exactly; nothing is approximated.
//!
//! Never measures memory and never loads: whoever asks knows what there is and what each way needs.

use serde::Serialize;

/// Where a model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the memory of a graphics processor of its own.
    Gpu,
    /// In this machine's memory.
    Cpu,
    /// With a server of another program, which needs no memory of ours.
    Remote,
}

/// A way to have what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// The model, as the settings name it.
    pub model: String,
    /// Where it computes.
    pub place: Place,
    /// Memory that it needs there, in bytes; of no meaning with a server.
    pub bytes: u64,
}

/// Memory that may be used, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Of the graphics processor; 0 where there is none.
    pub gpu: u64,
    /// Of this machine; [`u64::MAX`] where the system does not tell.
    pub cpu: u64,
}

impl Room {
    /// What is left beside `way`; none where it does not fit.
    fn beside(self, way: &Way) -> Option<Self> {
        Some(match way.place {
            Place::Gpu => Self { gpu: self.gpu.checked_sub(way.bytes)?, ..self },
            Place::Cpu => Self { cpu: self.cpu.checked_sub(way.bytes)?, ..self },
            Place::Remote => self,
        })
    }
}

/// Packs `wants`, most felt first, each with its ways, best first, into `room`. Gives the index of the way that each goes,
/// none for those that are left out. Takes as long as there are combinations of ways: for a handful of wants.
pub fn pack(wants: &[Vec<Way>], room: Room) -> Vec<Option<usize>> {
    let mut there: Vec<usize> = Vec::new();
    for want in 0..wants.len() {
        there.push(want);
        if !fits(wants, &there, room) {
            there.pop();
        }
    }
    let (mut taken, mut room) = (vec![None; wants.len()], room);
    for (position, &want) in there.iter().enumerate() {
        let rest = &there[position + 1..];
        let best = wants[want].iter().enumerate().find_map(|(index, way)| {
            let left = room.beside(way)?;
            fits(wants, rest, left).then_some((index, left))
        });
        // One of them fits: that is what `there` means.
        if let Some((index, left)) = best {
            (taken[want], room) = (Some(index), left);
        }
    }
    taken
}

/// Whether all of `there` fit together, in any of their ways.
fn fits(wants: &[Vec<Way>], there: &[usize], room: Room) -> bool {
    let Some((&first, rest)) = there.split_first() else { return true };
    wants[first].iter().any(|way| room.beside(way).is_some_and(|left| fits(wants, rest, left)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn way(place: Place, bytes: u64) -> Way {
        Way { model: "a model".into(), place, bytes }
    }

    #[test]
    fn a_big_model_makes_way_for_what_is_felt_more_and_a_smaller_one_takes_its_place() {
        use Place::{Cpu, Gpu, Remote};
        let ears = vec![way(Gpu, 200), way(Cpu, 200)];
        let voice = vec![way(Cpu, 150)];
        let mind = vec![way(Cpu, 5000), way(Cpu, 170)];
        let eyes = vec![way(Cpu, 100)];
        let wants = [ears, voice, mind, eyes];
        let packed = |gpu, cpu| pack(&wants, Room { gpu, cpu });
        assert_eq!(packed(1000, 8000), [Some(0), Some(0), Some(0), Some(0)]);
        // Without a graphics processor the ears take memory from the mind.
        assert_eq!(packed(0, 5400), [Some(1), Some(0), Some(1), Some(0)]);
        // The bigger mind would fit, were it not for the eyes: rather both than one better.
        assert_eq!(packed(200, 5200), [Some(0), Some(0), Some(1), Some(0)]);
        // A small board: ears and voice, no mind, and the eyes still fit.
        assert_eq!(packed(0, 450), [Some(1), Some(0), None, Some(0)]);
        assert_eq!(packed(0, 160), [None, Some(0), None, None]);
        let with_server = [vec![way(Cpu, 200)], vec![way(Cpu, 5000), way(Remote, 0)]];
        assert_eq!(pack(&with_server, Room { gpu: 0, cpu: 300 }), [Some(0), Some(1)]);
        assert_eq!(pack(&[vec![], vec![way(Cpu, u64::MAX)]], Room { gpu: 0, cpu: u64::MAX }), [None, Some(0)]);
    }

    fn wants() -> impl Strategy<Value = Vec<Vec<Way>>> {
        let place = prop_oneof![Just(Place::Gpu), Just(Place::Cpu), Just(Place::Cpu), Just(Place::Remote)];
        let ways = prop::collection::vec((place, 0_u64..40).prop_map(|(place, bytes)| way(place, bytes)), 0..4);
        prop::collection::vec(ways, 0..5)
    }

    /// Every packing there is, by counting.
    fn all(wants: &[Vec<Way>]) -> Vec<Vec<Option<usize>>> {
        wants.iter().fold(vec![Vec::new()], |packings, ways| {
            let choices = (0..ways.len()).map(Some).chain([None]);
            choices
                .flat_map(|choice| packings.iter().map(move |packing| [packing.clone(), vec![choice]].concat()))
                .collect()
        })
    }

    fn left(wants: &[Vec<Way>], packing: &[Option<usize>], room: Room) -> Option<Room> {
        let ways = packing.iter().zip(wants).filter_map(|(choice, ways)| choice.map(|index| &ways[index]));
        ways.into_iter().try_fold(room, Room::beside)
    }

    proptest! {
        #[test]
        fn nothing_better_fits(wants in wants(), gpu in 0_u64..60, cpu in 0_u64..60) {
            let room = Room { gpu, cpu };
            let packed = pack(&wants, room);
            prop_assert!(left(&wants, &packed, room).is_some(), "it does not fit");
            // Smaller is better: first who is left out, then who goes which way, most felt first.
            let rank = |packing: &[Option<usize>]| {
                let left_out: Vec<bool> = packing.iter().map(Option::is_none).collect();
                (left_out, packing.to_vec())
            };
            let best = all(&wants).into_iter().filter(|packing| left(&wants, packing, room).is_some());
            prop_assert_eq!(Some(rank(&packed)), best.map(|packing| rank(&packing)).min());
        }

        #[test]
        fn more_room_takes_nothing_that_is_felt_more_away(
            wants in wants(), gpu in 0_u64..60, cpu in 0_u64..60, more in 0_u64..60,
        ) {
            let left_out = |gpu, cpu| pack(&wants, Room { gpu, cpu }).iter().map(Option::is_none).collect::<Vec<bool>>();
            let before = left_out(gpu, cpu);
            prop_assert!(left_out(gpu, cpu + more) <= before);
            prop_assert!(left_out(gpu + more, cpu) <= before);
        }
    }
}
