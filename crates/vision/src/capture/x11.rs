//! The screen of an X server, in pictures that the server itself writes into memory that both share (MIT-SHM).
//!
//! Owns the connection, that memory and the way from a target to a rectangle. Pictures are always cut out of the screen as
//! it is shown: what covers a window is in its picture, so that what is masked by its place is masked in every picture. A
//! server on another machine (ssh) sends its pixels instead. Never polls: between two calls nothing runs.

mod link;
mod memory;
mod windows;

use self::link::{Connected, Patient};
use self::memory::Segment;
use super::{MOST_PIXELS, off_screen, too_large};
use jarvis_core::{Error, Region, Result, ScreenCapture, ScreenTarget, ScreenWindow, Screenshot};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::randr::ConnectionExt as _;
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, ImageFormat, ImageOrder, Screen, Setup, Window};
use x11rb::rust_connection::RustConnection;

/// How often a window that moves while its picture is taken is followed.
const FOLLOWED: usize = 3;

/// The screen of an X server.
pub struct X11 {
    display: Option<String>,
    link: Option<Link>,
    /// The last picture, where the server could not share memory.
    sent: Vec<u8>,
}

impl X11 {
    /// Connects to the display `name`, by default the one that `DISPLAY` names. A connection that is lost later is made anew by
    /// the next call.
    ///
    /// # Errors
    /// There is no such display, it doesn't answer within a second or refuses us, or its colours are of a kind that
    /// nothing here reads.
    pub fn connect(name: Option<&str>) -> Result<Self> {
        let link = Link::open(name).map_err(Error::from)?;
        Ok(Self { display: name.map(str::to_owned), link: Some(link), sent: Vec::new() })
    }

    /// Whether pictures come through shared memory, without a copy.
    pub fn shares_memory(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.shares)
    }

    /// Runs `work` with the connection, which is dropped when it fails.
    fn with<T>(&mut self, work: impl FnOnce(&mut Link, &mut Vec<u8>) -> Result<T, Failure>) -> Result<T> {
        if self.link.is_none() {
            self.link = Some(Link::open(self.display.as_deref()).map_err(Error::from)?);
        }
        let Some(link) = &mut self.link else { unreachable!("it was made above") };
        work(link, &mut self.sent).map_err(|failure| {
            if matches!(failure, Failure::Lost(_)) {
                self.link = None;
            }
            failure.into()
        })
    }
}

impl ScreenCapture for X11 {
    fn capture(&mut self, target: &ScreenTarget) -> Result<Screenshot<'_>> {
        let (region, scale, window, windows) = self.with(|link, sent| {
            let (region, scale, window) = link.take(target, sent)?;
            Ok((region, scale, window, link.windows()?))
        })?;
        let size = 4 * region.area() as usize;
        let shared = self.link.as_mut().filter(|link| link.shares).and_then(|link| link.segment.as_mut());
        let pixels = match shared {
            Some(segment) => &mut segment.bytes()[..size],
            None => &mut self.sent[..size],
        };
        Ok(Screenshot { pixels, stride: 4 * region.width as usize, region, scale, window, windows })
    }

    fn windows(&mut self) -> Result<Vec<ScreenWindow>> {
        self.with(|link, _| link.windows())
    }

    fn release(&mut self) {
        self.sent.fill(0);
        self.sent = Vec::new();
        if let Some(link) = &mut self.link
            && let Some(mut segment) = link.segment.take()
        {
            segment.bytes().fill(0);
            segment.detach(&link.server);
        }
    }
}

/// What can go wrong between us and the server.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The connection is of no more use.
    #[error("the connection to the screen was lost: {0}")]
    Lost(#[from] ConnectionError),
    /// The window is not there any more.
    #[error("the window was closed")]
    Gone,
    /// The rest, ready to be said.
    #[error("{0}")]
    Refused(#[from] Error),
}

impl From<ReplyError> for Failure {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::ConnectionError(error) => Self::Lost(error),
            ReplyError::X11Error(error) => {
                let message = format!("The screen refused to be looked at ({:?}).", error.error_kind);
                Self::Refused(Error::new("vision.refused", message, "Ask again; if that doesn't help, log out and in."))
            }
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost(_) => Self::new(
                "vision.no_display",
                "The connection to the screen was lost.",
                "Ask again; Jarvis connects anew. If the desktop session ended, start Jarvis in the new one.",
            ),
            Failure::Gone => Self::new(
                "vision.window_closed",
                "The window was closed while I looked at it.",
                "Open it again, or ask about another window.",
            ),
            Failure::Refused(error) => error,
        }
    }
}

