/// A large upload is read, merged and written by several threads. The system's allocator would keep for each of them what it
/// once needed.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    denk::main()
}
