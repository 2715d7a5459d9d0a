// Drives the HTTP API with the Kernel SDK and Playwright, against a real daemon and a real Chromium.
//   KERNEL_API_KEY=KEY node kernel_api.mjs http://127.0.0.1:PORT
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import Kernel from '@onkernel/sdk';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { step } from './step.mjs';

const baseURL = process.argv[2];
// A guest on software emulation may take minutes to boot.
const kernel = new Kernel({ baseURL, timeout: 600_000 });

const decode = (text) => Buffer.from(text, 'base64').toString();
const encode = (text) => Buffer.from(text).toString('base64');

// Runs `use` on the page that the browser was started with.
async function onFirstPage(endpoint, use) {
  const browser = await chromium.connectOverCDP(endpoint, { timeout: 120_000 });
  try {
    const page = browser.contexts()[0].pages()[0];
    page.setDefaultTimeout(120_000);
    return await use(page);
  } finally {
    await browser.close();  // Ends the connection; the browser goes on.
  }
}

const page_source = '<!doctype html><title>first</title><button onclick="document.title=\'clicked\'">go</button>';

await step('a wrong key is refused', () =>
  assert.rejects(new Kernel({ baseURL, apiKey: 'orch_wrong' }).browsers.list(), Kernel.AuthenticationError));

await step('what is wrong, or does not exist yet, is refused by name', async () => {
  await assert.rejects(kernel.browsers.create({ headles: true }), (error) => {
    assert.ok(error instanceof Kernel.BadRequestError);
    assert.match(error.message, /400 headles is no field of browsers.create/);
    return true;
  });
  await assert.rejects(kernel.browsers.create({ stealth: true }), (error) => {
    assert.equal(error.status, 501);
    assert.match(error.message, /stealth/);
    return true;
  });
  await assert.rejects(kernel.profiles.list(), (error) => error.status === 501 && /profiles.list/.test(error.message));
});

const created = await step('browsers.create', () => kernel.browsers.create({ headless: true, timeout_seconds: 900 }));
const id = created.session_id;
assert.match(id, /^[a-z0-9]{24}$/);
assert.equal(created.headless, true);
assert.equal(created.timeout_seconds, 900);

await step('browsers.retrieve, list, update', async () => {
  assert.equal((await kernel.browsers.retrieve(id)).session_id, id);
  const listed = [];
  for await (const browser of kernel.browsers.list()) listed.push(browser.session_id);
  assert.deepEqual(listed, [id]);
  assert.equal((await kernel.browsers.update(id, { tags: {} })).session_id, id);
});

await step('browsers.process.exec', async () => {
  const done = await kernel.browsers.process.exec(id, {
    command: 'sh', args: ['-c', 'echo out; echo err >&2; echo $A; exit 3'], env: { A: 'b' }, timeout_sec: 60 });
  assert.equal(done.exit_code, 3);
  assert.equal(decode(done.stdout_b64), 'out\nb\n');
  assert.equal(decode(done.stderr_b64), 'err\n');
  await assert.rejects(kernel.browsers.process.exec(id, { command: 'no-such-program' }), Kernel.NotFoundError);
});

await step('browsers.process.spawn, stdin, stdoutStream, status, kill', async () => {
  const { process_id } = await kernel.browsers.process.spawn(id, { command: 'cat' });
  assert.equal((await kernel.browsers.process.status(process_id, { id })).state, 'running');
  const { written_bytes } = await kernel.browsers.process.stdin(process_id, { id, data_b64: encode('hello\n') });
  assert.equal(written_bytes, 6);
  let output = '';
  let exit;
  for await (const event of await kernel.browsers.process.stdoutStream(process_id, { id })) {
    if (event.event === 'exit') exit = event;
    else output += decode(event.data_b64);
    if (output === 'hello\n' && !exit) {
      output += '|';
      assert.deepEqual(await kernel.browsers.process.kill(process_id, { id, signal: 'KILL' }), { ok: true });
    }
  }
  assert.equal(output, 'hello\n|');
  assert.equal(exit.exit_code, -1);
  assert.equal((await kernel.browsers.process.status(process_id, { id })).state, 'exited');
});

