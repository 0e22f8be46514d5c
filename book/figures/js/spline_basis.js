// B-splines for figures: the recursion of Cox and de Boor, and its derivative.

// Values of all B-splines at x; the last interval that is not empty is closed on the right.
function hillsAt(x, knots, degree) {
  const pieces = knots.length - 1;
  const end = knots[pieces];
  const N = new Array(pieces);
  for (let i = 0; i < pieces; i++) {
    const last = x === end && knots[i + 1] === end;
    N[i] = (knots[i] <= x && x < knots[i + 1]) || last ? 1 : 0;
  }
  for (let p = 1; p <= degree; p++)
    for (let i = 0; i < pieces - p; i++) {
      const [first, second] = [knots[i + p] - knots[i], knots[i + p + 1] - knots[i + 1]];
      const rise = first > 0 ? (N[i] * (x - knots[i])) / first : 0;
      const fall = second > 0 ? (N[i + 1] * (knots[i + p + 1] - x)) / second : 0;
      N[i] = rise + fall;
    }
  N.length = pieces - degree;
  return N;
}

// Their slopes, for a degree of 1 or more.
function slopesAt(x, knots, degree) {
  const per = hillsAt(x, knots, degree - 1).map((value, i) => {
    const width = knots[i + degree] - knots[i];
    return width > 0 ? (degree * value) / width : 0;
  });
  return per.slice(1).map((next, i) => per[i] - next);
}

const inner = (a, b) => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
};
