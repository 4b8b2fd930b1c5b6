//! Why a notification did not arrive.

use super::Lang;
use super::model::behind;
use crate::domain::NotifyFault;

/// With the service's own words, quoted.
pub fn notify_fault(fault: &NotifyFault, lang: Lang) -> String {
    match fault {
        NotifyFault::Unreachable(words) => {
            let words = behind(words, lang);
            say!(lang, "没有送到{words}", "not delivered{words}")
        }
        NotifyFault::Refused(words) => {
            let words = behind(words, lang);
            say!(lang, "对方拒收{words}", "refused{words}")
        }
        NotifyFault::Full => say!(lang, "等着发给它的通知太多", "too many notifications wait for it"),
        NotifyFault::Gone => say!(lang, "这个目的地已经不在配置里", "it is no longer configured"),
    }
}
