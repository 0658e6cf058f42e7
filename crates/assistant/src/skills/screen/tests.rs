//! Whole answers from screens made by hand.

use super::testing::{line, screen, sized};
use super::*;
use crate::router::Routed;
use crate::router::Router;
use crate::testing::FakeClock;
use jarvis_core::{Region, TextRole, TextSource};
use proptest::prelude::*;

struct Session {
    router: Router,
    clock: FakeClock,
    last_reply: Option<String>,
}

impl Session {
    fn new() -> Self {
        Self { router: Router::new(crate::skills::all()), clock: FakeClock::new(), last_reply: None }
    }

    /// What is answered without a look.
    fn unseen(&mut self, said: &str) -> Reply {
        let Routed::Skill(matched) = self.router.route(said) else { panic!("{said}: for the language model") };
        let context = SkillContext { clock: &self.clock, last_reply: self.last_reply.as_deref(), dry_run: false };
        let reply = self.router.run(&matched, &context).unwrap();
        assert!(reply.look.is_none(), "{said}: {reply:?}");
        reply
    }

    fn ask(&mut self, said: &str, screen: &ScreenText) -> Seen {
        self.ask_where(said, screen, false)
    }

    fn ask_where(&mut self, said: &str, screen: &ScreenText, may_look_on: bool) -> Seen {
        let Routed::Skill(matched) = self.router.route(said) else { panic!("{said}: for the language model") };
        let context = SkillContext { clock: &self.clock, last_reply: self.last_reply.as_deref(), dry_run: false };
        let reply = self.router.run(&matched, &context).unwrap();
        assert!(reply.look.is_some() && reply.actions.is_empty(), "{said}: {reply:?}");
        self.router.seen(&matched, screen, may_look_on, &context).unwrap()
    }

