//! `man`: the manual page, made from the same words as `--help`.
//!
//! In: the commands as clap knows them. Out: roff for `man`: `baalint man > baalint.1`.

use std::fmt::Write as _;

use clap::{Arg, Command};

/// The page of the whole tool.
pub(super) fn page(command: &Command) -> String {
    let mut page = format!(
        ".TH BAALINT 1 \"\" \"baalint {}\" \"User Commands\"\n.SH NAME\nbaalint \\- {}\n",
        env!("CARGO_PKG_VERSION"),
        escaped(&about(command)),
    );
    page.push_str(".SH SYNOPSIS\n.B baalint\n.I COMMAND\n[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n.SH COMMANDS\n");
    for one in commands(command, "baalint") {
        let _ = write!(page, ".SS \"{}\"\n{}\n", escaped(&one.0), escaped(&about(one.1)));
        one.1.get_arguments().filter(|it| !it.is_hide_set()).for_each(|it| argument(&mut page, it));
    }
    page.push_str(
        ".SH EXIT STATUS\n.TP\n.B 0\nNothing failed.\n.TP\n.B 1\nFindings at or above \\-\\-fail\\-on.\n.TP\n.B 2\n\
         Something could not be judged: an unreadable or broken file, a bad policy or configuration, wrong usage.\n\
         .SH FILES\n.TP\n.I baalint.yaml\nThe configuration, found upwards from the first path; `baalint init` writes one.\n\
         .TP\n.I .baalint\\-baseline.json\nRecorded findings; `baalint baseline write` writes them.\n\
         .SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours, whatever the terminal.\n.TP\n.B FORCE_HYPERLINK\n\
         Links on a terminal that does not say it has them; 0 for none.\n.TP\n.B SOURCE_DATE_EPOCH\n\
         The time that GitLab's SAST format prints.\n",
    );
    page
}

/// Every command that does something, with its full name.
fn commands<'c>(command: &'c Command, name: &str) -> Vec<(String, &'c Command)> {
    let mut found = Vec::new();
    for one in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        let name = format!("{name} {}", one.get_name());
        let below = commands(one, &name);
        if below.is_empty() {
            found.push((name, one));
        } else {
            found.extend(below);
        }
    }
    found
}

fn argument(page: &mut String, argument: &Arg) {
    let values: Vec<String> = argument
        .get_value_names()
        .filter(|_| argument.get_action().takes_values())
        .unwrap_or_default()
        .iter()
        .map(|it| format!("\\fI{}\\fR", escaped(it)))
        .collect();
    let values = values.join(" ");
    let name = match (argument.get_long(), argument.get_short()) {
        (Some(long), Some(short)) => format!("\\fB\\-{short}\\fR, \\fB\\-\\-{}\\fR {values}", escaped(long)),
        (Some(long), None) => format!("\\fB\\-\\-{}\\fR {values}", escaped(long)),
        (None, _) => values,
    };
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let _ = write!(page, ".TP\n{}\n{}\n", name.trim_end(), escaped(&help));
    let possible: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|it| !it.is_hide_set() && argument.get_action().takes_values())
        .map(|it| format!("\\fB{}\\fR", escaped(it.get_name())))
        .collect();
    if !possible.is_empty() {
        let _ = write!(page, ".br\nOne of {}.\n", possible.join(", "));
    }
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// Text as roff takes it: no escape, no command at the beginning of a line.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let lines: Vec<String> = text
        .lines()
        .map(|line| if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::super::Arguments;
    use super::{escaped, page};

    #[test]
    fn every_command_and_flag_is_in_the_page() {
        let page = page(&Arguments::command());
        for part in [
            ".SS \"baalint check\"",
            ".SS \"baalint baseline write\"",
            "\\-\\-changed\\-since",
            "\\fBsarif\\fR",
            ".SH EXIT STATUS",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("\\-\\-stdio\\fR"), "hidden flags stay hidden");
    }

    #[test]
    fn no_text_is_a_command_of_roff() {
        assert_eq!(escaped(".baalint\n'a\\b-c"), "\\&.baalint\n\\&'a\\eb\\-c");
    }
}
