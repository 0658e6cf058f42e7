//! Whole answers from screens made by hand.

use super::testing::{line, screen, sized};
use super::*;
use crate::router::Routed;
use crate::router::Router;
use crate::testing::FakeClock;
use jarvis_core::{Region, TextRole};
use proptest::prelude::*;

struct Session {
    router: Router,
    clock: FakeClock,
}

impl Session {
    fn new() -> Self {
        Self { router: Router::new(crate::skills::all()), clock: FakeClock::new() }
    }

    fn ask(&mut self, said: &str, screen: &ScreenText) -> Seen {
        self.ask_where(said, screen, false)
    }

    fn ask_where(&mut self, said: &str, screen: &ScreenText, may_look_on: bool) -> Seen {
        let Routed::Skill(matched) = self.router.route(said) else { panic!("{said}: for the language model") };
        let context = SkillContext { clock: &self.clock, last_reply: None, dry_run: false };
        let reply = self.router.run(&matched, &context).unwrap();
        assert!(reply.look.is_some() && reply.actions.is_empty(), "{said}: {reply:?}");
        self.router.seen(&matched, screen, may_look_on, &context).unwrap()
    }

    fn say(&mut self, said: &str, screen: &ScreenText) -> String {
        match self.ask(said, screen) {
            Seen::Reply(reply) => reply.spoken,
            other => panic!("{said}: {other:?}"),
        }
    }

    fn copy(&mut self, said: &str, screen: &ScreenText) -> (String, String) {
        let Seen::Reply(Reply { spoken, actions, .. }) = self.ask(said, screen) else { panic!("{said}: no reply") };
        match &actions[..] {
            [HostAction::Copy { text }] => (spoken, text.clone()),
            other => panic!("{said}: {other:?}"),
        }
    }
}

fn dialog() -> ScreenText {
    let mut screen = screen(vec![
        sized("Save failed", 300, 180, 20, TextRole::Title),
        sized("Could not save report.odt.", 300, 220, 20, TextRole::Alert),
        sized("The disk is full.", 300, 245, 20, TextRole::Alert),
        sized("OK", 500, 300, 20, TextRole::Control),
    ]);
    screen.window = Some("Save failed".into());
    screen
}

fn invoice() -> ScreenText {
    let mut screen = screen(vec![
        sized("Invoice", 40, 20, 40, TextRole::Heading),
        line("Invoice number: 2026-0815", 600, 40),
        line("Password: hunter2", 40, 200),
        line("Total", 600, 500),
        line("1,234.50 €", 780, 500),
        sized("Submit", 700, 560, 20, TextRole::Control),
    ]);
    screen.window = Some("invoice.pdf".into());
    screen
}

fn long() -> ScreenText {
    screen((0..30).map(|at| line(&format!("This is line number {at} of the text"), 10, 22 * at)).collect())
}

#[test]
fn an_error_is_told_and_copied() {
    let mut session = Session::new();
    for said in [
        "what does that error say",
        "What's that error?",
        "What went wrong here?",
        "hey Jarvis, read the error message",
    ] {
        assert_eq!(session.say(said, &dialog()), "It says: Could not save report.odt. The disk is full.", "{said}");
    }
    let (spoken, text) = session.copy("copy that", &dialog());
    assert_eq!(text, "Could not save report.odt.\nThe disk is full.");
    assert_eq!(spoken, "Copied the error: 2 lines, 8 words.");
    assert_eq!(session.copy("copy the error", &dialog()).1, text);
    assert_eq!(session.say("what does that error say", &invoice()), "I see no error in that window.");
}

#[test]
fn what_is_not_in_the_window_is_looked_for_on_the_monitor_once() {
    let mut session = Session::new();
    for said in ["what does that error say", "find the delete button", "copy the error"] {
        assert_eq!(session.ask_where(said, &invoice(), true), Seen::Look(ScreenTarget::PointerMonitor), "{said}");
        assert!(matches!(session.ask_where(said, &invoice(), false), Seen::Reply(_)), "{said}");
    }
}

