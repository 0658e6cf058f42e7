//! Pictures of a real X screen: every target, with shared memory and without, with a window manager and without, and what
//! is said of windows that close, of screens that are not there, and of servers that hang.
//!
//! Each test has an X server of its own (Xvfb) and draws windows of known colours itself, so each pixel is known.
#![cfg(target_os = "linux")]

use jarvis_core::{Region, ScreenCapture, ScreenTarget, Screenshot};
use jarvis_vision::capture::{Portal, X11, is_blank, masks};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::randr::{ConnectionExt as _, MonitorInfo};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux,
    EventMask, InputFocus, PropMode, StackMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
const GROUND: u32 = 0x20_40_60;

/// A program that ends with this test, however that ends.
fn spawn(command: &mut Command) -> Child {
    // SAFETY: one system call that is allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}. `scripts/bootstrap test` installs it."))
}

/// An X server, and a connection to draw with.
struct Screen {
    server: Child,
    display: String,
    x: RustConnection,
    root: Window,
}

impl Screen {
    fn start() -> Self {
        Self::with(&["-screen", "0", "640x480x24"])
    }

    fn with(arguments: &[&str]) -> Self {
        let (server, display) = Self::serve(arguments);
        let (x, number) = x11rb::connect(Some(&display)).expect("the server takes connections");
        let root = x.setup().roots[number].root;
        let screen = Self { server, display, x, root };
        // As on any desktop, the ground is painted once and for all.
        let ground = ChangeWindowAttributesAux::new().background_pixel(GROUND);
        screen.x.change_window_attributes(root, &ground).unwrap();
        screen.x.clear_area(false, root, 0, 0, 0, 0).unwrap();
        screen.point(WIDTH as i16 - 1, HEIGHT as i16 - 1);
        screen.x.sync().unwrap();
        screen
    }

    fn serve(arguments: &[&str]) -> (Child, String) {
        let mut command = Command::new("Xvfb");
        // -noreset: it lives on between two connections.
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset"]).args(arguments);
        let mut server = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut number = String::new();
        BufReader::new(server.stdout.take().expect("piped"))
            .read_line(&mut number)
            .expect("the server tells its number");
        (server, format!(":{}", number.trim()))
    }

    fn capture(&self) -> X11 {
        X11::connect(Some(&self.display)).expect("a screen")
    }

    /// Shows a window of one colour and waits until it is there.
    fn window(&self, title: &str, region: Region, colour: u32) -> Window {
        self.child(self.root, title, region, colour)
    }

    fn child(&self, parent: Window, title: &str, region: Region, colour: u32) -> Window {
        let id = self.x.generate_id().unwrap();
        let Region { x, y, width, height } = region;
        let (depth, class) = (x11rb::COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT);
        let (x, y, width, height) = (x as i16, y as i16, width as u16, height as u16);
        let look = CreateWindowAux::new().background_pixel(colour);
        self.x.create_window(depth, id, parent, x, y, width, height, 0, class, x11rb::COPY_FROM_PARENT, &look).unwrap();
        if !title.is_empty() {
            let utf8 = self.atom("UTF8_STRING");
            self.text(id, self.atom("_NET_WM_NAME"), utf8, title);
            self.text(id, AtomEnum::WM_CLASS.into(), AtomEnum::STRING.into(), &format!("{title}\0App-{title}\0"));
            let process = [std::process::id()];
            let name = self.atom("_NET_WM_PID");
            self.x.change_property32(PropMode::REPLACE, id, name, AtomEnum::CARDINAL, &process).unwrap();
        }
        self.x.map_window(id).unwrap();
        self.x.sync().unwrap();
        id
    }

    fn text(&self, window: Window, name: u32, kind: u32, text: &str) {
        self.x.change_property8(PropMode::REPLACE, window, name, kind, text.as_bytes()).unwrap();
    }

    fn atom(&self, name: &str) -> u32 {
        self.x.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    }

