// A network with two inputs, three hidden units and two outputs: sigmoid units, quadratic cost,
// one example. Layers count from 0 in the lists: W[0] and b[0] lead to the hidden layer.

const SIZES = [2, 3, 2];
const LAYER_NAMES = ["input", "hidden", "output"];

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const steepness = (a) => a * (1 - a); // σ′(z), from a = σ(z)

// Edges in the order of the list that a reader chooses from: W[0] row by row, then W[1].
const EDGES = [0, 1].flatMap((l) =>
  Array.from({ length: SIZES[l + 1] * SIZES[l] }, (_, i) => ({
    l,
    j: Math.floor(i / SIZES[l]),
    k: i % SIZES[l],
  })),
);

const LOWERED = ["₁", "₂", "₃"];
const edgeName = ({ l, j, k }) => `w${raised(l + 1)}${LOWERED[j]}${LOWERED[k]}`;
const edgeRoute = ({ l, j, k }) => `${LAYER_NAMES[l]} ${k + 1} → ${LAYER_NAMES[l + 1]} ${j + 1}`;
const edgeChoice = (model, label) =>
  choice(model, "edge", {
    label,
    options: EDGES.map((edge, i) => [i, `${edgeName(edge)}: ${edgeRoute(edge)}`]),
  });

const NETWORK_TRAITS = ["x1", "x2", "y1", "y2", "W1", "b1", "W2", "b2"];

function readNetwork(model) {
  const get = (name) => model.get(name);
  return {
    W: [get("W1"), get("W2")],
    b: [get("b1"), get("b2")],
    x: [get("x1"), get("x2")],
    y: [get("y1"), get("y2")],
  };
}

function forward({ W, b, x, y }) {
  const a = [x];
  const z = W.map((rows, l) => {
    const zl = rows.map((row, j) => sum(row.map((w, k) => w * a[l][k])) + b[l][j]);
    a.push(zl.map(sigmoid));
    return zl;
  });
  return { z, a, cost: sum(a[2].map((out, j) => (out - y[j]) ** 2)) / 2 };
}

function backward({ W, y }, { a }) {
  const last = a[2].map((out, j) => (out - y[j]) * steepness(out)); // BP1
  const hidden = a[1].map((h, k) => sum(last.map((d, j) => W[1][j][k] * d)) * steepness(h)); // BP2
  const delta = [hidden, last]; // BP3: these are the gradients of the biases, too
  const dW = delta.map((errors, l) => errors.map((d) => a[l].map((from) => from * d))); // BP4
  return { delta, dW };
}

// ---- drawing -------------------------------------------------------------------------------

// Where units stand: places[layer][unit] = [x, y].
function places(left, right, top, bottom) {
  const [x, spread] = [scale([0, 2], [left, right]), bottom - top];
  const heights = { 2: [0.1, 0.9], 3: [0, 0.5, 1] };
  return SIZES.map((size, l) => heights[size].map((share) => [x(l), top + share * spread]));
}

// Edges as lines with a broad invisible twin to click, units as circles, and places for numbers.
function drawNetwork(drawing, spots, radius, pickEdge) {
  const edges = EDGES.map(({ l, j, k }, i) => {
    const [[x1, y1], [x2, y2]] = [spots[l][k], spots[l + 1][j]];
    const ends = { x1, y1, x2, y2 };
    const share = l ? 0.64 : 0.36; // numbers sit where the edges of a fan are furthest apart
    const [x, y] = [x1 + share * (x2 - x1), y1 + share * (y2 - y1)];
    const hit = svg("line", { ...ends, class: "hit", "data-edge": i });
    hit.addEventListener("click", () => pickEdge(i));
    const text = (dy, kind) =>
      svg("text", {
        x,
        y: y + dy,
        class: `halo ${kind}`,
        "text-anchor": "middle",
        "pointer-events": "none",
      });
    return {
      line: svg("line", ends),
      hit,
      weight: text(-1, "small"),
      gradient: text(13, "small green"),
    };
  });
  const units = spots.map((layer) =>
    layer.map(([cx, cy]) => {
      const text = (dy, kind) =>
        svg("text", {
          x: cx,
          y: cy + dy,
          class: `halo ${kind}`,
          "text-anchor": "middle",
          "pointer-events": "none",
        });
      return {
        circle: svg("circle", { cx, cy, r: radius, fill: "var(--paper)" }),
        cx,
        cy,
        inside: text(5, radius < 24 ? "small strong" : "strong"),
        above: text(-radius - 6, "small green"),
        below: text(radius + 15, "small"),
        lower: text(radius + 30, "small"),
        lowest: text(radius + 45, "small green"),
      };
    }),
  );
  drawing.append(
    ...edges.map((e) => e.line),
    ...edges.map((e) => e.hit),
    ...edges.flatMap((e) => [e.weight, e.gradient]),
  );
  drawing.append(
    ...units.flat().flatMap((u) => [u.circle, u.inside, u.above, u.below, u.lower, u.lowest]),
  );
  return { edges, units };
}

// Colour by sign, width by size; the chosen edge is ringed by a dashed outline of the text colour.
function showEdge(edge, w, { chosen, active }) {
  set(edge.line, {
    class: w < 0 ? "orange" : "blue",
    "stroke-width": 1 + 2.5 * Math.abs(w),
    "stroke-opacity": active || chosen ? 1 : 0.35,
    "stroke-dasharray": chosen ? "9 4" : "none",
  });
  edge.weight.textContent = signed(w);
  edge.weight.classList.toggle("strong", chosen);
  edge.gradient.classList.toggle("strong", chosen);
}
