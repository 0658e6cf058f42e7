use super::fakes::{CELL, Desktop, Failing, FakeWindow, Meanwhile, SECRET, VAULT};
use super::*;
use jarvis_core::WindowText;
use proptest::prelude::*;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 320;

fn rules() -> Rules {
    Rules::new([VAULT], true)
}

fn eyes(desktop: &Desktop) -> Screen {
    Screen::new(desktop.parts(), rules(), Duration::from_secs(60))
}

fn look(target: ScreenTarget) -> Look {
    Look { target, reason: "to test".into() }
}

fn see(screen: &mut Screen, target: ScreenTarget) -> ScreenText {
    screen.look(&look(target), &Cancel::new()).unwrap()
}

fn texts(text: &ScreenText) -> Vec<&str> {
    text.lines.iter().map(|line| line.text.as_str()).collect()
}

/// A desktop with an editor that has the keyboard.
fn editor() -> (Desktop, Screen) {
    let desktop = Desktop::new(WIDTH, HEIGHT);
    let mut window = FakeWindow::new(1, "Editor", Region::new(64, 64, 480, 160), b"one\0two\0");
    window.window.focused = true;
    desktop.world().windows.push(window);
    let screen = eyes(&desktop);
    (desktop, screen)
}

#[test]
fn what_did_not_change_is_not_read_again_even_where_the_window_moved() {
    let (desktop, mut screen) = editor();
    let first = see(&mut screen, ScreenTarget::ActiveWindow);
    assert_eq!((first.source, first.lines.len()), (TextSource::Recognizer, 80));
    assert_eq!((first.window.as_deref(), first.application.as_deref()), (Some("Editor 1"), Some("Editor")));
    assert_eq!(first.notes, [""; 0]);
    let read = desktop.world().pixels_read;
    desktop.world().windows[0].window.region = Region::new(96, 32, 480, 160);
    let again = see(&mut screen, ScreenTarget::ActiveWindow);
    assert_eq!((again.source, desktop.world().pixels_read), (TextSource::Cache, read));
    assert_eq!(again.notes, [ScreenText::UNCHANGED]);
    assert_eq!(texts(&again), texts(&first));
    assert_eq!(again.lines[0].region, Region::new(96, 32, 48, 16));
    desktop.world().windows[0].letters[3] = b'-';
    let changed = see(&mut screen, ScreenTarget::ActiveWindow);
    assert_eq!((changed.source, changed.lines[0].text.as_str()), (TextSource::Recognizer, "one-two"));
    assert!(desktop.world().pixels_read < read + read / 2);
}

#[test]
fn the_tree_is_preferred_where_it_tells_everything() {
    let (desktop, mut screen) = editor();
    let line =
        |text: &str, x| TextLine { text: text.into(), region: Region::new(x, 80, 64, 16), ..TextLine::default() };
    let told = WindowText {
        title: "Editor 1".into(),
        application: "Editor".into(),
        region: Region::new(64, 64, 480, 160),
        lines: vec![line("exact", 80)],
        whole: true,
        ..WindowText::default()
    };
    desktop.world().told = Some(told.clone());
    // Of a window that this one covers: what it hides itself is not told in the first place.
    desktop.world().fields = vec![Region::new(70, 70, 90, 40)];
    let text = see(&mut screen, ScreenTarget::ActiveWindow);
    assert_eq!((text.source, texts(&text)), (TextSource::Accessibility, vec!["exact"]));
    assert_eq!(text.notes, [""; 0]);
    assert_eq!(desktop.world().pictures, 0);
    let captures = screen.ledger().captures();
    assert_eq!((captures[0].source, captures[0].pixels_read), (TextSource::Accessibility, 0));

    // Not all of the text, another window's, or nothing at all: the picture is read.
    desktop.world().fields.clear();
    for told in [
        WindowText { whole: false, ..told.clone() },
        WindowText { process: 7, ..told.clone() },
        WindowText { lines: Vec::new(), ..told.clone() },
    ] {
        desktop.world().told = Some(told);
        desktop.world().windows[0].window.process = 6;
        assert_ne!(see(&mut screen, ScreenTarget::ActiveWindow).source, TextSource::Accessibility);
    }
    desktop.world().failing.tree = true;
    assert_eq!(see(&mut screen, ScreenTarget::ActiveWindow).source, TextSource::Cache);
}

