// A small convolutional net, forward only, and the way from strokes to its input.
// It repeats book/figures/digit_net.py and the functions of book/figures/convolution.py.

const STEP = 2 ** -11; // the weights are whole multiples of this
const SHAPES = { W1: [8, 25], b1: [8, 1], W2: [16, 72], b2: [16, 1], W3: [10, 576], b3: [10, 1] };
const LAYERS = {
  // layer → maps, pixels along an edge; jump and size of a unit's field in the image
  conv1: { maps: 8, side: 28, jump: 1, field: 5 },
  relu1: { maps: 8, side: 28, jump: 1, field: 5 },
  pool1: { maps: 8, side: 14, jump: 2, field: 6 },
  conv2: { maps: 16, side: 12, jump: 2, field: 10 },
  relu2: { maps: 16, side: 12, jump: 2, field: 10 },
  pool2: { maps: 16, side: 6, jump: 4, field: 12 },
  logits: { maps: 10, side: 6, jump: 4, field: 12 },
};

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function decoded(text) {
  const bytes = new DataView(bytesOf(text).buffer);
  const params = {};
  let at = 0;
  for (const [name, [rows, columns]] of Object.entries(SHAPES)) {
    params[name] = Float64Array.from(
      { length: rows * columns },
      () => STEP * bytes.getInt16(2 * at++, true),
    );
  }
  return params;
}

// ---- the layers: maps of side × side pixels, one after the other in one array -------------------

function pad(X, maps, side, by) {
  const wide = side + 2 * by;
  const padded = new Float64Array(maps * wide * wide);
  for (let c = 0; c < maps; c++)
    for (let i = 0; i < side; i++) {
      const from = (c * side + i) * side;
      padded.set(X.subarray(from, from + side), (c * wide + i + by) * wide + by);
    }
  return padded;
}

// X (maps, side, side), W (filters, maps · k · k), b (filters): stride 1, no padding
function convolve(X, maps, side, W, b, k) {
  const out = side - k + 1;
  const Y = new Float64Array(b.length * out * out);
  for (let f = 0; f < b.length; f++) {
    const start = f * out * out;
    Y.fill(b[f], start, start + out * out);
    for (let c = 0; c < maps; c++)
      for (let u = 0; u < k; u++)
        for (let v = 0; v < k; v++) {
          const w = W[((f * maps + c) * k + u) * k + v];
          for (let i = 0; i < out; i++) {
            const from = (c * side + i + u) * side + v;
            const to = start + i * out;
            for (let j = 0; j < out; j++) Y[to + j] += w * X[from + j];
          }
        }
  }
  return Y;
}

const relu = (X) => X.map((x) => (x > 0 ? x : 0));

function maxPool(X, maps, side) {
  const out = side / 2;
  return Float64Array.from({ length: maps * out * out }, (_, at) => {
    const j = at % out;
    const row = (at - j) / out; // counted through all maps
    const corner = 2 * row * side + 2 * j;
    return Math.max(X[corner], X[corner + 1], X[corner + side], X[corner + side + 1]);
  });
}

function softmax(z) {
  const top = Math.max(...z);
  const e = z.map((one) => Math.exp(one - top));
  const total = sum([...e]);
  return [...e].map((one) => one / total);
}

// Every map of every layer; `logits` holds the evidence for each class at each place of the last
// maps, which with the bias adds up to its score.
function forward({ W1, b1, W2, b2, W3, b3 }, image) {
  const conv1 = convolve(pad(image, 1, 28, 2), 1, 32, W1, b1, 5);
  const relu1 = relu(conv1);
  const pool1 = maxPool(relu1, 8, 28);
  const conv2 = convolve(pool1, 8, 14, W2, b2, 3);
  const relu2 = relu(conv2);
  const pool2 = maxPool(relu2, 16, 12);
  const logits = new Float64Array(10 * 36);
  const scores = Array.from(b3);
  for (let k = 0; k < 10; k++)
    for (let n = 0; n < 576; n++) {
      const evidence = W3[k * 576 + n] * pool2[n];
      logits[k * 36 + (n % 36)] += evidence;
      scores[k] += evidence;
    }
  const maps = { conv1, relu1, pool1, conv2, relu2, pool2, logits };
  return { maps, scores, p: softmax(scores) };
}

// ---- from strokes to an image -------------------------------------------------------------------

const PEN = 1.4; // half the width of a stroke, in pixels of the image
const BOX = 20; // digits fill a box of this side, within 28 × 28
const CENTRE = 14.5; // where the centre of mass comes to lie

// strokes: lists x, y, x, y, … in pixels of the image
function ink(strokes) {
  const image = new Float64Array(784);
  const reach = PEN + 0.5;
  for (const points of strokes) {
    const last = Math.max(2, points.length - 2);
    for (let at = 0; at < last; at += 2) {
      const [ax, ay] = [points[at], points[at + 1]];
      const [bx, by] = [points[at + 2] ?? ax, points[at + 3] ?? ay];
      const length = (bx - ax) ** 2 + (by - ay) ** 2;
      const [top, bottom] = [Math.min(ay, by) - reach, Math.max(ay, by) + reach].map(Math.round);
      const [left, right] = [Math.min(ax, bx) - reach, Math.max(ax, bx) + reach].map(Math.round);
      for (let i = Math.max(0, top - 1); i < Math.min(28, bottom + 1); i++)
        for (let j = Math.max(0, left - 1); j < Math.min(28, right + 1); j++) {
          const [x, y] = [j + 0.5 - ax, i + 0.5 - ay];
          const along = length ? clamp((x * (bx - ax) + y * (by - ay)) / length, 0, 1) : 0;
          const away = Math.hypot(x - along * (bx - ax), y - along * (by - ay));
          const dark = clamp(reach - away, 0, 1);
          if (dark > image[i * 28 + j]) image[i * 28 + j] = dark;
        }
    }
  }
  return image;
}

// As MNIST places its digits: into the box along the longer side, then the centre of mass of the
// ink into the middle.
function centred(strokes) {
  const xs = strokes.flatMap((one) => one.filter((_, n) => n % 2 === 0));
  const ys = strokes.flatMap((one) => one.filter((_, n) => n % 2));
  const ends = [xs, ys].map((all) => [Math.min(...all), Math.max(...all)]);
  const spread = ends.map(([low, high]) => high - low);
  const resize = (BOX - 1 - 2 * PEN) / Math.max(...spread, 0.2);
  const middle = ends.map(([low, high]) => (low + high) / 2);
  const placed = strokes.map((one) => one.map((v, n) => (v - middle[n % 2]) * resize + 14));
  const image = ink(placed);
  const mass = [0, 0];
  image.forEach((dark, at) => {
    mass[0] += dark * ((at % 28) + 0.5);
    mass[1] += dark * (Math.floor(at / 28) + 0.5);
  });
  const total = sum([...image]);
  return ink(placed.map((one) => one.map((v, n) => v + CENTRE - mass[n % 2] / total)));
}
