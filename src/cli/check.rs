//! `qqdeck check`.

use super::join;
use super::output::{End, print};
use super::place::{Place, read};
use crate::words::Lang;

/// Options of `check`: none of its own.
#[derive(Debug, clap::Args)]
pub struct Check {}

impl Check {
    /// Reads the configuration and tells everything that is wrong or odd in it.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let path = place.config()?;
        let file = path.display().to_string();
        let parsed = join::parse_config(&file, &read(&path)?, place.lang)?;
        let mut text = String::new();
        for warning in &parsed.warnings {
            text.push_str(warning);
            text.push('\n');
        }
        let providers = parsed.config.providers.len();
        text.push_str(&match place.lang {
            Lang::Zh => format!("{file}：没有错误，{} 处提醒，{providers} 个模型服务\n", parsed.warnings.len()),
            Lang::En => format!("{file}: no errors, warnings: {}, providers: {providers}\n", parsed.warnings.len()),
        });
        print(&text)
    }
}
