//! From one unit to another: "how many feet are in a mile", "72 degrees fahrenheit in celsius".

use super::fend;
use crate::numbers;
use crate::router::pattern::Patterns;
use jarvis_core::{IntentMatch, Reply, Result, Risk, Skill, SkillContext, SkillSpec, Slots};

const SPECS: &[SkillSpec] = &[SkillSpec {
    intent: "convert.units",
    description: "Convert a length, weight, volume, temperature, time, speed, area, amount of data or of energy.",
    examples: &["convert five miles to kilometers", "how many feet are in a mile", "72 fahrenheit in celsius"],
    risk: Risk::None,
}];

const TEMPLATES: &[&str] = &[
    "(convert|change|turn) {from} (to|into|in) {to}",
    "(what is|what are|how much is|how much are|tell me) {from} (in|to|into|as) {to}",
    "how many {to} (are there in|is there in|are in|is in|in|make up|make|equal|does|do|is|are) {from} [have|make]",
    "how (far|long|heavy|hot|cold|warm|tall|fast|big|much) is {from} (in|to|into) {to}",
    "{from} (in|to|into|as) {to}",
];

/// What a unit measures; only like can be turned into like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measures {
    Length,
    Weight,
    Volume,
    Temperature,
    Time,
    Speed,
    Area,
    Data,
    Energy,
    Power,
    Pressure,
}

