mod properties;
mod queue;
