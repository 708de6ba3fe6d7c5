use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    api: ApiOptions,
}

fn key(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Option<String>, (u8, String)> {
    let options = Line::try_parse_from([&["rad"], arguments].concat()).unwrap().api;
    let environment =
        |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
    options.key(&environment).map_err(|failure| (failure.code, failure.error.to_string()))
}

#[test]
fn options_stand_over_the_environment_and_a_key_over_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    fs::write(&path, "of-file\n").unwrap();
    let file = path.to_str().unwrap();
    let both = [(KEY, "of-environment"), (KEY_FILE, file)];
    for (arguments, variables, expected) in [
        (&["--key", "typed"][..], &both[..], Some("typed")),
        (&["--key-file", file], &both[..1], Some("of-file")),
        (&[], &both[..], Some("of-environment")),
        (&[], &both[1..], Some("of-file")),
        (&[], &[], None),
    ] {
        assert_eq!(key(arguments, variables), Ok(expected.map(str::to_owned)), "{arguments:?}");
    }
}

#[test]
fn what_is_no_key_is_a_configuration_error_that_does_not_show_it() {
    for (arguments, variables) in [
        (&["--key", "two words"][..], &[][..]),
        (&[], &[(KEY, "with\u{e9}accent")]),
        (&["--key-file", "/no/such/file"], &[]),
        (&["--key-file", "/dev/null"], &[]),
    ] {
        let (code, text) = key(arguments, variables).unwrap_err();
        assert_eq!(code, 3, "{text}");
        assert!(!text.contains("two words") && !text.contains("accent"), "{text}");
    }
}

#[test]
fn an_address_without_scheme_is_a_configuration_error() {
    let options = Line::try_parse_from(["rad", "--api", "localhost:7070"]).unwrap().api;
    assert_eq!(options.open_with("key").err().map(|failure| failure.code), Some(3));
}
