//! `tillbridge init`: writes a commented configuration for a profile. Never overwrites a file.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;

use super::{Exit, Failure, Output};
use crate::config::{PROFILE_NAMES, Profile};

/// Arguments of `tillbridge init`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tillbridge init counter-intelligence-shopify
  tillbridge init counter-intelligence-shopify --output -")]
pub struct Args {
    /// The rules to begin with
    #[arg(value_name = "PROFILE", value_parser = PossibleValuesParser::new(PROFILE_NAMES))]
    profile: String,
    /// Where to write it; `-` is stdout
    #[arg(long, value_name = "FILE", default_value = "tillbridge.toml")]
    output: PathBuf,
}

/// Writes the configuration.
pub fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let Some(profile) = Profile::named(&args.profile) else {
        return Err(Failure::usage(format!("there is no profile `{}`", args.profile), "see `tillbridge init --help`"));
    };
    if args.output.as_os_str() == "-" {
        output.line(profile.template.trim_end())?;
        return Ok(Exit::Fine);
    }
    let path = args.output.display();
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&args.output).map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return Failure::failed(format!("`{path}` is there already"), "name another file with --output");
        }
        Failure::failed(format!("cannot write `{path}`: {error}"), "name another file with --output")
    })?;
    file.write_all(profile.template.as_bytes())?;
    output.line(format_args!("wrote `{path}`"))?;
    output
        .line("next: fill in the shop, the branches, the locations and the pay codes, then run `tillbridge check`")?;
    Ok(Exit::Fine)
}
