// A square piece of the plane: shaded by a function of its points, cut by lines.

const softStep = (z) => 1 / (1 + Math.exp(-z));

// Two scales that keep a square a square: `side` pixels wide, its corner at (left, top).
const square = (reach, left, top, side) => [
  scale([-reach, reach], [left, left + side]),
  scale([-reach, reach], [top + side, top]),
];

const LEVELS = 6; // shades on either side of zero

// Shades a piece of the plane: blue where the function is positive, orange where it is negative,
// deeper the larger it is; ±1 gets the deepest shade. Returns the node and a function that redraws it.
function shading(X, Y, cells, deepest = 0.5) {
  const [left, right] = X.ends;
  const [bottom, top] = Y.ends;
  const across = scale([0, cells], [left, right]);
  const down = scale([0, cells], [top, bottom]);
  const shades = Array.from({ length: 2 * LEVELS }, (_, i) => {
    const level = i < LEVELS ? LEVELS - i : i - LEVELS + 1;
    return svg("path", {
      class: i < LEVELS ? "orange-fill" : "blue-fill",
      opacity: (deepest * level) / LEVELS,
      "shape-rendering": "crispEdges",
    });
  });
  const shade = (value) => {
    const size = Math.ceil(Math.min(1, Math.abs(value)) * LEVELS) || 1;
    return value < 0 ? LEVELS - size : LEVELS - 1 + size;
  };
  const draw = (f) => {
    const paths = shades.map(() => []);
    for (let row = 0; row < cells; row++) {
      const y = Y.back(down(row + 0.5));
      const found = Array.from({ length: cells }, (_, i) => shade(f(X.back(across(i + 0.5)), y)));
      const [y0, y1] = [down(row).toFixed(1), down(row + 1).toFixed(1)];
      // Neighbours of one shade become one rectangle.
      for (let from = 0, to = 0; from < cells; from = to) {
        while (to < cells && found[to] === found[from]) to++;
        const [x0, x1] = [across(from).toFixed(1), across(to).toFixed(1)];
        paths[found[from]].push(`M${x0} ${y0}H${x1}V${y1}H${x0}z`);
      }
    }
    shades.forEach((node, i) => set(node, { d: paths[i].join("") }));
  };
  return [svg("g", {}, ...shades), draw];
}

// Where a function is zero, as a path: each cell of a grid is cut into two triangles, and in a
// triangle a function that is nearly straight is zero on one segment or nowhere.
function border(f, X, Y, cells) {
  const at = (ends, i) => ends[0] + ((ends[1] - ends[0]) * i) / cells;
  const xs = Array.from({ length: cells + 1 }, (_, i) => at(X.ends, i));
  const ys = Array.from({ length: cells + 1 }, (_, i) => at(Y.ends, i));
  const values = ys.map((y) => xs.map((x) => f(X.back(x), Y.back(y))));
  const segments = [];
  const triangle = (corners) => {
    const ends = corners.flatMap(([i, j], n) => {
      const [k, l] = corners[(n + 1) % 3];
      const [from, to] = [values[j][i], values[l][k]];
      if (from > 0 === to > 0) return [];
      const share = from / (from - to);
      const point = [xs[i] + share * (xs[k] - xs[i]), ys[j] + share * (ys[l] - ys[j])];
      return [point.map((value) => value.toFixed(1)).join(" ")];
    });
    if (ends.length) segments.push(`M${ends[0]}L${ends[1]}`);
  };
  for (let j = 0; j < cells; j++) {
    for (let i = 0; i < cells; i++) {
      const [low, high] = [
        [i, j],
        [i + 1, j + 1],
      ];
      triangle([low, [i + 1, j], high]);
      triangle([low, [i, j + 1], high]);
    }
  }
  return segments.join("");
}

// The ends of the line w · x + b = 0, far outside of what is shown; null where w is 0.
function cut([w1, w2], b, X, Y) {
  const square = w1 * w1 + w2 * w2;
  if (square === 0) return null;
  const [fx, fy] = [(-b * w1) / square, (-b * w2) / square]; // the point next to the origin
  const far = 20 / Math.sqrt(square);
  return {
    x1: X(fx - far * w2),
    y1: Y(fy + far * w1),
    x2: X(fx + far * w2),
    y2: Y(fy - far * w1),
  };
}

const rounded = (value, low, high, step = 0.05) =>
  Number((Math.round(clamp(value, low, high) / step) * step).toFixed(2));
