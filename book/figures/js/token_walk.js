// One token's walk through the tiny GPT: every step with its shapes, its parameters and its numbers.

const MOST = 200; // characters that the text may grow to; the net reads the last CONTEXT of them
const BARS = 200; // the height of the bars in the last step
const TOP = 98; // where the panels begin, below the strip, the text, the title and the equation

// The forward pass of the present text; the last one is kept, since most changes leave it as it is.
let kept = {};
function runOf(model) {
  const text = textOf(model);
  const params = paramsOf(model);
  if (kept.text !== text || kept.params !== params)
    kept = { text, params, run: forwardGPT(params, encode(text)) };
  return kept;
}

function viewOf(model) {
  const { text, params, run } = runOf(model);
  const [head, step] = [model.get("head") - 1, model.get("step")];
  return { text, params, run, token: tokenOf(model), head, step };
}

const finite = (rows) => rows.map((row) => row.map((x) => (Number.isFinite(x) ? x : null)));

// Rows and columns added up, which tells one matrix of parameters from another.
const sums = (M) => ({
  rows: listed(M).map(sum),
  columns: listed(transposed(M)).map(sum),
});

function compute(model) {
  const view = viewOf(model);
  const { text, params, run, token, step } = view;
  const temperature = model.get("temperature");
  const guess = (t) => {
    const z = rowOf(run.logits, t).map((one) => one / temperature);
    return Array.from(softmaxRows(matrix(1, z.length, z)).at);
  };
  const panels = STEPS[step].lines(view).flat();
  let left = uniform(model.get("seed"))();
  const next = guess(text.length - 1).findIndex((p) => (left -= p) < 0);
  return {
    step,
    token,
    head: view.head + 1,
    ids: encode(text),
    shapes: panels.map(([, M]) => [M.rows, M.cols]),
    values: panels.filter(([, , kind]) => kind !== "weight").map(([, M]) => finite(listed(M))),
    weights: panels.filter(([, , kind]) => kind === "weight").map(([, M]) => sums(M)),
    parameters: countOf(params, STEPS[step].uses),
    total: countOf(params, Object.keys(params)),
    guess: guess(token),
    next: next < 0 ? ALPHABET.length - 1 : next,
  };
}

// ---- the drawing ---------------------------------------------------------------------------

// How large the cells of each line can be: alike where that fits, smaller in a line too wide for it.
const [LEFT, GAP, TITLE] = [18, 12, 20];
function cellsOf(lines, width, room) {
  const widest = lines.map(
    (line) => (width - LEFT - GAP * (line.length - 1)) / sum(line.map(([, M]) => M.cols)),
  );
  const rows = lines.map((line) => Math.max(...line.map(([, M]) => M.rows)));
  const high = (cell) => sum(rows.map((count, i) => TITLE + count * Math.min(cell, widest[i])));
  let cell = 14;
  while (high(cell) > room) cell *= 0.98;
  return { rows, sides: widest.map((most) => Math.min(cell, most)) };
}

// Where the panels of a step stand: line by line, or side by side where that makes them larger.
function placed(given, width, room) {
  const smallest = (lines) => Math.min(...cellsOf(lines, width, room).sides);
  const lines = [given, [given.flat()]].reduce((a, b) => (smallest(b) > smallest(a) ? b : a));
  const { rows, sides } = cellsOf(lines, width, room);
  const places = [];
  let y = TOP;
  lines.forEach((line, i) => {
    const wide = ([, M]) => Math.max(M.cols * sides[i], 60);
    const taken = sum(line.map(wide)) + GAP * (line.length - 1);
    let x = Math.max(LEFT, (width + LEFT - taken) / 2); // in the middle of what is free
    line.forEach(([name, M, kind], n) => {
      places.push({ name, M, kind, cell: sides[i], x, y: y + TITLE - 4, first: n === 0 });
      x += wide([name, M]) + GAP;
    });
    y += TITLE + rows[i] * sides[i];
  });
  return places;
}

