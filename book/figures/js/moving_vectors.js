// Vectors of twelve words in the plane, moving as negative sampling trains them.

const logistic = (s) => (s >= 0 ? 1 / (1 + Math.exp(-s)) : Math.exp(s) / (1 + Math.exp(s)));
const softplus = (s) => Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s)));
const dot = ([a, b], [c, d]) => a * c + b * d;
const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

const MOST = 400;
const START = 0.8;
const REACH = 3.6;

// How often each pair is met, and how often it is made up: rows are nouns, columns verbs.
function weights(model) {
  const real = model.get("met");
  const rows = real.map(sum);
  const columns = real[0].map((_, c) => sum(real.map((row) => row[c])));
  const total = sum(rows);
  const noise = model.get("noise");
  return { real, madeUp: rows.map((w) => columns.map((c) => (noise * w * c) / total)), total };
}

function beginning(seed) {
  const drawn = normals(seed, 24);
  const rows = (from) =>
    Array.from({ length: 6 }, (_, i) => [0, 1].map((j) => START * drawn[from + 2 * i + j]));
  return [rows(0), rows(12)];
}

function step([C, O], { real, madeUp }, rate) {
  const dC = C.map(() => [0, 0]);
  const dO = O.map(() => [0, 0]);
  for (let w = 0; w < C.length; w++)
    for (let c = 0; c < O.length; c++) {
      const g = (real[w][c] + madeUp[w][c]) * logistic(dot(C[w], O[c])) - real[w][c];
      for (const i of [0, 1]) {
        dC[w][i] += g * O[c][i];
        dO[c][i] += g * C[w][i];
      }
    }
  const moved = (rows, grads) => rows.map((row, w) => row.map((x, i) => x - rate * grads[w][i]));
  return [moved(C, dC), moved(O, dO)];
}

// The path so far is kept, so that going on costs one step and going back none.
const runs = new WeakMap();

function runOf(model) {
  const name = ["seed", "noise", "rate"].map((key) => model.get(key)).join(" ");
  let run = runs.get(model);
  if (run?.name !== name) {
    run = { name, cells: weights(model), path: [beginning(model.get("seed"))] };
    runs.set(model, run);
  }
  const rate = model.get("rate") / (1 + model.get("noise")); // of a mean over a pair's questions
  while (run.path.length <= model.get("steps"))
    run.path.push(step(run.path.at(-1), run.cells, rate));
  return run;
}

function compute(model) {
  const { cells, path } = runOf(model);
  const [C, O] = path[model.get("steps")];
  const loss = sum(
    C.map((v, w) =>
      sum(
        O.map((u, c) => {
          const s = dot(v, u);
          return cells.real[w][c] * softplus(-s) + cells.madeUp[w][c] * softplus(s);
        }),
      ),
    ),
  );
  const vector = (word) => C[model.get("words").indexOf(word)];
  return {
    vectors: [...C, ...O],
    loss: loss / cells.total,
    queen: cosine(vector("king"), vector("queen")),
    dog: cosine(vector("king"), vector("dog")),
  };
}

const GROUPS = [
  ["blue", ["king", "queen", "rules", "commands"]],
  ["orange", ["dog", "cat", "barks", "sleeps"]],
  ["green", ["bread", "cheese", "smells", "tastes"]],
];
const colourOf = (word) => GROUPS.find(([, words]) => words.includes(word))[0];

