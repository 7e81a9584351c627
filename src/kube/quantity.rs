//! Kubernetes' quantities, exactly: `100m`, `0.5Gi`, `1e3`, `1E`, `1500u`.
//!
//! A value is a whole number of nanos in an `i128`. Kubernetes keeps at most nine decimals (it rounds
//! up beyond) and at most 2^63-1; a larger number is an error here, because no node has it and a
//! silent cap would decide wrongly. Source: `k8s.io/apimachinery/pkg/api/resource/quantity.go`, v1.34.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Nanos in one unit.
const UNIT: i128 = 1_000_000_000;
/// Nanos in 2^63-1 units, Kubernetes' largest quantity.
const LARGEST: i128 = (i64::MAX as i128) * UNIT;

/// Which suffixes the canonical form uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Format {
    /// `k`, `M`, `m` …
    #[default]
    DecimalSi,
    /// `Ki`, `Mi` …
    BinarySi,
    /// `e3`, `e-3` …
    DecimalExponent,
}

/// An exact amount of a resource.
///
/// Two quantities are equal when their amounts are, however they were written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// No text at all.
    Empty,
    /// Not a number with an optional suffix.
    Syntax,
    /// A number, but the suffix is none of Kubernetes'.
    Suffix,
    /// Beyond 2^63-1.
    TooLarge,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QuantityError::Empty => "an empty text is no quantity",
            QuantityError::Syntax => {
                "not a quantity: a number with an optional suffix, such as 250m, 1.5 or 512Mi"
            }
            QuantityError::Suffix => {
                "unknown suffix: n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent such as e3"
            }
            QuantityError::TooLarge => "the quantity is beyond 2^63-1, the largest that Kubernetes knows",
        })
    }
}

impl std::error::Error for QuantityError {}

impl Quantity {
    /// Zero.
    pub const ZERO: Quantity = Quantity { nanos: 0, format: Format::DecimalSi };

    /// Thousandths of a unit, for CPU; written with decimal suffixes.
    #[must_use]
    pub fn from_milli(milli: i64) -> Quantity {
        Quantity { nanos: i128::from(milli) * 1_000_000, format: Format::DecimalSi }
    }

    /// Whole units, written with decimal suffixes.
    #[must_use]
    pub fn from_units(units: i64) -> Quantity {
        Quantity { nanos: i128::from(units) * UNIT, format: Format::DecimalSi }
    }

    /// Bytes, written with binary suffixes.
    #[must_use]
    pub fn from_bytes(bytes: i64) -> Quantity {
        Quantity { nanos: i128::from(bytes) * UNIT, format: Format::BinarySi }
    }

    /// Whole units, rounded away from zero like `Quantity.Value`.
    #[must_use]
    pub fn value(self) -> i64 {
        round_up(self.nanos, UNIT)
    }

    /// Thousandths, rounded away from zero like `Quantity.MilliValue`; saturates.
    #[must_use]
    pub fn milli(self) -> i64 {
        round_up(self.nanos, UNIT / 1000)
    }

    /// The exact amount in billionths of a unit.
    #[must_use]
    pub fn nanos(self) -> i128 {
        self.nanos
    }

    /// Whether the amount is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// The sum, in the format of `self`; saturates at Kubernetes' largest quantity.
    #[must_use]
    pub fn saturating_add(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nanos: (self.nanos + other.nanos).clamp(-LARGEST, LARGEST), format }
    }

    /// The difference, in the format of `self`; saturates at Kubernetes' largest quantity.
    #[must_use]
    pub fn saturating_sub(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nanos: (self.nanos - other.nanos).clamp(-LARGEST, LARGEST), format }
    }

    /// The multiple, saturating at Kubernetes' largest quantity.
    #[must_use]
    pub fn saturating_mul(self, times: i64) -> Quantity {
        let nanos = self.nanos.saturating_mul(i128::from(times)).clamp(-LARGEST, LARGEST);
        Quantity { nanos, format: self.format }
    }
}

