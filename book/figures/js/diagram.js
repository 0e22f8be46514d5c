// A network as a diagram: every unit is a tile that shows its surface over the plane, every weight a
// line, blue if positive, orange if negative, the thicker the larger.

const LOWERED = ["₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈"];

// All units in one row of numbers: features, hidden units, the output.
const unitsOf = (sizes) =>
  sizes.flatMap((size, l) => Array.from({ length: size }, (_, j) => ({ l, j })));

function unitName({ l, j }, { features, hidden }) {
  if (l === 0) return FEATURES[features[j]][0];
  return l > hidden.length ? "p" : `a${raised(l)}${LOWERED[j]}`;
}

function weightName(l, j, k, state) {
  const from = unitName({ l, j: k }, state);
  return `${from} → ${unitName({ l: l + 1, j }, state)}`;
}

// Where tiles stand in the box [left, right] × [top, bottom], and how large there is room for them.
function placeUnits(sizes, { left, right, top, bottom }) {
  const row = Math.min((bottom - top) / Math.max(...sizes), 86);
  const tile = Math.round(Math.min(row - 7, (right - left) / (1.55 * sizes.length), 64));
  const X = scale([0, sizes.length - 1], [left + tile / 2, right - tile / 2]);
  const spots = sizes.map((size, l) =>
    Array.from({ length: size }, (_, j) => [X(l), (top + bottom) / 2 + (j - (size - 1) / 2) * row]),
  );
  return { spots, tile, gap: X(1) - X(0) };
}