#[test]
fn an_excluded_window_is_not_even_captured_when_it_has_the_keyboard() {
    let (desktop, mut screen) = editor();
    for (application, title) in [(VAULT, "Passwords"), ("Browser", "Cake - Browser (Incognito)")] {
        {
            let mut world = desktop.world();
            world.windows[0].window.application = application.into();
            world.windows[0].window.title = title.into();
        }
        let text = see(&mut screen, ScreenTarget::ActiveWindow);
        assert_eq!((text.lines.len(), text.notes, text.window), (0, vec![EXCLUDED.to_owned()], None));
    }
    assert_eq!((desktop.world().pictures, screen.ledger().captures().len()), (0, 0));
    let text = see(&mut screen, ScreenTarget::PointerMonitor);
    assert_eq!((text.lines.len(), text.notes, text.window), (0, vec![PARTS_EXCLUDED.to_owned()], None));
    assert_eq!(screen.ledger().captures()[0].masked, 1);
}

#[test]
fn what_opens_while_the_picture_is_taken_is_left_out() {
    let (desktop, mut screen) = editor();
    see(&mut screen, ScreenTarget::AllMonitors);
    let vault = FakeWindow::new(2, VAULT, Region::new(64, 64, 160, 160), b"x");
    desktop.world().meanwhile = Some(Meanwhile::Opens(vault));
    let text = see(&mut screen, ScreenTarget::AllMonitors);
    assert_eq!(text.notes, [PARTS_EXCLUDED]);
    assert!(!text.lines.is_empty() && text.lines.iter().all(|line| !line.text.contains(SECRET as char)));
    desktop.world().windows.remove(0);
    let after = see(&mut screen, ScreenTarget::AllMonitors);
    assert_eq!(texts(&after), texts(&see(&mut eyes(&desktop), ScreenTarget::AllMonitors)));
}

#[test]
fn what_is_excluded_is_black_wherever_it_was_around_the_picture() {
    let (desktop, mut screen) = editor();
    desktop.world().windows.push(FakeWindow::new(2, VAULT, Region::new(0, 240, 160, 64), b"x"));
    for meanwhile in [
        Meanwhile::Blinks(FakeWindow::new(3, VAULT, Region::new(64, 64, 160, 160), b"x")),
        Meanwhile::Jumps { window: 1, x: 320, y: 240 },
        Meanwhile::Opens(FakeWindow::new(4, VAULT, Region::new(256, 64, 64, 64), b"x")),
    ] {
        desktop.world().secrets_read = 0;
        desktop.world().meanwhile = Some(meanwhile.clone());
        let text = see(&mut screen, ScreenTarget::AllMonitors);
        assert_eq!(text.notes, [PARTS_EXCLUDED], "{meanwhile:?}");
        assert!(!text.lines.is_empty());
        assert_eq!(desktop.world().secrets_read, 0, "not even the recognizer: {meanwhile:?}");
    }
}

