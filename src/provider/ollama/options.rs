//! Options of a model, and how many threads "auto" is.

use std::collections::BTreeSet;

use ollama_rs::models::ModelOptions;

use crate::config::Provider;

/// What every request sends, from the configuration; `extra.options` is laid over it by the request. Options
/// left to Ollama are not sent. Threads are only counted for a server on this machine.
pub fn common(config: &Provider, local: bool) -> ModelOptions {
    let mut options = ModelOptions::default().num_ctx(config.context.into()).temperature(config.temperature as f32);
    if let Some(threads) = config.num_threads.or_else(|| local.then(auto_threads)) {
        options = options.num_thread(threads);
    }
    if config.cpu_only {
        options = options.num_gpu(0);
    } else if let Some(layers) = config.gpu_layers {
        options = options.num_gpu(layers);
    }
    match config.batch_size {
        Some(batch) => options.extra("num_batch", batch),
        None => options,
    }
}

/// 80 % of the physical cores, no more than this process may use, at least one.
fn auto_threads() -> u32 {
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    threads(physical_cores().unwrap_or(available), available)
}

/// Logical threads only get in each other's way, and more threads than available cores are a catastrophe:
/// 16 s instead of 0.9 s were measured (llm.md §5.4).
fn threads(physical: usize, available: usize) -> u32 {
    u32::try_from((physical * 4 / 5).min(available).max(1)).unwrap_or(1)
}

/// Distinct (package, core) pairs as Linux tells them.
fn physical_cores() -> Option<usize> {
    let mut cores = BTreeSet::new();
    for entry in std::fs::read_dir("/sys/devices/system/cpu").ok()?.flatten() {
        let read = |file: &str| std::fs::read_to_string(entry.path().join("topology").join(file)).ok();
        if let (Some(package), Some(core)) = (read("physical_package_id"), read("core_id")) {
            cores.insert((package, core));
        }
    }
    (!cores.is_empty()).then_some(cores.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn threads_are_capped() {
        for ((physical, available), want) in
            [((8, 16), 6), ((16, 16), 12), ((16, 4), 4), ((1, 2), 1), ((2, 2), 1), ((0, 0), 1), ((5, 5), 4)]
        {
            assert_eq!(threads(physical, available), want, "{physical} {available}");
        }
        assert!(auto_threads() >= 1);
    }

    #[test]
    fn only_what_is_configured_is_sent() {
        let config = Provider { context: 4096, temperature: 0.5, ..Provider::default() };
        assert_eq!(serde_json::to_value(common(&config, false)).unwrap(), json!({"num_ctx": 4096, "temperature": 0.5}));
        let config = Provider {
            num_threads: Some(3),
            gpu_layers: Some(20),
            batch_size: Some(256),
            temperature: 0.5,
            ..Provider::default()
        };
        assert_eq!(
            serde_json::to_value(common(&config, false)).unwrap(),
            json!({"num_ctx": 8192, "temperature": 0.5, "num_thread": 3, "num_gpu": 20, "num_batch": 256})
        );
        let config = Provider { cpu_only: true, gpu_layers: Some(20), ..config };
        assert_eq!(serde_json::to_value(common(&config, true)).unwrap()["num_gpu"], 0);
        let auto = serde_json::to_value(common(&Provider::default(), true)).unwrap();
        assert_eq!(auto["num_thread"], auto_threads());
    }
}
