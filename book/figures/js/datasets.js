// Small sets of points in the plane, two classes that take turns; book/figures/datasets.py draws
// the same ones. They lie between −REACH and REACH on both axes.

const REACH = 3;

// What stands before the noise; u holds three numbers in [0, 1).
const SHAPES = {
  circle: (inside, u) => {
    const radius = inside ? 1.3 * Math.sqrt(u[0]) : 1.9 + 0.8 * u[0];
    return [radius * Math.cos(2 * Math.PI * u[1]), radius * Math.sin(2 * Math.PI * u[1])];
  },
  xor: (same, u) => {
    const [across, up] = [0.2 + 2.3 * u[0], 0.2 + 2.3 * u[1]];
    const side = u[2] < 0.5 ? 1 : -1;
    return [side * across, (same ? side : -side) * up];
  },
  gauss: (high) => (high ? [1.1, 1.1] : [-1.1, -1.1]),
  spiral: (turned, u) => {
    const angle = 2.4 * Math.PI * u[0] + (turned ? Math.PI : 0);
    const radius = 0.15 + 2.45 * u[0];
    return [radius * Math.sin(angle), radius * Math.cos(angle)];
  },
  moons: (upper, u) => {
    const angle = Math.PI * u[0];
    const [x, y] = [1.5 * Math.cos(angle), 1.5 * Math.sin(angle)];
    return upper ? [x - 0.75, y - 0.4] : [0.75 - x, 0.4 - y];
  },
};
const SPREAD = { gauss: 0.5 }; // of a cloud without any noise

// Points x, y in pairs, and their classes 0, 1, 0, 1, …
function makePoints(name, seed, count, noise) {
  const next = uniform(4 * seed);
  const off = normals(4 * seed + 1, 2 * count);
  const places = new Float64Array(2 * count);
  const classes = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    classes[i] = i % 2;
    const [x, y] = SHAPES[name](classes[i] === 1, [next(), next(), next()]);
    const spread = (SPREAD[name] ?? 0) + noise;
    places[2 * i] = x + spread * off[2 * i];
    places[2 * i + 1] = y + spread * off[2 * i + 1];
  }
  return { places, classes };
}

// ---- what a network may be given of a point --------------------------------------------------

const FEATURES = {
  x1: ["x₁", (x) => x],
  x2: ["x₂", (x, y) => y],
  "x1^2": ["x₁²", (x) => x * x],
  "x2^2": ["x₂²", (x, y) => y * y],
  "x1 x2": ["x₁x₂", (x, y) => x * y],
  "sin 2 x1": ["sin 2x₁", (x) => Math.sin(2 * x)],
  "sin 2 x2": ["sin 2x₂", (x, y) => Math.sin(2 * y)],
};

// Points as rows of features.
function makeRows(places, features) {
  const count = places.length / 2;
  const rows = new Float64Array(count * features.length);
  features.forEach((name, k) => {
    const [, of] = FEATURES[name];
    for (let i = 0; i < count; i++)
      rows[i * features.length + k] = of(places[2 * i], places[2 * i + 1]);
  });
  return rows;
}
