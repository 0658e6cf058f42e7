//! The word error rate, by which recognizers are compared.
//!
//! Words are compared as they sound to a person: without case and punctuation, whole numbers below one hundred written
//! out, English's contractions taken apart, letters without their accents, since many a transcript lacks them. Never looks
//! at sound.

/// How a recognized text differs from what was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WordErrors {
    /// Words put in the place of others, left out, or put in: the fewest that explain the difference.
    pub errors: usize,
    /// Words that were said.
    pub words: usize,
}

impl WordErrors {
    /// Errors a word, 0 when nothing was said and nothing recognized.
    pub fn rate(&self) -> f64 {
        if self.words == 0 { if self.errors == 0 { 0.0 } else { 1.0 } } else { self.errors as f64 / self.words as f64 }
    }
}

impl std::ops::AddAssign for WordErrors {
    fn add_assign(&mut self, other: Self) {
        self.errors += other.errors;
        self.words += other.words;
    }
}

/// How many of the same utterances are drawn, with repeats, to see what chance does to a difference.
const DRAWS: usize = 4000;

/// Between which differences of two error rates (`ours` less `theirs`, heard utterance by utterance) 95 of 100 lie when other
/// utterances of the same kind are heard: a paired bootstrap, the same at each call. None where nothing was said. With zero
/// in between, neither recognizer is known to be better.
pub fn difference_by_chance(ours: &[WordErrors], theirs: &[WordErrors]) -> Option<(f64, f64)> {
    let pairs: Vec<(f64, f64)> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| (ours.errors as f64 - theirs.errors as f64, ours.words as f64))
        .collect();
    if pairs.iter().all(|(_, words)| *words == 0.0) {
        return None;
    }
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        pairs[(((random >> 32) * pairs.len() as u64) >> 32) as usize]
    };
    let mut differences: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let add = |sum: (f64, f64), one: (f64, f64)| (sum.0 + one.0, sum.1 + one.1);
            let (errors, words) = (0..pairs.len()).map(|_| draw()).fold((0.0, 0.0), add);
            errors / words.max(1.0)
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    Some((differences[DRAWS / 40], differences[DRAWS - 1 - DRAWS / 40]))
}

/// Compares `recognized` with what was `said`.
pub fn word_errors(said: &str, recognized: &str) -> WordErrors {
    let said = words(said);
    let recognized = words(recognized);
    // Levenshtein's distance, a row at a time.
    let mut row: Vec<usize> = (0..=recognized.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in recognized.iter().enumerate() {
            let replaced = diagonal + usize::from(word != other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    WordErrors { errors: row[recognized.len()], words: said.len() }
}

/// The words of `text` in the form in which they are compared.
fn words(text: &str) -> Vec<String> {
    const TITLES: [(&str, &str); 3] = [("mr", "mister"), ("mrs", "missus"), ("dr", "doctor")];
    let mut out = Vec::new();
    for piece in text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')) {
        let piece: String = piece.to_lowercase().chars().map(plain).collect();
        let (piece, more) = apart(&piece);
        let word = piece.replace('\'', "");
        if word.is_empty() {
            continue;
        }
        match word.parse::<u32>() {
            Ok(number) if number < 100 && !word.starts_with('0') => out.extend(spoken(number)),
            // Digits in a row are read one by one.
            Ok(_) => out.extend(word.bytes().flat_map(|digit| spoken(u32::from(digit - b'0')))),
            Err(_) => match TITLES.iter().find(|(short, _)| *short == word) {
                Some((_, long)) => out.push((*long).to_owned()),
                None => out.push(word),
            },
        }
        out.extend(more.map(str::to_owned));
    }
    out
}

/// A lower-case letter without its accent, and an apostrophe as it is typed.
fn plain(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        '’' => '\'',
        other => other,
    }
}

/// A word and the one that it is contracted with, if that can be told: "it's" can be "it is" and "it has".
fn apart(word: &str) -> (&str, Option<&'static str>) {
    const SECOND: [(&str, &str); 5] = [("n't", "not"), ("'re", "are"), ("'m", "am"), ("'ll", "will"), ("'ve", "have")];
    match word {
        "can't" | "cannot" => return ("can", Some("not")),
        "won't" => return ("will", Some("not")),
        _ => {}
    }
    let contracted = SECOND.iter().find_map(|(short, long)| Some((word.strip_suffix(short)?, Some(*long))));
    contracted.unwrap_or((word, None))
}

/// A number below one hundred in words.
fn spoken(number: u32) -> Vec<String> {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let mut out = Vec::new();
    if number >= 20 {
        out.push(TENS[number as usize / 10].to_owned());
    }
    if number < 20 {
        out.push(ONES[number as usize].to_owned());
    } else if !number.is_multiple_of(10) {
        out.push(ONES[number as usize % 10].to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_replaced_missing_and_added_words() {
        assert_eq!(word_errors("ten of clubs", "Ten of clubs."), WordErrors { errors: 0, words: 3 });
        assert_eq!(word_errors("ten of clubs", "Then of the clubs"), WordErrors { errors: 2, words: 3 });
        assert_eq!(word_errors("ten of clubs", ""), WordErrors { errors: 3, words: 3 });
        assert_eq!(word_errors("", "you"), WordErrors { errors: 1, words: 0 });
        assert_eq!(word_errors("", "").rate(), 0.0);
        assert_eq!(word_errors("", "you").rate(), 1.0);
    }

    #[test]
    fn a_difference_is_told_from_chance() {
        let each = |errors: usize| WordErrors { errors, words: 10 };
        assert_eq!(difference_by_chance(&[], &[]), None);
        assert_eq!(difference_by_chance(&[each(1); 50], &[each(1); 50]), Some((0.0, 0.0)));
        // Twice as bad on all of them is no chance,
        let (low, high) = difference_by_chance(&[each(2); 50], &[each(1); 50]).unwrap();
        assert!((low - 0.1).abs() < 1e-9 && (high - 0.1).abs() < 1e-9, "{low} to {high}");
        // and worse on one, better on another is.
        let ours: Vec<_> = (0..50).map(|i| each(usize::from(i % 5 == 0))).collect();
        let theirs: Vec<_> = (0..50).map(|i| each(usize::from(i % 5 == 1))).collect();
        let (low, high) = difference_by_chance(&ours, &theirs).unwrap();
        assert!(low < 0.0 && high > 0.0, "{low} to {high}");
    }

    #[test]
    fn numbers_and_titles_are_words() {
        assert_eq!(word_errors("five five", "5-5").errors, 0);
        assert_eq!(word_errors("forty two", "42").errors, 0);
        assert_eq!(word_errors("two nine three four zero", "29340").errors, 0);
        assert_eq!(word_errors("and mister dashwood", "And Mr. Dashwood,").errors, 0);
        assert_eq!(word_errors("it's ten o'clock", "Its 10 o'clock").errors, 0);
        assert_eq!(word_errors("I am sorry that you cannot", "I'm sorry that you can’t").errors, 0);
        assert_eq!(word_errors("we will not", "We won't").errors, 0);
        assert_eq!(word_errors("su contrasena", "¡Su contraseña!").errors, 0);
    }
}
