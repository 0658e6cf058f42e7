//! Where in the code a failure is: the innermost frame of the user's own code, or the place that a compiler tells.
//!
//! Owns how stacks and compilers write a file and a line, which files are a library's, and where the whole of a trace begins
//! and ends. What went wrong is [`super::trace`]'s; which text of the screen that is in is not known here.

use super::trace;
use std::ops::Range;

/// Parts of paths that nobody but a library's author edits.
#[rustfmt::skip]
const LIBRARIES: [&str; 22] = [
    "site-packages", "dist-packages", "node_modules", "/usr/lib", "/usr/local/lib", "/usr/local/go", "/usr/share", "/usr/include",
    "/rustc/", "/.cargo/", "/.rustup/", "library/std", "library/core", "node:", "<frozen", "<anonymous", "/lib/python", "/gems/",
    "/go/pkg/mod/", "internal/modules", "webpack-internal", "\\lib\\site",
];
/// Packages of Java that come with it or are taken from elsewhere.
#[rustfmt::skip]
const PACKAGES: [&str; 14] = [
    "java.", "javax.", "jdk.", "sun.", "com.sun.", "java.base/", "kotlin.", "kotlinx.", "scala.", "org.springframework.",
    "org.junit.", "org.apache.", "org.hibernate.", "jakarta.",
];
/// A compiler shows no more lines of code for one error.
const CODE_LINES: usize = 12;

/// A place in code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'t> {
    /// The file, as it is written.
    pub file: &'t str,
    /// The line in it.
    pub row: u32,
    /// In which of the lines of text it is told.
    pub at: usize,
}

/// Where the failure is that [`trace::find`] finds in `lines`: in the user's own code, if the stack has any.
pub(super) fn origin<'t>(lines: &[&'t str]) -> Option<Place<'t>> {
    let message = trace::find(lines);
    let (first, last) = (*message.first()?, *message.last()?);
    let output = trace::output(lines, first);
    let places = |range: Range<usize>| range.filter_map(|at| place(lines[at], at));
    if let Some(of_lint) = lint(lines, first, &output) {
        return Some(of_lint);
    }
    // Python tells the innermost last, above the message.
    if let Some(header) = output.clone().rev().find(|at| *at < first && is_header(lines[*at])) {
        let all: Vec<Place<'_>> = places(header + 1..first).collect();
        return all.iter().rev().find(|place| is_own(place, lines)).or(all.last()).copied();
    }
    let below: Vec<Place<'_>> = places(first..output.end).collect();
    let told = below.iter().find(|place| place.at <= last && is_own(place, lines));
    let own = told.or_else(|| below.iter().find(|place| is_own(place, lines))).copied();
    // What was caused in a library may have been called from above.
    let above = || places(output.clone()).find(|place| is_own(place, lines));
    own.or_else(above).or(below.first().copied())
}

/// Which of `lines` are the whole of what is printed of the failure: its stack, or the code that the compiler shows.
pub(super) fn whole(lines: &[&str]) -> Option<Range<usize>> {
    let message = trace::find(lines);
    let (first, last) = (*message.first()?, *message.last()?);
    let output = trace::output(lines, first);
    let is_start = |at: &usize| is_header(lines[*at]) || lines[*at].trim().starts_with("Exception in thread");
    let start = output.clone().find(|at| *at <= first && is_start(at)).unwrap_or(first);
    let is_of_stack = |line: &str| {
        let line = line.trim();
        trace::is_frame(line) || line.starts_with("Caused by:") || line.starts_with("goroutine ")
    };
    let has_stack = (start..output.end).any(|at| is_of_stack(lines[at]));
    let end = if has_stack {
        let is_told = |at: &usize| is_of_stack(lines[*at]) || place(lines[*at], *at).is_some();
        (last..output.end).rev().find(is_told).unwrap_or(last)
    } else {
        let is_code = |at: &usize| {
            let line = lines[*at].trim();
            let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
            after_number.starts_with(['|', '^', '~', '=']) || trace::place(line).is_some()
        };
        (last + 1..output.end).take(CODE_LINES).take_while(is_code).last().unwrap_or(last)
    };
    Some(start..end.max(last) + 1)
}