#[test]
fn a_window_that_only_the_tree_calls_private_is_in_no_picture_either() {
    let (desktop, mut screen) = editor();
    let page = |title: &str, whole| WindowText {
        title: title.into(),
        application: "Chromium".into(),
        process: 7,
        whole,
        ..WindowText::default()
    };
    {
        let mut world = desktop.world();
        let window = &mut world.windows[0];
        (window.window.application, window.window.title) = ("Chromium".into(), "Cake - Chromium".into());
        window.window.process = 7;
        window.letters.fill(SECRET);
        world.told = Some(page("Cake - Chromium (Incognito)", false));
    }
    assert!(screen.read_ahead(9, &Cancel::new()).unwrap().is_none());
    assert_eq!(see(&mut screen, ScreenTarget::ActiveWindow).notes, [EXCLUDED]);
    assert_eq!(desktop.world().pictures, 0);
    desktop.world().told = None;
    desktop.world().failing.tree = true;
    for _ in 0..2 {
        let text = see(&mut screen, ScreenTarget::PointerMonitor);
        assert_eq!((text.lines.len(), text.window, text.notes), (0, None, vec![PARTS_EXCLUDED.to_owned()]));
        assert_eq!(see(&mut screen, ScreenTarget::ActiveWindow).notes, [EXCLUDED]);
        assert!(screen.read_ahead(9, &Cancel::new()).unwrap().is_none());
        screen.forget();
        screen.set_rules(Rules::new([VAULT, "Other"], true), Duration::from_secs(60));
    }
    assert_eq!(desktop.world().secrets_read, 0);

    // It was only the title of a page.
    desktop.world().failing.tree = false;
    desktop.world().told = Some(page("Cake - Chromium", false));
    assert_ne!(see(&mut screen, ScreenTarget::ActiveWindow).lines, []);
    desktop.world().told = Some(page("Cake - Chromium (Incognito)", false));
    assert_eq!(see(&mut screen, ScreenTarget::ActiveWindow).notes, [EXCLUDED]);
    desktop.world().told = None;
    screen.set_rules(Rules::new([VAULT], false), Duration::from_secs(60));
    assert_ne!(see(&mut screen, ScreenTarget::ActiveWindow).lines, []);
}

#[test]
fn nothing_is_read_ahead_where_nobody_tells_which_windows_there_are() {
    let (desktop, mut screen) = editor();
    desktop.world().unlisted = true;
    assert!(screen.read_ahead(9, &Cancel::new()).unwrap().is_none());
    assert_eq!(desktop.world().pictures, 0);
    assert_eq!(see(&mut screen, ScreenTarget::AllMonitors).notes, [ScreenText::NO_WINDOWS]);
    // The tree knows of one at least.
    let told = WindowText { application: VAULT.into(), ..WindowText::default() };
    desktop.world().told = Some(told);
    let pictures = desktop.world().pictures;
    for target in [ScreenTarget::ActiveWindow, ScreenTarget::AllMonitors] {
        assert_eq!(see(&mut screen, target).notes, [EXCLUDED]);
    }
    assert_eq!(desktop.world().pictures, pictures);
    screen.set_rules(Rules::default(), Duration::from_secs(60));
    assert!(screen.read_ahead(9, &Cancel::new()).unwrap().is_some());
}

#[test]
fn reading_ahead_forgets_in_time_and_reads_nothing_that_may_not_be_remembered() {
    let (desktop, mut screen) = editor();
    let mut background = Background::new();
    see(&mut screen, ScreenTarget::AllMonitors);
    for paused in [true, false] {
        see(&mut screen, ScreenTarget::AllMonitors);
        desktop.world().now += Duration::from_secs(60);
        background.step(&mut screen, &|| paused, &Cancel::new());
        let all = Place::Area(Region::new(0, 0, WIDTH, HEIGHT));
        assert!(screen.memory.get(&all).is_none(), "paused: {paused}");
    }
    screen.set_rules(rules(), Duration::ZERO);
    let pictures = desktop.world().pictures;
    background.step(&mut screen, &|| false, &Cancel::new());
    assert_eq!(desktop.world().pictures, pictures);
}

#[test]
fn the_last_picture_goes_with_the_last_text() {
    let (desktop, mut screen) = editor();
    screen.forget();
    assert_eq!(desktop.world().releases, 0, "there was none");
    see(&mut screen, ScreenTarget::ActiveWindow);
    screen.forget_old();
    assert_eq!(desktop.world().releases, 0);
    screen.forget();
    screen.forget();
    assert_eq!(desktop.world().releases, 2);
    see(&mut screen, ScreenTarget::ActiveWindow);
    desktop.world().now += Duration::from_secs(60);
    assert_eq!(screen.forget_old(), None);
    assert_eq!(desktop.world().releases, 4);
    screen.set_rules(rules(), Duration::ZERO);
    see(&mut screen, ScreenTarget::ActiveWindow);
    assert_eq!(desktop.world().releases, 6);
}

