//! The `hoopctl` program.

fn main() -> std::process::ExitCode {
    hoop::cli::ctl::main(std::env::args_os())
}
