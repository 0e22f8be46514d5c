// A random recurrent layer and what is done with one; book/figures/recurrent.py draws the same.

const dot = (a, b, from = 0) => {
  let total = 0;
  for (let k = 0; k < b.length; k++) total += a[from + k] * b[k];
  return total;
};

const norm = (values) => Math.sqrt(dot(values, values));

// W (n, n), in rows, times itself.
function squared(W, n) {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const w = W[i * n + k];
      for (let j = 0; j < n; j++) product[i * n + j] += w * W[k * n + j];
    }
  return product;
}

// The limit of ‖Wᵏ‖^(1/k), at k = 2⁴⁶: squaring again and again, the size taken out each time.
function spectralRadius(W, n) {
  let log = 0;
  let P = W;
  for (let k = 0; k < 46; k++) {
    const size = norm(P);
    log += Math.log(size) / 2 ** k;
    P = squared(
      P.map((value) => value / size),
      n,
    );
  }
  return Math.exp(log);
}

// Weights of spectral radius 1 for one seed; they are drawn once, since a slider only scales them.
const layers = new Map();
function layer(seed, units) {
  const key = `${seed} ${units}`;
  if (!layers.has(key)) {
    const drawn = normals(seed, units * units + 2 * units);
    const W = drawn.slice(0, units * units);
    const radius = spectralRadius(W, units);
    const inputs = drawn.slice(units * units, units * units + units);
    const biases = drawn.slice(units * units + units).map((b) => 0.2 * b);
    layers.set(key, { W: W.map((w) => w / radius), inputs, biases });
  }
  return layers.get(key);
}

// tanh(inputs x + b + radius W h)
function nextState({ W, inputs }, radius, biases, x, h) {
  return h.map((_, j) =>
    Math.tanh(inputs[j] * x + biases[j] + radius * dot(W, h, j * h.length)),
  );
}
