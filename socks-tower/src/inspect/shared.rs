use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

use super::{Chunk, Inspection, Inspector};
use crate::{Cut, udp::Direction};

/// What both directions of a tunnel have in common.
pub(super) struct Shared(Mutex<State>);

struct State {
    /// Nobody, once it wants nothing more.
    inspector: Option<Box<dyn Inspector>>,
    to_target: Side,
    to_client: Side,
    cut: Option<Cut>,
}

/// What is known here of one direction.
struct Side {
    wanted: bool,
    /// A decision about it takes time. Until then the inspector is not asked whether it wants more, since what is
    /// held would go on unjudged.
    deciding: bool,
    /// Whoever waits for more of it.
    waker: Option<Waker>,
}

impl Shared {
    /// `None` if the inspector wants nothing from the start.
    pub(super) fn new(inspector: Box<dyn Inspector>) -> Option<Arc<Self>> {
        let side = || Side {
            wanted: true,
            deciding: false,
            waker: None,
        };
        let mut state = State {
            inspector: Some(inspector),
            to_target: side(),
            to_client: side(),
            cut: None,
        };
        state.decided();
        let wanted = state.inspector.is_some();
        wanted.then(|| Arc::new(Self(Mutex::new(state))))
    }

    pub(super) fn wants(&self, direction: Direction) -> bool {
        self.state().side(direction).wanted
    }

    /// Has the inspector decide. One that is there no more passes everything.
    pub(super) fn inspect(&self, chunk: &Chunk<'_>) -> Inspection {
        let mut state = self.state();
        let inspector = state.inspector.as_mut();
        let inspection = inspector.map_or(Inspection::Pass, |inspector| inspector.inspect(chunk));
        state.decided_about(chunk.direction, &inspection);
        inspection
    }

    /// This was decided, and took time.
    pub(super) fn decided(&self, direction: Direction, inspection: &Inspection) {
        self.state().decided_about(direction, inspection);
    }

    /// The rest of the direction passes unseen.
    pub(super) fn give_up(&self, direction: Direction) {
        let mut state = self.state();
        state.side(direction).wanted = false;
        state.decided();
    }

    /// Whether the direction goes on, and is wanted.
    pub(super) fn standing(&self, direction: Direction) -> Result<bool, Cut> {
        let mut state = self.state();
        match &state.cut {
            Some(cut) => Err(cut.clone()),
            None => Ok(state.side(direction).wanted),
        }
    }

    /// Ends both directions. The first reason counts.
    pub(super) fn cut(&self, cut: Cut) -> Cut {
        let mut state = self.state();
        let cut = state.cut.get_or_insert(cut).clone();
        state.inspector = None;
        for direction in [Direction::ToTarget, Direction::ToClient] {
            state.side(direction).wake();
        }
        cut
    }

    /// Has the direction come back when it is cut, or not wanted any more.
    pub(super) fn wait(&self, direction: Direction, cx: &mut Context<'_>) {
        let mut state = self.state();
        match &mut state.side(direction).waker {
            Some(waker) => waker.clone_from(cx.waker()),
            waker @ None => *waker = Some(cx.waker().clone()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::ToTarget => &mut self.to_target,
            Direction::ToClient => &mut self.to_client,
        }
    }

    fn decided_about(&mut self, direction: Direction, inspection: &Inspection) {
        self.side(direction).deciding = matches!(inspection, Inspection::Later(_));
        if !matches!(inspection, Inspection::Hold | Inspection::Later(_)) {
            self.decided();
        }
    }

    /// Asks the inspector what it still wants.
    fn decided(&mut self) {
        let Some(inspector) = &self.inspector else {
            return;
        };
        let wants = |direction| inspector.wants(direction);
        self.to_target.still(|| wants(Direction::ToTarget));
        self.to_client.still(|| wants(Direction::ToClient));
        if !self.to_target.wanted && !self.to_client.wanted {
            self.inspector = None;
        }
    }
}

impl Side {
    fn still(&mut self, wanted: impl FnOnce() -> bool) {
        if self.wanted && !self.deciding && !wanted() {
            self.wanted = false;
            self.wake();
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Shared")
            .field("to_target", &state.to_target.wanted)
            .field("to_client", &state.to_client.wanted)
            .field("cut", &state.cut)
            .finish_non_exhaustive()
    }
}
