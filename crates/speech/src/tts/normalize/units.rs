//! Units and currencies: how they are written and what they are called, one and many.
//!
//! Tables and their lookup. Never reads text by itself.

use super::reader::Reader;

/// What a unit is written as, what one is called, what many are called, and whether a blank may stand before it.
struct Unit(&'static str, &'static str, &'static str, bool);

/// Longer spellings come before the ones that they begin with.
#[rustfmt::skip]
const UNITS: &[Unit] = &[
    Unit("°C", "degree Celsius", "degrees Celsius", true), Unit("°F", "degree Fahrenheit", "degrees Fahrenheit", true),
    Unit("℃", "degree Celsius", "degrees Celsius", true), Unit("℉", "degree Fahrenheit", "degrees Fahrenheit", true),
    Unit("° C", "degree Celsius", "degrees Celsius", true), Unit("° F", "degree Fahrenheit", "degrees Fahrenheit", true),
    Unit("°", "degree", "degrees", true),
    Unit("km/h", "kilometer per hour", "kilometers per hour", true), Unit("kmh", "kilometer per hour", "kilometers per hour", true),
    Unit("kph", "kilometer per hour", "kilometers per hour", true), Unit("mph", "mile per hour", "miles per hour", true),
    Unit("m/s²", "meter per second squared", "meters per second squared", true), Unit("m/s^2", "meter per second squared", "meters per second squared", true),
    Unit("°N", "degree north", "degrees north", true), Unit("°S", "degree south", "degrees south", true),
    Unit("°E", "degree east", "degrees east", true), Unit("°W", "degree west", "degrees west", true),
    Unit("m/s", "meter per second", "meters per second", true), Unit("ft/s", "foot per second", "feet per second", true),
    Unit("km²", "square kilometer", "square kilometers", true), Unit("km2", "square kilometer", "square kilometers", true),
    Unit("m²", "square meter", "square meters", true), Unit("m2", "square meter", "square meters", true),
    Unit("m³", "cubic meter", "cubic meters", true), Unit("m3", "cubic meter", "cubic meters", true),
    Unit("cm²", "square centimeter", "square centimeters", true), Unit("cm³", "cubic centimeter", "cubic centimeters", true),
    Unit("ft²", "square foot", "square feet", true), Unit("sq ft", "square foot", "square feet", true),
    Unit("km", "kilometer", "kilometers", true), Unit("cm", "centimeter", "centimeters", true),
    Unit("mm", "millimeter", "millimeters", true), Unit("nm", "nanometer", "nanometers", true),
    Unit("µm", "micrometer", "micrometers", true), Unit("μm", "micrometer", "micrometers", true),
    Unit("mi", "mile", "miles", true), Unit("ft", "foot", "feet", true), Unit("yd", "yard", "yards", true),
    Unit("in", "inch", "inches", false), Unit("m", "meter", "meters", true),
    Unit("kg", "kilogram", "kilograms", true), Unit("mg", "milligram", "milligrams", true),
    Unit("µg", "microgram", "micrograms", true), Unit("lbs", "pound", "pounds", true), Unit("lb", "pound", "pounds", true),
    Unit("oz", "ounce", "ounces", true), Unit("g", "gram", "grams", true),
    Unit("mL", "milliliter", "milliliters", true), Unit("ml", "milliliter", "milliliters", true),
    Unit("cl", "centiliter", "centiliters", true), Unit("gal", "gallon", "gallons", true),
    Unit("tbsp", "tablespoon", "tablespoons", true), Unit("tsp", "teaspoon", "teaspoons", true),
    Unit("L", "liter", "liters", true), Unit("l", "liter", "liters", true),
    Unit("fl oz", "fluid ounce", "fluid ounces", true), Unit("mpg", "mile per gallon", "miles per gallon", true),
    Unit("Ω", "ohm", "ohms", true), Unit("kΩ", "kilohm", "kilohms", true),
    Unit("yrs", "year", "years", true), Unit("yr", "year", "years", true), Unit("wks", "week", "weeks", true), Unit("wk", "week", "weeks", true),
    Unit("hrs", "hour", "hours", true), Unit("hr", "hour", "hours", true), Unit("h", "hour", "hours", true),
    Unit("mins", "minute", "minutes", true), Unit("min", "minute", "minutes", true),
    Unit("secs", "second", "seconds", true), Unit("sec", "second", "seconds", true),
    Unit("ms", "millisecond", "milliseconds", true), Unit("µs", "microsecond", "microseconds", true),
    Unit("ns", "nanosecond", "nanoseconds", true), Unit("s", "second", "seconds", false),
    Unit("kHz", "kilohertz", "kilohertz", true), Unit("MHz", "megahertz", "megahertz", true),
    Unit("GHz", "gigahertz", "gigahertz", true), Unit("Hz", "hertz", "hertz", true),
    Unit("kB", "kilobyte", "kilobytes", true), Unit("KB", "kilobyte", "kilobytes", true),
    Unit("MB", "megabyte", "megabytes", true), Unit("GB", "gigabyte", "gigabytes", true),
    Unit("TB", "terabyte", "terabytes", true), Unit("PB", "petabyte", "petabytes", true),
    Unit("KiB", "kibibyte", "kibibytes", true), Unit("MiB", "mebibyte", "mebibytes", true),
    Unit("GiB", "gibibyte", "gibibytes", true), Unit("TiB", "tebibyte", "tebibytes", true),
    Unit("kbps", "kilobit per second", "kilobits per second", true), Unit("Mbps", "megabit per second", "megabits per second", true),
    Unit("Gbps", "gigabit per second", "gigabits per second", true), Unit("fps", "frame per second", "frames per second", true),
    Unit("rpm", "revolution per minute", "revolutions per minute", true),
    Unit("kWh", "kilowatt hour", "kilowatt hours", true), Unit("kW", "kilowatt", "kilowatts", true),
    Unit("MW", "megawatt", "megawatts", true), Unit("mW", "milliwatt", "milliwatts", true), Unit("W", "watt", "watts", true),
    Unit("mAh", "milliampere hour", "milliampere hours", true), Unit("mA", "milliampere", "milliamperes", true),
    Unit("kV", "kilovolt", "kilovolts", true), Unit("mV", "millivolt", "millivolts", true), Unit("V", "volt", "volts", true),
    Unit("kJ", "kilojoule", "kilojoules", true), Unit("kcal", "kilocalorie", "kilocalories", true), Unit("cal", "calorie", "calories", true),
    Unit("hPa", "hectopascal", "hectopascals", true), Unit("kPa", "kilopascal", "kilopascals", true), Unit("psi", "pound per square inch", "pounds per square inch", true),
    Unit("dB", "decibel", "decibels", true), Unit("px", "pixel", "pixels", true), Unit("pt", "point", "points", true),
    Unit("MP", "megapixel", "megapixels", false), Unit("ha", "hectare", "hectares", true), Unit("ppm", "part per million", "parts per million", true),
    Unit("USD", "US dollar", "US dollars", true), Unit("EUR", "euro", "euros", true), Unit("GBP", "British pound", "British pounds", true),
    Unit("JPY", "yen", "yen", true), Unit("CHF", "Swiss franc", "Swiss francs", true), Unit("CAD", "Canadian dollar", "Canadian dollars", true),
    Unit("AUD", "Australian dollar", "Australian dollars", true), Unit("INR", "rupee", "rupees", true), Unit("CNY", "yuan", "yuan", true),
    Unit("€", "euro", "euros", true), Unit("£", "pound", "pounds", true), Unit("¥", "yen", "yen", true),
    Unit("$", "dollar", "dollars", false), Unit("¢", "cent", "cents", true), Unit("₹", "rupee", "rupees", true),
    Unit("%", "percent", "percent", true), Unit("‰", "per mille", "per mille", true),
];

/// The unit at the beginning of `text`: how many characters it takes, what one and what many are called. `blank`: there
/// is a blank between the number and it.
pub fn unit(text: &[char], blank: bool) -> Option<(usize, &'static str, &'static str)> {
    UNITS
        .iter()
        .filter(|Unit(written, _, _, spaced)| {
            let length = written.chars().count();
            let matches = text.len() >= length && written.chars().eq(text[..length].iter().copied());
            // Within a word it is no unit: the m of "5 men".
            let whole =
                !written.ends_with(char::is_alphanumeric) || !text.get(length).is_some_and(|c| c.is_alphanumeric());
            matches && whole && (*spaced || !blank)
        })
        .max_by_key(|Unit(written, ..)| written.chars().count())
        .map(|Unit(written, one, many, _)| (written.chars().count(), *one, *many))
}

/// What one hundredth of a currency is called, and what many are; `None` where there is none in use.
type Hundredth = Option<(&'static str, &'static str)>;

/// A currency sign that stands before an amount: one, many, and what a hundredth of it is called.
pub struct Currency {
    /// What one is called.
    pub one: &'static str,
    /// What many are called.
    pub many: &'static str,
    /// The names of a hundredth.
    pub hundredth: Hundredth,
}

/// Reads the sign before an amount, with the country's letters if there are any.
pub fn prefix(reader: &mut Reader) -> Option<Currency> {
    const DOLLARS: [(&str, &str, &str); 6] = [
        ("US$", "dollar", "dollars"),
        ("CA$", "Canadian dollar", "Canadian dollars"),
        ("NZ$", "New Zealand dollar", "New Zealand dollars"),
        ("HK$", "Hong Kong dollar", "Hong Kong dollars"),
        ("A$", "Australian dollar", "Australian dollars"),
        ("C$", "Canadian dollar", "Canadian dollars"),
    ];
    for (written, one, many) in DOLLARS {
        if reader.eat(written) {
            return Some(Currency { one, many, hundredth: Some(("cent", "cents")) });
        }
    }
    const CODES: [(&str, &str, &str, Hundredth); 8] = [
        ("USD", "US dollar", "US dollars", Some(("cent", "cents"))),
        ("EUR", "euro", "euros", Some(("cent", "cents"))),
        ("GBP", "British pound", "British pounds", Some(("penny", "pence"))),
        ("CHF", "Swiss franc", "Swiss francs", Some(("centime", "centimes"))),
        ("CAD", "Canadian dollar", "Canadian dollars", Some(("cent", "cents"))),
        ("AUD", "Australian dollar", "Australian dollars", Some(("cent", "cents"))),
        ("JPY", "yen", "yen", None),
        ("INR", "rupee", "rupees", Some(("paisa", "paise"))),
    ];
    for (written, one, many, hundredth) in CODES {
        let mut amount = *reader;
        if written.chars().enumerate().all(|(i, c)| reader.ahead(i) == Some(c)) {
            amount.advance(written.len());
            amount.blanks();
            amount.peek().filter(char::is_ascii_digit)?;
            *reader = amount;
            return Some(Currency { one, many, hundredth });
        }
    }
    let currency = currency(reader.peek()?)?;
    reader.advance(1);
    Some(currency)
}

/// The currency that `sign` stands for.
pub fn currency(sign: char) -> Option<Currency> {
    let (one, many, hundredth) = match sign {
        '$' => ("dollar", "dollars", Some(("cent", "cents"))),
        '€' => ("euro", "euros", Some(("cent", "cents"))),
        '£' => ("pound", "pounds", Some(("penny", "pence"))),
        '¥' => ("yen", "yen", None),
        '₹' => ("rupee", "rupees", Some(("paisa", "paise"))),
        _ => return None,
    };
    Some(Currency { one, many, hundredth })
}
