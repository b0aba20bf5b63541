use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use jiff::Timestamp;
use socks_core::{
    Command,
    message::{AcceptRequest, AccessPoint, AccessRequest, Permit, RulesEpoch, Verdict},
};
use tower_service::Service;

use super::{
    Decision, Difference, Explanation, Rules,
    explain::explain,
    filter::{IncomingFilter, RequestFilter},
    judge::{Granted, Judged},
    shadow::Shadow,
};

/// The access controller that asks [`Rules`], and for which they can be replaced while it runs.
///
/// It answers [`AccessRequest`] at every point, and [`AcceptRequest`]. A refusal names its rule; so does
/// a permit, with what the rule grants, and a filter that judges every name and address before it is
/// used by the rules that are in force **then**.
///
/// Names and addresses agree (`SE-4`, `SE-12`, `SE-41`). A name is judged before it is looked up: it is
/// let through if the first rule that surely matches allows it, or if an earlier rule allows it
/// depending on its address. Then the whole list is asked again about the name together with each
/// address. What is granted beside yes (rewrite, route, egress, limits, concealing) is settled with the
/// name: by the first rule that surely matches if it allows, else by the first that may. An address
/// whose own rule grants something else is refused.
///
/// Clones share rules and counters.
#[derive(Clone)]
pub struct Acl {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    rules: ArcSwap<Rules>,
    shadow: ArcSwapOption<Shadow>,
    epoch: RulesEpoch,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Held while rules are replaced, so that no counter is lost.
    looked: Mutex<Looked>,
}

/// When it was last looked which time windows are open, and when that changes.
struct Looked {
    at: Timestamp,
    change: Option<Timestamp>,
}

/// How long a time window may have been closed before somebody notices.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Acl {
    /// Judges by `rules`.
    pub fn new(rules: Rules) -> Self {
        Self::with_clock(rules, Timestamp::now)
    }

    /// The same by another clock than the system's, for tests.
    pub fn with_clock(rules: Rules, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let looked = Mutex::new(Looked::now(&rules, clock()));
        Self {
            shared: Arc::new(Shared {
                rules: ArcSwap::from_pointee(rules),
                shadow: ArcSwapOption::empty(),
                epoch: RulesEpoch::new(),
                clock: Box::new(clock),
                looked,
            }),
        }
    }

    /// Judges by `rules` from now on: questions that are under way are answered by one or the other,
    /// never by a mixture. Hit counters go on where a rule of the same point and name is there again.
    /// Permits given before judge by the new rules, and verdicts that UDP associations keep are
    /// dropped; sessions with a connection that stands are judged again by whoever lists them, with
    /// [`judge`](Self::judge).
    pub fn replace(&self, mut rules: Rules) {
        let mut looked = self
            .shared
            .looked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        rules.adopt_hits(&self.shared.rules.load());
        *looked = Looked::now(&rules, self.shared.clock());
        self.shared.rules.store(Arc::new(rules));
        self.shared.epoch.advance();
    }

    /// The rules in force.
    pub fn rules(&self) -> Arc<Rules> {
        self.shared.rules.load_full()
    }

    /// Advances when rules are replaced or a time window opens or closes: verdicts that are kept are to
    /// be asked for again.
    pub fn epoch(&self) -> RulesEpoch {
        self.shared.epoch.clone()
    }

    /// Tries `rules` out: every question is put to them as well, and `report` is told where they would
    /// decide otherwise. They change nothing. It is called where the question is asked, so it must not
    /// block.
    pub fn shadow(&self, rules: Rules, report: impl Fn(&Difference) + Send + Sync + 'static) {
        let shadow = Shadow::new(rules, report);
        self.shared.shadow.store(Some(Arc::new(shadow)));
    }

    /// Ends the trial.
    pub fn without_shadow(&self) {
        self.shared.shadow.store(None);
    }

    /// What the rules in force say about a request, and about `remote` if that is given, the address at
    /// which its destination was reached. For sessions that go on after rules have changed; it counts
    /// as no hit.
    pub fn judge(&self, request: &AccessRequest, remote: Option<IpAddr>) -> Decision {
        let rules = self.shared.rules.load();
        let now = self.shared.now(&rules);
        Decision::of(&rules.judge(request, remote, now, &mut |_| {}))
    }

    /// Which rule decides about a request, and why those before it do not. With `remote` the address
    /// of its name is judged, too.
    pub fn explain(&self, request: &AccessRequest, remote: Option<IpAddr>) -> Explanation {
        let rules = self.shared.rules.load();
        let now = self.shared.now(&rules);
        explain(&rules, |see| rules.judge(request, remote, now, see))
    }

    /// The same for a client that has connected.
    pub fn explain_accept(&self, request: &AcceptRequest) -> Explanation {
        let rules = self.shared.rules.load();
        let now = self.shared.now(&rules);
        explain(&rules, |see| rules.judge_accept(request, now, see))
    }

    /// Advances the [epoch](Self::epoch) within a second whenever a time window opens or closes. It
    /// never ends; spawn it, with the runtime's `sleep`. Without it a verdict that a UDP association
    /// keeps outlives its window until some other question is asked.
    ///
    /// ```
    /// # async fn keep(acl: socks_acl::Acl) {
    /// tokio::spawn(async move { acl.keep_time(tokio::time::sleep).await });
    /// # }
    /// ```
    pub async fn keep_time<S: Future<Output = ()>>(&self, sleep: impl Fn(Duration) -> S) {
        loop {
            self.shared.now(&self.shared.rules.load());
            sleep(LOOK_EVERY).await;
        }
    }

    fn accept(&self, request: &AcceptRequest) -> Verdict {
        let rules = self.shared.rules.load();
        let now = self.shared.now(&rules);
        let judged = rules.judge_accept(request, now, &mut |_| {});
        if let Some(shadow) = &*self.shared.shadow.load() {
            shadow.compare_accept(&judged, request, self.shared.clock());
        }
        match count(judged) {
            Judged::Allowed(None) => Verdict::allow(),
            Judged::Allowed(Some(granted)) => {
                Verdict::Allow(Permit::new().terms(Arc::clone(&granted.rule.terms)))
            }
            Judged::Refused(refused) => Verdict::Deny(refused.denial()),
        }
    }

    fn access(&self, request: AccessRequest) -> Verdict {
        let rules = self.shared.rules.load();
        let now = self.shared.now(&rules);
        let judged = rules.judge(&request, None, now, &mut |_| {});
        if let Some(shadow) = &*self.shared.shadow.load() {
            shadow.compare(&judged, &request, self.shared.clock());
        }
        match count(judged) {
            Judged::Allowed(None) => Verdict::allow(),
            Judged::Allowed(Some(granted)) => Verdict::Allow(self.permit(granted, request)),
            Judged::Refused(refused) => Verdict::Deny(refused.denial()),
        }
    }

    fn permit(&self, granted: Granted<'_>, mut request: AccessRequest) -> Permit {
        let mut permit = Permit::new().terms(Arc::clone(&granted.rule.terms));
        if request.point != AccessPoint::Request {
            return permit;
        }
        let grant = granted.grant;
        permit.route.clone_from(&grant.route);
        permit.egress.clone_from(&grant.egress);
        let rewritten = granted.destination.is_some();
        if let Some(destination) = granted.destination {
            request.destination = destination.clone();
            permit.destination = Some(destination);
        }
        if request.command == Command::UdpAssociate {
            permit.extensions.insert(self.epoch());
            // Also where there are no rules about replies yet.
            permit = permit.filter_incoming(IncomingFilter {
                shared: Arc::clone(&self.shared),
                request: request.clone().at(AccessPoint::UdpReply),
            });
        }
        permit.filter(RequestFilter {
            shared: Arc::clone(&self.shared),
            request,
            granted: (!rewritten).then(|| Arc::clone(grant)),
        })
    }
}

