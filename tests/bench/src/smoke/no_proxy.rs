use crate::{
    client::Way,
    contender::{Contender, Kind},
};

#[test]
fn clients_connect_straight_to_each_target() {
    let contender = Contender::no_proxy();
    for (index, target) in ["127.0.0.1:7", "127.0.0.1:9"].into_iter().enumerate() {
        let target = target.parse().unwrap();
        let door = contender.door(index, target);
        assert_eq!(door.addr, target);
        assert!(matches!(door.way, Way::Straight));
    }
    // What no process takes is no figure.
    assert_eq!(contender.kind, Kind::NoProxy);
    assert!(contender.process().is_err());
}
