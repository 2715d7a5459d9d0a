// Runs scripts for guest.v1.PlaywrightService: node runner.cjs DEVTOOLS_URL
//
// The agent keeps this process between calls, so that a call does not wait for Node.js and Playwright to load. Each script
// gets a context of globals and a connection to the browser of its own, and loses both when it ends: listeners, routes
// and timers do not outlive it. What hangs is killed by the agent, and this process with it.
//
// Standard input: for each script its size, 4 bytes, lowest first, and its bytes. Standard output: frames of one byte that
// says what it is, a size as above, and as many bytes:
//   b      the script begins
//   o, e   what the script printed to its standard output and error
//   r      the result, as JSON
//   n, m, s  name, message and stack of the error that the script ended with
//   p      why the script does not parse; it has not run
//   u      why the browser cannot be reached; the script has not run
//   d      the script is done; nothing of it follows
'use strict';
const fs = require('node:fs');
const nodeModule = require('node:module');
const { Console } = require('node:console');
const { Writable } = require('node:stream');
const { stripVTControlCharacters } = require('node:util');
const vm = require('node:vm');
const { chromium } = require('playwright-core');

const devtools = process.argv[2];
const maxResultBytes = 2 * 1024 * 1024;
const maxErrorCharacters = 64 * 1024;
const connectMilliseconds = 30_000;

// The script that runs, or null.
let current = null;

function writeAll(bytes) {
  for (let written = 0; written < bytes.length;) {
    try {
      written += fs.writeSync(1, bytes, written);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function send(kind, payload) {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
  const head = Buffer.alloc(5);
  head.write(kind, 0, 'latin1');
  head.writeUInt32LE(bytes.length, 1);
  writeAll(Buffer.concat([head, bytes]));
}

// A stream whose bytes are frames of `kind`; synchronous, so that nothing is lost when the script is killed.
function frameStream(kind) {
  return new Writable({
    decodeStrings: true,
    write(chunk, encoding, done) {
      if (chunk.length > 0) send(kind, chunk);
      done();
    },
  });
}

const printed = { stdout: frameStream('o'), stderr: frameStream('e') };
for (const name of ['stdout', 'stderr']) Object.defineProperty(process, name, { get: () => printed[name] });

class ParseError extends Error {}

function tryCompile(code) {
  return new vm.Script(`(async () => {\n${code}\n})`, {
    filename: 'script',
    lineOffset: -1,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

// "SyntaxError: Unexpected token '}' (line 3)"
function describeSyntaxError(error) {
  const line = /^script:(\d+)/.exec(error.stack ?? '');
  return `SyntaxError: ${error.message}${line ? ` (line ${line[1]})` : ''}`;
}

// JavaScript first: much of it would mean something else as TypeScript.
function compile(code) {
  let asJavaScript;
  try {
    return tryCompile(code);
  } catch (error) {
    asJavaScript = error;
  }
  for (const mode of ['strip', 'transform']) {
    try {
      // In a function, where await and return are allowed; the first line stays the first one.
      const typed = nodeModule.stripTypeScriptTypes(`(async () => {${code}\n})`, { mode });
      const body = typed.slice(typed.indexOf('{') + 1, typed.lastIndexOf('}'));
      return tryCompile(body);
    } catch {
      // The next way, or what JavaScript says.
    }
  }
  throw new ParseError(describeSyntaxError(asJavaScript));
}

// Timers that end with the script.
function makeTimers() {
  const cleanups = new Set();
  const wrap = (start, stop) => (callback, ...rest) => {
    const timer = start(callback, ...rest);
    cleanups.add(() => stop(timer));
    return timer;
  };
  return {
    globals: {
      setTimeout: wrap(setTimeout, clearTimeout),
      setInterval: wrap(setInterval, clearInterval),
      setImmediate: wrap(setImmediate, clearImmediate),
      clearTimeout, clearInterval, clearImmediate, queueMicrotask,
    },
    clear: () => cleanups.forEach(stop => stop()),
  };
}

function makeContext(timers, browserGlobals) {
  const names = [
    'AbortController', 'AbortSignal', 'Blob', 'Buffer', 'Event', 'EventTarget', 'File', 'FormData', 'Headers', 'Request',
    'Response', 'TextDecoder', 'TextEncoder', 'URL', 'URLSearchParams', 'WebSocket', 'atob', 'btoa', 'crypto', 'fetch',
    'performance', 'process', 'structuredClone',
  ];
  const globals = { ...timers, ...browserGlobals };
  for (const name of names) globals[name] = globalThis[name];
  globals.console = new Console({ stdout: printed.stdout, stderr: printed.stderr });
  globals.require = nodeModule.createRequire(__filename);
  globals.globalThis = globals.global = vm.createContext(globals);
  return globals.global;
}

async function connect() {
  const browser = await chromium.connectOverCDP(devtools, { timeout: connectMilliseconds });
  const context = browser.contexts()[0] ?? await browser.newContext();
  const page = context.pages()[0] ?? await context.newPage();
  return { browser, context, page };
}

// Playwright colours some of its messages.
function cut(text) {
  return stripVTControlCharacters(String(text)).slice(0, maxErrorCharacters);
}

// What of a stack is the script's.
function scriptStack(error) {
  const lines = String(error?.stack ?? '').split('\n');
  const last = lines.findLastIndex(line => /\bscript:\d+/.test(line));
  return last < 0 ? '' : lines.slice(0, last + 1).join('\n');
}

function sendError(error) {
  const isObject = typeof error === 'object' && error !== null;
  send('n', cut(isObject ? error.name ?? 'Error' : 'Error'));
  send('m', cut(isObject ? error.message ?? error : error));
  send('s', cut(scriptStack(error)));
}

function sendResult(value) {
  let json;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    return sendError({ name: 'ResultError', message: `the result is no JSON: ${error.message}` });
  }
  if (json === undefined) return;
  const bytes = Buffer.from(json);
  if (bytes.length > maxResultBytes) {
    return sendError({
      name: 'ResultError', message: `the result has ${bytes.length} bytes as JSON; at most ${maxResultBytes} are allowed`,
    });
  }
  send('r', bytes);
}

// A page that went away, or a browser that hangs, must not keep the next script waiting.
async function disconnect(browser) {
  await Promise.race([browser.close(), new Promise(done => setTimeout(done, 2000).unref())]).catch(() => {});
}

async function run(code) {
  let compiled;
  try {
    compiled = compile(code);
  } catch (error) {
    return send('p', cut(error.message));
  }
  let connected;
  try {
    connected = await connect();
  } catch (error) {
    return send('u', cut(error.message));
  }
  const timers = makeTimers();
  send('b', '');
  try {
    // Errors outside of the script's own promise, in timers and listeners, end it as well.
    const failed = new Promise((resolve, reject) => { current = { fail: reject }; });
    sendResult(await Promise.race([compiled.runInContext(makeContext(timers.globals, connected))(), failed]));
  } catch (error) {
    sendError(error);
  } finally {
    current = null;
    timers.clear();
    await disconnect(connected.browser);
  }
}

for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, error => current?.fail(error));

let input = Buffer.alloc(0);
let running = Promise.resolve();
process.stdin.on('data', chunk => {
  input = Buffer.concat([input, chunk]);
  while (input.length >= 4 && input.length >= 4 + input.readUInt32LE(0)) {
    const size = input.readUInt32LE(0);
    const code = input.subarray(4, 4 + size).toString('utf8');
    input = input.subarray(4 + size);
    running = running.then(() => run(code)).then(() => send('d', ''));
  }
});
process.stdin.on('end', () => process.exit(0));
