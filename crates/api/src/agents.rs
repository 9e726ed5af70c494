//! Agents: who may sign in at the desk. Made and reset by the operator, on the command line.

use crate::{password, random, session};
use model::{AgentId, IdSource, fold};
use runtime::{Agent, Handle, WriteError};

pub use crate::password::{hash, random_password};

/// Why an agent was not made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// Somebody has this login.
    #[error("there is an agent with the login \"{0}\" already; choose another login, or reset that agent's password")]
    Exists(String),
    /// Nobody has it.
    #[error("there is no agent with the login \"{0}\"")]
    Unknown(String),
    /// A group the bot does not have.
    #[error("the bot has no group \"{group}\"; it has {known}")]
    UnknownGroup {
        /// As given.
        group: String,
        /// The bot's groups, in words.
        known: String,
    },
    /// Something about the values, in words.
    #[error("{0}")]
    Invalid(String),
    /// It could not be stored.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Makes an agent. Without groups they are in all groups the bot has now.
///
/// # Errors
/// [`AgentError`], nothing stored then.
pub async fn create(handle: &Handle, name: &str, login: &str, groups: &[String], password: &str) -> Result<Agent, AgentError> {
    let name = checked_name(name)?;
    let login = checked_login(login)?;
    let groups = checked_groups(handle, groups)?;
    if handle.agent_by_login(&login).await.is_some() {
        return Err(AgentError::Exists(login));
    }
    let password_hash = hashed(password).await?;
    let seed = u64::from_be_bytes(random::bytes());
    let id: AgentId = IdSource::new(handle.now(), seed).next();
    let agent = Agent { id, name, login, groups, password_hash, disabled: false };
    handle.put_agent(agent.clone()).await?;
    Ok(agent)
}

/// Gives an agent a new password, lets them in again if they were disabled, and ends their sign-ins.
///
/// # Errors
/// [`AgentError`], nothing changed then.
pub async fn reset(handle: &Handle, login: &str, password: &str) -> Result<Agent, AgentError> {
    let login = checked_login(login)?;
    let mut agent = handle.agent_by_login(&login).await.ok_or(AgentError::Unknown(login))?;
    agent.password_hash = hashed(password).await?;
    agent.disabled = false;
    handle.put_agent(agent.clone()).await?;
    session::end_all(handle, agent.id).await?;
    Ok(agent)
}

async fn hashed(password: &str) -> Result<String, AgentError> {
    if password.chars().count() < password::SHORTEST || password.len() > password::LONGEST {
        let detail = format!("a password has at least {} characters and at most {} bytes", password::SHORTEST, password::LONGEST);
        return Err(AgentError::Invalid(detail));
    }
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || hash(&password)).await.map_err(|_| AgentError::Write(WriteError::Unavailable))
}

/// The form in which logins are compared and stored.
pub(crate) fn login_key(login: &str) -> String {
    fold(login)
}

fn checked_login(login: &str) -> Result<String, AgentError> {
    let login = login_key(login);
    let fits =
        (1..=64).contains(&login.len()) && login.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+'));
    if fits { Ok(login) } else { Err(AgentError::Invalid("a login is 1 to 64 letters, digits or . - _ @ +".into())) }
}

fn checked_name(name: &str) -> Result<String, AgentError> {
    let name = name.trim();
    let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(|c| c.is_control() || is_bidi_control(c));
    if fits { Ok(name.to_owned()) } else { Err(AgentError::Invalid("a name is 1 to 64 visible characters".into())) }
}

/// Characters that turn the direction of what follows: they can make one name look like another.
pub(crate) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn checked_groups(handle: &Handle, groups: &[String]) -> Result<Vec<String>, AgentError> {
    let bot = handle.bot();
    let known: Vec<String> = bot.groups().iter().map(|g| g.name.clone()).collect();
    if groups.is_empty() {
        return Ok(known);
    }
    for group in groups {
        if !known.contains(group) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(AgentError::UnknownGroup { group: group.clone(), known });
        }
    }
    let mut groups = groups.to_vec();
    groups.sort();
    groups.dedup();
    Ok(groups)
}
