//! Values that are known by their shape: amounts, dates, mail and web addresses, telephone and account numbers.
//!
//! Owns what each looks like in a line of text. Finds them as they are written and never rewrites or computes one.

use std::ops::Range;

use crate::skills::date::day::{MONTHS, WEEKDAYS};

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Money: with a currency, or with two decimals.
    Amount,
    /// A day, also with a time.
    Date,
    /// A mail address.
    Email,
    /// A telephone number: 7 to 15 digits.
    Phone,
    /// A web address.
    Url,
    /// A bank account (ISO 13616).
    Iban,
    /// Words of digits and signs: the number of an invoice, an error code, a version.
    Number,
}

/// Days that are called by their name, beside those of the week.
const DAYS: [&str; 3] = ["today", "tomorrow", "yesterday"];
/// Currencies in letters.
const CURRENCIES: [&str; 26] = [
    "eur", "usd", "gbp", "chf", "jpy", "sek", "nok", "dkk", "pln", "czk", "cad", "aud", "inr", "cny", "brl", "mxn",
    "euro", "euros", "dollar", "dollars", "pound", "pounds", "cents", "francs", "kr", "zł",
];
/// What a large number is called.
const SCALES: [&str; 4] = ["thousand", "million", "billion", "trillion"];
/// Ends of hosts that are web addresses without a scheme.
const TOP: [&str; 18] = [
    "com", "org", "net", "io", "de", "eu", "uk", "fr", "ch", "at", "it", "es", "nl", "dev", "app", "gov", "edu",
    "example",
];

/// The values of `kind` in `text`, the first first.
pub(super) fn find(kind: Kind, text: &str) -> Vec<Range<usize>> {
    match kind {
        Kind::Amount => amounts(text),
        Kind::Date => dates(text),
        Kind::Email => emails(text),
        Kind::Phone => phones(text),
        Kind::Url => urls(text),
        Kind::Iban => ibans(text),
        Kind::Number => numbers(text),
    }
}

/// The words of `text` without the punctuation around them.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let start_of = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let around =
        |c: char| matches!(c, '"' | '\'' | '“' | '”' | '‘' | '’' | '‹' | '›' | '<' | '>' | '[' | ']' | '{' | '}');
    text.split_whitespace()
        .map(|word| {
            let word = word.trim_start_matches(|c| around(c) || c == '(');
            word.trim_end_matches(|c: char| around(c) || matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')'))
        })
        .filter(|word| !word.is_empty())
        .map(|word| start_of(word)..start_of(word) + word.len())
        .collect()
}

/// Whether `after` text the next word is in the same phrase: nothing but space between.
fn is_next(text: &str, one: &Range<usize>, next: &Range<usize>) -> bool {
    text[one.end..next.start].chars().all(char::is_whitespace)
}

fn is_currency_sign(c: char) -> bool {
    matches!(c, '€' | '$' | '£' | '¥' | '₹' | '₽' | '₩')
}

fn is_currency(word: &str) -> bool {
    let word = word.to_lowercase();
    CURRENCIES.contains(&word.as_str()) || !word.is_empty() && word.chars().all(is_currency_sign)
}

/// A number as amounts have it, and whether it is sure to be one: with a currency's sign, or two decimals. `None` for
/// anything else, such as dates and percents.
fn amount(word: &str) -> Option<bool> {
    let bare = word.trim_start_matches(['-', '−', '+', '(']).trim_end_matches([')', '-']);
    let bare = bare.strip_prefix("US").filter(|rest| rest.starts_with('$')).unwrap_or(bare);
    let named = CURRENCIES.iter().find_map(|name| {
        let lower = bare.to_lowercase();
        let at = lower.strip_prefix(name).and_then(|rest| Some(bare.len().checked_sub(rest.len())?..bare.len()));
        let range = at.or_else(|| lower.strip_suffix(name).map(|rest| 0..rest.len()))?;
        bare.get(range).filter(|rest| rest.contains(|c: char| c.is_ascii_digit()))
    });
    let digits = named.unwrap_or(bare);
    let number = digits.trim_start_matches(is_currency_sign).trim_start_matches(['-', '−']);
    let number = number.trim_end_matches(is_currency_sign).trim_end_matches(",-").trim_end_matches(".-");
    let has_currency = named.is_some() || number.len() < digits.trim_start_matches(['-', '−']).len();
    let groups: Vec<&str> = number.split(['.', ',', '\'', '’']).collect();
    if !groups.iter().all(|group| !group.is_empty() && group.chars().all(|c| c.is_ascii_digit())) {
        return None;
    }
    let is_grouped = match &groups[..] {
        [_] | [_, _] => true,
        // 1.234.567,89, but not 14.11.2026.
        [first, middle @ .., last] => {
            first.len() <= 3 && middle.iter().all(|group| group.len() == 3) && matches!(last.len(), 2 | 3)
        }
        [] => false,
    };
    is_grouped.then(|| has_currency || groups.len() > 1 && groups.last().is_some_and(|last| last.len() == 2))
}

