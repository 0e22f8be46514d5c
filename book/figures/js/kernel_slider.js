// A kernel slides over a small image: the window, the nine products, their sum, and the output.

const TAPS = 3; // weights along an edge of the kernel

function compute(model) {
  const get = (name) => model.get(name);
  const [image, kernel] = [get("image"), get("kernel")];
  const [stride, padding, dilation] = [get("stride"), get("padding"), get("dilation")];
  const size = outputSize([stride, padding, dilation]);
  const pixel = (i, j) =>
    i >= 0 && j >= 0 && i < INPUT_SIDE && j < INPUT_SIDE ? image[i * INPUT_SIDE + j] : 0;
  const windowAt = (row, column) =>
    kernel.map((_, tap) =>
      pixel(
        row * stride - padding + Math.floor(tap / TAPS) * dilation,
        column * stride - padding + (tap % TAPS) * dilation,
      ),
    );
  const productsOf = (seen) => seen.map((x, tap) => x * kernel[tap]);
  const output = Array.from({ length: size * size }, (_, at) =>
    sum(productsOf(windowAt(Math.floor(at / size), at % size))),
  );
  const at = Math.min(get("at"), size * size - 1);
  const place = [Math.floor(at / size), at % size];
  const seen = windowAt(...place);
  const products = productsOf(seen);
  return {
    size,
    place,
    window: seen,
    products,
    sum: sum(products),
    output,
    ...{ image, kernel, stride, padding, dilation },
    guess: get("guess"),
    asked: questionOf(model),
    paint: get("paint"),
  };
}

// ---- drawing -------------------------------------------------------------------------------

const PAGES = 24; // where input and output begin, below their headings
const panelOf = (width) => Math.min(264, (width - 16) / 2);
const tileOf = (width) => Math.min(40, (width - 46) / 9);

function build(drawing, width, height, model) {
  const { clear, picture } = gallery(drawing, width, height);
  const panel = panelOf(width);
  const right = width >= 600 ? width / 2 + 8 : width - panel;
  const left = width >= 600 ? width / 2 - panel - 8 : 0;
  const drawInput = buildInput(drawing, picture, { left, panel, model });
  const drawOutput = buildOutput(drawing, picture, { left: right, panel, model });
  const drawSum = buildSum(drawing, picture, { width, top: PAGES + panel + 34 });
  return (state) => {
    clear();
    drawInput(state);
    drawOutput(state);
    drawSum(state);
  };
}

const cellOf = ({ padding }, panel) => panel / (INPUT_SIDE + 2 * padding);

function buildInput(drawing, picture, { left, panel, model }) {
  const heading = line(left, 13, "", "small strong");
  const page = box(0, 0, 0, 0, "axis");
  const margin = box(left, PAGES, panel, panel, "grid dashed");
  const taps = Array.from({ length: TAPS * TAPS }, () => box(0, 0, 0, 0, "curve green"));
  const area = svg("rect", {
    ...{ x: left, y: PAGES, width: panel, height: panel, class: "drag-area" },
    style: "cursor: move",
    "data-drag": "input",
  });
  let now = null;
  let brush = null; // what the pointer paints, decided by the pixel that it meets first
  const pixelAt = (x, y) => {
    const cell = cellOf(now, panel);
    return [y - PAGES, x - left].map((place) => Math.floor(place / cell) - now.padding);
  };
  const act = (x, y) => {
    const [i, j] = pixelAt(x, y);
    if (!now.paint) {
      const reach = now.dilation; // the pointer holds the window at its middle
      const along = (p) => Math.round((p + now.padding - reach) / now.stride);
      const [row, column] = [i, j].map((p) => clamp(along(p), 0, now.size - 1));
      return write(model, "at", row * now.size + column);
    }
    if (Math.min(i, j) < 0 || Math.max(i, j) >= INPUT_SIDE) return;
    const at = i * INPUT_SIDE + j;
    brush ??= now.image[at] > 0.5 ? 0 : 1;
    if (now.image[at] !== brush) write(model, "image", now.image.with(at, brush));
  };
  drag(area, act, () => (brush = null));
  drawing.append(margin, page, ...taps, heading, area);
  return (state) => {
    now = state;
    area.style.touchAction = state.paint ? "none" : "pan-y"; // a pen needs both directions
    const { padding, stride, dilation, place, image } = state;
    const cell = cellOf(state, panel);
    const [x, y, side] = [left + padding * cell, PAGES + padding * cell, INPUT_SIDE * cell];
    picture(image, { rows: INPUT_SIDE }, x, y, side);
    set(page, { x, y, width: side, height: side });
    heading.textContent = padding ? `input, padding ${padding}` : "input, 12 × 12";
    taps.forEach((tap, k) =>
      set(tap, {
        x: left + (place[1] * stride + (k % TAPS) * dilation) * cell + 1,
        y: PAGES + (place[0] * stride + Math.floor(k / TAPS) * dilation) * cell + 1,
        width: cell - 2,
        height: cell - 2,
      }),
    );
  };
}

