//! `agent`: who answers chats.

use crate::args::AgentCommand;
use crate::{Exit, data};
use api::control::Request;

/// Adds an agent or gives one a new password.
pub fn run(command: AgentCommand) -> anyhow::Result<Exit> {
    let (answer, what) = match command {
        AgentCommand::Add { data, login, name, groups } => {
            let name = name.unwrap_or_else(|| login.clone());
            (data::ask(&data, Request::AgentsAdd { name, login, groups, password: None })?, "can sign in at /console now")
        }
        AgentCommand::Reset { data, login } => {
            (data::ask(&data, Request::AgentsReset { login, password: None })?, "has a new password; earlier sign-ins have ended")
        }
    };
    let login = answer["agent"]["login"].as_str().unwrap_or_default();
    println!("{login} {what}");
    if let Some(password) = answer["password"].as_str() {
        println!("password (shown once): {password}");
    }
    Ok(Exit::Fine)
}
