// Asks Lighthouse about pages, in the Chromium that listens on a port; one line of JSON for each.
// Given: port, form ("desktop" or "mobile"), addresses.
import lighthouse, { defaultConfig, desktopConfig } from "lighthouse";

const [port, form, ...addresses] = process.argv.slice(2);
const desktop = form === "desktop";
const categories = ["performance", ...(desktop ? ["accessibility", "best-practices", "seo"] : [])];
// Advice that no score counts takes as long to gather as all the rest; the requests are for our table.
const { auditRefs } = defaultConfig.categories.performance;
const uncounted = auditRefs.filter(({ id, weight }) => !weight && id !== "network-requests").map(({ id }) => id);
const flags = {
  port: Number(port),
  onlyCategories: categories,
  skipAudits: uncounted,
  disableFullPageScreenshot: true,
  logLevel: "error",
};

for (const address of addresses) {
  const { lhr } = await lighthouse(address, flags, desktop ? desktopConfig : undefined);
  const scores = categories.map((id) => [id, Math.round(100 * lhr.categories[id].score)]);
  const failing = Object.values(lhr.audits).filter((audit) => audit.score !== null && audit.score < 0.9);
  const requests = lhr.audits["network-requests"].details.items;
  const answer = {
    page: new URL(address).pathname.slice(1).replace(".html", ""),
    form,
    scores: Object.fromEntries(scores),
    kilobytes: Math.round(requests.reduce((sum, one) => sum + (one.transferSize ?? 0), 0) / 1000),
    requests: requests.filter((one) => !one.url.startsWith("blob:")).length,
    failing: failing.map(({ id, displayValue }) => `${id} ${displayValue ?? ""}`.trim()),
  };
  console.log(JSON.stringify(answer));
}
process.exit(0); // Lighthouse would wait for its reporter