#[test]
fn what_the_recognizer_knows_is_forgotten_with_the_place_that_it_was_read_at() {
    let (desktop, mut screen) = editor();
    see(&mut screen, ScreenTarget::ActiveWindow);
    // As long as texts are remembered after a look, the recognizer keeps what was seen.
    assert_eq!(desktop.world().forgotten, Some(Duration::from_secs(60)));
    desktop.world().now += Duration::from_secs(30);
    see(&mut screen, ScreenTarget::AllMonitors);
    assert_eq!(desktop.world().forgotten, Some(Duration::from_secs(60)));
    desktop.world().now += Duration::from_secs(30);
    assert_eq!(screen.forget_old(), Some(Duration::from_secs(30)));
    assert_eq!(desktop.world().forgotten, Some(Duration::ZERO));
}

#[test]
fn blank_pictures_and_desktops_without_windows_are_said() {
    let desktop = Desktop::new(WIDTH, HEIGHT);
    let text = see(&mut eyes(&desktop), ScreenTarget::AllMonitors);
    assert_eq!((text.lines.len(), text.notes), (0, vec![BLANK.to_owned()]));
    let half = see(&mut eyes(&desktop), ScreenTarget::Region(Region::new(-60, -20, 100, 100)));
    assert_eq!(half.region, Region::new(0, 0, 40, 80));
    assert_eq!(half.notes[0], "Of that region only 40 x 80 pixels at 0,0 are there to be seen.");
    let error = eyes(&desktop).look(&look(ScreenTarget::Region(Region::new(5_000, 0, 10, 10))), &Cancel::new());
    assert_eq!(error.unwrap_err().code, "vision.nothing_there");
}

#[test]
fn text_is_forgotten_in_time_and_when_asked() {
    let (desktop, mut screen) = editor();
    see(&mut screen, ScreenTarget::ActiveWindow);
    assert_eq!(screen.forget_old(), Some(Duration::from_secs(60)));
    desktop.world().now += Duration::from_secs(59);
    assert_eq!(see(&mut screen, ScreenTarget::ActiveWindow).source, TextSource::Cache);
    desktop.world().now += Duration::from_secs(60);
    assert_eq!(see(&mut screen, ScreenTarget::ActiveWindow).source, TextSource::Recognizer);
    screen.forget();
    assert_eq!(screen.forget_old(), None);
    assert_eq!(see(&mut screen, ScreenTarget::ActiveWindow).source, TextSource::Recognizer);
    screen.set_rules(rules(), Duration::ZERO);
    for _ in 0..2 {
        assert_eq!(see(&mut screen, ScreenTarget::ActiveWindow).source, TextSource::Recognizer);
    }
}

#[test]
fn the_list_says_what_was_captured_even_where_reading_it_failed() {
    let (desktop, mut screen) = editor();
    desktop.world().now += Duration::from_secs(5);
    desktop.world().failing.recognizer = true;
    assert!(screen.look(&look(ScreenTarget::ActiveWindow), &Cancel::new()).is_err());
    desktop.world().failing.recognizer = false;
    see(&mut screen, ScreenTarget::AllMonitors);
    let captures = screen.ledger().captures();
    assert_eq!(captures.len(), 2);
    assert_eq!((captures[1].at_ms, captures[1].application.as_deref()), (5_000, Some("Editor")));
    assert_eq!((captures[1].reason.as_str(), captures[1].pixels_read), ("to test", 0));
    assert_eq!((captures[0].application.as_ref(), &captures[0].target), (None, &ScreenTarget::AllMonitors));
    assert!(captures[0].pixels_read > 0);
}

