mod domains;
mod files;
mod globs;
mod networks;
mod ports;
mod times;
mod wall_clock;
