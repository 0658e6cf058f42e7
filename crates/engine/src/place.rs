//! Where this Jarvis's models go: what the settings want, what is installed, and what memory there is, put together for
//! [`jarvis_models::pack`].
//!
//! Owns the order in which parts are felt, what each needs, and how memory is measured. Never loads a model, and never
//! takes one away that works: it is asked whenever something is about to be loaded, so that what it says follows the memory
//! that there is by then.

use std::process::{Command, Stdio};
use std::time::Duration;

use jarvis_core::{Error, Result};
use jarvis_llm::{GgufModel, LoadOptions};
use jarvis_models::{Bytes, Catalog, Fit, Kind, Listed, Place, Room, Store, Way, pack};
use jarvis_settings::{AUTO_MODEL, RemoteReach, Settings};

use crate::language::best_first;
use crate::load::language_model_file;
use crate::program;
use crate::remote::asks_for_answers;

/// What recognizers, voices and readers of pictures need, by the size of their files: weights that were unpacked, and what
/// passes between their layers. Measured with the default models: 1.6 to 2 times their files.
const UNPACKED: u64 = 2;
/// Their runtime and their sounds or pictures.
const AROUND: u64 = 24 << 20;
/// The program itself, the wake word and voice activity, which are always there.
const ITSELF: u64 = 48 << 20;
/// Left to all other programs.
const RESERVE: u64 = 128 << 20;
/// What a graphics processor's driver keeps for a program that computes there, and its libraries' work.
const DRIVER: u64 = 512 << 20;
/// How long that driver may take to tell of its memory. One that hangs keeps nobody from starting.
const DRIVER_TELLS: Duration = Duration::from_secs(2);
/// Bytes of the file of a language model that is quicker on a graphics processor. What a smaller one computes for a token takes
/// the processor less time than some 900 steps take to be begun one after the other.
const LEAST_THERE: u64 = 1_000_000_000;

/// What a Jarvis that runs loads, most felt first.
const ALL: [Kind; 4] = [Kind::Recognition, Kind::Voice, Kind::Language, Kind::Ocr];

/// A part, what is wanted for it, and where that goes.
#[derive(Debug)]
struct Placed {
    kind: Kind,
    wanted: String,
    /// Ways with what is installed; none where the wanted model is not there, which is for its loading to say.
    ways: Vec<Way>,
    taken: Option<usize>,
}

/// Where everything goes.
#[derive(Debug)]
pub(crate) struct Placement {
    parts: Vec<Placed>,
    room: Room,
    /// What a graphics processor failed.
    failed: Vec<Kind>,
}

impl Placement {
    /// What `settings` want of what is in `store`, in the memory that there is now; in a process that loads no more than some
    /// kinds, `only` those. What does as the `failed` ones do goes to no graphics processor.
    pub(crate) fn now(settings: &Settings, store: &Store, only: Option<&[Kind]>, failed: &[Kind]) -> Self {
        let gpu = if settings.performance.gpu_enabled { gpu_memory().saturating_sub(DRIVER) } else { 0 };
        let room = Room { gpu, cpu: free_memory().unwrap_or(u64::MAX) };
        Self::within(settings, store, only.unwrap_or(&ALL), failed, room)
    }