/// Counts the rule that has decided.
fn count(judged: Judged<'_>) -> Judged<'_> {
    match &judged {
        Judged::Allowed(Some(Granted { rule, .. })) => rule.hit(),
        Judged::Refused(refused) => refused.rule.iter().for_each(|rule| rule.hit()),
        Judged::Allowed(None) => {}
    }
    judged
}

impl Shared {
    pub(super) fn rules(&self) -> Guard<Arc<Rules>> {
        self.rules.load()
    }

    pub(super) fn shadow(&self) -> Guard<Option<Arc<Shadow>>> {
        self.shadow.load()
    }

    /// The time, for rules that ask for it. If a window has opened or closed since the last look,
    /// the epoch advances.
    pub(super) fn now(&self, rules: &Rules) -> Timestamp {
        if rules.windows.is_empty() {
            return Timestamp::UNIX_EPOCH;
        }
        // Whoever looks at the same moment looks for everybody.
        let Ok(mut looked) = self.looked.try_lock() else {
            return self.clock();
        };
        // Read behind the lock: else it would seem to run backwards.
        let now = self.clock();
        // A clock that was put back may have gone back across an edge.
        if now < looked.at || looked.change.is_some_and(|change| change <= now) {
            // By the rules in force, which `rules` may not be any more.
            *looked = Looked::now(&self.rules.load(), now);
            self.epoch.advance();
        } else {
            looked.at = now;
        }
        now
    }

    pub(super) fn clock(&self) -> Timestamp {
        (self.clock)()
    }
}

impl Looked {
    fn now(rules: &Rules, at: Timestamp) -> Self {
        let change = rules.next_change(at);
        Self { at, change }
    }
}

impl fmt::Debug for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.shared.rules.load();
        f.debug_struct("Acl")
            .field("rules", &rules.len())
            .field("shadow", &self.shared.shadow.load().is_some())
            .finish_non_exhaustive()
    }
}

impl Service<AccessRequest> for Acl {
    type Response = Verdict;
    type Error = Infallible;
    type Future = Ready<Result<Verdict, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AccessRequest) -> Self::Future {
        ready(Ok(self.access(request)))
    }
}

impl Service<AcceptRequest> for Acl {
    type Response = Verdict;
    type Error = Infallible;
    type Future = Ready<Result<Verdict, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AcceptRequest) -> Self::Future {
        ready(Ok(self.accept(&request)))
    }
}
