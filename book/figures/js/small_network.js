// A small network that says how likely class 1 is, and its training in the page; its twin is
// book/figures/small_network.py. Layers count from 0: W[l] (n_out × n_in, row by row) and b[l] lead
// from A[l] to A[l + 1]. The last layer stays linear: its z is the logit, p = σ(z).

const probability = (z) => 1 / (1 + Math.exp(-z));

// name: [in words, a(z), a′ from a]
const BENDS = {
  relu: ["ReLU", (z) => (z > 0 ? z : 0), (a) => (a > 0 ? 1 : 0)],
  tanh: ["tanh", Math.tanh, (a) => 1 - a * a],
  sigmoid: ["sigmoid", probability, (a) => a * (1 - a)],
  linear: ["linear", (z) => z, () => 1],
};

// Weights of variance 2/n_in for ReLU, 1/n_in otherwise; "equal" gives all of a layer the same one.
function makeNetwork(sizes, activation, start, seed) {
  const total = sum(sizes.slice(1).map((size, l) => size * sizes[l]));
  const drawn = normals(4 * seed + 2, total + (total % 2));
  let used = 0;
  const W = sizes.slice(1).map((size, l) => {
    const std = Math.sqrt((activation === "relu" ? 2 : 1) / sizes[l]);
    return Float64Array.from({ length: size * sizes[l] }, () =>
      start === "equal" ? std : std * drawn[used++],
    );
  });
  const b = sizes.slice(1).map((size) => new Float64Array(size));
  return { sizes, activation, W, b };
}

const zerosLike = (arrays) => arrays.map((array) => new Float64Array(array.length));
const spaceFor = (sizes, count) => sizes.map((size) => new Float64Array(size * count));

// Fills A[1], A[2], … from the rows in A[0].
function runForward({ sizes, activation, W, b }, A, count) {
  const bend = BENDS[activation][1];
  const last = sizes.length - 2;
  for (let l = 0; l <= last; l++) {
    const [from, to, weights, bias] = [A[l], A[l + 1], W[l], b[l]];
    const [ins, outs] = [sizes[l], sizes[l + 1]];
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < outs; j++) {
        let z = bias[j];
        for (let k = 0; k < ins; k++) z += weights[j * ins + k] * from[i * ins + k];
        to[i * outs + j] = l < last ? bend(z) : z;
      }
    }
  }
}

// Fills dW and db with the gradients of the mean cross-entropy over the rows in A[0].
function runBackward({ sizes, activation, W }, A, D, classes, count, { dW, db }) {
  const slope = BENDS[activation][2];
  const last = sizes.length - 1;
  for (let i = 0; i < count; i++) D[last][i] = (probability(A[last][i]) - classes[i]) / count;
  for (let l = last - 1; l >= 0; l--) {
    const [ins, outs] = [sizes[l], sizes[l + 1]];
    const [from, errors, below, weights] = [A[l], D[l + 1], D[l], W[l]];
    dW[l].fill(0);
    db[l].fill(0);
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < ins; k++) below[i * ins + k] = 0;
      for (let j = 0; j < outs; j++) {
        const error = errors[i * outs + j];
        db[l][j] += error;
        for (let k = 0; k < ins; k++) {
          dW[l][j * ins + k] += error * from[i * ins + k];
          below[i * ins + k] += error * weights[j * ins + k];
        }
      }
      if (l) for (let k = 0; k < ins; k++) below[i * ins + k] *= slope(from[i * ins + k]);
    }
  }
}

// Mean of log(1 + eᶻ) − y z, written so that nothing overflows, and the share of right answers.
function judge(network, set) {
  runForward(network, set.A, set.count);
  const logits = set.A[set.A.length - 1];
  let [loss, right] = [0, 0];
  for (let i = 0; i < set.count; i++) {
    const [z, y] = [logits[i], set.classes[i]];
    loss += Math.max(z, 0) - y * z + Math.log1p(Math.exp(-Math.abs(z)));
    right += z > 0 === (y === 1) ? 1 : 0;
  }
  return { loss: loss / set.count, accuracy: right / set.count };
}