const bow = ([x1, y1], [x2, y2]) =>
  `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;

// How far a bow has risen where it has come a given share of the way across: solved by halving.
function rise(across) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 14; i++) {
    const t = (low + high) / 2;
    if (1.5 * t * (1 - t) + t ** 3 < across) low = t;
    else high = t;
  }
  return low * low * (3 - 2 * low);
}

// What lies under the pointer: { unit: number } or { weight: [l, j, k] } or null.
function unitOrWeightAt(x, y, spots, tile) {
  const units = spots.flat();
  const unit = units.findIndex(
    ([cx, cy]) => Math.max(Math.abs(x - cx), Math.abs(y - cy)) < tile / 2 + 2,
  );
  if (unit >= 0) return { unit };
  const l = spots.findIndex((column, at) => spots[at + 1] && x < spots[at + 1][0][0]);
  if (l < 0 || x < spots[l][0][0]) return null;
  const [x1, x2] = [spots[l][0][0] + tile / 2, spots[l + 1][0][0] - tile / 2];
  const share = rise((x - x1) / (x2 - x1));
  let [best, nearest] = [null, 12];
  spots[l].forEach(([, from], k) =>
    spots[l + 1].forEach(([, to], j) => {
      const away = Math.abs(from + share * (to - from) - y);
      if (away < nearest) [best, nearest] = [{ weight: [l, j, k] }, away];
    }),
  );
  return best;
}

// How a unit's values become colours: −1 orange, 0 nothing, 1 blue.
function colouring(values, start, gap, kind) {
  if (kind === "tanh") return (a) => a;
  if (kind === "sigmoid") return (a) => 2 * a - 1;
  if (kind === "output") return (z) => 2 * probability(z) - 1;
  let most = 1e-9;
  for (let i = start; i < values.length; i += gap) most = Math.max(most, Math.abs(values[i]));
  return (a) => a / most;
}

// How to paint unit j of column l from the activations A over the grid.
function surfaceOf({ l, j }, A, { features, hidden, activation }) {
  const gap = l === 0 ? features.length : (hidden[l - 1] ?? 1);
  const kind = l === 0 ? "linear" : l > hidden.length ? "output" : activation;
  return { values: A[l], start: j, gap, to: colouring(A[l], j, gap, kind) };
}

// Draws the diagram; `hover` is called with what lies under the pointer, `pick` with what is tapped.
function buildDiagram(drawing, box, { hover, pick }) {
  const group = svg("g");
  const label = svg("text", {
    class: "halo strong",
    "text-anchor": "middle",
    "pointer-events": "none",
  });
  const area = svg("rect", {
    x: box.left,
    y: box.top,
    width: box.right - box.left,
    height: box.bottom - box.top,
    fill: "transparent",
    class: "diagram",
  });
  drawing.append(group, area, label);
  let [spots, tile, gap] = [[], 0, 0];
  let lines = [];
  let frames = [];
  let structure = "";

  const lay = (state) => {
    const sizes = [state.features.length, ...state.hidden, 1];
    ({ spots, tile, gap } = placeUnits(sizes, box));
    lines = sizes.slice(1).map((size, l) =>
      Array.from({ length: size * sizes[l] }, (_, i) => {
        const ends = [spots[l][i % sizes[l]], spots[l + 1][Math.floor(i / sizes[l])]];
        const [from, to] = ends.map(([x, y], end) => [x + (end ? -1 : 1) * (tile / 2), y]);
        return new Path2D(bow(from, to));
      }),
    );
    frames = spots.flat().map(([x, y]) =>
      svg("rect", {
        x: x - tile / 2,
        y: y - tile / 2,
        width: tile,
        height: tile,
        rx: 2,
        fill: "none",
        class: "ink",
      }),
    );
    const column = (text, l) => {
      const middle = Math.min(spots[l][0][0], box.right - 20); // room for half a word
      const place = { x: middle, y: box.top - 6, "text-anchor": "middle" };
      return svg("text", { ...place, class: "small" }, text);
    };
    group.replaceChildren(
      ...frames,
      ...state.features.map((name, k) =>
        svg(
          "text",
          {
            x: spots[0][k][0] - tile / 2 - 4,
            y: spots[0][k][1] + 4,
            "text-anchor": "end",
            class: "small",
          },
          FEATURES[name][0],
        ),
      ),
      column("input", 0),
      ...state.hidden.map((_, l) => column(gap < 50 ? `${l + 1}` : `layer ${l + 1}`, l + 1)),
      column("output", sizes.length - 1),
    );
  };

  const find = (event) => {
    const frame = drawing.getBoundingClientRect();
    return unitOrWeightAt(event.clientX - frame.left, event.clientY - frame.top, spots, tile);
  };
  area.addEventListener("pointermove", (event) => hover(find(event)));
  area.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && hover(null));
  area.addEventListener("click", (event) => pick(find(event)));

  return (state, bench, maps, looked, hovered) => {
    const now = JSON.stringify([state.features, state.hidden]);
    if (now !== structure) lay(state);
    structure = now;
    const [l, j, k] = hovered?.weight ?? [-1, 0, 0];
    const chosen = l < 0 ? -1 : j * spots[l].length + k;
    lines.forEach((layer, at) =>
      layer.forEach((line, i) =>
        strokeWeight(maps, line, bench.W[at][i], at === l && i === chosen),
      ),
    );
    unitsOf(spots.map((column) => column.length)).forEach((unit, at) => {
      const [x, y] = spots[unit.l][unit.j];
      const surface = { ...surfaceOf(unit, bench.A, state), skip: 2 };
      maps.paint(surface.values, surface, x - tile / 2, y - tile / 2, tile);
      set(frames[at], {
        "stroke-width": at === looked ? 3 : 1,
        "stroke-opacity": at === looked ? 1 : 0.5,
      });
    });
    label.textContent = "";
    if (l < 0) return;
    const w = bench.W[l][chosen];
    label.textContent = w === 0 ? "0" : signed(w);
    const [[x1, y1], [x2, y2]] = [spots[l][k], spots[l + 1][j]];
    set(label, { x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 6 });
  };
}

// Exactly 0, as L1 leaves it, is a row of dots.
function strokeWeight(maps, line, w, chosen) {
  const size = Math.min(Math.abs(w), 3);
  if (w === 0) maps.stroke(line, GREY, 1.2, 0.8, [1, 5]);
  else {
    const opacity = chosen ? 1 : 0.35 + 0.2 * size;
    maps.stroke(line, w < 0 ? ORANGE : BLUE, 0.7 + 1.9 * size, opacity, chosen ? [7, 3] : []);
  }
}