    fn within(settings: &Settings, store: &Store, kinds: &[Kind], failed: &[Kind], room: Room) -> Self {
        let installed = store.list(&Catalog::builtin()).unwrap_or_default();
        let installed: Vec<Listed> = installed.into_iter().filter(|model| model.installed).collect();
        let needs = |model: &str| {
            let found = installed.iter().find(|listed| listed.id == model)?;
            Some(found.bytes.saturating_mul(UNPACKED).saturating_add(AROUND))
        };
        let asked = settings.remote.allowed != RemoteReach::Off;
        let part = |kind, model: &str, places: &[Place]| {
            let ways = match needs(model) {
                Some(bytes) => places.iter().map(|&place| Way { model: model.into(), place, bytes }).collect(),
                None => Vec::new(),
            };
            Placed { kind, wanted: model.into(), ways, taken: None }
        };
        let with_server = |remote, places: &[Place]| {
            let server = (asked && remote).then_some(Place::Remote);
            places.iter().copied().chain(server).collect::<Vec<Place>>()
        };
        let mut parts = vec![
            part(
                Kind::Recognition,
                &settings.recognition.model,
                &with_server(settings.remote.recognition, &[Place::Gpu, Place::Cpu]),
            ),
            part(Kind::Voice, &settings.voice.model, &with_server(settings.remote.voice, &[Place::Cpu])),
        ];
        if settings.mind.enabled {
            parts.push(language(settings, store, &installed, room.gpu > 0));
        }
        if settings.eyes.enabled {
            parts.push(part(Kind::Ocr, crate::load::SCREEN_MODEL, &[Place::Cpu]));
        }
        parts.retain(|part| kinds.contains(&part.kind));
        for part in parts.iter_mut().filter(|part| failed.contains(&part.kind)) {
            part.ways.retain(|way| way.place != Place::Gpu);
        }
        let wants: Vec<Vec<Way>> = parts.iter().map(|part| part.ways.clone()).collect();
        let beside = Room { cpu: room.cpu.saturating_sub(ITSELF + RESERVE), ..room };
        for (part, taken) in parts.iter_mut().zip(pack(&wants, beside)) {
            part.taken = taken;
        }
        // Nobody asked for a better one by name, so nobody misses it.
        if settings.mind.model == AUTO_MODEL
            && let Some(part) = parts.iter_mut().find(|part| part.kind == Kind::Language)
            && let Some(way) = part.taken.map(|index| &part.ways[index]).filter(|way| way.place != Place::Remote)
        {
            part.wanted.clone_from(&way.model);
        }
        Self { parts, room, failed: failed.to_vec() }
    }

    /// Whether what does as a `kind` does computes on a graphics processor, as `settings` have it.
    pub(crate) fn computes_there(&self, settings: &Settings, kind: Kind) -> bool {
        let part = self.parts.iter().find(|part| part.kind == kind);
        let way = part.and_then(|part| Some(&part.ways[part.taken?]));
        !self.failed.contains(&kind) && computes_there(settings, kind, way)
    }

    /// Where the model goes that does what a `kind` does. What is not known here goes where it always went.
    ///
    /// # Errors
    /// `models.memory`: there is no memory for it on this machine, beside what is felt more.
    pub(crate) fn of(&self, kind: Kind) -> Result<Option<&Way>> {
        let Some(part) = self.parts.iter().find(|part| part.kind == kind && !part.ways.is_empty()) else {
            return Ok(None);
        };
        match part.taken.map(|index| &part.ways[index]) {
            Some(way) if way.place != Place::Remote => Ok(Some(way)),
            Some(_) | None => Err(self.no_memory(part, "It is left out.")),
        }
    }

    /// What to say of models that are wanted and left out, or have another in their place.
    pub(crate) fn told(&self) -> Vec<Error> {
        self.parts.iter().filter_map(|part| self.told_of(part)).collect()
    }

    /// As [`Self::told`], of the part that does what a `kind` does.
    pub(crate) fn told_for(&self, kind: Kind) -> Option<Error> {
        self.parts.iter().find(|part| part.kind == kind).and_then(|part| self.told_of(part))
    }

    fn told_of(&self, part: &Placed) -> Option<Error> {
        if part.ways.is_empty() {
            return None;
        }
        match part.taken.map(|index| &part.ways[index]) {
            Some(Way { place: Place::Remote, .. }) => Some(self.no_memory(part, "The server is asked alone.")),
            Some(way) if way.model != part.wanted => {
                Some(self.no_memory(part, &format!("{} is used instead.", way.model)))
            }
            Some(_) => None,
            None => Some(self.no_memory(part, "It is left out.")),
        }
    }