/// A unit: what it measures, its name for `fend`, one and many of it as they are said, other words for it.
type Unit = (Measures, &'static str, &'static str, &'static str, &'static [&'static str]);

use Measures::{Area, Data, Energy, Length, Power, Pressure, Speed, Temperature, Time, Volume, Weight};

#[rustfmt::skip]
const UNITS: &[Unit] = &[
    (Length, "mm", "millimeter", "millimeters", &["mm", "millimetre", "millimetres"]),
    (Length, "cm", "centimeter", "centimeters", &["cm", "centimetre", "centimetres"]),
    (Length, "m", "meter", "meters", &["m", "metre", "metres"]),
    (Length, "km", "kilometer", "kilometers", &["km", "k", "kms", "kilometre", "kilometres"]),
    (Length, "inch", "inch", "inches", &[]),
    (Length, "foot", "foot", "feet", &["ft"]),
    (Length, "yard", "yard", "yards", &["yd"]),
    (Length, "mile", "mile", "miles", &["mi"]),
    (Length, "nmi", "nautical mile", "nautical miles", &[]),
    (Length, "lightyear", "light year", "light years", &[]),
    (Weight, "mg", "milligram", "milligrams", &["mg"]),
    (Weight, "gram", "gram", "grams", &["g", "gramme", "grammes"]),
    (Weight, "kg", "kilogram", "kilograms", &["kg", "kilo", "kilos", "kgs"]),
    (Weight, "tonne", "metric ton", "metric tons", &["tonne", "tonnes"]),
    (Weight, "short_ton", "ton", "tons", &["short ton", "short tons"]),
    (Weight, "ounce", "ounce", "ounces", &["oz"]),
    (Weight, "lb", "pound", "pounds", &["lb", "lbs"]),
    (Weight, "stone", "stone", "stones", &["st"]),
    (Volume, "ml", "milliliter", "milliliters", &["ml", "millilitre", "millilitres"]),
    (Volume, "cl", "centiliter", "centiliters", &["cl", "centilitre", "centilitres"]),
    (Volume, "liter", "liter", "liters", &["l", "litre", "litres"]),
    (Volume, "tsp", "teaspoon", "teaspoons", &["tsp"]),
    (Volume, "tbsp", "tablespoon", "tablespoons", &["tbsp"]),
    (Volume, "cup", "cup", "cups", &[]),
    (Volume, "pint", "pint", "pints", &["pt"]),
    (Volume, "quart", "quart", "quarts", &["qt"]),
    (Volume, "gallon", "gallon", "gallons", &["gal"]),
    (Volume, "floz", "fluid ounce", "fluid ounces", &["fl oz"]),
    (Volume, "m^3", "cubic meter", "cubic meters", &["cubic metre", "cubic metres"]),
    (Temperature, "celsius", "degree Celsius", "degrees Celsius", &["celsius", "c", "degrees c", "degree c", "degrees celsius", "degree celsius", "centigrade", "degrees centigrade"]),
    (Temperature, "fahrenheit", "degree Fahrenheit", "degrees Fahrenheit", &["fahrenheit", "f", "degrees f", "degree f", "degrees fahrenheit", "degree fahrenheit"]),
    (Temperature, "kelvin", "kelvin", "kelvin", &["kelvins", "degrees kelvin"]),
    (Time, "ms", "millisecond", "milliseconds", &["ms"]),
    (Time, "second", "second", "seconds", &["sec", "secs"]),
    (Time, "minute", "minute", "minutes", &["min", "mins"]),
    (Time, "hour", "hour", "hours", &["hr", "hrs"]),
    (Time, "day", "day", "days", &[]),
    (Time, "week", "week", "weeks", &[]),
    // The year of conversions has 365 days, as people mean it, and a month is its twelfth part.
    (Time, "calendar_month", "month", "months", &[]),
    (Time, "calendar_year", "year", "years", &[]),
    (Speed, "km/h", "kilometer per hour", "kilometers per hour", &["kph", "kmh", "km / h", "kilometres per hour", "kilometers an hour", "kilometres an hour"]),
    (Speed, "mph", "mile per hour", "miles per hour", &["mph", "miles an hour"]),
    (Speed, "m/s", "meter per second", "meters per second", &["m / s", "metres per second"]),
    (Speed, "knot", "knot", "knots", &[]),
    (Area, "m^2", "square meter", "square meters", &["square metre", "square metres", "sqm"]),
    (Area, "km^2", "square kilometer", "square kilometers", &["square kilometre", "square kilometres"]),
    (Area, "foot^2", "square foot", "square feet", &["sq ft", "square foots"]),
    (Area, "mile^2", "square mile", "square miles", &[]),
    (Area, "acre", "acre", "acres", &[]),
    (Area, "hectare", "hectare", "hectares", &["ha"]),
    (Data, "bit", "bit", "bits", &[]),
    (Data, "byte", "byte", "bytes", &[]),
    (Data, "kB", "kilobyte", "kilobytes", &["kb"]),
    (Data, "MB", "megabyte", "megabytes", &["mb", "megs"]),
    (Data, "GB", "gigabyte", "gigabytes", &["gb", "gigs"]),
    (Data, "TB", "terabyte", "terabytes", &["tb"]),
    (Energy, "joule", "joule", "joules", &[]),
    (Energy, "kJ", "kilojoule", "kilojoules", &["kj"]),
    (Energy, "kcal", "calorie", "calories", &["kilocalorie", "kilocalories", "kcal"]),
    (Energy, "kWh", "kilowatt hour", "kilowatt hours", &["kwh"]),
    (Power, "watt", "watt", "watts", &["w"]),
    (Power, "kW", "kilowatt", "kilowatts", &["kw"]),
    (Power, "hp", "horsepower", "horsepower", &["hp", "horse power"]),
    (Pressure, "bar", "bar", "bars", &[]),
    (Pressure, "psi", "psi", "psi", &["pounds per square inch"]),
    (Pressure, "atm", "atmosphere", "atmospheres", &["atm"]),
    (Pressure, "hPa", "hectopascal", "hectopascals", &["hpa", "millibar", "millibars"]),
];

/// An amount of units: "5 feet 10 inches" has two.
struct Amount {
    parts: Vec<(f64, &'static Unit)>,
}

/// Converts.
pub struct Convert {
    patterns: Patterns<()>,
}

impl Convert {
    /// The skill, ready.
    pub fn new() -> Self {
        Self { patterns: Patterns::new(&TEMPLATES.iter().map(|template| ((), *template)).collect::<Vec<_>>()) }
    }
}

impl Default for Convert {
    fn default() -> Self {
        Self::new()
    }
}

impl Skill for Convert {
    fn specs(&self) -> &'static [SkillSpec] {
        SPECS
    }

    fn recognize(&self, text: &str) -> Option<IntentMatch> {
        self.patterns.find(text, |(), captures| {
            let (from, to) = (captures.get("from")?, captures.get("to")?);
            let (amount, to_unit) = (amount(from)?, unit(to)?);
            let alike = amount.parts.iter().all(|(_, part)| part.0 == to_unit.0);
            let slots = Slots::from([("from".to_owned(), from.to_owned()), ("to".to_owned(), to_unit.3.to_owned())]);
            alike.then_some(IntentMatch { intent: "convert.units", slots, confidence: 0.92 })
        })
    }

    fn run(&mut self, _intent: &str, slots: &Slots, _context: &SkillContext<'_>) -> Result<Reply> {
        let cannot = || {
            jarvis_core::Error::new(
                "convert.failed",
                "I can't convert that.",
                "Say, for example, five miles in kilometers.",
            )
        };
        let amount = slots.get("from").and_then(|from| amount(from)).ok_or_else(cannot)?;
        let to = slots.get("to").and_then(|to| unit(to)).ok_or_else(cannot)?;
        if amount.parts.iter().any(|(count, unit)| least(unit.1).is_some_and(|least| *count < least)) {
            return Err(jarvis_core::Error::new(
                "convert.too_cold",
                "Nothing is that cold: it gets no colder than -273.15 degrees Celsius.",
                "",
            ));
        }
        let of = |(count, unit): &(f64, &Unit)| format!("({count} {})", unit.1);
        let sum = amount.parts.iter().map(of).collect::<Vec<_>>().join(" + ");
        let result = fend::evaluate(&format!("{sum} to {}", to.1))?;
        let name = |is_one: bool, unit: &'static Unit| if is_one { unit.2 } else { unit.3 };
        let given: Vec<String> = amount
            .parts
            .iter()
            .map(|(count, unit)| format!("{} {}", fend::group(&count.to_string()), name(*count == 1.0, unit)))
            .collect();
        let is_one = amount.parts.len() == 1 && amount.parts[0].0 == 1.0;
        let verb = if is_one || amount.parts[0].1.0 == Temperature { "is" } else { "are" };
        let result = result.short();
        let unit = name(result.is_one(), to);
        Ok(Reply {
            spoken: format!("{} {verb} {} {}.", given.join(" "), result.spoken(), unit),
            shown: Some(format!(
                "{} {} {} {unit}",
                given.join(" "),
                if result.rounded { "≈" } else { "=" },
                result.shown()
            )),
            ..Reply::default()
        })
    }
}

/// The lowest temperature that there is, in a unit of them.
fn least(unit: &str) -> Option<f64> {
    match unit {
        "celsius" => Some(-273.15),
        "fahrenheit" => Some(-459.67),
        "kelvin" => Some(0.0),
        _ => None,
    }
}

/// "five miles", "a mile", "5 feet 10 inches", "miles" for one.
fn amount(text: &str) -> Option<Amount> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut parts: Vec<(f64, &'static Unit)> = Vec::new();
    let mut rest = &words[..];
    while !rest.is_empty() {
        rest = rest.strip_prefix(&["and"]).unwrap_or(rest);
        let (count, taken) = match numbers::parse(rest) {
            Some(found) => found,
            None if matches!(rest.first(), Some(&("a" | "an"))) => (1.0, 1),
            None if parts.is_empty() => match rest.first()?.strip_prefix('-') {
                Some(digits) => (-digits.parse::<f64>().ok().filter(|number| number.is_finite())?, 1),
                None => (1.0, 0),
            },
            None => return None,
        };
        rest = &rest[taken..];
        // "5 foot 11"
        if rest.is_empty()
            && let [(_, feet)] = parts[..]
            && feet.1 == "foot"
        {
            parts.push((count, unit("inches")?));
            break;
        }
        // The longest name first: "fluid ounces" before "fluid".
        let (found, length) = (1..=rest.len().min(3)).rev().find_map(|n| Some((unit(&rest[..n].join(" "))?, n)))?;
        if parts.iter().any(|(_, before)| before.0 != found.0 || found.0 == Temperature) {
            return None;
        }
        parts.push((count, found));
        rest = &rest[length..];
    }
    ((1..=3).contains(&parts.len())).then_some(Amount { parts })
}

fn unit(name: &str) -> Option<&'static Unit> {
    let is_it =
        |unit: &&Unit| name == unit.2 || name == unit.3 || unit.4.contains(&name) || name.eq_ignore_ascii_case(unit.3);
    UNITS.iter().find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeClock;
    use proptest::prelude::*;

    fn ask(text: &str) -> String {
        let mut skill = Convert::new();
        let found = skill.recognize(text).unwrap_or_else(|| panic!("not recognized: {text}"));
        let clock = FakeClock::new();
        let context = SkillContext { clock: &clock, last_reply: None, dry_run: false };
        skill.run(found.intent, &found.slots, &context).map_or_else(|error| error.message, |reply| reply.spoken)
    }

    #[test]
    fn units_as_people_say_them() {
        for (asked, answer) in [
            ("convert five miles to kilometers", "5 miles are about 8.05 kilometers."),
            ("how many feet are in a mile", "1 mile is 5,280 feet."),
            ("how many ounces in a pound", "1 pound is 16 ounces."),
            ("72 degrees fahrenheit in celsius", "72 degrees Fahrenheit is about 22.22 degrees Celsius."),
            ("what is 100 celsius in fahrenheit", "100 degrees Celsius is 212 degrees Fahrenheit."),
            ("72 degrees f in celsius", "72 degrees Fahrenheit is about 22.22 degrees Celsius."),
            ("-40 celsius to fahrenheit", "-40 degrees Celsius is -40 degrees Fahrenheit."),
            ("how many seconds are in a day", "1 day is 86,400 seconds."),
            ("how many days are in a year", "1 year is 365 days."),
            ("how many minutes are there in two and a half hours", "2.5 hours are 150 minutes."),
            ("5 feet 10 inches in centimeters", "5 feet 10 inches are 177.8 centimeters."),
            ("what is 180 pounds in kilos", "180 pounds are about 81.65 kilograms."),
            ("how many cups are in two liters", "2 liters are about 8.45 cups."),
            ("100 km / h in mph", "100 kilometers per hour are about 62.14 miles per hour."),
            ("how many megabytes are in a gigabyte", "1 gigabyte is 1,000 megabytes."),
            ("convert 10 km to miles", "10 kilometers are about 6.21 miles."),
            ("how much is a kilo in pounds", "1 kilogram is about 2.2 pounds."),
            ("half a mile in meters", "0.5 miles are about 804.67 meters."),
            ("5 foot 11 in cm", "5 feet 11 inches are 180.34 centimeters."),
            ("how much is 5 k in miles", "5 kilometers are about 3.11 miles."),
            ("10000 m in km", "10,000 meters are 10 kilometers."),
            ("how many square feet in an acre", "1 acre is 43,560 square feet."),
            ("42 km to miles", "42 kilometers are about 26.1 miles."),
            ("100 degrees fahrenheit in celsius", "100 degrees Fahrenheit is about 37.78 degrees Celsius."),
            ("5 acres in square meters", "5 acres are about 20,234.28 square meters."),
            ("1 light year in km", "1 light year is about 9.46 trillion kilometers."),
            ("1 mm in feet", "1 millimeter is about 0.00328 feet."),
            ("-400 celsius to fahrenheit", "Nothing is that cold: it gets no colder than -273.15 degrees Celsius."),
            ("-1 kelvin in celsius", "Nothing is that cold: it gets no colder than -273.15 degrees Celsius."),
        ] {
            assert_eq!(ask(asked), answer, "{asked}");
        }
    }

    #[test]
    fn what_is_no_conversion_is_for_others() {
        let skill = Convert::new();
        for text in [
            "convert miles to kilograms",
            "what is a mile",
            "how many people are in france",
            "how many days until christmas",
            "convert the file to pdf",
            "what is the capital in france",
            "how many legs are on a spider",
            "convert to islam",
            "",
        ] {
            assert_eq!(skill.recognize(text), None, "{text}");
        }
    }

    #[test]
    fn every_unit_is_known_to_the_calculator_and_no_name_is_given_twice() {
        let mut names = Vec::new();
        for unit in UNITS {
            fend::evaluate(&format!("(2 {}) to {}", unit.1, unit.1))
                .unwrap_or_else(|error| panic!("{}: {error}", unit.1));
            let mut own = vec![unit.2.to_lowercase(), unit.3.to_lowercase()];
            own.extend(unit.4.iter().map(|name| (*name).to_owned()));
            own.sort();
            own.dedup();
            names.extend(own);
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    proptest! {
        #[test]
        fn there_and_back_again(count in 1_u32..1000, from in 0..UNITS.len(), to in 0..UNITS.len()) {
            let (from, to) = (&UNITS[from], &UNITS[to]);
            let text = format!("{count} {} to {}", from.3.to_lowercase(), to.3.to_lowercase());
            let found = Convert::new().recognize(&text);
            prop_assert_eq!(found.is_some(), from.0 == to.0, "{}", text);
            if found.is_some() {
                ask(&text);
            }
        }
    }
}
