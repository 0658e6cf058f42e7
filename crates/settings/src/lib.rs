//! Settings: schema, defaults, layers, migration, and where files live.
