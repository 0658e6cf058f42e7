//! What real windows tell: dialogs of GTK on an X screen, asked through the accessibility service of a session of their own.
//!
//! A window tells that it has the keyboard a moment after it has it, and on a busy machine an application may answer too late
//! once. So each test asks until it is told what it waits for, and holds that against what the window shows.
#![cfg(target_os = "linux")]

mod common;

use common::{Desktop, Window, wait_for};
use jarvis_core::{AccessibilityTree, Cancel, Region, TextRole, WindowText};
use jarvis_vision::tree::{self, Options};
use std::time::Duration;

/// Within this it is told or never is.
const LIMIT: Duration = Duration::from_secs(60);

fn options(desktop: &Desktop) -> Options {
    let address = desktop.variable("DBUS_SESSION_BUS_ADDRESS").expect("the desktop has a session bus");
    Options { session_bus: Some(address.into()), ..Options::default() }
}

/// The first start of the service may take longer than anybody waits for it.
fn open(options: &Options) -> Box<dyn AccessibilityTree> {
    wait_for("the accessibility service (package at-spi2-core)", LIMIT, || tree::open(options).ok())
}

fn told(tree: &mut dyn AccessibilityTree, what: &str, wanted: impl Fn(&WindowText) -> bool) -> WindowText {
    wait_for(what, LIMIT, || {
        let text = tree.focused_window(&Cancel::new()).expect("the service answers")?;
        Some(text).filter(|text| wanted(text))
    })
}

fn words(text: &WindowText) -> Vec<(&str, TextRole)> {
    text.lines.iter().map(|line| (line.text.as_str(), line.role)).collect()
}

fn region(window: &Window<'_>) -> Region {
    let (x, y, width, height) = window.region();
    Region::new(x, y, width, height)
}

#[test]
fn a_dialog_tells_its_title_its_message_and_its_button() {
    let desktop = Desktop::with_screen();
    let message = "The certificate expired 3 days ago.";
    let window = Window::error(&desktop, "Deployment failed", message, "Try again");
    let mut tree = open(&options(&desktop));
    let text = told(tree.as_mut(), "the dialog", |text| text.whole);
    assert_eq!((text.title.as_str(), text.application.as_str()), ("Deployment failed", "zenity"));
    assert!(text.dialog);
    assert_eq!(text.process, window.process());
    assert_eq!(text.region, region(&window));
    assert_eq!(words(&text), [(message, TextRole::Alert), ("Try again", TextRole::Control)]);
    for line in &text.lines {
        assert_eq!(line.region.intersection(&text.region), line.region, "{line:?} lies within the window");
        assert!(line.confidence == 1.0 && line.region.area() > 100, "{line:?}");
    }
    assert!(text.lines[0].region.bottom() < text.lines[1].region.bottom(), "the button is under the message");
    assert!(tree.hidden_fields(&Cancel::new()).expect("the service answers").is_empty());
}

#[test]
fn what_is_written_in_red_says_that_something_is_wrong() {
    let desktop = Desktop::with_screen();
    let _window = Window::error(&desktop, "Disk", "<span foreground=\"#c00000\">Disk full</span>", "OK");
    let mut tree = open(&options(&desktop));
    let text = told(tree.as_mut(), "the dialog", |text| text.whole);
    assert_eq!(words(&text), [("Disk full", TextRole::Error), ("OK", TextRole::Control)]);
}

#[test]
fn a_password_is_never_told_and_its_field_is() {
    let desktop = Desktop::with_screen();
    let window = Window::sign_in(&desktop, "Sign in", "Who are you?");
    let mut tree = open(&options(&desktop));
    told(tree.as_mut(), "the form", |text| text.whole);
    window.type_text("alice");
    window.key("Tab");
    window.type_text("hunter2");
    let text = told(tree.as_mut(), "the typed name", |text| words(text).contains(&("alice", TextRole::Field)));
    let labels = text.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>();
    assert_eq!(labels, ["Who are you?", "Name", "alice", "Password", "Cancel", "OK"]);
    let fields = wait_for("the field", LIMIT, || {
        Some(tree.hidden_fields(&Cancel::new()).expect("the service answers")).filter(|fields| !fields.is_empty())
    });
    let [field] = fields.as_slice() else { panic!("one field, not {fields:?}") };
    assert_eq!(field.intersection(&region(&window)), *field);
    let label = text.lines.iter().find(|line| line.text == "Password").expect("it was compared above").region;
    assert!(field.x >= label.right() && field.y < label.bottom() && label.y < field.bottom(), "beside its label");
    assert!(!text.lines.iter().any(|line| line.text.contains("hunter2") || line.region.meets(field)), "{text:?}");
}

