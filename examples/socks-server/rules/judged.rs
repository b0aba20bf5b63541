use socks_acl::Acl;
use socks_core::{
    Command,
    message::{AcceptRequest, AccessPoint},
};
use socks_tower::{
    limit::Limits,
    sessions::{Judgement, Live},
};

use super::RefusedSessions;

/// What the rules in force say of a session under way: of the client, of what it asked for, and of where
/// that has led.
pub fn judge(
    acl: Acl,
    limits: Option<Limits>,
    refused: RefusedSessions,
) -> impl Fn(&Live) -> Judgement + Send + Sync + 'static {
    move |live| match allows(&acl, limits.as_ref(), live) {
        true => Judgement::Keep,
        false => refused.judgement(),
    }
}

fn allows(acl: &Acl, limits: Option<&Limits>, live: &Live) -> bool {
    let now = live.snapshot();
    // What is not known yet, or was not asked yet, is asked of the rules in force then; and what they were
    // asked is judged once more when it is known where it leads.
    let Some(conn) = now.conn else { return true };
    let mut accepted = AcceptRequest::new(live.id(), now.peer, now.local);
    accepted.listener = now.listener;
    accepted.direct = conn.direct;
    accepted.extensions = conn.extensions.clone();
    if !acl.judge_accept(&accepted).allowed {
        return false;
    }
    let (Some(mut request), Some(terms)) = (live.access_request(), now.terms) else {
        return true;
    };
    if let Some(limits) = limits {
        limits.tell_used_up(&mut request);
    }
    let decision = acl.judge(&request, now.remote.map(|remote| remote.ip()));
    if !decision.allowed || decision.destination.as_ref() != now.rewritten.as_deref() {
        return false;
    }
    match (request.command, now.remote) {
        (Command::Bind, Some(peer)) => {
            let mut request = request.at(AccessPoint::BindPeer);
            request.destination = peer.into();
            acl.judge(&request, None).allowed
        }
        // It was granted one thing, and datagrams that are granted another are refused.
        (Command::UdpAssociate, _) => decision.terms.is_some_and(|granted| {
            granted.limits == terms.limits && granted.conceal == terms.conceal
        }),
        _ => true,
    }
}
