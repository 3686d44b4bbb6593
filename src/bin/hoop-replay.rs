//! The `hoop-replay` program.

fn main() -> std::process::ExitCode {
    hoop::cli::replay::main(std::env::args_os())
}
