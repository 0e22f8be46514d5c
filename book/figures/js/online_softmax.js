// Softmax in one pass: scores come in blocks, and a running maximum, sum and mean are corrected
// whenever a larger score turns up.

const LIMIT = 4; // scores go from −4 to 4

const blocksOf = (model) => Math.ceil(model.get("scores").length / model.get("block"));
const doneOf = (model) => Math.min(model.get("done"), blocksOf(model));

function compute(model) {
  const [scores, values, block] = ["scores", "values", "block"].map((key) => model.get(key));
  const blocks = blocksOf(model);
  const done = doneOf(model);
  let [top, total, mixed] = [-Infinity, 0, 0];
  const tops = [];
  const totals = [];
  const shrinks = [];
  for (let i = 0; i < done; i++) {
    const part = scores.slice(i * block, (i + 1) * block);
    const higher = Math.max(top, ...part);
    const shrink = Math.exp(top - higher);
    const e = part.map((s) => Math.exp(s - higher));
    total = shrink * total + sum(e);
    mixed = shrink * mixed + sum(e.map((one, j) => one * values[i * block + j]));
    top = higher;
    tops.push(top);
    totals.push(total);
    shrinks.push(shrink);
  }
  const seen = Math.min(scores.length, done * block);
  const most = Math.max(...scores);
  const e = scores.map((s) => Math.exp(s - most));
  const final = e.map((one) => one / sum(e));
  return {
    block,
    blocks,
    done,
    tops,
    totals,
    shrinks,
    weights: scores.map((s, i) => (i < seen ? Math.exp(s - top) / total : 0)),
    sofar: done ? mixed / total : 0,
    final,
    output: sum(final.map((p, i) => p * values[i])),
  };
}

// The score that is held takes a value.
function moveScore(model, value) {
  const score = Math.round(10 * clamp(value, -LIMIT, LIMIT)) / 10;
  write(model, "scores", model.get("scores").with(model.get("held"), score));
}

function build(drawing, width, height, model) {
  const count = model.get("scores").length;
  const X = scale([0, count], [30, width - 4]);
  const S = scale([-LIMIT, LIMIT], [170, 26]);
  const P = scale([0, 1], [height - 8, 206]);
  drawing.append(
    svg("text", { x: 30, y: 14, class: "strong blue" }, "scores to drag, running maximum"),
    axes(X, S, { y: [-4, 0, 4] }),
    svg("text", { x: 30, y: 194, class: "strong orange" }, "weights so far; frames: softmax of all"),
    axes(X, P, { y: [0, 0.5, 1] }),
  );
  const wide = X(1) - X(0);
  const columns = Array.from({ length: count }, (_, i) => {
    const at = { x: X(i) + 3, width: wide - 6 };
    const parts = {
      score: svg("rect", { ...at, class: "blue-fill" }),
      weight: svg("rect", { ...at, class: "orange-fill", opacity: 0.75 }),
      frame: svg("rect", { ...at, class: "ink", fill: "none", "stroke-width": 1.5 }),
    };
    drawing.append(...Object.values(parts));
    return parts;
  });
  const blocks = svg("g");
  const line = svg("path", { class: "curve orange" });
  const mark = svg("path", { class: "ink-fill" }); // under the score that is held
  const area = svg("rect", {
    x: X(0),
    y: 20,
    width: width - 34,
    height: 156,
    class: "drag-area drag-plane",
    "data-drag": "scores",
  });
  drag(area, (x, y, dx) => {
    model.set("held", clamp(Math.floor(X.back(x - dx)), 0, count - 1)); // where the pull began
    moveScore(model, S.back(y));
  });
  drawing.append(blocks, line, mark, area);

  return ({ block, blocks: many, done, tops, weights, final }) => {
    model.get("scores").forEach((s, i) => {
      const { score, weight, frame } = columns[i];
      set(score, {
        y: Math.min(S(0), S(s)),
        height: Math.abs(S(s) - S(0)),
        opacity: i < done * block ? 0.75 : 0.2,
      });
      set(weight, { y: P(weights[i]), height: P(0) - P(weights[i]) });
      set(frame, { y: P(final[i]), height: P(0) - P(final[i]) });
    });
    const middle = X(model.get("held") + 0.5);
    set(mark, { d: `M${middle} 172l-6 9h12z` });
    const edges = Array.from({ length: many - 1 }, (_, i) => X((i + 1) * block));
    const between = (x, y1, y2) => svg("line", { x1: x, x2: x, y1, y2, class: "axis dashed" });
    blocks.replaceChildren(
      ...edges.flatMap((x) => [between(x, 22, 174), between(x, 202, height - 8)]),
    );
    const end = (i) => X(Math.min(count, (i + 1) * block));
    set(line, {
      d: path(
        tops.flatMap((top, i) => [
          [X(i * block), S(top)],
          [end(i), S(top)],
        ]),
      ),
    });
  };
}

function describe({ blocks, done, tops, totals, shrinks, sofar, output }) {
  if (!done) return `Nothing is seen yet: m = −∞, ℓ = 0. There are ${blocks} blocks to come.`;
  const last = done - 1;
  const shrink =
    done === 1
      ? "The first block sets the maximum"
      : shrinks[last] < 1
        ? `A larger score came: all so far was multiplied by e^(${fixed(tops[last - 1])} − ${fixed(tops[last])}) = ${fixed(shrinks[last], 3)}`
        : "No larger score came, so nothing had to be corrected";
  const end =
    done === blocks
      ? `All is seen, and the mixed value ${fixed(sofar, 4)} is that of softmax, ${fixed(output, 4)}.`
      : `The mixed value so far is ${fixed(sofar, 4)}; softmax of all will give ${fixed(output, 4)}.`;
  return `After block ${done} of ${blocks}: m = ${fixed(tops[last])}, ℓ = ${fixed(totals[last], 3)}. ${shrink}. ${end}`;
}

function controls(model) {
  const count = model.get("scores").length;
  const other = () => {
    const drawn = normals(model.get("seed") + 1, count);
    model.set("seed", model.get("seed") + 1);
    const rounded = Array.from(drawn, (s) => Math.round(10 * clamp(1.5 * s, -LIMIT, LIMIT)) / 10);
    write(model, "scores", rounded);
  };
  const places = Array.from({ length: count }, (_, i) => [i, String(i + 1)]);
  const height = {
    get: () => model.get("scores")[model.get("held")],
    set: (_, value) => moveScore(model, value),
    save_changes: () => {},
  };
  return [
    buttons(
      [
        ["Next block", () => write(model, "done", doneOf(model) + 1), "next"],
        ["Reset", () => write(model, "done", 0), "home"],
        ["Draw new scores", other, "seed"],
      ],
      ({ done, blocks }, next, home) => {
        next.disabled = done === blocks;
        home.disabled = done === 0;
      },
    ),
    slider(model, "block", { label: "block size", min: 1, max: count, step: 1, text: String }),
    choice(model, "held", { label: "score", options: places }),
    slider(height, "height", { label: "its value", min: -LIMIT, max: LIMIT, step: 0.1 }),
  ];
}

const render = (context) =>
  figure(context, {
    label: "Softmax in one pass over blocks of scores",
    ask: [
      "Before the next block: ",
      "which weights will shrink when it holds a larger score, and which keep their ratio?",
    ],
    answer: () =>
      "All that were seen shrink by one common factor, so their ratios stay. At the end every block size has led to the same weights: the frames are filled.",
    watch: ["scores", "block", "done", "held"],
    controls,
    height: () => 330,
    compute,
    build,
    describe,
  });

export default { render };
