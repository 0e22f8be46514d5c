// The line folded layer by layer: its graph above, its sheets below, and all inputs that meet.

const MOST = 5;

const tent = (x, crease) => (x <= crease ? x / crease : (1 - x) / (1 - crease));

// The places that one fold brings to the same place.
const unfold = (place, crease) => [crease * place, 1 - (1 - crease) * place];

function compute(model) {
  const [depth, crease] = [model.get("depth"), model.get("crease")];
  const places = [model.get("x")];
  for (let l = 0; l < depth; l++) places.push(tent(places[l], crease));
  let inputs = [places[depth]];
  for (let l = 0; l < depth; l++) inputs = inputs.flatMap((place) => unfold(place, crease));
  return { depth, crease, places, inputs: inputs.sort((a, b) => a - b), pieces: 2 ** depth };
}

// Where the graph bends: 0, 1 and everything that is folded onto them.
function bends(depth, crease) {
  let corners = [0, 1];
  for (let l = 0; l < depth; l++)
    corners = [
      ...new Set([...corners.map((y) => crease * y), ...corners.map((y) => 1 - (1 - crease) * y)]),
    ];
  return corners.sort((a, b) => a - b);
}

function build(drawing, width, height, model) {
  const split = Math.round(0.56 * height);
  const X = scale([0, 1], [34, width - 12]);
  const Y = scale([0, 1], [split - 22, 26]);
  const graph = svg("path", { class: "curve blue" });
  const level = svg("line", { class: "axis dashed" });
  const sheets = svg("path", { class: "curve blue" });
  const meeting = svg("line", { class: "axis dashed" });
  const dots = svg("g");
  const point = svg("circle", { r: 9, class: "handle orange" });
  drawing.append(
    svg("text", { x: 34, y: 14, class: "small strong" }, "where each input ends"),
    axes(X, Y, { x: [0, 0.5, 1], y: [0, 1], xTitle: "input x" }),
    svg("text", { x: 34, y: split + 18, class: "small strong" }, "the line itself, folded"),
    graph,
    level,
    ...[sheets, meeting, dots, point],
    dragArea(X, Y, (px) => write(model, "x", clamp(Math.round(200 * X.back(px)) / 200, 0, 1))),
  );
  return ({ depth, crease, places, inputs }) => {
    const end = places[depth];
    const corners = bends(depth, crease);
    const folded = (x) => {
      for (let l = 0; l < depth; l++) x = tent(x, crease);
      return x;
    };
    const heights = corners.map(folded);
    set(graph, { d: plot(corners.map((x, k) => [x, heights[k]]), X, Y) });
    set(level, { x1: X(0), x2: X(1), y1: Y(end), y2: Y(end) });
    const [top, bottom] = [split + 30, height - 10];
    const pieces = corners.length - 1;
    const gap = Math.min(20, (bottom - top) / pieces);
    const sheet = (k) => top + gap * (k + 0.5);
    const turn = (k) => {
      const [x, r] = [X(heights[k]), gap / 2];
      return `A${r} ${r} 0 0 ${heights[k] > 0.5 ? 1 : 0} ${x} ${sheet(k)}`;
    };
    const strip = heights
      .slice(1)
      .map((_, k) => `${k ? turn(k) : `M${X(heights[0])} ${sheet(0)}`}H${X(heights[k + 1])}`);
    set(sheets, { d: strip.join(""), style: `stroke-width: ${pieces > 16 ? 1.2 : 1.8}` });
    set(meeting, { x1: X(end), x2: X(end), y1: top - 6, y2: top + gap * pieces + 4 });
    const at = (x) => Math.min(pieces - 1, corners.filter((corner) => corner < x - 1e-12).length - 1);
    const r = pieces > 16 ? 2.4 : 3.6;
    dots.replaceChildren(
      ...inputs.flatMap((x) => [
        svg("circle", { cx: X(x), cy: Y(end), r: Math.max(r, 3), class: "orange-fill" }),
        svg("circle", { cx: X(end), cy: sheet(Math.max(at(x), 0)), r, class: "orange-fill" }),
      ]),
    );
    set(point, { cx: X(places[0]), cy: Y(end) });
  };
}

const layers = (depth) => `${depth} ${depth === 1 ? "layer" : "layers"}`;

function describe({ depth, places, inputs, pieces }) {
  if (!depth) return "No fold yet: one straight piece, and every input ends where it began.";
  const way = places.map((place) => fixed(place, 3)).join(" → ");
  const shallow = depth === 1 ? "1 unit" : `${pieces - 1} units`;
  return `${layers(depth)}, ${2 * depth} units: ${pieces} straight pieces; with one hidden layer that takes at least ${shallow}. The point goes ${way}, and ${inputs.length} inputs end there with it.`;
}

const render = (context) =>
  figure(context, {
    label: "A line folded layer by layer, as a graph and as a strip of sheets",
    ask: [
      "Before you fold: ",
      "one layer of two units folds the line once. How many straight pieces are there after five folds?",
    ],
    answer: () => "Each fold doubles them: 32 after five folds, with ten units.",
    watch: ["depth", "crease", "x"],
    controls: (model) => [
      choice(model, "depth", {
        label: "folds",
        options: Array.from({ length: MOST + 1 }, (_, l) => [l, String(l)]),
      }),
      slider(model, "crease", { label: "crease", min: 0.2, max: 0.8, step: 0.05 }),
      slider(model, "x", {
        ...{ label: "input x", min: 0, max: 1, step: 0.005 },
        text: (v) => fixed(v, 3),
      }),
      buttons(
        [["Fold once more", () => write(model, "depth", (model.get("depth") + 1) % (MOST + 1)), "fold"]],
        ({ depth }, button) => {
          button.textContent = depth === MOST ? "Unfold" : "Fold once more";
        },
      ),
    ],
    height: (width) => (width < 480 ? 430 : 480),
    compute,
    build,
    describe,
  });

export default { render };
