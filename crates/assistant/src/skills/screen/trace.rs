//! The message in what programs print when they fail: in the output of compilers, interpreters and shells.
//!
//! Owns which lines of it say what went wrong: the exception under a stack trace, the first error of a compiler with its
//! place, the command that was not found; not the stack, and not the lines that only say that there was an error. Knows
//! text only: what a dialog says is not its business.

/// What ends a line that says no more than that something failed before.
#[rustfmt::skip]
const CONSEQUENCES: [&str; 17] = [
    "could not compile", "aborting due to", "build failed", "returned 1 exit status", "returned non-zero exit",
    "a complete log of this run", "some errors have detailed explanations", "for more information about", "command failed with exit",
    "process completed with exit code", "lifecycle script", "exit status", "note: run with", "previous error", "errors generated",
    "error generated", "a full log",
];
/// Keys of `npm`'s report that are no message.
const NPM_KEYS: [&str; 8] = ["code", "errno", "syscall", "path", "command", "cwd", "workspace", "signal"];
/// What the names of exceptions end with.
const EXCEPTIONS: [&str; 6] = ["Error", "Exception", "Interrupt", "Failure", "Fault", "Timeout"];
/// Exceptions without such an end, of Python.
const OTHER_EXCEPTIONS: [&str; 5] =
    ["KeyboardInterrupt", "StopIteration", "SystemExit", "GeneratorExit", "StopAsyncIteration"];

/// Which of `lines`, in reading order, are the message; none where no program's output tells one.
pub(super) fn find(lines: &[&str]) -> Vec<usize> {
    // Of several commands the last that failed counts.
    let mut end = lines.len();
    loop {
        let start = (0..end).rev().find(|at| is_prompt(lines[*at]));
        let from = start.map_or(0, |at| at + 1);
        let found = of_output(&lines[from..end]);
        if !found.is_empty() || start.is_none() {
            return found.into_iter().map(|at| at + from).collect();
        }
        end = start.unwrap_or(0);
    }
}

/// The lines that the command printed whose output has the line `at`.
pub(super) fn output(lines: &[&str], at: usize) -> std::ops::Range<usize> {
    let start = (0..at).rev().find(|line| is_prompt(lines[*line])).map_or(0, |prompt| prompt + 1);
    let end = (at..lines.len()).find(|line| is_prompt(lines[*line])).unwrap_or(lines.len());
    start..end
}

/// The row of a linter's error: "14:9  error  'price' is not defined".
pub(super) fn lint_row(line: &str) -> Option<u32> {
    let (place, rest) = line.split_once(char::is_whitespace)?;
    let (row, column) = place.split_once(':')?;
    let is_error = rest.trim_start().strip_prefix("error").is_some_and(|rest| rest.starts_with(char::is_whitespace));
    (is_error && column.parse::<u32>().is_ok()).then(|| row.parse().ok())?
}

/// Whether a line is a shell's prompt, with a command or without.
pub(super) fn is_prompt(line: &str) -> bool {
    let line = line.trim();
    if line.starts_with("$ ") || line == "$" || line.starts_with("PS ") && line.contains('>') || line.starts_with("❯")
    {
        return true;
    }
    // "user@box:~/app$ cargo build", "[root@box app]# make", "C:\app>npm start".
    let Some(sign) = line.find(['$', '#', '%', '>']) else { return false };
    let (before, after) = (&line[..sign], &line[sign + 1..]);
    let is_command = after.is_empty() || after.starts_with(' ');
    let is_user = before.split_once('@').is_some_and(|(user, host)| {
        let is_name = |name: &str| name.starts_with(|c: char| c.is_alphanumeric() || c == '[' || c == '(');
        is_name(user) && is_name(host) && user.split_whitespace().count() <= 2 && host.split_whitespace().count() <= 2
    });
    let is_drive = before.get(1..3) == Some(":\\") && line.as_bytes()[sign] == b'>';
    is_drive || is_command && is_user
}

