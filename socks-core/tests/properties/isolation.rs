use proptest::prelude::*;
use socks_core::{Secret, UserName, tor::Isolation};

fn login() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let username = prop_oneof![
        "(<torS0X>)?[01]?[ab]?".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..=255),
    ];
    (username, "[ab]?".prop_map(String::into_bytes))
}

fn read((username, password): &(Vec<u8>, Vec<u8>)) -> Option<Isolation> {
    let username = UserName::from(username.as_slice());
    Isolation::from_credentials(&username, &Secret::new(password)).ok()
}

proptest! {
    /// TO-19, TO-20, TO-24: sharing is mutual, a stream shares with its equal, and what two
    /// logins that differ may share is at most the object of format 1.
    #[test]
    fn sharing_is_an_equivalence(a in login(), b in login()) {
        let (Some(first), Some(second)) = (read(&a), read(&b)) else {
            return Ok(());
        };
        prop_assert!(first.same_isolation(&read(&a).unwrap()));
        let shared = first.same_isolation(&second);
        prop_assert_eq!(shared, second.same_isolation(&first));
        if shared && a != b {
            let formats = matches!(first, Isolation::Format1 { .. });
            prop_assert!(formats && a.1 == b.1);
        }
    }
}
