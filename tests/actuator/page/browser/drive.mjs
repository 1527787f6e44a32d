// Drives the status page in Chromium as a person would: by keyboard, without JavaScript, on a telephone, in the dark.
// Run by browser_test.py, which says in PORTS where each made-up state is served.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

const ports = JSON.parse(process.env.PORTS);
const pictures = process.env.SCREENSHOTS;
let browser;

before(async () => {
  // Chromium refuses its sandbox to root, as whom these tests may run; it sees nothing here but our own pages.
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
});
after(async () => { await browser.close(); });

function origin(state) { return `http://127.0.0.1:${ports[state]}`; }

// A page that remembers what must not happen: an error in the console, a request to anywhere else, a dialog.
async function open(state, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(15000);
  const page = await context.newPage();
  page.faults = [];
  page.on('console', (message) => { if (message.type() === 'error') page.faults.push(message.text()); });
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('dialog', (dialog) => { page.faults.push('dialog: ' + dialog.message()); dialog.dismiss(); });
  page.on('request', (request) => {
    if (!request.url().startsWith(origin(state) + '/') && !request.url().startsWith('data:')) page.faults.push(request.url());
  });
  await page.goto(origin(state) + '/');
  return page;
}

async function signIn(page, name = 'anna') {
  await page.fill('#name', name);
  await page.fill('#secret', 'correct horse');
  await page.click('#sign-in');
  await page.waitForSelector('h1:has-text("State of the clusters")');
}

async function close(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

async function serious(page) {
  await page.evaluate(axe.source);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations.filter((violation) => ['serious', 'critical', 'moderate'].includes(violation.impact))
    .map((violation) => violation.id + ': ' + violation.nodes.map((node) => node.html).join(' | '));
}

async function tabTo(page, id) {
  for (let i = 0; i < 60; ++i) {
    if (await page.evaluate(() => document.activeElement.id) === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`no way by Tab to #${id}`);
}

async function check(page, name) {
  for (const [width, colorScheme] of [[1280, 'light'], [360, 'dark']]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await serious(page), [], `${name} at ${width} px, ${colorScheme}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${name} at ${width} px is ${overflow} px too wide`);
    await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
  }
}

for (const state of Object.keys(ports)) {
  test(`${state}: readable for everybody, at every width`, async () => {
    const page = await open(state);
    await signIn(page);
    assert.equal(await page.locator('h1').count(), 1);
    for (const landmark of ['header', 'nav', 'main']) assert.equal(await page.locator(landmark).count(), 1, landmark);
    await check(page, state);
    if (await page.locator('#run-of-shop').count() > 0) {
      await page.click('#run-of-shop');
      await page.waitForSelector('h1:has-text("Run shop-1")');
      await check(page, state + '-run');
    }
    await close(page);
  });
}

test('signing in, pausing and the latch: readable for everybody', async () => {
  const page = await open('latched');
  await check(page, 'sign-in');
  await signIn(page);
  await page.goto(origin('latched') + '/clusters/shop');
  await check(page, 'pause');
  // What is half typed is not lost: nothing on this page renews it.
  assert.equal(await page.locator('script, meta[http-equiv]').count(), 0);
  await page.goto(origin('latched') + '/latch');
  await check(page, 'latch');
  await close(page);
});

test('a wrong password is said where it is read out', async () => {
  const page = await open('calm');
  await page.fill('#name', 'anna');
  await page.fill('#secret', 'wrong');
  await page.click('#sign-in');
  await page.waitForSelector('[role=alert]:has-text("That name and password are not known.")');
  page.faults = page.faults.filter((fault) => !fault.includes('403'));  // Chromium tells of every 403
  await close(page);
});

test('an operator signs in and approves a held run by keyboard alone, and sees it go on', async () => {
  const page = await open('held');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'name');
  await page.keyboard.type('anna');
  await page.keyboard.press('Tab');
  await page.keyboard.type('correct horse');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#run-of-shop');
  assert.match(await page.title(), /shop HELD/);
  await tabTo(page, 'run-of-shop');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#approve');
  await tabTo(page, 'approve');
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#notice:has-text("Run shop-1 is approved")');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'notice');
  assert.match(await page.textContent('#state'), /FAILING OVER step 2 of \d+, admit/);
  await close(page);
});

test('an approval of facts that changed meanwhile does nothing and says so', async () => {
  const page = await open('proof');
  await signIn(page);
  await page.click('#run-of-shop');
  await page.evaluate(() => { document.querySelector('[name=digest]').value = '0000000000000000'; });
  await page.click('#approve');
  assert.ok(page.url().endsWith('/runs/shop-1'), 'the box must be ticked first');
  assert.equal(await page.locator('#notice').count(), 0);
  await page.check('#sure');
  await page.click('#approve');
  await page.waitForSelector('#notice:has-text("not the ones you were shown: look again")');
  await close(page);
});

test('a viewer sees everything and is offered nothing to do', async () => {
  const page = await open('held');
  await signIn(page, 'ben');
  assert.equal(await page.locator('main form, main button, [id^=pause-]').count(), 0);
  await close(page);
});

test('it can be read, and used, without JavaScript', async () => {
  const page = await open('paused', { javaScriptEnabled: false });
  await signIn(page);
  assert.match(await page.textContent('#state'), /NOT PROTECTED paused by anna/);
  assert.equal(await page.locator('noscript meta[http-equiv=refresh], meta[http-equiv=refresh]').count(), 1);
  await page.screenshot({ path: join(pictures, 'no-javascript.png'), fullPage: true });
  await page.click('#resume-of-shop');
  await page.click('#resume');
  await page.waitForSelector('#notice:has-text("shop is resumed.")');
  assert.match(await page.textContent('#state'), /shop: PROTECTED/);
  await close(page);
});

test('it renews itself and leaves focus and what was opened alone', async () => {
  const page = await open('calm');
  await signIn(page);
  await page.click('#plan-summary-shop');
  const first = await page.textContent('[data-part=as-of]');
  await page.evaluate(() => { document.getElementById('to-shop').marked = true; });
  await page.waitForFunction((old) => document.querySelector('[data-part=as-of]').textContent !== old, first);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'plan-summary-shop');
  assert.equal(await page.evaluate(() => document.getElementById('plan-shop').open), true);
  assert.equal(await page.evaluate(() => document.getElementById('to-shop').marked), true, 'what did not change stays');
  // Somebody else pauses: the page says it without being asked.
  const other = await open('calm');
  await signIn(other);
  await other.goto(origin('calm') + '/clusters/shop');
  await other.fill('#reason', 'racks & <b>cables</b>');
  await other.click('#pause');
  await page.waitForSelector('#state:has-text("NOT PROTECTED")');
  assert.match(await page.textContent('#state'), /racks & <b>cables<\/b>/);
  assert.match(await page.title(), /^shop NOT PROTECTED/);
  await close(other);
  // Signed out elsewhere.
  await page.context().clearCookies();
  await page.waitForSelector('#stale:has-text("You are signed out")');
  await close(page);
});

test('it says when what it shows is old', async () => {
  const page = await open('calm');
  await signIn(page);
  await page.route('**/*', (route) => route.abort());
  await page.waitForSelector('#stale:has-text("NOT UP TO DATE")');
  await page.screenshot({ path: join(pictures, 'not-up-to-date.png') });
  await page.unroute('**/*');
  await page.waitForSelector('#stale', { state: 'hidden' });
  page.faults = page.faults.filter((fault) => !fault.includes('ERR_FAILED'));
  await close(page);
});
