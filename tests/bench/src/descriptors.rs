use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Asks for `wanted` descriptors and answers how many there are. Children inherit the limit.
pub(crate) fn raise_limit(wanted: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = wanted as u64;
    let raised = [maximum.map(|maximum| maximum.max(wanted)), maximum]
        .into_iter()
        .any(|maximum| {
            let current = Some(
                maximum
                    .map_or(wanted, |maximum| maximum.min(wanted))
                    .max(current.unwrap_or(0)),
            );
            setrlimit(Resource::Nofile, Rlimit { current, maximum }).is_ok()
        });
    let current = if raised {
        getrlimit(Resource::Nofile).current
    } else {
        current
    };
    current.map_or(usize::MAX, |current| {
        usize::try_from(current).unwrap_or(usize::MAX)
    })
}
