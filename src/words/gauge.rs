//! What the machine shows, in words.

use super::{Lang, quoted};
use crate::domain::{GpuState, NoGpu, Throttle};

/// Why no card is shown, and what could be done about it.
pub fn no_gpu(why: &NoGpu, lang: Lang) -> String {
    match why {
        NoGpu::NoDriver => say!(
            lang,
            "没有显卡：找不到 NVIDIA 驱动，也没有 AMD 显卡",
            "no card: there is no NVIDIA driver and no AMD card"
        ),
        NoGpu::Mismatch => say!(
            lang,
            "读不了显卡：驱动升级后还没有重启，请重启机器",
            "the card cannot be read: the driver was upgraded; restart the machine"
        ),
        NoGpu::NoCard => say!(lang, "没有显卡", "no card"),
        NoGpu::Forbidden => say!(
            lang,
            "读不了显卡：没有权限访问 /dev/nvidia*",
            "the card cannot be read: no permission for /dev/nvidia*"
        ),
        NoGpu::Failed(words) => {
            let words = quoted(words);
            say!(lang, "读不了显卡：{words}", "the card cannot be read: {words}")
        }
    }
}

/// How a card stands; nothing to say of one that simply works.
pub fn gpu_state(state: &GpuState, lang: Lang) -> Option<String> {
    Some(match state {
        GpuState::Active => return None,
        GpuState::Asleep => say!(lang, "休眠", "asleep"),
        GpuState::Divided => say!(lang, "已分区（MIG）", "divided (MIG)"),
        GpuState::Lost(words) => {
            let words = quoted(words);
            say!(lang, "失联：{words}", "lost: {words}")
        }
    })
}

/// Why a card is slower than it could be, in a word.
pub fn throttle(why: Throttle, lang: Lang) -> String {
    match why {
        Throttle::Power => say!(lang, "限功率", "power limit"),
        Throttle::Heat => say!(lang, "过热降频", "too hot"),
        Throttle::Hardware => say!(lang, "硬件降频", "hardware slowdown"),
        Throttle::Brake => say!(lang, "供电不足", "power brake"),
    }
}
