// Drives the sandbox process API with Hyperbrowser's SDK, against a real daemon and a real guest.
//   KERNEL_API_KEY=KEY node hyperbrowser.mjs http://127.0.0.1:PORT [IMAGE]
import assert from 'node:assert/strict';
import { Hyperbrowser } from '@hyperbrowser/sdk';
import { step } from './step.mjs';

const [baseUrl, imageName] = process.argv.slice(2);
const client = new Hyperbrowser({ apiKey: process.env.KERNEL_API_KEY, baseUrl, timeout: 600_000 });
const sandbox = await step('sandboxes.create', () => client.sandboxes.create({ imageName, timeoutMinutes: 15 }));

await step('exec', async () => {
  const result = await sandbox.exec('pwd && echo $FOO; echo err >&2; exit 3', { cwd: '/tmp', env: { FOO: 'bar' } });
  assert.deepEqual([result.status, result.exitCode, result.stdout, result.stderr], ['exited', 3, '/tmp\nbar\n', 'err\n']);
  assert.equal((await sandbox.exec('sleep 60', { timeoutMs: 300 })).status, 'timed_out');
});

await step('processes.start, writeStdin, stream, result, list', async () => {
  const process = await sandbox.processes.start('read line; echo "got $line"');
  assert.equal(process.status, 'running');
  await process.writeStdin('hello\n');
  const events = [];
  for await (const event of process.stream()) events.push(event);
  assert.equal(events.filter((event) => event.type === 'stdout').map((event) => event.data).join(''), 'got hello\n');
  assert.equal(events.at(-1).result.exitCode, 0);
  const result = await process.result();
  assert.deepEqual([result.status, result.exitCode, result.stdout], ['exited', 0, 'got hello\n']);
  const { data } = await sandbox.processes.list({ status: ['exited'] });
  assert.ok(data.some((one) => one.id === process.id && one.command.startsWith('read line')));
});

await step('signal, kill, the end of input', async () => {
  const sleeping = await sandbox.processes.start('sleep 600');
  await sleeping.signal('TERM');
  assert.equal((await sleeping.wait()).status, 'killed');
  const other = await sandbox.processes.start({ command: 'sleep 600' });
  assert.equal((await other.kill()).status, 'killed');
  const cat = await sandbox.processes.start('cat');
  await cat.writeStdin({ data: 'end', eof: true });
  assert.equal((await cat.wait()).stdout, 'end');
  assert.equal((await (await sandbox.getProcess(cat.id)).refresh()).status, 'exited');
});

await step('pty', async () => {
  const terminal = await sandbox.pty.create({ command: 'sh', rows: 20, cols: 90, env: { PS1: '> ' } });
  assert.deepEqual([terminal.current.running, terminal.current.rows, terminal.current.cols], [true, 20, 90]);
  const connection = await terminal.attach();
  let output = '';
  let last;
  await connection.write('stty size; read line; exit $line\n');
  for await (const event of connection.events()) {
    if (event.type === 'exit') {
      last = event.status;
      break;
    }
    output += event.data;
    if (/20 90/.test(output) && !/resized/.test(output)) {
      output += 'resized';
      assert.equal((await terminal.resize(30, 100)).cols, 100);
      await connection.resize(31, 101);
      await connection.write(Buffer.from('7\n'));
    }
  }
  assert.deepEqual([last.running, last.exitCode], [false, 7]);
  assert.match(output, /20 90/);
  await connection.close();
  const ended = await terminal.wait({ includeOutput: true });
  assert.equal(ended.exitCode, 7);
  assert.match(ended.output.map((chunk) => chunk.data).join(''), /20 90/);
  // From the second chunk on.
  const again = await (await sandbox.pty.get(terminal.id)).attach(ended.output[0].seq);
  const { value } = await again.events()[Symbol.asyncIterator]().next();
  assert.ok(value.type === 'exit' || value.seq > ended.output[0].seq);
  const other = await sandbox.pty.create({ command: 'sleep', args: ['600'] });
  assert.equal((await other.kill()).running, false);
  const plain = await sandbox.processes.start('sleep 600');
  await assert.rejects(sandbox.pty.get(plain.id), (error) => error.statusCode === 404);
  await plain.kill();
});

await step('what is wrong', async () => {
  await assert.rejects(sandbox.getProcess('nobody'), (error) => error.statusCode === 404);
  await assert.rejects(client.sandboxes.get('a'.repeat(24)), (error) => error.statusCode === 404);
  await assert.rejects(new Hyperbrowser({ apiKey: 'orch_wrong', baseUrl }).sandboxes.list(), (error) => error.statusCode === 401);
});

await step('sandboxes.list, stop', async () => {
  assert.equal((await client.sandboxes.list()).totalCount, 1);
  assert.equal((await client.sandboxes.get(sandbox.id)).id, sandbox.id);
  await sandbox.stop();
  await assert.rejects(sandbox.exec('true'));
});
process.exit(0);
