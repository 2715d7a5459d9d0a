// Drives the process API with sandbox-agent's SDK, against a real daemon and a real guest.
//   KERNEL_API_KEY=KEY node sandbox_agent.mjs http://127.0.0.1:PORT
import assert from 'node:assert/strict';
import Kernel from '@onkernel/sdk';
import { SandboxAgent } from 'sandbox-agent';
import { step } from './step.mjs';

const baseURL = process.argv[2];
const token = process.env.KERNEL_API_KEY;
const kernel = new Kernel({ baseURL, timeout: 600_000 });
const { session_id: id } = await step('browsers.create', () => kernel.browsers.create({ headless: true, timeout_seconds: 900 }));
const decode = (entry) => Buffer.from(entry.data, entry.encoding).toString();

const sandbox = await step('connect', () =>
  SandboxAgent.connect({ baseUrl: `${baseURL}/browsers/${id}/sandbox-agent`, token }));

await step('runProcess', async () => {
  const done = await sandbox.runProcess({ command: 'sh', args: ['-c', 'echo out; echo err >&2; exit 3'], env: { A: 'b' } });
  assert.deepEqual([done.exitCode, done.stdout, done.stderr, done.timedOut], [3, 'out\n', 'err\n', false]);
  const late = await sandbox.runProcess({ command: 'sleep', args: ['60'], timeoutMs: 300 });
  assert.deepEqual([late.exitCode, late.timedOut], [null, true]);
  await assert.rejects(sandbox.runProcess({ command: 'echo hi there' }), (error) => error.status === 502);
});

await step('createProcess, input, logs, follow, stop, delete', async () => {
  const made = await sandbox.createProcess({ command: 'cat', interactive: true });
  assert.equal(made.status, 'running');
  assert.equal((await sandbox.getProcess(made.id)).id, made.id);
  assert.ok((await sandbox.listProcesses()).processes.some((one) => one.id === made.id));
  const followed = [];
  let heard;
  const hello = new Promise((resolve) => { heard = resolve; });
  const subscription = await sandbox.followProcessLogs(made.id, (entry) => {
    followed.push(decode(entry));
    if (followed.join('') === 'hello\n') heard();
  });
  assert.deepEqual(await sandbox.sendProcessInput(made.id, { data: 'hello\n', encoding: 'utf8' }), { bytesWritten: 6 });
  await hello;
  subscription.close();
  const logs = await sandbox.getProcessLogs(made.id, { stream: 'stdout', tail: 5 });
  assert.equal(logs.entries.map(decode).join(''), 'hello\n');
  await assert.rejects(sandbox.deleteProcess(made.id), (error) => error.status === 409);
  assert.equal((await sandbox.stopProcess(made.id)).status, 'exited');
  assert.equal((await sandbox.killProcess(made.id)).status, 'exited');
  await sandbox.deleteProcess(made.id);
  await assert.rejects(sandbox.getProcess(made.id), (error) => error.status === 404);
});

await step('a terminal', async () => {
  const made = await sandbox.createProcess({ command: 'sh', tty: true });
  assert.deepEqual(await sandbox.resizeProcessTerminal(made.id, { cols: 100, rows: 30 }), { cols: 100, rows: 30 });
  const terminal = sandbox.connectProcessTerminal(made.id);
  let output = '';
  const exited = new Promise((resolve) => terminal.onExit(resolve));
  terminal.onData((data) => { output += Buffer.from(data).toString(); });
  await new Promise((resolve) => terminal.onReady(resolve));
  terminal.resize({ cols: 90, rows: 20 });
  terminal.sendInput('stty size; exit 7\n');
  assert.equal((await exited).exitCode, 7);
  await terminal.closed;
  assert.match(output, /20 90/);
});

await step('what is wrong', async () => {
  const plain = await sandbox.createProcess({ command: 'sleep', args: ['60'] });
  await assert.rejects(sandbox.resizeProcessTerminal(plain.id, { cols: 1, rows: 1 }), (error) => error.status === 409);
  await assert.rejects(sandbox.sendProcessInput(plain.id, { data: '!' }), (error) => error.status === 400);
  await assert.rejects(sandbox.getProcess('proc_1'), (error) => error.status === 404);
  await sandbox.killProcess(plain.id);
});

await kernel.browsers.deleteByID(id);
process.exit(0);  // The SDK keeps a timer.