    /// Memory in bytes that all that is loaded needs on this machine.
    pub(crate) fn needed(&self) -> u64 {
        let taken = self.parts.iter().filter_map(|part| part.taken.map(|index| &part.ways[index]));
        ITSELF + taken.filter(|way| way.place == Place::Cpu).map(|way| way.bytes).sum::<u64>()
    }

    /// The models that go onto a graphics processor, as `settings` have it.
    pub(crate) fn on_graphics(&self, settings: &Settings) -> Vec<&str> {
        let there = self.parts.iter().filter(|part| self.computes_there(settings, part.kind));
        there.filter_map(|part| Some(part.ways[part.taken?].model.as_str())).collect()
    }

    fn no_memory(&self, part: &Placed, then: &str) -> Error {
        let least = part.ways.iter().find(|way| way.model == part.wanted && way.place == Place::Cpu);
        let least = least.map_or(0, |way| way.bytes);
        Error::new(
            "models.memory",
            format!(
                "There is no memory for {} beside everything else: it needs {}, and Jarvis may have {} in all. {then}",
                part.wanted,
                Bytes(least),
                Bytes(self.room.cpu.saturating_sub(RESERVE)),
            ),
            "Close other programs, or choose a smaller model; `jarvis models list` says what each needs.",
        )
    }
}

/// Whether graphics processors have memory of their own, which models are packed into. Metal's compute in this machine's.
pub(crate) fn graphics_have_own_memory() -> bool {
    cfg!(feature = "cuda")
}

/// Whether what does as a `kind` does, and goes this way, computes on a graphics processor. Where that has memory of its own,
/// what computes there was packed into it; else all that can.
fn computes_there(settings: &Settings, kind: Kind, way: Option<&Way>) -> bool {
    if !matches!(kind, Kind::Recognition | Kind::Language) || !settings.performance.gpu_enabled {
        return false;
    }
    if graphics_have_own_memory() {
        return way.is_some_and(|way| way.place == Place::Gpu);
    }
    let is_small = |way: &Way| kind == Kind::Language && way.bytes < Fit::memory(LEAST_THERE);
    cfg!(feature = "metal") && way.is_none_or(|way| way.place != Place::Remote && !is_small(way))
}

/// The language model's ways: the one that is set and smaller ones that are installed, or all those by how good they are;
/// then a server. Each that is here goes onto the graphics processor if it can.
fn language(settings: &Settings, store: &Store, installed: &[Listed], has_graphics: bool) -> Placed {
    let here = |model: &str, bytes: u64| {
        let way = |place, bytes| Way { model: model.into(), place, bytes };
        let there =
            (has_graphics && bytes >= LEAST_THERE).then(|| way(Place::Gpu, graphics_bytes(model, bytes, store)));
        there.into_iter().chain([way(Place::Cpu, Fit::memory(bytes))])
    };
    let mut ways: Vec<Way> = if settings.mind.model == AUTO_MODEL {
        best_first(installed).into_iter().flat_map(|model| here(&model.id, model.bytes)).collect()
    } else {
        let wanted = &settings.mind.model;
        let file = language_model_file(wanted, store).and_then(|file| std::fs::metadata(file).map_err(unreadable));
        file.map_or_else(
            |_| Vec::new(),
            |file| {
                let is_smaller =
                    |model: &&Listed| model.kind == Kind::Language && model.bytes < file.len() && model.id != *wanted;
                let mut smaller: Vec<&Listed> = installed.iter().filter(is_smaller).collect();
                smaller.sort_by_key(|model| std::cmp::Reverse(model.bytes));
                let smaller = smaller.into_iter().flat_map(|model| here(&model.id, model.bytes));
                here(wanted, file.len()).chain(smaller).collect()
            },
        )
    };
    let wanted = ways.first().map_or_else(|| settings.mind.model.clone(), |way| way.model.clone());
    if !ways.is_empty() && asks_for_answers(&settings.remote) {
        ways.push(Way { model: settings.remote.model.clone(), place: Place::Remote, bytes: 0 });
    }
    Placed { kind: Kind::Language, wanted, ways, taken: None }
}

