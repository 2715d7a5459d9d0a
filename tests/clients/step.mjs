// Runs one step of a test and prints how long it took.
export async function step(name, run) {
  const begun = Date.now();
  const result = await run();
  console.log(`${name}: ${Date.now() - begun} ms`);
  return result;
}