x11rb::atom_manager! {
    /// The names of what windows tell of themselves (freedesktop.org's Extended Window Manager Hints, and GTK's).
    Atoms: AtomsCookie {
        UTF8_STRING,
        WM_STATE,
        _GTK_FRAME_EXTENTS,
        _NET_ACTIVE_WINDOW,
        _NET_CURRENT_DESKTOP,
        _NET_WM_DESKTOP,
        _NET_WM_NAME,
        _NET_WM_OPAQUE_REGION,
        _NET_WM_PID,
        _NET_WM_STATE,
        _NET_WM_STATE_HIDDEN,
        _NET_WM_WINDOW_OPACITY,
    }
}

/// A connection and what is known of its screen.
struct Link {
    server: RustConnection<Patient>,
    root: Window,
    atoms: Atoms,
    /// Who owns this selection puts the screen together from the windows' pictures.
    compositor: u32,
    monitors: bool,
    shapes: bool,
    shares: bool,
    segment: Option<Segment>,
}

impl Link {
    fn open(name: Option<&str>) -> Result<Self, Failure> {
        let Connected { server, screen: number, local } = link::connect(name)?;
        let setup = server.setup();
        let screen = &setup.roots[number];
        readable(setup, screen)?;
        let root = screen.root;
        let atoms = Atoms::new(&server)?;
        let compositor = server.intern_atom(false, format!("_NET_WM_CM_S{number}").as_bytes())?;
        let wayland = server.query_extension(b"XWAYLAND")?;
        for extension in ["RANDR", "SHAPE", "MIT-SHM"] {
            server.prefetch_extension_information(extension)?;
        }
        if wayland.reply()?.present {
            return Err(Error::new(
                "vision.wayland",
                "This X screen belongs to a Wayland desktop, which shows nothing of itself through it.",
                "Start Jarvis in the desktop session, so that WAYLAND_DISPLAY is set.",
            )
            .into());
        }
        let monitors = server.extension_information("RANDR")?.is_some() && {
            let version = server.randr_query_version(1, 5)?.reply()?;
            (version.major_version, version.minor_version) >= (1, 5)
        };
        let shapes = server.extension_information("SHAPE")?.is_some();
        // 1.2 takes memory without a name.
        let shares = local && server.extension_information("MIT-SHM")?.is_some() && {
            let version = server.shm_query_version()?.reply()?;
            (version.major_version, version.minor_version) >= (1, 2)
        };
        let (atoms, compositor) = (atoms.reply()?, compositor.reply()?.atom);
        Ok(Self { server, root, atoms, compositor, monitors, shapes, shares, segment: None })
    }