    fn focus(&self, window: impl Into<Window>) {
        self.x.set_input_focus(InputFocus::NONE, window, x11rb::CURRENT_TIME).unwrap();
        self.x.sync().unwrap();
    }

    fn point(&self, x: i16, y: i16) {
        self.x.warp_pointer(x11rb::NONE, self.root, 0, 0, 0, 0, x, y).unwrap();
        self.x.sync().unwrap();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What a picture shows at a place of the screen.
fn colour(picture: &Screenshot<'_>, x: i32, y: i32) -> u32 {
    assert!(picture.region.contains(x, y), "{x},{y} is not in {:?}", picture.region);
    let from = (y - picture.region.y) as usize * picture.stride + 4 * (x - picture.region.x) as usize;
    let [blue, green, red] = picture.pixels[from..from + 3] else { unreachable!() };
    u32::from_be_bytes([0, red, green, blue])
}

/// Holds each pixel against windows that lie on each other, the lowest first.
fn shows(picture: &Screenshot<'_>, windows: &[(Region, u32)]) {
    let Region { x, y, width, height } = picture.region;
    assert!(picture.stride >= 4 * width as usize && picture.pixels.len() >= picture.stride * height as usize);
    for y in y..y + height as i32 {
        for x in x..x + width as i32 {
            let top = windows.iter().rev().find(|(region, _)| region.contains(x, y));
            assert_eq!(colour(picture, x, y), top.map_or(GROUND, |(_, colour)| *colour), "at {x},{y}");
        }
    }
}

const SCREEN: Region = Region::new(0, 0, WIDTH, HEIGHT);
const LOW: (Region, u32) = (Region::new(40, 30, 300, 200), 0xC0_10_10);
const HIGH: (Region, u32) = (Region::new(200, 100, 250, 301), 0x10_C0_10);
/// Reaches out of the screen.
const EDGE: (Region, u32) = (Region::new(601, -20, 100, 60), 0x10_10_C0);

fn every_target(screen: &Screen, shared: bool) {
    let low = screen.window("low", LOW.0, LOW.1);
    let high = screen.window("high", HIGH.0, HIGH.1);
    let edge = screen.window("edge", EDGE.0, EDGE.1);
    let all = [LOW, HIGH, EDGE];
    let mut capture = screen.capture();
    assert_eq!(capture.shares_memory(), shared);

    let picture = capture.capture(&ScreenTarget::AllMonitors).unwrap();
    assert_eq!((picture.region, picture.scale), (SCREEN, 1.0));
    shows(&picture, &all);
    assert!(!is_blank(picture.view()));

    screen.focus(low);
    let picture = capture.capture(&ScreenTarget::ActiveWindow).unwrap();
    assert_eq!(picture.region, LOW.0);
    let window = picture.window.as_ref().expect("the window that was asked for");
    assert_eq!((window.id, &*window.title, &*window.application), (low.into(), "low", "App-low"));
    assert_eq!((window.process, window.focused, window.opaque), (std::process::id(), true, LOW.0));
    shows(&picture, &all);

    // The keyboard is in a part of a window.
    let part = screen.child(high, "", Region::new(5, 6, 50, 40), 0xFF_FF_FF);
    screen.focus(part);
    let picture = capture.capture(&ScreenTarget::ActiveWindow).unwrap();
    assert_eq!((picture.region, picture.window.as_ref().unwrap().id), (HIGH.0, high.into()));
    shows(&picture, &[LOW, HIGH, (Region::new(205, 106, 50, 40), 0xFF_FF_FF)]);
    screen.x.destroy_window(part).unwrap();

    screen.focus(edge);
    let picture = capture.capture(&ScreenTarget::ActiveWindow).unwrap();
    assert_eq!(picture.region, Region::new(601, 0, 39, 40), "what is on the screen of it");
    shows(&picture, &all);
    assert!(is_blank(picture.view()));

    screen.point(60, 60);
    let picture = capture.capture(&ScreenTarget::PointerWindow).unwrap();
    assert_eq!((picture.region, picture.window.as_ref().unwrap().focused), (LOW.0, false));
    screen.point(300, 200);
    assert_eq!(capture.capture(&ScreenTarget::PointerWindow).unwrap().region, HIGH.0, "the upper one");
    screen.point(10, 470);
    assert_eq!(
        capture.capture(&ScreenTarget::PointerWindow).unwrap().region,
        SCREEN,
        "the monitor, where no window is"
    );

    let region = Region::new(190, 90, 77, 31);
    let picture = capture.capture(&ScreenTarget::Region(region)).unwrap();
    assert_eq!(picture.region, region);
    shows(&picture, &all);
    assert!(picture.window.is_none(), "what has the keyboard is not in it");
    let picture = capture.capture(&ScreenTarget::Region(Region::new(-50, 400, 9000, 9000))).unwrap();
    assert_eq!(picture.region, Region::new(0, 400, WIDTH, 80));
    shows(&picture, &all);
    for off in
        [Region::new(640, 0, 5, 5), Region::new(-9, -9, 9, 9), Region::new(7, 7, 0, 3), Region::new(i32::MAX, 0, 9, 9)]
    {
        let error = capture.capture(&ScreenTarget::Region(off)).unwrap_err();
        assert_eq!(error.code, "vision.off_screen");
        assert!(error.hint.contains("639,479"), "{error:?}");
    }
}

#[test]
fn every_target_is_the_part_of_the_screen_that_it_names() {
    every_target(&Screen::start(), true);
}

#[test]
fn a_server_without_shared_memory_sends_the_same_pictures() {
    every_target(&Screen::with(&["-screen", "0", "640x480x24", "-extension", "MIT-SHM"]), false);
}

#[test]
fn pictures_stand_in_the_same_memory() {
    let screen = Screen::start();
    let mut capture = screen.capture();
    let small = ScreenTarget::Region(Region::new(3, 3, 10, 10));
    capture.capture(&small).unwrap();
    let place = capture.capture(&ScreenTarget::AllMonitors).unwrap().pixels.as_ptr();
    for _ in 0..100 {
        assert_eq!(capture.capture(&small).unwrap().pixels.as_ptr(), place);
        assert_eq!(capture.capture(&ScreenTarget::AllMonitors).unwrap().pixels.as_ptr(), place);
    }
}

#[test]
fn without_a_keyboard_focus_it_is_the_window_under_the_pointer_or_the_topmost() {
    let screen = Screen::start();
    let mut capture = screen.capture();
    screen.focus(InputFocus::POINTER_ROOT);
    let active = ScreenTarget::ActiveWindow;
    let picture = capture.capture(&active).unwrap();
    assert_eq!((picture.region, picture.window), (SCREEN, None), "no window: the monitor");
    screen.window("low", LOW.0, LOW.1);
    screen.window("high", HIGH.0, HIGH.1);
    assert_eq!(capture.capture(&active).unwrap().region, HIGH.0);
    screen.point(50, 50);
    assert_eq!(capture.capture(&active).unwrap().region, LOW.0);
    screen.focus(InputFocus::NONE);
    assert!(capture.windows().unwrap().iter().any(|window| window.focused), "one is meant in any case");
}

#[test]
fn windows_come_the_topmost_first_and_hidden_ones_not_at_all() {
    let screen = Screen::start();
    let low = screen.window("low", LOW.0, LOW.1);
    let high = screen.window("Rechnung – März", HIGH.0, HIGH.1);
    let gone = screen.window("gone", EDGE.0, EDGE.1);
    screen.x.unmap_window(gone).unwrap();
    screen.focus(low);
    let mut capture = screen.capture();
    let windows = capture.windows().unwrap();
    let told: Vec<_> = windows.iter().map(|window| (&*window.title, window.region, window.focused)).collect();
    assert_eq!(told, [("Rechnung – März", HIGH.0, false), ("low", LOW.0, true)]);
    assert_eq!(windows[0].application, "App-Rechnung – März");
    let up = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
    screen.x.configure_window(low, &up).unwrap();
    screen.x.destroy_window(high).unwrap();
    screen.x.sync().unwrap();
    let windows = capture.windows().unwrap();
    assert_eq!(windows.iter().map(|window| window.id).collect::<Vec<_>>(), [u64::from(low)]);
}

#[test]
fn no_window_that_is_shown_is_lost_among_those_that_are_not() {
    let screen = Screen::start();
    let secret = screen.window("secret", LOW.0, LOW.1);
    let bare = |x: i16, mapped: bool| {
        let (id, class) = (screen.x.generate_id().unwrap(), WindowClass::INPUT_OUTPUT);
        let look = CreateWindowAux::new();
        let depth = x11rb::COPY_DEPTH_FROM_PARENT;
        screen.x.create_window(depth, id, screen.root, x, 0, 1, 1, 0, class, x11rb::COPY_FROM_PARENT, &look).unwrap();
        if mapped {
            screen.x.map_window(id).unwrap();
        }
    };
    (0..1500).for_each(|_| bare(0, false));
    screen.x.sync().unwrap();
    let mut capture = screen.capture();
    let windows = capture.windows().unwrap();
    assert_eq!(windows.iter().map(|window| window.id).collect::<Vec<_>>(), [u64::from(secret)]);
    (0..1024).for_each(|at| bare(at % 640, true));
    screen.x.sync().unwrap();
    for refused in [capture.windows().err(), capture.capture(&ScreenTarget::AllMonitors).err()] {
        let error = refused.expect("who can't tell all windows tells none");
        assert!(error.code == "vision.too_many_windows" && !error.hint.is_empty(), "{error:?}");
    }
}

#[test]
fn of_windows_in_one_frame_the_topmost_is_meant_and_each_is_told() {
    let screen = Screen::start();
    let frame = screen.window("", Region::new(50, 60, 200, 120), 0x80_80_80);
    let inner = Region::new(0, 20, 200, 100);
    let tabs = ["low", "secret", "high"].map(|title| {
        let tab = screen.child(frame, title, inner, 0xC0_10_10);
        let state = screen.atom("WM_STATE");
        screen.x.change_property32(PropMode::REPLACE, tab, state, state, &[1, 0]).unwrap();
        tab
    });
    let [low, secret, high] = tabs;
    let below = screen.window("below", Region::new(0, 0, 300, 300), 0x10_C0_10);
    let under = ConfigureWindowAux::new().stack_mode(StackMode::BELOW);
    screen.x.configure_window(below, &under).unwrap();
    screen.x.unmap_window(secret).unwrap();
    screen.focus(high);
    let mut capture = screen.capture();
    let windows = capture.windows().unwrap();
    let titles: Vec<_> = windows.iter().map(|window| &*window.title).collect();
    assert_eq!(titles, ["high", "low", "secret", "below"]);
    let place = Region::new(50, 60, 200, 120);
    assert!(windows[..3].iter().all(|window| window.frame == place && window.opaque.is_empty()), "{windows:?}");
    assert!(windows[0].focused && windows[0].region == Region::new(50, 80, 200, 100), "{windows:?}");
    // One of them excludes all of the frame.
    let mut masked = Vec::new();
    masks(&windows, |window| window.title == "secret", &mut masked);
    assert_eq!(masked, [place]);
    let picture = capture.capture(&ScreenTarget::ActiveWindow).unwrap();
    assert_eq!(picture.window.unwrap().id, u64::from(high));
    screen.x.unmap_window(high).unwrap();
    screen.point(100, 100);
    let picture = capture.capture(&ScreenTarget::PointerWindow).unwrap();
    assert_eq!(picture.window.unwrap().id, u64::from(low), "it is shown now");
}

#[test]
fn where_the_screen_is_composed_only_what_says_so_hides_what_is_behind_it() {
    let screen = Screen::start();
    let window = screen.window("work", LOW.0, LOW.1);
    let mut capture = screen.capture();
    let mut opaque = || capture.windows().unwrap()[0].opaque;
    assert_eq!(opaque(), LOW.0);
    let owner = screen.x.generate_id().unwrap();
    let (class, look) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
    screen.x.create_window(0, owner, screen.root, 0, 0, 1, 1, 0, class, x11rb::COPY_FROM_PARENT, &look).unwrap();
    screen.x.set_selection_owner(owner, screen.atom("_NET_WM_CM_S0"), x11rb::CURRENT_TIME).unwrap();
    screen.x.sync().unwrap();
    assert!(opaque().is_empty(), "it may be see-through");
    let name = screen.atom("_NET_WM_OPAQUE_REGION");
    screen.x.change_property32(PropMode::REPLACE, window, name, AtomEnum::CARDINAL, &[5, 6, 70, 80]).unwrap();
    screen.x.sync().unwrap();
    assert_eq!(opaque(), Region::new(LOW.0.x + 5, LOW.0.y + 6, 70, 80));
}

#[test]
fn each_monitor_is_told_from_the_other() {
    let screen = Screen::start();
    let output = screen.x.randr_get_monitors(screen.root, true).unwrap().reply().unwrap().monitors[0].outputs.clone();
    for (name, x, width, outputs) in [("left", 0, 400u16, output), ("right", 400, 240, Vec::new())] {
        let (name, height) = (screen.atom(name), HEIGHT as u16);
        let monitor = MonitorInfo {
            name,
            x,
            width,
            height,
            outputs,
            width_in_millimeters: 100,
            height_in_millimeters: 100,
            ..Default::default()
        };
        screen.x.randr_set_monitor(screen.root, monitor).unwrap().check().unwrap();
    }
    let mut capture = screen.capture();
    screen.window("low", LOW.0, LOW.1);
    for (x, region) in [(399, Region::new(0, 0, 400, HEIGHT)), (400, Region::new(400, 0, 240, HEIGHT))] {
        screen.point(x, 470);
        let picture = capture.capture(&ScreenTarget::PointerMonitor).unwrap();
        assert_eq!(picture.region, region);
        shows(&picture, &[LOW]);
    }
    assert_eq!(capture.capture(&ScreenTarget::AllMonitors).unwrap().region, SCREEN);
}

#[test]
fn the_scale_that_the_desktop_tells_is_that_of_the_picture() {
    let screen = Screen::start();
    let mut capture = screen.capture();
    screen.text(
        screen.root,
        AtomEnum::RESOURCE_MANAGER.into(),
        AtomEnum::STRING.into(),
        "Xcursor.size:\t24\nXft.dpi:\t144\n",
    );
    screen.x.sync().unwrap();
    assert_eq!(capture.capture(&ScreenTarget::AllMonitors).unwrap().scale, 1.5);
}

#[test]
fn a_window_that_closes_meanwhile_is_a_sentence() {
    let screen = Screen::start();
    let mut capture = screen.capture();
    let done = AtomicBool::new(false);
    /// Ends the other thread, however this one ends.
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    std::thread::scope(|threads| {
        let _done = Done(&done);
        threads.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let window = screen.window("brief", LOW.0, LOW.1);
                let _ = screen.x.set_input_focus(InputFocus::NONE, window, x11rb::CURRENT_TIME).unwrap().check();
                screen.x.destroy_window(window).unwrap();
                screen.x.sync().unwrap();
            }
        });
        for _ in 0..300 {
            match capture.capture(&ScreenTarget::ActiveWindow) {
                // It is the window, or the ground, and never one in the name of the other.
                Ok(picture) if picture.window.is_some() => assert_eq!(picture.region, LOW.0),
                Ok(picture) => assert_eq!(picture.region, SCREEN),
                Err(error) => {
                    assert_eq!(error.code, "vision.window_closed");
                    assert!(!error.hint.is_empty());
                }
            }
        }
    });
    assert_eq!(capture.capture(&ScreenTarget::AllMonitors).unwrap().region, SCREEN);
}

