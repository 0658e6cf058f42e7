//! The model store: catalog, download, verification, import, conversion.
