//! Help in the user's language: every text of the command line is put in before the arguments are read.

use clap::{Arg, Command, builder::Resettable};

use crate::messages::Text;

const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage}\n\n{all-args}{after-help}";

/// The command with all its help in `text`'s language.
pub(super) fn localized(command: Command, text: &Text) -> Command {
    let globals: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let mut command = worded(command, &[], text);
    for id in globals {
        command = command.mut_arg(id, |arg| option(arg, &[], text).help_heading(text.get("help-general")));
    }
    command.build();
    with_usage(command, text)
}

/// Texts of a command and, below it, of its arguments and subcommands.
fn worded(command: Command, path: &[&str], text: &Text) -> Command {
    let key = if path.is_empty() { "command-denk".to_owned() } else { format!("command-{}", path.join("-")) };
    let mut command = command
        .about(text.get(&key))
        .long_about(Resettable::Reset)
        .help_template(TEMPLATE)
        .subcommand_help_heading(text.get("help-commands"))
        .subcommand_value_name(text.get("help-command"))
        .next_line_help(false);
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in &names {
        let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        command = command.mut_subcommand(name, |below| arguments(worded(below, &path, text), &path, text));
    }
    command
}

fn arguments(mut command: Command, path: &[&str], text: &Text) -> Command {
    let ids: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    for id in ids {
        command = command.mut_arg(id, |arg| option(arg, path, text));
    }
    command
}

fn option(arg: Arg, path: &[&str], text: &Text) -> Arg {
    let id = arg.get_id().as_str().replace('_', "-");
    let key = path.iter().copied().chain([id.as_str()]).collect::<Vec<_>>().join("-");
    let heading = if arg.is_positional() { "help-arguments" } else { "help-options" };
    let heading = text.get(heading);
    let value = text.find(&format!("option-{key}-value"));
    let arg = arg.help(text.get(&format!("option-{key}"))).long_help(Resettable::Reset).help_heading(heading);
    if !arg.get_action().takes_values() {
        return arg;
    }
    // What clap would write about values is English: the help texts say it.
    let arg = arg.hide_possible_values(true).hide_default_value(true);
    match value {
        Some(value) => arg.value_name(value),
        None => arg,
    }
}

/// Replaces the parts of the usage line that clap writes in English. The command is built already, so that each part
/// knows its full name.
fn with_usage(mut command: Command, text: &Text) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage
        .trim_start_matches("Usage:")
        .trim()
        .replace("[OPTIONS]", &format!("[{}]", text.get("help-options-word")));
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |below| with_usage(below, text));
    }
    command.override_usage(format!("{}: {usage}", text.get("help-usage")))
}