#[test]
fn reading_ahead_leaves_nothing_to_read_and_slows_down_when_nothing_changes() {
    let (desktop, mut screen) = editor();
    let mut background = Background::new();
    assert!(background.step(&mut screen, &|| true, &Cancel::new()) >= Duration::from_secs(5));
    assert_eq!(desktop.world().pictures, 0, "not looked at all");
    let mut waits = Vec::new();
    for _ in 0..20 {
        waits.push(background.step(&mut screen, &|| false, &Cancel::new()));
    }
    assert!(waits[0] < waits[19]);
    assert!(desktop.world().pixels_read > 0);
    let read = desktop.world().pixels_read;
    assert_eq!(see(&mut screen, ScreenTarget::ActiveWindow).source, TextSource::Cache);
    assert_eq!(desktop.world().pixels_read, read);
    assert_eq!(screen.ledger().captures().len(), 2, "reading ahead is one entry");

    // What the tree tells is not read.
    desktop.world().told = Some(WindowText { whole: true, ..WindowText::default() });
    desktop.world().windows[0].letters.fill(b'q');
    background.step(&mut screen, &|| false, &Cancel::new());
    assert_eq!(desktop.world().pixels_read, read);
}

/// What can happen to a desktop and its eyes.
#[derive(Debug, Clone)]
enum Step {
    Type { window: usize, cell: usize, letter: u8 },
    Open { excluded: bool, region: Region, letters: Vec<u8> },
    Opening { region: Region, blinks: bool },
    Jumping { window: usize, x: i32, y: i32 },
    Close(usize),
    Raise(usize),
    Focus(usize),
    Move { window: usize, x: i32, y: i32 },
    Resize { window: usize, width: u32, height: u32 },
    Exclude { window: usize, excluded: bool },
    Fields(Vec<Region>),
    Point(i32, i32),
    Fail(Failing),
    Look(ScreenTarget),
    ReadAhead(usize),
    Wait(u64),
    Forget,
}

fn region() -> impl Strategy<Value = Region> {
    let cell = CELL;
    (-3..38i32, -3..18i32, 1..24u32, 1..14u32).prop_map(move |(x, y, width, height)| {
        Region::new(x * cell as i32, y * cell as i32, width * cell, height * cell)
    })
}

fn letter() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0u8), b'a'..=b'e']
}

fn step() -> impl Strategy<Value = Step> {
    let target = prop_oneof![
        4 => Just(ScreenTarget::ActiveWindow),
        1 => Just(ScreenTarget::PointerWindow),
        1 => Just(ScreenTarget::PointerMonitor),
        3 => Just(ScreenTarget::AllMonitors),
        1 => region().prop_map(ScreenTarget::Region),
    ];
    let failing = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(windows, capture, recognizer, tree, cancelled)| Failing { windows, capture, recognizer, tree, cancelled },
    );
    let window = 0..4usize;
    prop_oneof![
        6 => (window.clone(), 0..330usize, letter()).prop_map(|(window, cell, letter)| Step::Type { window, cell, letter }),
        3 => (any::<bool>(), region(), prop::collection::vec(letter(), 1..40))
            .prop_map(|(excluded, region, letters)| Step::Open { excluded, region, letters }),
        1 => (region(), any::<bool>()).prop_map(|(region, blinks)| Step::Opening { region, blinks }),
        1 => (window.clone(), region()).prop_map(|(window, to)| Step::Jumping { window, x: to.x, y: to.y }),
        1 => window.clone().prop_map(Step::Close),
        1 => window.clone().prop_map(Step::Raise),
        2 => window.clone().prop_map(Step::Focus),
        1 => (window.clone(), region()).prop_map(|(window, to)| Step::Move { window, x: to.x, y: to.y }),
        1 => (window.clone(), region())
            .prop_map(|(window, to)| Step::Resize { window, width: to.width, height: to.height }),
        1 => (window, any::<bool>()).prop_map(|(window, excluded)| Step::Exclude { window, excluded }),
        1 => prop::collection::vec(region(), 0..2).prop_map(Step::Fields),
        1 => (0..WIDTH as i32, 0..HEIGHT as i32).prop_map(|(x, y)| Step::Point(x, y)),
        1 => failing.prop_map(Step::Fail),
        8 => target.prop_map(Step::Look),
        3 => (1..20usize).prop_map(Step::ReadAhead),
        1 => (0..50u64).prop_map(Step::Wait),
        1 => Just(Step::Forget),
    ]
}

