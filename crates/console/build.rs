//! Tells cargo to embed the console's pages anew whenever they were built anew.

fn main() {
    println!("cargo:rerun-if-changed=ui/dist");
}
