use std::{collections::HashMap, sync::Arc};

use socks_core::UserName;

use crate::{lines::lines, reload::Expected};

/// What an htgroup file says, by user.
pub(super) struct Table {
    groups: HashMap<UserName, Vec<Arc<str>>>,
}

impl Table {
    pub(super) fn parse(content: &[u8]) -> Result<Self, Expected> {
        let mut groups: HashMap<UserName, Vec<Arc<str>>> = HashMap::new();
        let mut any = false;
        for line in lines(content) {
            let (number, line) = line?;
            let expected = |what| Expected::at(number, what);
            let mut fields = line.split(|octet| *octet == b':');
            let (Some(group), Some(users), None) = (fields.next(), fields.next(), fields.next())
            else {
                return Err(expected("expected GROUP: USER USER … with one colon"));
            };
            let group = str::from_utf8(group).ok();
            let group = group.filter(|group| {
                (1..=255).contains(&group.len()) && !group.contains(char::is_whitespace)
            });
            let Some(group) = group else {
                return Err(expected(
                    "expected a group of 1 to 255 octets of UTF-8 without space",
                ));
            };
            let group: Arc<str> = group.into();
            let users = users.split(u8::is_ascii_whitespace);
            for user in users.filter(|user| !user.is_empty()) {
                if user.len() > 255 {
                    return Err(expected("expected names of at most 255 octets"));
                }
                let groups = groups.entry(user.into()).or_default();
                if !groups.contains(&group) {
                    groups.push(Arc::clone(&group));
                }
            }
            any = true;
        }
        match any {
            true => Ok(Self { groups }),
            false => Err(Expected::anywhere("expected at least one group")),
        }
    }

    pub(super) fn of(&self, user: &UserName) -> &[Arc<str>] {
        self.groups.get(user).map_or(&[], Vec::as_slice)
    }
}