function build(drawing, width, height, model) {
  const size = Math.min(width, 420);
  const left = (width - size) / 2;
  const X = scale([-REACH, REACH], [left + 8, left + size - 8]);
  const Y = scale([-REACH, REACH], [size - 8, 8]);
  const words = model.get("words");
  const nodes = words.map((word, i) => {
    const colour = colourOf(word);
    const verb = i >= 6;
    const trail = svg("path", { class: `curve ${colour}`, style: "stroke-width: 1.2; opacity: 0.5" });
    const line = svg("line", { class: colour, "stroke-width": 1.5, "stroke-opacity": 0.5 });
    const dot = svg("circle", { r: 5, class: verb ? `handle ${colour}` : `point ${colour}-fill` });
    const name = svg("text", { class: `small halo ${colour}`, "text-anchor": "middle" }, word);
    return { trail, line, dot, name };
  });
  drawing.append(
    axes(X, Y, { x: [0], y: [0], xText: () => "", yText: () => "" }),
    svg("circle", { cx: left + 14, cy: size + 14, r: 5, class: "ink-fill" }),
    svg("text", { x: left + 25, y: size + 18, class: "small" }, "noun, the centre"),
    svg("circle", { cx: left + 154, cy: size + 14, r: 5, class: "handle ink" }),
    svg("text", { x: left + 165, y: size + 18, class: "small" }, "verb, its context"),
    ...nodes.flatMap(({ trail, line }) => [trail, line]),
    ...nodes.map(({ dot }) => dot),
    ...nodes.map(({ name }) => name),
  );
  let from = 0;
  const area = dragArea(X, Y, () => {});
  drag(
    area,
    (x, y, dx) => write(model, "steps", clamp(Math.round(from + (dx / size) * MOST), 0, MOST)),
    () => (from = model.get("steps")),
  );
  drawing.append(area);

  return ({ vectors }) => {
    const { path: run } = runOf(model);
    const taken = [];
    vectors.forEach(([x, y], w) => {
      const { trail, line, dot, name } = nodes[w];
      const [px, py] = [X(clamp(x, -REACH, REACH)), Y(clamp(y, -REACH, REACH))];
      const past = run.slice(0, model.get("steps") + 1).filter((_, i) => i % 5 === 0);
      set(trail, { d: plot([...past.map(([C, O]) => (w < 6 ? C[w] : O[w - 6])), [x, y]], X, Y) });
      set(line, { x1: X(0), y1: Y(0), x2: px, y2: py });
      set(dot, { cx: px, cy: py });
      // a name that would cover another one steps aside, upwards or downwards
      const half = 4 * name.textContent.length;
      const tx = clamp(px, left + half, left + size - half);
      const free = (dy) =>
        taken.every(([x, y, reach]) => Math.abs(x - tx) > half + reach || Math.abs(y - py - dy) > 12);
      const ty = py + ([-9, 17, -22, 30, -35, 43, -48, 56, -61, 69].find(free) ?? -9);
      taken.push([tx, ty, half]);
      set(name, { x: tx, y: clamp(ty, 12, size - 2) });
    });
  };
}

function describe({ loss, queen, dog }) {
  return `The loss is ${fixed(loss)} a pair. The cosine of king with queen is ${fixed(queen)}, with dog ${fixed(dog)}.`;
}

function controls(model, root) {
  const { steps, starts } = trainingSteps(model, root, {
    ...{ most: MOST, stride: 2, pause: 40, drawn: "vectors" },
  });
  return [
    starts,
    steps,
    slider(model, "noise", { label: "noise words K", min: 1, max: 8, step: 1, text: String }),
    slider(model, "rate", { label: "learning rate", min: 0.03, max: 0.3, step: 0.03 }),
  ];
}

const render = (context) =>
  figure(context, {
    label: "Vectors of twelve words in the plane, moving as they are trained on twelve sentences",
    ask: [
      "Before you train: ",
      "king and queen never stand in one sentence. Will they come together, and who else?",
    ],
    answer: () =>
      "King and queen keep the same company, rules and commands, and end in one place; so do dog and cat, and " +
      "bread and cheese. The verbs, drawn as rings, need not lie beside their nouns: they are turned away from all the others.",
    watch: ["steps", "noise", "rate", "seed"],
    controls,
    height: (width) => Math.min(width, 420) + 24,
    compute,
    build,
    describe,
  });

export default { render };
