//! The command line beside a Jarvis that runs, without sound and without a language model: who answers, what outlives
//! the process, and what becomes of it when it is killed, ended or can't write.

use super::Home;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Only there so that a test that fails ends.
const LIMIT: Duration = Duration::from_secs(60);

/// A daemon that is this test's own.
struct Running {
    process: Child,
    events: Receiver<Value>,
}

impl Running {
    fn start(home: &Home) -> Self {
        let running = Self::begin(home);
        running.until("ready");
        running
    }

    /// Only begun: no event is taken yet.
    fn begin(home: &Home) -> Self {
        let mut process = daemon(home, &["--events", "-"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .map(|line| sender.send(serde_json::from_str(&line).expect("an event")))
                .take_while(Result::is_ok)
                .for_each(drop);
        });
        Self { process, events }
    }

    /// The next event of that name, and those before it.
    #[track_caller]
    fn until(&self, name: &str) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            let event = self.events.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no {name} after {seen:?}"));
            let found = event["event"] == name;
            seen.push(event);
            if found {
                return seen;
            }
        }
    }

    /// Its events are over.
    fn until_closed(&self) {
        while self.events.recv_timeout(LIMIT).is_ok() {}
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn daemon(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(&[&["run", "--no-voice", "--no-neural"], arguments].concat());
    // Nothing is shown on the desktop of whoever runs the tests.
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere").stdin(Stdio::null()).stderr(Stdio::null());
    command
}

#[track_caller]
fn reply(home: &Home, question: &str) -> String {
    let (exit, objects) = home.json(&["ask", question]);
    assert_eq!(exit, 0, "{question}: {objects:?}");
    objects[0]["reply"].as_str().unwrap_or_else(|| panic!("{objects:?}")).to_owned()
}

#[track_caller]
fn within_limit(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// So many seconds ago, as the file of kept timers has it.
fn ago(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let at = libc::time_t::try_from(now - seconds).unwrap();
    // SAFETY: a `tm` of zeros is one, and gmtime_r reads one number and fills it.
    let tm = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        libc::gmtime_r(&raw const at, &raw mut tm);
        tm
    };
    let (year, month) = (tm.tm_year + 1900, tm.tm_mon + 1);
    format!("{year}-{month:02}-{:02}T{:02}:{:02}:{:02}Z", tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec)
}

#[test]
fn a_timer_outlives_the_process_whichever_way_that_ends() {
    let home = Home::new();
    let kept = home.path("state/skills.json");
    let running = Running::start(&home);
    assert_eq!(reply(&home, "set a pasta timer for three hours"), "Pasta timer set for 3 hours.");
    within_limit("the timer is kept", || kept.exists());
    running.kill();

    let running = Running::start(&home);
    assert!(reply(&home, "check my timers").starts_with("Your pasta timer has "), "after a kill");
    assert_eq!(home.json(&["quit"]).0, 0);
    drop(running);
    assert!(kept.exists());

    let _running = Running::start(&home);
    assert!(reply(&home, "check my timers").starts_with("Your pasta timer has "), "after the end");
    assert_eq!(reply(&home, "cancel the pasta timer"), "I cancelled the pasta timer.");
    within_limit("nothing is kept", || !kept.exists());
}

#[test]
fn a_timer_that_ended_while_nothing_ran_is_told_at_the_start() {
    let home = Home::new();
    let record = json!({ "label": "pasta", "seconds": "600", "ends_at": ago(20 * 60 + 30) });
    std::fs::create_dir_all(home.path("state")).unwrap();
    std::fs::write(home.path("state/skills.json"), json!({ "timer": [record] }).to_string()).unwrap();
    let seen = Running::begin(&home).until("alarm");
    let text = seen.last().and_then(|event| event["text"].as_str()).unwrap_or_default();
    // However slow the machine is, it is some minutes.
    let ended = "While I was off, your pasta timer ended 2";
    assert!(text.starts_with(ended) && text.ends_with(" minutes ago."), "{text:?}");
}

#[test]
fn a_damaged_file_of_timers_is_put_aside_and_said() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("state")).unwrap();
    std::fs::write(home.path("state/skills.json"), "{\"timer\":[{\"seconds\":\"sixty\"}]}").unwrap();
    let log = std::fs::File::create(home.path("log")).unwrap();
    let mut process = daemon(&home, &[]).stderr(log).spawn().unwrap();
    within_limit("it runs", || home.run(&["status"]).status.success());
    assert_eq!(reply(&home, "check my timers"), "There are no timers.");
    assert!(home.path("state/skills.json.damaged").exists());
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(log.contains("damaged"), "{log}");
    assert_eq!(home.json(&["quit"]).0, 0);
    process.wait().unwrap();
}