/// Bytes of a graphics processor's memory that a language model of so many bytes needs.
fn graphics_bytes(model: &str, bytes: u64, store: &Store) -> u64 {
    let file = language_model_file(model, store);
    let told = file.and_then(|file| GgufModel::graphics_bytes(&file, &LoadOptions::default()));
    // A file that can't be read is for its loading to tell of. There keys and values have 32 bits instead of sixteen.
    told.unwrap_or_else(|_| bytes.saturating_add(2 * Fit::memory(bytes).saturating_sub(bytes)))
}

/// Bytes of memory that Jarvis may have in all, with what it has: what other programs leave of this machine's, or of its
/// control group's. None where the system does not tell (macOS does not tell it in one number).
pub fn free_memory() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let available = kilobytes(&read("/proc/meminfo")?, "MemAvailable:")?;
    let own = kilobytes(&read("/proc/self/status")?, "RssAnon:").unwrap_or(0);
    let group = read("/proc/self/cgroup").and_then(|groups| group_free(&groups, read)).unwrap_or(u64::MAX);
    Some(available.min(group).saturating_add(own))
}

/// The bytes that a line of `/proc` gives in kB.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What the control group (version 2) that `groups` (`/proc/self/cgroup`) names, or one above it, still gives; none where
/// there is no limit. Pages of files that were not used lately are given back when needed, so they count as free.
fn group_free(groups: &str, read: impl Fn(&str) -> Option<String>) -> Option<u64> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let above = std::path::Path::new(own).ancestors().filter_map(std::path::Path::to_str);
    above
        .filter_map(|path| {
            let file = |name: &str| read(&format!("/sys/fs/cgroup{}/{name}", path.trim_end_matches('/')));
            let limit: u64 = file("memory.max")?.trim().parse().ok()?;
            let used: u64 = file("memory.current")?.trim().parse().ok()?;
            let idle = file("memory.stat").and_then(|stat| {
                stat.lines().find_map(|line| line.strip_prefix("inactive_file ")).and_then(|bytes| bytes.parse().ok())
            });
            Some(limit.saturating_sub(used.saturating_sub(idle.unwrap_or(0))))
        })
        .min()
}

/// Memory of the first graphics processor that this program can compute on, in bytes: what is free, and what this program
/// has there already; 0 where the driver does not tell in time. Metal's is this machine's own, so there is none beside it.
pub(crate) fn gpu_memory() -> u64 {
    if !cfg!(feature = "cuda") {
        return 0;
    }
    let ask = |what: &str| {
        let mut command = Command::new("nvidia-smi");
        command.args([what, "--format=csv,noheader,nounits", "--id=0"]).stderr(Stdio::null());
        program::output(command, DRIVER_TELLS)
    };
    let Some(free) = ask("--query-gpu=memory.free").and_then(|text| text.trim().parse::<u64>().ok()) else { return 0 };
    let own = ask("--query-compute-apps=pid,used_memory").map_or(0, |text| used_by(&text, std::process::id()));
    (free + own) << 20
}

/// The mebibytes that a process has, in lines of its number and those, as `nvidia-smi` tells them; 0 where it does not.
fn used_by(lines: &str, process: u32) -> u64 {
    let used = lines.lines().filter_map(|line| {
        let (number, used) = line.split_once(',')?;
        (number.trim().parse() == Ok(process)).then(|| used.trim().parse::<u64>().ok())?
    });
    used.sum()
}

