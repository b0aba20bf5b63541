// Figures for people.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function octets(count) {
  let unit = 0;
  while (count >= 999.95 && unit < UNITS.length - 1) {
    count /= 1024;
    unit += 1;
  }
  return `${unit ? count.toFixed(1) : Math.round(count)} ${UNITS[unit]}`;
}

export const rate = (count) => `${octets(count)}/s`;

export const number = (count) => count.toLocaleString("en");

const two = (part) => String(part).padStart(2, "0");

export function duration(seconds) {
  const whole = Math.floor(seconds);
  const [s, min, h] = [whole % 60, Math.floor(whole / 60) % 60, Math.floor(whole / 3600)];
  if (whole < 60) return `${s} s`;
  if (h === 0) return `${min} min ${two(s)} s`;
  if (h < 48) return `${h} h ${two(min)} min`;
  return `${Math.floor(h / 24)} d ${two(h % 24)} h`;
}