function panelNodes({ name, M, kind, cell, x, y, first }, text, token) {
  const [width, height] = [M.cols * cell, M.rows * cell];
  const most = width > 118 ? `  ±${fixed(largest(M), 1)}` : "";
  const said = `${name}  ${M.rows} × ${M.cols}${most}`;
  const nodes = [
    svg("text", { x, y: y - 4, class: `small ${kind === "weight" ? "green" : "strong"}` }, said),
    svg("rect", { x, y, width, height, class: kind === "weight" ? "green" : "grid", fill: "none" }),
  ];
  if (kind === "weight") return nodes;
  nodes.push(
    svg("rect", {
      x: x - 1,
      y: y + token * cell - 1,
      width: width + 2,
      height: cell + 2,
      class: "ink",
      fill: "none",
      "stroke-width": 1.5,
    }),
  );
  const letter = (c, at, down, anchor) =>
    svg("text", { x: at, y: down, "text-anchor": anchor, class: "small" }, shown(c));
  if (first) nodes.push(letter(text[token], x - 5, y + (token + 0.5) * cell + 4, "end"));
  const below = { square: text, letters: ALPHABET }[kind];
  if (below && cell >= 8)
    [...below].forEach((c, t) =>
      nodes.push(letter(c, x + (t + 0.5) * cell, y + height + 10, "middle")),
    );
  return nodes;
}

const letterUnder = (c, x, y, strong) => {
  const look = strong ? "small strong orange" : "small";
  return svg("text", { x, y, "text-anchor": "middle", class: look }, shown(c));
};

// What the net expects after the chosen character, as bars under the panel.
function barNodes({ guess, next, token, ids }, width, height) {
  const X = scale([0, ALPHABET.length], [18, width - 2]);
  const Y = scale([0, 1], [height - 44, height - BARS + 20]);
  const drawn = token === ids.length - 1 ? next : -1;
  return guess.flatMap((p, i) => [
    svg("rect", {
      x: X(i) + 1,
      width: X(1) - X(0) - 2,
      y: Y(p),
      height: Y(0) - Y(p),
      class: i === drawn ? "orange-fill" : "blue-fill",
    }),
    letterUnder(ALPHABET[i], X(i + 0.5), Y(0) + 14, i === drawn),
  ]);
}

function build(drawing, width, height, model) {
  const canvas = matrixCanvas(drawing, width, height);
  const middle = (y, attributes) =>
    svg("text", { x: width / 2, y, "text-anchor": "middle", ...attributes });
  const title = middle(70, { class: "strong" });
  const equation = middle(90, { class: "blue" });
  const pointed = svg("text", { x: 2, y: height - 5, class: "small" });
  const changing = svg("g");
  const strip = buildStrip(drawing, width, model);
  const letters = buildText(drawing, width, model, 34);
  let places = [];
  let view = viewOf(model);

  const at = (x, y) => {
    const place = places.find(
      ({ M, cell, x: left, y: top }) =>
        x >= left && x < left + M.cols * cell && y >= top && y < top + M.rows * cell,
    );
    if (!place) return null;
    const i = Math.min(place.M.rows - 1, Math.floor((y - place.y) / place.cell));
    const j = Math.min(place.M.cols - 1, Math.floor((x - place.x) / place.cell));
    return { ...place, i, j };
  };
  let pointer = [-1, -1];
  const tell = () => {
    const found = at(...pointer);
    pointed.textContent = found
      ? `${found.name}[${found.i}, ${found.j}] = ${entry(rowOf(found.M, found.i)[found.j], 3)}`
      : "Tap a number to read it; green: parameters.";
  };
  const area = svg("rect", {
    x: 0,
    y: TOP,
    width,
    height: height - TOP - 20,
    class: "drag-area",
    "data-drag": "panels",
  });
  drag(area, (x, y) => {
    const found = at(x, y);
    if (found && found.kind !== "weight") write(model, "token", found.i);
  });
  const follow = (event) => {
    const box = drawing.getBoundingClientRect();
    pointer = [event.clientX - box.left, event.clientY - box.top];
    tell();
  };
  for (const event of ["pointermove", "pointerdown"]) area.addEventListener(event, follow);
  drawing.append(title, equation, changing, pointed, area);

  return (state) => {
    view = viewOf(model);
    const step = STEPS[state.step];
    title.textContent = `${state.step}/${LAST} · ${step.title}`;
    equation.textContent = step.equation;
    const room = height - TOP - (step.bars ? BARS : 34);
    places = placed(step.lines(view), width, room);
    canvas.clear();
    for (const { M, x, y, cell } of places) canvas.paint(M, x, y, cell);
    changing.replaceChildren(
      ...places.flatMap((place) => panelNodes(place, view.text, state.token)),
      ...(step.bars ? barNodes(state, width, height) : []),
    );
    strip(state.step);
    letters(view.text, state.token);
    tell();
  };
}

// What the mask struck out is −∞ in a matrix and null in the state.
const entry = (value, digits) => (Number.isFinite(value) ? fixed(value, digits) : "−∞");

