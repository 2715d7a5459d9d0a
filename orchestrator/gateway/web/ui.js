// The console: pools and browsers as the daemon tells of them, and what can be done to them. Everything goes through
// the API that other clients use, with the key that was given here.
const element = (id) => document.getElementById(id);
const browsers = new Map();
const pictures = new Map();
const logs = new Map();
let key = sessionStorage.getItem('key') ?? '';
let reading = null;

function complain(message) {
  element('notice').hidden = message === '';
  element('notice').textContent = message;
}

async function ask(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { Authorization: `Bearer ${key}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) {
    const error = await response.json().catch(() => ({ message: response.statusText }));
    throw Object.assign(new Error(error.message), { status: response.status });
  }
  return response;
}

// A button that does something, and says so when it cannot.
function button(label, act) {
  const made = document.createElement('button');
  made.textContent = label;
  made.addEventListener('click', async () => {
    made.disabled = true;
    complain('');
    try {
      await act();
    } catch (error) {
      complain(error.message);
    }
    made.disabled = false;
  });
  return made;
}

function text(tag, content, properties = {}) {
  return Object.assign(document.createElement(tag), { textContent: content, ...properties });
}

function card(title, state, lines, actions) {
  const article = document.createElement('article');
  const head = document.createElement('p');
  head.append(text('code', title), ' ');
  const badge = text('span', state, { className: 'state' });
  badge.dataset.state = state;
  head.append(badge);
  const buttons = text('div', '', { className: 'actions' });
  buttons.append(...actions);
  article.append(head, ...lines.map((line) => text('p', line)), buttons);
  return article;
}

function poolCard(pool) {
  const config = pool.browser_pool_config;
  const name = encodeURIComponent(pool.id);
  return card(pool.name || pool.id, `${pool.available_count} idle, ${pool.acquired_count} in use`,
    [`${config.size} ${config.headless ? 'headless ' : ''}browsers, refilled at ${config.fill_rate_per_minute} % a minute`],
    [button('Acquire', async () => {
      const response = await ask('POST', `/browser_pools/${name}/acquire`, { acquire_timeout_seconds: 30 });
      if (response.status === 204) complain('No browser of this pool became free within 30 s.');
    })]);
}

async function takePicture(id) {
  const response = await ask('POST', `/browsers/${id}/computer/screenshot`, {});
  URL.revokeObjectURL(pictures.get(id) ?? '');
  pictures.set(id, URL.createObjectURL(await response.blob()));
  draw();
}

async function readLogs(id) {
  const response = await ask('GET', `/browsers/${id}/logs/stream?source=supervisor&supervisor_process=chromium&follow=false`);
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: '));
  logs.set(id, lines.map((line) => JSON.parse(line.slice(6)).message).join('\n') || '(no lines)');
  draw();
}

function browserCard(browser) {
  const id = browser.session_id;
  const live = text('a', 'Live view', { className: 'button', href: browser.browser_live_view_url, target: '_blank' });
  const actions = browser.headless ? [] : [live, button('Screenshot', () => takePicture(id))];
  actions.push(button('Logs', () => readLogs(id)));
  actions.push(browser.state === 'standby'
    ? button('Wake', () => ask('POST', `/browsers/${id}/resume`))
    : button('Standby', () => ask('POST', `/browsers/${id}/standby`)));
  if (browser.pool) {
    actions.push(button('Release', () => ask('POST', `/browser_pools/${browser.pool.id}/release`, { session_id: id })));
  }
  actions.push(button('Delete', () => ask('DELETE', `/browsers/${id}`)));
  const kind = browser.headless ? 'headless' : `${browser.viewport?.width ?? ''} × ${browser.viewport?.height ?? ''}`;
  const made = card(id, browser.state, [`${kind}, since ${new Date(browser.created_at).toLocaleString()}`], actions);
  if (pictures.has(id)) made.insertBefore(text('img', '', { src: pictures.get(id), alt: 'Its screen' }), made.lastChild);
  if (logs.has(id)) made.append(text('pre', logs.get(id)));
  return made;
}

let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const shown = [...browsers.values()].sort((a, b) => b.created_at.localeCompare(a.created_at));
    element('browsers').replaceChildren(...(shown.length ? shown.map(browserCard) : [text('p', 'None.')]));
  });
}

let pools_wanted = null;
function drawPools() {
  // Pools change when their browsers do: ask once for many of those changes.
  pools_wanted ??= setTimeout(async () => {
    pools_wanted = null;
    try {
      const pools = await (await ask('GET', '/browser_pools?limit=100')).json();
      element('pools').replaceChildren(...(pools.length ? pools.map(poolCard) : [text('p', 'None.')]));
    } catch (error) {
      complain(error.message);
    }
  }, 200);
}

function take(browser) {
  const id = browser.session_id;
  const idle = browser.pool && browser.state === 'ready';
  if (idle || ['deleting', 'deleted'].includes(browser.state)) {
    browsers.delete(id);
    pictures.delete(id);
    logs.delete(id);
  } else {
    browsers.set(id, browser);
  }
  draw();
  drawPools();
}

// Reads the daemon's events until they end, and then again. EventSource cannot send a key.
async function follow(signal) {
  while (!signal.aborted) {
    try {
      const response = await fetch('/ui/events', { headers: { Authorization: `Bearer ${key}` }, signal });
      if (response.status === 401) return signOut('This API key is not good.');
      browsers.clear();
      draw();
      drawPools();
      complain('');
      const decoder = new TextDecoder();
      let rest = '';
      for (const reader = response.body.getReader();;) {
        const { value, done } = await reader.read();
        if (done) break;
        const events = (rest + decoder.decode(value, { stream: true })).split('\n\n');
        rest = events.pop();
        for (const event of events) if (event.startsWith('data: ')) take(JSON.parse(event.slice(6)));
      }
    } catch (error) {
      if (signal.aborted) return;
      complain(`The daemon does not answer: ${error.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

function signIn() {
  element('sign-in').hidden = element('main').hidden = key === '';
  element('sign-in').hidden = key !== '';
  element('sign-out').hidden = key === '';
  reading?.abort();
  if (key === '') return;
  reading = new AbortController();
  follow(reading.signal);
}

function signOut(reason = '') {
  key = '';
  sessionStorage.removeItem('key');
  signIn();
  complain(reason);
}

element('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  key = element('key').value.trim();
  sessionStorage.setItem('key', key);
  element('key').value = '';
  signIn();
});
element('sign-out').addEventListener('click', () => signOut());
element('create').replaceWith(button('New browser', () => ask('POST', '/browsers', {})));
element('create-headless').replaceWith(button('New headless browser', () => ask('POST', '/browsers', { headless: true })));
signIn();
