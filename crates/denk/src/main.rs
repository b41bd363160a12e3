fn main() -> std::process::ExitCode {
    denk::main()
}