fn amounts(text: &str) -> Vec<Range<usize>> {
    let tokens = tokens(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let word = &text[tokens[at].clone()];
        let Some(mut is_sure) = amount(word) else {
            at += 1;
            continue;
        };
        let mut range = tokens[at].clone();
        // "1 234,50" and "1 million".
        let mut next = at + 1;
        while let Some(more) = tokens.get(next).filter(|more| is_next(text, &range, more)) {
            let word = &text[more.clone()];
            // "2 129.00" is a quantity and a price.
            let is_group = |word: &str| {
                word.split(',')
                    .next()
                    .is_some_and(|group| group.len() == 3 && group.chars().all(|c| c.is_ascii_digit()))
                    && (word.contains(',') || tokens.get(next + 1).is_some_and(|more| is_currency(&text[more.clone()])))
                    && amount(word).is_some()
            };
            let is_scale = SCALES.contains(&word.to_lowercase().as_str());
            let begins = text[range.clone()].trim_start_matches(|c: char| !c.is_ascii_digit());
            if is_scale || (is_group(word) && begins.len() <= 3 && next == at + 1) {
                is_sure |= !is_scale && amount(word) == Some(true);
                range.end = more.end;
                next += 1;
            } else {
                break;
            }
        }
        if let Some(more) =
            tokens.get(next).filter(|more| is_next(text, &range, more) && is_currency(&text[(*more).clone()]))
        {
            range.end = more.end;
            is_sure = true;
            next += 1;
            // "284 pounds 60".
            let is_word = |range: &Range<usize>| text[range.clone()].chars().all(|c| c.is_ascii_lowercase());
            let is_cents = |cents: &str| cents.len() == 2 && cents.chars().all(|c| c.is_ascii_digit());
            if let Some(cents) =
                tokens.get(next).filter(|cents| is_next(text, &range, cents) && is_cents(&text[(*cents).clone()]))
                && is_word(more)
            {
                range.end = cents.end;
                next += 1;
            }
        } else if let Some(before) = at.checked_sub(1).map(|before| &tokens[before])
            && is_next(text, before, &range)
            && is_currency(&text[before.clone()])
            && found.last().is_none_or(|last| last.end <= before.start)
        {
            range.start = before.start;
            is_sure = true;
        }
        let is_percent = text[range.end..].trim_start().starts_with('%');
        if is_sure && !is_percent {
            found.push(range);
        }
        at = next;
    }
    found
}

fn is_named_day(word: &str) -> bool {
    let word = word.to_lowercase();
    DAYS.iter().chain(&WEEKDAYS).any(|day| *day == word)
}

fn is_month(word: &str) -> bool {
    let word = word.trim_end_matches('.').to_lowercase();
    word.len() >= 3 && MONTHS.iter().any(|month| *month == word || word == month[..3] || word == "sept")
}

/// "2026-11-14", "14.11.2026", "11/14/26", "14.11.".
fn is_numeric_date(word: &str) -> bool {
    ['-', '.', '/'].iter().any(|sign| {
        let parts: Vec<&str> = word.split(*sign).collect();
        let is_number = |part: &&str, most: u32| part.parse::<u32>().is_ok_and(|number| number <= most);
        let is_day = |part: &&str| part.len() <= 2 && is_number(part, 31);
        let is_year = |part: &&str| matches!(part.len(), 2 | 4) && is_number(part, 2999);
        matches!(&parts[..], [a, b, c] if (is_day(a) && is_day(b) && is_year(c)) || (a.len() == 4 && is_year(a) && is_day(b) && is_day(c)))
    })
}