/// The message in the output of one command.
fn of_output(lines: &[&str]) -> Vec<usize> {
    let last = |is: &dyn Fn(&str) -> bool| lines.iter().rposition(|line| is(line.trim()));
    let first = |is: &dyn Fn(&str) -> bool| lines.iter().position(|line| is(line.trim()));
    // Python says it last, below the last of its traces.
    if let Some(header) = last(&|line| line.starts_with("Traceback (most recent")) {
        let below = header + 1..lines.len();
        let named = below.clone().rev().find(|at| is_exception(lines[*at].trim()));
        let place = below.clone().rev().find(|at| lines[*at].trim_start().starts_with("File "));
        let code = place.map(|at| at + 2).filter(|at| *at < lines.len());
        return named.or(code).map_or_else(Vec::new, |at| with_rest(lines, at));
    }
    // The exception behind those that were thrown because of it.
    if let Some(at) = last(&|line| line.starts_with("Caused by:") && line.len() > 11) {
        return vec![at];
    }
    if let Some(at) = first(&|line| line.contains("panicked at")) {
        // Its message is in the next line, in older versions in the same one.
        let message = lines.get(at + 1).filter(|next| !lines[at].contains("panicked at '") && !is_note(next.trim()));
        return if message.is_some() { vec![at, at + 1] } else { vec![at] };
    }
    if let Some(at) = first(&|line| line.starts_with("panic:") || line.starts_with("fatal error:")) {
        return vec![at];
    }
    if let Some(at) = first(&|line| is_npm(line).is_some_and(is_npm_message)) {
        return vec![at];
    }
    if let Some(at) = first(&|line| of_pytest(line).is_some_and(is_exception)) {
        return vec![at];
    }
    let thrown = |line: &str| !is_frame(line) && !is_consequence(line) && exception(line);
    if let Some(at) = last(&thrown) {
        // A stack below it, or its place above it, or nothing else that sounds like one.
        return with_rest(lines, at);
    }
    if let Some(at) = first(&|line| is_compiler_error(line) && !is_consequence(line)) {
        let place = lines.get(at + 1).is_some_and(|next| place(next).is_some());
        return if place { vec![at, at + 1] } else { vec![at] };
    }
    if let Some(at) = first(&|line| lint_row(line).is_some()) {
        return vec![at];
    }
    if let Some(at) = last(&|line| is_of_shell(line)) {
        return vec![at];
    }
    Vec::new()
}

/// The line, and those in which its message goes on: up to what is no prose.
fn with_rest(lines: &[&str], at: usize) -> Vec<usize> {
    let goes_on = |line: &&str| {
        let line = line.trim();
        // A line that was too wide for its window: it ends in no sign and the next begins in the middle.
        line.starts_with(|c: char| c.is_lowercase())
            && !is_frame(line)
            && !is_note(line)
            && !is_prompt(line)
            && !line.contains("@")
    };
    let is_whole = lines[at].trim_end().ends_with(['.', '\'', '"', ')', ']', '}', '!', '?']);
    let more = lines[at + 1..].first().filter(|next| !is_whole && goes_on(next)).map(|_| at + 1);
    std::iter::once(at).chain(more).collect()
}

/// "ValueError: …", "java.lang.IllegalStateException: …", "requests.exceptions.Timeout".
fn is_exception(line: &str) -> bool {
    let name = line.split([':', ' ', '(']).next().unwrap_or_default();
    let is_name = !name.is_empty()
        && name.starts_with(|c: char| c.is_alphabetic())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '$'));
    let last = name.rsplit('.').next().unwrap_or_default();
    let ends = EXCEPTIONS.iter().any(|end| last.ends_with(end) && (last.len() > end.len() || last != "Error"))
        || OTHER_EXCEPTIONS.contains(&last);
    let rest = &line[name.len()..];
    // "Error: …" is one of JavaScript; "Error in line" is prose.
    is_name && (rest.is_empty() || rest.starts_with(':')) && (ends || last == "Error" && rest.starts_with(": "))
}

/// A line that says that something was thrown.
fn exception(line: &str) -> bool {
    let thrown = ["Uncaught ", "Unhandled exception. ", "Unhandled Exception: ", "UnhandledPromiseRejection"];
    let rest = thrown.iter().find_map(|start| line.strip_prefix(start)).unwrap_or(line);
    let rest = rest.strip_prefix("(in promise) ").unwrap_or(rest);
    line.starts_with("Exception in thread") || rest.len() < line.len() || is_exception(rest) && rest.contains(": ")
}

/// A line of a stack.
pub(super) fn is_frame(line: &str) -> bool {
    let is_at = line.strip_prefix("at ").is_some_and(|rest| rest.contains(['(', ':', '.', '/']));
    is_at
        || line.starts_with("File \"")
        || line.starts_with("...")
        || line.starts_with("goroutine ")
        || line.starts_with("from ")
}

fn is_note(line: &str) -> bool {
    ["note:", "help:", "hint:", "stack backtrace", "= note", "= help"].iter().any(|start| line.starts_with(start))
}

fn is_consequence(line: &str) -> bool {
    let lower = line.to_lowercase();
    CONSEQUENCES.iter().any(|end| lower.contains(end)) || lower.starts_with("make: ***") || lower.starts_with("make[")
}

/// What `npm` says behind its mark.
fn is_npm(line: &str) -> Option<&str> {
    line.strip_prefix("npm ERR!").or_else(|| line.strip_prefix("npm error")).map(str::trim)
}

fn is_npm_message(rest: &str) -> bool {
    let first = rest.split(' ').next().unwrap_or_default();
    !rest.is_empty()
        && !NPM_KEYS.contains(&first)
        && !rest.starts_with(['/', '{', '}'])
        && !is_consequence(rest)
        && rest.split(' ').count() >= 3
}