    /// Takes the picture of `target`: which part of the screen it is, the scale there, and the window.
    fn take(
        &mut self,
        target: &ScreenTarget,
        sent: &mut Vec<u8>,
    ) -> Result<(Region, f32, Option<ScreenWindow>), Failure> {
        let scale = self.scale()?;
        for _ in 0..FOLLOWED {
            let screen = self.screen()?;
            let mut windows = self.windows()?;
            let wanted = match target {
                ScreenTarget::ActiveWindow => windows.iter().position(|window| window.focused),
                ScreenTarget::PointerWindow => {
                    let (x, y) = self.pointer()?;
                    windows.iter().position(|window| window.frame.contains(x, y))
                }
                _ => None,
            };
            if let Some(index) = wanted {
                let window = windows.swap_remove(index);
                let region = window.region.intersection(&screen);
                if region.is_empty() {
                    return Err(off_screen(window.region, screen).into());
                }
                self.picture(region, sent)?;
                // What is there now may be another window: nobody shows what was not asked for.
                if self.place(window.id as Window)? == window.region {
                    return Ok((region, scale, Some(window)));
                }
                continue;
            }
            let region = match target {
                ScreenTarget::ActiveWindow | ScreenTarget::PointerWindow | ScreenTarget::PointerMonitor => {
                    let (x, y) = self.pointer()?;
                    self.monitors(screen)?.into_iter().find(|monitor| monitor.contains(x, y)).unwrap_or(screen)
                }
                ScreenTarget::AllMonitors => {
                    self.monitors(screen)?.iter().fold(Region::default(), |all, monitor| all.union(monitor))
                }
                ScreenTarget::Region(region) => region.intersection(&screen),
            };
            if region.is_empty() {
                let asked = if let ScreenTarget::Region(region) = target { *region } else { region };
                return Err(off_screen(asked, screen).into());
            }
            self.picture(region, sent)?;
            let focused = windows.into_iter().find(|window| window.focused && window.region.meets(&region));
            return Ok((region, scale, focused));
        }
        Err(Error::new("vision.moving", "The window moves too fast for a picture.", "Ask again when it stands still.")
            .into())
    }

    /// All of the screen.
    fn screen(&self) -> Result<Region, Failure> {
        let geometry = self.server.get_geometry(self.root)?.reply()?;
        Ok(Region::new(0, 0, geometry.width.into(), geometry.height.into()))
    }

    /// The monitors, as far as they are on the `screen`; at least one.
    fn monitors(&self, screen: Region) -> Result<Vec<Region>, Failure> {
        let mut monitors = Vec::new();
        if self.monitors {
            let told = self.server.randr_get_monitors(self.root, true)?.reply()?.monitors;
            let regions = told
                .iter()
                .map(|told| Region::new(told.x.into(), told.y.into(), told.width.into(), told.height.into()))
                .map(|monitor| monitor.intersection(&screen));
            monitors.extend(regions.filter(|monitor| !monitor.is_empty()));
        }
        if monitors.is_empty() {
            monitors.push(screen);
        }
        Ok(monitors)
    }

    fn pointer(&self) -> Result<(i32, i32), Failure> {
        let pointer = self.server.query_pointer(self.root)?.reply()?;
        Ok((pointer.root_x.into(), pointer.root_y.into()))
    }

    /// Physical pixels a logical one, as desktops tell it to X programs: `Xft.dpi`, of which 96 is 1. What monitors say of
    /// their size in millimetres is too often made up.
    fn scale(&self) -> Result<f32, Failure> {
        let resources =
            self.server.get_property(false, self.root, AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING, 0, 16 << 10)?;
        Ok(scale_of(&resources.reply()?.value))
    }

    /// Lets the server write `region` where the last picture was.
    fn picture(&mut self, region: Region, sent: &mut Vec<u8>) -> Result<(), Failure> {
        if region.area() > MOST_PIXELS {
            return Err(too_large(region).into());
        }
        let size = 4 * region.area() as usize;
        // What is on the screen is within 15 bits on every side.
        let (x, y, width, height) = (region.x as i16, region.y as i16, region.width as u16, region.height as u16);
        if self.shares && self.segment.as_ref().is_none_or(|segment| segment.len() < size) {
            if let Some(small) = self.segment.take() {
                small.detach(&self.server);
            }
            match Segment::attach(&self.server, size) {
                Ok(segment) => self.segment = Some(segment),
                Err(error) => {
                    tracing::debug!(%error, "The screen's server shares no memory; it sends its pixels.");
                    self.shares = false;
                }
            }
        }
        let format = ImageFormat::Z_PIXMAP;
        if let Some(segment) = self.segment.as_ref().filter(|_| self.shares) {
            let written =
                self.server.shm_get_image(self.root, x, y, width, height, !0, format.into(), segment.id, 0)?.reply()?;
            if (written.size as usize) < size {
                return Err(short().into());
            }
            return Ok(());
        }
        let image = self.server.get_image(format, self.root, x, y, width, height, !0)?.reply()?;
        if image.data.len() < size {
            return Err(short().into());
        }
        *sent = image.data;
        Ok(())
    }
}