fn change(desktop: &Desktop, screen: &mut Screen, step: Step, next: &mut u64) {
    let mut world = desktop.world();
    let count = world.windows.len();
    let at = |window: usize| (count > 0).then(|| window % count);
    match step {
        Step::Open { excluded, region, letters } => {
            *next += 1;
            let application = if excluded { VAULT } else { "Editor" };
            world.windows.insert(0, FakeWindow::new(*next, application, region, &letters));
            world.windows.truncate(5);
        }
        Step::Opening { region, blinks } => {
            *next += 1;
            let window = FakeWindow::new(*next, VAULT, region, b"x");
            world.meanwhile = Some(if blinks { Meanwhile::Blinks(window) } else { Meanwhile::Opens(window) });
        }
        Step::Jumping { window, x, y } => {
            world.meanwhile = at(window).map(|window| Meanwhile::Jumps { window, x, y });
        }
        Step::Type { window, cell, letter } => {
            let cells = at(window).and_then(|at| world.windows[at].letters.get_mut(cell));
            cells.into_iter().for_each(|cell| *cell = letter);
        }
        Step::Close(window) => {
            at(window).map(|at| world.windows.remove(at));
        }
        Step::Raise(window) => {
            let raised = at(window).map(|at| world.windows.remove(at));
            raised.into_iter().for_each(|window| world.windows.insert(0, window));
        }
        Step::Focus(window) => {
            let focused = at(window);
            world.windows.iter_mut().enumerate().for_each(|(i, window)| window.window.focused = Some(i) == focused);
        }
        Step::Move { window, x, y } => {
            let moved = at(window).map(|at| &mut world.windows[at].window.region);
            moved.into_iter().for_each(|region| (region.x, region.y) = (x, y));
        }
        Step::Resize { window, width, height } => {
            let resized = at(window).map(|at| &mut world.windows[at].window.region);
            resized.into_iter().for_each(|region| (region.width, region.height) = (width, height));
        }
        Step::Exclude { window, excluded } => {
            let changed = at(window).map(|at| &mut world.windows[at].window.application);
            let name = if excluded { VAULT } else { "Editor" };
            changed.into_iter().for_each(|application| *application = name.into());
        }
        Step::Fields(fields) => world.fields = fields,
        Step::Point(x, y) => world.pointer = (x, y),
        Step::Fail(failing) => world.failing = failing,
        Step::Wait(seconds) => world.now += Duration::from_secs(seconds),
        Step::Forget => {
            drop(world);
            screen.forget();
        }
        Step::Look(_) | Step::ReadAhead(_) => (),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_was_read_before_is_what_a_fresh_look_reads_and_nothing_excluded_is_ever_seen(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let desktop = Desktop::new(WIDTH, HEIGHT);
        let mut screen = eyes(&desktop);
        let mut next = 0;
        for step in steps {
            match step.clone() {
                Step::Look(target) => {
                    let failing = desktop.world().failing;
                    // Fields that the tree doesn't tell can't be left out, but what it told before is.
                    if failing.tree {
                        desktop.world().fields.clear();
                    }
                    let meanwhile = desktop.world().meanwhile.is_some();
                    desktop.world().secrets_read = 0;
                    let seen = screen.look(&look(target.clone()), &Cancel::new());
                    prop_assert_eq!(desktop.world().secrets_read, 0, "the recognizer was shown them");
                    let Ok(text) = seen else {
                        desktop.world().failing = Failing::default();
                        continue;
                    };
                    prop_assert!(text.lines.iter().all(|line| !line.text.contains(SECRET as char)), "{:?}", texts(&text));
                    if meanwhile || failing.tree {
                        continue;
                    }
                    desktop.world().failing = Failing::default();
                    let fresh = see(&mut eyes(&desktop), target);
                    prop_assert_eq!(&text.lines, &fresh.lines);
                    prop_assert_eq!((text.region, text.window, text.application), (fresh.region, fresh.window, fresh.application));
                }
                Step::ReadAhead(tiles) => {
                    let _ = screen.read_ahead(tiles, &Cancel::new());
                }
                other => change(&desktop, &mut screen, other, &mut next),
            }
        }
        prop_assert!(screen.ledger().captures().len() <= 200);
    }
}
