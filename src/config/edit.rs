use super::Issue;
use crate::domain::ConfigEdit;
/// x
#[derive(Debug)]
pub enum Edited {
    /// x
    Same,
    /// x
    Changed(String),
}
/// x
#[derive(Debug)]
pub enum EditError {
    /// x
    Broken(Vec<Issue>),
}
/// x
pub fn edit(_t: &str, _e: &ConfigEdit) -> Result<Edited, EditError> {
    Ok(Edited::Same)
}