fn is_header(line: &str) -> bool {
    line.trim().starts_with("Traceback (most recent")
}

/// The place that one line tells.
fn place(line: &str, at: usize) -> Option<Place<'_>> {
    let line = line.trim();
    // "File "a.py", line 3", "in /app/Program.cs:line 3", "in /srv/a.php on line 3".
    for mark in ["\", line ", "”, line ", ", line ", ":line ", " on line "] {
        if let Some((before, after)) = line.split_once(mark) {
            let file = before.rsplit([' ', '"', '“']).next().unwrap_or(before);
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if let Ok(row) = after[..digits].parse()
                && !file.is_empty()
            {
                return Some(Place { file, row, at });
            }
        }
    }
    line.split_whitespace().find_map(|word| {
        // "com.acme.Queue.add(Queue.java:88)", but "a.ts(3,5):".
        let inner = word.split_once('(').filter(|(_, inner)| inner.contains(':') && !inner.starts_with(is_digit));
        let word = inner.map_or(word, |(_, inner)| inner);
        let word = word.trim_matches(['(', ')', '[', ']', ',', '\'', '"', '`']).trim_end_matches(':');
        let (file, row) = of_word(word)?;
        Some(Place { file, row, at })
    })
}

/// "src/main.rs:3:18", "Queue.java:88", "a.ts(3,5)", "a.go:27".
fn of_word(word: &str) -> Option<(&str, u32)> {
    let (file, row) = match word.split_once('(') {
        Some((file, rest)) => (file, rest.split([',', ')']).next()?),
        None => {
            let (rest, last) = word.rsplit_once(':')?;
            match rest.rsplit_once(':').filter(|(_, row)| is_number(row)) {
                Some((file, row)) if is_number(last) => (file, row),
                _ => (rest, last),
            }
        }
    };
    let name = file.rsplit(['/', '\\']).next()?;
    let (stem, end) = name.rsplit_once('.')?;
    let is_file =
        !stem.is_empty() && (1..=6).contains(&end.len()) && end.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_host = file.contains("://") || end == "com" || end == "org" || end == "net";
    (is_file && !is_host && is_number(row)).then_some((file, row.parse().ok()?))
}