#[test]
fn of_a_long_document_what_is_seen_is_told_line_by_line() {
    let desktop = Desktop::with_screen();
    let document: String = (1..=400).map(|line| format!("This is line {line}.\n")).collect();
    let window = Window::document(&desktop, "Minutes", &document, (600, 400));
    let mut tree = open(&options(&desktop));
    let text = told(tree.as_mut(), "the document", |text| text.whole && text.lines.len() > 4);
    let lines: Vec<_> = text.lines.iter().filter(|line| line.text.starts_with("This is line")).collect();
    // So many have room in 400 px, whatever the font.
    assert!((8..60).contains(&lines.len()), "{} lines", lines.len());
    for (number, line) in (1..).zip(&lines) {
        assert_eq!(line.text, format!("This is line {number}."));
        assert_eq!(line.region.intersection(&region(&window)), line.region, "{line:?}");
    }
    assert!(lines.windows(2).all(|two| two[0].region.bottom() <= two[1].region.y + 1), "one under the other");
}

#[test]
fn a_program_that_hangs_holds_nobody_up() {
    let desktop = Desktop::with_screen();
    let dead = Window::sign_in(&desktop, "Dead", "Is anybody there?");
    let mut tree = open(&options(&desktop));
    told(tree.as_mut(), "the form", |text| text.title == "Dead" && text.whole);
    let fields = wait_for("the field", LIMIT, || {
        Some(tree.hidden_fields(&Cancel::new()).expect("the service answers")).filter(|fields| !fields.is_empty())
    });
    dead.hang();
    let _window = Window::error(&desktop, "Alive", "Yes.", "OK");
    let text = told(tree.as_mut(), "the dialog", |text| text.title == "Alive" && text.whole);
    assert_eq!(words(&text), [("Yes.", TextRole::Alert), ("OK", TextRole::Control)]);
    // Its password field is on the screen still, although nobody can tell of it any more.
    assert_eq!(tree.hidden_fields(&Cancel::new()).expect("the service answers"), fields);
    dead.focus();
    let text = tree.focused_window(&Cancel::new()).expect("the service answers");
    assert!(text.is_none_or(|text| text.title != "Dead"), "a program that hangs tells nothing");
    drop(dead);
    wait_for("the field to be gone with its program", LIMIT, || {
        tree.hidden_fields(&Cancel::new()).expect("the service answers").is_empty().then_some(())
    });
}

#[test]
fn there_is_an_end_to_what_is_asked() {
    let desktop = Desktop::with_screen();
    let rows: Vec<String> = (1..=6_000).map(|row| format!("Row {row}")).collect();
    let window = Window::list(&desktop, "Rows", "Pick one:", "Row", &rows);
    let mut tree = open(&options(&desktop));
    let text = told(tree.as_mut(), "the list", |text| text.title == "Rows");
    assert!(!text.whole, "not all of it was asked for");
    assert!(text.lines.len() < 200, "{} lines do not fit into {:?}", text.lines.len(), window.region());
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(tree.focused_window(&cancel).expect_err("it was cancelled").is_cancelled());
    assert!(tree.focused_window(&Cancel::new()).is_ok(), "the next look is one like any other");
}

#[test]
fn accessibility_is_switched_on_while_the_tree_is_open_and_only_if_asked_for() {
    let desktop = Desktop::with_screen();
    let is_on = || {
        let property = ["org.freedesktop.DBus.Properties.Get", "string:org.a11y.Status", "string:IsEnabled"];
        let mut command = desktop.command("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus"]).args(property);
        let output = command.output().expect("dbus-send starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).contains("boolean true")
    };
    let as_it_is = options(&desktop);
    let tree = open(&as_it_is);
    assert!(!is_on());
    drop(tree);
    let tree = open(&Options { switch_on: true, ..as_it_is });
    assert!(is_on());
    drop(tree);
    assert!(!is_on(), "it is put back");
}
