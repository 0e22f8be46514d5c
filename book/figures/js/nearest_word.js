// The nearest neighbours of a word that the reader types, by the vectors that the chapter trained.

const NEAREST = 8;
const TOP = 22; // where the bars begin, below their heading
const tables = new WeakMap();

// Words, their ids, and their vectors with lengths, read once for each model.
function tableOf(model) {
  if (!tables.has(model)) {
    const words = model.get("words").split(" ");
    const bytes = Int8Array.from(atob(model.get("rows")), (c) => c.charCodeAt(0));
    const d = bytes.length / words.length;
    const rows = words.map((_, w) => bytes.subarray(w * d, (w + 1) * d));
    const lengths = rows.map((row) => Math.sqrt(row.reduce((total, x) => total + x * x, 0)));
    const ids = new Map(words.map((word, id) => [word, id]));
    tables.set(model, { words, rows, lengths, ids });
  }
  return tables.get(model);
}

function compute(model) {
  const { rows, lengths, ids } = tableOf(model);
  const id = ids.get(model.get("word"));
  const found = [];
  for (let w = 0; w < model.get("among"); w++) {
    if (w === id) continue;
    let product = 0;
    for (let i = 0; i < rows[w].length; i++) product += rows[w][i] * rows[id][i];
    found.push([product / (lengths[w] * lengths[id]), w]);
  }
  const best = found.sort(([a], [b]) => b - a).slice(0, NEAREST);
  const among = model.get("among");
  return { among, nearest: best.map(([, w]) => w), cosines: best.map(([cosine]) => cosine) };
}

function build(drawing, width, height, model) {
  const { words } = tableOf(model);
  const X = scale([0, 1], [118, width - 46]);
  drawing.append(
    svg("text", { x: 110, y: 13, "text-anchor": "end", class: "small strong" }, "neighbour"),
    svg("text", { x: X(0), y: 13, class: "small strong blue" }, "cosine with the word"),
  );
  const bars = Array.from({ length: NEAREST }, (_, i) => {
    const y = TOP + 32 * i;
    const name = svg("text", { x: 110, y: y + 19, "text-anchor": "end" });
    const bar = svg("rect", { x: X(0), y: y + 4, height: 22, class: "blue-fill", opacity: 0.75 });
    const value = svg("text", { y: y + 19, class: "small halo" });
    const hit = svg("rect", {
      x: 0,
      y,
      width,
      height: 30,
      class: "drag-area",
      style: "cursor: pointer",
      "data-row": i,
    });
    hit.addEventListener("click", () => write(model, "word", name.textContent));
    drawing.append(bar, name, value, hit);
    return { name, bar, value };
  });
  return ({ nearest, cosines }) =>
    bars.forEach(({ name, bar, value }, i) => {
      const end = X(Math.max(0, cosines[i]));
      name.textContent = words[nearest[i]];
      set(bar, { width: end - X(0) });
      set(value, { x: end + 6 });
      value.textContent = fixed(cosines[i]);
    });
}

// A line to type in, with what it says of words that it does not know.
function typed(model) {
  const { ids, words } = tableOf(model);
  const id = freshId();
  const input = html("input", {
    type: "text",
    id,
    class: "wide",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "data-param": "word",
    "data-lm-suppress-shortcuts": "true", // JupyterLab's single keys are letters here
    style:
      "font: inherit; color: inherit; min-height: 34px; width: 100%; padding: 0.15rem 0.4rem; " +
      "border: 1px solid color-mix(in srgb, currentColor 55%, transparent); border-radius: 6px; " +
      "background: var(--paper)",
  });
  const note = html("span", { class: "wide", "aria-live": "polite", hidden: "" });
  const read = () => input.value.trim().toLowerCase().replace("'", "’");
  input.addEventListener("input", () => {
    const word = read();
    const near = words.filter((one) => word && one.startsWith(word)).slice(0, 4);
    note.hidden = ids.has(word) || !word;
    note.textContent = near.length
      ? `Do you mean ${near.join(", ")}?`
      : `“${word}” is not among the ${words.length} commonest words.`;
    if (ids.has(word)) write(model, "word", word);
  });
  input.addEventListener("keydown", (event) => event.ctrlKey || event.stopPropagation());
  const show = () => {
    if (document.activeElement === input && read() === model.get("word")) return;
    input.value = model.get("word");
    note.hidden = true;
  };
  input.addEventListener("change", show);
  return { nodes: [html("label", { for: id }, "word"), input, note], show };
}

// Words to begin with; none of them stands out as the button to press.
function examples(model) {
  const row = buttons(
    ["king", "bear", "seven", "egypt", "ran"].map((word) => [
      word,
      () => write(model, "word", word),
      `word-${word}`,
    ]),
  );
  row.nodes[0].firstChild.removeAttribute("class");
  return row;
}

const render = (context) =>
  figure(context, {
    label: "The nearest neighbours of a word, by the cosine of their vectors",
    ask: [
      "Before you press bear: ",
      "the animal, or to bear a burden? Which of its two meanings do its neighbours show in this text?",
    ],
    answer: () =>
      "The burden: redeem, restore, count and feed are things that one does. " +
      "A word has one vector for all that it means, and the commoner use takes it.",
    watch: ["word", "among"],
    controls: (model) => [
      typed(model),
      slider(model, "among", {
        label: "commonest words",
        min: 100,
        max: tableOf(model).words.length,
        step: 50,
        text: String,
      }),
      examples(model),
    ],
    height: () => TOP + 32 * NEAREST,
    compute,
    build,
    describe: ({ among, nearest, cosines }) => {
      const { words } = tableOf(context.model);
      const named = nearest.slice(0, 3).map((w, i) => `${words[w]} (${fixed(cosines[i])})`);
      return `Nearest to “${context.model.get("word")}” among ${among} words: ${named.join(", ")}.`;
    },
  });

export default { render };
