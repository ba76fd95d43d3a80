//! Gives a decoder long inputs, for a program that counts instructions: `cost` lists the decoders, `cost TARGET
//! BYTES` runs one on every long input that is made of its corpus, and prints how many bytes that were.

use std::fs;
use std::io;
use std::panic::{catch_unwind, set_hook};
use std::path::Path;
use std::process::ExitCode;

use fuzz::cost::grown;
use fuzz::{TARGETS, Target, find};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        for target in &TARGETS {
            println!("{}", target.name);
        }
        return ExitCode::SUCCESS;
    };
    let bytes = arguments.next().and_then(|bytes| bytes.parse().ok());
    let (Some(target), Some(bytes)) = (find(&name), bytes) else {
        eprintln!("the calls are: cost, cost TARGET BYTES");
        return ExitCode::FAILURE;
    };
    match run(target, bytes) {
        Ok(read) => {
            println!("{read}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many bytes were given.
fn run(target: &Target, bytes: usize) -> io::Result<usize> {
    // Promises are judged elsewhere; here a broken one costs what it costs.
    set_hook(Box::new(|_| {}));
    let mut read = 0;
    let mut files: Vec<_> =
        fs::read_dir(Path::new("qa/fuzz/corpus").join(target.name))?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::path);
    for file in files {
        for input in grown(&fs::read(file.path())?, bytes) {
            read += input.len();
            catch_unwind(|| (target.run)(&input)).ok();
        }
    }
    Ok(read)
}