#[test]
fn a_screen_of_few_colours_is_refused() {
    let (mut server, display) = Screen::serve(&["-screen", "0", "320x200x16"]);
    let error = X11::connect(Some(&display)).err().expect("16 bits");
    let _ = server.kill().and_then(|()| server.wait());
    assert_eq!(error.code, "vision.colours");
    assert!(error.message.contains("16") && error.message.contains("24"), "{error:?}");
}

#[test]
fn a_server_that_hangs_or_ends_is_a_sentence() {
    let mut screen = Screen::start();
    let mut capture = screen.capture();
    capture.capture(&ScreenTarget::AllMonitors).unwrap();
    let process = screen.server.id() as libc::pid_t;
    // SAFETY: a signal to this test's own server, which is not waited for yet.
    unsafe { libc::kill(process, libc::SIGSTOP) };
    let error = capture.capture(&ScreenTarget::AllMonitors).unwrap_err();
    assert_eq!(error.code, "vision.no_display");
    // SAFETY: as above.
    unsafe { libc::kill(process, libc::SIGCONT) };
    capture.capture(&ScreenTarget::AllMonitors).expect("it connects anew");

    screen.server.kill().unwrap();
    screen.server.wait().unwrap();
    for _ in 0..2 {
        let error = capture.capture(&ScreenTarget::ActiveWindow).unwrap_err();
        assert!(error.code == "vision.no_display" && !error.hint.is_empty(), "{error:?}");
    }
}

