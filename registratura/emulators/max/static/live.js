/* The stream of a person's events, opened again and again until it is closed. */

const SILENCE_MS = 40000;
const RETRY_MS = [500, 1000, 2000, 4000];

export function listen(path, { onEvent, onAway, onBack }) {
  let source = null;
  let failures = 0;
  let timer = 0;
  let closed = false;

  function lost() {
    source?.close();
    if (closed) return;
    onAway();
    clearTimeout(timer);
    timer = setTimeout(open, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
    failures += 1;
  }

  /* The server speaks every 15 s; a longer silence is a dead connection. */
  function heard() {
    clearTimeout(timer);
    timer = setTimeout(lost, SILENCE_MS);
  }

  function open() {
    source = new EventSource(path);
    heard();
    source.addEventListener("error", lost);
    source.addEventListener("message", (message) => {
      heard();
      const event = JSON.parse(message.data);
      if (event.type === "hello") {
        failures = 0;
        onBack();
      } else if (event.type !== "ping") {
        onEvent(event);
      }
    });
  }

  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
  };
}
