// Looks at a browser through its live view and at the console, in a Chromium of this host.
//   KERNEL_API_KEY=KEY node live_view.mjs http://127.0.0.1:PORT PICTURES
// Writes what it saw into the directory PICTURES.
import assert from 'node:assert/strict';
import Kernel from '@onkernel/sdk';
import { chromium } from 'playwright-core';
import { step } from './step.mjs';

const [baseURL, pictures] = process.argv.slice(2);
const kernel = new Kernel({ baseURL, timeout: 600_000 });
const guest = await step('browsers.create', () =>
  kernel.browsers.create({ timeout_seconds: 900, viewport: { width: 1024, height: 768 }, kiosk_mode: true }));
const id = guest.session_id;
const colour_page = '<!doctype html><title>red</title><body style="margin:0;height:100vh;background:red" ' +
  'onclick="document.body.style.background = \'lime\'; document.title = \'lime\'">';

// Runs `use` on the guest's page.
async function onGuest(use) {
  const cdp = await chromium.connectOverCDP(guest.cdp_ws_url, { timeout: 120_000 });
  try {
    const page = cdp.contexts()[0].pages()[0];
    page.setDefaultTimeout(120_000);
    return await use(page);
  } finally {
    await cdp.close();
  }
}
const title = () => onGuest((page) => page.title());
const load = () => onGuest((page) => page.goto('data:text/html,' + encodeURIComponent(colour_page)));

// The colour that a page of this host shows in its live view; not in the middle, where the guest's mouse is at first.
const colour = (page) => page.evaluate(() => {
  const canvas = document.querySelector('#screen canvas');
  const [r, g, b] = canvas.getContext('2d').getImageData(canvas.width / 4, canvas.height / 4, 1, 1).data;
  return r > 200 && g < 60 && b < 60 ? 'red' : g > 200 && r < 60 && b < 60 ? 'lime' : `${r} ${g} ${b}`;
});
async function until(what, wanted, get) {
  for (let tries = 0; ; ++tries) {
    const seen = await get();
    if (seen === wanted) return;
    assert.ok(tries < 300, `${what} is ${seen} and not ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

await step('replays', async () => {
  const { replays } = kernel.browsers;
  await assert.rejects(replays.start(id, { framerate: 61 }), Kernel.BadRequestError);
  const begun = await replays.start(id, { framerate: 2, max_duration_in_seconds: 600 });
  assert.ok(Date.parse(begun.started_at) > 0);
  assert.equal(begun.finished_at, null);
  assert.equal((await replays.download(begun.replay_id, { id })).status, 202);
  await replays.stop(begun.replay_id, { id });
  const [listed] = await replays.list(id);
  assert.equal(listed.replay_id, begun.replay_id);
  assert.ok(Date.parse(listed.finished_at) >= Date.parse(listed.started_at));
  const downloaded = await replays.download(begun.replay_id, { id });
  assert.equal(downloaded.headers.get('content-type'), 'video/mp4');
  const video = Buffer.from(await downloaded.arrayBuffer());
  assert.equal(video.subarray(4, 8).toString(), 'ftyp');
  // Whoever has the address sees it, and can do nothing else with it.
  const viewed = Buffer.from(await (await fetch(listed.replay_view_url)).arrayBuffer());
  assert.ok(viewed.equals(video));
  const token = new URL(listed.replay_view_url).search;
  assert.equal((await fetch(`${baseURL}/browsers/${id}/cdp/json/version${token}`)).status, 401);
  await assert.rejects(replays.download('nobody', { id }), Kernel.NotFoundError);
  await assert.rejects(replays.stop('nobody', { id }), Kernel.NotFoundError);
});

const host = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
  const size = `${viewport.width}x${viewport.height}`;
  const page = await host.newPage({ viewport });
  page.setDefaultTimeout(120_000);
  page.on('pageerror', (error) => assert.fail(error));
  const open = async (url) => {
    await page.goto(url);
    await page.waitForSelector('body[data-connected]');
    await until('the live view', 'red', () => colour(page));
  };

  await step(`live view, read only, ${size}`, async () => {
    await load();
    await open(`${guest.browser_live_view_url}&readOnly=true`);
    await page.mouse.click(viewport.width / 2, viewport.height / 2);
    await page.waitForTimeout(1000);
    assert.equal(await title(), 'red');
    assert.equal(await page.textContent('#badge'), 'read only');
    // Nor does a client that does not keep to it itself.
    assert.match(page.url(), /token=v1look\./);
    await page.evaluate(async () => {
      const { default: RFB } = await import('/live/novnc/core/rfb.js');
      const screen = document.getElementById('screen');
      screen.replaceChildren();
      const url = location.href.replace(/^http/, 'ws').replace('/live?', '/live/vnc?').replace('&readOnly=true', '');
      const rfb = new RFB(screen, url, { wsProtocols: ['binary'] });
      rfb.scaleViewport = true;
      await new Promise((resolve) => rfb.addEventListener('connect', resolve));
    });
    await until('the live view', 'red', () => colour(page));
    await page.mouse.click(viewport.width / 2, viewport.height / 2);
    await page.waitForTimeout(1000);
    assert.equal(await title(), 'red');
  });

  await step(`live view, ${size}`, async () => {
    await open(guest.browser_live_view_url);
    await page.screenshot({ path: `${pictures}/live-${size}.png` });
    // All of the guest's screen is on this one, and as large as it can be.
    const box = await page.locator('#screen canvas').boundingBox();
    assert.ok(box.x >= 0 && box.y >= 0, JSON.stringify(box));
    assert.ok(box.x + box.width <= viewport.width && box.y + box.height <= viewport.height, JSON.stringify(box));
    assert.ok(box.width > viewport.width - 10 || box.height > 0.8 * viewport.height, JSON.stringify(box));
    await page.mouse.click(viewport.width / 2, viewport.height / 2);
    await until('the guest', 'lime', title);
    await until('the live view', 'lime', () => colour(page));
  });

  await step(`live view in a frame, ${size}`, async () => {
    // A page of this server, but without a policy of its own.
    await page.goto(`${baseURL}/live/live.js`);
    await page.setContent(`<iframe src="${guest.browser_live_view_url}" style="width:100%;height:400px"></iframe>`);
    await page.frameLocator('iframe').locator('body[data-connected]').waitFor({ state: 'attached' });
  });

  await step(`console, ${size}`, async () => {
    await page.goto(`${baseURL}/ui`);
    await page.fill('#key', 'orch_wrong');
    await page.click('#sign-in button');
    await page.waitForSelector('#notice:has-text("not good")');
    await page.fill('#key', process.env.KERNEL_API_KEY);
    await page.click('#sign-in button');
    await page.waitForSelector(`article:has-text("${id}")`);
    await page.click('text=Screenshot');
    await page.waitForSelector('article img');
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${pictures}/console-${size}-${colorScheme}.png` });
    }
    // Nothing is wider than the screen.
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    await page.click('text=Logs');
    await page.waitForSelector('article pre');
    assert.notEqual(await page.textContent('article pre'), '(no lines)');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    await page.click('text=Standby');
    await page.waitForSelector('.state[data-state="standby"]');
    await page.click('text=Wake');
    await page.waitForSelector('.state[data-state="ready"]');
  });
  await page.close();
}

await step('a live view tells of sleep and end', async () => {
  const page = await host.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(guest.browser_live_view_url);
  await page.waitForSelector('body[data-connected]');
  await kernel.browsers.deleteByID(id);
  await page.waitForSelector('#message:has-text("has ended")');
  assert.equal((await fetch(guest.browser_live_view_url)).status, 401);
});
await host.close();
