//! What is written to change everybody for whom a condition holds: tags, attributes, lists.

use super::DataArgs;

/// `contacts tag`, `contacts untag`.
#[derive(Debug, clap::Args)]
pub struct TagArgs {
    #[command(flatten)]
    pub whom: WhomArgs,
    /// The tag
    pub tag: String,
}

/// `contacts set`.
#[derive(Debug, clap::Args)]
pub struct SetArgs {
    #[command(flatten)]
    pub whom: WhomArgs,
    /// Attributes: plan=gold; plan= takes the value away
    #[arg(required = true, value_name = "NAME=VALUE")]
    pub values: Vec<String>,
}

/// `contacts add-to`, `contacts remove-from`.
#[derive(Debug, clap::Args)]
pub struct ListedArgs {
    #[command(flatten)]
    pub whom: WhomArgs,
    /// The static segment's key
    pub list: String,
}

/// Whom a change of many is for.
#[derive(Debug, clap::Args)]
pub struct WhomArgs {
    #[command(flatten)]
    pub data: DataArgs,
    /// Whom: a condition such as "in segment vip"
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: String,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}
