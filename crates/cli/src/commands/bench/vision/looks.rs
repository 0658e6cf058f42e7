//! Questions about a screen that was seen before, and reading ahead: the real eyes and recognizer on pages that are drawn
//! by Pillow, as if a window showed them.

use super::super::baseline::Baseline;
use super::super::turn::cpu_seconds;
use super::super::{Better, Rows, median, ms};
use jarvis_core::{
    Cancel, Eyes, Look, Region, Result, ScreenCapture, ScreenTarget, ScreenText, ScreenWindow, Screenshot, SystemClock,
    TextSource,
};
use jarvis_engine::load::{Installed, Parts};
use jarvis_settings::{Paths, Settings};
use jarvis_vision::eyes::{self, Background, Rules, Screen};
use std::ffi::OsStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
/// The most that a look may take when the screen is as it was, or a dialog changed; and when a third did, ms.
const SEEN_MS: f64 = 100.0;
const THIRD_MS: f64 = 300.0;
/// A dialog in the middle of the screen.
const DIALOG: Region = Region::new(704, 400, 512, 200);
/// The upper third.
const THIRD: Region = Region::new(0, 0, WIDTH, HEIGHT / 3);
/// Three lines, px.
const SCROLLED: u32 = 72;
/// The most of one core that reading ahead may take, %.
const AHEAD_PERCENT: f64 = 5.0;
/// What is typed while it reads: letters a second, a letter, and for how long.
const TYPED: f64 = 5.0;
const LETTER: Region = Region::new(0, 0, 10, 24);
const MINUTES: f64 = 2.0;

/// A screen whose pixels the bench changes.
#[derive(Clone)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    fn pixels(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a part of another page.
    fn show(&self, from: &[u8], part: Region) {
        let mut pixels = self.pixels();
        for y in part.y as usize..part.bottom() as usize {
            let row = (y * WIDTH as usize + part.x as usize) * 4;
            let bytes = row..row + 4 * part.width as usize;
            pixels[bytes.clone()].copy_from_slice(&from[bytes]);
        }
    }

    /// Moves all of it up by `rows`; what comes in at the bottom is from another page.
    fn scroll(&self, from: &[u8], rows: u32) {
        let moved = (rows * WIDTH * 4) as usize;
        self.pixels().copy_within(moved.., 0);
        self.show(from, Region::new(0, (HEIGHT - rows) as i32, WIDTH, rows));
    }
}

/// Takes pictures of it. They are copied, as a window system copies them.
struct Camera {
    shown: Shown,
    picture: Vec<u8>,
}

impl ScreenCapture for Camera {
    fn capture(&mut self, _: &ScreenTarget) -> Result<Screenshot<'_>> {
        self.picture.clone_from(&self.shown.pixels());
        let windows = self.windows()?;
        let window = windows.first().cloned();
        let region = Region::new(0, 0, WIDTH, HEIGHT);
        let pixels = &mut self.picture[..];
        Ok(Screenshot { pixels, stride: WIDTH as usize * 4, region, scale: 1.0, window, windows })
    }

    fn windows(&mut self) -> Result<Vec<ScreenWindow>> {
        let region = Region::new(0, 0, WIDTH, HEIGHT);
        Ok(vec![ScreenWindow {
            id: 1,
            title: "page".into(),
            application: "reader".into(),
            region,
            frame: region,
            opaque: region,
            focused: true,
            ..ScreenWindow::default()
        }])
    }
}