// The whole walk as a strip of boxes, one a step; drag along it.
function buildStrip(drawing, width, model) {
  const X = scale([0, STEPS.length], [1, width - 1]);
  const boxes = STEPS.map((_, i) =>
    svg("rect", { x: X(i) + 0.5, y: 1, width: X(1) - X(0) - 1.5, height: 13, rx: 2 }),
  );
  const names = GROUPS.map(([from, name], i) => {
    const to = GROUPS[i + 1]?.[0] ?? STEPS.length;
    return svg(
      "text",
      { x: (X(from) + X(to)) / 2, y: 28, "text-anchor": "middle", class: "small" },
      name,
    );
  });
  const area = svg("rect", {
    x: 0,
    y: 0,
    width,
    height: 32,
    class: "drag-area",
    "data-drag": "strip",
  });
  drag(area, (x) => write(model, "step", clamp(Math.floor(X.back(x)), 0, LAST)));
  drawing.append(...boxes, ...names, area);
  return (step) =>
    boxes.forEach((box, i) => {
      const weights = STEPS[i].uses ? "green-fill" : "ink-fill";
      set(box, {
        class: i === step ? "blue-fill" : weights,
        opacity: i === step ? 1 : i < step ? 0.6 : 0.22,
      });
    });
}

// ---- words ---------------------------------------------------------------------------------

const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

function tale(state, text, name) {
  const own = state.values[state.values.length - 1][state.token];
  if (name === "O") return `Its 1 stands in column ${own.indexOf(1)}.`;
  if (name === "P") {
    return `It gives ${looksAt(own, text)}.`;
  }
  if (name === "p") {
    return `At this temperature it expects ${expects(state.guess)} next.`;
  }
  return `Its row of ${name} begins ${own
    .slice(0, 3)
    .map((value) => entry(value, 2))
    .join(", ")} …`;
}

const describe = (model) => (state) => {
  const { text } = viewOf(model);
  const step = STEPS[state.step];
  const [name, M] = step.lines(viewOf(model)).flat().pop();
  const cost = state.parameters
    ? `${grouped(state.parameters)} of the net's ${grouped(state.total)} parameters are used here`
    : "no parameters";
  const all = model.get("text");
  const written = all.length > CONTEXT ? ` The whole text: “${all}”` : "";
  return (
    `${step.says} Out comes ${name}, ${M.rows} × ${M.cols}; ${cost}. ` +
    `Followed: ‘${shown(text[state.token])}’ at place ${state.token}. ${tale(state, text, name)}${written}`
  );
};

// ---- controls ------------------------------------------------------------------------------

// One character more, drawn from what the net expects.
function writeOne(model) {
  const { next } = compute(model);
  model.set("seed", model.get("seed") + 1);
  model.set("token", CONTEXT - 1);
  write(model, "text", (model.get("text") + ALPHABET[next]).slice(-MOST));
}

function controls(model, root) {
  let left = 0;
  const pen = clock(root, () => (writeOne(model), --left > 0), 8);
  const go = (by) => () => write(model, "step", clamp(model.get("step") + by, 0, LAST));
  const heads = Array.from({ length: HEADS }, (_, h) => [h + 1, `head ${h + 1} of ${HEADS}`]);
  return [
    textBox(model, "text", { label: "text", longest: MOST, read: plain }),
    buttons(
      [
        ["Next step", go(1), "next"],
        ["Back", go(-1), "back"],
        ["Write one", () => writeOne(model), "write"],
        ["Write forty", () => ((left = 40), pen.start()), "write-many"],
      ],
      ({ step }, forth, back) => {
        forth.disabled = step === LAST;
        back.disabled = step === 0;
      },
      pen.end,
    ),
    slider(model, "step", { label: "step", min: 0, max: LAST, step: 1, text: String }),
    tokenSlider(model),
    choice(model, "head", { label: "head", options: heads }),
    slider(model, "temperature", { label: "temperature", min: 0.1, max: 2, step: 0.1 }),
  ];
}

const render = (context) =>
  figure(context, {
    label: "One character's walk through a tiny GPT, step by step",
    ask: [
      "Before each step: ",
      "how many rows and columns will come out, and is this a step at which characters look at one another?",
    ],
    answer: ({ shapes, step }) => {
      const [rows, columns] = shapes.at(-1);
      return `Step ${step} gave ${rows} × ${columns}. Characters meet only where scores are made and values mixed, in each block once; every other step works on each row by itself.`;
    },
    watch: ["text", "step", "token", "head", "temperature", "seed"],
    controls,
    height: () => 480,
    compute,
    build,
    describe: describe(context.model),
  });

export default { render };