/// Looks until `ready`; what a window manager does takes its time.
#[track_caller]
fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < end, "waited for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_window_is_found_in_the_frame_that_its_manager_put_around_it() {
    let screen = Screen::start();
    let home = tempfile::tempdir().unwrap();
    let mut manager = Command::new("openbox");
    manager.env("DISPLAY", &screen.display).env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
    let mut manager = spawn(manager.stdout(Stdio::null()).stderr(Stdio::null()));
    let tell = |window: Window, name: &str, data: [u32; 5]| {
        let event = ClientMessageEvent::new(32, window, screen.atom(name), data);
        let mask = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::SUBSTRUCTURE_REDIRECT;
        screen.x.send_event(false, screen.root, mask, event).unwrap();
        screen.x.sync().unwrap();
    };
    // It is up when it does what it is told.
    let desktop = "_NET_CURRENT_DESKTOP";
    for number in [1, 0] {
        wait_for("the window manager", || {
            tell(screen.root, desktop, [number, 0, 0, 0, 0]);
            let told =
                screen.x.get_property(false, screen.root, screen.atom(desktop), AtomEnum::CARDINAL, 0, 1).ok()?;
            (told.reply().ok()?.value32()?.next()? == number).then_some(())
        });
    }
    let first = screen.window("first", Region::new(50, 60, 200, 100), 0xC0_10_10);
    let second = screen.window("second", Region::new(300, 200, 150, 120), 0x10_C0_10);
    let mut capture = screen.capture();
    for (window, size) in [(first, (200, 100)), (second, (150, 120))] {
        let told = wait_for("the window to have the keyboard", || {
            tell(window, "_NET_ACTIVE_WINDOW", [2, x11rb::CURRENT_TIME, 0, 0, 0]);
            let windows = capture.windows().unwrap();
            let told = windows.into_iter().find(|told| told.focused)?;
            (told.id == u64::from(window) && told.frame != told.region).then_some(told)
        });
        assert_eq!((told.region.width, told.region.height), size);
        assert_eq!(told.frame.intersection(&told.region), told.region, "{told:?}");
        assert!(told.frame.y < told.region.y, "its title stands over it: {told:?}");
        // The last of the requests above may be answered only now, and takes the keyboard from every window for a moment.
        wait_for("a picture of the window", || {
            let picture = capture.capture(&ScreenTarget::ActiveWindow).unwrap();
            let shown = picture.window.filter(|shown| shown.id == told.id)?;
            assert_eq!(picture.region, shown.region.intersection(&SCREEN));
            Some(())
        });
    }
    tell(second, "WM_CHANGE_STATE", [3, 0, 0, 0, 0]); // ICCCM's IconicState
    wait_for("the window to be put away", || {
        capture.windows().unwrap().iter().all(|window| window.id != u64::from(second)).then_some(())
    });
    manager.kill().unwrap();
    manager.wait().unwrap();
}

