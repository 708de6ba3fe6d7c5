//! The commands of `rad` that a text tells people to type, judged by the program's own help.

use std::process::Command;

/// Lines of the shell blocks of a page that begin with the command, prompts and comments left out.
pub(crate) fn lines(page: &str) -> Vec<String> {
    let mut shell = false;
    let mut all = Vec::new();
    for line in page.lines().map(str::trim_start) {
        if let Some(language) = line.strip_prefix("```") {
            shell = !shell && language.split(' ').next() == Some("sh");
        } else if shell && line.starts_with("rad ") {
            all.push(line.to_owned());
        }
    }
    all
}

/// Whether the command exists with its options. What does not begin with `rad` is not ours to judge.
pub(crate) fn judge(line: &str) -> Result<(), String> {
    let typed = line.split(['#', '|', '>', ';', '&', '\\', ')']).next().unwrap_or_default();
    let Some(words) = typed.strip_prefix("rad ") else { return Ok(()) };
    let words: Vec<_> = words.split_whitespace().collect();
    let is_name = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    // `rad keys create NAME`: as many words as there are commands below each other.
    let mut path: Vec<&str> = words.iter().take(1).copied().collect();
    if matches!(path[..], ["keys" | "tenants"]) {
        path.extend(words.iter().skip(1).take(1).filter(is_name));
    }
    let help = help(&path).ok_or_else(|| format!("there is no `rad {}`", path.join(" ")))?;
    let options = words.iter().filter(|word| word.starts_with("--"));
    let missing = options.map(|word| word.split('=').next().unwrap_or(word)).find(|option| {
        !help.split(|letter: char| letter.is_whitespace() || letter == ',').any(|word| word == *option)
    });
    missing.map_or(Ok(()), |option| Err(format!("`rad {}` has no option {option}", path.join(" "))))
}

fn help(path: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_rad")).args(path).arg("--help").output();
    let output = output.expect("the binary was built for this test");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn commands_and_options_that_do_not_exist_are_found() {
    assert_eq!(judge("rad status 7 --errors   # why"), Ok(()));
    assert_eq!(judge("rad tenants set acme --monthly-pages none"), Ok(()));
    assert_eq!(judge("systemctl restart rad-scheduler"), Ok(()));
    assert_eq!(judge("rad scale --add 2"), Err("there is no `rad scale`".to_owned()));
    assert_eq!(judge("rad keys make acme"), Err("there is no `rad keys make`".to_owned()));
    assert_eq!(judge("rad status --nonsense"), Err("`rad status` has no option --nonsense".to_owned()));
    assert_eq!(lines("```sh\nrad up\n# rad x\n```\nrad y\n```text\nrad z\n```\n"), ["rad up"]);
}
