//! `dateTimeAdd`, `dateTimeFromEpoch`, `dateTimeToEpoch`: dates of the Gregorian calendar in UTC.
//!
//! As documented, a year of a duration is 365 days and a month 30.

use super::{Outcome, text, whole};
use crate::value::Value;

/// A point in time: seconds since 1970-01-01T00:00:00Z.
type Seconds = i64;

const DAY: i64 = 86_400;

/// `dateTimeAdd(base, duration, [format])`
pub(super) fn add(arguments: &[Value]) -> Outcome {
    let base = parse(text(arguments, 0)?)?;
    let moved = base.checked_add(duration(text(arguments, 1)?)?).ok_or("the result is out of range")?;
    match arguments.get(2) {
        Some(_) => Ok(formatted(moved, text(arguments, 2)?)?.into()),
        None => Ok(iso(moved).into()),
    }
}

/// `dateTimeFromEpoch(seconds)`
pub(super) fn from_epoch(arguments: &[Value]) -> Outcome {
    Ok(iso(whole(arguments, 0)?).into())
}

/// `dateTimeToEpoch(text)`
pub(super) fn to_epoch(arguments: &[Value]) -> Outcome {
    Ok(parse(text(arguments, 0)?)?.into())
}

/// Reads `2020-04-07 14:53:14Z`, `2020-04-07T14:53:14.123+02:00`, `20200407T145314Z`, `2020-04-07`.
fn parse(text: &str) -> Result<Seconds, String> {
    let wrong = || format!("`{text}` is not a date and time");
    let mut digits = Digits { rest: text.trim() };
    let year = digits.take(4).ok_or_else(wrong)?;
    digits.skip(&['-']);
    let month = digits.take(2).ok_or_else(wrong)?;
    digits.skip(&['-']);
    let day = digits.take(2).ok_or_else(wrong)?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(wrong());
    }
    let mut seconds = days_from_civil(year, month, day) * DAY;
    digits.skip(&['T', 't', ' ']);
    for unit in [3600, 60, 1] {
        let Some(value) = digits.take(2) else { break };
        seconds += value * unit;
        digits.skip(&[':']);
    }
    if let Some(fraction) = digits.rest.strip_prefix('.') {
        digits.rest = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    match digits.rest.trim() {
        "" | "Z" | "z" => Ok(seconds),
        zone => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let mut digits = Digits { rest: zone.strip_prefix(['+', '-']).ok_or_else(wrong)? };
            let hours = digits.take(2).ok_or_else(wrong)?;
            digits.skip(&[':']);
            let minutes = digits.take(2).unwrap_or(0);
            Ok(seconds - sign * (hours * 3600 + minutes * 60))
        }
    }
}

struct Digits<'t> {
    rest: &'t str,
}

impl Digits<'_> {
    fn take(&mut self, count: usize) -> Option<i64> {
        let (head, tail) = self.rest.split_at_checked(count)?;
        let number = head.bytes().all(|byte| byte.is_ascii_digit()).then(|| head.parse().ok())??;
        self.rest = tail;
        Some(number)
    }

    fn skip(&mut self, letters: &[char]) {
        self.rest = self.rest.strip_prefix(letters).unwrap_or(self.rest);
    }
}

/// Reads an ISO 8601 duration such as `-P1Y2M3DT4H5M6S` into seconds.
fn duration(text: &str) -> Result<Seconds, String> {
    let wrong = || format!("`{text}` is not a duration");
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let rest = rest.strip_prefix('P').ok_or_else(wrong)?;
    let (mut total, mut in_time, mut number) = (0i64, false, String::new());
    for letter in rest.chars() {
        let unit = match (letter, in_time) {
            ('0'..='9' | '.', _) => {
                number.push(letter);
                continue;
            }
            ('T', false) => {
                in_time = true;
                continue;
            }
            ('Y', false) => 365 * DAY,
            ('M', false) => 30 * DAY,
            ('W', false) => 7 * DAY,
            ('D', false) => DAY,
            ('H', true) => 3600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return Err(wrong()),
        };
        let whole = number.split('.').next().unwrap_or("");
        let value: i64 = whole.parse().map_err(|_| wrong())?;
        let part = value.checked_mul(unit).ok_or_else(wrong)?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        number.clear();
    }
    if number.is_empty() { total.checked_mul(sign).ok_or_else(wrong) } else { Err(wrong()) }
}

fn iso(seconds: Seconds) -> String {
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    let time = seconds.rem_euclid(DAY);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3600, time / 60 % 60, time % 60)
}

/// A .NET date format: `u`, `s`, `d` and the like, or letters such as `yyyy-MM-dd`.
fn formatted(seconds: Seconds, format: &str) -> Result<String, String> {
    let custom = match format {
        "" | "G" => "M/d/yyyy h:mm:ss tt",
        "u" => "yyyy-MM-dd HH:mm:ss'Z'",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffff'Z'",
        "d" => "M/d/yyyy",
        "t" => "h:mm tt",
        "T" => "h:mm:ss tt",
        "g" => "M/d/yyyy h:mm tt",
        "R" | "r" => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        single if single.chars().count() == 1 => return Err(format!("the format `{single}` is not evaluated")),
        custom => custom,
    };
    let (year, month, day) = civil_from_days(seconds.div_euclid(DAY));
    let time = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    let half = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut out = String::new();
    let mut rest = custom;
    while let Some(letter) = rest.chars().next() {
        if let Some(inside) = rest.strip_prefix('\'') {
            let (literal, after) = inside.split_once('\'').unwrap_or((inside, ""));
            out.push_str(literal);
            rest = after;
            continue;
        }
        let run = rest.len() - rest.trim_start_matches(letter).len();
        rest = rest.get(run..).unwrap_or("");
        let count = run / letter.len_utf8();
        let two = |number: i64| if count > 1 { format!("{number:02}") } else { number.to_string() };
        let text = match letter {
            'y' if count > 2 => format!("{year:04}"),
            'y' => format!("{:02}", year % 100),
            'M' if count > 3 => month_name(month).to_owned(),
            'M' if count == 3 => month_name(month).chars().take(3).collect(),
            'M' => two(month),
            'd' if count > 3 => day_name(seconds).to_owned(),
            'd' if count == 3 => day_name(seconds).chars().take(3).collect(),
            'd' => two(day),
            'H' => two(hour),
            'h' => two(half),
            'm' => two(minute),
            's' => two(second),
            'f' => "0".repeat(count),
            't' if count > 1 => (if hour < 12 { "AM" } else { "PM" }).to_owned(),
            't' => (if hour < 12 { "A" } else { "P" }).to_owned(),
            'z' if count > 2 => "+00:00".to_owned(),
            'z' => "+00".chars().take(count + 1).collect(),
            'K' => "Z".to_owned(),
            other => std::iter::repeat_n(other, count).collect(),
        };
        out.push_str(&text);
    }
    Ok(out)
}

fn month_name(month: i64) -> &'static str {
    let names = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"];
    let at = usize::try_from(month - 1).unwrap_or(0);
    names.get(at).copied().unwrap_or(if month == 11 { "November" } else { "December" })
}

fn day_name(seconds: Seconds) -> &'static str {
    let names = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    let at = usize::try_from(seconds.div_euclid(DAY).rem_euclid(7)).unwrap_or(0);
    names.get(at).copied().unwrap_or("")
}

/// Days since 1970-01-01; years start in March, so that a leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
