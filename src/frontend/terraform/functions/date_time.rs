//! Functions of time: `formatdate`, `timeadd`, `timecmp`. The clock itself is not read.

use super::args::{Answer, Call};
use crate::value::Value;

/// The result, when the function is of this family.
pub(super) fn call(call: &Call<'_>) -> Option<Answer> {
    Some(match call.name {
        "formatdate" => format_date(call),
        "timeadd" => time_add(call),
        "timecmp" => time_compare(call),
        "timestamp" | "plantimestamp" => Ok(call.runtime()),
        _ => return None,
    })
}

/// A moment with the offset it was written in.
struct Time {
    /// Seconds since 1970 in UTC.
    seconds: i64,
    nanoseconds: u32,
    /// Seconds east of Greenwich.
    offset: i64,
    /// Written with `Z`.
    utc: bool,
}

/// A moment as people read it.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    weekday: usize,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const DAY: i64 = 86_400;

fn time(call: &Call<'_>, position: usize) -> Result<Time, Value> {
    let text = call.text(position)?;
    parse_time(&text).ok_or_else(|| call.invalid("this is not a timestamp of RFC 3339"))
}

fn time_compare(call: &Call<'_>) -> Answer {
    let (a, b) = (time(call, 0)?, time(call, 1)?);
    let order = (a.seconds, a.nanoseconds).cmp(&(b.seconds, b.nanoseconds));
    Ok(call.value(order as i64))
}

fn time_add(call: &Call<'_>) -> Answer {
    let moment = time(call, 0)?;
    let duration = call.text(1)?;
    let nanoseconds = parse_duration(&duration).ok_or_else(|| call.invalid("this is not a duration"))?;
    let billion = 1_000_000_000;
    let total = i128::from(moment.seconds) * billion + i128::from(moment.nanoseconds) + nanoseconds;
    let seconds = i64::try_from(total.div_euclid(billion)).map_err(|_| call.invalid("the time is out of range"))?;
    let nanoseconds = u32::try_from(total.rem_euclid(billion)).unwrap_or(0);
    let sum = Time { seconds, nanoseconds, ..moment };
    if !(0..=9999).contains(&civil(&sum).year) {
        return Err(call.invalid("the time is out of range"));
    }
    Ok(call.value(write_time(&sum)))
}

/// Hours to nanoseconds, in the units of Go, as nanoseconds.
fn parse_duration(text: &str) -> Option<i128> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, unit_and_more) = rest.split_at_checked(end)?;
        let units: [(&str, i128); 8] = [
            ("ns", 1),
            ("us", 1_000),
            ("µs", 1_000),
            ("μs", 1_000),
            ("ms", 1_000_000),
            ("s", 1_000_000_000),
            ("m", 60_000_000_000),
            ("h", 3_600_000_000_000),
        ];
        let (unit, scale) = units.into_iter().find(|(unit, _)| unit_and_more.starts_with(unit))?;
        rest = unit_and_more.get(unit.len()..)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || number.len() > 18 {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let digits = fraction.bytes().try_fold((0_i128, 1_i128), |(value, scale), byte| {
            Some((value.checked_mul(10)?.checked_add(i128::from(byte.checked_sub(b'0')?))?, scale.checked_mul(10)?))
        })?;
        total = total
            .checked_add(whole.checked_mul(scale)?)?
            .checked_add(digits.0.checked_mul(scale)?.checked_div(digits.1)?)?;
    }
    Some(if negative { -total } else { total })
}

/// Seconds since 1970 of a time as Terraform writes it.
pub(in crate::frontend::terraform) fn epoch_seconds(text: &str) -> Option<i64> {
    parse_time(text).map(|time| time.seconds)
}

fn parse_time(text: &str) -> Option<Time> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let mark = |at: usize, expected: &str| text.get(at..at + 1) == Some(expected);
    if !(mark(4, "-") && mark(7, "-") && mark(10, "T") && mark(13, ":") && mark(16, ":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut nanoseconds = 0_u32;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let fraction = after.get(..digits).filter(|fraction| !fraction.is_empty())?;
        nanoseconds = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
        rest = after.get(digits..)?;
    }
    let offset = parse_offset(rest)?;
    let seconds = days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
    Some(Time { seconds, nanoseconds, offset, utc: rest == "Z" })
}

