//! temporary
use crate::domain::*;
use crate::config::Context;
use std::sync::Arc;
/// x
pub struct Prompt<'a> { /// x
 pub persona: &'a str, /// x
 pub lines: &'a std::collections::VecDeque<Arc<Line>>, /// x
 pub forgotten: Seq, /// x
 pub question: &'a [Seq], /// x
 pub text: &'a str, /// x
 pub pictures: &'a [Picture], /// x
 pub context: &'a Context, /// x
 pub only: Option<UserId>, /// x
 pub budget: u32, /// x
 pub vision: bool, /// x
 pub group: bool, /// x
 pub clock: Option<Now> }
/// x
pub struct Window { /// x
 pub turns: Vec<Turn>, /// x
 pub lines: u32, /// x
 pub left_out: u32 }
/// x
pub fn build(p: &Prompt) -> Window { Window { turns: vec![Turn { role: TurnRole::User, text: Arc::from(p.text), pictures: vec![] }], lines: 1, left_out: 0 } }
