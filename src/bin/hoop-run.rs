//! The `hoop-run` program.

fn main() -> std::process::ExitCode {
    hoop::cli::run::main(std::env::args_os())
}
