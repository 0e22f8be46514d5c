// Where the heads of the tiny GPT look in a text that the reader types, with the mask and each head
// on or off, and what that does to the net's guesses.

const HEAD_NAMES = Array.from({ length: LAYERS * HEADS }, (_, i) => [
  i,
  `block ${Math.floor(i / HEADS) + 1}, head ${(i % HEADS) + 1}`,
]);
const MOST_BITS = 12; // the height of the bars
const FULL = 0.6; // a weight from which on the colour is full

// −log₂ p of every character after the first, from the guess before it.
function surprises(logits, ids) {
  return ids.slice(1).map((id, t) => {
    const row = rowOf(logits, t);
    const most = Math.max(...row);
    const total = sum(Array.from(row, (z) => Math.exp(z - most)));
    return (Math.log(total) - (row[id] - most)) / Math.LN2;
  });
}

const mean = (values) => (values.length ? sum(values) / values.length : 0);

const runs = new Map();
function runOf(model, masked, off) {
  const text = textOf(model);
  const key = `${text}|${masked}|${off}`;
  if (!runs.has(key)) {
    if (runs.size > 20) runs.clear();
    const heads = Array.from({ length: LAYERS }, (_, l) =>
      Array.from({ length: HEADS }, (_, h) => (off.includes(l * HEADS + h) ? 0 : 1)),
    );
    runs.set(key, forwardGPT(paramsOf(model), encode(text), { masked, heads }));
  }
  return runs.get(key);
}

const presentRun = (model) => runOf(model, model.get("mask"), model.get("off"));
const weightsOf = (run, look) => run.heads[Math.floor(look / HEADS)][look % HEADS].P;

function compute(model) {
  const ids = encode(textOf(model));
  const run = presentRun(model);
  const look = model.get("look");
  const P = listed(weightsOf(run, look));
  const now = surprises(run.logits, ids);
  const whole = surprises(runOf(model, true, []).logits, ids);
  const token = tokenOf(model);
  return {
    token,
    look,
    weights: P,
    back: mean(P.map((row, t) => sum(row.map((p, s) => p * Math.abs(t - s))))),
    surprises: now,
    bits: mean(now),
    whole: mean(whole),
    guess: Array.from(softmaxRows(matrix(1, ALPHABET.length, rowOf(run.logits, token))).at),
  };
}

// ---- the drawing ---------------------------------------------------------------------------

const MAPS = 96; // where the maps begin, below the bars and the text

function arrangement(width) {
  const wide = width >= 600;
  const across = wide ? (width * 0.48 - 14) / HEADS : (width - 14) / HEADS;
  const small = across - 8;
  const rows = small + 26;
  const [left, top] = wide ? [width * 0.48 + 34, MAPS + 22] : [20, MAPS + LAYERS * rows + 24];
  return { wide, across, small, rows, left, top, large: width - left - 4 };
}

const heightOf = (width) => {
  const { top, large } = arrangement(width);
  return top + large + 24;
};

function build(drawing, width, height, model) {
  const { across, small, rows, left, top, large } = arrangement(width);
  const canvas = matrixCanvas(drawing, width, height);
  const bars = svg("g");
  const letters = buildText(drawing, width, model, 62);
  const frames = HEAD_NAMES.map(([look]) => {
    const x = 2 + (look % HEADS) * across;
    const y = MAPS + Math.floor(look / HEADS) * rows + 16;
    const frame = svg("rect", { x, y, width: small, height: small, fill: "none" });
    const name = svg("text", { x, y: y - 4, class: "small" });
    const area = svg("rect", { x, y, width: small, height: small, class: "drag-area" });
    area.addEventListener("click", () => write(model, "look", look));
    area.style.cursor = "pointer";
    drawing.append(frame, name, area);
    return { frame, name, x, y };
  });
  const title = svg("text", { x: left, y: top - 8, class: "strong" });
  const changing = svg("g");
  const area = svg("rect", {
    x: left,
    y: top,
    width: large,
    height: large,
    class: "drag-area drag-plane",
    "data-drag": "map",
  });
  drag(area, (_, y) => {
    const T = textOf(model).length;
    write(model, "token", clamp(Math.floor(((y - top) / large) * T), 0, T - 1));
  });
  drawing.append(
    svg("text", { x: 2, y: 12, class: "small" }, "bits that each character costs the net"),
    bars,
    title,
    changing,
    area,
  );

  return (state) => {
    const text = textOf(model);
    const run = presentRun(model);
    const off = model.get("off");
    letters(text, state.token);
    bars.replaceChildren(...barsOf(state, text, width));
    canvas.clear();
    frames.forEach(({ frame, name, x, y }, look) => {
      const P = weightsOf(run, look);
      const on = !off.includes(look);
      if (on) canvas.paint(P, x, y, small / P.rows, FULL);
      set(frame, {
        class: look === state.look ? "blue" : "grid",
        "stroke-width": look === state.look ? 3 : 1,
      });
      name.textContent = `${Math.floor(look / HEADS) + 1}.${(look % HEADS) + 1}${on ? "" : " off"}`;
    });
    const P = weightsOf(run, state.look);
    canvas.paint(P, left, top, large / P.rows, FULL);
    title.textContent = `${HEAD_NAMES[state.look][1]}: who looks at whom`;
    changing.replaceChildren(...lettersOf(text, state.token, left, top, large));
  };
}