/// Rounds away from zero; i64 holds every quantity in units, thousandths saturate.
fn round_up(nanos: i128, unit: i128) -> i64 {
    let (whole, rest) = (nanos / unit, nanos % unit);
    let rounded = whole + rest.signum();
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Quantity, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Empty);
        }
        let (negative, rest) = match text.as_bytes()[0] {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let end = rest.bytes().position(|b| !b.is_ascii_digit() && b != b'.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(QuantityError::Syntax);
        }
        let (scale, format) = suffix_scale(suffix)?;
        let nanos = magnitude(whole, fraction, scale)?;
        if nanos > LARGEST {
            return Err(QuantityError::TooLarge);
        }
        Ok(Quantity { nanos: if negative { -nanos } else { nanos }, format })
    }
}

/// What a suffix multiplies by.
#[derive(Clone, Copy)]
enum Scale {
    Ten(i32),
    Two(u32),
}

fn suffix_scale(suffix: &str) -> Result<(Scale, Format), QuantityError> {
    let si = |exponent| Ok((Scale::Ten(exponent), Format::DecimalSi));
    let binary = |exponent| Ok((Scale::Two(exponent), Format::BinarySi));
    match suffix {
        "n" => si(-9),
        "u" => si(-6),
        "m" => si(-3),
        "" => si(0),
        "k" => si(3),
        "M" => si(6),
        "G" => si(9),
        "T" => si(12),
        "P" => si(15),
        "E" => si(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let digits = suffix.strip_prefix(['e', 'E']).ok_or(QuantityError::Suffix)?;
            let plain = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
                return Err(QuantityError::Suffix);
            }
            // An exponent beyond i32 is absurd in either direction; Go refuses it as well.
            let exponent = digits.parse::<i32>().map_err(|_| QuantityError::TooLarge)?;
            Ok((Scale::Ten(exponent), Format::DecimalExponent))
        }
    }
}

/// `whole.fraction × scale` in nanos, rounded up.
fn magnitude(whole: &str, fraction: &str, scale: Scale) -> Result<i128, QuantityError> {
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() && fraction.is_empty() {
        return Ok(0);
    }
    let (ten, two) = match scale {
        Scale::Ten(exponent) => (i64::from(exponent) + 9, 0),
        Scale::Two(bits) => (9, bits),
    };
    // value in nanos = digits × 10^(ten - fraction digits) × 2^two
    let shift = ten - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let mut value = Big::default();
    for digit in whole.bytes().chain(fraction.bytes()) {
        value.push_digit(digit - b'0');
    }
    value.finish(shift, two)
}

/// Digits of a number that may be longer than `i128` when most of them lie behind the nanos.
#[derive(Default)]
struct Big {
    value: i128,
    /// Digits that did not fit and count as 10^dropped; nonzero ones among them round up.
    dropped: i64,
    sticky: bool,
}

impl Big {
    fn push_digit(&mut self, digit: u8) {
        if self.value >= 10_i128.pow(36) {
            self.dropped += 1;
            self.sticky |= digit != 0;
        } else {
            self.value = self.value * 10 + i128::from(digit);
        }
    }

