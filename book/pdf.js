// Makes pages of the site ready for paper. book/pdf.py runs `freeze` in each page of the site, and the
// rest in the one document that holds them all.

const all = (root, selector) => [...root.querySelectorAll(selector)];

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const SHORT = 20; // lines of code that stay on one page
const lines = (code) => code.textContent.trimEnd().split("\n").length;

// ---- in a page of the site ---------------------------------------------------------------------

// The page's text as a section whose ids begin with its name, so that all pages fit in one document.
function freeze(slug, slugs) {
  const article = document.querySelector("article.bd-article");
  all(article, ".nnd").forEach(stillFigure);
  all(article, ".katex").forEach(readableMath);
  all(article, "script, .headerlink, .toggle-button, .copybtn").forEach((node) => node.remove());
  all(article, "div.tag_hide-input:not(.tag_answer) > details").forEach((node) => node.remove());
  all(article, ".cell_input:has(+ .cell_output .figure-box)").forEach((node) => node.remove());
  all(article, ".highlight > pre").forEach(plainInk);
  all(article, "pre span").filter(isPlain).forEach((word) => word.replaceWith(...word.childNodes));
  article.normalize();
  all(article, "pre").forEach((code) => code.parentElement.classList.toggle("short", lines(code) < SHORT));
  moveAnswers(article);
  rename(article, slug);
  all(article, "a[href]").forEach((link) => relink(link, slug, slugs));
  all(article, "img[src]").forEach((image) => (image.src = new URL(image.getAttribute("src"), location).href));
  const styles = all(document.head, "style").map((style) => style.textContent);
  return { html: element("section", { class: "sheet", id: slug }, ...article.children).outerHTML, styles };
}

// A figure as it stands: what it draws, asks and says; of its controls, their names and values.
function stillFigure(figure) {
  for (const canvas of all(figure, "canvas")) {
    const { width, height } = canvas.getBoundingClientRect();
    const picture = element("img", { src: canvas.toDataURL(), alt: canvas.getAttribute("aria-label") ?? "" });
    picture.className = canvas.className;
    picture.style.cssText = `${canvas.style.cssText}; width: ${width}px; height: ${height}px`;
    canvas.replaceWith(picture);
  }
  for (const box of all(figure, "input[type=checkbox]")) box.replaceWith(box.checked ? "☑" : "☐");
  for (const field of all(figure, "select, input:is([type=text], [type=number])")) stillField(figure, field);
  all(figure, "button:not(.badge), input").forEach((node) => node.remove());
  all(figure, ".ticks:not(:has(label, .stepper))").forEach((row) => row.remove()); // it held buttons
  all(figure, ".answer").forEach((answer) => answer.removeAttribute("hidden"));
}

// What is chosen or written in a field stands in its place; where nothing is, its name goes too.
// A name around a field is not seen on the page either.
function stillField(figure, field) {
  const said = field.matches("select") ? field.selectedOptions[0]?.textContent : field.value;
  const value = element("span", { class: "value" }, said ?? "");
  if (said) (field.closest("label") ?? field).replaceWith(value);
  else figure.querySelector(`label[for="${field.id}"]`)?.remove();
}

// Code outside of its words is of another black than its plain words are.
function plainInk(code) {
  code.style.color = getComputedStyle(code.parentElement).color;
}

// A word of code that looks like the words around it needs no element of its own.  Most do: each
// would be a tag in the PDF, and make its page slower to print.
function isPlain(word) {
  const [own, around] = [word, word.parentElement].map((node) => getComputedStyle(node));
  const looks = ["color", "fontStyle", "fontWeight", "textDecorationLine"];
  return !word.id && own.backgroundColor === "rgba(0, 0, 0, 0)" && looks.every((look) => own[look] === around[look]);
}

// Mathematics is drawn once, and read aloud as the TeX that it was written in.
function readableMath(formula) {
  const tex = formula.querySelector("annotation")?.textContent ?? "";
  formula.querySelector(".katex-mathml")?.remove();
  formula.querySelector(".katex-html")?.removeAttribute("aria-hidden");
  if (tex) Object.entries({ role: "img", "aria-label": tex }).forEach((pair) => formula.setAttribute(...pair));
}

