// One try to send answers, by the page or by the worker. What counts as
// received is the portal's own acknowledgement and nothing else: the sign-in
// page of a café's network also answers 200.

// attempt gives {state: "received", duplicate}, {state: "refused", detail,
// reason, errors} for what no other try would change, or {state: "later",
// status, after}: after is for how many seconds the portal asks to be left
// alone, 0 where it does not say. patience is in milliseconds, longer than the
// portal works on an answer.
export async function attempt(url, body, patience, signal) {
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, patience);
  if (signal) signal.addEventListener("abort", stop);
  try {
    const answer = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(body),
      headers: { Accept: "application/json" },
      redirect: "error",
      signal: limit.signal,
    });
    const { status } = answer;
    const type = answer.headers.get("Content-Type") || "";
    const said = type.includes("json") ? await answer.json() : {};
    if (answer.ok && /^(accepted|duplicate)$/.test(said.outcome)) {
      return { state: "received", duplicate: said.outcome === "duplicate" };
    }
    const final = status >= 400 && status < 500 && ![408, 425, 429].includes(status);
    if (final && type.includes("problem+json")) {
      return { state: "refused", detail: said.detail || said.title, reason: said.reason, errors: said.errors || [] };
    }
    return { state: "later", status, after: Number(answer.headers.get("Retry-After")) || 0 };
  } catch (err) {
    // The network failed, it took too long, or what came is no JSON after all.
    if (!(err instanceof TypeError || err instanceof SyntaxError || err.name === "AbortError")) throw err;
    return { state: "later", status: 0, after: 0 };
  } finally {
    clearTimeout(timer);
  }
}
