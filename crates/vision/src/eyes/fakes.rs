//! A desktop made of letters: each stands in the middle of a cell of 16 px, as one pixel whose channels are its code, so
//! that "recognizing" it is looking at that pixel. Whatever a test changes, a picture shows.

use jarvis_core::{
    AccessibilityTree, Cancel, Clock, Error, LookTimings, Pixels, Region, Result, ScreenCapture, ScreenTarget,
    ScreenWindow, Screenshot, TextLine, TextRecognizer, WindowText,
};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

pub(super) const CELL: u32 = 16;
/// What excluded windows and password fields are full of.
pub(super) const SECRET: u8 = b'X';
/// The application that tests exclude.
pub(super) const VAULT: &str = "Vault";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Failing {
    pub(super) windows: bool,
    pub(super) capture: bool,
    pub(super) recognizer: bool,
    pub(super) tree: bool,
    /// The cancel is raised while the recognizer works.
    pub(super) cancelled: bool,
}

/// A window, with the letters of its cells, row by row of `columns`.
#[derive(Debug, Clone)]
pub(super) struct FakeWindow {
    pub(super) window: ScreenWindow,
    pub(super) letters: Vec<u8>,
    pub(super) columns: u32,
}

impl FakeWindow {
    pub(super) fn new(id: u64, application: &str, region: Region, letters: &[u8]) -> Self {
        let window = ScreenWindow {
            id,
            application: application.into(),
            title: format!("{application} {id}"),
            region,
            ..Default::default()
        };
        let columns = region.width.div_ceil(CELL).max(1);
        let cells = columns * region.height.div_ceil(CELL);
        Self { window, letters: letters.iter().copied().cycle().take(cells as usize).collect(), columns }
    }

    /// As the desktop lists it: opaque, without a frame.
    fn listed(&self) -> ScreenWindow {
        let region = self.window.region;
        ScreenWindow { frame: region, opaque: region, ..self.window.clone() }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) width: u32,
    pub(super) height: u32,
    /// The topmost first.
    pub(super) windows: Vec<FakeWindow>,
    pub(super) fields: Vec<Region>,
    pub(super) pointer: (i32, i32),
    pub(super) failing: Failing,
    /// Happens between the list of windows and the picture.
    pub(super) meanwhile: Option<Meanwhile>,
    /// How often captures and recognizers gave their memory back.
    pub(super) releases: u32,
    /// What the recognizer was last told to forget.
    pub(super) forgotten: Option<Duration>,
    /// Nobody tells which windows there are.
    pub(super) unlisted: bool,
    /// How many cells of excluded windows the recognizer was shown.
    pub(super) secrets_read: u32,
    pub(super) told: Option<WindowText>,
    pub(super) now: Duration,
    /// Pixels that the recognizer was given, and pictures that were taken.
    pub(super) pixels_read: u64,
    pub(super) pictures: u32,
    /// Overwritten by each picture.
    noise: u8,
}

/// What happens while nobody looks.
#[derive(Debug, Clone)]
pub(super) enum Meanwhile {
    /// A window opens.
    Opens(FakeWindow),
    /// A window opens, and is closed right after the picture.
    Blinks(FakeWindow),
    /// A window is somewhere else while the picture is taken.
    Jumps { window: usize, x: i32, y: i32 },
    /// All password fields are in another place from the picture on.
    FieldMoves(Region),
}

/// The desktop, as all of the fakes share it.
#[derive(Debug, Clone)]
pub(super) struct Desktop {
    world: Arc<Mutex<World>>,
    begin: Instant,
}

impl Desktop {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let world = World { width, height, ..World::default() };
        Self { world: Arc::new(Mutex::new(world)), begin: Instant::now() }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) fn parts(&self) -> super::Parts {
        super::Parts {
            capture: Box::new(FakeCapture { desktop: self.clone(), pixels: Vec::new() }),
            recognizer: Box::new(self.clone()),
            tree: Some(Box::new(self.clone())),
            clock: Arc::new(self.clone()),
        }
    }
}

impl Clock for Desktop {
    fn now(&self) -> Instant {
        self.begin + self.world().now
    }

    fn local(&self) -> jiff::Zoned {
        let since = jiff::SignedDuration::try_from(self.world().now).unwrap();
        (jiff::Timestamp::UNIX_EPOCH + since).to_zoned(jiff::tz::TimeZone::UTC)
    }
}

impl World {
    /// What the pixel in the middle of a cell of the desktop shows.
    fn letter(&self, x: i32, y: i32) -> u8 {
        if self.fields.iter().any(|field| field.contains(x, y)) {
            return SECRET;
        }
        let over = self.windows.iter().find(|window| window.window.region.contains(x, y));
        over.map_or(0, |over| {
            if over.window.application == VAULT {
                return SECRET;
            }
            let (column, row) = ((x - over.window.region.x) as u32 / CELL, (y - over.window.region.y) as u32 / CELL);
            over.letters.get((row * over.columns + column) as usize).copied().unwrap_or(0)
        })
    }

    fn listed(&self) -> Vec<ScreenWindow> {
        if self.unlisted { Vec::new() } else { self.windows.iter().map(FakeWindow::listed).collect() }
    }

    fn desktop(&self) -> Region {
        Region::new(0, 0, self.width, self.height)
    }