// Rows of features and their classes, with room for the activations.
function makeSet(sizes, rows, classes) {
  const A = spaceFor(sizes, classes.length);
  A[0] = rows;
  return { A, rows, classes, count: classes.length };
}

// ---- training ------------------------------------------------------------------------------

const RECORD = 10; // steps from one entry of the loss curves to the next

// A network in training. Its path is a function of how it began and of the settings at each step.
// Where a test set is given, the losses are recorded on the way.
function makeTrainer(sizes, activation, start, seed, train, test) {
  const network = makeNetwork(sizes, activation, start, seed);
  const trainer = {
    network,
    train: makeSet(sizes, ...train),
    test: test && makeSet(sizes, ...test),
    A: spaceFor(sizes, train[1].length),
    D: spaceFor(sizes, train[1].length),
    classes: new Float64Array(train[1].length),
    gradient: { dW: zerosLike(network.W), db: zerosLike(network.b) },
    steps: 0,
    curve: [],
    next: uniform(4 * seed + 3),
    order: [],
    cursor: 0,
    method: "",
  };
  record(trainer);
  return trainer;
}

function record({ curve, network, train, test, steps }) {
  if (test) curve.push([steps, judge(network, train).loss, judge(network, test).loss]);
}

// Fills the working space with the next batch. Each epoch has an order of its own, unless a batch
// holds everything.
function nextBatch(trainer, size) {
  const { train } = trainer;
  const all = size >= train.count;
  if (!all && trainer.cursor >= trainer.order.length) {
    const keys = Float64Array.from(train.classes, trainer.next);
    trainer.order = [...keys.keys()].sort((i, j) => keys[i] - keys[j]);
    trainer.cursor = 0;
  }
  const from = all ? 0 : trainer.cursor;
  const count = all ? train.count : Math.min(size, trainer.order.length - from);
  const width = trainer.network.sizes[0];
  for (let at = 0; at < count; at++) {
    const i = all ? at : trainer.order[from + at];
    trainer.classes[at] = train.classes[i];
    for (let k = 0; k < width; k++) trainer.A[0][at * width + k] = train.rows[i * width + k];
  }
  if (!all) trainer.cursor += count;
  return count;
}

// settings: { rate, batch, method, penalty, strength }
function takeStep(trainer, settings) {
  const { network, A, D, classes, gradient } = trainer;
  const count = nextBatch(trainer, settings.batch);
  runForward(network, A, count);
  runBackward(network, A, D, classes, count, gradient);
  if (trainer.method !== settings.method) {
    const fresh = () => [...zerosLike(network.W), ...zerosLike(network.b)];
    Object.assign(trainer, { method: settings.method, means: fresh(), squares: fresh(), t: 0 });
  }
  trainer.t += 1;
  const slopes = [...gradient.dW, ...gradient.db];
  [...network.W, ...network.b].forEach((values, at) => {
    const penalty = at < network.W.length ? settings.penalty : "none"; // biases go free
    if (penalty === "l2")
      for (let i = 0; i < values.length; i++) slopes[at][i] += settings.strength * values[i];
    if (settings.method === "adam") adamStep(trainer, at, values, slopes[at], settings.rate);
    else for (let i = 0; i < values.length; i++) values[i] -= settings.rate * slopes[at][i];
    if (penalty === "l1") shrink(values, settings.rate * settings.strength);
  });
  trainer.steps += 1;
  if (trainer.steps % RECORD === 0) record(trainer);
}

function adamStep({ means, squares, t }, at, values, slopes, rate) {
  const [m, v] = [means[at], squares[at]];
  for (let i = 0; i < values.length; i++) {
    m[i] = 0.9 * m[i] + 0.1 * slopes[i];
    v[i] = 0.999 * v[i] + 0.001 * slopes[i] ** 2;
    values[i] -= (rate * (m[i] / (1 - 0.9 ** t))) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-8);
  }
}

// The soft threshold: towards 0 by `by`, and never past it.
function shrink(values, by) {
  for (let i = 0; i < values.length; i++)
    values[i] = Math.sign(values[i]) * Math.max(Math.abs(values[i]) - by, 0);
}