fn is_day_of_month(word: &str) -> bool {
    let digits = ["st", "nd", "rd", "th", "."].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    digits.len() <= 2 && digits.parse::<u32>().is_ok_and(|day| (1..=31).contains(&day))
}

/// "09:41", "9:41pm".
pub(super) fn is_time(word: &str) -> bool {
    let word = word.to_lowercase();
    let word = word.trim_end_matches("am").trim_end_matches("pm");
    let parts: Vec<&str> = word.split(':').collect();
    matches!(parts.len(), 2 | 3)
        && parts.iter().all(|part| (1..=2).contains(&part.len()) && part.parse::<u32>().is_ok_and(|number| number < 60))
}

fn dates(text: &str) -> Vec<Range<usize>> {
    let tokens = tokens(text);
    let word = |at: usize| tokens.get(at).map_or("", |range| &text[range.clone()]);
    let is_year = |word: &str| word.len() == 4 && word.parse::<u32>().is_ok_and(|year| (1900..2100).contains(&year));
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut next = if is_numeric_date(word(at).split('T').next().unwrap_or_default()) {
            at + 1
        } else if is_day_of_month(word(at)) && is_month(word(at + 1))
            || is_month(word(at)) && is_day_of_month(word(at + 1))
        {
            at + 2
        } else if is_month(word(at)) && is_year(word(at + 1)) {
            at + 1
        } else if is_named_day(word(at)) {
            // "Friday, 14 November".
            let date = is_day_of_month(word(at + 1)) && is_month(word(at + 2))
                || is_month(word(at + 1)) && is_day_of_month(word(at + 2));
            at + if date { 3 } else { 1 + usize::from(is_numeric_date(word(at + 1))) }
        } else {
            at += 1;
            continue;
        };
        if is_year(word(next)) && !is_numeric_date(word(next - 1)) {
            next += 1;
        }
        if word(next) == "at" && is_time(word(next + 1)) {
            next += 1;
        }
        if is_time(word(next)) {
            next += 1;
            if matches!(word(next).to_lowercase().as_str(), "am" | "pm") {
                next += 1;
            }
        }
        found.push(tokens[at].start..tokens[next - 1].end);
        at = next;
    }
    found
}

fn emails(text: &str) -> Vec<Range<usize>> {
    let is_local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    text.match_indices('@')
        .filter_map(|(at, _)| {
            let start = at - (text[..at].len() - text[..at].trim_end_matches(is_local).len());
            let host = &text[at + 1..];
            let host = &host[..host.len() - host.trim_start_matches(is_host).len()];
            let host = host.trim_end_matches(['.', '-']);
            let (name, top) = host.rsplit_once('.')?;
            let is_top = top.chars().count() >= 2 && top.chars().all(char::is_alphabetic);
            let local = text[start..at].trim_start_matches('.');
            (is_top && !name.is_empty() && !local.is_empty()).then(|| at - local.len()..at + 1 + host.len())
        })
        .collect()
}

fn urls(text: &str) -> Vec<Range<usize>> {
    let is_url = |word: &str| {
        let rest = word
            .split_once("://")
            .map(|(scheme, rest)| (!scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphabetic()), rest));
        if let Some((is_scheme, rest)) = rest {
            return is_scheme && !rest.is_empty();
        }
        let host = word.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let Some((name, top)) = host.rsplit_once('.') else { return false };
        !word.contains('@')
            && name.contains(|c: char| c.is_ascii_alphabetic())
            && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
            && (TOP.contains(&top.to_lowercase().as_str()) || name.starts_with("www."))
    };
    tokens(text).into_iter().filter(|range| is_url(&text[range.clone()])).collect()
}

/// The remainder by 97 of an account number as ISO 13616 has it: 1 for one that is right.
fn remainder(iban: &str) -> u32 {
    let (head, tail) = iban.split_at(4.min(iban.len()));
    tail.chars().chain(head.chars()).fold(0, |sum, c| match c.to_digit(36) {
        Some(digit) if digit < 10 => (sum * 10 + digit) % 97,
        Some(letter) => (sum * 100 + letter) % 97,
        None => sum,
    })
}

