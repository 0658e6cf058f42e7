//! Markdown without its marks: what is left are sentences.
//!
//! Works on pieces of a text too, where a mark's other half is missing. Blocks of code are left out: nobody can follow
//! them by ear.

/// Characters in which the other end of a footnote's mark or a tag has to come.
const LONGEST_NOTE: usize = 200;
/// Characters in which a link's address has to end. Bounds the work on text that only looks like links.
const LONGEST_TARGET: usize = 2000;

/// The text of `markdown`. Headings, list items, table rows and paragraphs end with a mark.
pub fn strip(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut fence: Option<char> = None;
    for line in markdown.lines() {
        let line = line.trim_end();
        let content = line.trim_start();
        if let Some(mark) = fence_mark(content) {
            match fence {
                Some(open) if open == mark => fence = None,
                None => {
                    end_block(&mut text);
                    fence = Some(mark);
                }
                Some(_) => {}
            }
            continue;
        }
        if fence.is_some() {
            continue;
        }
        add_line(&mut text, content);
    }
    text
}

/// The character of a line that opens or closes a block of code.
fn fence_mark(line: &str) -> Option<char> {
    ['`', '~'].into_iter().find(|mark| {
        let length = line.chars().take_while(|c| c == mark).count();
        // Three backticks may also hold code within a line.
        length >= 3 && !line[length..].contains(*mark)
    })
}

fn add_line(text: &mut String, line: &str) {
    let line = quoted(line);
    if line.is_empty() {
        end_block(text);
        return;
    }
    if is_rule(line) {
        end_block(text);
        return;
    }
    if let Some(heading) = heading(line) {
        end_block(text);
        inline(heading, text);
        end_block(text);
        return;
    }
    if let Some(item) = list_item(line) {
        end_block(text);
        if let Some(number) = item.number {
            text.push_str(number);
            text.push_str(", ");
        }
        inline(item.text, text);
        return;
    }
    if line.starts_with('|') {
        end_block(text);
        let cells: Vec<&str> =
            line.trim_matches('|').split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
        inline(&cells.join(", "), text);
        end_block(text);
        return;
    }
    if !text.is_empty() && !text.ends_with(char::is_whitespace) {
        text.push(' ');
    }
    inline(line, text);
}

/// Ends a sentence if one is open.
fn end_block(text: &mut String) {
    text.truncate(text.trim_end().len());
    let Some(last) = text.chars().next_back() else { return };
    if !matches!(last, '.' | '?' | '!' | ':' | ';' | ',') {
        text.push('.');
    }
    text.push('\n');
}

/// A line without the marks of quotation before it.
fn quoted(mut line: &str) -> &str {
    while let Some(rest) = line.strip_prefix('>') {
        // "> 5" at the start of a line is taken for a quotation, as markdown does.
        line = rest.trim_start();
    }
    line
}

/// A line that only draws: `---`, `***`, `===`, `|---|---|`.
fn is_rule(line: &str) -> bool {
    let marks = line.chars().filter(|c| !c.is_whitespace());
    let count = marks.clone().count();
    count >= 3
        && (["-", "*", "_", "="].iter().any(|mark| marks.clone().all(|c| mark.starts_with(c)))
            || line.starts_with('|') && marks.clone().all(|c| "|-:".contains(c)))
}

fn heading(line: &str) -> Option<&str> {
    let level = line.chars().take_while(|c| *c == '#').count();
    let rest = &line[level..];
    ((1..=6).contains(&level) && (rest.is_empty() || rest.starts_with(' ')))
        .then(|| rest.trim().trim_end_matches('#').trim_end())
}

struct Item<'a> {
    number: Option<&'a str>,
    text: &'a str,
}

