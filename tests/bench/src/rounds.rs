use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::{
    BoxError,
    contender::Contender,
    cpu::CpuTime,
    report::{Case, Sample},
};

/// However slow a server is, one measurement ends.
const LONGEST: Duration = Duration::from_secs(120);

/// A case, what it means to the mode that measures it, and whom it measures.
pub(crate) struct Plan<'a, S> {
    pub(crate) case: Case,
    pub(crate) spec: S,
    pub(crate) contenders: Vec<&'a Contender>,
}

/// Measures every plan with every contender, `rounds` times. Contenders take turns, and each round
/// begins with another one. What fails is noted and does not end
/// the run; who has only failed in a case is not tried again.
pub(crate) async fn run<S>(
    name: &str,
    rounds: usize,
    plans: Vec<Plan<'_, S>>,
    measure: impl AsyncFn(&Contender, &S) -> Result<Sample, BoxError>,
) -> Vec<Case> {
    let mut plans = plans;
    let started = Instant::now();
    for round in 0..rounds {
        let elapsed = started.elapsed().as_secs();
        eprintln!("{name}: round {} of {rounds} ({elapsed} s)", round + 1);
        for plan in &mut plans {
            let count = plan.contenders.len();
            for index in 0..count {
                let contender = plan.contenders[(index + round) % count];
                if plan.case.is_failing(contender.name) {
                    continue;
                }
                let measured = match timeout(LONGEST, measure(contender, &plan.spec)).await {
                    Ok(measured) => measured.map_err(|error| error.to_string()),
                    Err(_) => Err(format!("not done in {} s", LONGEST.as_secs())),
                };
                if let Err(error) = &measured {
                    eprintln!("{name}, {}, {}: {error}", plan.case.name, contender.name);
                }
                plan.case.add(contender.name, contender.kind, measured);
            }
        }
    }
    plans.into_iter().map(|plan| plan.case).collect()
}

/// The CPU time that a contender takes for `work`, and what that comes to.
pub(crate) async fn cpu_of<T>(
    contender: &Contender,
    work: impl Future<Output = Result<T, BoxError>>,
) -> Result<(T, CpuTime), BoxError> {
    let before = CpuTime::of(contender.process()?)?;
    let done = work.await?;
    Ok((done, CpuTime::of(contender.process()?)?.since(before)))
}