#[test]
fn a_running_jarvis_answers_as_one_conversation_and_in_writing() {
    let home = Home::new();
    let running = Running::start(&home);
    assert!(reply(&home, "what is 12 times 12").contains("144"));
    // What was said before is known to the next command, which is another process.
    assert!(reply(&home, "say that again").contains("144"));
    let seen = [running.until("turn_end"), running.until("turn_end")].concat();
    let questions: Vec<_> = seen.iter().filter(|event| event["event"] == "transcript").map(|e| &e["text"]).collect();
    assert_eq!(questions, ["what is 12 times 12", "say that again"]);

    let (exit, objects) = home.json(&["ask", "what is 2 plus 3"]);
    let answer = &objects[0];
    assert_eq!((exit, &answer["intent"], &answer["route"]), (0, &"calc.evaluate".into(), &"pattern".into()));
    assert!(answer["timings_ms"]["total"].as_f64().is_some() && answer["confidence"].is_number(), "{answer}");
    // For a person it is a line.
    let output = home.run(&["ask", "what", "is", "2", "plus", "3"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);

    let (code, _, hint) = home.refusal(&["ask", "tell me about the sea"]);
    assert_eq!(code, "mind.off");
    assert!(hint.contains("--no-neural"), "{hint}");
    // A dry run is no part of it.
    assert_eq!(home.json(&["ask", "--dry-run", "set a timer for five minutes"]).0, 0);
    assert_eq!(reply(&home, "check my timers"), "There are no timers.");
    drop(running);

    // And nobody needs one that runs.
    assert!(reply(&home, "what is 12 times 12").contains("144"));
    assert_eq!(home.refusal(&["ask", "--speak", "what is 12 times 12"]).0, "control.not_running");
}

#[test]
fn a_settings_file_that_is_broken_meanwhile_keeps_no_running_jarvis_from_answering() {
    let home = Home::new();
    let running = Running::start(&home);
    std::fs::create_dir_all(home.path("config")).unwrap();
    std::fs::write(home.path("config/config.json"), "{\n  \"audio\": {\n").unwrap();
    assert!(reply(&home, "what is 12 times 12").contains("144"));
    drop(running);
    let (code, message, hint) = home.refusal(&["ask", "what is 12 times 12"]);
    assert_eq!(code, "config.broken_file");
    assert!(message.contains("line 2") && message.contains("a } is missing"), "{message}");
    assert!(hint.contains("config.json"), "{hint}");
}

#[test]
fn muting_says_what_is_so() {
    let home = Home::new();
    let _running = Running::start(&home);
    let output = home.run(&["mute"]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "The microphone is off. `jarvis unmute` switches it on.\n");
    assert_eq!(home.json(&["status"]).1[0]["muted"], true);
    let (code, message, _) = home.refusal(&["unmute"]);
    assert_eq!((code.as_str(), message.as_str()), ("control.cannot_listen", "This Jarvis runs without sound."));
}

#[test]
fn many_who_ask_at_once_get_each_their_own_answer() {
    let home = Home::new();
    let _running = Running::start(&home);
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|number| {
                let home = &home;
                scope.spawn(move || (number, reply(home, &format!("what is {number} plus 2000"))))
            })
            .collect();
        for asked in asking {
            let (number, reply) = asked.join().unwrap();
            let sum = reply.replace(',', "");
            assert!(sum.contains(&(2000 + number).to_string()), "{reply}");
        }
    });
}

#[test]
fn after_quit_the_next_one_can_start() {
    let home = Home::new();
    for _ in 0..3 {
        let mut running = Running::start(&home);
        assert_eq!(home.json(&["quit"]).0, 0);
        // At once, though the first process may still be there: this one claims the place or fails.
        let mut next = Running::start(&home);
        assert!(next.process.try_wait().unwrap().is_none());
        assert!(running.process.wait().unwrap().success());
        assert_eq!(home.json(&["quit"]).0, 0);
        assert!(next.process.wait().unwrap().success());
    }
    // One that was told to end in another way is waited for.
    let mut running = Running::start(&home);
    // SAFETY: a signal to a child of ours that was not waited for yet.
    assert_eq!(unsafe { libc::kill(i32::try_from(running.process.id()).unwrap(), libc::SIGTERM) }, 0);
    running.until_closed();
    let _next = Running::start(&home);
    running.process.wait().unwrap();
}

#[test]
fn events_that_a_full_disk_takes_no_more_are_said_once() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let home = Home::new();
    let mut process = daemon(&home, &["--events", "/dev/full"]).stderr(Stdio::piped()).spawn().unwrap();
    within_limit("it runs", || home.run(&["status"]).status.success());
    assert!(reply(&home, "what is 12 times 12").contains("144"), "it goes on without");
    assert_eq!(home.json(&["quit"]).0, 0);
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(process.wait().unwrap().success());
    assert_eq!(said.matches("Events cannot be written").count(), 1, "{said}");
}