await step('browsers.fs', async () => {
  const fs = kernel.browsers.fs;
  await fs.createDirectory(id, { path: '/tmp/d/e', mode: '755' });
  await fs.writeFile(id, Readable.from(['hel', 'lo']), { path: '/tmp/d/a.txt', mode: '600' });
  assert.equal(await (await fs.readFile(id, { path: '/tmp/d/a.txt' })).text(), 'hello');
  const info = await fs.fileInfo(id, { path: '/tmp/d/a.txt' });
  assert.deepEqual([info.name, info.size_bytes, info.is_dir, info.mode], ['a.txt', 5, false, '-rw-------']);
  await fs.upload(id, { files: [
    { dest_path: '/tmp/d/b.txt', file: new File(['b'.repeat(300_000)], 'b.txt') },
    { file: new File(['c'], 'c.txt'), dest_path: '/tmp/d/e/c.txt' }] });
  await fs.move(id, { src_path: '/tmp/d/b.txt', dest_path: '/tmp/d/B.txt' });
  await fs.setFilePermissions(id, { path: '/tmp/d/B.txt', mode: '0640', owner: 'root' });
  const listed = (await fs.listFiles(id, { path: '/tmp/d' })).map((file) => `${file.mode} ${file.name} ${file.size_bytes}`);
  assert.deepEqual(listed.sort(), ['-rw-------' + ' a.txt 5', '-rw-r-----' + ' B.txt 300000', 'drwxr-xr-x e 0'].sort());
  const zip = Buffer.from(await (await fs.downloadDirZip(id, { path: '/tmp/d' })).arrayBuffer());
  await fs.uploadZip(id, { dest_path: '/tmp/unpacked', zip_file: new File([zip], 'd.zip') });
  assert.equal(await (await fs.readFile(id, { path: '/tmp/unpacked/e/c.txt' })).text(), 'c');
  await fs.deleteFile(id, { path: '/tmp/d/a.txt' });
  await fs.deleteDirectory(id, { path: '/tmp/d' });
  await assert.rejects(fs.fileInfo(id, { path: '/tmp/d' }), Kernel.NotFoundError);
  await assert.rejects(fs.readFile(id, { path: 'relative' }), Kernel.BadRequestError);
});

await step('browsers.fs.watch', async () => {
  const { watch } = kernel.browsers.fs;
  await kernel.browsers.fs.createDirectory(id, { path: '/tmp/watched' });
  const { watch_id } = await watch.start(id, { path: '/tmp/watched', recursive: true });
  const events = await watch.events(watch_id, { id });
  await kernel.browsers.fs.writeFile(id, 'x', { path: '/tmp/watched/new.txt' });
  const seen = [];
  for await (const event of events) {
    seen.push(`${event.type} ${event.path}`);
    if (seen.includes('CREATE /tmp/watched/new.txt')) break;
  }
  await watch.stop(watch_id, { id });
  await assert.rejects(watch.events(watch_id, { id }), Kernel.NotFoundError);
});

await step('browsers.logs.stream', async () => {
  const { logs } = kernel.browsers;
  await kernel.browsers.fs.writeFile(id, 'one\ntwo\n', { path: '/tmp/log.txt' });
  const lines = [];
  for await (const event of await logs.stream(id, { source: 'path', path: '/tmp/log.txt', follow: false })) {
    assert.equal(event.event, 'log');
    assert.ok(Date.parse(event.timestamp) > 0);
    lines.push(event.message);
  }
  assert.deepEqual(lines, ['one', 'two']);
  // Followed, until what is written afterwards has come.
  const followed = await logs.stream(id, { source: 'path', path: '/tmp/log.txt' });
  await kernel.browsers.process.exec(id, { command: 'sh', args: ['-c', 'echo three >> /tmp/log.txt'], as_root: true });
  for await (const event of followed) if (event.message === 'three') break;
  let told = 0;
  for await (const event of await logs.stream(id, { source: 'supervisor', supervisor_process: 'chromium', follow: false })) {
    if (event.event === 'log') ++told;
  }
  assert.ok(told > 0);
  await assert.rejects(logs.stream(id, { source: 'supervisor', supervisor_process: 'xclock' }), Kernel.NotFoundError);
  await assert.rejects(logs.stream(id, { source: 'path', path: '/tmp/none' }), Kernel.NotFoundError);
  await assert.rejects(logs.stream(id, { source: 'path' }), Kernel.BadRequestError);
});

