//! Which cards the bus knows, and whether they sleep. Reading this wakes nobody.

use std::path::{Path, PathBuf};

/// A display controller on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its address: `0000:01:00.0`.
    pub address: String,
    /// Its power is off.
    pub asleep: bool,
    /// The system may switch its power off while nobody uses it.
    pub may_sleep: bool,
}

/// The display controllers of a vendor (`0x10de`), in the order of the bus.
pub fn slots(sys: &Path, vendor: &str) -> Vec<Slot> {
    let Ok(entries) = std::fs::read_dir(sys.join("bus/pci/devices")) else { return Vec::new() };
    let mut slots: Vec<Slot> = entries
        .flatten()
        .filter(|entry| word(&entry.path().join("vendor")).as_deref() == Some(vendor))
        .filter(|entry| word(&entry.path().join("class")).is_some_and(|class| class.starts_with("0x03")))
        .map(|entry| slot(entry.file_name().to_string_lossy().into_owned(), &entry.path()))
        .collect();
    slots.sort_by(|a, b| a.address.cmp(&b.address));
    slots
}

/// How a device stands.
pub fn slot(address: String, device: &Path) -> Slot {
    Slot {
        address,
        asleep: word(&device.join("power/runtime_status"))
            .is_some_and(|status| matches!(status.as_str(), "suspended" | "suspending")),
        may_sleep: word(&device.join("power/control")).as_deref() == Some("auto"),
    }
}

/// A file of one word.
pub fn word(path: &PathBuf) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A file of one number.
pub fn number(path: &PathBuf) -> Option<u64> {
    word(path)?.parse().ok()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Puts a device on the bus.
    pub fn device(sys: &Path, address: &str, files: &[(&str, &str)]) {
        let folder = sys.join("bus/pci/devices").join(address);
        std::fs::create_dir_all(folder.join("power")).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), format!("{text}\n")).unwrap();
        }
    }

    #[test]
    fn only_display_controllers_of_the_vendor_count_and_their_sleep_is_seen() {
        let sys = tempfile::tempdir().unwrap();
        let sys = sys.path();
        assert_eq!(slots(sys, "0x10de"), []);
        let of = |class, status, control| {
            [("vendor", "0x10de"), ("class", class), ("power/runtime_status", status), ("power/control", control)]
        };
        device(sys, "0000:41:00.0", &of("0x030200", "active", "on"));
        device(sys, "0000:01:00.0", &of("0x030000", "suspended", "auto"));
        device(sys, "0000:01:00.1", &of("0x040300", "suspended", "auto"));
        device(sys, "0000:02:00.0", &[("vendor", "0x8086"), ("class", "0x030000")]);
        let slot = |address: &str, asleep, may_sleep| Slot { address: address.into(), asleep, may_sleep };
        assert_eq!(slots(sys, "0x10de"), [slot("0000:01:00.0", true, true), slot("0000:41:00.0", false, false)]);
        assert_eq!(slots(sys, "0x8086"), [slot("0000:02:00.0", false, false)], "what is not told is awake");
    }
}
