//! One way to write each sign: typographic variants, digits of other scripts, and signs that are written as two.
//!
//! Knows characters, never words or numbers.

/// The first of ten digits in a row, of the scripts that have their own, of the full-width ones and of mathematics.
const ZEROS: [char; 18] = [
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{ff10}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
];
/// Signs that are written as two for want of a key.
const PAIRS: [(&str, &str); 8] = [
    ("!=", "≠"),
    (">=", "≥"),
    ("<=", "≤"),
    (" -> ", " → "),
    (" => ", " → "),
    (" --> ", " → "),
    // Numbers in a circle with a sign of their own for the emoji's frame.
    ("\u{fe0f}\u{20e3}", " "),
    ("\u{20e3}", " "),
];

/// Joins signs that are written as two.
pub fn join_signs(text: &str) -> String {
    let mut text = text.to_owned();
    for (two, one) in PAIRS {
        if text.contains(two) {
            text = text.replace(two, one);
        }
    }
    text
}

/// The characters of `text`, each as the rules know it.
pub fn characters(text: &str) -> Vec<char> {
    let mut plain = Vec::with_capacity(text.len());
    for character in text.chars() {
        match number(character) {
            Some(number) => {
                // A count beside another one, or an index beside a letter: a number of its own.
                if plain.last().is_some_and(char::is_ascii_digit) && !is_digit(character) {
                    plain.push(' ');
                }
                plain.extend(number.to_string().chars());
            }
            None => plain.push(variant(character)),
        }
    }
    plain
}

/// What a numeral of any kind but ASCII's is worth.
fn number(character: char) -> Option<u32> {
    let code = u32::from(character);
    let from = |first: char, value: u32| code - u32::from(first) + value;
    Some(match character {
        '₀'..='₉' => from('₀', 0),
        '①'..='⑳' => from('①', 1),
        '❶'..='❿' => from('❶', 1),
        'Ⅰ'..='Ⅻ' => from('Ⅰ', 1),
        'ⅰ'..='ⅻ' => from('ⅰ', 1),
        _ => ZEROS.iter().map(|zero| code.wrapping_sub(u32::from(*zero))).find(|value| *value < 10)?,
    })
}

/// Whether it stands within numbers as 0 to 9 do.
fn is_digit(character: char) -> bool {
    ZEROS.iter().any(|zero| u32::from(character).wrapping_sub(u32::from(*zero)) < 10)
}

fn variant(character: char) -> char {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{ff07}' => '\'',
        '\u{2212}' | '\u{2010}' | '\u{2011}' => '-',
        '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' | '\u{200a}' => ' ',
        '\u{2044}' => '/',
        'º' => '°',
        '\u{ff0c}' | '\u{3001}' => ',',
        '\u{3002}' => '.',
        '\u{ff01}' => '!',
        '\u{ff1f}' => '?',
        '\u{66b}' => '.',
        other => other,
    }
}