    fn say(&mut self, said: &str, screen: &ScreenText) -> String {
        match self.ask(said, screen) {
            Seen::Reply(reply) | Seen::Ask { quoted: Some(reply), .. } => reply.spoken,
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
    screen((0..60).map(|at| line(&format!("This is line number {at} of the text"), 10, 22 * at)).collect())
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
        assert_eq!(
            session.say(said, &dialog()),
            "It says: Save failed. Could not save report.odt. The disk is full.",
            "{said}"
        );
    }
    let (spoken, text) = session.copy("copy that", &dialog());
    assert_eq!(text, "Could not save report.odt.\nThe disk is full.");
    assert_eq!(spoken, "Copied the error: 2 lines, 8 words.");
    assert_eq!(session.copy("copy the error", &dialog()).1, text);
    assert_eq!(session.say("what does that error say", &invoice()), "I see no error in that window.");
}

#[test]
fn a_message_is_told_even_where_it_is_no_error() {
    let mut session = Session::new();
    let mut screen = screen(vec![
        sized("Meeting at noon in room Albatross", 300, 220, 20, TextRole::Alert),
        sized("OK", 500, 300, 20, TextRole::Control),
    ]);
    screen.window = Some("Information".into());
    let said = session.say("what does that error say", &screen);
    assert_eq!(said, "I see no error; there is a message: Meeting at noon in room Albatross.");
    assert_eq!(session.copy("copy the error", &screen).1, "Meeting at noon in room Albatross");
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
    assert_eq!((spoken.as_str(), text.as_str()), ("Copied that line: 3 words.", "Total\t1,234.50 €"));
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
fn a_column_of_secrets_is_not_said_but_can_be_copied() {
    let rows = [["User", "Password", "Visits"], ["jane", "Winter2026", "12"], ["tom", "sunflower", "3"]];
    let cells = rows.iter().enumerate().flat_map(|(row, cells)| {
        let y = 60 + 26 * row as i32;
        cells.iter().enumerate().map(move |(at, text)| line(text, 10 + 200 * at as i32, y))
    });
    let page = screen(cells.collect());
    let mut session = Session::new();
    for said in
        ["read row one", "read the second column", "what is the password of tom", "read this", "what's on my screen"]
    {
        session.ask("what's on my screen", &page);
        let answer = match session.ask(said, &page) {
            Seen::Reply(reply) => reply.spoken,
            Seen::Ask { prompt, in_full, passages, quoted, grounds, otherwise, .. } => {
                format!("{prompt} {in_full} {passages:?} {quoted:?} {grounds} {otherwise}")
            }
            Seen::Look(_) => String::new(),
        };
        assert!(!answer.contains("Winter2026") && !answer.contains("sunflower"), "{said}: {answer}");
    }
    assert!(session.say("read row one", &page).starts_with("jane, Password something"), "by its head");
    assert!(session.copy("copy row one", &page).1.contains("Winter2026"));
}

#[test]
fn a_copy_of_everything_has_no_secrets_and_says_how_to_have_one() {
    let page = screen(vec![
        line("House rules", 10, 10),
        line("Wi-Fi password: blue moonfish 77", 10, 40),
        line("The answer to the secret question is", 10, 70),
        line("Vandersloot", 10, 92),
        line("Bins are collected on Tuesdays.", 10, 150),
    ]);
    let mut session = Session::new();
    for said in ["copy everything", "copy all of it", "copy the text", "copy this page"] {
        let (spoken, text) = session.copy(said, &page);
        assert!(text.contains("Tuesdays") && text.contains("Wi-Fi password: •••"), "{said}: {text}");
        assert!(!text.contains("moonfish") && !text.contains("77") && !text.contains("Vandersloot"), "{said}: {text}");
        let how = "What is secret is left out; say copy the Wi-Fi password, to have it.";
        assert!(spoken.starts_with("Copied the text: 5 lines") && spoken.ends_with(how), "{said}: {spoken}");
    }
    assert_eq!(session.copy("copy the Wi-Fi password", &page).1, "blue moonfish 77");
    // What was read out, and copied then, has none either.
    session.say("read this", &page);
    assert!(!session.copy("copy that", &page).1.contains("moonfish"));
    // A page without any says nothing of them.
    let (spoken, text) = session.copy("copy everything", &long());
    assert!(!spoken.contains("secret") && !text.contains('•'), "{spoken}");
}

#[test]
fn a_word_of_a_secret_copies_nothing_of_it() {
    let page = screen(vec![
        line("Wi-Fi password: blue moonfish 77", 10, 10),
        line("The answer to the secret question is", 10, 40),
        line("Vandersloot", 10, 62),
        line("Bank PIN: 4471", 10, 120),
        line("The moonlight bar opens at six.", 10, 180),
    ]);
    let mut session = Session::new();
    session.say("what's on my screen", &page);
    for said in [
        "copy the moonfish",
        "copy moonfish",
        "copy blue",
        "copy Vandersloot",
        "copy the line with moonfish",
        "copy 4471",
    ] {
        if let Routed::Skill(_) = session.router.route(said) {
            let Seen::Reply(reply) = session.ask(said, &page) else { panic!("{said}: no reply") };
            assert!(!reply.actions.iter().any(|action| matches!(action, HostAction::Copy { .. })), "{said}: {reply:?}");
        }
        session.say("what's on my screen", &page);
    }
    assert_eq!(session.copy("copy the line with moonlight", &page).1, "The moonlight bar opens at six.");
    // What is named by its place is copied as it is, and it is said.
    let (spoken, text) = session.copy("copy the first line", &page);
    assert!(text.contains("moonfish") && spoken.ends_with("There is a secret in it."), "{spoken}");
}

#[test]
fn whose_number_is_to_be_copied_is_said_in_any_order() {
    let page = screen(vec![
        line("Anna Berg", 10, 10),
        line("Phone: 0151 2345 6781", 10, 40),
        line("Dirk Olsen", 10, 100),
        line("Phone: 0151 2345 6784", 10, 130),
    ]);
    let mut session = Session::new();
    session.say("what's on my screen", &page);
    for said in
        ["copy the phone number of Dirk Olsen", "copy Dirk Olsen's phone number", "copy the Dirk Olsen phone number"]
    {
        assert_eq!(session.copy(said, &page).1, "0151 2345 6784", "{said}");
    }
}

#[test]
fn which_of_several_values_is_to_be_copied_is_asked() {
    let page = screen(vec![
        line("Customer service: 1-800-555-0142", 10, 10),
        line("Emergency line: 1-800-555-0199", 10, 40),
        line("The amount that you still have to pay us for the month of May is", 10, 100),
        line("88.32 EUR, as always.", 10, 122),
        line("Thank you.", 10, 180),
    ]);
    let mut session = Session::new();
    session.say("what's on my screen", &page);
    let Seen::Reply(reply) = session.ask("copy the phone number", &page) else { panic!() };
    let which = "Which phone number: Customer service or Emergency line? Say, for example, copy the Customer service phone \
                 number. I copied nothing.";
    assert_eq!((reply.spoken.as_str(), reply.actions.len()), (which, 0));
    assert_eq!(session.copy("copy the customer service phone number", &page).1, "1-800-555-0142");
    assert_eq!(session.copy("copy the emergency line phone number", &page).1, "1-800-555-0199");
    assert_eq!(session.copy("copy the amount", &page).1, "88.32 EUR");
}

#[test]
fn what_was_forgotten_is_said_to_be() {
    for forget in ["forget everything", "forget what you saw", "forget this page"] {
        for said in
            ["what was it about", "what is it about", "what did it say", "what did you see", "who was it from", "go on"]
        {
            let mut session = Session::new();
            session.say("what is on my screen", &invoice());
            let forgotten = session.unseen(forget);
            let [HostAction::Forget { seen, said: talk }] = forgotten.actions[..] else { panic!("{forgotten:?}") };
            session.router.forget(seen, talk);
            assert_eq!(session.unseen(said).spoken, FORGOTTEN, "{forget}: {said}");
            // A new look is known again.
            session.say("what is on my screen", &invoice());
            assert!(session.say("what is the total", &invoice()).contains("1,234.50"));
            if let Routed::Skill(matched) = session.router.route(said) {
                assert!(!matched.slots.contains_key("forgotten"), "{said}");
            }
        }
    }
    let mut session = Session::new();
    session.say("what is on my screen", &invoice());
    session.router.forget(true, true);
    for said in ["is it going to rain", "what time is it", "who wrote Hamlet", "is it true that cats dream"] {
        let routed = session.router.route(said);
        assert!(!matches!(&routed, Routed::Skill(matched) if matched.slots.contains_key("forgotten")), "{said}");
    }
}

#[test]
fn words_that_are_a_secret_are_nowhere_but_in_a_copy() {
    let page = screen(vec![
        line("Guest information", 10, 10),
        line("Wi-Fi password: over the rainbow 42", 10, 40),
        line("Bins are collected on Tuesdays.", 10, 70),
        sized("Password", 10, 140, 30, TextRole::Heading),
        line("sunflower", 10, 180),
    ]);
    let mut session = Session::new();
    for said in [
        "what's on my screen",
        "read this",
        "what is the wifi password",
        "what is the password",
        "find the password",
        "when are the bins collected and what is the network like",
        "summarize this page",
    ] {
        let answer = match session.ask(said, &page) {
            Seen::Reply(reply) => reply.spoken,
            Seen::Ask { prompt, in_full, passages, quoted, grounds, otherwise, .. } => {
                format!("{prompt} {in_full} {passages:?} {quoted:?} {grounds} {otherwise}")
            }
            Seen::Look(_) => String::new(),
        };
        // A question's own words are no secret.
        let answer = answer.replace(said, "");
        assert!(!answer.contains("rainbow") && !answer.contains("sunflower"), "{said}: {answer}");
    }
    assert_eq!(session.copy("copy the wifi password", &page).1, "over the rainbow 42");
}

#[test]
fn a_table_in_plain_text_is_a_table_and_code_keeps_its_indentation() {
    let block = |rows: &[&str]| screen(rows.iter().zip(0..).map(|(text, at)| line(text, 20, 22 * at)).collect());
    let rows = ["Name        Role      Days", "Alma        Designer    12", "Bruno       Engineer     7"];
    let mut session = Session::new();
    assert!(session.say("read this page", &block(&rows)).starts_with("Name, Role, Days. Alma, Designer, 12."));
    assert_eq!(session.say("read row two", &block(&rows)), "Bruno, Role Engineer, Days 7.");
    assert_eq!(session.copy("copy the text", &block(&rows)).1, rows.join("\n"));
    let code = ["def load(path):", "    with open(path) as file:", "\treturn file.read()"];
    assert_eq!(session.copy("copy the text", &block(&code)).1, code.join("\n"));
    assert!(!session.say("read this page", &block(&code)).contains("  "));
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
    assert!(said.contains("line number 59 ") && pieces <= 3, "{said}");
    assert_eq!(session.say("go on", &long()), "That was all.");
    assert_eq!(session.say("go on", &long()), "That was all.");

    session.say("read the screen", &long());
    let mut scrolled = long();
    scrolled.lines.drain(..5);
    assert!(session.say("read on", &scrolled).starts_with("This is line number 18 "));
    // What was read is gone: all that is there is new.
    scrolled.lines.drain(..35);
    assert!(session.say("read on", &scrolled).starts_with("This is line number 40 "));
}

#[test]
fn reading_goes_back_and_begins_anew_and_what_fits_in_a_minute_is_read_whole() {
    let mut session = Session::new();
    let first = session.say("read it all", &long());
    let second = session.say("go on", &long());
    session.say("go on", &long());
    assert_eq!(session.say("go back", &long()), second);
    assert_eq!(session.say("go back", &long()), first);
    assert_eq!(session.say("go back", &long()), first, "there is nothing before");
    assert_eq!(session.say("go on", &long()), second);
    assert_eq!(session.say("start from the beginning", &long()), first);

    let mut some = long();
    some.lines.truncate(20);
    let all = session.say("read this", &some);
    assert!(all.contains("line number 19 ") && !all.contains("go on"), "{all}");
    assert_eq!(session.say("go on", &some), "That was all.");
    assert_eq!(session.say("go back", &some), all, "to what was read last");
}

#[test]
fn parts_of_a_text_are_read_and_copied_by_their_place() {
    let mut session = Session::new();
    assert_eq!(session.say("read the second line", &long()), "This is line number 1 of the text.");
    assert_eq!(session.copy("copy that", &long()).1, "This is line number 1 of the text");
    session.say("read the second line", &long());
    assert!(session.say("go on", &long()).starts_with("This is line number 2 "));
    assert!(session.say("read the last line", &long()).starts_with("This is line number 59 "));
    let (spoken, text) = session.copy("copy the third line", &long());
    assert_eq!((spoken.as_str(), text.as_str()), ("Copied that line: 8 words.", "This is line number 2 of the text"));
    assert_eq!(session.say("read line 99", &long()), "I see only 60 lines on your screen.");
    let story = screen(vec![
        line("Paragraph 6. It rains.", 10, 10),
        line("Paragraph 7. It is dry.", 10, 32),
        line("And warm.", 10, 54),
        line("Paragraph 8. It snows.", 10, 76),
    ]);
    assert_eq!(session.say("read paragraph seven", &story), "Paragraph 7. It is dry. And warm.");
    assert_eq!(session.copy("copy paragraph 7", &story).1, "Paragraph 7. It is dry.\nAnd warm.");
    assert_eq!(session.say("read the second sentence", &story), "It rains.");
}

#[test]
fn what_is_copied_is_what_was_told_or_it_is_asked() {
    const WHAT: &str = "What should I copy?";
    let mut session = Session::new();
    // Nothing was told, what was asked for is not there, or may not be seen.
    assert!(session.unseen("copy it").spoken.starts_with(WHAT));
    session.say("find the delete button", &invoice());
    assert!(session.unseen("copy it").spoken.starts_with(WHAT));
    let refused = ScreenText { notes: vec!["That window was left out.".into()], ..ScreenText::default() };
    session.say("read this", &refused);
    assert!(session.unseen("copy it").spoken.starts_with(WHAT));
    session.say("what is the iban", &invoice());
    assert!(session.unseen("copy it").spoken.starts_with(WHAT));
    // What was told last, also after a copy of something else.
    session.say("what is the invoice number on this page", &invoice());
    assert_eq!(session.copy("copy it", &invoice()).1, "2026-0815");
    assert_eq!(session.copy("copy everything", &invoice()).1.lines().count(), 3);
    assert_eq!(session.copy("copy that", &invoice()).1.lines().count(), 3);
    session.copy("copy the total", &invoice());
    assert_eq!(session.copy("copy that", &invoice()).1, "1,234.50 €");

    // What the language model answered stands nowhere else.
    session.last_reply = Some("The answer before.".into());
    assert!(matches!(session.ask("what does this page say about refunds", &invoice()), Seen::Ask { .. }));
    assert!(session.unseen("copy it").spoken.starts_with(WHAT), "it was not answered");
    session.last_reply = Some("They take two weeks.".into());
    let reply = session.unseen("copy it");
    assert_eq!(reply.spoken, "Copied the answer: 4 words.");
    assert_eq!(reply.actions, [HostAction::Copy { text: "They take two weeks.".into() }]);
}

#[test]
fn after_a_look_questions_are_answered_from_there_or_it_is_said_that_it_is_not_there() {
    let mut session = Session::new();
    session.say("what's on my screen", &invoice());
    let total = session.say("what is the total", &invoice());
    assert!(total.contains("1,234.50 €"), "{total}");
    assert_eq!(session.say("what is the tracking number", &invoice()), "I don't see “tracking number” in that window.");
    assert_eq!(session.say("find Waldo", &invoice()), "I don't see “waldo” in that window.");
    let files = screen(vec![line("photo.jpg", 10, 10), line("4 MB", 300, 10), line("notes.txt", 10, 40)]);
    assert!(session.say("find photo.jpg", &files).contains("photo.jpg"));
    assert_eq!(session.copy("copy it", &files).1, "photo.jpg");
}

#[test]
fn that_nothing_changed_is_said_to_who_asks_for_it() {
    let mut session = Session::new();
    let mut seen = invoice();
    seen.notes = vec![ScreenText::UNCHANGED.into()];
    for said in ["what is on my screen", "what does that error say", "read this", "find the delete button"] {
        let answer = session.say(said, &seen);
        assert!(!answer.contains("changed"), "{said}: {answer}");
    }
    seen.notes.clear();
    assert_eq!(session.say("did anything change", &seen), ScreenText::UNCHANGED);
    let answer = session.say("did anything change", &dialog());
    assert!(answer.starts_with("That is not what I saw last. The window is “Save failed”."), "{answer}");
    assert!(session.say("read it all", &dialog()).contains("The disk is full."));
}

#[test]
fn a_summary_leads_to_the_whole() {
    let mut session = Session::new();
    let said = session.say("what's on my screen", &long());
    assert!(said.contains("There are 60 lines of text. Say read it all, to hear it."), "{said}");
    assert!(session.say("read it all", &long()).starts_with("This is line number 0 "));
    assert_eq!(session.copy("copy everything", &long()).0, "Copied the text: 60 lines, 480 words.");
}

#[test]
fn what_the_user_has_to_know_is_said() {
    let mut session = Session::new();
    let mut seen = dialog();
    seen.notes = vec!["KeePassXC was left out.".into()];
    seen.lines[2].confidence = 0.3;
    let said = session.say("what does that error say", &seen);
    assert_eq!(
        said, "It says: Save failed. Could not save report.odt. 1 line can't be read for sure. KeePassXC was left out.",
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
    seen.notes = vec![ScreenText::UNCHANGED.into(), note.into()];
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
    let unchanged =
        ScreenText { notes: vec![ScreenText::UNCHANGED.into()], source: TextSource::Cache, ..ScreenText::default() };
    assert!(matches!(session.ask_where("copy the error", &unchanged, true), Seen::Look(_)));
}

#[test]
fn questions_are_for_the_language_model_with_what_matters_of_the_text() {
    let mut session = Session::new();
    let mut page = long();
    page.lines[7].text = "Refunds are paid within 14 days".into();
    let Seen::Ask { prompt, grounds, otherwise, .. } = session.ask("are the refunds on this page paid in May", &page)
    else {
        panic!()
    };
    assert!(
        prompt.contains("Refunds are paid within 14 days")
            && prompt.ends_with("are the refunds on this page paid in may"),
        "{prompt}"
    );
    assert!(grounds.contains("\nRefunds are paid within 14 days"), "{grounds}");
    let expected = "I have no answer that I am sure of. The screen says: Refunds are paid within 14 days.";
    assert_eq!(otherwise, expected);
    // What the page says of it needs no language model.
    let said = session.say("What does this page say about refunds?", &page);
    assert!(said.starts_with("It says: ") && said.contains("Refunds are paid within 14 days"), "{said}");
    assert!(matches!(session.ask("is the deadline on this page before Friday", &page), Seen::Ask { .. }));
    // The value of a label needs none.
    let said = session.say("what is the invoice number on this page", &invoice());
    assert_eq!(said, "The invoice number is 2026-0815.");
}

#[test]
fn a_password_that_is_typed_is_not_read() {
    let login = screen(vec![
        sized("Type your password", 10, 10, 20, TextRole::Alert),
        sized("Password:", 10, 60, 20, TextRole::Alert),
        sized("Cancel", 10, 120, 20, TextRole::Control),
    ]);
    let said = Session::new().say("what is the password on this page", &login);
    assert_eq!(said, "I see where the password goes. What is typed there is never read.");
}

#[test]
fn what_was_not_seen_is_asked_back_and_only_a_yes_looks() {
    let bill = screen(vec![line("Due date: 5 May 2026", 10, 10)]);
    let mut session = Session::new();
    assert_eq!(session.unseen("when is it due").spoken, WHERE);
    assert_eq!(session.say("yes", &bill), "Due date: 5 May 2026.");
    let mut session = Session::new();
    session.unseen("when is it due");
    assert_eq!(session.unseen("no").spoken, NOT_THERE);
}

#[test]
fn a_secret_is_told_by_its_place_alone_and_without_a_look_not_at_all() {
    let mut session = Session::new();
    for said in ["spell the password", "what is my pin", "what's the wifi key"] {
        assert_eq!(session.unseen(said).spoken, say::NOT_SAID, "{said}");
    }
    // What nobody keeps to himself.
    for said in [
        "who invented the safety pin",
        "what is the pin code of Mumbai",
        "when did the social security act start",
        "how do I get rid of the tan",
        "who invented the password",
        "what are the credentials of a doctor",
        "what does the enter key do",
    ] {
        assert!(!matches!(session.router.route(said), Routed::Skill(_)), "{said}");
    }
    session.say("what's on my screen", &invoice());
    for said in
        ["say the password backwards", "how long is the password", "is the password hunter2", "what is password"]
    {
        let answer = session.say(said, &invoice());
        assert!(answer.contains("I don't say it aloud") && !answer.contains("hunter2"), "{said}: {answer}");
    }
}

#[test]
fn what_is_not_said_aloud_is_what_copy_it_copies() {
    let page = screen(vec![
        line("Wi-Fi password: Sunflower77", 10, 10),
        line("Site", 10, 100),
        line("Login", 200, 100),
        line("Password", 400, 100),
        line("Netflix", 10, 126),
        line("bob", 200, 126),
        line("Tiger22", 400, 126),
        line("Bank", 10, 152),
        line("ann", 200, 152),
        line("Zebra45", 400, 152),
    ]);
    let mut session = Session::new();
    session.say("what is on my screen", &page);
    let said = session.say("what is the wifi password", &page);
    assert!(said.contains("I don't say it aloud") && !said.contains("Sunflower77"), "{said}");
    assert_eq!(session.copy("copy it", &page).1, "Sunflower77");
    let said = session.say("read the first line", &page);
    assert!(!said.contains("Sunflower77"), "{said}");
    assert!(session.copy("copy it", &page).1.contains("Sunflower77"));
}

#[test]
fn where_there_was_no_answer_there_is_nothing_to_copy() {
    let mut session = Session::new();
    session.last_reply = Some("The answer before.".into());
    for said in ["is the invoice on this page overdue in May", "are the refunds on this page paid in May"] {
        let said = match session.ask(said, &invoice()) {
            Seen::Ask { quoted: None, otherwise, .. } => otherwise,
            Seen::Ask { quoted: Some(reply), .. } => reply.spoken,
            Seen::Reply(reply) => reply.spoken,
            Seen::Look(_) => panic!(),
        };
        session.last_reply = Some(said);
        let reply = session.unseen("copy it");
        assert!(reply.spoken.starts_with("There is no answer to copy.") && reply.actions.is_empty(), "{reply:?}");
    }
}

#[test]
fn what_an_error_is_told_with_is_none_of_its_lines() {
    let mut session = Session::new();
    session.say("what does that error say", &dialog());
    // "It says: Save failed. Could not save report.odt."
    session.router.cut_short(8);
    assert_eq!(session.say("go on", &dialog()), "The disk is full.");
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
