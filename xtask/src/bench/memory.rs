//! Peak memory, as Linux counts it.

/// Peak resident memory of this process, MiB.
pub(super) fn peak_mib() -> Option<u64> {
    peak_mib_of("self")
}

/// Peak resident memory so far of the process with that number, MiB; `None` once it has ended.
pub(super) fn peak_mib_of(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib >> 10)
}

/// Linux forgets the peak so far when 5 is written here.
pub(super) fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