fn of_pytest(line: &str) -> Option<&str> {
    line.strip_prefix("E ").map(str::trim)
}

/// Errors of compilers and tools: "error[E0308]: …", "a.c:3:5: error: …", "error TS2322: …", "./main.go:5:2: undefined: x".
fn is_compiler_error(line: &str) -> bool {
    let starts =
        ["error:", "error[", "error TS", "fatal:", "ERROR:", "Error:", "E:", "PHP Fatal error:", "Fatal error:"];
    let inside = [": error:", ": fatal error:", ": error TS", "- error TS", ": error C", "): error", ": error ["];
    starts.iter().any(|start| line.starts_with(start))
        || inside.iter().any(|sign| line.contains(sign))
        || is_placed(line)
}

/// "./main.go:5:2: undefined: x".
fn is_placed(line: &str) -> bool {
    let mut parts = line.splitn(4, ':');
    let (Some(file), Some(row), Some(column), Some(rest)) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    file.contains('.')
        && !file.contains(' ')
        && is_number(row)
        && is_number(column)
        && rest.starts_with(' ')
        && !["warning", "note"].iter().any(|less| rest.trim_start().starts_with(less))
}

/// The place that a compiler tells in a line of its own: "--> src/main.rs:14:22", also where a dash was not read.
pub(super) fn place(line: &str) -> Option<&str> {
    let line = line.trim();
    let rest = ["--> ", "-> ", "—> ", "–> ", "- -> "].iter().find_map(|arrow| line.strip_prefix(arrow))?;
    (rest.contains(':') && rest.contains('.')).then(|| rest.trim())
}

