// The chapters in order, with an arc from each to those it needs. The chosen one lights up what it
// stands on (blue) and what stands on it (orange).

const ROW = 40; // pixels; a title may take two lines of it

// needs and leads are one step away; before and after are all, however many steps.
function compute(model) {
  const [chapters, chosen] = [model.get("chapters"), model.get("chosen")];
  const needsOf = (slug) => chapters.find((one) => one.slug === slug)?.needs ?? [];
  const leadsOf = (slug) =>
    chapters.filter((one) => one.needs.includes(slug)).map((one) => one.slug);
  const inOrder = (slugs) => chapters.map((one) => one.slug).filter((slug) => slugs.has(slug));
  const reach = (next) => {
    const found = new Set();
    const visit = (slug) =>
      next(slug).forEach((other) => found.has(other) || (found.add(other), visit(other)));
    visit(chosen);
    return inOrder(found);
  };
  return {
    chosen,
    needs: inOrder(new Set(needsOf(chosen))),
    before: reach(needsOf),
    leads: inOrder(new Set(leadsOf(chosen))),
    after: reach(leadsOf),
  };
}

// In JupyterLab a chapter is a notebook in the folder next door, on the static site a page.
function address({ slug, number }) {
  const inLab = "jpThemeLight" in document.body.dataset;
  return inLab ? `../${String(number).padStart(2, "0")}_${slug}/${slug}.ipynb` : `${slug}.html`;
}

function buildRow(one, model) {
  const [solved, total] = model.get("progress")[one.slug] ?? [0, 0];
  const note = total ? `${solved} of ${total} exercises solved` : "";
  const badge = html(
    "button",
    { type: "button", class: "badge", "aria-label": `Chapter ${one.number}: ${one.title}` },
    String(one.number),
  );
  if (total) badge.style.setProperty("--done", `${(100 * solved) / total}%`);
  const title = one.written
    ? html("a", { href: address(one) }, one.title)
    : html("span", { class: "coming" }, one.title);
  const row = html(
    "li",
    { "data-slug": one.slug },
    badge,
    title,
    html("small", { class: "note" }, note && `${solved}/${total}`),
  );
  if (note) row.lastChild.title = note;
  const choose = () => write(model, "chosen", one.slug);
  for (const event of ["pointerenter", "focusin", "click"]) row.addEventListener(event, choose);
  return { row, badge, slug: one.slug };
}

// Arcs bow to the left, the wider the further apart the two chapters are.
function buildArcs(drawing, chapters, width) {
  const place = (slug) => chapters.findIndex((one) => one.slug === slug);
  const middle = (i) => ROW * (i + 0.5);
  const furthest = Math.max(
    ...chapters.flatMap((one, i) => one.needs.map((slug) => i - place(slug))),
    1,
  );
  return chapters.flatMap((one, i) =>
    one.needs.map((slug) => {
      const bow = 12 + (width / 0.75 - 26) * Math.sqrt((i - place(slug) - 1) / furthest);
      const [y1, y2] = [middle(place(slug)) + 4, middle(i) - 4];
      const line = svg("path", {
        d: `M${width} ${y1}C${width - bow} ${y1} ${width - bow} ${y2} ${width} ${y2}`,
        fill: "none",
      });
      drawing.append(line);
      return { line, from: slug, to: one.slug };
    }),
  );
}

function paint({ rows, arcs }, state) {
  const { chosen, needs, before, leads, after } = state;
  for (const { badge, row, slug } of rows) {
    const kind =
      slug === chosen
        ? "chosen"
        : needs.includes(slug)
          ? "needs"
          : before.includes(slug)
            ? "before"
            : leads.includes(slug)
              ? "leads"
              : after.includes(slug)
                ? "after"
                : "";
    badge.dataset.kind = kind;
    badge.setAttribute("aria-pressed", String(slug === chosen));
    row.dataset.kind = kind;
  }
  for (const { line, from, to } of arcs) {
    const down = (to === chosen || before.includes(to)) && before.includes(from);
    const up = (from === chosen || after.includes(from)) && after.includes(to);
    set(line, {
      class: down ? "blue" : up ? "orange" : "grid",
      "stroke-width": down || up ? 2.5 : 1,
    });
    if (down || up) line.parentNode.append(line); // on top of the quiet ones
  }
}

function describe(chapters, { chosen, needs, before, leads, after }) {
  const number = (slug) => String(chapters.find((one) => one.slug === slug).number);
  const list = (slugs) =>
    slugs
      .map(number)
      .join(", ")
      .replace(/, (\d+)$/, " and $1");
  const rest = (all, near) => all.filter((slug) => !near.includes(slug));
  const own = chapters.find((one) => one.slug === chosen);
  if (!own) return "Pick a chapter.";
  const [deeper, further] = [rest(before, needs), rest(after, leads)];
  const below = needs.length
    ? `needs ${list(needs)}${deeper.length ? `, which stand on ${list(deeper)}` : ""}`
    : "needs nothing before it";
  const above = leads.length
    ? `leads to ${list(leads)}${further.length ? `, and on to ${list(further)}` : ""}`
    : "closes its branch";
  return `${own.number}, “${own.title}”, ${below}. It ${above}.`;
}

function render({ model, el }) {
  const chapters = model.get("chapters");
  const label = "Map of the chapters and of what each one needs";
  const title = svg("title", { id: freshId() }, label);
  const drawing = svg("svg", { role: "img", "aria-labelledby": title.id, class: "arcs" });
  const rows = chapters.map((one) => buildRow(one, model));
  const list = html("ol", { class: "chapters" }, ...rows.map(({ row }) => row));
  const readout = html("output", { "aria-live": "polite" });
  const key = html(
    "p",
    { class: "key" },
    html("b", { class: "blue" }, "Blue: what it stands on. "),
    html("b", { class: "orange" }, "Orange: what stands on it. "),
    "Filled: at first hand. Underlined titles are written, the others are coming.",
  );
  const root = frameOf(label);
  root.append(key, html("div", { class: "map" }, drawing, list), readout);
  el.append(root);

  let arcs = [];
  let width = 0;
  const refresh = () => {
    const state = compute(model);
    el.dataset.computed = JSON.stringify(state);
    paint({ rows, arcs }, state);
    readout.textContent = describe(chapters, state);
  };
  const fit = () => {
    followTheme(root);
    const now = (root.clientWidth || 640) < 520 ? 64 : 170;
    if (now === width) return;
    width = now;
    set(drawing, {
      viewBox: `0 0 ${width} ${ROW * chapters.length}`,
      width,
      height: ROW * chapters.length,
    });
    drawing.replaceChildren(title);
    arcs = buildArcs(drawing, chapters, width);
    refresh();
  };
  const sizes = new ResizeObserver(fit);
  const forgetTheme = watchTheme(root);
  sizes.observe(root);
  model.on("change:chosen", refresh);
  fit();
  return () => (sizes.disconnect(), forgetTheme(), model.off("change:chosen", refresh));
}

export default { render };