#[test]
fn things_are_found_and_shown() {
    let mut session = Session::new();
    let Seen::Reply(reply) = session.ask("find the invoice number", &invoice()) else { panic!() };
    assert_eq!(reply.spoken, "Invoice number: 2026-0815. It is at the top right.");
    assert_eq!(reply.actions, [HostAction::Highlight { region: Region::new(600, 40, 250, 20) }]);
    assert_eq!(session.copy("copy it", &invoice()).1, "2026-0815");
    assert_eq!(session.say("where does it say total", &invoice()), "Total: 1,234.50 €. It is at the bottom right.");
    assert_eq!(session.say("find submit", &invoice()), "“Submit” is at the bottom right.");
    assert_eq!(session.say("find the delete button", &invoice()), "I don't see “delete button” in that window.");
    let (spoken, text) = session.copy("copy the line with total", &invoice());
    assert_eq!((spoken.as_str(), text.as_str()), ("Copied that line: 1 word.", "Total"));
}

#[test]
fn secrets_are_not_said_but_can_be_copied() {
    let mut session = Session::new();
    let said = session.say("find the password on this page", &invoice());
    assert!(said.starts_with("It is on the left") && !said.contains("hunter2"), "{said}");
    let (spoken, text) = session.copy("copy it", &invoice());
    assert_eq!(text, "hunter2");
    assert!(!spoken.contains("hunter2"), "{spoken}");
    let all = session.say("read this", &invoice());
    assert!(all.contains("Invoice number: 2026-0815") && !all.contains("hunter2"), "{all}");
}

#[test]
fn a_long_text_is_read_in_pieces_also_when_it_was_scrolled() {
    let mut session = Session::new();
    let mut said = session.say("read the screen", &long());
    assert!(said.contains("line number 0 ") && said.ends_with("Say go on to hear them."), "{said}");
    let mut pieces = 0;
    while said.ends_with("Say go on to hear them.") {
        said = session.say("go on", &long());
        pieces += 1;
        assert!(pieces < 10, "it has no end");
    }
    assert!(said.contains("line number 29 "), "{said}");
    assert!(matches!(session.router.route("go on"), Routed::Chat));

    session.say("read the screen", &long());
    let mut scrolled = long();
    scrolled.lines.drain(..5);
    assert!(session.say("read on", &scrolled).starts_with("This is line number 8 "));
    // What was read is gone: all that is there is new.
    scrolled.lines.drain(..20);
    assert!(session.say("read on", &scrolled).starts_with("This is line number 25 "));
}

#[test]
fn a_summary_leads_to_the_whole() {
    let mut session = Session::new();
    let said = session.say("what's on my screen", &long());
    assert!(said.contains("There are 30 lines of text. Say read it all, to hear it."), "{said}");
    assert!(session.say("read it all", &long()).starts_with("This is line number 0 "));
    assert_eq!(session.copy("copy everything", &long()).0, "Copied the text: 30 lines, 240 words.");
}

#[test]
fn what_the_user_has_to_know_is_said() {
    let mut session = Session::new();
    let mut seen = dialog();
    seen.notes = vec!["KeePassXC was left out.".into()];
    seen.lines[2].confidence = 0.3;
    let said = session.say("what does that error say", &seen);
    assert_eq!(
        said, "It says: Could not save report.odt. 1 line can't be read for sure. KeePassXC was left out.",
        "an answer that has what was asked for says it too"
    );
    let said = session.copy("copy the error", &seen).0;
    assert!(!said.contains("KeePassXC"), "not with every answer: {said}");
    let said = session.say("find the printer icon", &seen);
    assert_eq!(
        said,
        "I don't see “printer icon” in that window. KeePassXC was left out. 1 line can't be read for sure."
    );
    assert_eq!(session.say("what's on my screen", &screen(vec![])), "I see no text there.");
}