    fn finish(self, shift: i64, two: u32) -> Result<i128, QuantityError> {
        let mut value = self.value;
        let mut sticky = self.sticky;
        let mut ten = shift.saturating_add(self.dropped);
        let mut two = two;
        // Multiply by two and divide by ten in turn, so that nothing overflows before it must.
        while two > 0 {
            if value < i128::MAX / 4 {
                value *= 2;
                two -= 1;
            } else if ten < 0 {
                sticky |= value % 10 != 0;
                value /= 10;
                ten += 1;
            } else {
                return Err(QuantityError::TooLarge);
            }
        }
        while ten < 0 {
            sticky |= value % 10 != 0;
            value /= 10;
            ten += 1;
            if value == 0 {
                return Ok(i128::from(sticky));
            }
        }
        while ten > 0 {
            value = value.checked_mul(10).ok_or(QuantityError::TooLarge)?;
            ten -= 1;
        }
        Ok(value.saturating_add(i128::from(sticky)))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.nanos % UNIT == 0;
        let small = self.nanos.abs() < 1024 * UNIT;
        match self.format {
            Format::BinarySi if whole && !small => {
                let (mut units, mut power) = (self.nanos / UNIT, 0);
                while units % 1024 == 0 && power < 6 {
                    units /= 1024;
                    power += 1;
                }
                write!(f, "{units}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power])
            }
            format => {
                let (mut number, mut power) = (self.nanos, 0);
                while number != 0 && number % 1000 == 0 && power < 9 {
                    number /= 1000;
                    power += 1;
                }
                if number == 0 {
                    return f.write_str("0");
                }
                let exponent = 3 * i32::try_from(power).unwrap_or(0) - 9;
                match format {
                    Format::DecimalExponent if exponent != 0 => write!(f, "{number}e{exponent}"),
                    _ => write!(f, "{number}{}", ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][power]),
                }
            }
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> std::cmp::Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl std::hash::Hash for Quantity {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Quantity, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Quantity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity such as 250m or 512Mi")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                text.parse().map_err(|e| E::custom(format_args!("{text:?}: {e}")))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Quantity, E> {
                Ok(Quantity::from_units(v))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Quantity, E> {
                i64::try_from(v).map(Quantity::from_units).map_err(|_| E::custom(QuantityError::TooLarge))
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Quantity, E> {
                // `1.5` in a manifest is a JSON number; Kubernetes reads its digits.
                self.visit_str(&v.to_string())
            }
        }
        d.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().expect(text)
    }

    #[test]
    fn canonical_form_is_kubernetes_own() {
        for (text, canonical) in [
            ("100m", "100m"),
            ("0.1", "100m"),
            ("0.5Gi", "512Mi"),
            ("0.3Gi", "322122547200m"),
            ("1e3", "1e3"),
            ("1000", "1k"),
            ("100e6", "100e6"),
            ("1E", "1E"),
            ("1500u", "1500u"),
            ("2000000Ki", "2000000Ki"),
            ("1024Ki", "1Mi"),
            ("300M", "300M"),
            ("-1.5", "-1500m"),
            ("+5", "5"),
            ("0", "0"),
            ("0.0000000001", "1n"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1.", "1"),
            (".5", "500m"),
            ("1e-3", "1e-3"),
            ("00001", "1"),
        ] {
            assert_eq!(quantity(text).to_string(), canonical, "{text}");
            assert_eq!(quantity(canonical), quantity(text), "{text}");
        }
    }

    #[test]
    fn rounding_goes_away_from_zero() {
        assert_eq!(quantity("1500u").milli(), 2);
        assert_eq!(quantity("322122547200m").value(), 322_122_548);
        assert_eq!(quantity("-1500u").milli(), -2);
        assert_eq!(quantity("1E").milli(), i64::MAX);
    }

    #[test]
    fn absurd_texts_are_errors() {
        for text in
            ["", "m", ".", "1..2", "1e", "1ee3", "1KiB", "1 Gi", "0x10", "--1", "1e3m", "Gi", "1m1", "é"]
        {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
        for text in ["1e400", "8Ei", "9223372036854775808", "1e99999999999"] {
            assert_eq!(text.parse::<Quantity>(), Err(QuantityError::TooLarge), "{text}");
        }
        assert_eq!(quantity("1e-400"), quantity("1n"));
        assert_eq!(quantity(&"0".repeat(100_000)), Quantity::ZERO);
        assert_eq!(quantity("7.999Ei").value(), 9_222_219_115_350_168_962);
        assert!("9".repeat(100_000).parse::<Quantity>().is_err());
        assert_eq!(quantity(&format!("1.{}1", "0".repeat(100_000))).nanos(), UNIT + 1);
    }
}