fn unreadable(error: std::io::Error) -> Error {
    Error::new("models.unreadable", format!("The model can't be read: {error}."), "Check the path.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::listed;
    use jarvis_settings::Paths;

    /// Files of so many bytes, which take no room on the disk.
    fn sparse(path: &std::path::Path, bytes: u64) {
        std::fs::File::create(path).unwrap().set_len(bytes).unwrap();
    }

    fn settings(folder: &std::path::Path) -> Settings {
        Settings::load_with(&Paths::under(folder), []).unwrap()
    }

    #[test]
    fn a_language_model_that_has_no_room_is_refused_with_the_figures() {
        let folder = tempfile::tempdir().unwrap();
        let big = folder.path().join("big.gguf");
        sparse(&big, 5_000_000_000);
        let mut settings = settings(folder.path());
        settings.mind.model = big.to_str().unwrap().into();
        let store = Store::new(folder.path().join("models"));
        let room = |cpu| Room { gpu: 0, cpu };

        let placed = Placement::within(&settings, &store, &ALL, &[], room(8_000_000_000));
        assert_eq!(placed.of(Kind::Language).unwrap().unwrap().model, settings.mind.model);
        assert!(placed.told().is_empty() && placed.needed() > 5_000_000_000);

        let placed = Placement::within(&settings, &store, &ALL, &[], room(2_000_000_000));
        let error = placed.of(Kind::Language).unwrap_err();
        assert_eq!(error.code, "models.memory");
        assert!(error.message.contains("5.5 GB") && error.message.contains("1.9 GB"), "{}", error.message);
        assert_eq!(placed.told(), [error]);

        // Where a server may be asked, it answers alone.
        settings.remote.allowed = RemoteReach::ThisMachine;
        let placed = Placement::within(&settings, &store, &ALL, &[], room(2_000_000_000));
        assert!(placed.of(Kind::Language).is_err());
        assert!(placed.told()[0].message.ends_with("The server is asked alone."), "{:?}", placed.told());
    }

    #[test]
    fn left_to_jarvis_the_best_that_is_installed_answers_and_a_smaller_one_where_that_has_no_room() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let store = Store::new(folder.path().join("models"));
        // So small that they are quick on any machine.
        let installed = [listed("small", 1 << 20), listed("big", 20 << 20)];
        let placed = |cpu| {
            let part = language(&settings, &store, &installed, false);
            let taken = pack(std::slice::from_ref(&part.ways), Room { gpu: 0, cpu })[0];
            (part.wanted.clone(), taken.map(|index| part.ways[index].model.clone()))
        };
        let big = Fit::memory(20 << 20);
        assert_eq!(placed(big), ("big".into(), Some("big".into())));
        assert_eq!(placed(big - 1), ("big".into(), Some("small".into())));
        assert_eq!(placed(0), ("big".into(), None));
        assert!(language(&settings, &store, &[], false).ways.is_empty());
    }

    #[test]
    fn a_language_model_goes_onto_the_graphics_processor_if_it_fits_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.gguf");
        sparse(&file, 1_000_000_000);
        let mut settings = settings(folder.path());
        settings.mind.model = file.to_str().unwrap().into();
        let store = Store::new(folder.path().join("models"));
        let place = |gpu, cpu| {
            let placed = Placement::within(&settings, &store, &ALL, &[], Room { gpu, cpu });
            (placed.of(Kind::Language).map(|way| way.unwrap().place).ok(), placed.needed() > 1_000_000_000)
        };
        let plenty = 8_000_000_000;
        assert_eq!(place(plenty, plenty), (Some(Place::Gpu), false));
        assert_eq!(place(plenty, 0), (Some(Place::Gpu), false), "it needs none of this machine's memory");
        assert_eq!(place(1_100_000_000, plenty), (Some(Place::Cpu), true));
        assert_eq!(place(0, plenty), (Some(Place::Cpu), true));
        assert_eq!(place(1_100_000_000, 0), (None, false));
    }

    #[test]
    fn small_language_models_stay_on_the_processor_and_so_does_what_failed_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.gguf");
        let mut settings = settings(folder.path());
        settings.mind.model = file.to_str().unwrap().into();
        let store = Store::new(folder.path().join("models"));
        let place = |bytes, failed: &[Kind]| {
            sparse(&file, bytes);
            let room = Room { gpu: 8_000_000_000, cpu: 8_000_000_000 };
            let placed = Placement::within(&settings, &store, &ALL, failed, room);
            placed.of(Kind::Language).unwrap().unwrap().place
        };
        assert_eq!([999_999_999, 1_000_000_000].map(|bytes| place(bytes, &[])), [Place::Cpu, Place::Gpu]);
        assert_eq!(place(2_000_000_000, &[Kind::Recognition]), Place::Gpu);
        assert_eq!(place(2_000_000_000, &[Kind::Language]), Place::Cpu);
    }

    #[test]
    fn only_what_is_packed_there_computes_on_cuda_and_all_that_can_on_metal() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        let of_size = |settings: &Settings, kind, bytes| {
            let way = |place| Way { model: "a".into(), place, bytes };
            [Place::Gpu, Place::Cpu, Place::Remote].map(|place| computes_there(settings, kind, Some(&way(place))))
        };
        let of = |settings: &Settings, kind| of_size(settings, kind, 2_000_000_000);
        let expected = match (cfg!(feature = "cuda"), cfg!(feature = "metal")) {
            (true, _) => [true, false, false],
            (false, true) => [true, true, false],
            (false, false) => [false; 3],
        };
        assert_eq!([Kind::Recognition, Kind::Language].map(|kind| of(&settings, kind)), [expected; 2]);
        // A small language model is quicker on the processor; where it has a way there, it was found big enough.
        assert!(!of_size(&settings, Kind::Language, 500_000_000)[1]);
        assert_eq!([Kind::Voice, Kind::Ocr].map(|kind| of(&settings, kind)), [[false; 3]; 2]);
        settings.performance.gpu_enabled = false;
        assert_eq!(of(&settings, Kind::Language), [false; 3]);
    }

    #[test]
    fn memory_that_this_program_has_on_a_graphics_processor_is_its_own() {
        let told = "812, 1490\n4711, 96\n4711, 4\nnonsense\n5, [N/A]\n";
        assert_eq!([812, 4711, 5, 9].map(|process| used_by(told, process)), [1490, 100, 0, 0]);
    }

    #[test]
    fn what_is_not_installed_is_for_its_loading_to_say() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("models"));
        let placed = Placement::within(&settings(folder.path()), &store, &ALL, &[], Room { gpu: 0, cpu: 0 });
        for kind in ALL {
            assert_eq!(placed.of(kind).unwrap(), None);
        }
        assert!(placed.told().is_empty());
    }

    #[test]
    fn the_systems_figures_are_read() {
        assert_eq!(kilobytes("MemTotal: 9 kB\nMemAvailable:   24000 kB\n", "MemAvailable:"), Some(24_576_000));
        assert_eq!(kilobytes("nonsense", "MemAvailable:"), None);
        let files = |path: &str| {
            let text = match path {
                "/sys/fs/cgroup/a/b/memory.max" | "/sys/fs/cgroup/memory.max" => "max\n",
                "/sys/fs/cgroup/a/memory.max" => "1000\n",
                "/sys/fs/cgroup/a/memory.current" => "700\n",
                "/sys/fs/cgroup/a/memory.stat" => "anon 500\ninactive_file 150\n",
                _ => return None,
            };
            Some(text.to_owned())
        };
        assert_eq!(group_free("0::/a/b\n", files), Some(450), "the limit of the group above counts as well");
        assert_eq!(group_free("4:memory:/a\n0::/\n", files), None);
        assert_eq!(group_free("4:memory:/a\n", files), None);
    }
}
