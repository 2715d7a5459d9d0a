// Opens a page in a browser through the Chrome DevTools Protocol, as any client of the field does.
//   node open_page.mjs http://127.0.0.1:PORT
// PORT is a local port that `orchctl forward` put onto the guest's DevTools port. Prints what the page says.
import { chromium } from 'playwright-core';

const page_source = `<!doctype html><title>orchestrator demo</title>
<body style="margin:0;display:grid;place-items:center;height:100vh;font:48px sans-serif;background:#123;color:#fff">
<main><h1 id=greeting></h1><p>A real Chromium in a virtual machine.</p></main>
<script>greeting.textContent = 'Hello from ' + navigator.userAgent.match(/Chrome.[0-9]+/)[0]</script>`;

const browser = await chromium.connectOverCDP(process.argv[2], { timeout: 30_000 });
const page = browser.contexts()[0].pages()[0];
await page.goto('data:text/html,' + encodeURIComponent(page_source));
console.log(`${await page.title()}: ${await page.locator('#greeting').textContent()}`);
await browser.close();  // Ends the connection; the browser goes on.
