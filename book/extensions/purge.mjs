// Reads a stylesheet and the words of the pages and scripts; writes the rules that they can use.
import { text } from "node:stream/consumers";
import { PurgeCSS } from "purgecss";

const { css, pages, scripts } = JSON.parse(await text(process.stdin));
const [found] = await new PurgeCSS().purge({
  content: [
    { raw: pages, extension: "html" },
    { raw: scripts, extension: "js" },
  ],
  css: [{ raw: css }],
  keyframes: true,
});
process.stdout.write(found.css);