function buildOutput(drawing, picture, { left, panel, model }) {
  const heading = line(left, 13, "", "small strong");
  const page = box(left, PAGES, 0, 0, "axis");
  const chosen = box(0, 0, 0, 0, "curve green");
  const area = svg("rect", {
    ...{ x: left, y: PAGES, class: "drag-area", "data-drag": "output" },
    style: "cursor: move",
  });
  let now = null;
  drag(area, (x, y) => {
    const cell = cellOf(now, panel);
    const [row, column] = [y - PAGES, x - left].map((place) =>
      clamp(Math.floor(place / cell), 0, now.size - 1),
    );
    write(model, "at", row * now.size + column);
  });
  drawing.append(page, chosen, heading, area);
  return (state) => {
    now = state;
    const { size, place, kernel, output } = state;
    const cell = cellOf(state, panel); // as large as in the input, so that shrinking shows
    const side = size * cell;
    const ends = [1, -1].map((sign) => sum(kernel.map((w) => Math.max(0, sign * w))));
    picture(output, { rows: size, most: Math.max(...ends, 1e-9) / 1.4 }, left, PAGES, side);
    for (const frame of [page, area]) set(frame, { width: side, height: side });
    set(chosen, {
      x: left + place[1] * cell + 1,
      y: PAGES + place[0] * cell + 1,
      width: cell - 2,
      height: cell - 2,
    });
    heading.textContent = `output, ${size} × ${size}`;
  };
}

// Window, kernel and products side by side, their sum, and the size of the output.
function buildSum(drawing, picture, { width, top }) {
  const tile = tileOf(width);
  const grid = TAPS * tile;
  const gap = Math.min(40, (width - 3 * grid) / 2);
  const first = (width - 3 * grid - 2 * gap) / 2;
  const grids = ["the window", "the kernel", "products"].map((name, g) => {
    const left = first + g * (grid + gap);
    drawing.append(line(left + grid / 2, top - 6, name, "small strong", "middle"));
    if (g)
      drawing.append(line(left - gap / 2, top + grid / 2 + 5, g === 1 ? "×" : "=", "", "middle"));
    const numbers = Array.from({ length: TAPS * TAPS }, (_, k) => {
      const [x, y] = [left + (k % TAPS) * tile, top + Math.floor(k / TAPS) * tile];
      const number = line(x + tile / 2, y + tile / 2 + 4, "", "small halo", "middle");
      if (tile < 36) set(number, { style: "font-size: 11px" }); // −0.94 fits
      drawing.append(box(x, y, tile, tile), number);
      return number;
    });
    return { left, numbers };
  });
  const total = line(width / 2, top + grid + 24, "", "strong", "middle");
  const formula = line(width / 2, top + grid + 48, "", "small", "middle");
  drawing.append(total, formula);
  return (state) => {
    const { window: seen, kernel, products } = state;
    const most = Math.max(1, ...kernel.map(Math.abs)) * 1.5;
    [seen, kernel, products].forEach((values, g) => {
      picture(values, { rows: TAPS, most: g ? most : 1.5 }, grids[g].left, top, grid);
      values.forEach((value, k) => (grids[g].numbers[k].textContent = short(value)));
    });
    const [row, column] = state.place;
    const place = `row ${row + 1}, column ${column + 1}`;
    total.textContent = `their sum, ${fixed(state.sum)}: output in ${place}`;
    formula.textContent = sizeFormula([state.stride, state.padding, state.dilation]);
  };
}

const short = (value) => fixed(value, 2).replace(/\.?0+$/, "") || "0";

// ---- controls ------------------------------------------------------------------------------