fn is_number(text: &str) -> bool {
    (1..=7).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Whether a frame is of the user's own code.
fn is_own(place: &Place<'_>, lines: &[&str]) -> bool {
    let line = lines[place.at].trim();
    let name = line.strip_prefix("at ").unwrap_or(line);
    !LIBRARIES.iter().any(|part| place.file.contains(part) || name.contains(part))
        && !PACKAGES.iter().any(|package| name.starts_with(package))
}

/// A linter's message, "14:9  error  ...", under the name of its file.
fn lint<'t>(lines: &[&'t str], message: usize, output: &Range<usize>) -> Option<Place<'t>> {
    let row = trace::lint_row(lines[message].trim())?;
    let is_path = |line: &str| {
        !line.contains(' ') && line.rsplit(['/', '\\']).next().is_some_and(|name| name.contains('.')) && line.len() > 3
    };
    let at = (output.start..message).rev().find(|at| is_path(lines[*at].trim()))?;
    Some(Place { file: lines[at].trim(), row, at: message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    #[rustfmt::skip]
    fn the_innermost_frame_of_the_own_code_is_the_place() {
        for (what, text, file, row) in [
            ("python", "Traceback (most recent call last):\n  File \"/srv/app/main.py\", line 42, in <module>\n    run(c)\n  File \"/srv/app/db.py\", line 7, in run\n    connect(h)\n  File \"/usr/lib/python3/socket.py\", line 9, in connect\nValueError: bad host", "/srv/app/db.py", 7),
            ("java", "Exception in thread \"main\" java.lang.IllegalStateException: Queue full\n    at com.acme.Queue.add(Queue.java:88)\n    at com.acme.Main.main(Main.java:17)\nCaused by: java.io.IOException: No space left\n    at java.io.FileOutputStream.write(Native Method)\n    ... 2 more", "Queue.java", 88),
            ("java, caused in own code", "Exception in thread \"main\" java.lang.RuntimeException: x y\n    at com.acme.Main.main(Main.java:17)\nCaused by: java.io.IOException: No space left\n    at java.base/java.io.FileOutputStream.write(FileOutputStream.java:3)\n    at com.acme.Disk.put(Disk.java:41)", "Disk.java", 41),
            ("node", "/app/node_modules/x/i.js:1\nTypeError: Cannot read properties\n    at f (/app/node_modules/x/i.js:3:5)\n    at g (/app/src/a.js:7:1)\n    at node:internal/main:1:1", "/app/src/a.js", 7),
            ("rustc", "error[E0308]: mismatched types\n  --> src/main.rs:3:18\n  |\n3 |  let x", "src/main.rs", 3),
            ("rust panic", "thread 'main' panicked at src/main.rs:4:27:\ncalled `Option::unwrap()` on a `None` value", "src/main.rs", 4),
            ("gcc", "a.c:3:5: warning: unused variable\nsrc/b.c:7:12: error: expected ';'", "src/b.c", 7),
            ("tsc", "src/a.ts(3,5): error TS2322: Type 'string' is not assignable", "src/a.ts", 3),
            ("go", "./main.go:5:2: undefined: foo", "./main.go", 5),
            ("go panic", "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nsort.f(...)\n\t/usr/local/go/src/sort/z.go:12\nmain.pick()\n\t/home/u/pick.go:27 +0x1d", "/home/u/pick.go", 27),
            ("eslint", "/srv/src/cart.js\n  14:9  error  'price' is not defined  no-undef", "/srv/src/cart.js", 14),
            ("c#", "Unhandled exception. System.IO.IOException: no file\n   at Program.Main() in /app/Program.cs:line 3", "/app/Program.cs", 3),
            ("pytest", "    def test_a():\n>       assert f() == 2\nE       AssertionError: assert 1 == 2\ntest_a.py:4: AssertionError", "test_a.py", 4),
            ("only a library's", "Traceback (most recent call last):\n  File \"/usr/lib/python3/a.py\", line 9, in f\nValueError: bad", "/usr/lib/python3/a.py", 9),
        ] {
            let lines: Vec<&str> = text.lines().collect();
            let place = origin(&lines).unwrap_or_else(|| panic!("{what}: {:?}", trace::find(&lines)));
            assert_eq!((place.file, place.row), (file, row), "{what}");
        }
        for text in ["all is fine at 10:30", "bash: gti: command not found", "see http://a.example.com:80 for more", ""] {
            assert_eq!(origin(&text.lines().collect::<Vec<_>>()), None, "{text}");
        }
    }

    #[test]
    fn the_whole_of_a_trace_is_its_stack_with_its_message() {
        for (text, expected) in [
            ("$ x\nTraceback (most recent call last):\n  File \"a.py\", line 1\n    f()\nValueError: x\n$ ", 1..5),
            (
                "start\nException in thread \"main\" a.B: c\n at a.B.c(B.java:1)\nCaused by: d.E: f\n ... 2 more\nBUILD FAILED",
                1..5,
            ),
            (
                "error[E0308]: mismatched types\n --> a.rs:3:1\n  |\n3 | let\n  | ^^^\nerror: could not compile `a`",
                0..5,
            ),
            ("TypeError: a is b\n    at f (/a/b.js:1:2)\n    at g (/a/c.js:1:2)\nNode.js v18", 0..3),
            ("bash: gti: command not found", 0..1),
        ] {
            assert_eq!(whole(&text.lines().collect::<Vec<_>>()), Some(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_its_place_within(lines in proptest::collection::vec(
            "\\PC{0,30}|error: x|Traceback \\(most recent call last\\):|a@b:~\\$|File \"x\", line 3|at a\\(b.js:1:2\\)|Caused by: a.B: c|1:2  error  x", 0..12,
        )) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            if let Some(place) = origin(&lines) {
                prop_assert!(lines[place.at].contains(&place.row.to_string()));
                prop_assert!(lines.iter().any(|line| line.contains(place.file)));
            }
            if let Some(range) = whole(&lines) {
                prop_assert!(range.start < range.end && range.end <= lines.len());
                prop_assert!(trace::find(&lines).iter().all(|at| range.contains(at)));
            }
        }
    }
}
