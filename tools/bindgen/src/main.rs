//! `bindgen MODULE FOLDER NAME`: makes `NAME_bg.wasm` and `NAME.js` of a module that cargo has linked.
//!
//! As `wasm-bindgen --target web --no-typescript` does, of exactly the version in the lock file. That program builds a web
//! server and an HTTP client as well, for tests, which takes four times as long.

use std::error::Error;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, folder, name] = arguments.as_slice() else {
        return Err("the call is: bindgen MODULE FOLDER NAME".into());
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).web(true)?;
    bindgen.typescript(false).omit_default_module_path(false);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(folder)?;
    Ok(())
}