fn ibans(text: &str) -> Vec<Range<usize>> {
    let tokens = tokens(text);
    let is_group = |word: &str| word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let begins = |word: &str| {
        let bytes = word.as_bytes();
        word.len() >= 4
            && is_group(word)
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..4].iter().all(u8::is_ascii_digit)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !begins(&text[tokens[at].clone()]) {
            at += 1;
            continue;
        }
        let (mut number, mut next) = (text[tokens[at].clone()].to_owned(), at + 1);
        let (mut right, mut likely) = (None, None);
        loop {
            if (15..=34).contains(&number.len()) {
                if remainder(&number) == 1 {
                    right = Some(next);
                }
                // Where a digit was misread: what the groups of four and the last, shorter one say.
                let last = &text[tokens[next - 1].clone()];
                if last.contains(|c: char| c.is_ascii_digit()) {
                    likely = Some(next);
                }
            }
            let Some(more) = tokens.get(next).filter(|more| is_next(text, &tokens[next - 1], more)) else { break };
            let word = &text[more.clone()];
            if !is_group(word) || word.len() > 4 || number.len() + word.len() > 34 {
                break;
            }
            number.push_str(word);
            next += 1;
        }
        match right.or(likely) {
            Some(end) => {
                found.push(tokens[at].start..tokens[end - 1].end);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn phones(text: &str) -> Vec<Range<usize>> {
    let accounts = ibans(text);
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\u{a0}' | '-' | '–' | '/' | '.' | '(' | ')' | '+');
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) =
        text[from..].find(|c: char| c.is_ascii_digit() || matches!(c, '+' | '(')).map(|at| from + at)
    {
        let length = text[start..].find(|c| !is_part(c)).unwrap_or(text.len() - start);
        let mut run = text[start..start + length].trim_end_matches(|c: char| !c.is_ascii_digit());
        // What follows a second plus or a wide gap is another number.
        if let Some(second) = run.get(1..).and_then(|rest| rest.find('+')) {
            run = run[..=second].trim_end_matches(|c: char| !c.is_ascii_digit());
        }
        from = start + run.len().max(1);
        let before = text[..start].chars().next_back();
        let after = text[start + run.len()..].chars().next();
        let is_word = |c: Option<char>| {
            c.is_some_and(|c| c.is_alphanumeric() || is_currency_sign(c) || matches!(c, '_' | ':' | '%' | '#'))
        };
        let digits = run.chars().filter(char::is_ascii_digit).count();
        let groups: Vec<&str> = run.split([' ', '\u{a0}']).collect();
        let is_amount = |group: &&str| amount(group) == Some(true) || is_numeric_date(group);
        let is_started = run.starts_with(['+', '0', '(']);
        let stands_alone =
            !is_word(before) && before != Some('-') && before != Some('.') && !is_word(after.filter(|c| *c != ':'));
        if (7..=15).contains(&digits)
            && stands_alone
            && (is_started || run.chars().filter(|c| !c.is_ascii_digit()).count() >= 2)
            && !groups.iter().any(is_amount)
            && !accounts.iter().any(|account| account.start < start + run.len() && start < account.end)
        {
            found.push(start..start + run.len());
        }
    }
    found
}

fn numbers(text: &str) -> Vec<Range<usize>> {
    let tokens = tokens(text);
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.' | '#' | '+' | ':');
    let is_number = |word: &str| word.contains(|c: char| c.is_ascii_digit()) && word.chars().all(is_sign);
    let is_upper = |word: &str| is_number(word) && !word.contains(|c: char| c.is_ascii_lowercase());
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut last_at = None;
    for (at, range) in tokens.iter().enumerate() {
        let word = &text[range.clone()];
        if !is_number(word) {
            continue;
        }
        // "482 913", "1Z 999 AA1": groups of one.
        if let (Some(last), Some(before)) = (found.last_mut(), at.checked_sub(1))
            && last_at == Some(before)
            && is_next(text, &tokens[before], range)
            && is_upper(word)
            && is_upper(&text[tokens[before].clone()])
            && !word.contains(['.', ':'])
        {
            last.end = range.end;
        } else {
            found.push(range.clone());
        }
        last_at = Some(at);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: [Kind; 7] = [Kind::Amount, Kind::Date, Kind::Email, Kind::Phone, Kind::Url, Kind::Iban, Kind::Number];

    #[test]
    fn each_kind_is_known_by_its_shape() {
        for (kind, text, expected) in [
            (Kind::Amount, "Total: $58.20 Phone: (555) 010-2233", &["$58.20"][..]),
            (Kind::Amount, "EUR 372.35", &["EUR 372.35"]),
            (Kind::Amount, "1.234,50 € and 1,234.50 EUR", &["1.234,50 €", "1,234.50 EUR"]),
            (Kind::Amount, "1 234,50 €", &["1 234,50 €"]),
            (Kind::Amount, "-5 €", &["-5 €"]),
            (Kind::Amount, "2 129.00 258.00", &["129.00", "258.00"]),
            (Kind::Amount, "a budget of 2.4 million dollars.", &["2.4 million dollars"]),
            (Kind::Amount, "VAT 19% 59.45", &["59.45"]),
            (Kind::Amount, "on 14.11.2026 at 19.00 %", &[]),
            (Kind::Amount, "96.90€, 12EUR", &["96.90€", "12EUR"]),
            (Kind::Date, "Due 28.11.2026, or 2026-11-02", &["28.11.2026", "2026-11-02"]),
            (Kind::Date, "24 December 2026", &["24 December 2026"]),
            (Kind::Date, "Dec 24, 2026 at 9:30 pm", &["Dec 24, 2026 at 9:30 pm"]),
            (Kind::Date, "Last backup: today 09:12", &["today 09:12"]),
            (Kind::Date, "by Friday", &["Friday"]),
            (Kind::Date, "version 1.22.333", &[]),
            (Kind::Email, "Questions? billing@acme-tools.example +49 30 1234567", &["billing@acme-tools.example"]),
            (Kind::Email, "Email:jane.doe@example.org.", &["jane.doe@example.org"]),
            (Kind::Email, "a @ b, user@box:~$", &[]),
            (Kind::Phone, "call 0800 123 456 between 9 and 17.", &["0800 123 456"]),
            (Kind::Phone, "billing@acme-tools.example +49 30 1234567", &["+49 30 1234567"]),
            (Kind::Phone, "Total: $58.20 Phone: (555) 010-2233", &["(555) 010-2233"]),
            (Kind::Phone, "258.00 45.00 14.11.2026 2026-11-02 INV-2026-00417", &[]),
            (Kind::Phone, "IBAN DE89 3704 0044 0532 0130 00 BIC", &[]),
            (Kind::Phone, "Card 4111 1111 1111 1111", &[]),
            (
                Kind::Url,
                "See https://example.org/a?b=1, www.acme.example.",
                &["https://example.org/a?b=1", "www.acme.example"],
            ),
            (Kind::Url, "src/main.rs or report.pdf or a@b.com", &[]),
            (Kind::Iban, "IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX", &["DE89 3704 0044 0532 0130 00"]),
            (Kind::Iban, "GB29NWBK60161331926819", &["GB29NWBK60161331926819"]),
            (Kind::Iban, "AT61 1904 3002 3457 3201 BIC", &["AT61 1904 3002 3457 3201"]),
            (Kind::Iban, "ABCD 1234", &[]),
            (Kind::Number, "Error code: 0x80070005", &["0x80070005"]),
            (Kind::Number, "INV-2026-00417 of page 3.", &["INV-2026-00417", "3"]),
            (Kind::Number, "code 482 913.", &["482 913"]),
        ] {
            let found: Vec<&str> = find(kind, text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{kind:?} in {text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_found_stands_there_in_its_order(text in "[a-cA-E0-9€$%@:./+() -]{0,60}|\\PC{0,60}") {
            for kind in KINDS {
                let mut end = 0;
                for range in find(kind, &text) {
                    prop_assert!(range.start >= end && range.start < range.end, "{kind:?} {range:?} in {text}");
                    prop_assert!(!text[range.clone()].trim().is_empty());
                    end = range.end;
                }
            }
        }

        #[test]
        fn an_amount_is_found_in_any_sentence(whole in 0u32..1_000_000, cents in 0u32..100, before in "[a-z ]{0,12}") {
            let written = format!("{whole}.{cents:02} €");
            let text = format!("{before} {written}, thanks");
            let found: Vec<&str> = find(Kind::Amount, &text).into_iter().map(|range| &text[range]).collect();
            prop_assert_eq!(found, [written.as_str()]);
        }
    }
}
