//! The engine as a whole: every thread, with quick stand-ins for the models and a room in place of the devices.

mod asking;
mod changes;
mod control_socket;
mod graphics;
mod hearing;
mod minds;
mod picture;
mod seeing;
mod server;
mod stage;
mod whole_turns;
