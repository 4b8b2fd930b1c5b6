//! Who is on a card: the driver tells numbers, /proc the names.

use std::path::Path;

use crate::domain::GpuProcess;

/// Programs that serve models, by the beginning of their names.
const SERVERS: &[&str] = &[
    "ollama",
    "llama-server",
    "llama_server",
    "llama-cli",
    "llama-box",
    "llama-swap",
    "koboldcpp",
    "vllm",
    "sglang",
    "tritonserver",
    "lmdeploy",
    "text-generation",
    "tabbyapi",
    "lmstudio",
    "lm-studio",
    "xinference",
    "localai",
    "local-ai",
    "mlc_llm",
    "aphrodite",
    "exllama",
    "trtllm",
];
/// Programs that run others: what they run counts.
const RUNNERS: &[&str] = &["python", "pt_main_thread", "node", "java", "ray::", "sh", "bash"];

/// Names a process and tells whether it serves models.
pub fn name(proc: &Path, process: &mut GpuProcess) {
    let folder = proc.join(process.pid.to_string());
    let comm = super::pci::word(&folder.join("comm")).unwrap_or_default();
    let line = std::fs::read(folder.join("cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    let (name, model) = judge(&comm, &line);
    (process.name, process.model) = (name, model);
}

/// The name and whether it serves models, from what /proc tells; arguments are parted by zeros.
fn judge(comm: &str, line: &str) -> (String, bool) {
    let mut arguments = line.split('\0').filter(|part| !part.is_empty());
    let program = arguments.next().map_or("", base);
    // The kernel cuts names to 15 bytes; the command line has them whole.
    let name = if !comm.is_empty() && program.starts_with(comm) { program } else { comm };
    let name = if name.is_empty() { program } else { name };
    let serves = |name: &str| SERVERS.iter().any(|server| name.to_ascii_lowercase().starts_with(server));
    let runs_others = |name: &str| RUNNERS.iter().any(|runner| name.to_ascii_lowercase().starts_with(runner));
    if serves(name) || serves(program) {
        return (name.to_owned(), true);
    }
    if runs_others(name) || runs_others(program) {
        // `python -m vllm.entrypoints.openai.api_server`, `python /opt/koboldcpp/koboldcpp.py`.
        if let Some(run) = arguments.map(base).take(8).find(|argument| serves(argument)) {
            let run: String = run.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
            return (run, true);
        }
    }
    (name.to_owned(), false)
}

/// The last part of a path, Windows' too (games under Proton).
fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_servers_are_told_from_others() {
        for (comm, line, name, model) in [
            ("ollama", "/usr/local/bin/ollama\0runner\0--model\0/x\0", "ollama", true),
            ("ollama_llama_se", "/tmp/ollama_llama_server\0--port\x001\0", "ollama_llama_server", true),
            ("llama-server", "/opt/llama-server\0-m\0x.gguf\0", "llama-server", true),
            ("python3", "python3\0-m\0vllm.entrypoints.openai.api_server\0", "vllm", true),
            ("VLLM::EngineCor", "VLLM::EngineCore\0", "VLLM::EngineCore", true),
            ("python", "python\0/opt/koboldcpp/koboldcpp.py\0", "koboldcpp", true),
            ("python3", "python3\0train.py\0", "python3", false),
            ("Xorg", "/usr/lib/xorg/Xorg\0:0\0", "Xorg", false),
            ("game.exe", "Z:\\games\\ollama-like\\game.exe\0", "game.exe", false),
            ("firefox", "", "firefox", false),
            ("bash", "bash\0-c\0echo\0", "bash", false),
            ("", "", "", false),
        ] {
            assert_eq!(judge(comm, line), (name.to_owned(), model), "{comm} {line}");
        }
    }

    #[test]
    fn names_come_from_proc_and_a_process_that_is_gone_has_none() {
        let proc = tempfile::tempdir().unwrap();
        std::fs::create_dir(proc.path().join("7")).unwrap();
        std::fs::write(proc.path().join("7/comm"), "ollama\n").unwrap();
        std::fs::write(proc.path().join("7/cmdline"), "/usr/bin/ollama\0serve\0").unwrap();
        let mut process = GpuProcess { pid: 7, name: String::new(), memory: None, model: false };
        name(proc.path(), &mut process);
        assert_eq!((process.name.as_str(), process.model), ("ollama", true));
        process.pid = 8;
        name(proc.path(), &mut process);
        assert_eq!((process.name.as_str(), process.model), ("", false));
    }
}