// Paper has no folds: what they hide goes to the end of the chapter, under the name of its exercise.
function moveAnswers(article) {
  const answers = element("section", { id: "answers" }, element("h2", {}, "Answers"));
  for (const fold of all(article, ".admonition.dropdown, .tag_answer, details.sd-dropdown")) {
    const home = fold.closest("section");
    const heading = home.querySelector("h1, h2, h3");
    const id = `answers-${home.id}`;
    let group = answers.querySelector(`[id="${id}"]`);
    if (!group) {
      const back = element("a", { href: `#${home.id}` }, ...heading.cloneNode(true).childNodes);
      group = element("div", { id, class: "answers" }, element("p", { class: "answers-of" }, back));
      answers.append(group);
      const pointer = element("a", { href: `#${id}`, class: "with-page" }, "at the end of the chapter");
      const which = fold.matches(".hints, .mistakes, .tag_answer") ? "Hints, common mistakes and an answer" : "Solutions";
      fold.before(element("p", { class: "see-answers" }, `${which}: `, pointer, "."));
    }
    group.append(opened(fold));
    if (!group.contains(fold)) fold.remove();
  }
  if (answers.children.length > 1) article.firstElementChild.append(answers);
}

// A fold's content under its title; an answer's title is a button's text, so it gets none.
function opened(fold) {
  fold.classList.remove("dropdown", "toggle", "toggle-hidden");
  const code = fold.querySelector("details.hide > .cell_input");
  if (code) return element("div", { class: "cell" }, code);
  if (!fold.matches("details")) return fold;
  const title = element("p", { class: "solution-of" }, fold.querySelector(".sd-summary-text").textContent);
  return element("div", {}, title, ...fold.querySelector(".sd-summary-content").childNodes);
}

// Every id, and whatever names one inside the page, begins with the page's name.
function rename(article, slug) {
  for (const node of all(article, "*")) {
    if (node.id) node.id = `${slug}--${node.id}`;
    for (const { name, value } of [...node.attributes]) {
      if (value.includes("url(#")) node.setAttribute(name, value.replaceAll(/url\(["']?#/g, `$&${slug}--`));
      if (/^(aria-(labelledby|describedby|controls)|for|headers)$/.test(name)) {
        node.setAttribute(name, value.split(" ").map((id) => `${slug}--${id}`).join(" "));
      }
      if (name === "href" && value.startsWith("#") && !node.matches("a")) {
        node.setAttribute(name, `#${slug}--${value.slice(1)}`);
      }
    }
  }
}

// Links between pages become links inside the book; one to a page that is not in it becomes text.
function relink(link, slug, slugs) {
  const url = new URL(link.getAttribute("href"), location);
  if (url.origin !== location.origin) return;
  const page = url.pathname.replace(/^.*\//, "").replace(/\.html$/, "") || "index";
  if (slugs.includes(page)) link.setAttribute("href", url.hash ? `#${page}--${url.hash.slice(1)}` : `#${page}`);
  else link.replaceWith(...link.childNodes);
}

// ---- in the document that holds them all -------------------------------------------------------

// The table of contents: every page's title and sections, each with room for its page number.
function listContents() {
  const list = document.querySelector("#contents ol");
  for (const heading of all(document, ".sheet h1, .sheet h2")) {
    const target = heading.matches("h1") ? heading.closest(".sheet") : heading.closest("section[id]");
    const title = element("a", { href: `#${target.id}`, class: "with-page" }, ...heading.cloneNode(true).childNodes);
    list.append(element("li", { class: heading.matches("h1") ? "chapter" : "part" }, title));
  }
  for (const link of all(document, "a.with-page")) {
    if (link.closest("p")) link.append(", page ");
    link.append(element("span", { class: "page" }));
  }
}

// A link to nowhere would be dead in print.
function deadLinks() {
  const dead = all(document, 'a[href^="#"]').filter((link) => !document.getElementById(link.hash.slice(1)));
  return dead.map((link) => link.getAttribute("href"));
}

// What is wider than the page is made smaller until it fits; all widths are read before one changes.
function fit() {
  const wide = all(document, ".katex-display, table, .nnd, .cell_output > svg, .figure-box").map((node) => {
    const room = node.parentElement.clientWidth;
    return [node, room / Math.max(node.scrollWidth, node.getBoundingClientRect().width), room];
  });
  const shrunk = wide.filter(([, ratio, room]) => room > 0 && ratio < 0.999);
  for (const [node, ratio] of shrunk) node.style.zoom = Math.max(0.5, 0.99 * ratio);
  return shrunk.length;
}

function numberPages(pages) {
  for (const link of all(document, "a.with-page")) {
    link.querySelector(".page").textContent = pages[decodeURIComponent(link.hash.slice(1))] ?? "";
  }
}
