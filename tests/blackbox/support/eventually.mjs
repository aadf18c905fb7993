// Asks every few milliseconds until the answer is true, and gives it. On a busy machine that may take a while.
export async function eventually(what, within = 15_000) {
  for (const end = Date.now() + within; ; await new Promise((done) => setTimeout(done, 10))) {
    const answer = await what();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`never: ${what}`);
  }
}
