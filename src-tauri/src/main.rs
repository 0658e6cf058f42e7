//! The shell.
fn main(){}
