// A generator and a discriminator that play on a line. It repeats `Game` of
// book/figures/generative.py, number for number.

const HUMPS = {
  // name → [weight, mean, standard deviation] of each hump of the real density
  "one hump": [[1, 1.5, 0.5]],
  "two humps": [
    [0.5, -1.5, 0.4],
    [0.5, 1.5, 0.4],
  ],
  "a large and a small hump": [
    [0.8, -1, 0.5],
    [0.2, 2, 0.3],
  ],
};
const UNITS = { G: 6, D: 12 };
const BATCH = 64;
const RATES = { G: 0.005, D: 0.02 };
const KEEP = 0.99; // what Adam keeps of the average of squares; of the gradient it keeps nothing
const COUNT = 100; // cells between −5 and 5
const WIDTH = 10 / COUNT;
const PIECES = 280; // stretches of noise between −3.5 and 3.5

const cellAt = (i) => -5 + (i + 0.5) * WIDTH;
const noiseAt = (i) => -3.5 + (7 * i) / PIECES;
const range = (count, f) => Float64Array.from({ length: count }, (_, i) => f(i));
const share = (weights) => {
  const total = weights.reduce((one, other) => one + other, 0);
  return weights.map((w) => w / total);
};
const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

// ---- the two networks: weights in, bias, weights out of every unit, and what is added -----------

function generate(theta, z) {
  let x = theta[3 * UNITS.G] * z + theta[3 * UNITS.G + 1];
  for (let k = 0; k < UNITS.G; k++)
    x += theta[2 * UNITS.G + k] * Math.tanh(theta[k] * z + theta[UNITS.G + k]);
  return x;
}

function addGeneratorGradient(grad, theta, z, dx) {
  const n = UNITS.G;
  for (let k = 0; k < n; k++) {
    const T = Math.tanh(theta[k] * z + theta[n + k]);
    const d = dx * theta[2 * n + k] * (1 - T * T);
    grad[k] += d * z;
    grad[n + k] += d;
    grad[2 * n + k] += dx * T;
  }
  grad[3 * n] += dx * z;
  grad[3 * n + 1] += dx;
}

// The logit at x, and its slope there.
function judge(theta, x) {
  const n = UNITS.D;
  let [logit, slope] = [theta[3 * n], 0];
  for (let k = 0; k < n; k++) {
    const T = Math.tanh(theta[k] * x + theta[n + k]);
    logit += theta[2 * n + k] * T;
    slope += theta[2 * n + k] * theta[k] * (1 - T * T);
  }
  return [logit, slope];
}

// From the gradient of a logit, and that of its slope, to theta's.
function addDiscriminatorGradient(grad, theta, x, dLogit, dSlope = 0) {
  const n = UNITS.D;
  for (let k = 0; k < n; k++) {
    const [a, w] = [theta[k], theta[2 * n + k]];
    const T = Math.tanh(a * x + theta[n + k]);
    const bend = 1 - T * T;
    const d = dLogit * w * bend;
    grad[k] += d * x + dSlope * w * bend * (1 - 2 * a * T * x);
    grad[n + k] += d - 2 * dSlope * w * a * T * bend;
    grad[2 * n + k] += dLogit * T + dSlope * a * bend;
  }
  grad[3 * n] += dLogit;
}

// ---- the densities -------------------------------------------------------------------------

function realMasses(data) {
  const hump = (x, [w, m, s]) => (w / s) * Math.exp(-(((x - m) / s) ** 2) / 2);
  const at = (x) => sum(HUMPS[data].map((one) => hump(x, one)));
  return share(range(COUNT, (i) => at(cellAt(i))));
}

const WEIGHTS = share(
  range(PIECES, (i) => Math.exp(-(((noiseAt(i) + noiseAt(i + 1)) / 2) ** 2) / 2)),
);

function generatedMasses(theta) {
  const ends = range(PIECES + 1, (i) => clamp(generate(theta, noiseAt(i)), -4.99, 4.99));
  const masses = new Float64Array(COUNT);
  WEIGHTS.forEach((weight, i) => {
    const low = Math.min(ends[i], ends[i + 1]);
    const width = Math.max(Math.abs(ends[i + 1] - ends[i]), 1e-3);
    const below = (edge) => clamp((-5 + edge * WIDTH - low) / width, 0, 1);
    const first = Math.max(0, Math.floor((low + 5) / WIDTH) - 1);
    const last = Math.min(COUNT - 1, Math.floor((low + width + 5) / WIDTH) + 1);
    for (let c = first; c <= last; c++) masses[c] += weight * (below(c + 1) - below(c));
  });
  return masses;
}

// Points are drawn from the humps one after the other, as long as the uniform number lasts.
function realPoints(data, seed) {
  const next = uniform(seed);
  const places = normals(seed + 1, BATCH);
  return places.map((place) => {
    const u = next();
    let [at, below] = [0, HUMPS[data][0][0]];
    while (at < HUMPS[data].length - 1 && u >= below) below += HUMPS[data][++at][0];
    const [, m, s] = HUMPS[data][at];
    return m + s * place;
  });
}

// ---- the game ------------------------------------------------------------------------------

function newGame({ seed, ...rules }) {
  const { G: g, D: d } = UNITS;
  const drawn = normals(seed, 2 * g + 3 * d);
  const part = (k) => drawn.slice(2 * g + k * d, 2 * g + (k + 1) * d);
  const players = {
    G: Float64Array.of(...drawn.slice(0, 2 * g), ...new Float64Array(g), 1, 0),
    D: Float64Array.of(...part(0).map((a) => 2 * a), ...part(1), ...part(2).map((w) => w / 10), 0),
  };
  const squares = { G: players.G.map(() => 0), D: players.D.map(() => 0) };
  return { ...rules, players, squares, times: { G: 0, D: 0 }, drawn: 100003 * seed, steps: 0 };
}

function move(game, name, grad) {
  const [theta, v] = [game.players[name], game.squares[name]];
  const correction = 1 - KEEP ** ++game.times[name];
  for (let i = 0; i < theta.length; i++) {
    v[i] = KEEP * v[i] + (1 - KEEP) * grad[i] ** 2;
    theta[i] -= (RATES[name] * grad[i]) / (Math.sqrt(v[i] / correction) + 1e-8);
  }
}

const noise = (game) => normals((game.drawn += 3), BATCH);

function takeStep(game) {
  const { G, D } = game.players;
  for (let visit = 0; visit < game.visits; visit++) {
    const fakes = noise(game).map((z) => generate(G, z));
    const grad = new Float64Array(D.length);
    for (const x of realPoints(game.data, game.drawn + 1)) {
      const [logit, slope] = judge(D, x);
      const dLogit = -sigmoid(-logit) / BATCH;
      addDiscriminatorGradient(grad, D, x, dLogit, (game.penalty * slope) / BATCH);
    }
    for (const x of fakes) addDiscriminatorGradient(grad, D, x, sigmoid(judge(D, x)[0]) / BATCH);
    move(game, "D", grad);
  }
  const grad = new Float64Array(G.length);
  for (const z of noise(game)) {
    const [logit, slope] = judge(D, generate(G, z));
    const dLogit = game.loss === "minimax" ? -sigmoid(logit) : -sigmoid(-logit);
    addGeneratorGradient(grad, G, z, (dLogit * slope) / BATCH);
  }
  move(game, "G", grad);
  game.steps += 1;
}
