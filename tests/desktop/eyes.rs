//! What is seen of a look at the screen: the sign that is lit, the frame around what was found, the list of looks, and the
//! settings of what may be looked at.

use super::{LOADING, MOMENT, app, events_of, picture, pixels, xdotool};
use crate::common::{Desktop, Microphone, Window, one_at_a_time, wait_for};
use crate::driver::Driver;
use crate::tray::Tray;
use jarvis_core::{AssistantEvent, EventRecord, Region};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use x11rb::connection::Connection as _;
use x11rb::protocol::shape::{ConnectionExt as _, SK};
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, MapState};

/// A look is over in no time, and what shows it in a second or two. On a machine that is busy just then it is asked again.
const TRIES: usize = 8;

/// Asks, and waits for the answer.
fn ask(desktop: &Desktop, question: &str) -> String {
    let output = desktop.jarvis(&["ask", question]).output().expect("jarvis starts");
    assert!(output.status.success(), "{question}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Asks until `seen` gives something, at the latest three seconds after the answer.
fn ask_until<T>(desktop: &Desktop, question: &str, what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    for _ in 0..TRIES {
        let found = thread::scope(|scope| {
            let asked = scope.spawn(|| ask(desktop, question));
            let mut answered = None;
            loop {
                if let Some(found) = seen() {
                    println!("“{}”", asked.join().expect("it was answered").trim());
                    return Some(found);
                }
                if asked.is_finished() {
                    let since: &Instant = answered.get_or_insert_with(Instant::now);
                    if since.elapsed() > Duration::from_secs(3) {
                        return None;
                    }
                }
                thread::sleep(Duration::from_millis(10));
            }
        });
        if let Some(found) = found {
            return found;
        }
    }
    panic!("asked {TRIES} times without {what}");
}

/// The windows of the frame that is shown: where each is, and whether it lets clicks through.
fn frame(desktop: &Desktop) -> Vec<(Region, bool)> {
    let (server, number) = x11rb::connect(desktop.variable("DISPLAY")).expect("the screen is there");
    let root = server.setup().roots[number].root;
    let windows = server.query_tree(root).unwrap().reply().expect("the server lists windows").children;
    // One may go while it is looked at, and one that is not up yet is not whole.
    let side = |window| {
        let shown = server.get_window_attributes(window).ok()?.reply().ok()?;
        let name =
            server.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::STRING, 0, 16).ok()?.reply().ok()?.value;
        let place = server.get_geometry(window).ok()?.reply().ok()?;
        let input = server.shape_get_rectangles(window, SK::INPUT).ok()?.reply().ok()?.rectangles;
        let region = Region::new(place.x.into(), place.y.into(), place.width.into(), place.height.into());
        let is_side = shown.override_redirect && shown.map_state == MapState::VIEWABLE && name == b"Jarvis highlight";
        is_side.then_some((region, input.is_empty()))
    };
    windows.into_iter().filter_map(side).collect()
}

fn highlighted(events: &mpsc::Receiver<(Instant, EventRecord)>) -> Option<Region> {
    events.try_iter().find_map(|(_, record)| match record.event {
        AssistantEvent::Highlight { region, .. } => Some(region),
        _ => None,
    })
}

#[test]
fn a_look_lights_the_sign_frames_what_was_found_and_is_listed_until_it_is_forgotten() {
    const QUESTION: &str = "where is the try again button on the screen";
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let tray = Tray::of(&desktop);
    let _microphone = Microphone::of(&desktop);
    let window = Driver::start(&desktop, &app());
    wait_for("the app to be ready", LOADING, || (window.text("header [role=status]") == "Ready").then_some(()));
    window.look("location.hash = 'screen'");
    wait_for("the empty list", MOMENT, || window.text(".scroll").contains("I have not looked").then_some(()));

    let dialog = Window::error(&desktop, "Deployment failed", "The certificate expired 3 days ago.", "Try again");
    let looking = picture("looking");
    ask_until(&desktop, QUESTION, "a pupil in the tray", || (pixels(&tray.picture()) == looking).then_some(()));
    wait_for("the sign to go out", MOMENT, || (pixels(&tray.picture()) != looking).then_some(()));

    let events = events_of(&desktop);
    let focus = xdotool(&desktop, &["getwindowfocus"]);
    let shown = ask_until(&desktop, QUESTION, "a frame around the button", || {
        let sides = frame(&desktop);
        (sides.len() == 4).then_some(sides)
    });
    assert_eq!(xdotool(&desktop, &["getwindowfocus"]), focus, "the frame took the keyboard");
    assert!(shown.iter().all(|(_, clicked_through)| *clicked_through), "{shown:?}");
    let found = wait_for("the event", MOMENT, || highlighted(&events));
    let (x, y, width, height) = dialog.region();
    let dialog = Region::new(x, y, width, height);
    assert_eq!(found.intersection(&dialog), found, "the button is in the dialog: {found:?}, {dialog:?}");
    let around = shown.iter().fold(Region::default(), |all, (side, _)| all.union(side));
    assert_eq!(around.intersection(&found), found, "{around:?} is not around {found:?}");
    let near = Region::new(found.x - 8, found.y - 8, found.width + 16, found.height + 16);
    assert_eq!(around.intersection(&near), around, "{around:?} is far from {found:?}");
    assert!(shown.iter().all(|(side, _)| !side.meets(&found)), "the frame covers what it shows: {shown:?}");
    wait_for("the frame to go", MOMENT, || frame(&desktop).is_empty().then_some(()));

    let listed = wait_for("the look in the list", MOMENT, || {
        let text = window.text(".scroll");
        text.contains("active window").then_some(text)
    });
    println!("the window lists:\n{listed}");
    assert!(listed.to_lowercase().contains("try again"), "it says why: {listed}");
    assert!(!listed.contains("certificate"), "what was read is not in the list: {listed}");
    window.look("location.hash = 'conversation'");
    wait_for("where the answer is from", MOMENT, || {
        let text = window.text(".transcript");
        let told = ["read from the window", "recognized in the picture", "unchanged since"];
        told.iter().any(|told| text.contains(told)).then_some(())
    });
    window.look("location.hash = 'screen'");
    wait_for("the list again", MOMENT, || window.text(".scroll").contains("active window").then_some(()));
    window.look("document.querySelector('header button').click()");
    wait_for("all to be forgotten", MOMENT, || window.text(".scroll").contains("I have not looked").then_some(()));
}

#[test]
fn what_is_never_looked_at_is_chosen_in_the_window() {
    let _turn = one_at_a_time();
    let desktop = Desktop::with_screen();
    let _tray = Tray::of(&desktop);
    let _microphone = Microphone::of(&desktop);
    let window = Driver::start(&desktop, &app());
    wait_for("the app to be ready", LOADING, || (window.text("header [role=status]") == "Ready").then_some(()));
    window.look("location.hash = 'settings'");
    let list = || window.text("[data-path='eyes.excluded_apps'] ul");
    wait_for("the list", MOMENT, || list().contains("KeePassXC").then_some(()));
    for path in ["enabled", "private_windows", "accessibility", "highlight", "remember_minutes", "background"] {
        let field = format!("document.getElementById('setting-eyes.{path}') !== null");
        assert_eq!(window.look(&field), true, "{path} is not in the settings");
    }

    let kept = || {
        let output =
            desktop.jarvis(&["--json", "config", "get", "eyes.excluded_apps"]).output().expect("jarvis starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    window.type_into("[id='setting-eyes.excluded_apps']", "Thunderbird\u{e007}");
    wait_for("another name in the list", MOMENT, || list().contains("Thunderbird").then_some(()));
    wait_for("it to be kept", MOMENT, || kept().contains("Secrets, Thunderbird").then_some(()));
    window.look("document.querySelector('[aria-label=\"Take Thunderbird out\"]').click()");
    wait_for("the name to be gone", MOMENT, || (!list().contains("Thunderbird")).then_some(()));
    let is_out = |kept: String| !kept.contains("Thunderbird") && kept.contains("Secrets");
    wait_for("it to be kept", MOMENT, || is_out(kept()).then_some(()));
}