#[test]
fn what_could_not_be_left_out_is_said_with_every_kind_of_answer_and_not_with_each_one() {
    let note = "Nothing could be left out.";
    let mut seen = invoice();
    seen.notes = vec!["Nothing changed since the last look.".into(), note.into()];
    for said in ["find the invoice number", "copy the text", "what is the total on this page", "what is on my screen"] {
        let mut session = Session::new();
        let answer = session.say(said, &seen);
        assert!(answer.contains(note), "{said}: {answer}");
        let again = session.say("find the total", &seen);
        assert!(!again.contains(note) && !again.contains("Nothing changed"), "{again}");
        session.clock.advance(std::time::Duration::from_secs(600));
        assert!(session.say("find the total", &seen).ends_with(note));
    }
    let Seen::Ask { after, .. } = Session::new().ask("what does this page say about refunds", &seen) else { panic!() };
    assert_eq!(after, note);
}

#[test]
fn who_may_not_see_the_window_does_not_look_past_it() {
    let mut session = Session::new();
    let refused = ScreenText { notes: vec!["That window was left out.".into()], ..ScreenText::default() };
    for said in ["what does that error say", "find the delete button", "copy the error", "read this"] {
        let Seen::Reply(reply) = session.ask_where(said, &refused, true) else { panic!("{said}: it looks on") };
        assert!(reply.spoken.contains("left out") || reply.spoken.contains("see no"), "{}", reply.spoken);
    }
    let unchanged = ScreenText {
        notes: vec!["Nothing changed since the last look.".into()],
        source: TextSource::Cache,
        ..ScreenText::default()
    };
    assert!(matches!(session.ask_where("copy the error", &unchanged, true), Seen::Look(_)));
}

#[test]
fn questions_are_for_the_language_model_with_what_matters_of_the_text() {
    let mut session = Session::new();
    let mut page = long();
    page.lines[7].text = "Refunds are paid within 14 days".into();
    let Seen::Ask { prompt, .. } = session.ask("What does this page say about refunds?", &page) else { panic!() };
    assert!(
        prompt.contains("Refunds are paid within 14 days") && prompt.ends_with("what does this page say about refunds"),
        "{prompt}"
    );
    assert!(matches!(session.ask("is the deadline on this page before Friday", &page), Seen::Ask { .. }));
    // The value of a label needs none.
    let said = session.say("what is the invoice number on this page", &invoice());
    assert!(said.starts_with("Invoice number: 2026-0815"), "{said}");
}

#[test]
fn what_is_asked_about_what_is_seen_needs_not_say_so() {
    assert_eq!(about("what is the total").intent, ASK);
    assert_eq!(about("find the total").intent, FIND);
    assert_eq!(about("what is on the screen").slots["what"], "summary");
}

proptest! {
    #[test]
    fn any_screen_gets_an_answer(
        texts in proptest::collection::vec(("\\PC{0,60}", -100..1000i32, -100..800i32, 0..60u32, 0..7usize, 0..=10u32), 0..20),
        request in 0..10usize,
    ) {
        use TextRole::{Alert, Control, Error, Field, Heading, Text, Title};
        let roles = [Text, Title, Heading, Alert, Control, Field, Error];
        let lines = texts.iter().map(|(text, x, y, height, role, sure)| {
            let mut line = sized(text, *x, *y, *height, roles[*role]);
            line.confidence = *sure as f32 / 10.0;
            line
        });
        let screen = screen(lines.collect());
        let requests = [
            "what is on my screen", "read this", "summarize this page", "what does that error say", "find the invoice number",
            "where does it say total", "copy everything", "copy the error", "what is the price on this page", "copy the line with a b",
        ];
        let mut session = Session::new();
        if let Seen::Reply(reply) = session.ask(requests[request], &screen) {
            prop_assert!(!reply.spoken.trim().is_empty());
            prop_assert!(reply.spoken.split_whitespace().count() < 250, "{}", reply.spoken);
        }
    }
}