function barsOf({ surprises }, text, width) {
  const wide = Math.min(18, (width - 2) / CONTEXT);
  return surprises.map((bits, t) => {
    const high = 44 * Math.min(1, bits / MOST_BITS);
    const x = 1 + (t + 1) * wide + 1;
    return svg("rect", { x, y: 62 - high, width: wide - 2, height: high, class: "orange-fill" });
  });
}

// A row for each character that looks, a column for each that is looked at.
function lettersOf(text, token, left, top, large) {
  const cell = large / text.length;
  const size = clamp(cell + 1, 11, 13);
  const letter = (c, x, y, anchor, strong) => {
    const node = svg("text", { x, y, "text-anchor": anchor, class: strong ? "strong blue" : "" });
    node.style.fontSize = `${size}px`;
    node.textContent = shown(c);
    return node;
  };
  return [
    svg("rect", { x: left, y: top, width: large, height: large, class: "grid" }),
    svg("rect", {
      x: left - 1,
      y: top + token * cell - 1,
      width: large + 2,
      height: cell + 2,
      class: "blue",
      fill: "none",
      "stroke-width": 2,
    }),
    ...[...text].flatMap((c, t) => [
      letter(c, left - 6, top + (t + 0.5) * cell + size / 3, "end", t === token),
      letter(c, left + (t + 0.5) * cell, top + large + 15, "middle", false),
    ]),
  ];
}

// ---- controls and words --------------------------------------------------------------------

// A box to tick for the mask, and one for each head.
function switches(model) {
  const box = (name, said, act) => {
    const node = html("input", { type: "checkbox", "data-switch": name });
    node.addEventListener("change", () => act(node.checked));
    return { node, label: html("label", {}, node, said) };
  };
  const mask = box("mask", "causal mask", (on) => write(model, "mask", on));
  const heads = HEAD_NAMES.map(([look, name]) =>
    box(`head-${look}`, name.replace("block ", "").replace(", head ", "."), (on) => {
      const others = model.get("off").filter((one) => one !== look);
      write(model, "off", on ? others : [...others, look].sort());
    }),
  );
  const group = html("div", { class: "ticks", role: "group", "aria-label": "mask and heads" });
  group.append(mask.label, html("span", {}, "heads:"), ...heads.map(({ label }) => label));
  const show = () => {
    mask.node.checked = model.get("mask");
    heads.forEach(({ node }, look) => (node.checked = !model.get("off").includes(look)));
  };
  return { nodes: [group], show };
}

const describe = (model) => (state) => {
  const text = textOf(model);
  const changed = !model.get("mask") || model.get("off").length;
  const cost = `The text costs ${fixed(state.bits, 2)} bits a character`;
  return (
    `In ${HEAD_NAMES[state.look][1]}, ‘${shown(text[state.token])}’ at place ${state.token} gives ` +
    `${looksAt(state.weights[state.token], text)}. On average this head looks ${fixed(state.back, 1)} places away. ` +
    `${cost}${changed ? `; with the mask and all heads it is ${fixed(state.whole, 2)}` : ""}. ` +
    `After this character the net expects ${expects(state.guess)}.`
  );
};

const render = (context) =>
  figure(context, {
    label: "Attention of a small trained net over a text that the reader types",
    ask: [
      "Before you untick the mask: ",
      "every character may then look at the very ones that the net has to guess. Will its guesses get better?",
    ],
    answer: () =>
      "As a rule they get worse: the net was trained behind the mask, so what a head brings from the future is noise to it. " +
      "Heads differ too: on whole pages those of block 1 are missed most, in one line any may matter.",
    watch: ["text", "token", "look", "mask", "off"],
    controls: (model) => [
      textBox(model, "text", { label: "text", longest: CONTEXT, read: plain }),
      choice(model, "look", { label: "large map", options: HEAD_NAMES }),
      tokenSlider(model),
      switches(model),
    ],
    height: heightOf,
    compute,
    build,
    describe: describe(context.model),
  });

export default { render };
