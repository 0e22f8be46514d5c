// Text that a reader types for the tiny GPT, and the one character of it that a figure follows.

const INSTEAD = { ";": ",", ":": ",", "?": ".", "!": ".", "’": "'", "\n": " " };
const plain = (text) =>
  [...text.toLowerCase()]
    .map((c) => INSTEAD[c] ?? c)
    .filter((c) => ALPHABET.includes(c))
    .join("");
const encode = (text) => [...text].map((c) => ALPHABET.indexOf(c));
const shown = (c) => (c === " " ? "␣" : c);

// The net reads the last CONTEXT characters; where the trait points past them, the last is followed.
const textOf = (model) => model.get("text").slice(-CONTEXT);
const tokenOf = (model) => Math.min(model.get("token"), textOf(model).length - 1);

// A labelled line of text that the reader writes; `read` turns what was typed into the trait.
function textBox(model, key, { label, longest, read }) {
  const id = freshId();
  const input = html("input", {
    type: "text",
    id,
    class: "wide",
    maxlength: longest,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "data-param": key,
    "data-lm-suppress-shortcuts": "true", // JupyterLab's single keys are letters here
    style:
      "font: inherit; color: inherit; min-height: 34px; width: 100%; padding: 0.15rem 0.4rem; " +
      "border: 1px solid color-mix(in srgb, currentColor 55%, transparent); border-radius: 6px; " +
      "background: var(--paper)",
  });
  input.addEventListener("input", () => {
    const text = read(input.value);
    if (text.length) write(model, key, text);
  });
  input.addEventListener("keydown", (event) => event.ctrlKey || event.stopPropagation());
  input.addEventListener("change", () => (input.value = model.get(key)));
  const show = () => {
    // What the reader is typing stays as typed until they leave the box.
    if (document.activeElement !== input || read(input.value) !== model.get(key))
      input.value = model.get(key);
  };
  return { nodes: [html("label", { for: id }, label), input], show };
}

function tokenSlider(model) {
  const clamped = {
    get: () => tokenOf(model),
    set: (key, value) => model.set(key, value),
    save_changes: () => model.save_changes(),
  };
  const ends = { min: 0, max: CONTEXT - 1, step: 1 };
  const control = slider(clamped, "token", { label: "character", ...ends, text: String });
  const show = () => {
    set(control.nodes[1], { max: textOf(model).length - 1 });
    control.show();
  };
  return { ...control, show };
}

// The characters that the net reads; drag along them to choose the one to follow.
function buildText(drawing, width, model, y) {
  const wide = Math.min(18, (width - 2) / CONTEXT);
  const letters = Array.from({ length: CONTEXT }, (_, t) =>
    svg("text", { x: 1 + (t + 0.5) * wide, y: y + 15, "text-anchor": "middle" }),
  );
  const mark = svg("rect", { y: y + 2, width: wide, height: 18, class: "blue", fill: "none" });
  const area = svg("rect", {
    x: 0,
    y,
    width: CONTEXT * wide,
    height: 24,
    class: "drag-area",
    "data-drag": "text",
  });
  drag(area, (x) => {
    const last = textOf(model).length - 1;
    write(model, "token", clamp(Math.floor(x / wide), 0, last));
  });
  drawing.append(...letters, mark, area);
  return (text, token) => {
    letters.forEach((node, t) => (node.textContent = text[t] ? shown(text[t]) : ""));
    set(mark, { x: 1 + token * wide, "stroke-width": 2 });
  };
}

// ---- words ---------------------------------------------------------------------------------

const percent = (p) => `${Math.round(100 * p)}\u00a0%`;
const ranked = (values) => values.map((p, i) => [p, i]).sort(([a], [b]) => b - a);

// The characters that get most of some weights.
const looksAt = (weights, text) =>
  ranked(weights)
    .slice(0, 3)
    .filter(([p], i) => i === 0 || p >= 0.005)
    .map(([p, s]) => `${percent(p)} to ‘${shown(text[s])}’ at ${s}`)
    .join(", ");

// The characters that a guess gives most to.
const expects = (guess) =>
  ranked(guess)
    .slice(0, 3)
    .map(([p, i]) => `‘${shown(ALPHABET[i])}’ ${percent(p)}`)
    .join(", ");
