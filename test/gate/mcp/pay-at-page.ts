/** A person opens the page of a bill, chooses a wallet, and pays in the simulator's app. */
export async function payAtPage(cashierUrl: string, wallet = 'alipay'): Promise<void> {
  const { origin } = new URL(cashierUrl);
  await fetch(`${cashierUrl}/choice`, {
    ...{ method: 'POST', redirect: 'manual', headers: { origin } },
    body: new URLSearchParams({ wallet }),
  });
  const page = await (await fetch(cashierUrl)).text();
  const app = await fetch(linkIn(page, /href="([^"]*\/scan\?code=[^"]*)"/));
  const pay = new URL(linkIn(await app.text(), /<form[^>]*action="([^"]*\/pay[^"]*)"/), app.url);
  const paid = await fetch(pay, { method: 'POST', headers: { origin: pay.origin } });
  if (!paid.ok) throw new Error(`the simulator says ${paid.status}`);
}

function linkIn(html: string, pattern: RegExp): string {
  const [, link] = pattern.exec(html) ?? [];
  if (link === undefined) throw new Error(`nothing like ${pattern} on the page`);
  return link.replaceAll('&amp;', '&');
}