/// Prints the rows.
pub(super) fn run(
    parts: &Installed,
    paths: &Paths,
    settings: &Settings,
    runs: usize,
    rows: &mut Rows<'_>,
) -> anyhow::Result<()> {
    let Some(mut pages) = Pages::start(paths) else { return Ok(()) };
    let page = pages.draw()?;
    let shown = Shown(Arc::new(Mutex::new(page.clone())));
    let mut screen = screen(parts, settings, &shown)?;
    let look = Look { target: ScreenTarget::ActiveWindow, reason: "to measure".into() };
    let mut see = |source: TextSource| -> anyhow::Result<(ScreenText, f64)> {
        let start = Instant::now();
        let text = screen.look(&look, &Cancel::new())?;
        let took = ms(start);
        anyhow::ensure!(text.source == source && !text.lines.is_empty(), "the page was not read as it should be");
        Ok((text, took))
    };
    let (first, fresh) = see(TextSource::Recognizer)?;
    let lines = first.lines.len();
    let (mut same, mut dialog, mut third, mut scrolled) = (vec![], vec![], vec![], vec![]);
    for _ in 0..2 * runs {
        same.push(see(TextSource::Cache)?.1);
        // No line of it was on a page before, so that what changes has to be read.
        let from = pages.draw()?;
        shown.show(&from, DIALOG);
        dialog.push(see(TextSource::Recognizer)?.1);
        shown.show(&from, THIRD);
        third.push(see(TextSource::Recognizer)?.1);
        shown.scroll(&from, SCROLLED);
        scrolled.push(see(TextSource::Recognizer)?.1);
    }
    let less = |values: &mut [f64]| (median(values), "ms", Better::Less);
    rows.add(("vision", format!("look at {lines} lines, the first")), (fresh, "ms", Better::Less), (None, None));
    rows.add(("vision", "— seen before, nothing changed"), less(&mut same), (Some(SEEN_MS), None));
    rows.add(("vision", "— seen before, a dialog changed"), less(&mut dialog), (Some(SEEN_MS), None));
    rows.add(("vision", "— seen before, a third changed"), less(&mut third), (Some(THIRD_MS), None));
    rows.add(("vision", "— seen before, scrolled by three lines"), less(&mut scrolled), (None, None));
    shown.show(&page, Region::new(0, 0, WIDTH, HEIGHT));
    ahead(&mut screen, &shown, &pages.draw()?, rows)
}

/// Someone types a page into a terminal, and what is typed is read ahead. Waiting is counted, not done.
fn ahead(screen: &mut Screen, shown: &Shown, typed: &[u8], rows: &mut Rows<'_>) -> anyhow::Result<()> {
    let paper = typed[..4].to_vec();
    shown.pixels().chunks_exact_mut(4).for_each(|pixel| pixel.copy_from_slice(&paper));
    let mut background = Background::new();
    let (mut seconds, mut letters) = (0.0, 0.0f64);
    let (mut steps, began) = (0, cpu_seconds());
    while seconds < 60.0 * MINUTES {
        let wait: Duration = background.step(screen, &|| false, &Cancel::new());
        seconds += wait.as_secs_f64();
        steps += 1;
        let until = seconds * TYPED;
        while letters < until {
            let (columns, rows) = (WIDTH / LETTER.width, HEIGHT / LETTER.height);
            let at = letters as u32 % (columns * rows);
            let (x, y) = (at % columns * LETTER.width, at / columns * LETTER.height);
            shown.show(typed, Region { x: x as i32, y: y as i32, ..LETTER });
            letters += 1.0;
        }
    }
    let share = (cpu_seconds() - began) / seconds * 100.0;
    let name = format!("reading ahead of a typist, share of a core ({steps} looks)");
    rows.add(("vision", name), (share, "%", Better::Less), (Some(AHEAD_PERCENT), None));
    Ok(())
}

fn screen(parts: &Installed, settings: &Settings, shown: &Shown) -> anyhow::Result<Screen> {
    let parts = eyes::Parts {
        capture: Box::new(Camera { shown: shown.clone(), picture: Vec::new() }),
        recognizer: parts.screen_reader(settings)?,
        tree: None,
        clock: Arc::new(SystemClock),
    };
    let rules = Rules::new(settings.eyes.excluded(), settings.eyes.private_windows);
    Ok(Screen::new(parts, rules, Duration::from_secs(300)))
}

/// Pages of text, each with a dialog of its own in the same place, where Pillow is installed.
struct Pages {
    drawn: Baseline,
    number: u32,
}

impl Pages {
    fn start(paths: &Paths) -> Option<Self> {
        let script = concat!(include_str!("pages.py"), include_str!("looks.py"));
        let drawn = Baseline::start(paths, script, &[OsStr::new(include_str!("pages.txt"))]).unwrap_or_else(|error| {
            eprintln!("jarvis: no pages to look at: {error}");
            None
        });
        drawn.map(|drawn| Self { drawn, number: 0 })
    }

    /// The next page, whose lines are on none before it.
    fn draw(&mut self) -> anyhow::Result<Vec<u8>> {
        let file = tempfile::Builder::new().prefix("jarvis-bench-").suffix(".bgrx").tempfile()?;
        let dialog = [DIALOG.x, DIALOG.y, DIALOG.width as i32, DIALOG.height as i32];
        let request = serde_json::json!({
            "number": self.number, "width": WIDTH, "height": HEIGHT, "dialog": dialog, "path": file.path(),
        });
        self.number += 1;
        let _: serde_json::Value = self.drawn.ask(&request)?;
        let pixels = std::fs::read(file.path())?;
        anyhow::ensure!(pixels.len() == (WIDTH * HEIGHT * 4) as usize, "the page has another size");
        Ok(pixels)
    }
}
