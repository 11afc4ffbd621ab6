//! Paths of any bytes in JSON: text where they are text, and a list of bytes where they are not. A name
//! that is no text must not keep a policy from being written, nor itself out of it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Raw {
    Text(PathBuf),
    Bytes(Vec<u8>),
}

pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    match path.to_str() {
        Some(text) => text.serialize(serializer),
        None => path.as_os_str().as_bytes().serialize(serializer),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    Ok(match Raw::deserialize(from)? {
        Raw::Text(path) => path,
        Raw::Bytes(bytes) => OsString::from_vec(bytes).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jail::policy::{Access, Mark, Policy};

    #[test]
    fn a_policy_keeps_a_path_of_any_bytes() {
        let strange = PathBuf::from(OsString::from_vec(b"/h/.caf\xe9".to_vec()));
        let marks = [Mark::new("/h", Access::Readable), Mark::new(strange, Access::Hidden)];
        let policy = Policy::new(marks);
        let text = serde_json::to_string(&policy).expect("written");
        assert_eq!(serde_json::from_str::<Policy>(&text).expect("read"), policy);
    }
}
