// Walks through Swagger UI as somebody does who tries Nära for the first time, and looks at what the page shows.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [, , pictures] = process.argv;
const server = new URL(process.env.NARA_URL);
const { partnerKeys, tokens } = JSON.parse(await readFile(process.env.NARA_DEMO, 'utf8'));
const published = await (await fetch(new URL('/nara/v1/openapi.json', server))).json();
const operations = Object.values(published.paths).flatMap(Object.values);

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
    // Whatever the page might ask of another host would fail, also where no net is to be seen failing.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 1600 }, locale: 'sv-SE' });
const page = await context.newPage();
page.setDefaultTimeout(20_000);

const requests = [];
const complaints = [];
context.on('request', (request) => requests.push(request.url()));
page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
page.on('pageerror', (error) => complaints.push(String(error)));

let taken = 0;
/** Keeps a picture of an element, or of what the window shows. */
async function picture(name, what = page) {
  taken += 1;
  await what.screenshot({ path: join(pictures, `${taken}-${name}.png`) });
}

/** Signs in at the padlock: out of what was there before, and in with these. */
async function authorize(credentials) {
  await page.locator('.auth-wrapper .btn.authorize').first().click();
  const dialog = page.locator('.dialog-ux .modal-ux');
  for (const [scheme, value] of Object.entries(credentials)) {
    const part = dialog.locator('.auth-container').filter({ hasText: scheme });
    const leave = part.getByRole('button', { name: 'Remove authorization' });
    if (await leave.count()) await leave.click();
    await part.locator('input').fill(value);
    await part.getByRole('button', { name: 'Apply credentials' }).click();
    await leave.waitFor();
    assert(!(await part.innerText()).includes(value), `the page shows the secret of ${scheme}`);
  }
  return dialog;
}

/** Tries an operation out: fills its parameters in, executes it, and gives what the page then shows of the answer. */
async function tryOut(operationId, parameters = {}) {
  const block = page.locator(`.opblock[id$="-${operationId}"]`);
  await block.scrollIntoViewIfNeeded();
  if (!(await block.getAttribute('class')).includes('is-open')) {
    await block.locator('.opblock-summary-control').click();
  }
  // The page forgets a click that comes before it has resolved the references of what it opened.
  const execute = block.locator('.execute');
  for (let attempt = 0; attempt < 20 && !(await execute.count()); attempt += 1) {
    await block.locator('.try-out__btn').click();
    await execute.waitFor({ timeout: 500 }).catch(() => {});
  }
  for (const [name, value] of Object.entries(parameters)) {
    await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
  }
  const clear = block.locator('.btn-clear');
  if (await clear.count()) await clear.click();
  await execute.click();
  const shown = block.locator('.live-responses-table');
  await shown.waitFor();
  const status = Number((await shown.locator('tbody .response-col_status').first().innerText()).trim().slice(0, 3));
  const text = await shown.locator('tbody .response-col_description .highlight-code code').first().innerText();
  await block.locator('.responses-wrapper').evaluate((answer) => answer.scrollIntoView());
  return { shown, status, body: JSON.parse(text) };
}

try {
  // It opens, and every operation is there.
  await page.goto(new URL('/', server).href);
  await page.locator('.opblock').nth(operations.length - 1).waitFor();
  assert.equal(new URL(page.url()).pathname, '/nara/v1/docs/');
  assert.equal(await page.locator('.opblock').count(), operations.length);
  assert.match(await page.locator('.info .title').innerText(), new RegExp(`^${published.info.title}`));
  const silent = await page.locator('.opblock-summary-description').evaluateAll((all) => all.filter((one) => !one.innerText.trim()).length);
  assert.equal(silent, 0, 'operations without a summary');
  await picture('opened');

  // It takes a key and a token, and shows neither.
  const dialog = await authorize({ partnerKey: partnerKeys.school, staffToken: tokens.caseworker });
  await picture('authorized', dialog);
  await dialog.locator('.btn-done').first().click();

  // A resident asks where to turn.
  const asked = await tryOut('whereToTurn', { place: 'Skäggetorp' });
  assert.equal(asked.status, 200);
  assert.deepEqual([asked.body.office.slug, asked.body.emergency.number], ['skaggetorp', '112']);
  await picture('where-to-turn');

  // A school sends the document's own example.
  const sent = await tryOut('submitReferral');
  assert.equal(sent.status, 201);
  const { id, reference } = sent.body;
  assert.match(reference, /^R-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  assert((await sent.shown.innerText()).includes(`location: ${server.href}nara/v1/partner/referrals/${id}`), 'no Location');
  await picture('referral-submitted');

  // The school reads it, and a caseworker of the office where the child lives.
  const receipt = await tryOut('getPartnerReferral', { id });
  assert.deepEqual([receipt.status, receipt.body.reference, receipt.body.status], [200, reference, 'received']);
  await picture('referral-read-by-the-school');
  const read = await tryOut('getReferral', { id });
  assert.deepEqual([read.status, read.body.reference], [200, reference]);
  assert(read.body.child.givenName, 'the office does not see the child');
  await picture('referral-read-by-the-office');

  // To a caseworker of another office it does not exist.
  const again = await authorize({ staffToken: tokens.receptionCaseworker });
  await again.locator('.btn-done').first().click();
  const refused = await tryOut('getReferral', { id });
  assert.equal(refused.status, 404);
  assert.equal(refused.body.type, `${server.origin}/problems/not-found`);
  await picture('referral-hidden-from-another-office');

  const elsewhere = requests.filter((url) => !url.startsWith('data:') && !url.startsWith('blob:') && new URL(url).host !== server.host);
  assert.deepEqual(elsewhere, [], 'requests to other hosts');
  // Chromium tells of the 404 that was asked for, and of nothing else.
  const unexpected = complaints.filter((text) => !/Failed to load resource.*404/.test(text));
  assert.deepEqual(unexpected, [], 'complaints in the console');
  console.log(
    `browser: ${operations.length} operations shown, ${requests.length} requests and none to another host, ` +
      `where-to-turn 200, submitted 201, read by the school 200, by the office 200, by another office 404; ${taken} pictures in ${pictures}`,
  );
} catch (error) {
  await picture('failed').catch(() => {});
  console.error(`browser: ${error.stack}\nThe console said: ${complaints.join('\n')}\nPictures in ${pictures}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
