//! A number of a value: whole numbers stay exact, everything else is a double.

use std::fmt;

/// A number: integers stay exact, everything else is a double.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number in the range of 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
}

impl Number {
    /// The nearest double.
    #[expect(clippy::cast_precision_loss, reason = "comparison with a double is what the callers ask for")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    /// The whole number it is, when it is one.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(int),
            Self::Float(float) => (float.fract() == 0.0 && float.abs() < 9.0e18).then_some(float as i64),
        }
    }

    /// The number of a double: an integer when it is whole and exact.
    pub fn from_f64(float: f64) -> Self {
        match Self::Float(float).as_i64() {
            Some(int) if float.abs() <= 9_007_199_254_740_992.0 => Self::Int(int),
            _ => Self::Float(float),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(std::cmp::Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            _ => self.as_f64().partial_cmp(&other.as_f64()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(out, "{int}"),
            Self::Float(float) => write!(out, "{float}"),
        }
    }
}