/// What a shell or a command says in a line of its own.
fn is_of_shell(line: &str) -> bool {
    let ends = [": command not found", ": No such file or directory", ": Permission denied", ": Is a directory"];
    let inside = ["command not found:", "is not recognized as", "Segmentation fault", "unable to resolve host"];
    ends.iter().any(|end| line.ends_with(end)) || inside.iter().any(|sign| line.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<String> {
        let lines: Vec<&str> = text.lines().collect();
        find(&lines).into_iter().map(|at| lines[at].trim().to_owned()).collect()
    }

    #[test]
    #[rustfmt::skip]
    fn the_message_of_a_failure_is_found() {
        for (what, text, expected) in [
            ("python", "Traceback (most recent call last):\n  File \"/srv/app/main.py\", line 42, in <module>\n    run(config[\"port\"])\nKeyError: 'port'", &["KeyError: 'port'"][..]),
            ("python in a terminal", "user@box:~$ python3 a.py\nTraceback (most recent call last):\nFile \"a.py\", line 1, in <module>\nint(\"x\")\nValueError: invalid literal for int() with base 10: 'x'\nuser@box:~$", &["ValueError: invalid literal for int() with base 10: 'x'"]),
            ("python chained", "Traceback (most recent call last):\n  File \"a.py\", line 2, in f\n    d[1]\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 9, in <module>\n    f()\nRuntimeError: no entry for 1", &["RuntimeError: no entry for 1"]),
            ("python with an own exception", "Traceback (most recent call last):\n  File \"a.py\", line 9, in <module>\n    f()\napp.errors.NotReady: wait a moment", &["app.errors.NotReady: wait a moment"]),
            ("rustc", "user@box:~/app$ cargo build\nCompiling app v0.1.0 (/home/user/app)\nerror[E0308]: mismatched types\n--> src/main.rs:3:18\n|\n3 | let x: u32 = \"a\";\nerror: could not compile `app` (bin \"app\") due to 1 previous error\nuser@box:~/app$", &["error[E0308]: mismatched types", "--> src/main.rs:3:18"]),
            ("rustc, a dash not read", "error[E0382]: borrow of moved value: `names`\n-> src/main.rs:14:22\n1\nerror: could not compile `app`", &["error[E0382]: borrow of moved value: `names`", "-> src/main.rs:14:22"]),
            ("gcc", "$ make\ncc -c a.c\na.c:3:5: warning: unused variable 'y'\na.c:7:12: error: expected ';' before 'return'\na.c:9:1: error: expected declaration\nmake: *** [Makefile:2: a.o] Error 1", &["a.c:7:12: error: expected ';' before 'return'"]),
            ("clang", "b.cc:1:10: fatal error: 'boost/asio.hpp' file not found\n1 error generated.", &["b.cc:1:10: fatal error: 'boost/asio.hpp' file not found"]),
            ("tsc", "src/a.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'.", &["src/a.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'."]),
            ("go", "# example.com/app\n./main.go:5:2: undefined: foo", &["./main.go:5:2: undefined: foo"]),
            ("go panic", "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()", &["panic: runtime error: index out of range [5] with length 3"]),
            ("npm", "npm ERR! code ENOENT\nnpm ERR! syscall open\nnpm ERR! path /app/package.json\nnpm ERR! errno -2\nnpm ERR! enoent ENOENT: no such file or directory, open '/app/package.json'\nnpm ERR! A complete log of this run can be found in: /root/.npm/_logs/x.log", &["npm ERR! enoent ENOENT: no such file or directory, open '/app/package.json'"]),
            ("npm, newer", "npm error Missing script: \"start\"\nnpm error\nnpm error To see a list of scripts, run:", &["npm error Missing script: \"start\""]),
            ("java", "Exception in thread \"main\" java.lang.RuntimeException: start failed\n\tat app.Main.main(Main.java:9)\nCaused by: java.net.ConnectException: Connection refused\n\tat java.base/sun.nio.ch.Net.connect(Net.java:1)\n\t... 3 more", &["Caused by: java.net.ConnectException: Connection refused"]),
            ("java, one", "Exception in thread \"main\" java.lang.NullPointerException: name is null\n\tat app.Main.main(Main.java:5)", &["Exception in thread \"main\" java.lang.NullPointerException: name is null"]),
            ("node", "/app/index.js:3\nfoo.bar();\n    ^\nTypeError: Cannot read properties of undefined (reading 'bar')\n    at Object.<anonymous> (/app/index.js:3:5)\n    at Module._compile (node:internal/modules/cjs/loader:1105:14)\nNode.js v18.0.0", &["TypeError: Cannot read properties of undefined (reading 'bar')"]),
            ("browser", "Uncaught (in promise) ReferenceError: total is not defined\nat app.js:12", &["Uncaught (in promise) ReferenceError: total is not defined"]),
            ("rust panic", "thread 'main' panicked at src/main.rs:4:27:\ncalled `Option::unwrap()` on a `None` value\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace", &["thread 'main' panicked at src/main.rs:4:27:", "called `Option::unwrap()` on a `None` value"]),
            ("old rust panic", "thread 'main' panicked at 'no config', src/main.rs:4:27\nnote: run with `RUST_BACKTRACE=1`", &["thread 'main' panicked at 'no config', src/main.rs:4:27"]),
            ("bash", "user@box:~$ gti status\nbash: gti: command not found\nuser@box:~$ ", &["bash: gti: command not found"]),
            ("zsh", "zsh: command not found: gti", &["zsh: command not found: gti"]),
            ("git", "$ git push\nTo github.com:a/b.git\nerror: failed to push some refs to 'github.com:a/b.git'\nhint: Updates were rejected", &["error: failed to push some refs to 'github.com:a/b.git'"]),
            ("c#", "Unhandled exception. System.IO.FileNotFoundException: Could not find file 'a.txt'.\n   at Program.Main() in /app/Program.cs:line 3", &["Unhandled exception. System.IO.FileNotFoundException: Could not find file 'a.txt'."]),
            ("pytest", "    def test_a():\n>       assert f() == 2\nE       AssertionError: assert 1 == 2\ntest_a.py:4: AssertionError", &["E       AssertionError: assert 1 == 2"]),
            ("the last command that failed", "user@box:~$ make\nmake.c:1:1: error: old news\nuser@box:~$ ls /x\nls: cannot access '/x': No such file or directory\nuser@box:~$ echo fine\nfine\nuser@box:~$", &["ls: cannot access '/x': No such file or directory"]),
            ("eslint", "$ npx eslint .\n/srv/cart.js\n  14:9   error    'price' is not defined   no-undef\n  30:1   warning  Missing semicolon", &["14:9   error    'price' is not defined   no-undef"]),
            ("nothing", "user@box:~$ cargo build\n    Finished `dev` profile in 0.5s\nuser@box:~$", &[]),
            ("prose", "The error of the century\nAn error is what it was: small", &[]),
        ] {
            assert_eq!(found(text), expected, "{what}");
        }
    }

    #[test]
    fn prompts_are_known() {
        for line in [
            "user@box:~/app$ cargo build",
            "[root@box app]# make",
            "$ ls",
            "user@box:~$",
            "C:\\app>npm start",
            "PS C:\\> x",
        ] {
            assert!(is_prompt(line), "{line}");
        }
        for line in ["Mail a@b.c for $5", "3 | let x = 5;", "costs $ 5", "# Heading", "100% done", "a -> b"] {
            assert!(!is_prompt(line), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(lines in proptest::collection::vec("\\PC{0,30}|error: x|Traceback \\(most recent call last\\):|a@b:~\\$|File \"x\"|npm ERR! a b c", 0..12)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let found = find(&lines);
            prop_assert!(found.len() <= 2 && found.iter().all(|at| *at < lines.len()));
            prop_assert!(found.is_sorted());
        }
    }
}
