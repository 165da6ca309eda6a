//! Scripts that machines run at their first start: whether one writes out a secret.
//!
//! In: the text of a script, or of a command line. Out: its secrets; when in doubt, none. Knows how shells, `cloud-init` and
//! options of programs give a value to a name; does not know any program.

use super::recognise::{is_reference, is_secret, names_secret};

/// The secrets that a script writes out: what a line gives to a name that says secret, and what is one by its form.
pub(super) fn secrets(script: &str) -> Vec<&str> {
    let mut found: Vec<&str> = script.lines().flat_map(secrets_of_line).collect();
    if found.is_empty() && is_secret(script) {
        found.push(script);
    }
    found
}

/// True where there is any.
pub(super) fn holds_secret(script: &str) -> bool {
    !secrets(script).is_empty()
}

fn secrets_of_line(line: &str) -> Vec<&str> {
    let words: Vec<&str> = line.split([' ', '\t', ';', '|', '&']).filter(|word| !word.is_empty()).collect();
    let named = words.iter().filter_map(|word| word.split_once('='));
    // `--password literal`, and `password: literal` on a line of its own.
    let apart = words.windows(2).filter_map(|pair| match pair {
        [name, value] if name.starts_with("--") => Some((*name, *value)),
        [name, value] if words.len() == 2 => Some((name.strip_suffix(':')?, *value)),
        _ => None,
    });
    let is_given = |(name, value): &(&str, &str)| is_literal(value) && names_secret(bare(name), bare(value));
    let given = named.chain(apart).filter(is_given).map(|(_, value)| bare(value));
    let by_form = words.iter().map(|word| bare(word.rsplit('=').next().unwrap_or(word))).filter(|word| is_secret(word));
    let mut found: Vec<&str> = given.chain(by_form).collect();
    if found.is_empty() && is_secret(line) {
        found.push(line.trim());
    }
    found
}

/// False for what the shell, or whoever fills in the script, puts there.
fn is_literal(value: &str) -> bool {
    let value = bare(value);
    !value.contains(['$', '`', '%', '<', '{', '(']) && !value.starts_with(['-', '@', '/']) && !is_reference(value)
}

fn bare(word: &str) -> &str {
    word.trim_matches(['"', '\'', ',']).trim_start_matches('-')
}

#[cfg(test)]
mod tests {
    use super::{holds_secret, secrets};

    #[test]
    fn a_literal_given_to_a_name_that_says_secret_is_one() {
        let scripts = [
            "#!/bin/sh\nexport DB_PASSWORD=Sup3rSecret!99\n",
            "mysql -u root --password=Sup3rSecret99",
            "az login --service-principal -u app --password 'Sup3rSecret!99'",
            "setup.ps1 -ServerName db; $env:CLIENT_SECRET=\"Sup3rSecret!99\"",
            "#cloud-config\nuser: app\npassword: Sup3rSecret!99\n",
            "export AWS_ACCESS_KEY_ID=AKIA0123456789ABCDEF",
            "export AWS_SECRET_ACCESS_KEY=\"a1b2c3d4e5f6g7h8i9j0K1L2M3N4O5P6Q7R8S9T0\"",
        ];
        for script in scripts {
            assert!(holds_secret(script), "{script}");
        }
    }

    #[test]
    fn what_is_told_is_the_secret_alone() {
        let script = "export DB_PASSWORD='Sup3rSecret!99' PORT=1433\nmysql --password Winter2024x -u app";
        assert_eq!(secrets(script), ["Sup3rSecret!99", "Winter2024x"]);
    }

    #[test]
    fn what_is_put_there_at_run_time_is_none() {
        let scripts = [
            "export DB_PASSWORD=$1",
            "export DB_PASSWORD=\"$(az keyvault secret show --name db --query value)\"",
            "export DB_PASSWORD=${password}",
            "docker login --username app --password-stdin < /run/secrets/token",
            "mysql --password=\"$DB_PASSWORD\"",
            "setup.exe /password:<password>",
            "sed -i s/PasswordAuthentication=yes/PasswordAuthentication=no/ /etc/ssh/sshd_config",
            "# the password: ask operations",
            "passwd --lock root",
            "--password changeme",
        ];
        for script in scripts {
            assert!(!holds_secret(script), "{script}");
        }
    }
}