await step('browsers.playwright.execute', async () => {
  const { playwright } = kernel.browsers;
  const done = await playwright.execute(id, {
    code: 'console.log("hello"); await page.setContent("<title>script</title>"); return { title: await page.title(), n: [1] };',
    timeout_sec: 120 });
  assert.deepEqual([done.success, done.result, done.stdout], [true, { title: 'script', n: [1] }, 'hello\n']);
  const failed = await playwright.execute(id, { code: 'const n: number = 1; throw new TypeError("no " + n);' });
  assert.deepEqual([failed.success, failed.error, failed.result], [false, 'TypeError: no 1', undefined]);
  await assert.rejects(playwright.execute(id, { code: '(' }), Kernel.BadRequestError);
  await assert.rejects(playwright.execute(id, { code: '1', timeout_sec: 301 }), Kernel.BadRequestError);
});

await step('browsers.replays of a headless browser', async () => {
  await assert.rejects(kernel.browsers.replays.start(id), Kernel.ConflictError);
  assert.deepEqual(await kernel.browsers.replays.list(id), []);
});

await step('Playwright over cdp_ws_url', () =>
  onFirstPage(created.cdp_ws_url, async (page) => {
    await page.goto('data:text/html,' + encodeURIComponent(page_source));
    assert.equal(await page.title(), 'first');
    await page.click('button');
    assert.equal(await page.title(), 'clicked');
    assert.ok((await page.screenshot()).length > 1000);
  }));

await step('Puppeteer over cdp_ws_url', async () => {
  const browser = await puppeteer.connect({ browserWSEndpoint: created.cdp_ws_url, protocolTimeout: 120_000, defaultViewport: null });
  const [page] = await browser.pages();
  assert.equal(await page.title(), 'clicked');
  assert.equal(await page.evaluate(() => 6 * 7), 42);
  await browser.disconnect();
});

await step('the same URL again, and the page is as it was left', () =>
  onFirstPage(created.cdp_ws_url, async (page) => assert.equal(await page.title(), 'clicked')));

await step('Playwright over the HTTP endpoint beside it', () =>
  onFirstPage(created.cdp_ws_url.replace('ws:', 'http:'), async (page) => assert.equal(await page.title(), 'clicked')));

await step('a token of nobody is refused', () =>
  assert.rejects(chromium.connectOverCDP(created.cdp_ws_url.replace(/token=.*/, 'token=v1.1.x'), { timeout: 120_000 })));

await step('browsers.deleteByID', async () => {
  assert.equal(await kernel.browsers.deleteByID(id), null);
  await assert.rejects(kernel.browsers.retrieve(id), Kernel.NotFoundError);
  await assert.rejects(kernel.browsers.deleteByID(id), Kernel.NotFoundError);
  assert.ok((await kernel.browsers.retrieve(id, { include_deleted: true })).deleted_at);
  await assert.rejects(chromium.connectOverCDP(created.cdp_ws_url, { timeout: 120_000 }));
  assert.equal((await fetch(created.cdp_ws_url.replace('ws:', 'http:').replace('?', '/json/version?'))).status, 401);
});

await step('browserPools', async () => {
  const pool = await kernel.browserPools.create({ name: 'sdk', size: 1, headless: true, fill_rate_per_minute: 6000 });
  assert.equal(pool.browser_pool_config.size, 1);
  await assert.rejects(kernel.browserPools.create({ name: 'sdk', size: 1 }), Kernel.ConflictError);
  const browser = await kernel.browserPools.acquire('sdk', { acquire_timeout_seconds: 300 });
  assert.equal(browser.pool.id, pool.id);
  assert.equal(await kernel.browserPools.acquire('sdk', { acquire_timeout_seconds: 0 }), null);
  await onFirstPage(browser.cdp_ws_url, async (page) => assert.equal(typeof await page.title(), 'string'));
  assert.equal((await kernel.browserPools.retrieve('sdk')).acquired_count, 1);
  await assert.rejects(kernel.browserPools.delete('sdk'), Kernel.BadRequestError);
  await kernel.browserPools.release('sdk', { session_id: browser.session_id });
  assert.equal((await kernel.browserPools.update('sdk', { fill_rate_per_minute: 0 })).browser_pool_config.fill_rate_per_minute, 0);
  const names = [];
  for await (const one of kernel.browserPools.list()) names.push(one.name);
  assert.deepEqual(names, ['sdk']);
  await kernel.browserPools.flush('sdk');
  await kernel.browserPools.delete('sdk', { force: true });
  await assert.rejects(kernel.browserPools.retrieve('sdk'), Kernel.NotFoundError);
});
