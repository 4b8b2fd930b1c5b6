//! Cards of AMD, from the files of their kernel driver. Who uses the memory is not told there.

use std::path::{Path, PathBuf};

use super::pci::{number, slot, word};
use crate::domain::{Gpu, GpuState};

const VENDOR: &str = "0x1002";

/// All cards of AMD.
pub struct Amd {
    sys: PathBuf,
}

impl Amd {
    /// Read below this directory.
    pub fn new(sys: PathBuf) -> Self {
        Self { sys }
    }

    /// All of them, in the order of their numbers.
    pub fn read(&self) -> Vec<Gpu> {
        let Ok(entries) = std::fs::read_dir(self.sys.join("class/drm")) else { return Vec::new() };
        let mut cards: Vec<(u32, PathBuf)> = entries
            .flatten()
            // `card0`, not its connectors `card0-DP-1`.
            .filter_map(|entry| Some((entry.file_name().to_str()?.strip_prefix("card")?.parse().ok()?, entry.path())))
            .collect();
        cards.sort_unstable();
        cards.iter().map(|(_, path)| path.join("device")).filter_map(|device| card(&device)).collect()
    }
}

fn card(device: &Path) -> Option<Gpu> {
    if word(&device.join("vendor"))? != VENDOR {
        return None;
    }
    let name = word(&device.join("product_name"));
    let name = name.or_else(|| Some(format!("AMD {}", word(&device.join("device"))?.trim_start_matches("0x"))));
    let name = name.unwrap_or_else(|| "AMD".into());
    if slot(String::new(), device).asleep {
        // Its other files would wake it.
        return Some(Gpu { name, state: GpuState::Asleep, ..Gpu::default() });
    }
    let total = number(&device.join("mem_info_vram_total"))?;
    let sensors = std::fs::read_dir(device.join("hwmon")).ok().and_then(|mut all| all.next()?.ok());
    let sensor = |name: &str| sensors.as_ref().and_then(|folder| number(&folder.path().join(name)));
    let whole = |n: u64, unit: u64| u32::try_from(n / unit).ok();
    Some(Gpu {
        name,
        total: Some(total),
        used: number(&device.join("mem_info_vram_used")),
        busy: number(&device.join("gpu_busy_percent")).and_then(|share| u8::try_from(share.min(100)).ok()),
        temperature: sensor("temp1_input").and_then(|t| whole(t, 1000)),
        slowdown_at: sensor("temp1_crit").and_then(|t| whole(t, 1000)),
        power: sensor("power1_average").or_else(|| sensor("power1_input")).and_then(|p| whole(p, 1000)),
        power_limit: sensor("power1_cap").and_then(|p| whole(p, 1000)),
        ..Gpu::default()
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A card of AMD, one of Intel, and connectors.
    pub fn tree(sys: &Path, status: &str) {
        let put = |path: &str, text: &str| {
            let path = sys.join("class/drm").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("{text}\n")).unwrap();
        };
        put("card0/device/vendor", "0x8086");
        put("card1/device/vendor", "0x1002");
        put("card1/device/device", "0x744c");
        put("card1/device/power/runtime_status", status);
        put("card1/device/mem_info_vram_total", "25753026560");
        put("card1/device/mem_info_vram_used", "8589934592");
        put("card1/device/gpu_busy_percent", "37");
        put("card1/device/hwmon/hwmon3/temp1_input", "56000");
        put("card1/device/hwmon/hwmon3/temp1_crit", "110000");
        put("card1/device/hwmon/hwmon3/power1_average", "91000000");
        put("card1/device/hwmon/hwmon3/power1_cap", "339000000");
        put("card1-DP-1/status", "connected");
    }

    #[test]
    fn a_card_tells_all_it_has() {
        let sys = tempfile::tempdir().unwrap();
        tree(sys.path(), "active");
        let expected = Gpu {
            name: "AMD 744c".into(),
            total: Some(25_753_026_560),
            used: Some(8 << 30),
            busy: Some(37),
            temperature: Some(56),
            slowdown_at: Some(110),
            power: Some(91_000),
            power_limit: Some(339_000),
            ..Gpu::default()
        };
        assert_eq!(Amd::new(sys.path().into()).read(), [expected]);
    }

    #[test]
    fn a_sleeping_card_is_told_by_its_name_alone() {
        let sys = tempfile::tempdir().unwrap();
        tree(sys.path(), "suspended");
        let gpus = Amd::new(sys.path().into()).read();
        assert_eq!((gpus[0].state.clone(), gpus[0].total), (GpuState::Asleep, None));
    }

    #[test]
    fn what_is_not_told_is_missing_and_what_has_no_memory_is_no_card() {
        let sys = tempfile::tempdir().unwrap();
        tree(sys.path(), "active");
        let device = sys.path().join("class/drm/card1/device");
        std::fs::remove_dir_all(device.join("hwmon")).unwrap();
        std::fs::write(device.join("gpu_busy_percent"), "").unwrap();
        let gpus = Amd::new(sys.path().into()).read();
        assert_eq!((gpus[0].temperature, gpus[0].busy, gpus[0].used), (None, None, Some(8 << 30)));
        std::fs::remove_file(device.join("mem_info_vram_total")).unwrap();
        assert_eq!(Amd::new(sys.path().into()).read(), []);
        assert_eq!(Amd::new("/nowhere".into()).read(), []);
    }
}