// A menu of arrays by name; what is none of them is the reader's own.
function presets(model, key, from, label) {
  const named = model.get(from);
  const same = (values) => String(values) === String(model.get(key));
  const proxy = {
    get: () => Object.keys(named).find((name) => same(named[name])) ?? "",
    set: (_, name) => name && model.set(key, named[name]),
    save_changes: () => model.save_changes(),
  };
  const options = [...Object.keys(named).map((name) => [name, name]), ["", "your own"]];
  return choice(proxy, key, { label, options });
}

function kernelInputs(model) {
  const inputs = Array.from({ length: TAPS * TAPS }, (_, k) => {
    const input = html("input", {
      type: "number",
      step: 0.5,
      style: `${FIELD} width: 100%; min-height: 30px`,
      "data-weight": k,
    });
    input.addEventListener("input", () => {
      if (input.value === "" || !Number.isFinite(Number(input.value))) return;
      write(model, "kernel", model.get("kernel").with(k, Number(input.value)));
    });
    return input;
  });
  const show = () =>
    inputs.forEach((input, k) => {
      if (input !== document.activeElement) input.value = Number(model.get("kernel")[k].toFixed(4));
    });
  const named = inputs.map((input, k) =>
    hiddenLabel(`weight in row ${Math.floor(k / TAPS) + 1}, column ${(k % TAPS) + 1}`, input),
  );
  const style = "display: grid; grid-template-columns: repeat(3, minmax(0, 4.6em)); gap: 3px";
  return {
    nodes: [html("span", {}, "its weights"), html("div", { class: "wide", style }, ...named)],
    show,
  };
}

function painting(model) {
  const tick = html("input", { type: "checkbox", "data-param": "paint" });
  tick.addEventListener("change", () => write(model, "paint", tick.checked));
  const flip = html("button", { type: "button", "data-action": "flip" }, "Flip the middle pixel");
  flip.addEventListener("click", () => {
    const { place, stride, padding, dilation, image } = compute(model);
    const [i, j] = place.map((p) => p * stride - padding + dilation);
    if (Math.min(i, j) < 0 || Math.max(i, j) >= INPUT_SIDE) return;
    const at = i * INPUT_SIDE + j;
    write(model, "image", image.with(at, image[at] > 0.5 ? 0 : 1));
  });
  return {
    nodes: [html("div", { class: "ticks" }, html("label", {}, tick, "paint on the input"), flip)],
    show: () => (tick.checked = model.get("paint")),
  };
}

// ---- in words ------------------------------------------------------------------------------

function describe({ size, place, sum: total, stride, padding, dilation }) {
  const [row, column] = place;
  const [i, j] = place.map((p) => p * stride - padding + 1);
  const ends = (first) => `${fixed(first, 0)} to ${fixed(first + 2 * dilation, 0)}`;
  return (
    `Output in row ${row + 1}, column ${column + 1}, of ${size} × ${size}: ${fixed(total)}. ` +
    `Its window covers rows ${ends(i)} and columns ${ends(j)} of the image; ` +
    "what lies outside 1 to 12 is padding and counts as 0."
  );
}

const render = (context) =>
  figure(context, {
    label: "A kernel of 3 × 3 sliding over an image of 12 × 12, with its products and its output",
    ask: [
      "Before you change stride, padding or dilation: ",
      "how many pixels will an edge of the output have?",
    ],
    answer: quizAnswer,
    watch: [
      "image",
      "kernel",
      "stride",
      "padding",
      "dilation",
      "at",
      "question",
      "guess",
      "paint",
    ],
    controls: (model) => [
      sizeQuiz(model),
      unitSlider(model, "at", {
        label: "output pixel",
        high: ({ size }) => size * size - 1,
        now: ({ size, place }) => place[0] * size + place[1],
        text: ({ size, place }) => `${place[0] * size + place[1] + 1} of ${size * size}`,
      }),
      steppers([
        stepper(settling(model), "stride", { low: 1, high: () => 4 }),
        stepper(settling(model), "padding", { high: () => 3 }),
        stepper(settling(model), "dilation", { low: 1, high: () => 3 }),
      ]),
      presets(model, "image", "presets", "image"),
      painting(model),
      presets(model, "kernel", "kernels", "kernel"),
      kernelInputs(model),
    ],
    height: (width) => PAGES + panelOf(width) + 34 + TAPS * tileOf(width) + 56,
    compute,
    build,
    describe,
  });

export default { render };
