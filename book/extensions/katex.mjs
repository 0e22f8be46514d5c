// Typesets formulas: one JSON array of {tex, display} on stdin, one of {html} or {error} on stdout.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const katex = createRequire(process.cwd() + "/")("katex");

function typeset({ tex, display }) {
  try {
    const options = { displayMode: display, output: "htmlAndMathml", strict: "error" };
    return { html: katex.renderToString(tex, options) };
  } catch (error) {
    return { error: String(error.message) };
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(typeset)));
