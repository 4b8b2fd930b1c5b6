//! NVIDIA's library NVML, loaded at run time. Every value may be missing: laptops, virtual cards, divided cards and
//! containers leave things out, each its own.

use std::ffi::OsStr;

use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{TemperatureSensor, TemperatureThreshold};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;
use nvml_wrapper::{Device, Nvml};

use super::nvidia::{Driver, Opened, Which};
use crate::domain::{Gpu, GpuProcess, GpuState, NoGpu, Throttle};

/// Where it is besides the usual places: WSL.
const ELSEWHERE: &str = "/usr/lib/wsl/lib/libnvidia-ml.so.1";

/// The library where it is installed.
pub struct Library;

impl Driver for Library {
    fn open(&self) -> Result<Box<dyn Opened>, NoGpu> {
        let elsewhere = |error| match Nvml::builder().lib_path(OsStr::new(ELSEWHERE)).init() {
            // Neither is there: what the usual place said counts.
            Err(NvmlError::LibloadingError(_)) => Err(error),
            other => other,
        };
        let opened = Nvml::init().or_else(|error| match error {
            NvmlError::LibloadingError(_) => elsewhere(error),
            other => Err(other),
        });
        opened.map(|nvml| Box::new(nvml) as Box<dyn Opened>).map_err(|error| why(&error))
    }
}

/// What keeps the library from working, as a state.
fn why(error: &NvmlError) -> NoGpu {
    match error {
        NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound | NvmlError::DriverNotLoaded => NoGpu::NoDriver,
        NvmlError::LibRmVersionMismatch => NoGpu::Mismatch,
        NvmlError::NoPermission => NoGpu::Forbidden,
        NvmlError::NotFound => NoGpu::NoCard,
        other => NoGpu::Failed(other.to_string()),
    }
}

impl Opened for Nvml {
    fn count(&self) -> Result<u32, NoGpu> {
        self.device_count().map_err(|error| why(&error))
    }

    fn read(&self, which: &Which) -> Result<Gpu, String> {
        let device = match which {
            Which::Address(address) => self.device_by_pci_bus_id(address.as_str()),
            Which::Index(index) => self.device_by_index(*index),
        };
        card(&device.map_err(|error| error.to_string())?)
    }
}

fn card(device: &Device<'_>) -> Result<Gpu, String> {
    let memory = match device.memory_info() {
        // The one question that a card which is there always answers; one that is gone says so here.
        Err(error @ (NvmlError::GpuLost | NvmlError::ResetRequired)) => return Err(error.to_string()),
        other => other.ok(),
    };
    let divided = device.mig_mode().is_ok_and(|mode| mode.current == 1);
    let mut processes: Vec<GpuProcess> = Vec::new();
    for found in [device.running_compute_processes(), device.running_graphics_processes()].into_iter().flatten() {
        for process in found {
            // One that computes and draws is in both lists.
            if processes.iter().all(|known| known.pid != process.pid) {
                processes.push(on_card(&process));
            }
        }
    }
    Ok(Gpu {
        index: 0,
        name: device.name().unwrap_or_default(),
        state: if divided { GpuState::Divided } else { GpuState::Active },
        total: memory.as_ref().map(|memory| memory.total),
        used: memory.as_ref().map(|memory| memory.used),
        busy: device.utilization_rates().ok().map(|rates| u8::try_from(rates.gpu.min(100)).unwrap_or(100)),
        temperature: device.temperature(TemperatureSensor::Gpu).ok(),
        slowdown_at: device.temperature_threshold(TemperatureThreshold::Slowdown).ok(),
        power: device.power_usage().ok(),
        power_limit: device.enforced_power_limit().ok(),
        throttled: device.current_throttle_reasons().map(throttled).unwrap_or_default(),
        processes,
    })
}

fn on_card(process: &ProcessInfo) -> GpuProcess {
    let memory = match process.used_gpu_memory {
        UsedGpuMemory::Used(bytes) => Some(bytes),
        UsedGpuMemory::Unavailable => None,
    };
    GpuProcess { pid: process.pid, name: String::new(), memory, model: false }
}

/// Only what slows work down: an idle card and a chosen clock do not.
fn throttled(reasons: ThrottleReasons) -> Vec<Throttle> {
    let mut found = Vec::new();
    let mut note = |reason, throttle| {
        if reasons.contains(reason) {
            found.push(throttle);
        }
    };
    note(ThrottleReasons::HW_THERMAL_SLOWDOWN, Throttle::Hardware);
    note(ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN, Throttle::Brake);
    note(ThrottleReasons::SW_THERMAL_SLOWDOWN, Throttle::Heat);
    note(ThrottleReasons::SW_POWER_CAP, Throttle::Power);
    // The general one says nothing new beside those that say why.
    if reasons.contains(ThrottleReasons::HW_SLOWDOWN)
        && !found.iter().any(|throttle| matches!(throttle, Throttle::Hardware | Throttle::Brake))
    {
        found.insert(0, Throttle::Hardware);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_the_library_from_working_is_a_state() {
        for (error, state) in [
            (NvmlError::DriverNotLoaded, NoGpu::NoDriver),
            (NvmlError::LibraryNotFound, NoGpu::NoDriver),
            (NvmlError::LibRmVersionMismatch, NoGpu::Mismatch),
            (NvmlError::NoPermission, NoGpu::Forbidden),
        ] {
            assert_eq!(why(&error), state);
        }
        assert!(matches!(why(&NvmlError::IrqIssue), NoGpu::Failed(words) if !words.is_empty()));
    }

    #[test]
    fn reasons_that_slow_work_down() {
        type R = ThrottleReasons;
        for (reasons, found) in [
            (R::GPU_IDLE | R::APPLICATIONS_CLOCKS_SETTING, vec![]),
            (R::SW_POWER_CAP, vec![Throttle::Power]),
            (R::HW_SLOWDOWN, vec![Throttle::Hardware]),
            (R::HW_SLOWDOWN | R::HW_THERMAL_SLOWDOWN | R::SW_POWER_CAP, vec![Throttle::Hardware, Throttle::Power]),
            (R::HW_SLOWDOWN | R::HW_POWER_BRAKE_SLOWDOWN, vec![Throttle::Brake]),
            (R::SW_THERMAL_SLOWDOWN, vec![Throttle::Heat]),
        ] {
            assert_eq!(throttled(reasons), found, "{reasons:?}");
        }
    }
}
