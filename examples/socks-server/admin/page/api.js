// What the server is asked, with the token if it wants one.

const TOKEN = "token";
// The server says something each second.
const SILENCE = 5000;

export class Unauthorized extends Error {}

export const hasToken = () => sessionStorage.getItem(TOKEN) !== null;
export const setToken = (token) => sessionStorage.setItem(TOKEN, token);

async function ask(path, options = {}) {
  const token = sessionStorage.getItem(TOKEN);
  // Nothing else goes into a header, nor is it a token.
  if (token !== null && !/^[!-~]+$/.test(token)) throw new Unauthorized();
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  const answer = await fetch(path, { ...options, headers, credentials: "omit", cache: "no-store" });
  if (answer.status === 401) throw new Unauthorized();
  if (!answer.ok) throw new Error((await answer.text()).trim() || `status ${answer.status}`);
  return answer;
}

/// Answers how many sessions were told to end.
export async function end(path) {
  const answer = await ask(path, { method: "DELETE", signal: AbortSignal.timeout(SILENCE) });
  return (await answer.json()).ended;
}

/// The data of each event. EventSource cannot send a header, so this reads the stream itself.
export async function* events(view, signal) {
  const silent = new AbortController();
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(new Error("the server says nothing")), SILENCE);
  };
  try {
    wait();
    const answer = await ask(`events?${view}`, { signal: AbortSignal.any([signal, silent.signal]) });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the server has ended the stream");
      wait();
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").filter((line) => line.startsWith("data:"));
        if (data.length) yield JSON.parse(data.map((line) => line.slice(5)).join("\n"));
      }
    }
  } finally {
    clearTimeout(timer);
    silent.abort();
  }
}