/// A session bus, and a portal on it that takes the picture at `file` or refuses with `code`.
struct Bus {
    server: Child,
    address: String,
}

impl Bus {
    fn start() -> Self {
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        let mut server = spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut address = String::new();
        BufReader::new(server.stdout.take().expect("piped"))
            .read_line(&mut address)
            .expect("the bus tells its address");
        Self { server, address: address.trim().to_owned() }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

struct Photographer {
    code: u32,
    file: std::path::PathBuf,
}

#[zbus::interface(name = "org.freedesktop.portal.Screenshot")]
impl Photographer {
    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        2
    }

    async fn screenshot(
        &self,
        _parent: String,
        options: HashMap<String, OwnedValue>,
        #[zbus(connection)] bus: &zbus::Connection,
        #[zbus(header)] header: zbus::message::Header<'_>,
    ) -> OwnedObjectPath {
        assert_eq!(options.get("interactive").map(|value| bool::try_from(value).unwrap()), Some(false));
        let request = OwnedObjectPath::try_from("/org/freedesktop/portal/desktop/request/7/jarvis").unwrap();
        let uri = format!("file://{}", self.file.display());
        let results = HashMap::from([("uri", zbus::zvariant::Value::from(uri))]);
        let asker = header.sender().map(|sender| sender.to_owned());
        let interface = "org.freedesktop.portal.Request";
        // Of another request first, which is nobody's business here.
        let other = "/org/freedesktop/portal/desktop/request/7/other";
        bus.emit_signal(asker.clone(), other, interface, "Response", &(0u32, &results)).await.unwrap();
        bus.emit_signal(asker, &request, interface, "Response", &(self.code, &results)).await.unwrap();
        request
    }
}

#[test]
fn a_wayland_desktop_takes_the_picture_itself() {
    let bus = Bus::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Screen shot.png");
    let mut picture = png::Encoder::new(std::fs::File::create(&file).unwrap(), 3, 1);
    picture.set_color(png::ColorType::Rgb);
    let mut picture = picture.write_header().unwrap();
    picture.write_image_data(&[1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
    picture.finish().unwrap();

    let mut portal = Portal::connect(Some(&bus.address)).unwrap();
    assert!(!portal.is_there(), "nobody is on the bus yet");
    let error = portal.capture(&ScreenTarget::AllMonitors).unwrap_err();
    assert!(error.code == "vision.no_portal" && error.hint.contains("xdg-desktop-portal"), "{error:?}");

    let serve = |code: u32| {
        let photographer = Photographer { code, file: file.clone() };
        let service = zbus::connection::Builder::address(&*bus.address).unwrap();
        let service = service.name("org.freedesktop.portal.Desktop").unwrap();
        let service = service.serve_at("/org/freedesktop/portal/desktop", photographer).unwrap();
        async_io::block_on(service.build()).unwrap()
    };
    for refusal in [1, 2] {
        let service = serve(refusal);
        let error = portal.capture(&ScreenTarget::AllMonitors).unwrap_err();
        assert!(error.code == "vision.no_permission" && !error.hint.is_empty(), "{error:?}");
        async_io::block_on(service.close()).unwrap();
    }
    let _service = serve(0);
    assert!(portal.is_there());
    let picture = portal.capture(&ScreenTarget::Region(Region::new(1, 0, 50, 50))).unwrap();
    assert_eq!(picture.region, Region::new(1, 0, 2, 1));
    assert_eq!((colour(&picture, 1, 0), colour(&picture, 2, 0)), (0x04_05_06, 0x07_08_09));
    assert!(!file.exists(), "nothing of the screen stays on the disk");
    assert!(portal.windows().unwrap().is_empty());
    assert!(portal.capture(&ScreenTarget::AllMonitors).is_err(), "the file is gone");
}
