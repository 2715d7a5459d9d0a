// The live view: noVNC on the screen of one browser, and what is told when there is none to see.
const query = new URLSearchParams(location.search);
const token = encodeURIComponent(query.get('token') ?? '');
// The server keeps to it; here it is for whoever looks.
const read_only = query.get('readOnly') === 'true' || token.startsWith('v1look.');
const base = `${location.pathname.replace(/\/$/, '')}`;
const element = (id) => document.getElementById(id);

let rfb = null;
let browser = { state: 'unknown', headless: false };

function tell(message, action) {
  element('notice').hidden = message === '';
  element('message').textContent = message;
  element('action').hidden = action !== true;
}

element('badge').textContent = read_only ? 'read only' : '';
element('action').addEventListener('click', connect);

const ended = () => ['deleting', 'deleted', 'failed'].includes(browser.state);

function explain() {
  if (ended()) return tell('This browser has ended.');
  if (browser.headless) return tell('This browser is headless: it has no screen to look at.');
  if (rfb !== null) return;
  if (browser.state === 'standby') return tell('This browser is asleep. It wakes when you connect.', true);
  if (browser.state === 'creating') return tell('This browser is starting…');
  tell('The connection to the screen was lost.', true);
}

// The guest's clipboard comes here, and what is pasted here goes there.
function shareClipboard() {
  rfb.addEventListener('clipboard', (event) => navigator.clipboard?.writeText(event.detail.text).catch(() => {}));
  window.addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text/plain');
    if (text && rfb !== null) rfb.clipboardPasteFrom(text);
  });
  element('screen').addEventListener('pointerenter', async () => {
    const text = await navigator.clipboard?.readText?.().catch(() => '');
    if (text && rfb !== null) rfb.clipboardPasteFrom(text);
  });
}

async function connect() {
  if (rfb !== null || browser.headless || ended()) return explain();
  tell(browser.state === 'standby' ? 'Waking…' : 'Connecting…');
  let RFB;
  try {
    RFB = (await import('/live/novnc/core/rfb.js')).default;
  } catch {
    return tell('noVNC is missing on the host: install its package "novnc" and start the daemon again.');
  }
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  rfb = new RFB(element('screen'), `${scheme}//${location.host}${base}/vnc?token=${token}${read_only ? '&readOnly=true' : ''}`, { wsProtocols: ['binary'] });
  rfb.viewOnly = read_only;
  rfb.scaleViewport = true;
  rfb.background = '#111';
  rfb.focusOnClick = true;
  rfb.addEventListener('connect', () => {
    tell('');
    if (!read_only) rfb.focus();
    document.body.dataset.connected = 'true';
  });
  rfb.addEventListener('disconnect', () => {
    rfb = null;
    delete document.body.dataset.connected;
    explain();
  });
  if (!read_only) shareClipboard();
}

// Told of every change, for as long as the page is open.
const events = new EventSource(`${base}/events?token=${token}`);
let first = true;
events.onmessage = (event) => {
  const before = browser.state;
  browser = JSON.parse(event.data);
  if (first || (before === 'creating' && rfb === null)) {
    first = false;
    if (browser.state === 'standby' || browser.state === 'creating') return explain();
    return connect();
  }
  if (ended()) events.close();
  explain();
};
events.onerror = () => {
  if (first) tell('This address is not, or no longer, good for this browser. Ask for the browser again to get a new one.');
  if (events.readyState === EventSource.CLOSED || ended()) events.close();
};
