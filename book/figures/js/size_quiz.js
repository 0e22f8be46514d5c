// Questions about the size of the output, to be answered before the settings are tried.

const INPUT_SIDE = 12; // pixels along an edge of the image; the kernel has 3
const QUESTIONS = [
  // stride, padding, dilation
  [2, 1, 1],
  [1, 1, 1],
  [1, 0, 2],
  [3, 1, 1],
  [2, 2, 3],
  [4, 3, 1],
];

const outputSize = ([stride, padding, dilation]) =>
  Math.floor((INPUT_SIDE + 2 * padding - 2 * dilation - 1) / stride) + 1;

const sizeFormula = (settings) => {
  const [stride, padding, dilation] = settings;
  const room = `12 + 2·${padding} − ${dilation}·(3 − 1) − 1`;
  return `⌊(${room}) / ${stride}⌋ + 1 = ${outputSize(settings)}`;
};

// Changes settings; the window stays as near to its place in the image as the new ones allow.
function settle(model, changes) {
  const settings = () => ["stride", "padding", "dilation"].map((key) => model.get(key));
  const [before, size] = [settings(), outputSize(settings())];
  const at = Math.min(model.get("at"), size * size - 1);
  for (const pair of Object.entries(changes)) model.set(...pair);
  const [stride, padding, dilation] = settings();
  const most = outputSize([stride, padding, dilation]) - 1;
  const [row, column] = [Math.floor(at / size), at % size].map((place) => {
    const middle = place * before[0] - before[1] + before[2];
    return clamp(Math.round((middle + padding - dilation) / stride), 0, most);
  });
  write(model, "at", row * (most + 1) + column);
}

const settling = (model) => ({
  get: (key) => model.get(key),
  set: (key, value) => settle(model, { [key]: value }),
  save_changes: () => {},
});

const questionOf = (model) => QUESTIONS[model.get("question") % QUESTIONS.length];

function sizeQuiz(model) {
  const id = freshId();
  const label = html("label", { for: id, style: "grid-column: 1 / -1" });
  const number = html("input", {
    type: "number",
    id,
    min: 1,
    max: 20,
    "data-param": "guess",
    style: `${FIELD} width: 5em; min-height: 34px`,
  });
  const go = html("button", { type: "button", class: "main", "data-action": "try" }, "Try it");
  const next = html("button", { type: "button", "data-action": "next" }, "Next question");
  const answerIt = () => {
    const guess = Number(number.value);
    if (!Number.isInteger(guess) || guess < 1) return number.focus();
    const [stride, padding, dilation] = questionOf(model);
    settle(model, { stride, padding, dilation });
    write(model, "guess", guess);
  };
  go.addEventListener("click", answerIt);
  number.addEventListener("keydown", ({ key }) => key === "Enter" && answerIt());
  next.addEventListener("click", () => {
    number.value = "";
    model.set("guess", 0);
    write(model, "question", model.get("question") + 1);
  });
  const show = () => {
    const [stride, padding, dilation] = questionOf(model);
    label.textContent =
      `Stride ${stride}, padding ${padding}, dilation ${dilation}: ` +
      "how many pixels will an edge of the output have?";
  };
  return { nodes: [label, html("div", { class: "buttons" }, number, go, next)], show };
}

function quizAnswer({ guess, asked, stride, padding, dilation }) {
  if (!guess) {
    const settings = [stride, padding, dilation];
    return `With these settings an edge of the output has ${sizeFormula(settings)} pixels.`;
  }
  const right = guess === outputSize(asked);
  return `${right ? "Right:" : `You said ${guess}. It is`} ${sizeFormula(asked)}.`;
}
