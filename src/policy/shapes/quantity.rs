//! Quantities as whole numbers, rounded up.

/// Thousandths of the quantity, rounded up; `None` if it is no quantity, negative, or too large.
pub(super) fn milli(text: &str) -> Option<u64> {
    scaled(text, 3)
}

/// Units of the quantity, rounded up; `None` if it is no quantity, negative, or too large.
pub(super) fn units(text: &str) -> Option<u64> {
    scaled(text, 0)
}

fn scaled(text: &str, extra: i32) -> Option<u64> {
    let number = text.strip_prefix('+').unwrap_or(text);
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
    let (digits, suffix) = number.split_at(end);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || digits.len() > 30 {
        return None;
    }
    let (binary, mut decimal) = suffix_of(suffix)?;
    decimal += extra - i32::try_from(fraction.len()).ok()?;
    let mantissa: u128 = format!("{whole}{fraction}").parse().ok()?;
    if mantissa == 0 {
        return Some(0);
    }
    let mantissa = mantissa.checked_mul(1_u128.checked_shl(binary)?)?;
    let value = if decimal >= 0 {
        mantissa.checked_mul(10_u128.checked_pow(decimal.unsigned_abs())?)?
    } else {
        mantissa.div_ceil(10_u128.checked_pow(decimal.unsigned_abs())?)
    };
    u64::try_from(value).ok()
}

/// The suffix as a power of two and a power of ten.
fn suffix_of(suffix: &str) -> Option<(u32, i32)> {
    Some(match suffix {
        "" => (0, 0),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        _ => (0, suffix.strip_prefix(['e', 'E'])?.parse().ok().filter(|e: &i32| e.abs() <= 30)?),
    })
}