    fn region(&self, target: &ScreenTarget) -> (Region, Option<ScreenWindow>) {
        let window = |found: Option<&FakeWindow>| found.map(FakeWindow::listed);
        let focused = window(self.windows.iter().find(|window| window.window.focused));
        let under =
            window(self.windows.iter().find(|window| window.window.region.contains(self.pointer.0, self.pointer.1)));
        let monitor = Region::new(0, 0, self.width / CELL / 2 * CELL, self.height);
        match target {
            ScreenTarget::ActiveWindow => (focused.as_ref().map_or(monitor, |window| window.region), focused),
            ScreenTarget::PointerWindow => (under.as_ref().map_or(monitor, |window| window.region), under),
            ScreenTarget::PointerMonitor => (monitor, focused.filter(|window| window.region.meets(&monitor))),
            ScreenTarget::AllMonitors => (self.desktop(), focused),
            ScreenTarget::Region(region) => (*region, focused.filter(|window| window.region.meets(region))),
        }
    }
}

fn broken() -> Error {
    Error::new("test.broken", "This was meant to fail.", "")
}

struct FakeCapture {
    desktop: Desktop,
    pixels: Vec<u8>,
}

impl ScreenCapture for FakeCapture {
    fn capture(&mut self, target: &ScreenTarget) -> Result<Screenshot<'_>> {
        let mut world = self.desktop.world();
        if world.failing.capture {
            return Err(broken());
        }
        let mut after = None;
        match world.meanwhile.take() {
            Some(Meanwhile::Opens(window)) => world.windows.insert(0, window),
            Some(Meanwhile::Blinks(window)) => {
                after = Some(world.windows.clone());
                world.windows.insert(0, window);
            }
            Some(Meanwhile::Jumps { window, x, y }) => {
                after = Some(world.windows.clone());
                let jumps = world.windows.get_mut(window).map(|window| &mut window.window.region);
                jumps.into_iter().for_each(|region| (region.x, region.y) = (x, y));
            }
            Some(Meanwhile::FieldMoves(to)) => world.fields = vec![to],
            None => (),
        }
        world.pictures += 1;
        world.noise = world.noise.wrapping_add(101);
        let (region, window) = world.region(target);
        let region = region.intersection(&world.desktop());
        let stride = 4 * region.width as usize + 12;
        self.pixels.clear();
        self.pixels.resize(stride * region.height as usize, 0);
        // The byte that doesn't count is another one each time.
        self.pixels.iter_mut().skip(3).step_by(4).for_each(|byte| *byte = world.noise);
        let half = CELL as i32 / 2;
        for y in (half..region.height as i32).step_by(CELL as usize) {
            for x in (half..region.width as i32).step_by(CELL as usize) {
                let letter = world.letter(region.x + x, region.y + y);
                let at = y as usize * stride + 4 * x as usize;
                self.pixels[at..at + 3].fill(letter);
            }
        }
        let windows = world.listed();
        if let Some(after) = after {
            world.windows = after;
        }
        Ok(Screenshot { pixels: &mut self.pixels, stride, region, scale: 1.0, window, windows })
    }

    fn release(&mut self) {
        self.desktop.world().releases += 1;
    }

    fn windows(&mut self) -> Result<Vec<ScreenWindow>> {
        let world = self.desktop.world();
        if world.failing.windows {
            return Err(broken());
        }
        Ok(world.listed())
    }
}

impl TextRecognizer for Desktop {
    /// Lines are letters without a gap; one is read if a letter of it is in an area.
    fn recognize(
        &mut self,
        pixels: Pixels<'_>,
        areas: &[Region],
        cancel: &Cancel,
        lines: &mut Vec<TextLine>,
    ) -> Result<LookTimings> {
        let mut world = self.world();
        world.pixels_read += areas.iter().map(Region::area).sum::<u64>();
        let half = CELL / 2;
        for row in 0..(pixels.height + half) / CELL {
            let letter = |column: u32| pixels.row(row * CELL + half)[4 * (column * CELL + half) as usize];
            let cells: Vec<u8> = (0..(pixels.width + half) / CELL).map(letter).collect();
            world.secrets_read += cells.iter().filter(|&&cell| cell == SECRET).count() as u32;
            let mut column = 0;
            while column < cells.len() {
                let letters: Vec<u8> = cells[column..].iter().copied().take_while(|&letter| letter != 0).collect();
                let x = |cell: usize| (cell as u32 * CELL) as i32;
                let inked = |cell: usize| {
                    let (x, y) = (x(cell) + half as i32, x(row as usize) + half as i32);
                    areas.iter().any(|area| area.contains(x, y))
                };
                if (column..column + letters.len()).any(inked) {
                    lines.push(TextLine {
                        region: Region::new(x(column), x(row as usize), letters.len() as u32 * CELL, CELL),
                        text: String::from_utf8_lossy(&letters).into_owned(),
                        confidence: 0.9,
                        ..TextLine::default()
                    });
                }
                column += letters.len().max(1);
            }
        }
        if world.failing.recognizer {
            return Err(broken());
        }
        if world.failing.cancelled {
            cancel.cancel();
            return Err(Error::cancelled());
        }
        Ok(LookTimings::default())
    }

    fn forget(&mut self, unseen: Duration) {
        self.world().forgotten = Some(unseen);
    }

    fn release(&mut self) {
        self.world().releases += 1;
    }
}

impl AccessibilityTree for Desktop {
    fn focused_window(&mut self, _: &Cancel) -> Result<Option<WindowText>> {
        let world = self.world();
        if world.failing.tree { Err(broken()) } else { Ok(world.told.clone()) }
    }

    fn hidden_fields(&mut self, _: &Cancel) -> Result<Vec<Region>> {
        let world = self.world();
        if world.failing.tree { Err(broken()) } else { Ok(world.fields.clone()) }
    }
}