/// Whether the pixels are what everything here reads: blue, green, red and an unused byte each.
fn readable(setup: &Setup, screen: &Screen) -> Result<()> {
    let depth = screen.root_depth;
    let bits = setup.pixmap_formats.iter().find(|format| format.depth == depth).map(|format| format.bits_per_pixel);
    let visual = screen.allowed_depths.iter().flat_map(|depth| &depth.visuals);
    let colours = visual
        .filter(|visual| visual.visual_id == screen.root_visual)
        .map(|visual| (visual.red_mask, visual.green_mask, visual.blue_mask))
        .next();
    let known = matches!(depth, 24 | 32)
        && bits == Some(32)
        && colours == Some((0xFF_0000, 0xFF00, 0xFF))
        && setup.image_byte_order == ImageOrder::LSB_FIRST;
    if known {
        return Ok(());
    }
    Err(Error::new(
        "vision.colours",
        format!("The screen has {depth} bits a pixel in an order of its own; only 24 and 32 bits are read."),
        "Set the screen to 24 bits a pixel (X: the depth), and log in again.",
    ))
}

/// A picture with fewer pixels than were asked for.
fn short() -> Error {
    Error::new("vision.refused", "The screen sent less than the picture.", "Ask again.")
}

/// The scale in the text of `RESOURCE_MANAGER`; 1 where it has none or one that can't be.
fn scale_of(resources: &[u8]) -> f32 {
    let text = String::from_utf8_lossy(resources);
    let dpi = text.lines().find_map(|line| line.strip_prefix("Xft.dpi:")?.trim().parse::<f32>().ok());
    dpi.map(|dpi| dpi / 96.0).filter(|scale| (0.5..=8.0).contains(scale)).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use x11rb::protocol::xproto::{Depth, Format, Visualtype};

    #[test]
    fn the_scale_is_what_the_desktop_tells() {
        assert_eq!(scale_of(b"Xcursor.size:\t24\nXft.dpi:\t192\nXft.rgba:\tnone\n"), 2.0);
        assert_eq!(scale_of(b"Xft.dpi: 144"), 1.5);
        for nonsense in [&b""[..], b"Xft.dpi:\t0", b"Xft.dpi:\tNaN", b"Xft.dpi:\t1e30", b"Xft.dpi:\tmany", b"\xff\xfe"]
        {
            assert_eq!(scale_of(nonsense), 1.0);
        }
    }

    proptest! {
        #[test]
        fn any_resources_have_a_scale(resources in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!((0.5..=8.0).contains(&scale_of(&resources)));
        }
    }

    #[test]
    fn colours_that_nobody_reads_are_refused_with_their_depth() {
        let screen = |depth: u8, red: u32| Screen {
            root_visual: 7,
            root_depth: depth,
            allowed_depths: vec![Depth {
                depth,
                visuals: vec![Visualtype {
                    visual_id: 7,
                    red_mask: red,
                    green_mask: 0xFF00,
                    blue_mask: 0xFF,
                    ..Default::default()
                }],
            }],
            ..Default::default()
        };
        let formats = |depth: u8, bits: u8| vec![Format { depth, bits_per_pixel: bits, scanline_pad: 32 }];
        let setup = |depth, bits, order| Setup {
            image_byte_order: order,
            pixmap_formats: formats(depth, bits),
            ..Default::default()
        };
        let (lsb, msb) = (ImageOrder::LSB_FIRST, ImageOrder::MSB_FIRST);
        for depth in [24, 32] {
            readable(&setup(depth, 32, lsb), &screen(depth, 0xFF_0000)).unwrap();
        }
        for (depth, bits, red, order) in [
            (16, 16, 0xF800, lsb),
            (8, 8, 0xFF_0000, lsb),
            (30, 32, 0x3FF0_0000, lsb),
            (24, 24, 0xFF_0000, lsb),
            (24, 32, 0xFF, lsb),
            (24, 32, 0xFF_0000, msb),
        ] {
            let error = readable(&setup(depth, bits, order), &screen(depth, red)).unwrap_err();
            assert!(error.message.contains(&depth.to_string()) && !error.hint.is_empty(), "{error:?}");
        }
    }
}
