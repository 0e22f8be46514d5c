// A window sliding along a sentence, and the training examples that it makes.

function compute(model) {
  const T = model.get("sentence").length;
  const m = model.get("window");
  const place = model.get("place");
  const inWindow = (c) =>
    Array.from({ length: T }, (_, t) => t).filter((t) => t !== c && Math.abs(t - c) <= m);
  return {
    context: inWindow(place),
    whole: place >= m && place < T - m,
    pairs: sum(Array.from({ length: T }, (_, c) => inWindow(c).length)),
    examples: Math.max(0, T - 2 * m),
  };
}

const ROW = 40;
const GAP = 6;

// Where each word stands: the sentence breaks into lines like text.
function layout(sentence, width) {
  let x = 0;
  let line = 0;
  return sentence.map((word) => {
    const wide = 9 * word.length + 18;
    if (x + wide > width) [x, line] = [0, line + 1];
    const box = { x, y: line * ROW + 4, wide };
    x += wide + GAP;
    return box;
  });
}

const linesOf = (sentence, width) => (layout(sentence, width).at(-1).y - 4) / ROW + 1;
const listTop = (sentence, width) => linesOf(sentence, width) * ROW + 30;

function build(drawing, width, height, model) {
  const sentence = model.get("sentence");
  const boxes = layout(sentence, width);
  const words = boxes.map(({ x, y, wide }, i) => {
    const frame = svg("rect", { x: x + 1, y, width: wide - 2, height: ROW - 10, rx: 6 });
    const middle = { x: x + wide / 2, y: y + 20, "text-anchor": "middle" };
    drawing.append(frame, svg("text", middle, sentence[i]));
    return frame;
  });
  const top = listTop(sentence, width);
  const heading = svg("text", { x: 0, y: top - 6, class: "strong" });
  const columns = width >= 480 ? 3 : 2;
  const wide = width / columns;
  const lines = Array.from({ length: 9 }, (_, i) =>
    svg("text", { x: (i % columns) * wide, y: top + 16 + 20 * Math.floor(i / columns) }),
  );
  const area = svg("rect", {
    x: 0,
    y: 0,
    width,
    height: linesOf(sentence, width) * ROW,
    class: "drag-area drag-plane",
  });
  drag(area, (x, y) => {
    const line = clamp(Math.floor((y - 2) / ROW), 0, linesOf(sentence, width) - 1);
    const gap = (box) => (box.y === line * ROW + 4 ? Math.abs(box.x + box.wide / 2 - x) : Infinity);
    const gaps = boxes.map(gap);
    write(model, "place", gaps.indexOf(Math.min(...gaps)));
  });
  drawing.append(heading, ...lines, area);

  return ({ context, whole }) => {
    const place = model.get("place");
    const skip = model.get("method") === "skip-gram";
    words.forEach((frame, i) => {
      const kind = i === place ? "blue" : context.includes(i) ? "orange" : "grid";
      set(frame, { class: kind, fill: "none", "stroke-width": kind === "grid" ? 1 : 2.5 });
    });
    const around = context.map((c) => sentence[c]);
    const here = sentence[place];
    heading.textContent = skip ? "pairs: centre → one neighbour" : "one example: neighbours → centre";
    const half = around.length / 2;
    const example = [`${around.slice(0, half).join(", ")},`, around.slice(half).join(", "), `→ ${here}`];
    const none = ["none: the window sticks out"];
    const said = skip ? around.map((word) => `${here} → ${word}`) : whole ? example : none;
    lines.forEach((line, i) => {
      const apart = skip ? columns : 1;
      set(line, { x: (i % apart) * wide, y: top + 16 + 20 * Math.floor(i / apart) });
      line.textContent = said[i] ?? "";
    });
  };
}

function describe({ context, whole, pairs, examples }, word) {
  const here = `Around “${word}” the window makes ${context.length} pairs for skip-gram and ${whole ? "one example" : "no example"} for CBOW.`;
  return `${here} The whole sentence makes ${pairs} pairs and ${examples} examples.`;
}

const render = (context) =>
  figure(context, {
    label: "A window sliding along a sentence, and the training examples that it makes",
    ask: [
      "Before you widen the window: ",
      "from 2 to 4 words on either side, how many more pairs does the sentence make?",
    ],
    answer: () =>
      "From 34 to 60: not twice as many, because the windows stick out further. In a long text it would be twice. " +
      "CBOW's examples become fewer, since fewer windows lie in the sentence as a whole.",
    watch: ["place", "window", "method"],
    controls: (model) => [
      choice(model, "method", {
        label: "network",
        options: ["skip-gram", "CBOW"].map((name) => [name, name]),
      }),
      slider(model, "place", {
        label: "centre",
        min: 0,
        max: model.get("sentence").length - 1,
        step: 1,
        text: (i) => `word ${i + 1}`,
      }),
      slider(model, "window", { label: "window", min: 1, max: 9, step: 1, text: String }),
    ],
    height: (width) => linesOf(context.model.get("sentence"), width) * ROW + (width >= 480 ? 100 : 140),
    compute,
    build,
    describe: (state) => describe(state, context.model.get("sentence")[context.model.get("place")]),
  });

export default { render };