fn parse_offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(time: &Time) -> Civil {
    let local = time.seconds.saturating_add(time.offset);
    let (days, rest) = (local.div_euclid(DAY), local.rem_euclid(DAY));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month = (shifted_month + 2) % 12 + 1;
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: of_year - (153 * shifted_month + 2) / 5 + 1,
        hour: rest / 3600,
        minute: rest % 3600 / 60,
        second: rest % 60,
        weekday: usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0),
    }
}

/// Without parts of a second, as Terraform writes it.
fn write_time(time: &Time) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = civil(time);
    let zone = if time.offset == 0 { "Z".to_owned() } else { zone(time, ":") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
}

fn zone(time: &Time, separator: &str) -> String {
    let sign = if time.offset < 0 { '-' } else { '+' };
    let minutes = time.offset.abs() / 60;
    format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
}

/// Runs of a letter are fields, text in single quotes stands for itself, `''` inside is a quote.
fn format_date(call: &Call<'_>) -> Answer {
    let format = call.text(0)?;
    let time = time(call, 1)?;
    let civil = civil(&time);
    let mut out = String::new();
    let mut rest: &str = &format;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            rest = quoted(rest, &mut out).ok_or_else(|| call.invalid("a quote is not closed"))?;
            continue;
        }
        let run = rest.find(|character| character != first).unwrap_or(rest.len());
        let (letters, after) = rest.split_at_checked(run).unwrap_or((rest, ""));
        if first.is_ascii_alphabetic() {
            let field = field(letters, &civil, &time);
            out.push_str(&field.ok_or_else(|| call.invalid(&format!("`{letters}` is not a field of a date")))?);
        } else {
            out.push_str(letters);
        }
        rest = after;
    }
    Ok(call.value(out))
}

fn quoted<'t>(text: &'t str, out: &mut String) -> Option<&'t str> {
    let mut rest = text.get(1..)?;
    loop {
        let (inside, after) = rest.split_once('\'')?;
        out.push_str(inside);
        match after.strip_prefix('\'') {
            Some(more) => {
                out.push('\'');
                rest = more;
            }
            None => return Some(after),
        }
    }
}

fn field(letters: &str, civil: &Civil, time: &Time) -> Option<String> {
    let named = |names: &[&'static str], at: Option<usize>| names.get(at?).copied();
    let month = || named(&MONTHS, usize::try_from(civil.month - 1).ok());
    let day = || named(&DAYS, Some(civil.weekday));
    let short = |name: Option<&str>| name.and_then(|name| name.get(..3)).map(str::to_owned);
    let twelve = match civil.hour % 12 {
        0 => 12,
        hour => hour,
    };
    let noon = if civil.hour < 12 { "am" } else { "pm" };
    Some(match letters {
        "YYYY" => format!("{:04}", civil.year),
        "YY" => format!("{:02}", civil.year % 100),
        "MMMM" => month()?.to_owned(),
        "MMM" => short(month())?,
        "MM" => format!("{:02}", civil.month),
        "M" => civil.month.to_string(),
        "DD" => format!("{:02}", civil.day),
        "D" => civil.day.to_string(),
        "EEEE" => day()?.to_owned(),
        "EEE" => short(day())?,
        "hh" => format!("{:02}", civil.hour),
        "h" => civil.hour.to_string(),
        "HH" => format!("{twelve:02}"),
        "H" => twelve.to_string(),
        "AA" => noon.to_uppercase(),
        "aa" => noon.to_owned(),
        "mm" => format!("{:02}", civil.minute),
        "m" => civil.minute.to_string(),
        "ss" => format!("{:02}", civil.second),
        "s" => civil.second.to_string(),
        "ZZZ" if time.offset == 0 => "UTC".to_owned(),
        "Z" if time.utc || time.offset == 0 => "Z".to_owned(),
        "ZZZZZ" | "Z" => zone(time, ":"),
        "ZZZZ" | "ZZZ" => zone(time, ""),
        _ => return None,
    })
}
