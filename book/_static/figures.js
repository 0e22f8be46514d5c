// Starts the live figures of a page from the state that was saved when the chapter ran.
//
// A figure is an anywidget: one ES module and its traits. In JupyterLab a kernel holds the traits;
// here a Model does. The same module runs in both. Widgets that need a kernel to compute, such as
// those of `interact`, show their saved output and say so.

const type = (kind) => `script[type="application/vnd.jupyter.widget-${kind}+json"]`;
const page = JSON.parse(document.querySelector(type("state"))?.textContent ?? '{"state": {}}');
const saved = page.state;
const modules = new Map();

// What is large stands in a script of the page's own; the first figure that starts has it loaded.
let values = null;
function complete() {
  values ??= (page.values ? run(page.values) : Promise.resolve()).then(() => {
    for (const { state, shared = {} } of Object.values(saved)) {
      for (const [trait, places] of Object.entries(shared)) {
        const pieces = places.map((place) => globalThis.figureValues[place]);
        state[trait] = pieces.length > 1 ? pieces.join("") : pieces[0];
      }
    }
  });
  return values;
}

function run(src) {
  return new Promise((onload, reject) => {
    const onerror = () => reject(new Error(`${src} did not arrive. Reload the page.`));
    document.head.append(Object.assign(document.createElement("script"), { src, onload, onerror }));
  });
}

class Model {
  constructor(state) {
    this.state = { ...state };
    this.listeners = new Map();
  }
  get(name) {
    return this.state[name];
  }
  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = value;
    this.emit(`change:${name}`, value);
    this.emit("change", value);
  }
  on(events, listener) {
    for (const event of events.split(" ")) {
      if (!this.listeners.has(event)) this.listeners.set(event, new Set());
      this.listeners.get(event).add(listener);
    }
  }
  off(events, listener) {
    if (!events) this.listeners.clear();
    for (const event of (events ?? "").split(" ")) {
      if (listener) this.listeners.get(event)?.delete(listener);
      else this.listeners.delete(event);
    }
  }
  emit(event, value) {
    for (const listener of this.listeners.get(event) ?? []) listener({ name: event, value }, value);
  }
  save_changes() {}
  send() {}
}

function load(source) {
  if (!modules.has(source)) {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    modules.set(source, import(address));
  }
  return modules.get(source);
}

function addStyle(text) {
  if (!text || [...document.querySelectorAll("style")].some((style) => style.textContent === text)) return;
  document.head.append(Object.assign(document.createElement("style"), { textContent: text }));
}

async function start(state, box) {
  await complete();
  addStyle(state._css);
  let figure = (await load(state._esm)).default;
  if (typeof figure === "function") figure = await figure();
  const model = new Model(state);
  await figure.initialize?.({ model });
  await figure.render({ model, el: box });
  box.dataset.figure = "ready";
}

// All outputs that a widget, or any widget inside it, held when the chapter ran.
function outputs(id) {
  const { outputs: own = [], children = [] } = saved[id]?.state ?? {};
  return [...own, ...children.flatMap((child) => outputs(child.replace("IPY_MODEL_", "")))];
}

async function showSaved(id, box) {
  await complete();
  const add = (tag, properties) => box.append(Object.assign(document.createElement(tag), properties));
  add("p", { className: "figure-note", textContent: "Saved output: open this chapter in JupyterLab to change it." });
  for (const { text, data = {} } of outputs(id)) {
    const plain = [data["text/plain"] ?? text ?? ""].flat().join("");
    const image = [data["image/png"] ?? ""].flat().join("");
    if (image) add("img", { src: `data:image/png;base64,${image.replace(/\s/g, "")}`, alt: plain || "figure" });
    else add("pre", { textContent: plain });
  }
}

// A figure starts when the reader comes within a screen of it; all of them do before printing.
const waiting = new Map();
const near = new IntersectionObserver(
  (changes) => changes.filter((change) => change.isIntersecting).forEach((change) => wake(change.target)),
  { rootMargin: "100%" },
);

function wake(box) {
  near.unobserve(box);
  const state = waiting.get(box);
  if (!waiting.delete(box)) return;
  start(state, box).catch((error) => {
    box.textContent = `This figure could not start: ${error}`;
    console.error(error);
  });
}

for (const view of document.querySelectorAll(type("view"))) {
  const id = JSON.parse(view.textContent).model_id;
  const box = Object.assign(document.createElement("div"), { className: "figure-box" });
  view.after(box);
  if (saved[id]?.model_module === "anywidget") {
    waiting.set(box, saved[id].state);
    near.observe(box);
  } else showSaved(id, box);
}

addEventListener("beforeprint", () => [...waiting.keys()].forEach(wake));
