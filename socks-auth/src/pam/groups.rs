use std::{ffi::CString, sync::Arc};

use nix::unistd::{Group, User, getgrouplist};
use socks_core::UserName;

use super::error::{Kind, PamError};

/// The names of the user's groups in the system's databases (NSS); none of a user who is not there.
/// Groups without a name, or with one that is not UTF-8, are left out. Blocks.
pub(super) fn groups(user: &UserName) -> Result<Vec<Arc<str>>, PamError> {
    let (Some(name), Ok(c_name)) = (user.as_str(), CString::new(user.as_bytes())) else {
        return Ok(Vec::new());
    };
    let Some(user) = User::from_name(name).map_err(Kind::Groups)? else {
        return Ok(Vec::new());
    };
    let mut groups = Vec::new();
    for id in getgrouplist(&c_name, user.gid).map_err(Kind::Groups)? {
        if let Some(group) = Group::from_gid(id).map_err(Kind::Groups)? {
            groups.push(group.name.into());
        }
    }
    Ok(groups)
}