fn list_item(line: &str) -> Option<Item<'_>> {
    let bullet = line.strip_prefix(['-', '*', '+', '•', '‣']).and_then(|rest| rest.strip_prefix(' '));
    if let Some(text) = bullet {
        let text = text.trim_start();
        let task = ["[ ]", "[x]", "[X]"].into_iter().find_map(|mark| text.strip_prefix(mark));
        return Some(Item { number: None, text: task.unwrap_or(text).trim_start() });
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line[digits..].strip_prefix(['.', ')'])?.strip_prefix(' ')?;
    // "2024. " ends a sentence; a list has no such number.
    ((1..=3).contains(&digits) && !rest.trim().is_empty())
        .then(|| Item { number: Some(&line[..digits]), text: rest.trim_start() })
}

/// Adds a line without the marks within it.
fn inline(line: &str, text: &mut String) {
    let characters: Vec<char> = line.chars().collect();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let rest = &characters[at..];
        let previous = at.checked_sub(1).map(|i| characters[i]);
        let next = rest.get(1).copied();
        match character {
            '\\' if next.is_some_and(|c| c.is_ascii_punctuation()) => {
                text.extend(next);
                at += 2;
                continue;
            }
            '!' if next == Some('[') => {}
            '[' if next == Some('^') => {
                at += rest.iter().take(LONGEST_NOTE).position(|c| *c == ']').map_or(2, |end| end + 1);
                continue;
            }
            '[' => {}
            ']' => {
                at += 1 + link_target(&rest[1..]);
                continue;
            }
            '<' => {
                if let Some(length) = tag(rest) {
                    at += length;
                    if !text.ends_with(' ') {
                        text.push(' ');
                    }
                    continue;
                }
                text.push(character);
            }
            '>' if previous.is_some_and(|c| !c.is_whitespace()) && next.is_none_or(|c| !c.is_ascii_digit()) => {}
            '&' => {
                if let Some((length, entity)) = entity(rest) {
                    text.push(entity);
                    at += length;
                    continue;
                }
                text.push(character);
            }
            '`' | '|' => {}
            '*' => {
                let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
                let spaced = previous.is_none_or(char::is_whitespace) && next.is_none_or(char::is_whitespace);
                if spaced && previous.is_some() || digit(previous) && digit(next) {
                    text.push_str(" * ");
                }
            }
            '_' => {
                let within = previous.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric);
                if within {
                    text.push(' ');
                }
            }
            '~' if next == Some('~') || previous == Some('~') => {}
            '=' if next == Some('=') || previous == Some('=') => text.push(' '),
            other => text.push(other),
        }
        at += 1;
    }
}

/// Characters of the `(address)` or `[reference]` after a link's text.
fn link_target(rest: &[char]) -> usize {
    let close = match rest.first() {
        Some('(') => ')',
        Some('[') => ']',
        _ => return 0,
    };
    let mut depth = 0_usize;
    for (i, character) in rest.iter().take(LONGEST_TARGET).enumerate() {
        if *character == rest[0] {
            depth += 1;
        } else if *character == close {
            depth -= 1;
            if depth == 0 {
                return i + 1;
            }
        }
    }
    0
}

/// Length of the tag of HTML at the beginning; `<https://...>` is an address and none.
fn tag(rest: &[char]) -> Option<usize> {
    let name = rest.get(1).filter(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!'))?;
    let end = rest.iter().take(LONGEST_NOTE).position(|c| *c == '>')?;
    let inside = &rest[1..end];
    let is_address = *name != '/' && inside.iter().any(|c| matches!(c, ':' | '@')) && !inside.contains(&' ');
    (!is_address).then_some(end + 1)
}

/// A character that HTML writes by name.
fn entity(rest: &[char]) -> Option<(usize, char)> {
    const ENTITIES: [(&str, char); 7] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&apos;", '\''),
        ("&#39;", '\''),
        ("&nbsp;", ' '),
    ];
    ENTITIES
        .into_iter()
        .find(|(name, _)| rest.len() >= name.len() && name.chars().eq(rest[..name.len()].iter().copied()))
        .map(|(name, character)| (name.len(), character))
}
